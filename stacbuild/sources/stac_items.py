"""Source `stac-items`: Items in files: one Item, a FeatureCollection, an array, NDJSON; .gz, .zst; stac-geoparquet.

What a file is is told from what stands in it; only NDJSON and Parquet by name. Items of JSON come as they are, nulls
and all. Never migrates, maps, validates or follows a link.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from stacbuild.blocks import Block
from stacbuild.failures import ItemError
from stacbuild.recipe.schema import StacItemsSource
from stacbuild.sources import found, scanned
from stacbuild.sources.base import (
    NONE_KNOWN,
    PARQUET,
    WHOLE_FILE,
    KeysByMark,
    Part,
    Raw,
    Shard,
    SourceUnreadable,
    unread,
)

REVISION: Final = 1
"""Raised when the same file gives other items."""

Settle = Callable[[dict[str, Any]], None]
"""Changes an item before it is known by its name, in place."""

_LINES: Final = {".ndjson", ".jsonl", ".geojsonl"}
_ENCODED: Final = {"SB402", "SB418"}


def shards(source: StacItemsSource, root: Path) -> list[Shard]:
    """Return the files of `path` by name."""
    return found.shards(source.path, root)


def scan(source: StacItemsSource, root: Path, known: scanned.KnownIn) -> Iterator[Shard | Block]:
    """Yield the files of `path`, the small ones in blocks; `known` gives those that stood in a folder."""
    return scanned.scan(source.path, root, known)


def missing_paths(source: StacItemsSource, root: Path) -> list[str]:
    """Return the paths of `source`, as they are written, that are no file or match none."""
    return scanned.missing_paths(source.path, root)


def place(source: StacItemsSource) -> Any:
    """Return where its files lie, as it is written."""
    return source.path


def fetch_settings(source: StacItemsSource) -> dict[str, Any]:
    """Return what of the source's table decides its items; of where the files lie only which are named."""
    return {"revision": REVISION, "ignore": sorted(set(source.ignore)), "named": found.named(source.path)}


def parts(shard: Shard, source: StacItemsSource) -> Sequence[Part]:
    """Return the pieces of a file that can be read alone: the row groups of Parquet."""
    del source
    if not _is_parquet(shard):
        return WHOLE_FILE
    from stacbuild.sources import parquet_file  # noqa: PLC0415  only where there is Parquet

    return parquet_file.parts(shard.file)


def read(shard: Shard, source: StacItemsSource, first: int = 0) -> Iterator[Raw]:
    """Yield the items of a file from item `first` on, or some before it; those that cannot be read too.

    Catalogs and Collections in a file that the recipe does not name, but that a pattern found, are passed over.

    Raises:
        SourceUnreadable: at once, or after some items, when the file cannot be read to its end.
    """
    if _is_parquet(shard):
        from stacbuild.sources import parquet_items  # noqa: PLC0415  only where there is Parquet

        yield from parquet_items.read(shard.file, source, first)
    else:
        yield from documents(shard, source.ignore)


def recognise(shard: Shard, source: StacItemsSource, known: KeysByMark) -> Iterator[Raw]:
    """Yield the items of a file as `read` does; those whose bytes are known are not decoded."""
    return read(shard, source) if _is_parquet(shard) else documents(shard, source.ignore, known=known)


def documents(
    shard: Shard, ignored: list[str], settle: Settle | None = None, known: KeysByMark = NONE_KNOWN
) -> Iterator[Raw]:
    """Yield the items of a file of JSON.

    Args:
        shard: the file.
        ignored: what is taken out of each item.
        settle: what is done to each item first; its bytes do not tell then what it is.
        known: items that need not be decoded.

    Raises:
        SourceUnreadable: the file cannot be read to its end.
    """
    from stacbuild.sources import ignoring, items, json_object  # noqa: PLC0415  a build of nothing reads nothing
    from stacbuild.sources.text import mark_of  # noqa: PLC0415

    ignore, names, ordinal = ignoring.ignore_of(ignored), items.Names(), 0
    for line, text in _texts(shard):
        mark = mark_of(text) if settle is None else b""
        if (key := known.get(mark)) is not None and names.again(key):
            yield Raw(ordinal, line, b"", key, None, None, mark, again=True)
            ordinal += 1
            continue
        try:
            item = json_object.object_of(text, "utf-8")
            if (above := items.above_item(item)) is not None:
                if not shard.named:
                    continue
                items.refuse_above(above)
            items.refuse_others(item)
            if settle is not None:
                settle(item)
            key = names.key(item)
            ignore(item)
            blob = json_object.canonical_again(item)
        except ItemError as error:
            yield unread(ordinal, line, text, ItemError(error.code, error.message, error.path, _hint(error)))
        else:
            yield Raw(ordinal, line, blob, key, None, item, mark)
        ordinal += 1


def _is_parquet(shard: Shard) -> bool:
    from stacbuild.sources import text  # noqa: PLC0415  a build of nothing reads nothing

    return text.inner_suffix(shard.file) in PARQUET


def _texts(shard: Shard) -> Iterator[tuple[int, bytes]]:
    """Yield what shall be an item each, with its line or its number."""
    from stacbuild.sources import json_document, text  # noqa: PLC0415  a build of nothing reads nothing

    blocks = text.blocks(shard.file, "utf-8")
    try:
        if text.inner_suffix(shard.file) in _LINES:
            yield from json_document.lines(text.lines(blocks))
        else:
            yield from json_document.records(json_document.whole(blocks))
    except SourceUnreadable as error:
        raise SourceUnreadable(error.code, error.message, _hint(error)) from error


def _hint(error: ItemError | SourceUnreadable) -> str | None:
    """Return what to do; `encoding` and `format`, of which tables' hints speak, this kind has not."""
    if error.code in _ENCODED:
        return "STAC is UTF-8: write the file in it"
    if error.code == "SB417":
        return "is it still being written? is it NDJSON? then name it .ndjson"
    return error.hint
