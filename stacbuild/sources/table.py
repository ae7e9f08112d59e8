"""Source `table`: records in csv, tsv, json and ndjson files, also .gz and .zst, and in Parquet.

Finds the files, tells their format, gives their records as canonical bytes in file order. Never maps, digests or
remembers; reads a file a second time if it is asked to.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from stacbuild.recipe.schema import TableSource
from stacbuild.sources import found, scanned
from stacbuild.sources.base import NONE_KNOWN, PARQUET, WHOLE_FILE, KeysByMark, Part, Raw, Shard, SourceUnreadable

_FORMATS: Final = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".json": "json",
    ".geojson": "json",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".geojsonl": "ndjson",
    **dict.fromkeys(PARQUET, "parquet"),
}

REVISION: Final = 2
"""Raised when the same file gives other records."""


def shards(source: TableSource, root: Path) -> list[Shard]:
    """Return the files of `path` by name."""
    return found.shards(source.path, root)


def missing_paths(source: TableSource, root: Path) -> list[str]:
    """Return the paths of `source`, as they are written, that are no file or match none."""
    return scanned.missing_paths(source.path, root)


def parts(shard: Shard, source: TableSource) -> Sequence[Part]:
    """Return the pieces of a file that can be read alone: the row groups of Parquet."""
    if format_of(shard.file, source.format) != "parquet":
        return WHOLE_FILE
    from stacbuild.sources import parquet_file  # noqa: PLC0415  only where there is Parquet

    return parquet_file.parts(shard.file)


def read(shard: Shard, source: TableSource, first: int = 0) -> Iterator[Raw]:
    """Yield the records of a file from record `first` on, or some before it; those that cannot be read too.

    Raises:
        SourceUnreadable: at once, or after some records, when the file cannot be read to its end.
    """
    form = format_of(shard.file, source.format)
    if form == "parquet":
        from stacbuild.sources import parquet_table  # noqa: PLC0415  only where there is Parquet

        yield from parquet_table.records(shard.file, source, first)
        return
    from stacbuild.sources import text  # noqa: PLC0415  a build of nothing reads nothing

    yield from records(text.blocks(shard.file, source.encoding), form, source)


def recognise(shard: Shard, source: TableSource, known: KeysByMark) -> Iterator[Raw]:
    """Yield the records of a file as `read` does; those of JSON whose bytes are known are not decoded."""
    form = format_of(shard.file, source.format)
    if form == "parquet":
        yield from read(shard, source)
        return
    from stacbuild.sources import text  # noqa: PLC0415  a build of nothing reads nothing

    yield from records(text.blocks(shard.file, source.encoding), form, source, known)


def records(blocks: Iterator[bytes], form: str, source: TableSource, known: KeysByMark = NONE_KNOWN) -> Iterator[Raw]:
    """Yield the records of a text in pieces that is csv, tsv, json or ndjson."""
    from stacbuild.sources import delimited, documents, text  # noqa: PLC0415  a build of nothing reads nothing

    match form:
        case "csv":
            yield from delimited.records(text.lines(blocks), source, ",")
        case "tsv":
            yield from delimited.records(text.lines(blocks), source, "\t")
        case "json":
            yield from documents.array(blocks, source, known)
        case _:
            yield from documents.ndjson(text.lines(blocks), source, known)


def columns(shard: Shard, source: TableSource) -> list[str]:
    """Return the columns of a file, also those without a value; none of json and ndjson, and of what is unreadable."""
    from stacbuild.sources import delimited, parquet_file, text  # noqa: PLC0415  only a check gets here

    try:
        match format_of(shard.file, source.format):
            case "csv" | "tsv" as form:
                lines = text.lines(text.blocks(shard.file, source.encoding))
                return delimited.columns(lines, source, "," if form == "csv" else "\t")
            case "parquet":
                with parquet_file.opened(shard.file) as parquet:
                    return list(parquet.schema_arrow.names)
            case _:
                return []
    except SourceUnreadable:
        return []


def place(source: TableSource) -> Any:
    """Return where its files lie, as it is written."""
    return source.path


def fetch_settings(source: TableSource) -> dict[str, Any]:
    """Return what of the source's table decides its records; where the files lie is not in it."""
    return {
        "revision": REVISION,
        "format": source.format,
        "key": [source.key] if isinstance(source.key, str) else source.key,
        "ignore": sorted(set(source.ignore)),
        "missing": sorted(set(source.missing)),
        "encoding": _canonical(source.encoding),
        "delimiter": source.delimiter,
    }


def _canonical(encoding: str) -> str:
    try:
        return codecs.lookup(encoding).name
    except (LookupError, ValueError):
        return encoding


def format_of(file: Path, named: str | None) -> str:
    """Return the format that the recipe names, or that the file's name tells.

    Raises:
        SourceUnreadable: SB418, neither does.
    """
    from stacbuild.sources import text  # noqa: PLC0415  a build of nothing reads nothing

    known = named or _FORMATS.get(text.inner_suffix(file))
    if known is None:
        hint = 'set `format` to "csv", "tsv", "json", "ndjson" or "parquet"'
        raise SourceUnreadable("SB418", f"the format of {file.name!r} cannot be told from its name", hint)
    return known
