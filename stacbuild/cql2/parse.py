"""CQL2 text, or CQL2 JSON, to the tree that CQL2 JSON describes, with numbers in one form.

The library reads text by recursion and takes the process down where that goes too deep, so depth and number of
operators are looked at first. Never: knows what an operator means.
"""

from __future__ import annotations

import re
from typing import Any, NoReturn

from stacbuild.canon import CanonError, decode, encode

MAX_DEPTH = 64
"""Parentheses or members within one another."""
MAX_OPERATORS = 1000
"""Operators in one text."""
MAX_LENGTH = 1_000_000
"""Characters of a text: a polygon of some 30,000 corners."""
SHOWN = 24
"""Characters of the text that a message shows."""
_NEAR = 24
"""Characters in which an operator is looked for before a name."""

_QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"")
_KEPT = re.compile(f"({_QUOTED.pattern})")
_SPACE = re.compile(r"\s+")
_OPERATOR = re.compile(r"\b(?:and|or|not|like|in|between|is|div)\b|[<>=]+|[*/%^]", re.IGNORECASE)
_BEFORE_TEXT = re.compile(r"(?:[^\s\d'!<>=)]\s*(?:<>|!=|<=|>=|[=<>])|\blike|\bin\s*\()\s*$", re.IGNORECASE)
"""What stands before a value: a comparison with a name left of it, LIKE, or IN."""
_SIGN = re.compile(r"[-+]")
_INTEGER = re.compile(r"(?<![\w.:])[0-9]{16,}(?![\w.])")
_POSITION = 3
"""Signs that a position may have: what lies between two commas of a geometry."""
_PLACE = re.compile(r"\s*--> ([0-9]+):([0-9]+)\n")
_QUOTES = 'text stands in single quotes; double quotes hold a name, whole: "properties.odd-name"'
_ODD_NAME = 'a name of other than letters, digits, _, : and . stands in double quotes, whole: "properties.odd-name"'
_IS = re.compile(r"\bis\s+(?:not\s+)?$", re.IGNORECASE)
_SAID = 200
"""Characters of what the library says in its own words."""
_EXACT = 2.0**53
_DOUBLE = 308
"""Digits beyond which an integer may be greater than any double."""
_LEVELS = 2 * MAX_DEPTH + 8
"""Levels of a tree: an operator's object and its list of arguments are two; a geometry's coordinates are some more."""


class FilterError(ValueError):
    """A condition that cannot be used: what is wrong, where in its text (0: not known) and what to do."""

    def __init__(self, message: str, hint: str | None = None, line: int = 0, column: int = 0) -> None:
        super().__init__(message)
        self.message, self.hint, self.line, self.column = message, hint, line, column


def shown(text: str, size: int = SHOWN) -> str:
    """Return text for a message: in one line, and cut to `size` characters."""
    line = "".join(character if character.isprintable() else " " for character in text[: size + 1])
    return line if len(line) <= size else line[: size - 1] + "…"


def parsed(text: str) -> Any:
    """Return the tree of a condition: objects, lists and scalars as in CQL2 JSON; whole numbers are integers.

    Raises:
        FilterError: it is no CQL2, or longer or deeper than is read.
    """
    if not text.strip():
        raise FilterError("the condition is empty", "as in eo:cloud_cover < 10")
    if len(text) > MAX_LENGTH:
        raise FilterError(f"the condition has more than {MAX_LENGTH:,} characters")
    tree = _from_json(text) if text.lstrip().startswith("{") else _from_text(text)
    return _plain(tree, 0)


def normal_form(text: str) -> str:
    """Return a condition as it is written, with its white space in one form; CQL2 JSON in canonical form.

    Two conditions of one normal form say the same; nothing is loaded to learn it.

    Raises:
        FilterError: it begins with { and is no JSON.
    """
    if text.lstrip().startswith("{"):
        return encode(_from_json(text)).decode()
    parts = [part if place % 2 else _SPACE.sub(" ", part) for place, part in enumerate(_KEPT.split(text))]
    return "".join(parts).strip()


def _from_json(text: str) -> Any:
    try:
        return decode(text.encode())
    except (CanonError, UnicodeEncodeError) as error:
        raise FilterError(f"it begins with {{ and is no JSON: {error}") from error


def _from_text(text: str) -> Any:
    from cql2 import ParseError, parse_text  # noqa: PLC0415  a recipe without conditions does not load it

    _refuse_depth(text)
    _refuse_text_in_double_quotes(text)
    try:
        return parse_text(text).to_json()
    except ParseError as error:
        _fail(text, str(error))
    except Exception as error:  # what it says of geometries has no type of its own
        raise FilterError(shown(str(error).strip(), _SAID)) from error


def _refuse_depth(text: str) -> None:
    """Refuse what the library would read by more recursion than the stack bears, and numbers that it would round."""
    bare = _QUOTED.sub("''", text)
    if lost := next(filter(_is_rounded, _INTEGER.findall(bare)), None):
        hint = "write the condition as CQL2 JSON, which keeps all digits"
        raise FilterError(f"{shown(lost)} has more digits than CQL2 text keeps", hint)
    depth = deepest = 0
    for character in bare:
        if character == "(":
            depth += 1
            deepest = max(deepest, depth)
        elif character == ")":
            depth -= 1
    if deepest > MAX_DEPTH:
        raise FilterError(f"parentheses stand more than {MAX_DEPTH} deep")
    signs = [len(_SIGN.findall(part)) for part in bare.split(",")]
    if len(_OPERATOR.findall(bare)) + sum(count for count in signs if count > _POSITION) > MAX_OPERATORS:
        raise FilterError(f"the condition has more than {MAX_OPERATORS} operators", "a list goes into IN (…)")


def _is_rounded(digits: str) -> bool:
    """Tell whether an integer is none of those that a double can be: what the library makes of all numbers."""
    return len(digits) > _DOUBLE or int(float(digits)) != int(digits)


def _refuse_text_in_double_quotes(text: str) -> None:
    """Refuse `platform = "a"`, which names a property `a` that no item has, and so would select nothing."""
    for match in _QUOTED.finditer(text):
        name = match.group()[1:-1]
        before = text[max(0, match.start() - _NEAR) : match.start()]
        if match.group()[0] == '"' and not name.startswith("properties.") and _BEFORE_TEXT.search(before):
            hint = f'text stands in single quotes; a property of that name is "properties.{shown(name)}"'
            raise FilterError(f'"{shown(name)}" in double quotes is the name of a property', hint)


def _fail(text: str, said: str) -> NoReturn:
    """Raise in our words what the library's parser says: line and column, and the token names of its grammar."""
    match = _PLACE.match(said)
    if match is None:
        raise FilterError(shown(said.strip(), _SAID))
    line, column = int(match.group(1)), int(match.group(2))
    lines = text.split("\n")
    whole = lines[line - 1] if line <= len(lines) else ""
    before, rest = whole[: column - 1], whole[column - 1 :].rstrip()
    hint = _hint(text, before, rest)
    if not rest and line >= len(lines):
        raise FilterError("it ends too early", hint, line, column)
    place = f"line {line}, character {column}" if len(lines) > 1 else f"character {column}"
    raise FilterError(f"it cannot be read from {place} on: {shown(rest)}", hint, line, column)


def _hint(text: str, before: str, rest: str) -> str | None:
    """Return what was probably meant at `rest`."""
    bare = _QUOTED.sub("''", text)
    first = rest.lower()
    for found, hint in (
        ("'" in bare.replace("''", ""), "text stands in single quotes; a quote in it is doubled: 'it''s'"),
        (first.startswith("= "), "equal is one ="),
        (_IS.search(before), "IS stands before NULL and NOT NULL only; true is asked for as in name = true"),
        (first.startswith("ilike"), "write casei(name) LIKE casei('…')"),
        (first.startswith("escape"), "a backslash takes % and _ literally; there is no ESCAPE"),
        (first.startswith("||"), "texts cannot be joined"),
        (first.startswith('"'), _QUOTES),
        (first.startswith(("_", "$", "@", "-")), _ODD_NAME),
        (first.startswith(";"), "leave the semicolon out"),
        (bare.count("(") > bare.count(")"), "a parenthesis is not closed"),
    ):  # fmt: skip
        if found:
            return hint
    return None


def _plain(value: Any, depth: int) -> Any:
    """Return the tree with each whole number as integer (CQL2 text gives 10.0 for 10) and what is no number refused."""
    if depth > _LEVELS:
        raise FilterError(f"the condition is nested more than {MAX_DEPTH} deep")
    if type(value) is float:
        if value - value != 0.0:
            raise FilterError("a number is beyond 1.8e308")
        return int(value) if value.is_integer() and abs(value) <= _EXACT else value
    if isinstance(value, dict):
        return {name: _plain(member, depth + 1) for name, member in value.items()}
    if isinstance(value, list):
        return [_plain(member, depth + 1) for member in value]
    return value
