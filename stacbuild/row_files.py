"""The rows of groups as they stand in files: any process reads them, without lock or head. Never writes: `rows` does.

    <folder>/rows-<n>     groups, each compressed, behind each its share of the aggregates; splices for those elsewhere
    <folder>/names-<n>    what their inputs are called, eight bytes a name

Which group stands where is in its entry.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol, TypeVar

import msgspec
import xxhash
from msgspec import Struct

from stacbuild import sealed
from stacbuild.model import NO_NAMES, Group, Input, Names, Tally
from stacbuild.sealed import MemoryLostError
from stacbuild.splices import Splice, spliced

_CHECK: Final = 8
"""Bytes of a checksum."""

Value = TypeVar("Value")


class Place(Struct, array_like=True, frozen=True):
    """Where something lies in a file of rows, and its XXH3-64."""

    file: int
    offset: int
    length: int
    check: bytes


class GroupEntry(Struct, array_like=True):
    """Where a group's rows lie and what can be known without reading them."""

    source: str
    shard: str
    """A file, or a block of files; "" for inputs that vanished and are kept."""
    root: bytes
    """Digest of the inputs' keys, digests and names: equal roots mean equal inputs."""
    file: int = 0
    offset: int = 0
    length: int = 0
    check: bytes = b""
    inputs: int = 0
    faults: int = 0
    first: int = 0
    """Ordinal of its first record in the shard; the others follow without a gap."""
    line: int = 0
    """Line of its first record; inputs count theirs from it."""
    tallies: dict[str, Tally] = {}
    targets: list[str] = []
    """The targets that patterns found for its inputs."""
    untaken: int = 0
    """Inputs that no table takes."""
    reads: bytes = b""
    """Marks, eight bytes each, of the files that its items depend on besides their records."""
    part: bytes = b""
    """Digest of the piece of its file that it was read from; b"": the file has none."""
    shares: int = 0
    """Length of its share of the aggregates, which stands behind its rows."""
    names_at: int = 0
    """Where in the file of names its names begin."""
    keys: int = 0
    """Length of the marks of its inputs' keys; those of ids follow."""
    ids: int = 0
    names_check: bytes = b""
    above: str = ""
    """The document of its source that its items hang below, where such trees are kept."""
    run: int = 0
    """Of a block: which of its runs it was read from."""
    splices: Place | None = None
    """Where it stands what its rows are others in since they were written whole (`splices.py`)."""

    def files(self) -> set[int]:
        """Return which files of rows it lies in."""
        return {self.file} if self.splices is None else {self.file, self.splices.file}

    def stand_as(self, other: GroupEntry) -> None:
        """Take over where another group lies."""
        self.file, self.offset, self.length, self.check = other.file, other.offset, other.length, other.check
        self.shares, self.splices = other.shares, other.splices
        self.names_at, self.keys, self.ids, self.names_check = other.names_at, other.keys, other.ids, other.names_check

    def place(self, row: Input) -> str:
        """Return where an input of it stands: file and line."""
        return f"{self.file_of(row)}:{self.line + row.line}"

    def file_of(self, row: Input) -> str:
        """Return the file of an input; "" where that vanished."""
        return self.shard and (row.file or self.shard)


class Inputs(Struct, array_like=True):
    """A `Group` of which the inputs are decoded."""

    inputs: list[Input]
    pairs: msgspec.Raw


_group_of = msgspec.msgpack.Decoder(Group).decode
_inputs_of = msgspec.msgpack.Decoder(Inputs).decode
_splices_of = msgspec.msgpack.Decoder(list[Splice]).decode
_shares_of = msgspec.msgpack.Decoder(dict[str, bytes]).decode


class Rows(Protocol):
    """Gives the rows of groups, and what stands beside them; MemoryLostError where they are missing or damaged."""

    def group(self, entry: GroupEntry) -> Group:
        """Return the rows of a group."""

    def read(self, entry: GroupEntry, decode: Callable[[bytes], Value]) -> Value:
        """Return what `decode` makes of the rows of a group, encoded as `Group` is; for who needs little of them."""

    def inputs(self, entry: GroupEntry) -> list[Input]:
        """Return the inputs of a group."""

    def written(self, entry: GroupEntry) -> bytes:
        """Return the rows of a group as they were written whole."""

    def splices(self, entry: GroupEntry) -> list[Splice]:
        """Return what they are others in since."""

    def shares(self, entry: GroupEntry) -> dict[str, bytes]:
        """Return a group's share of each collection's aggregates."""


class RowFiles:
    """The files of rows in one folder: reading takes no lock and no head, so that workers do it too."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files: dict[str, int] = {}

    def close(self) -> None:
        """Close the row files."""
        for descriptor in self._files.values():
            os.close(descriptor)
        self._files = {}

    def group(self, entry: GroupEntry) -> Group:
        """Return the rows of a group.

        Raises:
            MemoryLostError: they are missing or damaged.
        """
        return self.read(entry, _group_of)

    def read(self, entry: GroupEntry, decode: Callable[[bytes], Value]) -> Value:
        """Return what `decode` makes of the rows of a group, encoded as `Group` is; for who needs little of them.

        Raises:
            MemoryLostError: they are missing or damaged.
        """
        if entry.splices is None:
            return sealed.unpacked(self.raw_group(entry), decode)
        return sealed.decoded(self.packed(entry), decode)

    def inputs(self, entry: GroupEntry) -> list[Input]:
        """Return the inputs of a group; raises as `group`."""
        return self.read(entry, _inputs_of).inputs

    def packed(self, entry: GroupEntry) -> bytes:
        """Return the rows of a group, encoded as `Group` is.

        Raises:
            MemoryLostError: they are missing or damaged.
        """
        return spliced(self.written(entry), self.splices(entry))

    def written(self, entry: GroupEntry) -> bytes:
        """Return the rows of a group as they were written whole; raises as `packed`."""
        return sealed.unpacked(self.raw_group(entry), bytes)

    def splices(self, entry: GroupEntry) -> list[Splice]:
        """Return what they are others in since; raises as `packed`."""
        if (at := entry.splices) is None:
            return []
        return sealed.unpacked(self._read(f"rows-{at.file}", at.offset, at.length, at.check), _splices_of)

    def raw_group(self, entry: GroupEntry) -> bytes:
        """Return the stored bytes of a group as it was written whole, checked."""
        return self._read(f"rows-{entry.file}", entry.offset, entry.length, entry.check)

    def shares(self, entry: GroupEntry) -> dict[str, bytes]:
        """Return a group's share of each collection's aggregates.

        Raises:
            MemoryLostError: it is missing or damaged.
        """
        return sealed.unpacked(self.raw_shares(entry), _shares_of)

    def raw_shares(self, entry: GroupEntry) -> bytes:
        """Return the stored bytes of a group's shares, checked."""
        return self._read(f"rows-{entry.file}", entry.offset + entry.length, entry.shares, None)

    def names(self, entry: GroupEntry) -> Names:
        """Return the marks of a group's names.

        Raises:
            MemoryLostError: they are missing or damaged.
        """
        if not entry.keys and not entry.ids:
            return NO_NAMES
        blob = self._read(f"names-{entry.file}", entry.names_at, entry.keys + entry.ids, entry.names_check)
        return Names(blob[: entry.keys], blob[entry.keys :])

    def _read(self, name: str, offset: int, length: int, check: bytes | None) -> bytes:
        """Return a piece of a file; without `check` its checksum stands behind it."""
        try:
            if name not in self._files:
                self._files[name] = os.open(self.folder / name, os.O_RDONLY)
            blob = os.pread(self._files[name], length + (0 if check else _CHECK), offset)
        except OSError as error:
            raise MemoryLostError(str(error)) from error
        if xxhash.xxh3_64_digest(blob[:length]) != (check or blob[length:]):
            raise MemoryLostError(f"{name} is damaged")
        return blob[:length]
