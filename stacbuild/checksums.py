"""Checksums of a file, slice by slice: what is copied out of it later is what was written, to the last bit.

Taken while it is written, eight bytes a slice. They guard against disks and races, not against people.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import xxhash

SLICE: Final = 1 << 18
"""Bytes: still in the processor's cache when they are hashed once more and written."""
_SUM: Final = 8


class DamagedError(Exception):
    """A slice is not as it was written, or cannot be read."""


def summed(pieces: Iterator[bytes], sums: bytearray) -> Iterator[bytes]:
    """Yield the pieces of a file as they are; when they end, `sums` has the checksum of each slice."""
    hasher, room = xxhash.xxh3_64(), SLICE
    for piece in pieces:
        rest = memoryview(piece)
        while len(rest) >= room:
            hasher.update(rest[:room])
            sums += hasher.digest()
            hasher.reset()
            rest, room = rest[room:], SLICE
        hasher.update(rest)
        room -= len(rest)
        yield piece
    if room < SLICE:
        sums += hasher.digest()


class Slices:
    """The file of a descriptor, whose slices have these checksums; the last one read is held."""

    def __init__(self, descriptor: int, sums: bytes) -> None:
        self._descriptor, self._sums = descriptor, sums
        self._held = (-1, b"")

    def read(self, begin: int, end: int) -> Iterator[bytes]:
        """Yield what stands between two places, in pieces.

        Raises:
            DamagedError: it is not as it was written.
        """
        while begin < end:
            number, start = divmod(begin, SLICE)
            piece = self._slice(number)[start : start + end - begin]
            if not piece:
                raise DamagedError(begin)
            begin += len(piece)
            yield piece

    def _slice(self, number: int) -> bytes:
        if self._held[0] != number:
            try:
                blob = os.pread(self._descriptor, SLICE, number * SLICE)
            except OSError as error:
                raise DamagedError(number) from error
            if xxhash.xxh3_64_digest(blob) != self._sums[number * _SUM : (number + 1) * _SUM]:
                raise DamagedError(number)
            self._held = (number, blob)
        return self._held[1]


def read_as_written(file: Path, digest: bytes) -> bytes | None:
    """Return the bytes of a file, or None if they have another SHA-256 than when they were written."""
    try:
        blob = file.read_bytes()
    except OSError:
        return None
    return blob if hashlib.sha256(blob).digest() == digest else None
