"""The rows of one row group as Arrow batches, and what they are by themselves, whatever the rest of the file is.

What is learned of a batch is known for the next. Batches wait in memory while they are small, then in an unnamed file.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from typing import IO, Any, Final, NamedTuple

from stacbuild.failures import ItemError
from stacbuild.outputs.parquet import columns, moments, rows
from stacbuild.outputs.parquet.facts import PINNED, learned
from stacbuild.outputs.parquet.shapes import Shape, json_places, shallow, shape_of

_SAMPLE: Final = 64
"""Rows that are looked at before the first batch is read: with what they are known it need not be read twice."""


class Read(NamedTuple):
    """Rows as read: their batch (None: they cannot be read together), and at which places it has JSON text."""

    numbers: list[int]
    batch: Any
    texts: frozenset[tuple[str, ...]]


class Reader:
    """Reads the rows of one row group, batch by batch; `but` are columns that these rows are without."""

    def __init__(self, but: Collection[str] = ()) -> None:
        self._pinned = {name: shape for name, shape in PINNED.items() if name not in but}
        self.shape: dict[str, Shape] = self._pinned
        self.there: set[str] = set()
        self.untimed: set[str] = set()

    def read(self, numbers: list[int], lines: list[bytes]) -> Read:
        """Return the rows with some numbers as a batch."""
        if self.shape == self._pinned and len(lines) > 2 * _SAMPLE:
            self._learn_quickly(lines[:: len(lines) // _SAMPLE])
        batch, known = self._batch(lines)
        if batch is not None and any(map(columns.has_wide, batch.columns)):
            for line in columns.wide(lines):
                self._learn(shape_of(rows.decode(line)))
            batch, known = self._batch(lines)
        if batch is None:
            return Read(numbers, None, frozenset())
        self._note(batch)
        return Read(numbers, batch, frozenset(json_places(known)))

    def _note(self, batch: Any) -> None:
        """Note which of the columns that are always looked for there are, and which of them are no moments."""
        for name in self._pinned.keys() & set(batch.schema.names):
            column = batch.column(name)
            if column.null_count < len(column):
                self.there.add(name)
            if name in moments.COLUMNS and self.shape[name] == "text" and columns.timestamps(column) is None:
                self.untimed.add(name)
        if "bbox" in self._pinned and (box := batch.column("bbox")).field("zmin").null_count < len(box):
            self.there.add("zmin")

    def _batch(self, lines: list[bytes]) -> tuple[Any, Shape]:
        """Return rows as columns and what was known when they were read; None where some row cannot be read at all."""
        import pyarrow as pa  # noqa: PLC0415  only where Parquet is written

        for learn in (self._nothing, self._learn_quickly, self._learn_slowly):
            learn(lines)
            known = self.shape
            try:
                batch = columns.read(lines, known)
                seen = {field.name: columns.shape_of_type(field.type) for field in batch.schema}
                self._learn(seen)
                if columns.has_moments(pa.struct(batch.schema)) or any(shallow(one) != one for one in seen.values()):
                    known = self.shape
                    batch = columns.read(lines, known)
                if not columns.is_sound(batch):
                    known = self.shape
                    batch = columns.read(lines, known, all_known=True)
            except pa.ArrowException:
                continue
            return batch, known
        return None, self.shape

    def _learn(self, shape: dict[str, Shape]) -> None:
        self.shape = learned(self.shape, shape)

    def _nothing(self, lines: list[bytes]) -> None:
        """Learn nothing: what is known may do."""

    def _learn_quickly(self, lines: list[bytes]) -> None:
        """Learn what some rows are by themselves."""
        import pyarrow as pa  # noqa: PLC0415

        try:
            texts = {name: shape for name, shape in self.shape.items() if any(json_places(shape))}
            batch = columns.read(lines, texts)
        except pa.ArrowException:
            return
        found = {field.name: columns.shape_of_type(field.type) for field in batch.schema if field.name not in texts}
        self._learn(found)

    def _learn_slowly(self, lines: list[bytes]) -> None:
        """Learn of each row by itself."""
        for line in lines:
            self._learn(shape_of(rows.decode(line)))


class Waiting:
    """Batches that wait until the columns of their file are known: in memory, and beyond `room` bytes in `stream`."""

    def __init__(self, stream: IO[bytes], room: int) -> None:
        self._stream, self._room = stream, room

    def put(self, read: Read) -> Read:
        """Return rows of which the batch waits."""
        if read.batch is None or read.batch.nbytes <= self._room:
            self._room -= 0 if read.batch is None else read.batch.nbytes
            return read
        offset = self._stream.tell()
        size = self._stream.write(columns.stored(read.batch))
        return read._replace(batch=(offset, size))

    def get(self, read: Read) -> Any:
        """Return the batch of rows that waits."""
        if not isinstance(read.batch, tuple):
            return read.batch
        offset, size = read.batch
        self._stream.flush()
        return columns.load(os.pread(self._stream.fileno(), size, offset))


class Conformed(NamedTuple):
    """Rows as a file has them, and position → why of those that cannot be so."""

    batch: Any
    refused: dict[int, ItemError]


def conformed(
    read: Read, batch: Any, lines: Callable[[list[int]], list[bytes]], shape: dict[str, Shape], schema: Any
) -> Conformed:
    """Return rows in the columns of a file; columns with JSON text elsewhere than when they were read are read anew.

    Args:
        read: the rows.
        batch: their batch, or None.
        lines: gives the rows themselves, by number.
        shape: of the file's columns.
        schema: of the file.
    """
    import pyarrow as pa  # noqa: PLC0415

    cells = {} if batch is None else dict(zip(batch.schema.names, batch.columns, strict=True))
    stale = {path[0] for path in read.texts.symmetric_difference(json_places(shape))} & cells.keys()
    anew = {name: member for name, member in shape.items() if batch is None or name in stale}
    if not anew:
        return Conformed(columns.conformed(cells, schema, len(read.numbers)), {})
    again = _anew(lines(read.numbers), anew)
    sound = [at for at in range(len(read.numbers)) if at not in again.refused]
    if again.refused:
        cells = {name: column.take(pa.array(sound)) for name, column in cells.items()}
    cells |= dict(zip(again.batch.schema.names, again.batch.columns, strict=True))
    return Conformed(columns.conformed(cells, schema, len(sound)), again.refused)


def _anew(lines: list[bytes], shape: dict[str, Shape]) -> Conformed:
    """Return some columns of rows read again."""
    import pyarrow as pa  # noqa: PLC0415

    some = [rows.encode(rows.only(line, shape)) for line in lines]
    try:
        return Conformed(columns.read(some, shape), {})
    except pa.ArrowException:
        refused = {at: error for at, line in enumerate(some) if (error := _error_of(line, shape)) is not None}
        return Conformed(columns.read([line for at, line in enumerate(some) if at not in refused], shape), refused)


def _error_of(line: bytes, shape: dict[str, Shape]) -> ItemError | None:
    import pyarrow as pa  # noqa: PLC0415

    try:
        columns.read([line], shape)
    except pa.ArrowException as error:
        return rows.unsayable(f"no columns can be made of it: {error}", "")
    return None
