"""Files that a stage reads for an item: each is noted with its digest, so that the item depends on it; absence too.

Only local files, and only through here. Never writes.
"""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple
from urllib.parse import unquote, urlsplit

ABSENT: Final = b""
_PIECE: Final = 1 << 20


class FileDigest(NamedTuple):
    """What a file holds: SHA-256 and bytes."""

    sha256: bytes
    size: int


class Reader:
    """Reads for one item; `taken` says what was looked at: path → SHA-256, ABSENT for a file that was not there."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.taken: dict[str, bytes] = {}

    def noted(self) -> tuple[tuple[str, bytes], ...]:
        """Return what was looked at since the last call, in order of the paths."""
        if not self.taken:
            return ()
        found = tuple(sorted(self.taken.items()))
        self.taken = {}
        return found

    def is_local(self, href: str) -> bool:
        """Tell whether an href in the store's form is a file of this machine."""
        return href.startswith("file:///") or not _has_scheme(href)

    def open(self, href: str) -> BinaryIO:
        """Open a file; raises OSError."""
        self.digest(href)
        return self._path(href).open("rb")

    def exists(self, href: str) -> bool:
        """Tell whether a file is there and can be read."""
        try:
            self.digest(href)
        except OSError:
            return False
        return True

    def digest(self, href: str) -> FileDigest:
        """Return what a file holds; raises OSError."""
        path = self._path(href)
        name = os.path.relpath(path, self._root)
        try:
            found = digest_of(path)
        except OSError:
            self.taken[name] = ABSENT
            raise
        self.taken[name] = found.sha256
        return found

    def _path(self, href: str) -> Path:
        if not self.is_local(href):
            raise OSError(errno.EINVAL, "it is not a file of this machine")
        bare = href.removeprefix("file://") if href.startswith("file:///") else href
        path = unquote(urlsplit(bare).path)
        if "\0" in path:
            raise OSError(errno.EINVAL, "no file has such a name")
        return self._root / path


def _has_scheme(href: str) -> bool:
    head = href.partition(":")[0]
    return href.startswith("//") or (len(head) > 1 and ":" in href and head.replace("+", "").replace("-", "").isalnum())


def digest_of(path: Path) -> FileDigest:
    """Return SHA-256 and size of a file, read in pieces; raises OSError."""
    hasher, size = hashlib.sha256(), 0
    if path.exists() and not path.is_file():  # asked before: to open a pipe is to wait for who writes it
        raise OSError(errno.EINVAL, "it is not a regular file")
    with path.open("rb") as stream:
        while piece := stream.read(_PIECE):
            hasher.update(piece)
            size += len(piece)
    return FileDigest(hasher.digest(), size)
