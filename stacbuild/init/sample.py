"""The first records of a table as columns: what a recipe is guessed from. Reads as a build does, and only so much."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from stacbuild import canon
from stacbuild.failures import Problem, RecipeError
from stacbuild.recipe.schema import TableSource
from stacbuild.sources import table, text
from stacbuild.sources.base import Raw, Shard, SourceUnreadable

RECORDS: Final = 1000
"""Records that are looked at."""
COUNTED: Final = 100_000
"""Records in which a key is looked for twice."""
DEPTH: Final = 3
"""Levels of objects whose members are columns of their own."""

TABLES: Final = (".csv", ".tsv", ".json", ".geojson", ".ndjson", ".jsonl", ".geojsonl", ".parquet")
_TEXT: Final = (".csv", ".tsv")
_GEOMETRY: Final = {"type", "coordinates"}


class Column(Struct):
    """A field of the records: its path, and its values where it has one."""

    path: str
    values: list[Any]
    total: int

    @property
    def filled(self) -> bool:
        """Tell whether every record of the sample has a value."""
        return len(self.values) == self.total

    @property
    def name(self) -> str:
        r"""Return the last name of the path, without the backslashes of `a\.b`."""
        return self.path.replace("\\.", "\0").rsplit(".", 1)[-1].replace("\0", ".")


class Sample(Struct):
    """The first records of a table, or of several that are alike, and how they are read."""

    files: list[Path]
    settings: dict[str, str]
    """What the source needs besides kind, path and key: `delimiter`, `encoding`."""
    columns: list[Column]
    records: list[dict[str, Any]]
    more: bool
    """There are more records than were looked at."""
    bad: int = 0
    """Records that cannot be read."""
    misread: bool = False
    """Records hold bytes that are not text in this encoding."""


def is_table(file: Path) -> bool:
    """Tell whether a file's name says that it is a table."""
    return text.inner_suffix(file) in TABLES


def read(file: Path) -> Sample:
    """Return the sample of a table.

    Raises:
        RecipeError: it cannot be read, or has no records.
    """
    error: SourceUnreadable | None = None
    sample: Sample | None = None
    for settings in _settings(file):
        try:
            sample = _read(file, settings)
        except SourceUnreadable as unreadable:
            error = error or unreadable
            continue
        if not sample.misread:
            break
    if sample is None:
        assert error is not None
        raise RecipeError(Problem(error.code, f"{file}: {error.message}", hint=error.hint))
    return _usable(sample)


def _usable(sample: Sample) -> Sample:
    if not sample.records:
        hint = "a recipe is guessed from what its records hold"
        raise RecipeError(Problem("SB540", f"{sample.files[0]}: there is no record in it that can be read", hint=hint))
    return sample


def _settings(file: Path) -> Iterator[dict[str, str]]:
    """Yield ways to read a file, likeliest first."""
    comma = {"delimiter": mark} if (mark := _delimiter(file)) else {}
    yield comma
    yield {**comma, "encoding": "cp1252"}
    yield {**comma, "encoding": "latin-1"}


def _delimiter(file: Path) -> str | None:
    """Return the character that a csv's header is cut by, if that is not the comma."""
    if text.inner_suffix(file) != ".csv":
        return None
    try:
        header = next(text.lines(text.blocks(file, "latin-1")), b"").decode("utf-8", "replace")
    except SourceUnreadable:
        return None
    counts = {mark: header.count(mark) for mark in (",", ";", "\t", "|")}
    best = max(counts, key=lambda mark: counts[mark])
    return best if counts[best] > counts[","] else None


def _source(file: Path, settings: dict[str, str]) -> TableSource:
    return TableSource(path=file.name, key="*", **settings)  # type: ignore[arg-type]  # the names are its own


def _raws(file: Path, settings: dict[str, str]) -> Iterator[Raw]:
    return table.read(Shard(file.name, file, named=True), _source(file, settings))


def _read(file: Path, settings: dict[str, str]) -> Sample:
    raws = list(islice(_raws(file, settings), RECORDS + 1))
    good = [raw for raw in raws[:RECORDS] if raw.fault is None]
    records = [canon.decode(raw.blob) for raw in good]
    order = _header(file, settings)
    bad = [raw.fault.code for raw in raws[:RECORDS] if raw.fault is not None]
    return Sample([file], settings, columns(records, order), records, len(raws) > RECORDS, len(bad), "SB402" in bad)


def together(samples: list[Sample]) -> Sample:
    """Return tables with the same columns as one."""
    first = samples[0]
    records = [record for one in samples for record in one.records]
    order = [column.path for column in first.columns]
    more = any(one.more for one in samples) or len(records) > RECORDS
    bad = sum(one.bad for one in samples)
    files = [file for one in samples for file in one.files]
    return Sample(files, first.settings, columns(records[:RECORDS], order), records[:RECORDS], more, bad)


def _header(file: Path, settings: dict[str, str]) -> list[str]:
    """Return the names of a header as they stand; of other files nothing."""
    suffix = text.inner_suffix(file)
    if suffix not in _TEXT:
        return []
    line = next(text.lines(text.blocks(file, settings.get("encoding", "utf-8"))), b"").decode("utf-8", "replace")
    mark = settings.get("delimiter") or ("\t" if suffix == ".tsv" else ",")
    return next(csv.reader([line], delimiter=mark), [])


def columns(records: list[dict[str, Any]], order: list[str]) -> list[Column]:
    """Return the fields of records, those of `order` first; members of objects are fields of their own."""
    values: dict[str, list[Any]] = {name: [] for name in order}
    for record in records:
        for path, value in _fields(record, "", DEPTH):
            values.setdefault(path, []).append(value)
    return [Column(path, some, len(records)) for path, some in values.items()]


def _fields(record: dict[str, Any], above: str, depth: int) -> Iterator[tuple[str, Any]]:
    for name, value in record.items():
        path = f"{above}.{name.replace('.', chr(92) + '.')}" if above else name
        if isinstance(value, dict) and value and depth > 1 and not value.keys() >= _GEOMETRY:
            yield from _fields(value, path.replace(".", "\\.") if not above and "." in name else path, depth - 1)
        elif value is not None:
            yield path, value


def repeats(found: Sample, choices: list[list[str]]) -> tuple[list[list[str]], int, bool]:
    """Return those of `choices` (lists of columns) that no two records share, how many were read, if that is all."""
    from stacbuild.stages.paths import getter  # noqa: PLC0415  beside what it is used for

    seen: list[set[int]] = [set() for _ in choices]
    gets = [[getter(path) for path in choice] for choice in choices]
    alive = [True] * len(choices)
    count = 0
    raws = (raw for file in found.files for raw in _raws(file, found.settings))
    for raw in islice(raws, COUNTED + 1):
        count += 1
        if count > COUNTED or not any(alive):
            break
        if raw.fault is None:
            record = canon.decode(raw.blob)
            for number, some in enumerate(gets):
                alive[number] = alive[number] and _first_time(seen[number], [get(record) for get in some])
    left = [choice for choice, lives in zip(choices, alive, strict=True) if lives]
    return left, min(count, COUNTED), count <= COUNTED


def _first_time(seen: set[int], values: list[Any]) -> bool:
    if any(value is None or isinstance(value, dict | list) for value in values):
        return False
    mark = hash(tuple(map(str, values)))
    if mark in seen:
        return False
    seen.add(mark)
    return True
