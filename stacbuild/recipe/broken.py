"""What is wrong with a text that is not TOML, in plain words: `tomllib` tells it as a parser sees it.

Never decides whether a text is TOML. A sentence that is not known here, of a newer Python, is told as it is.
"""

from __future__ import annotations

import ast
import re
from typing import NamedTuple

PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
KEY = re.compile(r"""\s*(?:.*[.{,]\s*)?("[^"]*"|'[^']*'|[A-Za-z0-9_-]+)\s*=""")
NAMES = "letters, digits, `-` and `_`; other names need quotes"

PLAIN: list[tuple[str, str, str | None]] = [
    (r"Invalid statement", "no key or table begins so", "a line is key = value, [table] or # comment"),
    (r"Invalid value", "invalid value", "a text needs quotes; true and false are written small"),
    (r"Invalid date or datetime", "there is no such date", "a date in quotes is a text"),
    (r"Illegal character '\\n'", "the text has no closing quote on its line", 'several lines stand in """…"""'),
    (r"Illegal character (.+)", "a text holds {0}", r'write it as an escape, as in "\u0007"'),
    (r"Unterminated string", "the text has no closing quotes", None),
    (r"Unescaped '\\' in a string", "a text holds a `\\` that begins no escape", "in '…' a backslash is itself"),
    (r"Expected \"'\"", "the text has no closing quote on its line", "several lines stand in three quotes"),
    (r"Expected newline or end of document after a statement", "there is more on the line", "one key a line"),
    (
        r"Expected '=' after a key.*",
        "there is no `=` after the key",
        "a key with a colon, space or slash needs quotes",
    ),
    (r"Expected '\]+' at the end of .*", "the table's name is not closed", f"as in [sources.NAME], of {NAMES}"),
    (
        r"Invalid initial character for a key part\n",
        "a table in braces stands on one line",
        "or write [TABLE] above",
    ),
    (r"Invalid initial character for a key part", "no key begins so", f"a key is of {NAMES}"),
    (r"Unclosed array", "the list is not closed", "it ends with `]`, and between its entries stands a comma"),
    (r"Unclosed inline table", "the table is not closed", "it ends with `}`, and between its keys stands a comma"),
    (r"Duplicate inline table key (.+)", "{0} is set twice", "a key is set once"),
    (r"Cannot overwrite a value", "{key} is set twice", "a key is set once"),
    (r"Cannot declare (.+) twice", "{0} stands twice", "a table stands once: put its keys together"),
    (r"Cannot (?:mutate immutable|redefine) namespace (.+)", "{0} is closed already", "put its keys together"),
]
"""What `tomllib` says, what we say, and the hint; `{0}` is the name or character, `{key}` the key of the line."""


class Told(NamedTuple):
    """What is wrong, where, and what to do."""

    words: str
    line: int
    column: int
    hint: str | None


def told(text: str, said: str) -> Told:
    """Return what is wrong with a text; `said` is what `tomllib` says, with the place at its end."""
    lines = text.replace("\r\n", "\n").rstrip("\n").split("\n")
    match = PLACE.search(said)
    if match is None:
        return Told("a value is out of range", 1, 1, None)
    line, column = len(lines), len(lines[-1]) + 1
    if match[1]:
        line, column = int(match[1]), int(match[2])
    row = lines[line - 1] if line <= len(lines) else ""
    ended = column > len(row) and said.startswith("Invalid initial")
    words, hint = _plainly(said[: match.start()] + "\n" * ended, row)
    return Told(words, line, column, hint)


def _plainly(said: str, line: str) -> tuple[str, str | None]:
    for pattern, words, hint in PLAIN:
        match = re.fullmatch(pattern, said, re.DOTALL)
        if match is not None:
            key = KEY.match(line)
            named = _named(match[1]) if match.groups() else ""
            return words.replace("{0}", named).replace("{key}", f"`{key[1]}`" if key else "a key"), hint
    return f"{said[:1].lower()}{said[1:]}", None


def _named(written: str) -> str:
    """Return what a sentence of `tomllib` names: a table, a key or a character, written as Python does."""
    try:
        value = ast.literal_eval(written)
    except (ValueError, SyntaxError):
        return written
    if isinstance(value, tuple):
        return f"[{'.'.join(map(str, value))}]"
    return f"`{value}`" if str(value).isprintable() else f"the character {value!r}"
