"""Files that items depend on besides their records: what each holds now, asked of the disk as seldom as can be.

A file whose stat did not move is what it was; one that moved is hashed. Reads files, writes none.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import xxhash

from stacbuild.model import Stamp
from stacbuild.reading import ABSENT, digest_of
from stacbuild.stamped import FileMemory

SLACK_NS: Final = 20_000_000
"""A file that moved less than this before it was looked at may move again under the same stamp (kernel clock tick)."""

MARK_SIZE: Final = 8


class Looked:
    """The files that the memory knows, and those that a build gets to know. Paths are relative to the recipe."""

    def __init__(self, root: Path, known: dict[str, FileMemory]) -> None:
        self._root, self._began = root, time.time_ns()
        self._known = known
        self._now: dict[str, bytes] = {}
        self.restamped = False
        """A file was touched and holds what it held: the memory's stamp of it is to be renewed."""
        self.moved = frozenset(mark(path) for path, file in known.items() if self.digest(path) != file.digest)
        """Marks of the files that hold something else than an item was made from."""

    def digest(self, path: str) -> bytes:
        """Return the SHA-256 of what a file holds now; ABSENT if it cannot be read."""
        if path not in self._now:
            known, stamp = self._known.get(path), _stamp(self._root / path)
            if stamp is None and known is not None:
                self._now[path] = ABSENT
                self._known[path] = FileMemory(None, self._began, known.digest)
            elif known is None or known.stamp != stamp or _young(stamp, known.seen_ns):
                self._now[path] = self._read(path)
                self.restamped = self.restamped or known is not None
                self._known[path] = FileMemory(stamp, self._began, known.digest if known else self._now[path])
            else:
                self._now[path] = known.digest
        return self._now[path]

    def _read(self, path: str) -> bytes:
        try:
            return digest_of(self._root / path).sha256
        except OSError:
            return ABSENT

    def known(self) -> dict[str, FileMemory]:
        """Return the files that were looked at, with the digests that items were made from."""
        return self._known

    def memory(self, used: Iterable[tuple[str, bytes]]) -> dict[str, FileMemory]:
        """Return what is to be remembered: of files in use, with the digests that items were made from.

        A file that was looked at before this build began may be trusted by its stamp; one that moved since is asked
        again the next time.
        """
        found = {}
        for path, digest in used:
            known, now = self._known.get(path), self._now.get(path, digest)
            stamp, seen = (known.stamp, known.seen_ns) if known else (_stamp(self._root / path), self._began)
            found[path] = FileMemory(stamp, seen, digest) if now == digest else FileMemory(None, 0, digest)
        return found


def mark(path: str) -> bytes:
    """Return eight bytes that stand for a path."""
    return xxhash.xxh3_64_digest(path.encode())


def marks_in(packed: bytes) -> Iterable[bytes]:
    """Yield the marks that stand one behind the other."""
    return (packed[at : at + MARK_SIZE] for at in range(0, len(packed), MARK_SIZE))


def _stamp(path: Path) -> Stamp | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return Stamp(stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino)


def _young(stamp: Stamp | None, seen_ns: int) -> bool:
    return stamp is not None and max(stamp.mtime_ns, stamp.ctime_ns) + SLACK_NS >= seen_ns
