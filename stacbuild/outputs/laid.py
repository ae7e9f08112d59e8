"""Lines laid down in the order in which they come and taken up in any other, in an unnamed file: they are never held.

The file is gone with the process, however that ends. Written in large pieces: a call a line would cost more than the
bytes.
"""

from __future__ import annotations

import os
import tempfile
from array import array
from pathlib import Path
from types import TracebackType
from typing import Final, Self

_HELD: Final = 1 << 20


class Laid:
    """Room for `count` lines, each with a number below it; a file in `folder` while it is entered."""

    def __init__(self, folder: Path, count: int) -> None:
        self._stream = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115  lives as long as this
        self._descriptor = self._stream.fileno()
        self._offsets, self.sizes = array("Q", bytes(8 * count)), array("Q", bytes(8 * count))
        self._held: list[bytes] = []
        self._end = self._written = 0

    def put(self, number: int, line: bytes) -> None:
        """Lay down the line of `number`."""
        size = len(line)
        self._offsets[number], self.sizes[number] = self._end, size
        self._end += size
        self._held.append(line)
        if self._end - self._written > _HELD:
            self.settle()

    def settle(self) -> None:
        """Write what is held; to be called after the last `put`."""
        rest = memoryview(b"".join(self._held))
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]
        self._held, self._written = [], self._end

    def get(self, number: int) -> bytes:
        """Return the line of `number`."""
        return os.pread(self._descriptor, self.sizes[number], self._offsets[number])

    def __enter__(self) -> Self:
        """Return it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of the file."""
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._stream.close()
