"""The groups that a build writes: rows, and beside them what is asked of all groups without reading their rows.

    <folder>/rows-<n>     a group: its rows, compressed; then its share of the aggregates, compressed, with a checksum
    <folder>/names-<n>    eight bytes for each key and each id of its inputs

Immutable once the build is done; the head says which group stands where. Never decides what is kept.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final, TypeVar

import msgspec
import xxhash

from stacbuild.model import Group, Names
from stacbuild.trace import GroupEntry, Memory

ROWS_FILES_AT_MOST: Final = 12

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

    def amend(self, entry: GroupEntry, former: GroupEntry, rows: bytes, shares: Shares | None, names: Names) -> None:
        """Write a group in place of one that it amends, and say in `entry` where it stands.

        Args:
            entry: of the group.
            former: of the one that it amends.
            rows: encoded as `Group` is.
            shares: its share of each collection's aggregates; None: the other's.
            names: the marks of its inputs' names.
        """
        told = self._memory.raw_shares(former) if shares is None else self._compress(_pack(shares))
        self._put(entry, self._compress(rows), told, names)

    def _move(self, entry: GroupEntry) -> None:
        """Write a group that stands elsewhere once more."""
        names = self.names(entry)
        self._put(entry, self._memory.raw_group(entry), self._memory.raw_shares(entry), names)

    def _put(self, entry: GroupEntry, rows: bytes, shares: bytes, names: Names) -> None:
        entry.file, entry.offset, entry.length = self._generation, self._rows.tell(), len(rows)
        entry.names_at, entry.keys, entry.ids = self._names.tell(), len(names.keys), len(names.ids)
        entry.shares, entry.check = len(shares), xxhash.xxh3_64_digest(rows)
        self._rows.writelines((rows, shares, xxhash.xxh3_64_digest(shares)))
        self._names.writelines((names.keys, names.ids))
        entry.names_check = xxhash.xxh3_64_digest(names.keys + names.ids)

    def _flush(self, entry: GroupEntry) -> None:
        if entry.file == self._generation and not self._rows.closed:
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
        if len({entry.file for entry in entries}) > ROWS_FILES_AT_MOST:
            for entry in entries:
                if entry.file != self._generation:
                    self._move(entry)
        for stream in (self._rows, self._names):
            stream.flush()
            os.fsync(stream.fileno())
            stream.close()
