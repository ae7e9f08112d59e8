"""LIKE, casei and accenti.

LIKE: `%` is any run of characters, `_` is one, a backslash takes what follows literally. Found by searching one piece
of the pattern after the other, leftmost first, so that no pattern takes more than pattern times text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Any

from stacbuild.cql2.nodes import Node, derived, want
from stacbuild.cql2.parse import FilterError

Matcher = Callable[[str], bool]


def like(part: Node, pattern: Node) -> Node:
    """Return `part` LIKE `pattern`; unknown where `part` is no text.

    Raises:
        FilterError: the pattern is no text, or ends in a backslash.
    """
    want(part, ("text",), "LIKE")
    if not pattern.fixed or pattern.kind != "text":
        hint = "as in platform LIKE 'landsat-%', or casei(platform) LIKE casei('Landsat-%')"
        raise FilterError("the pattern of LIKE must be text in single quotes", hint)
    matches = matcher(pattern.value)
    return derived("condition", lambda value: matches(value) if type(value) is str else None, part)


def matcher(pattern: str) -> Matcher:
    """Return the function that tells whether a whole text is as `pattern` says.

    Raises:
        FilterError: the pattern ends in a backslash.
    """
    pieces = _pieces(pattern)
    compiled = [re.compile("".join(piece), re.DOTALL) for piece in pieces]
    if len(compiled) == 1:
        return lambda text: compiled[0].fullmatch(text) is not None
    first, *middle, last = compiled
    tail = len(pieces[-1])

    def matches(text: str) -> bool:
        found = first.match(text)
        for piece in middle:
            if found is None:
                return False
            found = piece.search(text, found.end())
        return found is not None and len(text) - tail >= found.end() and last.match(text, len(text) - tail) is not None

    return matches


def _pieces(pattern: str) -> list[list[str]]:
    """Return what stands between the `%`, each a list of expressions for one character."""
    pieces: list[list[str]] = [[]]
    characters = iter(pattern)
    for character in characters:
        if character == "%":
            pieces.append([])
        elif character == "_":
            pieces[-1].append(".")
        else:
            taken = next(characters, None) if character == "\\" else character
            if taken is None:
                raise FilterError("the pattern of LIKE ends in a backslash", "a backslash itself is written \\\\")
            pieces[-1].append(re.escape(taken))
    return pieces


def casei(part: Node) -> Node:
    """Return text without regard to case (Unicode's full case folding)."""
    return _folded("casei", str.casefold, part)


def accenti(part: Node) -> Node:
    """Return text without its accents: marks that Unicode takes apart from their letters."""
    return _folded("accenti", without_accents, part)


def without_accents(text: str) -> str:
    """Return `text` without marks that combine with letters."""
    if text.isascii():
        return text
    apart = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", "".join(mark for mark in apart if not unicodedata.combining(mark)))


def _folded(name: str, fold: Callable[[str], str], part: Node) -> Node:
    want(part, ("text",), name)

    def folded(value: Any) -> str | None:
        return fold(value) if type(value) is str else None

    return derived("text", folded, part)
