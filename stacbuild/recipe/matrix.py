"""`[matrix]`: entries whose name holds `{matrix.AXIS}` are copied for each value; lists elsewhere take all values.

Works on tables as they are written, after `${NAME}` and before templates, and notes where each copy is written. Pure:
what comes out is what the user could have written by hand. Tables with a wrong matrix stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any, NamedTuple

from stacbuild.recipe.axes import PIECE, Axes, Choice, axes_of, judged_axes, outside, text_of, used
from stacbuild.recipe.homes import named
from stacbuild.recipe.lines import Finding, Path
from stacbuild.recipe.names import SINGULAR, about, clip, place
from stacbuild.recipe.places import Places

MOST_COPIES = 10_000
"""Copies of one entry; more is a mistake in an axis."""
MOST_VALUES = 2_000_000
"""Values in all copies together."""


class Multiplied(NamedTuple):
    """The tables of a recipe with the matrix applied; or without it, and what is wrong with it."""

    raw: dict[str, Any]
    findings: list[Finding]


def multiplied(raw: dict[str, Any], places: Places) -> Multiplied:
    """Return the tables of a recipe with copies for `[matrix]`."""
    tables = {key: value for key, value in raw.items() if key != "matrix"}
    if "matrix" not in raw and not any(outside(tables, deep=True)):
        return Multiplied(raw, [])
    axes, findings = judged_axes(raw.get("matrix"), tables, given="matrix" in raw)
    if not findings:
        findings = [found for path, entry, names in _entries(tables) for found in _misplaced(entry, path, names)]
    findings = findings or list(_too_many(tables, axes))
    if findings:
        return Multiplied(tables, findings)
    maker = _Maker(axes)
    made = maker.tables(tables)
    if maker.findings:
        return Multiplied(tables, maker.findings)
    places.rename(maker.written)
    return Multiplied(made, [])


def _entries(tables: dict[str, Any]) -> Iterator[tuple[Path, Any, list[str]]]:
    """Yield path, content and axes of all that is copied as a whole: entries; other tables, which have no axes."""
    kinds = named()
    for key, table in tables.items():
        if key in kinds and isinstance(table, dict):
            yield from (((key, name), entry, axes_of(name)) for name, entry in table.items())
        else:
            yield (key,), table, []


# ---- what is wrong ---------------------------------------------------------------------------------------------------


def _misplaced(entry: Any, path: Path, names: list[str]) -> Iterator[Finding]:
    """Yield a problem for each text outside of lists that needs a value which the entry's name does not choose."""
    for where, text in outside(entry, path):
        missing = [axis for axis in axes_of(text) if axis not in names]
        if missing:
            reference = next(one for one in used(text) if one.partition(".")[0] == missing[0])
            told = f"`{{matrix.{clip(reference)}}}`"
            told_of = about(where)
            if len(path) == 1:
                hint = 'entries like [sources."s-{matrix.AXIS}"] are copied; elsewhere it may stand in lists'
                yield "SB115", where, f"{told_of} takes no {told}: {place(path)} is not copied", hint
            else:
                hint = f'write [{path[0]}."{clip(path[1])}-{{matrix.{clip(reference)}}}"]'
                kind = SINGULAR.get(path[0], "entry")
                yield "SB115", where, f"{told_of} holds {told}, so the {kind}'s name must hold it too", hint


def _too_many(tables: dict[str, Any], axes: Axes) -> Iterator[Finding]:
    total = 0
    for path, entry, names in _entries(tables):
        copies = _count(names, axes)
        if copies > MOST_COPIES:
            message = f"the matrix makes {copies:,} copies of {place(path)}; at most {MOST_COPIES:,} are taken"
            yield "SB115", path, message, "name fewer axes, or fewer values in them"
            return
        total += copies * _size(entry, set(names), axes)
        if total > MOST_VALUES:
            message = f"with the copies of {place(path)} the matrix makes more than {MOST_VALUES:,} values"
            yield "SB115", path, message, "name fewer axes, or fewer values in them"
            return


def _count(names: list[str], axes: Axes) -> int:
    count = 1
    for name in names:
        count *= len(axes[name])
    return count


def _size(value: Any, chosen: set[str], axes: Axes) -> int:
    match value:
        case dict():
            return 1 + sum(_size(entry, chosen, axes) for entry in value.values())
        case list():
            return 1 + sum(_repeats(entry, chosen, axes) for entry in value)
    return 1


def _repeats(entry: Any, chosen: set[str], axes: Axes) -> int:
    open_ = _open(entry, chosen)
    return _count(open_, axes) * _size(entry, chosen | set(open_), axes)


def _open(entry: Any, chosen: set[str] | Choice) -> list[str]:
    """Return the axes over which an entry of a list is repeated."""
    named = [axis for _, text in outside(entry) for axis in axes_of(text)]
    return [axis for axis in dict.fromkeys(named) if axis not in chosen]


# ---- copies ----------------------------------------------------------------------------------------------------------


class _Maker:
    """Makes copies, notes where they are written, and finds copies of one name."""

    def __init__(self, axes: Axes) -> None:
        self.axes = axes
        self.findings: list[Finding] = []
        self.written: dict[Path, Path] = {}

    def tables(self, tables: dict[str, Any]) -> dict[str, Any]:
        """Return all tables, with copies."""
        made: dict[str, Any] = {}
        for path, entry, names in _entries(tables):
            if len(path) == 1:
                made[path[0]] = self.value(entry, {}, path, path)
            else:
                self.copies(made.setdefault(path[0], {}), path, entry, names)
        return {key: made.get(key, value) for key, value in tables.items()}

    def copies(self, table: dict[str, Any], path: Path, entry: Any, names: list[str]) -> None:
        """Put the copies of an entry into its table; one if its name holds no axis."""
        for choice in self.choices(names):
            name = filled(path[1], choice)
            if name in table:
                hint = "names of copies must differ in each combination of values"
                self.clash(path, f"{SINGULAR.get(path[0], 'table')}s the name '{clip(name)}'", hint)
                return
            table[name] = self.value(entry, choice, (path[0], name), path)
            self.rename((path[0], name), path)

    def choices(self, names: list[str]) -> Iterator[Choice]:
        """Yield each combination of the values of some axes, in the order of the matrix."""
        ordered = [name for name in self.axes if name in names]
        for values in product(*(self.axes[name] for name in ordered)):
            yield dict(zip(ordered, values, strict=True))

    def value(self, value: Any, choice: Choice, path: Path, written: Path) -> Any:
        """Return a copy of a value."""
        match value:
            case dict():
                return self.pairs(value, choice, path, written)
            case list():
                return self.entries(value, choice, path, written)
            case str():
                return filled(value, choice)
        return value

    def pairs(self, value: dict[str, Any], choice: Choice, path: Path, written: Path) -> dict[str, Any]:
        """Return a copy of a table."""
        made: dict[str, Any] = {}
        for key, entry in value.items():
            name = filled(key, choice)
            if name in made:
                self.clash((*written, key), f"keys of {place(written)} the name '{clip(name)}'")
            self.rename((*path, name), (*written, key))
            made[name] = self.value(entry, choice, (*path, name), (*written, key))
        return made

    def entries(self, value: list[Any], choice: Choice, path: Path, written: Path) -> list[Any]:
        """Return a copy of a list: an entry that holds an axis which is still open is repeated for its values."""
        made: list[Any] = []
        for index, entry in enumerate(value):
            for more in self.choices(_open(entry, choice)):
                here, there = (*path, str(len(made))), (*written, str(index))
                self.rename(here, there)
                made.append(self.value(entry, {**choice, **more}, here, there))
        return made

    def rename(self, path: Path, written: Path) -> None:
        """Note where something is written, if that is not told by what is around it."""
        if path[-1] != written[-1]:
            self.written[path] = written

    def clash(self, path: Path, what: str, hint: str | None = None) -> None:
        """Note two things of one name."""
        self.findings.append(("SB115", path, f"the matrix gives two {what}", hint))


def filled(text: str, choice: Choice) -> str:
    """Return a text with the values of a copy; `{{matrix.…}}` stays."""
    if "{matrix." not in text:
        return text
    return PIECE.sub(lambda match: match[0] if match[1] is None else text_of(match[1], choice), text)
