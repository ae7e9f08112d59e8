"""Files of outputs: what state each is in, and how one is put, replaced or taken away without half of it ever seen.

`state` is the one place that says whose a file is. Never decides what shall be written.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections.abc import Iterable
from enum import Enum
from pathlib import Path
from typing import Final, NamedTuple

import xxhash

from stacbuild.delivered import STAMP
from stacbuild.failures import Problem, SurroundingsError

ATTEMPT: Final = ".stacbuild-"
"""How the names of unfinished files begin: then the pid of who writes, then what it is to be."""


class State(Enum):
    """What a file is to us."""

    SAME = "same"
    MISSING = "missing"
    EDITED = "edited"
    UNFINISHED = "ours-unfinished"
    FOREIGN = "foreign"


class Seen(NamedTuple):
    """A file's state and its stat (32 bytes; zeros where there is no file)."""

    state: State
    stat: bytes


NO_STAT: Final = bytes(STAMP.size)


def stat_of(path: str) -> bytes | None:
    """Return (size, mtime_ns, ctime_ns, inode) of `path` packed, or None if no regular file is there."""
    try:
        found = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return packed(found)


def packed(found: os.stat_result) -> bytes:
    """Return (size, mtime_ns, ctime_ns, inode) packed."""
    return STAMP.pack(found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)


def state(path: str, digest: bytes | None, stat: bytes, *, ours: bool, racy: bool = False) -> Seen:
    """Return what the file at `path` is.

    Args:
        path: where it is.
        digest: SHA-256 of what was delivered there, or None if nothing was.
        stat: what stat said when it was delivered.
        ours: an unfinished build was about to write it.
        racy: it was delivered so shortly before its stat was taken that the stat proves nothing.
    """
    now = stat_of(path)
    if now is None:
        return Seen(State.MISSING, NO_STAT)
    if digest is not None:
        if now == stat and not racy:
            return Seen(State.SAME, now)
        if digest_of(path) == digest:
            return Seen(State.SAME, now)
        return Seen(State.UNFINISHED if ours else State.EDITED, now)
    return Seen(State.UNFINISHED if ours else State.FOREIGN, now)


def digest_of(path: str) -> bytes | None:
    """Return the SHA-256 of a regular file, or None if it is none or cannot be read."""
    try:
        if not os.path.isfile(path):  # noqa: PTH113  to open a pipe would wait for its writer
            return None
        with open(path, "rb") as stream:  # noqa: PTH123  by the hundred thousand
            return hashlib.file_digest(stream, "sha256").digest()
    except OSError:
        return None


class Attempt(NamedTuple):
    """A file written beside its place: where, its digest and size."""

    beside: str
    digest: bytes
    size: int


def beside(path: str, owner: int = 0) -> str:
    """Return where the file at `path` is written before it is put there, by process `owner` or this one."""
    return f"{path.rpartition('/')[0]}/{ATTEMPT}{owner or os.getpid()}-{xxhash.xxh3_64_hexdigest(path.encode())}"


def write_beside(path: str, pieces: Iterable[bytes], owner: int = 0) -> Attempt:
    """Write `pieces` beside `path`.

    Args:
        path: where the file is to be.
        pieces: what it holds.
        owner: the process that will put it there; 0: this one. When that is gone it may be swept.

    Raises:
        SurroundingsError: the disk refuses.
    """
    folder = path.rpartition("/")[0]
    place = beside(path, owner)
    hasher, size = hashlib.sha256(), 0
    try:
        descriptor = _create(folder, place)
        try:
            for piece in pieces:
                hasher.update(piece)
                size += len(piece)
                write_all(descriptor, piece)
        finally:
            os.close(descriptor)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.unlink(place)  # noqa: PTH108
        if isinstance(error, OSError):
            raise _refused(path, error) from error
        raise
    return Attempt(place, hasher.digest(), size)


def _create(folder: str, path: str) -> int:
    """Return a descriptor of the new file `path`; its folder is made if it is not there."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
    if folder not in _made:
        _make(folder)
    try:
        return os.open(path, flags, 0o666)
    except FileNotFoundError:  # somebody took the folder away again
        os.makedirs(folder, exist_ok=True)  # noqa: PTH103
        return os.open(path, flags, 0o666)


_made: set[str] = set()
"""Folders that are known to be there: the last few, since files come folder by folder."""


def _make(folder: str) -> None:
    if len(_made) > _MADE_AT_MOST:
        _made.clear()
    try:
        os.mkdir(folder)  # noqa: PTH102
    except FileExistsError:
        pass
    except FileNotFoundError:
        os.makedirs(folder, exist_ok=True)  # noqa: PTH103
    _made.add(folder)


_MADE_AT_MOST: Final = 1000


def write_all(descriptor: int, piece: bytes) -> None:
    """Write all of `piece`."""
    written = os.write(descriptor, piece)
    while written < len(piece):
        written += os.write(descriptor, memoryview(piece)[written:])


def put(attempt: Attempt, path: str) -> bytes:
    """Rename an attempt to its place and return its stat."""
    try:
        os.replace(attempt.beside, path)  # noqa: PTH105
    except OSError as error:
        drop(attempt)
        raise _refused(path, error) from error
    stat = stat_of(path)
    return NO_STAT if stat is None else stat


def drop(attempt: Attempt) -> None:
    """Remove an attempt that is not wanted."""
    with contextlib.suppress(OSError):
        os.unlink(attempt.beside)  # noqa: PTH108


def remove(path: str) -> bool:
    """Remove the file at `path` and tell whether one was there."""
    try:
        os.unlink(path)  # noqa: PTH108
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise _refused(path, error) from error
    return True


def remove_empty(folders: Iterable[Path], top: Path) -> None:
    """Remove folders below `top` that are empty, and those above them that become so; `top` itself too."""
    for folder in sorted(set(folders), key=lambda path: len(path.parts), reverse=True):
        here = folder
        while here.is_relative_to(top) and not here.is_symlink():
            try:
                here.rmdir()
            except OSError:
                break
            here = here.parent


def sweep_attempts(folders: Iterable[str]) -> None:
    """Remove unfinished files of processes that are gone."""
    for folder in sorted(set(folders)):
        with contextlib.suppress(OSError):
            for name in os.listdir(folder):  # noqa: PTH208
                if _ATTEMPT.fullmatch(name) and not _alive(name):
                    with contextlib.suppress(OSError):
                        os.unlink(f"{folder}/{name}")  # noqa: PTH108


def sweep_below(top: Path) -> None:
    """Remove unfinished files of processes that are gone, wherever below a folder: no memory says where they are."""
    sweep_attempts(str(folder) for folder in [top, *(path for path in top.rglob("*") if path.is_dir())])


_ATTEMPT: Final = re.compile(re.escape(ATTEMPT) + r"\d+-[0-9a-f]{16}")


def _alive(name: str) -> bool:
    owner = name[len(ATTEMPT) :].split("-", 1)[0]
    if int(owner) == os.getpid():
        return False
    try:
        os.kill(int(owner), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _refused(path: str, error: OSError) -> SurroundingsError:
    hints = {28: "the disk is full: free some space and build again", 13: "check the permissions of its folder"}
    hint = hints.get(error.errno or 0, "nothing was lost: mend it and build again")
    why = error.strerror or str(error)
    if (stop := _stop(path)) is not None:
        why, hint = f"{stop} is no folder", "nothing was lost: move it away, or choose another path, and build again"
    return SurroundingsError(Problem("SB602", f"cannot write {path}: {why}", hint=hint))


def _stop(path: str) -> str | None:
    """Return what stands on the way to `path` where a folder should: a file, a link that leads nowhere."""
    return next((str(here) for here in Path(path).parents if os.path.lexists(here) and not os.path.isdir(here)), None)  # noqa: PTH112
