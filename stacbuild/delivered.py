"""What an output holds, in columns: as many rows as there are files, so that they cost bytes and no objects. PURE."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Final

from msgspec import Struct

STAMP: Final = struct.Struct("<QqqQ")
"""size, mtime_ns, ctime_ns, inode of a file."""

NO_WANT: Final = bytes(16)
"""Of a file of which it is not known what it was made from."""


class Delivered(Struct, array_like=True):
    """Files of an output in columns: path, stat (32 bytes), SHA-256 (32), what it was made from (16)."""

    paths: list[str]
    stats: bytes
    digests: bytes
    wants: bytes

    def stamp(self, number: int) -> bytes:
        """Return size, mtime_ns, ctime_ns and inode of file `number`, packed."""
        return self.stats[number * 32 : number * 32 + 32]

    def stat(self, number: int) -> tuple[int, ...]:
        """Return (size, mtime_ns, ctime_ns, inode) of file `number`; all 0 where it is not known."""
        return STAMP.unpack_from(self.stats, number * STAMP.size)

    def digest(self, number: int) -> bytes:
        """Return the SHA-256 of the bytes that were delivered."""
        return self.digests[number * 32 : number * 32 + 32]

    def want(self, number: int) -> bytes:
        """Return the digest of what the file was made from; zeros where it is not known."""
        return self.wants[number * 16 : number * 16 + 16]

    def chosen(self, numbers: list[int]) -> Delivered:
        """Return some of the rows, in that order."""
        return Delivered(
            [self.paths[number] for number in numbers],
            b"".join([self.stamp(number) for number in numbers]),
            b"".join([self.digest(number) for number in numbers]),
            b"".join([self.want(number) for number in numbers]),
        )

    def renewed(self, rows: Iterable[tuple[int, bytes]]) -> Delivered:
        """Return the rows with some in the place of others: number, and stat, SHA-256 and what it was made from."""
        stats, digests, wants = bytearray(self.stats), bytearray(self.digests), bytearray(self.wants)
        for number, row in rows:
            stats[number * 32 : number * 32 + 32] = row[:32]
            digests[number * 32 : number * 32 + 32] = row[32:64]
            wants[number * 16 : number * 16 + 16] = row[64:]
        return Delivered(self.paths, bytes(stats), bytes(digests), bytes(wants))


def joined(some: list[Delivered]) -> Delivered:
    """Return the rows of all, one after the other."""
    return Delivered(
        [path for one in some for path in one.paths],
        b"".join([one.stats for one in some]),
        b"".join([one.digests for one in some]),
        b"".join([one.wants for one in some]),
    )


def placed(path: str) -> str:
    """Return what puts files in the order of folders, then names: those of one folder, or below one, lie side by side.

    A folder is a piece of what its files begin with here, and a NUL, which no path has, ends it.
    """
    folder, slash, name = path.rpartition("/")
    return f"{folder}{slash}\0{name}"
