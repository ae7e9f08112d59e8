"""Source `table`: records in csv, tsv, json and ndjson files, also .gz and .zst.

Finds the files, tells their format, gives their records as canonical bytes in file order. Never maps, digests or
remembers; reads a file a second time if it is asked to.
"""

from __future__ import annotations

import codecs
import glob
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from stacbuild.recipe.schema import TableSource
from stacbuild.sources.base import Raw, Shard, SourceUnreadable

_FORMATS: Final = {".csv": "csv", ".tsv": "tsv", ".json": "json", ".ndjson": "ndjson", ".jsonl": "ndjson"}
_OURS: Final = ".stacbuild"
"""How the names of our own folders and temporary files begin."""

REVISION: Final = 1
"""Raised when the same file gives other records."""


def shards(source: TableSource, root: Path) -> list[Shard]:
    """Return the files of `path` by name, each once; a path without wildcards is listed even if nothing is there.

    Wildcards are `*`, `?`, `[…]` and `**`; they match no name that begins with a dot. `root` is the recipe's folder.
    """
    names = {name for path in _paths(source) for name in _expand(path, root)}
    return [Shard(name, root / name) for name in _each_once(sorted(names), root)]


def missing_paths(source: TableSource, root: Path) -> list[str]:
    """Return the paths of `source`, as they are written, that are no file or match none."""
    return [path for path in _paths(source) if not any((root / name).is_file() for name in _expand(path, root))]


def read(file: Path, source: TableSource) -> Iterator[Raw]:
    """Yield the records of `file`, those that cannot be read too, in file order.

    Raises:
        SourceUnreadable: at once, or after some records, when the file cannot be read to its end.
    """
    from stacbuild.sources import delimited, documents, text  # noqa: PLC0415  a build of nothing reads nothing

    blocks = text.blocks(file, source.encoding)
    match source.format or _format(text.inner_suffix(file), file.name):
        case "csv":
            yield from delimited.records(text.lines(blocks), source, ",")
        case "tsv":
            yield from delimited.records(text.lines(blocks), source, "\t")
        case "json":
            yield from documents.array(blocks, source)
        case _:
            yield from documents.ndjson(text.lines(blocks), source)


def fetch_settings(source: TableSource) -> dict[str, Any]:
    """Return what of the source's table decides its records; where the files lie is not in it."""
    return {
        "revision": REVISION,
        "format": source.format,
        "key": [source.key] if isinstance(source.key, str) else source.key,
        "missing": sorted(set(source.missing)),
        "encoding": _canonical(source.encoding),
        "delimiter": source.delimiter,
    }


def _canonical(encoding: str) -> str:
    try:
        return codecs.lookup(encoding).name
    except (LookupError, ValueError):
        return encoding


def _format(suffix: str, name: str) -> str:
    found = _FORMATS.get(suffix)
    if found is None:
        hint = 'set `format` to "csv", "tsv", "json" or "ndjson"'
        raise SourceUnreadable("SB418", f"the format of {name!r} cannot be told from its name", hint)
    return found


def _paths(source: TableSource) -> list[str]:
    return [source.path] if isinstance(source.path, str) else source.path


def _expand(path: str, root: Path) -> list[str]:
    """Return the names, relative to `root`, that `path` stands for."""
    if not glob.has_magic(path) or (root / path).is_file():
        return [_name(path, root)]
    found = glob.glob(path, root_dir=root, recursive=True)  # noqa: PTH207  unlike Path.glob it skips hidden files
    return [_name(name, root) for name in found if not _is_ours(name) and (root / name).is_file()]


def _name(path: str, root: Path) -> str:
    return Path(os.path.relpath(root / path, root)).as_posix()


def _is_ours(name: str) -> bool:
    return any(part.startswith(_OURS) for part in Path(name).parts)


def _each_once(names: list[str], root: Path) -> Iterator[str]:
    """Yield the names but those that reach a file of an earlier name through a linked folder."""
    real: dict[Path, Path] = {}
    seen: set[Path] = set()
    for name in names:
        file = root / name
        if file.parent not in real:
            real[file.parent] = file.parent.resolve()
        if (place := real[file.parent] / file.name) not in seen:
            seen.add(place)
            yield name
