"""Checksums of a file, block by block: what is copied out of it later is what was written, to the last bit.

Taken while it is written, eight bytes a block. They guard against disks and races, not against people.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Final

import xxhash

BLOCK: Final = 1 << 18
"""Bytes: still in the processor's cache when they are hashed once more and written."""
_SUM: Final = 8


class DamagedError(Exception):
    """A block is not as it was written, or cannot be read."""


def summed(pieces: Iterator[bytes], sums: bytearray) -> Iterator[bytes]:
    """Yield the pieces of a file as they are; when they end, `sums` has the checksum of each block."""
    hasher, room = xxhash.xxh3_64(), BLOCK
    for piece in pieces:
        rest = memoryview(piece)
        while len(rest) >= room:
            hasher.update(rest[:room])
            sums += hasher.digest()
            hasher.reset()
            rest, room = rest[room:], BLOCK
        hasher.update(rest)
        room -= len(rest)
        yield piece
    if room < BLOCK:
        sums += hasher.digest()


class Blocks:
    """The file of a descriptor, whose blocks have these checksums; the last one read is held."""

    def __init__(self, descriptor: int, sums: bytes) -> None:
        self._descriptor, self._sums = descriptor, sums
        self._held = (-1, b"")

    def read(self, begin: int, end: int) -> Iterator[bytes]:
        """Yield what stands between two places, in pieces.

        Raises:
            DamagedError: it is not as it was written.
        """
        while begin < end:
            number, start = divmod(begin, BLOCK)
            piece = self._block(number)[start : start + end - begin]
            if not piece:
                raise DamagedError(begin)
            begin += len(piece)
            yield piece

    def _block(self, number: int) -> bytes:
        if self._held[0] != number:
            try:
                block = os.pread(self._descriptor, BLOCK, number * BLOCK)
            except OSError as error:
                raise DamagedError(number) from error
            if xxhash.xxh3_64_digest(block) != self._sums[number * _SUM : (number + 1) * _SUM]:
                raise DamagedError(number)
            self._held = (number, block)
        return self._held[1]
