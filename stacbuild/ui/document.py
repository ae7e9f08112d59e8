"""The one JSON document of `--json`: an envelope that is the same for every command and every exit status."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

import stacbuild
from stacbuild.ui import frames, scrub

if TYPE_CHECKING:
    from stacbuild.failures import Exit, Problem

FORMAT = 1


def of_report(command: str | None, report: Any, redact: scrub.Change, *, indent: bool) -> bytes:
    """Return the document of a command that has a report."""
    fields = scrub.for_json(report, redact)
    exit_ = fields.pop("exit")
    return _encoded({**_envelope(command, exit_, None), **fields}, indent=indent)


def of_error(command: str | None, exit_: Exit, problems: list[Problem], redact: scrub.Change, *, indent: bool) -> bytes:
    """Return the document of a command that could not go on; the first problem speaks, all are listed."""
    told = scrub.for_json([frames.told(problem) for problem in problems], redact)
    error = {**told[0], "problems": told} if len(told) > 1 else told[0] if told else None
    return _encoded(_envelope(command, int(exit_), error), indent=indent)


def _envelope(command: str | None, exit_: int, error: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "stacbuild": stacbuild.__version__,
        "command": command,
        "exit": exit_,
        "error": error,
    }


def _encoded(document: dict[str, Any], *, indent: bool) -> bytes:
    text = msgspec.json.encode(document)
    return msgspec.json.format(text, indent=2) if indent else text
