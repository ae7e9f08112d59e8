"""Makes a file of an output beside its place. Parts that did not change are copied from the file that stands there.

What is copied is as it was delivered: the file's stat is looked at before the first byte is read and after the last,
and what is read has its checksums. A file that moved or is damaged gives nothing: all of the new one is made. Never
puts a file to its place.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from msgspec import Struct

from stacbuild import files
from stacbuild.checksums import DamagedError, Slices, summed
from stacbuild.model import LeftOut
from stacbuild.outputs.base import InShares, Output, Share, Standing, View, Wanted
from stacbuild.parts import NO_PARTS, Former, Part, Parts, Shared, in_columns
from stacbuild.sources.stamps import SLACK_NS


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


def make(
    output: Output,
    view: View,
    wanted: Wanted,
    former: Former | None = None,
    shares: Sequence[Shared] = (),
    owner: int = 0,
) -> Made:
    """Make a file beside its place.

    Args:
        output: whose file it is.
        view: what it is made from.
        wanted: the file.
        former: what stands at its place; None: nothing, or nothing is to be copied.
        shares: those of it that were made.
        owner: the process that will put it there; 0: this one.

    Raises:
        SurroundingsError: the disk refuses.
    """
    path = f"{output.base}/{wanted.path}"
    if not wanted.many:
        return Made(files.write_beside(path, output.content(view, wanted), owner), view.left_out(), NO_PARTS)
    standing = [_Standing(path, former)] if former is not None else []
    sources = [*(_Source(share.path, share.parts) for share in shares), *standing]
    return _made(path, lambda found: output.content(view, wanted, found), view, sources, owner)


def make_share(
    output: InShares,
    view: View,
    place: tuple[str, Wanted],
    share: Share,
    former: Former | None,
    shares: Sequence[Shared],
    owner: int,
) -> Made:
    """Make a share of a file beside its place.

    Args:
        output: whose file it is.
        view: what it is made from.
        place: where the file is to be, and which it is.
        share: which.
        former: what stands at the file's place.
        shares: what others made of it already.
        owner: the process that will let it go.

    Raises:
        SurroundingsError: the disk refuses.
    """
    path, wanted = place
    standing = [_Standing(path, former)] if former is not None else []
    sources = [*(_Source(one.path, one.parts) for one in shares), *standing]
    return _made(share_path(path, share), lambda f: output.share(view, wanted, share, f), view, sources, owner)


def share_path(path: str, share: Share) -> str:
    """Return what a share is named after: a path that nothing has, in the folder of the file."""
    return f"{path}#{share.number}{'+' if share.again else ''}"


def _made(
    path: str, content: Callable[[Standing], Iterator[bytes]], view: View, sources: Sequence[_Source], owner: int
) -> Made:
    try:
        return _made_of(path, content, view, sources, owner)
    except (MovedError, DamagedError):
        view.left_out()
    return _made_of(path, content, view, (), owner)


def _made_of(
    path: str, content: Callable[[Standing], Iterator[bytes]], view: View, sources: Sequence[_Source], owner: int
) -> Made:
    sums = bytearray()
    with _Sources(sources) as found:
        attempt = files.write_beside(path, summed(_sure(found, content(found)), sums), owner)
        return Made(attempt, view.left_out(), in_columns(found.noted, bytes(sums)), found.copied)


def _sure(found: _Sources, pieces: Iterator[bytes]) -> Iterator[bytes]:
    yield from pieces
    found.check()


class _Sources:
    """Files that parts may be copied from, open while this is entered; of equal parts that of the first is taken."""

    def __init__(self, sources: Sequence[_Source]) -> None:
        self._sources, self._stack = sources, ExitStack()
        self._holders = {part.mark: (part, one) for one in reversed(sources) for part in one.parts}
        self.noted: list[Part] = []
        self.note: Callable[[Part], None] = self.noted.append
        self.copied = 0

    def find(self, mark: bytes) -> Part | None:
        """Return the part with a mark."""
        found = self._holders.get(mark)
        return None if found is None else found[0]

    def copy(self, part: Part) -> Iterator[bytes]:
        """Yield the bytes of a part."""
        self.copied += part.size
        return self._holders[part.mark][1].copy(part)

    def check(self) -> None:
        """Raise MovedError if one of them is not as it was."""
        for one in self._sources:
            one.check()

    def __enter__(self) -> Self:
        """Open them."""
        with ExitStack() as stack:
            for one in self._sources:
                stack.enter_context(one)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close them."""
        self._stack.close()


class _Source:
    """A file at `path` that nobody else writes to, open while it is entered."""

    def __init__(self, path: str, parts: Parts) -> None:
        self._path, self._descriptor, self.parts = path, -1, parts
        self._slices = Slices(-1, b"")

    def copy(self, part: Part) -> Iterator[bytes]:
        """Yield the bytes of a part."""
        return self._slices.read(part.offset, part.offset + part.size)

    def check(self) -> None:
        """Take it as it is."""

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
        self._slices = Slices(self._descriptor, self.parts.sums)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        os.close(self._descriptor)


class _Standing(_Source):
    """The file that stands in the place of the one that is made."""

    def __init__(self, path: str, former: Former) -> None:
        super().__init__(path, former.parts)
        self._stat = former.stat

    def check(self) -> None:
        """Raise MovedError if the file is not as it was delivered, or so new that its stat proves nothing."""
        now = os.fstat(self._descriptor)
        if not stat.S_ISREG(now.st_mode) or files.packed(now) != self._stat:
            raise MovedError(self._path)
        if max(now.st_mtime_ns, now.st_ctime_ns) + SLACK_NS >= time.time_ns():
            raise MovedError(self._path)
