"""Records that were read while listing and will be worked on, in unnamed files, so that sources are read once.

A file for each process that lists, made by the first, which hands its descriptors to the others: each writes into its
own and reads from all. A file without a name is gone with the processes that have it, however they end. Never in the
store, never in memory.
"""

from __future__ import annotations

import os
import struct
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from msgspec import Struct

Span = tuple[int, int, int]
"""Where one record lies: in the file of which seat, from where on, how many bytes."""


class Spooled(Struct, array_like=True, frozen=True):
    """Where records lie, one after the other; `sizes` are 32-bit little-endian numbers, 0 where one was not read."""

    seat: int
    offset: int
    sizes: bytes

    def spans(self) -> list[Span]:
        """Return where each of them lies."""
        spans, offset = [], self.offset
        for (size,) in struct.iter_unpack("<I", self.sizes):
            spans.append((self.seat, offset, size))
            offset += size
        return spans


class Spool:
    """A spool as one process writes to it: at the end of the file of its seat."""

    def __init__(self, descriptors: Sequence[int], seat: int) -> None:
        self._file, self._seat = descriptors[seat], seat

    def put(self, records: list[bytes]) -> Spooled:
        """Write `records` and return where they are."""
        sizes = struct.pack(f"<{len(records)}I", *map(len, records))
        end = os.fstat(self._file).st_size
        _write(self._file, b"".join(records), end)
        return Spooled(self._seat, end, sizes)


def _write(descriptor: int, blob: bytes, offset: int) -> None:
    """Write all of `blob`: the system may take a part of it."""
    left = memoryview(blob)
    while left:
        written = os.pwrite(descriptor, left, offset)
        left, offset = left[written:], offset + written


def record_at(descriptors: Sequence[int], span: Span) -> bytes:
    """Return a record that some process wrote."""
    seat, offset, size = span
    return os.pread(descriptors[seat], size, offset)


class SpoolFiles:
    """The files of a spool in `folder`, one a seat; made when first asked for."""

    def __init__(self, folder: Path, seats: int) -> None:
        self._folder, self._seats = folder, seats
        self._streams: list[IO[bytes]] = []

    def descriptors(self) -> tuple[int, ...]:
        """Return the descriptors of the files, by seat."""
        if not self._streams:
            self._folder.mkdir(parents=True, exist_ok=True)
            for _ in range(self._seats):
                self._streams.append(tempfile.TemporaryFile(dir=self._folder))  # noqa: SIM115  as long as the spool
        return tuple(stream.fileno() for stream in self._streams)

    def close(self) -> None:
        """Let go of the files, and of their bytes, whoever else has them still."""
        for stream in self._streams:
            stream.truncate(0)
            stream.close()
        self._streams = []
