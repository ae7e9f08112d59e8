"""What an output holds, in columns: as many rows as there are files, so that they cost bytes and no objects. PURE."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

STAMP: Final = struct.Struct("<QqqQ")
"""size, mtime_ns, ctime_ns, inode of a file."""


class Delivered(Struct, array_like=True):
    """The files of an output in columns: path, stat (32 bytes), SHA-256 (32), what it was made from (16)."""

    paths: list[str]
    stats: bytes
    digests: bytes
    wants: bytes

    def rows(self) -> Iterator[tuple[str, tuple[int, ...], bytes, bytes]]:
        """Yield path, stat, digest, want of each file."""
        for number, path in enumerate(self.paths):
            yield path, self.stat(number), self.digest(number), self.want(number)

    def stat(self, number: int) -> tuple[int, ...]:
        """Return (size, mtime_ns, ctime_ns, inode) of file `number`; all 0 where it is not known."""
        return STAMP.unpack_from(self.stats, number * STAMP.size)

    def digest(self, number: int) -> bytes:
        """Return the SHA-256 of the bytes that were delivered."""
        return self.digests[number * 32 : number * 32 + 32]

    def want(self, number: int) -> bytes:
        """Return the digest of what the file was made from; zeros where it is not known."""
        return self.wants[number * 16 : number * 16 + 16]


class RowsDelivered:
    """Rows of delivered files as they come: 80 bytes a file and its path."""

    def __init__(self) -> None:
        """Begin without any."""
        self.paths: list[str] = []
        self._packed = bytearray()

    def add(self, path: str, stat: bytes, digest: bytes, want: bytes) -> None:
        """Note a file."""
        self.paths.append(path)
        self._packed += stat + digest + want

    def delivered(self) -> Delivered:
        """Return the rows in columns, sorted by path."""
        order = sorted(range(len(self.paths)), key=self.paths.__getitem__)
        columns = [self._column(order, start, end) for start, end in ((0, 32), (32, 64), (64, 80))]
        return Delivered([self.paths[n] for n in order], *columns)

    def _column(self, order: list[int], start: int, end: int) -> bytes:
        column = bytearray()
        for number in order:
            column += self._packed[number * 80 + start : number * 80 + end]
        return bytes(column)
