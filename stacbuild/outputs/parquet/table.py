"""Items as the bytes of one stac-geoparquet file, in bounded memory.

Three goes, none of which holds more than a batch: (1) along the store, items become rows in an unnamed file; (2) in
the order of the file, rows become Arrow columns, and what the columns are is merged; (3) columns are brought to that
one schema and written, a row group at a time. An item that no table can hold is told and left out.
"""

from __future__ import annotations

import os
import tempfile
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

from stacbuild.failures import ItemError
from stacbuild.outputs.base import Item
from stacbuild.outputs.laid import Laid
from stacbuild.outputs.order import along_the_store
from stacbuild.outputs.parquet import columns, metadata, moments, rows
from stacbuild.outputs.parquet.shapes import Shape, json_places, merged, settled, shallow, shape_of

COLUMNS_AT_MOST: Final = 2_000
"""With more, properties are names of things, not of fields, and stand in one column as JSON text."""
BATCH_BYTES: Final = 8 << 20
BATCH_ROWS: Final = 4_096
PIECE_BYTES: Final = 1 << 20

_PINNED: Final[dict[str, Shape]] = {
    **dict.fromkeys(("type", "stac_version", "id", "collection"), "text"),
    **dict.fromkeys(("geometry", rows.PROJECTED, *moments.COLUMNS), "text"),
    "stac_extensions": ["text"],
    "links": [{"href": "text", "rel": "text"}],
    "bbox": dict.fromkeys(("xmin", "ymin", "zmin", "xmax", "ymax", "zmax"), "float"),
}
"""What Arrow's reader need not find out."""
_FIRST: Final = (*rows.PLAIN[:4], "geometry", "bbox", *rows.PLAIN[4:])
_ALWAYS: Final = ("stac_extensions", "id", "geometry", "bbox", "datetime", "links")
"""Columns that are there even if no item has a value."""


class Entry(NamedTuple):
    """An item of the file and what makes its line."""

    collection: str
    item: Item
    line: Callable[[Item], bytes]


class Refused(NamedTuple):
    """An item that is left out, and why."""

    collection: str
    id: str
    error: ItemError


class Options(NamedTuple):
    """How a file is written."""

    compression: str
    level: int | None
    group_rows: int


class _Read(NamedTuple):
    """Rows as read: where the batch lies (`size` 0: it cannot be read), and at which places it has JSON text."""

    numbers: list[int]
    offset: int
    size: int
    texts: frozenset[tuple[str, ...]]


class Table:
    """One file in the making. Once it is made, `refused` says what is left out, `texts` which columns are JSON text."""

    def __init__(self, entries: list[Entry], scratch: Path, options: Options) -> None:
        self._entries, self._scratch, self._options = entries, scratch, options
        self._rows, self._batches = Laid(scratch, len(entries)), tempfile.TemporaryFile(dir=scratch)  # noqa: SIM115
        self._moments = array("q", bytes(8 * len(entries)))
        self._order: list[int] = []
        self._shape: dict[str, Shape] = dict(_PINNED)
        self._untimed: set[str] = set()
        self._there: set[str] = set()
        self._names: set[str] = set()
        self._spread = metadata.Spread()
        self.refused: list[Refused] = []
        self.texts: list[str] = []

    def pieces(self, documents: Callable[[], dict[str, dict[str, Any]]]) -> Iterator[bytes]:
        """Yield the file's bytes.

        Args:
            documents: gives the collections' documents.
        """
        with self._rows, self._batches:
            self._spool()
            read = [self._read(numbers) for numbers in self._cuts()]
            with tempfile.TemporaryFile(dir=self._scratch) as stream:
                self._write(stream, read, documents())
                stream.seek(0)
                while piece := stream.read(PIECE_BYTES):
                    yield piece

    # --- 1: rows, along the store

    def _spool(self) -> None:
        entries, sound = self._entries, []
        for number in along_the_store([entry.item for entry in entries]):
            entry = entries[number]
            try:
                row = rows.row_of(entry.line(entry.item))
            except ItemError as error:
                self._refuse(number, error)
                continue
            if row.shape is not None:
                self._spread.add(row.shape.name, row.shape.bounds)
            self._names |= row.names
            self._rows.put(number, row.line)
            self._moments[number] = row.moment
            sound.append(number)
        self._rows.settle()
        sound.sort(key=lambda n: (self._moments[n], entries[n].item.id, entries[n].collection))
        self._order = sound

    def _refuse(self, number: int, error: ItemError) -> None:
        entry = self._entries[number]
        self.refused.append(Refused(entry.collection, entry.item.id, error))

    def _line(self, number: int) -> bytes:
        line = self._rows.get(number)
        return rows.gathered(line) if len(self._names) > COLUMNS_AT_MOST else line

    def _cuts(self) -> Iterator[list[int]]:
        """Yield the items of each batch; none goes over the end of a row group."""
        batch: list[int] = []
        size = 0
        for at, number in enumerate(self._order):
            full = size + self._rows.sizes[number] > BATCH_BYTES or len(batch) >= BATCH_ROWS
            if batch and (full or at % self._options.group_rows == 0):
                yield batch
                batch, size = [], 0
            batch.append(number)
            size += self._rows.sizes[number]
        if batch:
            yield batch

    # --- 2: columns, in the order of the file

    def _read(self, numbers: list[int]) -> _Read:
        lines = [self._line(number) for number in numbers]
        batch, known = self._batch(lines)
        if batch is not None and any(map(columns.has_wide, batch.columns)):
            for line in columns.wide(lines):
                self._learn(shape_of(rows.decode(line)))
            batch, known = self._batch(lines)
        if batch is None:
            return _Read(numbers, 0, 0, frozenset())
        self._note(batch)
        offset = self._batches.tell()
        size = self._batches.write(columns.stored(batch))
        return _Read(numbers, offset, size, frozenset(json_places(known)))

    def _note(self, batch: Any) -> None:
        """Note which of the columns that are always looked for there are, and which of them are no moments."""
        for name in _PINNED.keys() & set(batch.schema.names):
            column = batch.column(name)
            if column.null_count < len(column):
                self._there.add(name)
            if name in moments.COLUMNS and self._shape[name] == "text" and columns.timestamps(column) is None:
                self._untimed.add(name)
        if (box := batch.column("bbox")).field("zmin").null_count < len(box):
            self._there.add("zmin")

    def _batch(self, lines: list[bytes]) -> tuple[Any, Shape]:
        """Return rows as columns and what was known when they were read; None where some row cannot be read at all."""
        import pyarrow as pa  # noqa: PLC0415

        for learn in (self._nothing, self._learn_quickly, self._learn_slowly):
            learn(lines)
            known = self._shape
            try:
                batch = columns.read(lines, known)
                seen = {field.name: columns.shape_of_type(field.type) for field in batch.schema}
                self._learn(seen)
                if columns.has_moments(pa.struct(batch.schema)) or any(shallow(one) != one for one in seen.values()):
                    known = self._shape
                    batch = columns.read(lines, known)
            except pa.ArrowException:
                continue
            return batch, known
        return None, self._shape

    def _learn(self, shape: Shape) -> None:
        known = {**self._shape}
        for name, member in shape.items():
            known[name] = shallow(merged(known.get(name, "null"), member))
        self._shape = known

    def _nothing(self, lines: list[bytes]) -> None:
        """Learn nothing: what is known may do."""

    def _learn_quickly(self, lines: list[bytes]) -> None:
        """Learn what these rows are by themselves."""
        import pyarrow as pa  # noqa: PLC0415

        try:
            texts = {name: shape for name, shape in self._shape.items() if any(json_places(shape))}
            batch = columns.read(lines, texts)
        except pa.ArrowException:
            return
        found = {field.name: columns.shape_of_type(field.type) for field in batch.schema if field.name not in texts}
        self._learn(found)

    def _learn_slowly(self, lines: list[bytes]) -> None:
        """Learn of each row by itself."""
        for line in lines:
            self._learn(shape_of(rows.decode(line)))

    # --- 3: the file

    def _write(self, stream: IO[bytes], read: list[_Read], documents: dict[str, dict[str, Any]]) -> None:
        import pyarrow as pa  # noqa: PLC0415
        import pyarrow.parquet as pq  # noqa: PLC0415

        self._batches.flush()
        shape, size = self._final(), self._options.group_rows
        schema = pa.schema([(name, self._type(name, member)) for name, member in shape.items()])
        self.texts = [name for name, member in shape.items() if member == "json"]
        self.texts += ["properties"] if len(self._names) > COLUMNS_AT_MOST else []
        about = metadata.metadata(self._spread, schema.names, documents, sorted(json_places(shape)))
        schema = schema.with_metadata(about)
        options = {"compression": self._options.compression.upper(), "compression_level": self._options.level}
        with pq.ParquetWriter(stream, schema, **options) as writer:
            held: list[Any] = []
            rows_held = 0
            for one in read:
                held.append(self._conformed(one, shape, schema))
                rows_held += len(one.numbers)
                if rows_held % size == 0:
                    writer.write_table(pa.Table.from_batches(held, schema), row_group_size=size)
                    held = []
            if held:
                writer.write_table(pa.Table.from_batches(held, schema), row_group_size=size)

    def _final(self) -> dict[str, Shape]:
        """Return the columns of the file in order: those of Items, then properties by name."""
        seen = {n: s for n, s in self._shape.items() if n not in _PINNED or n in self._there or n in _ALWAYS}
        if "zmin" not in self._there:
            seen["bbox"] = {name: word for name, word in seen["bbox"].items() if name[0] != "z"}
        if seen.get("assets") == {}:
            del seen["assets"]  # readers take it for a struct, and Parquet has none without members
        settled_ = {name: settled(member) for name, member in seen.items() if member != "null"}
        settled_["bbox"] = dict.fromkeys(seen["bbox"], "float")
        first = [name for name in _FIRST if name in settled_]
        return {name: settled_[name] for name in (*first, *sorted(settled_.keys() - set(first)))}

    def _type(self, name: str, shape: Shape) -> Any:
        import pyarrow as pa  # noqa: PLC0415

        if name in rows.BINARY:
            return pa.binary()
        if name in moments.COLUMNS and shape == "text" and name not in self._untimed:
            return pa.timestamp("us", "UTC")
        return columns.type_of(shape)

    def _conformed(self, one: _Read, shape: dict[str, Shape], schema: Any) -> Any:
        """Return rows as the file has them; of columns with JSON text elsewhere than when they were read, anew."""
        import pyarrow as pa  # noqa: PLC0415

        cells: dict[str, Any] = {}
        stale = set(shape)
        if one.size:
            batch = columns.load(os.pread(self._batches.fileno(), one.size, one.offset))
            cells = dict(zip(batch.schema.names, batch.columns, strict=True))
            stale = {path[0] for path in one.texts.symmetric_difference(json_places(shape))} & cells.keys()
        if stale:
            sound, anew = self._anew(one.numbers, {name: shape[name] for name in shape if name in stale})
            if len(sound) < len(one.numbers):
                cells = {name: column.take(pa.array(sound)) for name, column in cells.items()}
            cells |= anew
            size = len(sound)
        else:
            size = len(one.numbers)
        return columns.conformed(cells, schema, size)

    def _anew(self, numbers: list[int], shape: dict[str, Shape]) -> tuple[list[int], dict[str, Any]]:
        """Return some columns read again, and at which positions of `numbers` the rows are that can be."""
        import pyarrow as pa  # noqa: PLC0415

        lines = [rows.encode(rows.only(self._line(number), shape)) for number in numbers]
        sound = list(range(len(numbers)))
        try:
            batch = columns.read(lines, shape)
        except pa.ArrowException:
            sound = [at for at in sound if self._can_be_read(numbers[at], lines[at], shape)]
            batch = columns.read([lines[at] for at in sound], shape)
        return sound, dict(zip(batch.schema.names, batch.columns, strict=True))

    def _can_be_read(self, number: int, line: bytes, shape: dict[str, Shape]) -> bool:
        import pyarrow as pa  # noqa: PLC0415

        try:
            columns.read([line], shape)
        except pa.ArrowException as error:
            self._refuse(number, rows.unsayable(f"no columns can be made of it: {error}", ""))
            return False
        return True
