"""Records that were read while listing and will be worked on, in an unnamed file, so that sources are read once.

The file has no name: it is gone with the process, however that ends. Never in the store, never in memory.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import IO

import msgspec

_pack = msgspec.msgpack.Encoder().encode
_blobs_of = msgspec.msgpack.Decoder(list[bytes]).decode


class Spool:
    """A spool in `folder`; made when something is put."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stream: IO[bytes] | None = None
        self._size = 0

    def put(self, blobs: list[bytes]) -> tuple[int, int]:
        """Write `blobs` and return where they are."""
        if self._stream is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._stream = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115  lives as long as the spool
        packed = _pack(blobs)
        self._stream.write(packed)
        self._size += len(packed)
        return self._size - len(packed), len(packed)

    def get(self, place: tuple[int, int]) -> list[bytes]:
        """Return what `put` wrote at `place`."""
        assert self._stream is not None
        self._stream.flush()
        offset, length = place
        return _blobs_of(os.pread(self._stream.fileno(), length, offset))

    def close(self) -> None:
        """Let go of the file."""
        if self._stream is not None:
            self._stream.close()
            self._stream, self._size = None, 0
