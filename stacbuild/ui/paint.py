"""Colour: whether a stream gets it, and the few words that are ever coloured. Meaning is always in the words too."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

RESET = "\x1b[0m"


def wanted(choice: str, environ: Mapping[str, str], stream: object) -> bool:
    """Return whether to colour: the flag, then NO_COLOR, then FORCE_COLOR, then whether the stream is a terminal."""
    if choice != "auto":
        return choice == "always"
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    return environ.get("TERM") != "dumb" and is_terminal(stream)


def is_terminal(stream: object) -> bool:
    """Return whether somebody looks at a stream; a closed one is none."""
    try:
        return bool(stream.isatty())  # type: ignore[attr-defined]
    except (AttributeError, ValueError):
        return False


class Paint(NamedTuple):
    """Colours a text, or leaves it."""

    on: bool = False

    def good(self, text: str) -> str:
        """Green."""
        return self._in("32", text)

    def bad(self, text: str) -> str:
        """Bold red."""
        return self._in("1;31", text)

    def warn(self, text: str) -> str:
        """Yellow."""
        return self._in("33", text)

    def dim(self, text: str) -> str:
        """Grey."""
        return self._in("2", text)

    def bold(self, text: str) -> str:
        """Bold."""
        return self._in("1", text)

    def verdict(self, text: str, word: str | None = None) -> str:
        """Colour a text as the verdict that it is, or that `word` is."""
        match (word or text).strip():
            case "fresh" | "same" | "ok":
                return self.good(text)
            case "failed" | "gone" | "missing" | "edited":
                return self.bad(text)
            case _:
                return self.warn(text)

    def _in(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}{RESET}" if self.on and text else text
