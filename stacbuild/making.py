"""Makes a file of an output beside its place. Parts that did not change are copied from the file that stands there.

What is copied is as it was delivered: the file's stat is looked at before the first byte is read and after the last,
and a file that moved meanwhile gives nothing: all of the new one is made. Never puts a file to its place.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Final, Self

from msgspec import Struct

from stacbuild import files
from stacbuild.model import LeftOut
from stacbuild.outputs.base import Output, View, Wanted
from stacbuild.parts import Former, Part, Parts, in_columns
from stacbuild.sources.stamps import SLACK_NS

PIECE_BYTES: Final = 1 << 18
"""Bytes that are copied together: they are still in the processor's cache when they are hashed and written."""


class MovedError(Exception):
    """A file that parts are copied from is not as it was."""


class Made(Struct):
    """A file that stands beside its place."""

    attempt: files.Attempt
    left: list[LeftOut]
    """The items that it cannot hold."""
    parts: Parts
    copied: int = 0
    """Bytes of it that were copied."""


def make(output: Output, view: View, wanted: Wanted, former: Former | None = None, owner: int = 0) -> Made:
    """Make a file beside its place.

    Args:
        output: whose file it is.
        view: what it is made from.
        wanted: the file.
        former: what stands at its place; None: nothing, or nothing is to be copied.
        owner: the process that will put it there; 0: this one.

    Raises:
        SurroundingsError: the disk refuses.
    """
    path = f"{output.base}/{wanted.path}"
    if former is not None:
        try:
            with _Standing(path, former) as standing:
                attempt = files.write_beside(path, _sure(standing, output.content(view, wanted, standing)), owner)
                return Made(attempt, view.left_out(), in_columns(standing.noted), standing.copied)
        except MovedError:
            view.left_out()
    nothing = _Nothing()
    attempt = files.write_beside(path, output.content(view, wanted, nothing), owner)
    return Made(attempt, view.left_out(), in_columns(nothing.noted))


def _sure(standing: _Standing, pieces: Iterator[bytes]) -> Iterator[bytes]:
    yield from pieces
    standing.check()


class _Nothing:
    """No file stands there that anything may be copied from."""

    def __init__(self) -> None:
        self.noted: list[Part] = []
        self.note: Callable[[Part], None] = self.noted.append

    def find(self, mark: bytes) -> Part | None:
        """Return None."""
        del mark
        return None

    def copy(self, part: Part) -> Iterator[bytes]:
        """Raise: there is nothing that it could have found."""
        raise MovedError(part)


class _Standing(_Nothing):
    """The file that stands at `path`, open while it is entered."""

    def __init__(self, path: str, former: Former) -> None:
        super().__init__()
        self._path, self._stat, self._descriptor = path, former.stat, -1
        self._parts = {part.mark: part for part in former.parts}
        self.copied = 0

    def find(self, mark: bytes) -> Part | None:
        """Return the part of it with a mark."""
        return self._parts.get(mark)

    def copy(self, part: Part) -> Iterator[bytes]:
        """Yield the bytes of a part."""
        at, end = part.offset, part.offset + part.size
        self.copied += part.size
        while at < end:
            piece = os.pread(self._descriptor, min(PIECE_BYTES, end - at), at)
            if not piece:
                raise MovedError(self._path)
            at += len(piece)
            yield piece

    def check(self) -> None:
        """Raise MovedError if the file is not as it was delivered, or so new that its stat proves nothing."""
        now = os.fstat(self._descriptor)
        if not stat.S_ISREG(now.st_mode) or files.packed(now) != self._stat:
            raise MovedError(self._path)
        if max(now.st_mtime_ns, now.st_ctime_ns) + SLACK_NS >= time.time_ns():
            raise MovedError(self._path)

    def __enter__(self) -> Self:
        """Open the file."""
        try:
            self._descriptor = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError as error:
            raise MovedError(self._path) from error
        try:
            self.check()
        except BaseException:
            os.close(self._descriptor)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        os.close(self._descriptor)
