"""A file an entry: `<path>/cas/ab/<name>`; good for looking at, for rsync, and for shared folders.

Files are written to `.stacbuild-<pid>-…` in `<path>`, synced and renamed, so that an entry is whole or absent after
kill -9 and after loss of power. Never follows a symbolic link, never removes what it did not write.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import platform
import re
import secrets
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from cache_backends.base import BackendError, Entry, check_name, is_name, refusing

_HOST = hashlib.sha256(platform.node().encode()).hexdigest()[:8]
_TEMPORARY = re.compile(r"\.stacbuild-(\d+)-([0-9a-f]{8})-([0-9a-f]{8})-\d+")
_STALE_AFTER = 86_400.0
"""Seconds after which a temporary file of another machine, or of a process that has the same number, is dead."""

_HELD_FILES: Final = 256
"""Files of a batch that wait for their sync and rename; more are settled at once."""

_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
_NO_WAIT = getattr(os, "O_NONBLOCK", 0)
"""A pipe that somebody left there is not waited for."""

_TOKENS: set[str] = set()
"""What this process writes under: a temporary file with its number but another token is of a dead namesake."""


class Filesystem:
    """Entries as files below `path`.

    Raises:
        BackendError: `path` is not a folder, or cannot be made.
    """

    lacks: frozenset[str] = frozenset()

    def __init__(self, path: Path) -> None:
        with refusing(path):
            path.mkdir(parents=True, exist_ok=True)
            _remove_leftovers(path)
        self._path = path
        self._token = secrets.token_hex(4)
        _TOKENS.add(self._token)
        self._numbers = itertools.count()
        self._waiting: dict[str, Path] = {}
        self._depth = 0

    def get(self, name: str) -> bytes | None:
        """Return the bytes under `name`; None: there are none, or they cannot be read."""
        file = self._waiting.get(name) or self._file(name)
        try:
            with os.fdopen(os.open(file, os.O_RDONLY | _NO_FOLLOW | _NO_WAIT), "rb") as reader:
                return reader.read() if self._is_entry(file, os.fstat(reader.fileno())) else None
        except OSError:
            return None

    def put(self, name: str, blob: bytes) -> None:
        """Keep `blob` under `name`."""
        check_name(name)
        beside = self._path / f".stacbuild-{os.getpid()}-{_HOST}-{self._token}-{next(self._numbers)}"
        with refusing(self._path):
            _write(beside, blob)
        self._forget(name)
        self._waiting[name] = beside
        if not self._depth or len(self._waiting) >= _HELD_FILES:
            self._settle()

    def has(self, name: str) -> bool:
        """Return whether `name` is there."""
        if name in self._waiting:
            return True
        file = self._file(name)
        try:
            return self._is_entry(file, file.lstat())
        except OSError:
            return False

    def delete(self, name: str) -> None:
        """Remove `name`; nothing happens when it is absent."""
        file = self._file(name)
        self._forget(name)
        if _is_plain(file.parent, self._path):
            with refusing(file), contextlib.suppress(FileNotFoundError):
                file.unlink()

    def list(self, prefix: str = "") -> Iterator[Entry]:
        """Yield the entries whose name begins with `prefix`, by name."""
        self._settle()
        for kind in _folders(self._path):
            if not _may_begin(f"{kind.name}/", prefix):
                continue
            for folder in _folders(Path(kind.path)):
                if _may_begin(f"{kind.name}/{folder.name}", prefix):
                    yield from _entries(kind.name, folder, prefix)

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Return a context at whose end what was put inside is made durable."""
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            if not self._depth:
                self._settle()

    def close(self) -> None:
        """Settle what waits."""
        self._settle()
        _TOKENS.discard(self._token)

    def _file(self, name: str) -> Path:
        check_name(name)
        kind, _, rest = name.partition("/")
        return self._path / kind / rest[:2] / rest

    def _is_entry(self, file: Path, found: os.stat_result) -> bool:
        return stat.S_ISREG(found.st_mode) and _is_plain(file.parent, self._path)

    def _forget(self, name: str) -> None:
        waiting = self._waiting.pop(name, None)
        if waiting is not None:
            waiting.unlink(missing_ok=True)

    def _settle(self) -> None:
        """Sync what waits, rename it into place, sync the folders: an entry is seen only when its bytes are safe."""
        waiting, self._waiting = self._waiting, {}
        try:
            self._place(waiting)
        except BaseException:
            for beside in waiting.values():
                beside.unlink(missing_ok=True)
            raise

    def _place(self, waiting: dict[str, Path]) -> None:
        folders: set[Path] = set()
        for beside in waiting.values():
            _sync(beside)
        for name, beside in waiting.items():
            file = self._file(name)
            self._make(file.parent, folders)
            with refusing(file):
                beside.replace(file)
            folders.add(file.parent)
        for folder in folders:
            _sync(folder)

    def _make(self, folder: Path, made: set[Path]) -> None:
        """Make `folder` and its parent; what holds a new folder has to be synced too."""
        for level in (folder.parent, folder):
            with refusing(level), contextlib.suppress(FileExistsError):
                level.mkdir()
                made.add(level.parent)
        if not _is_plain(folder, self._path):
            raise BackendError(f"{folder}: not a folder, or reached through a symbolic link; nothing is written there")


def _write(file: Path, blob: bytes) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_FOLLOW, 0o666)
    try:
        with os.fdopen(descriptor, "wb") as writer:
            writer.write(blob)
    except BaseException:
        file.unlink(missing_ok=True)
        raise


def _sync(path: Path) -> None:
    with refusing(path):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _is_plain(folder: Path, root: Path) -> bool:
    """Return whether `folder` and what is between it and `root` are folders and no links."""
    while folder != root:
        try:
            if not stat.S_ISDIR(folder.lstat().st_mode):
                return False
        except OSError:
            return False
        folder = folder.parent
    return True


def _may_begin(name: str, prefix: str) -> bool:
    return name.startswith(prefix) or prefix.startswith(name)


def _folders(path: Path) -> list[os.DirEntry[str]]:
    found = (entry for entry in _scan(path) if not entry.name.startswith(".") and entry.is_dir(follow_symlinks=False))
    return sorted(found, key=lambda entry: entry.name)


def _scan(path: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(path) as entries:
            return list(entries)
    except OSError:
        return []


def _entries(kind: str, folder: os.DirEntry[str], prefix: str) -> Iterator[Entry]:
    for file in sorted(_scan(Path(folder.path)), key=lambda entry: entry.name):
        name = f"{kind}/{file.name}"
        if name.startswith(prefix) and file.name[:2] == folder.name:
            with contextlib.suppress(OSError):  # removed since it was listed
                found = file.stat(follow_symlinks=False)
                if stat.S_ISREG(found.st_mode) and is_name(name):
                    yield Entry(name, found.st_size, found.st_mtime)


def _remove_leftovers(path: Path) -> None:
    for entry in _scan(path):
        match = _TEMPORARY.fullmatch(entry.name)
        if match and entry.is_file(follow_symlinks=False) and _is_dead(entry, *match.groups()):
            with contextlib.suppress(OSError):
                os.unlink(entry.path)  # noqa: PTH108  an entry has a path, not a Path


def _is_dead(entry: os.DirEntry[str], pid: str, host: str, token: str) -> bool:
    if host == _HOST and not _lives(int(pid)):
        return True
    if host == _HOST and int(pid) == os.getpid():
        return token not in _TOKENS
    return time.time() - entry.stat(follow_symlinks=False).st_mtime > _STALE_AFTER


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
