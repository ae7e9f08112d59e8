"""A lookup table in a file: csv, tsv, json or ndjson, also .gz and .zst, read whole. Never writes.

Each row must have a key, and no two the same: which of them is meant nobody can tell.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Never

from stacbuild import canon
from stacbuild.failures import Problem, RecipeError
from stacbuild.recipe.names import did_you_mean
from stacbuild.recipe.schema import LookupFile, TableSource
from stacbuild.sources import table
from stacbuild.sources.base import Raw, Shard, SourceUnreadable
from stacbuild.stages.beside import Entries
from stacbuild.stages.paths import excerpt, getter

CODE: Final = "SB118"
_SHOWN: Final = 5
_ABSENT: Final = "SB411"


def read(root: Path, spec: LookupFile) -> Entries:
    """Return the entries of a lookup's file; a row without the column `value` is no entry.

    Args:
        root: the recipe's folder.
        spec: the lookup; without `value` an entry is the whole row.

    Raises:
        RecipeError: SB118, the file cannot be read, or a row of it cannot be used.
    """
    entries: dict[str, Any] = {}
    lines: dict[str, list[int]] = {}
    columns: dict[str, None] = {}
    value = None if spec.value is None else getter(spec.value)
    for raw in _rows(root, spec):
        key = _key(raw, spec)
        row = canon.decode(raw.blob)
        columns.update(dict.fromkeys(row))
        lines.setdefault(key, []).append(raw.line)
        found = row if value is None else value(row)
        if found is not None:
            entries[key] = found
    _each_once(lines, spec)
    if lines and not entries:
        _bad(spec, f"no row has a value in {spec.value!r}", did_you_mean(spec.value or "", list(columns), "it has"))
    return Entries(canon.digest(canon.encode(entries)).hex(), entries, None)


def _rows(root: Path, spec: LookupFile) -> Iterator[Raw]:
    source = TableSource(path=spec.file, key=spec.key)
    try:
        yield from table.read(Shard(spec.file, root / spec.file), source)
    except SourceUnreadable as error:
        _bad(spec, str(error), "paths are relative to the recipe's folder" if error.code == _ABSENT else error.hint)


def _key(raw: Raw, spec: LookupFile) -> str:
    if raw.fault is not None:
        _bad(spec, f"line {raw.line}: {raw.fault.message}", raw.fault.hint)
    if raw.key is None:
        _bad(spec, f"line {raw.line}: no value in the key {spec.key!r}", "fill it, or take the row out")
    return raw.key


def _each_once(lines: dict[str, list[int]], spec: LookupFile) -> None:
    shared = {key: places for key, places in lines.items() if len(places) > 1}
    if not shared:
        return
    some = [f"{excerpt(key)} in lines {', '.join(map(str, places[:8]))}" for key, places in [*shared.items()][:_SHOWN]]
    more = [f"and {len(shared) - _SHOWN} more keys"] if len(shared) > _SHOWN else []
    _bad(spec, f"several rows share a key: {'; '.join([*some, *more])}", "leave one row for each key")


def _bad(spec: LookupFile, message: str, hint: str | None) -> Never:
    raise RecipeError(Problem(CODE, f"lookup file {spec.file}: {message}", hint=hint))
