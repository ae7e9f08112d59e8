"""The axes of `[matrix]`: what they may hold, where a text names them, and what is wrong with either. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from stacbuild.recipe.lines import Finding, Path
from stacbuild.recipe.names import about, clip, did_you_mean, listed, place, shown

PIECE = re.compile(r"\{\{|\}\}|\{matrix\.([^{}]*)\}")
"""`{matrix.AXIS}` or `{matrix.AXIS.KEY}`; doubled braces are none."""
NAME = re.compile(r"[A-Za-z0-9_-]+")

Value = str | dict[str, str]
Axes = dict[str, list[Value]]
Choice = Mapping[str, Value]
"""Axis → the value that a copy takes."""
MATRIX: Path = ("matrix",)
SHAPE = 'as in tile = ["33U", "34U"], or place = [{ id = "a", url = "…" }]'


def used(text: str) -> list[str]:
    """Return what stands behind `matrix.` in each `{matrix.…}` of a text."""
    if "{matrix." not in text:
        return []
    return [match[1] for match in PIECE.finditer(text) if match[1] is not None]


def axes_of(text: str) -> list[str]:
    """Return the axes that a text names, each once."""
    return list(dict.fromkeys(reference.partition(".")[0] for reference in used(text)))


def outside(value: Any, path: Path = (), *, deep: bool = False) -> Iterator[tuple[Path, str]]:
    """Yield path and text of each key and text that names an axis, without those in lists; `deep`: with them."""
    match value:
        case dict():
            for key, entry in value.items():
                if used(key):
                    yield (*path, key), key
                yield from outside(entry, (*path, key), deep=deep)
        case list() if deep:
            for index, entry in enumerate(value):
                yield from outside(entry, (*path, str(index)), deep=deep)
        case str() if used(value):
            yield path, value


def text_of(reference: str, choice: Choice) -> str:
    """Return the text that a reference (`AXIS`, `AXIS.KEY`) stands for in a copy."""
    axis, _, key = reference.partition(".")
    value = choice[axis]
    return value[key] if isinstance(value, dict) else value


def judged_axes(matrix: Any, tables: dict[str, Any], *, given: bool) -> tuple[Axes, list[Finding]]:
    """Return the axes, and what is wrong with them or with the texts that name them."""
    if given and not isinstance(matrix, dict):
        hint = "a table has one pair of brackets: [matrix]" if isinstance(matrix, list) else "write [matrix] above it"
        return {}, [("SB103", MATRIX, f"[matrix] must be a table, got {shown(matrix)}", hint)]
    findings: list[Finding] = []
    axes: Axes = {}
    for name, values in (matrix or {}).items():
        found = list(_wrong(name, values))
        findings += found
        axes[name] = [] if found else [_value(value) for value in values]
    return axes, [*findings, *_unknown(tables, axes, given=given)]


def _wrong(name: str, values: Any) -> Iterator[Finding]:
    path = (*MATRIX, name)
    axis = f"[matrix]: axis '{clip(name)}'"
    if not NAME.fullmatch(name):
        yield "SB103", path, f"{axis} must have a name of letters, digits, `-` and `_`", None
    elif not isinstance(values, list):
        yield "SB103", path, f"{axis} must be a list of values, got {shown(values)}", SHAPE
    elif not values:
        yield "SB103", path, f"{axis} has no values", SHAPE
    else:
        yield from _wrong_values(axis, path, values)


def _wrong_values(axis: str, path: Path, values: list[Any]) -> Iterator[Finding]:
    tables, seen = isinstance(values[0], dict), set[str]()
    for index, value in enumerate(values):
        where, what = (*path, str(index)), f"{axis}: entry {index + 1}"
        if isinstance(value, dict) and tables:
            yield from _wrong_table(what, where, value, values[0])
        elif isinstance(value, dict) or tables:
            yield "SB103", where, f"{axis} mixes tables and texts: {shown(value)}", "write all as tables, or none"
        elif not _is_text(value):
            yield "SB103", where, f"{what} must be a text or a number, got {shown(value)}", SHAPE
        if str(_value(value)) in seen:
            yield "SB105", where, f"{axis} has {shown(value)} twice", None
        seen.add(str(_value(value)))


def _wrong_table(what: str, where: Path, value: dict[str, Any], first: dict[str, Any]) -> Iterator[Finding]:
    for key, text in value.items():
        if not NAME.fullmatch(key):
            yield "SB103", (*where, key), f"{what}: '{clip(key)}' must be of letters, digits, `-` and `_`", None
        elif not _is_text(text):
            yield "SB103", (*where, key), f"{what}: '{clip(key)}' must be a text or a number, got {shown(text)}", None
    missing = [key for key in first if key not in value]
    more = [key for key in value if key not in first]
    if missing or more or not value:
        lacks = f"lacks {listed(missing)}" if missing else f"has {listed(more)} besides" if more else "is empty"
        yield "SB104", where, f"{what} {lacks}", "all tables of an axis have the same keys"


def _is_text(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def _value(value: Any) -> Value:
    return {key: str(text) for key, text in value.items()} if isinstance(value, dict) else str(value)


def _unknown(tables: dict[str, Any], axes: Axes, *, given: bool) -> Iterator[Finding]:
    """Yield a problem for each text that names an axis, or a key of an axis, that there is not."""
    for path, text in outside(tables, deep=True):
        for reference in dict.fromkeys(used(text)):
            wrong = _wrong_reference(reference, axes, given=given)
            if wrong:
                named = place(path) if len(path) < 3 else about(path)  # noqa: PLR2004 - [kind.NAME] itself
                yield "SB102", path, f"{named}: `{{matrix.{clip(reference)}}}` {wrong[0]}", wrong[1]


def _wrong_reference(reference: str, axes: Axes, *, given: bool) -> tuple[str, str | None] | None:
    axis, dot, key = reference.partition(".")
    if not given:
        return "needs a table [matrix]", f'write [matrix] and in it {clip(axis)} = ["…"]'
    if axis not in axes:
        return "names no axis of [matrix]", did_you_mean(axis, axes, "there is")
    first = axes[axis][0] if axes[axis] else None
    if isinstance(first, dict) and key not in first:
        return (f"names no key of axis '{axis}'" if dot else "is a table"), _key_hint(axis, key, first)
    if isinstance(first, str) and dot:
        return f"asks axis '{axis}' for a key, but its values are texts", f"write {{matrix.{axis}}}"
    return None


def _key_hint(axis: str, key: str, known: Iterable[str]) -> str | None:
    names = list(known)
    return did_you_mean(key, names, "there is") if key else f"write {{matrix.{axis}.{names[0]}}}"
