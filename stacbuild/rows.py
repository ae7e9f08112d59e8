"""The groups that a build writes: rows, and beside them what is asked of all groups without reading their rows.

    <folder>/rows-<n>     a group: its rows, compressed; then its share of the aggregates, compressed, with a checksum;
                          or splices for the rows of a group that stand in another of these files (`splices.py`)
    <folder>/names-<n>    eight bytes for each key and each id of its inputs

Immutable once the build is done; the head says which group stands where. Never decides what is kept.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final, TypeVar

import msgspec
import xxhash

from stacbuild.model import Group, Input, Names
from stacbuild.row_files import GroupEntry, Place
from stacbuild.splices import Splice, joined, spliced
from stacbuild.trace import Memory

ROWS_FILES_AT_MOST: Final = 12
WHOLE: Final = 4
"""Splices of more than such a part of the rows that they are for are put in."""

Value = TypeVar("Value")

_pack = msgspec.msgpack.Encoder().encode

Shares = dict[str, bytes]
"""Collection → a group's share of its aggregates."""


class RowsWriter:
    """Writes the groups of one build to one file; `finish` makes it durable."""

    def __init__(self, memory: Memory, generation: int) -> None:
        import zstandard  # noqa: PLC0415

        self._memory, self._generation = memory, generation
        memory.folder.mkdir(parents=True, exist_ok=True)
        self._rows = (memory.folder / f"rows-{generation}").open("wb")
        self._names = (memory.folder / f"names-{generation}").open("wb")
        self._compress = zstandard.ZstdCompressor(level=-1, write_content_size=True).compress

    def add(self, entry: GroupEntry, group: Group, shares: Shares, names: Names | None = None) -> None:
        """Write `group` and say in `entry` where it stands.

        Args:
            entry: of the group; where it stands until now is forgotten.
            group: its rows.
            shares: its share of each collection's aggregates.
            names: the marks of its inputs' names; None: those that are known of the entry.
        """
        known = self.names(entry) if names is None else names
        self._put(entry, self._compress(_pack(group)), self._compress(_pack(shares)), known)

    def splice(self, entry: GroupEntry, splices: list[Splice]) -> None:
        """Write in what the rows of a group are others than those that stand where it does, and say so in `entry`.

        Args:
            entry: of the group.
            splices: for the rows as they were written whole.
        """
        now = joined(self.splices(entry), splices)
        blob = self._compress(_pack(now))
        if len(blob) * WHOLE > entry.length:
            rows = self._compress(spliced(self.written(entry), now))
            self._put(entry, rows, self._memory.raw_shares(entry), self.names(entry))
            return
        entry.splices = Place(self._generation, self._rows.tell(), len(blob), xxhash.xxh3_64_digest(blob))
        self._rows.write(blob)

    def _move(self, entry: GroupEntry) -> None:
        """Write a group that stands elsewhere once more."""
        rows = self._memory.raw_group(entry) if entry.splices is None else self._compress(self._memory.packed(entry))
        self._put(entry, rows, self._memory.raw_shares(entry), self.names(entry))

    def _put(self, entry: GroupEntry, rows: bytes, shares: bytes, names: Names) -> None:
        entry.file, entry.offset, entry.length = self._generation, self._rows.tell(), len(rows)
        entry.names_at, entry.keys, entry.ids = self._names.tell(), len(names.keys), len(names.ids)
        entry.shares, entry.check, entry.splices = len(shares), xxhash.xxh3_64_digest(rows), None
        self._rows.writelines((rows, shares, xxhash.xxh3_64_digest(shares)))
        self._names.writelines((names.keys, names.ids))
        entry.names_check = xxhash.xxh3_64_digest(names.keys + names.ids)

    def _flush(self, entry: GroupEntry) -> None:
        if self._generation in entry.files() and not self._rows.closed:
            self.flush()

    def flush(self) -> None:
        """Bring what was added where other processes read it."""
        self._rows.flush()
        self._names.flush()

    def group(self, entry: GroupEntry) -> Group:
        """Return a group that was added in this build or before."""
        self._flush(entry)
        return self._memory.group(entry)

    def read(self, entry: GroupEntry, decode: Callable[[bytes], Value]) -> Value:
        """Return what `decode` makes of the rows of a group that was added in this build or before."""
        self._flush(entry)
        return self._memory.read(entry, decode)

    def inputs(self, entry: GroupEntry) -> list[Input]:
        """Return the inputs of a group that was added in this build or before."""
        self._flush(entry)
        return self._memory.inputs(entry)

    def written(self, entry: GroupEntry) -> bytes:
        """Return the rows of a group as they were written whole, in this build or before."""
        self._flush(entry)
        return self._memory.written(entry)

    def splices(self, entry: GroupEntry) -> list[Splice]:
        """Return what they are others in since."""
        self._flush(entry)
        return self._memory.splices(entry)

    def shares(self, entry: GroupEntry) -> Shares:
        """Return the share of the aggregates of a group that was added in this build or before."""
        self._flush(entry)
        return self._memory.shares(entry)

    def names(self, entry: GroupEntry) -> Names:
        """Return the marks of names of a group that was added in this build or before."""
        self._flush(entry)
        return self._memory.names(entry)

    def finish(self, entries: list[GroupEntry]) -> None:
        """Make the rows durable; many old files are drawn together into this one."""
        self.flush()
        if len({file for entry in entries for file in entry.files()}) > ROWS_FILES_AT_MOST:
            for entry in entries:
                if entry.file != self._generation:
                    self._move(entry)
        for stream in (self._rows, self._names):
            stream.flush()
            os.fsync(stream.fileno())
            stream.close()
