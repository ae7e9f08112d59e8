"""A Parquet file put together of row groups, copied or made; it is noted where each of them lies.

The file is byte for byte what the library writes when it is given all row groups one after the other.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from stacbuild.outputs.base import Standing
from stacbuild.outputs.parquet import footers, kept
from stacbuild.outputs.parquet.facts import Layout
from stacbuild.outputs.parquet.kept import About, Found, Kept, Place
from stacbuild.outputs.parquet.rows import STEADY
from stacbuild.parts import Part


class Options(NamedTuple):
    """How a file is written. `made` is a digest of all that decides the bytes of a row group besides its items."""

    compression: str
    level: int | None
    group_rows: int
    made: bytes = b""

    def of_writer(self) -> dict[str, Any]:
        """Return what the library is told."""
        return {"compression": self.compression.upper(), "compression_level": self.level}


class _Done(NamedTuple):
    about: About
    place: Place
    batches: list[int]


def single(batches: Sequence[Any], schema: Any, options: Options) -> bytes:
    """Return a file with one row group."""
    import pyarrow as pa  # noqa: PLC0415  only where Parquet is written
    import pyarrow.parquet as pq  # noqa: PLC0415

    stream = io.BytesIO()
    with pq.ParquetWriter(stream, schema, **options.of_writer()) as writer:
        writer.write_table(pa.Table.from_batches(batches, schema), row_group_size=options.group_rows)
    return stream.getvalue()


class Assembly:
    """A file in the making: give it row groups in order, then `end`, and write what they yield."""

    def __init__(self, layout: Layout, schema: Any, options: Options, standing: Standing) -> None:
        """Begin a file.

        Args:
            layout: its columns.
            schema: of the layout, with the file's metadata.
            options: how it is written.
            standing: where row groups stand already; those of this file are noted there.
        """
        self._layout, self._options, self._standing = layout, options, standing
        self._around = footers.frame(schema, options.of_writer())
        self._plain = schema.remove_metadata()
        self._around_one = footers.frame(self._plain, options.of_writer())
        self._lively = lively(self._plain)
        self._groups: list[bytes] = []
        self._done: list[_Done] = []
        self._at = 0

    def begin(self) -> bytes:
        """Return how it begins."""
        self._at = len(footers.MAGIC)
        return footers.MAGIC

    def copy(self, found: Found, about: About) -> Iterator[bytes]:
        """Yield a row group that stands somewhere, in the same columns."""
        begin = self._at
        self._groups.append(kept.group_of(self._standing, found, begin, len(self._groups)))
        for piece in self._standing.copy(found.part):
            self._at += len(piece)
            yield piece
        self._done.append(_Done(about, Place(begin, self._at - begin), found.kept.batches))

    def add(self, batches: Sequence[Any], about: About) -> bytes:
        """Return a row group that is made of batches."""
        import pyarrow as pa  # noqa: PLC0415  only where Parquet is written

        begin, start = self._at, len(footers.MAGIC)
        blob = single([one.replace_schema_metadata() for one in batches], self._plain, self._options)
        footer = footers.footer_of(blob)
        group = footers.group_of(footer, self._around_one)
        self._groups.append(footers.moved(group, begin - start, len(self._groups)))
        body = blob[start : -len(footer) - 8]
        self._at += len(body)
        self._done.append(_Done(about, Place(begin, len(body)), [len(one) for one in batches]))
        pa.default_memory_pool().release_unused()  # it keeps what the largest row group took
        return body

    def renew(self, found: Found, batches: Sequence[Any], about: About) -> Iterator[bytes]:
        """Yield a row group whose steady columns stand somewhere, in the same types; `batches` have the others."""
        begin = self._at
        blob = single([one.replace_schema_metadata() for one in batches], self._lively, self._options)
        group = footers.group_of(footers.footer_of(blob), footers.frame(self._lively, self._options.of_writer()))
        made, there = footers.chunks(group), kept.chunks_of(self._standing, found)
        columns = [there[name] if name in STEADY else made[name] for name in self._plain.names]
        self._groups.append(footers.put_together(group, columns, begin, len(self._groups)))
        for name, one in zip(self._plain.names, columns, strict=True):
            stands = name in STEADY
            yield kept.bytes_of(self._standing, found, one) if stands else blob[one.offset : one.offset + one.size]
            self._at += one.size
        self._done.append(_Done(about, Place(begin, self._at - begin), found.kept.batches))

    def end(self) -> bytes:
        """Return how the file ends."""
        rows = sum(sum(one.batches) for one in self._done)
        end = footers.written(self._around, self._groups, rows)
        at = self._at + footers.groups_at(self._around, self._groups, rows)
        head = Place(self._at, len(self._around.head))
        tail = Place(self._at + len(end) - len(self._around.tail) - 8, len(self._around.tail))
        for one, group in zip(self._done, self._groups, strict=True):
            if one.about.sure:
                self._note(one, head, Place(at, len(group)), tail)
            at += len(group)
        return end

    def _note(self, done: _Done, head: Place, group: Place, tail: Place) -> None:
        about, laid = done.about, self._layout
        value = Kept(
            about.facts,
            about.gathered,
            done.batches,
            about.weight,
            about.stay,
            laid.shape,
            laid.timed,
            laid.digest,
            head,
            group,
            tail,
        )
        self._standing.note(Part(about.mark, *done.place, kept.packed(value)))
        if about.bulk:
            self._standing.note(Part(about.bulk, 0, 0, about.mark))


def lively(schema: Any) -> Any:
    """Return a schema without the steady columns."""
    import pyarrow as pa  # noqa: PLC0415

    return pa.schema([field for field in schema if field.name not in STEADY])
