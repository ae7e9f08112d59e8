"""Row groups that stand in a file already: what is remembered of each, and how they come to the columns of another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import msgspec
import xxhash
from msgspec import Struct

from stacbuild.failures import ItemError
from stacbuild.outputs.base import Standing
from stacbuild.outputs.parquet import columns, footers
from stacbuild.outputs.parquet.facts import Facts, Layout
from stacbuild.outputs.parquet.footers import Chunks, Frame
from stacbuild.outputs.parquet.lines import Entry
from stacbuild.parts import Part

REFUSED: Final = xxhash.xxh3_128_digest(b"refused")
"""The mark of a part without bytes: the items that no table can hold."""
FACTS: Final = xxhash.xxh3_128_digest(b"facts")
"""The mark of a part without bytes: what all rows of a file are."""
LAYOUTS: Final = xxhash.xxh3_128_digest(b"layouts")
"""The mark of a part without bytes: the digests, 16 bytes each, of the columns that row groups of a share stand in."""
WEIGHT_AT_MOST: Final = 1 << 30
"""Bytes of rows: of more, the columns of a row group may be too large to be one batch."""

_pack = msgspec.msgpack.Encoder(order="deterministic").encode


class About(NamedTuple):
    """What is remembered of a row group wherever it stands; `sure` if it can be taken over from there.

    `bulk` is the mark of its steady columns, b"" where nobody knows: by it a row group is found that has the same.
    """

    mark: bytes
    bulk: bytes
    facts: Facts
    gathered: bool
    weight: int
    stay: bool
    sure: bool


class Place(NamedTuple):
    """Where bytes lie."""

    offset: int
    size: int


class Kept(Struct, array_like=True, frozen=True):
    """What is remembered of a row group."""

    facts: Facts
    gathered: bool
    """Its properties stand in one column."""
    batches: list[int]
    """Rows of each of the batches that it was written of."""
    weight: int
    """Bytes of its rows."""
    stay: bool
    """Hrefs in it stay relative: that is told of though it is copied."""
    shape: dict[str, Any]
    """The layout of the file that it stands in."""
    timed: frozenset[str]
    layout: bytes
    head: Place
    """Where in that file the parts of its footer lie: the frame, and what it says of this group."""
    group: Place
    tail: Place


class Found(NamedTuple):
    """A row group that stands somewhere."""

    part: Part
    kept: Kept

    def about(self, bulk: bytes) -> About:
        """Return what is remembered of it wherever it stands."""
        kept = self.kept
        return About(self.part.mark, bulk, kept.facts, kept.gathered, kept.weight, kept.stay, sure=True)

    def layout(self) -> Layout:
        """Return the layout of the file that it stands in."""
        kept = self.kept
        return Layout(kept.shape, kept.timed, kept.layout)


class _Refusal(Struct, array_like=True):
    """An item that no row can be made of."""

    collection: str
    id: str
    digest: bytes
    code: str
    message: str
    path: str
    hint: str | None


_refusals_of = msgspec.msgpack.Decoder(list[_Refusal]).decode
_facts_of = msgspec.msgpack.Decoder(Facts).decode
_kept_of = msgspec.msgpack.Decoder(Kept).decode


def packed(value: Any) -> bytes:
    """Return what a part remembers."""
    import zstandard  # noqa: PLC0415  only where Parquet is written

    blob: bytes = zstandard.ZstdCompressor(level=1, write_content_size=True).compress(_pack(value))
    return blob


def unpacked(blob: bytes) -> bytes:
    """Return what `packed` packed."""
    import zstandard  # noqa: PLC0415

    found: bytes = zstandard.ZstdDecompressor().decompress(blob)
    return found


def find(standing: Standing, mark: bytes) -> Found | None:
    """Return the row group with a mark."""
    part = standing.find(mark)
    return None if part is None else Found(part, _kept_of(unpacked(part.facts)))


def former(standing: Standing, bulk: bytes) -> Found | None:
    """Return the row group with the same steady columns."""
    part = standing.find(bulk) if bulk else None
    return None if part is None else find(standing, part.facts)


def facts_of(standing: Standing) -> Iterator[Facts]:
    """Yield what the rows of a file are that stands."""
    part = standing.find(FACTS)
    if part is not None:
        yield _facts_of(unpacked(part.facts))


def refusals(some: list[tuple[Entry, ItemError]]) -> bytes:
    """Return what is remembered of items that no row can be made of."""
    found = []
    for entry, error in some:
        item = entry.item
        found.append(
            _Refusal(entry.collection, item.id, item.digest, error.code, error.message, error.path, error.hint)
        )
    return packed(found)


def refused_of(standing: Standing, entries: Sequence[Entry]) -> Iterator[tuple[int, ItemError]]:
    """Yield the numbers of the items of which it is known that no row can be made of them, and why."""
    part = standing.find(REFUSED)
    if part is None:
        return
    known = {(one.collection, one.id, one.digest): one for one in _refusals_of(unpacked(part.facts))}
    for number, entry in enumerate(entries):
        one = known.get((entry.collection, entry.item.id, entry.item.digest))
        if one is not None:
            yield number, ItemError(one.code, one.message, one.path, one.hint)


def group_of(standing: Standing, found: Found, at: int, ordinal: int) -> bytes:
    """Return what a footer says of a row group when it begins at `at` and has the number `ordinal`."""
    return footers.moved(_bytes(standing, found.part, found.kept.group), at - found.part.offset, ordinal)


def chunks_of(standing: Standing, found: Found) -> dict[str, Chunks]:
    """Return the chunks of a row group's columns, by name, where they stand."""
    return footers.chunks(_bytes(standing, found.part, found.kept.group))


def bytes_of(standing: Standing, found: Found, chunks: Chunks) -> bytes:
    """Return the bytes of a column of a row group."""
    return _bytes(standing, found.part, Place(chunks.offset, chunks.size))


def recast(standing: Standing, found: Found, schema: Any) -> list[Any]:
    """Return the batches of a row group as a file of another schema has them."""
    import pyarrow.parquet as pq  # noqa: PLC0415

    file = pq.ParquetFile(_alone(standing, found), pre_buffer=False)
    batch = _only_batch(file.read_row_group(0, use_threads=False))
    cells = dict(zip(batch.schema.names, batch.columns, strict=True))
    whole = columns.conformed(cells, schema, len(batch))
    return list(_cut(whole, found.kept.batches))


def _only_batch(table: Any) -> Any:
    import pyarrow as pa  # noqa: PLC0415

    found = table.to_batches()
    if len(found) > 1:
        found = table.combine_chunks().to_batches()
    (batch,) = found or [pa.RecordBatch.from_pylist([], table.schema)]
    return batch


def _cut(batch: Any, sizes: Sequence[int]) -> Iterator[Any]:
    start = 0
    for size in sizes:
        yield batch.slice(start, size)
        start += size


def _alone(standing: Standing, found: Found) -> Any:
    """Return a file with this one row group."""
    import pyarrow as pa  # noqa: PLC0415

    part, kept = found
    around = Frame(_bytes(standing, part, kept.head), _bytes(standing, part, kept.tail))
    group = group_of(standing, found, len(footers.MAGIC), 0)
    pieces = [footers.MAGIC, *standing.copy(part), footers.written(around, [group], sum(kept.batches))]
    return pa.BufferReader(b"".join(pieces))


def _bytes(standing: Standing, part: Part, place: Place) -> bytes:
    """Return bytes of the file that a part stands in."""
    return b"".join(standing.copy(part._replace(offset=place.offset, size=place.size)))
