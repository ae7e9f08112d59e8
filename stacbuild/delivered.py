"""What an output holds, in columns: as many rows as there are files, so that they cost bytes and no objects. PURE."""

from __future__ import annotations

import struct
from bisect import bisect_left
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

STAMP: Final = struct.Struct("<QqqQ")
"""size, mtime_ns, ctime_ns, inode of a file."""

_AFTER_SLASH: Final = chr(ord("/") + 1)


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

    def find(self, path: str) -> int | None:
        """Return which file is at `path`; rows stand sorted."""
        number = bisect_left(self.paths, path)
        return number if number < len(self.paths) and self.paths[number] == path else None

    def below(self, folder: str) -> range:
        """Return which files are below `folder`, which ends in a slash."""
        return range(bisect_left(self.paths, folder), bisect_left(self.paths, f"{folder[:-1]}{_AFTER_SLASH}"))


class RowsDelivered:
    """Rows of delivered files as they come: 80 bytes a file and its path; of unmoved folders, which rows."""

    def __init__(self, before: Delivered) -> None:
        """Begin without any; `before` is what the output held."""
        self.paths: list[str] = []
        self.unmoved: list[range] = []
        """Rows of before that stay as they are, all those below some folders."""
        self._before = before
        self._packed = bytearray()

    @property
    def count(self) -> int:
        """How many files were noted."""
        return len(self.paths) + sum(map(len, self.unmoved))

    def add(self, path: str, stat: bytes, digest: bytes, want: bytes) -> None:
        """Note a file."""
        self.paths.append(path)
        self._packed += stat + digest + want

    def delivered(self) -> Delivered:
        """Return the rows in columns, sorted by path."""
        paths, stats, digests, wants = list[str](), bytearray(), bytearray(), bytearray()
        old, packed = self._before, self._packed
        for _, what in sorted(self._pieces(), key=lambda piece: piece[0]):
            if isinstance(what, range):
                start, end = what.start, what.stop
                paths += old.paths[start:end]
                stats += old.stats[start * 32 : end * 32]
                digests += old.digests[start * 32 : end * 32]
                wants += old.wants[start * 16 : end * 16]
            else:
                paths.append(self.paths[what])
                stats += packed[what * 80 : what * 80 + 32]
                digests += packed[what * 80 + 32 : what * 80 + 64]
                wants += packed[what * 80 + 64 : what * 80 + 80]
        return Delivered(paths, bytes(stats), bytes(digests), bytes(wants))

    def _pieces(self) -> Iterator[tuple[str, int | range]]:
        """Yield the path of each file, or of the first of a folder that stands, with where its row is, or its rows."""
        yield from ((path, number) for number, path in enumerate(self.paths))
        yield from ((self._before.paths[rows.start], rows) for rows in self.unmoved if rows)
