"""Source `table`: records in csv, tsv, json and ndjson files, also .gz and .zst.

Finds the files, tells their format, gives their records as canonical bytes in file order. Never maps, digests or
remembers; reads a file a second time if it is asked to.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from stacbuild.recipe.schema import TableSource
from stacbuild.sources import found
from stacbuild.sources.base import Raw, Shard, SourceUnreadable

_FORMATS: Final = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".json": "json",
    ".geojson": "json",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".geojsonl": "ndjson",
}

REVISION: Final = 2
"""Raised when the same file gives other records."""


def shards(source: TableSource, root: Path) -> list[Shard]:
    """Return the files of `path` by name."""
    return found.shards(source.path, root)


def missing_paths(source: TableSource, root: Path) -> list[str]:
    """Return the paths of `source`, as they are written, that are no file or match none."""
    return found.missing_paths(source.path, root)


def read(shard: Shard, source: TableSource) -> Iterator[Raw]:
    """Yield the records of a file, those that cannot be read too, in file order.

    Raises:
        SourceUnreadable: at once, or after some records, when the file cannot be read to its end.
    """
    from stacbuild.sources import delimited, documents, text  # noqa: PLC0415  a build of nothing reads nothing

    blocks = text.blocks(shard.file, source.encoding)
    match source.format or _format(text.inner_suffix(shard.file), shard.file.name):
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
    known = _FORMATS.get(suffix)
    if known is None:
        hint = 'set `format` to "csv", "tsv", "json" or "ndjson"'
        raise SourceUnreadable("SB418", f"the format of {name!r} cannot be told from its name", hint)
    return known
