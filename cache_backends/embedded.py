"""All entries in one SQLite file, `<path>/embedded/cache.db`, by diskcache; the default.

diskcache unpickles what it finds and follows file names that stand in its rows; the Disk here reads and writes
bytes in rows and nothing else. Never evicts, keeps no statistics. A file that is damaged or not ours is moved aside
and a new one is begun: it is a cache.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import diskcache
from diskcache.core import DEFAULT_SETTINGS, METADATA, MODE_RAW

from cache_backends.base import BackendError, Entry, check_name, is_name, refusing

_FOLDER: Final = "embedded"
_DAMAGED: Final = "damaged"
"""A file of this name in the folder says that damage was met in use; the next to open begins anew."""

_HELD: Final = 1 << 20
"""Bytes of a batch held before they are written: other writers wait only while they are."""

_TIMEOUT: Final = 60.0
_NORMAL, _FULL = 1, 2
"""PRAGMA synchronous with a write-ahead log. NORMAL: whole after loss of power, but the last commits may be gone.
FULL: a commit syncs the log, and with it all commits before."""

_SETTINGS: Final = DEFAULT_SETTINGS | {
    "eviction_policy": "none",
    "cull_limit": 0,
    "statistics": 0,
    "tag_index": 0,
    "sqlite_auto_vacuum": 2,  # incremental: freed pages are given back at close, not moved at each commit
    "sqlite_cache_size": 256,  # pages of 4 KiB: chunks are read once, the system caches the file
    "sqlite_mmap_size": 0,  # a mapped file that another process cuts short would kill this one
    "sqlite_synchronous": _NORMAL,
}
_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_ERRORS = (sqlite3.Error, diskcache.Timeout, OSError, OverflowError)
_OURS: Final = (
    f" AND raw = 1 AND mode = {MODE_RAW} AND filename IS NULL AND expire_time IS NULL"
    " AND typeof(value) = 'blob' AND typeof(store_time) = 'real'"
)
"""What a row of ours is."""

_FIND: Final = "SELECT 1 FROM Cache WHERE key = ?" + _OURS  # noqa: S608  constants only
_LIST: Final = (
    "SELECT CAST(key AS BLOB), length(value), store_time"  # noqa: S608  constants only
    " FROM Cache WHERE key >= CAST(? AS TEXT) AND key < ?" + _OURS + " ORDER BY key LIMIT ?"
)
_LISTED: Final = 1024
"""Names that are read at a time: who wants to know whether there is one need not wait for all."""


class _RowsOfBytes(diskcache.Disk):  # type: ignore[misc]  # diskcache has no types
    """Keys are text, values are bytes, both in the row: no pickle is read or written, no file opened or removed."""

    def put(self, key: str) -> tuple[str, bool]:
        return key, True

    def get(self, key: Any, raw: Any) -> Any:  # noqa: ARG002  diskcache's signature
        return key if isinstance(key, str) else ""

    def store(self, value: bytes, read: bool, key: Any = None) -> tuple[int, int, None, memoryview]:  # noqa: ARG002, FBT001
        return 0, MODE_RAW, None, memoryview(value)

    def fetch(self, mode: int, filename: str | None, value: Any, read: bool) -> bytes:  # noqa: ARG002, FBT001
        if mode != MODE_RAW or filename is not None or type(value) is not bytes:
            raise OSError("not a row of bytes")  # diskcache takes it as a miss
        return value

    def remove(self, file_path: str) -> None:
        """Remove nothing: no row of ours names a file, so a name in a row is somebody else's."""


class Embedded:
    """Entries as rows of one SQLite file below `path`.

    Raises:
        BackendError: the file cannot be made, opened or written.
    """

    lacks: frozenset[str] = frozenset()

    def __init__(self, path: Path, *, joined: bool = False) -> None:
        self._path, self._joined = path, joined
        self._cache = _open(path, joined=joined)
        self._pending: dict[str, bytes | None] = {}
        self._held = 0
        self._depth = 0
        self._deleted = False

    def get(self, name: str) -> bytes | None:
        """Return the bytes under `name`; None: there are none, or they cannot be read."""
        check_name(name)
        if name in self._pending:
            return self._pending[name]
        try:
            found = self._cache.get(name)
        except _ERRORS as error:
            self._note(error)
            return None
        return found if isinstance(found, bytes) else None

    def put(self, name: str, blob: bytes) -> None:
        """Keep `blob` under `name`."""
        check_name(name)
        self._change(name, bytes(blob))

    def has(self, name: str) -> bool:
        """Return whether `name` is there."""
        check_name(name)
        if name in self._pending:
            return self._pending[name] is not None
        try:
            return bool(self._rows(_FIND, name))
        except _ERRORS as error:
            self._note(error)
            return False

    def delete(self, name: str) -> None:
        """Remove `name`; nothing happens when it is absent."""
        check_name(name)
        self._change(name, None)

    def list(self, prefix: str = "") -> Iterator[Entry]:
        """Yield the entries whose name begins with `prefix`, by name."""
        self._settle(_NORMAL)
        first, more = prefix.encode(), True
        while more:
            rows = self._listed(first, prefix)
            for key, size, used in rows:
                name = key.decode(errors="replace")
                if is_name(name):  # a flipped bit may have made it something else
                    yield Entry(name, size, used)
            more = len(rows) == _LISTED and rows[-1][0] >= first  # a damaged order must not lead in a circle
            first = rows[-1][0] + b"\1" if more else b""

    def _listed(self, first: bytes, prefix: str) -> Sequence[Any]:
        """Return the next rows whose name begins with `prefix`, from the one called `first` on."""
        try:
            return self._rows(_LIST, first, prefix + "\x7f", _LISTED)
        except _ERRORS as error:
            self._note(error)
            raise self._refused(error) from error

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Return a context at whose end what was put inside is made durable."""
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            if not self._depth:
                self._settle(_FULL)

    def close(self) -> None:
        """Settle what waits, give freed pages back to the disk, close the file."""
        try:
            self._settle(_FULL)
        finally:
            with contextlib.suppress(*_ERRORS):
                self._give_back()
                self._cache.close()

    def _give_back(self) -> None:
        if self._deleted:
            self._cache._con.executescript("PRAGMA incremental_vacuum")  # noqa: SLF001  execute() stops after a page
            self._deleted = False

    def _rows(self, statement: str, *values: str | bytes | int) -> Sequence[Any]:
        return self._cache._sql(statement, values).fetchall()  # type: ignore[no-any-return]  # noqa: SLF001  it has no public listing with sizes

    def _change(self, name: str, blob: bytes | None) -> None:
        size = len(blob or b"")
        if self._held + size > _HELD:
            self._settle(_NORMAL)  # what is added below is still to come, and its commit syncs this one too
        self._pending[name] = blob
        self._held += size
        if not self._depth:
            self._settle(_FULL)

    def _settle(self, synchronous: int) -> None:
        if not self._pending:
            return
        pending, self._pending, self._held = self._pending, {}, 0
        try:
            try:
                self._write(pending, synchronous)
            except sqlite3.DatabaseError as error:
                if not self._note(error):
                    raise
                self._cache.close()
                self._cache = _open(self._path, joined=self._joined)
                self._write(pending, synchronous)
        except _ERRORS as error:
            raise self._refused(error) from error

    def _write(self, pending: dict[str, bytes | None], synchronous: int) -> None:
        self._rows(f"PRAGMA synchronous = {synchronous}")
        with self._cache.transact():
            for name, blob in pending.items():
                if blob is not None:
                    self._cache.set(name, blob)
                elif self._cache.delete(name):
                    self._deleted = True

    def _note(self, error: BaseException) -> bool:
        """Return whether `error` says that the file is damaged; if so leave word for the next to open it."""
        damaged: bool = getattr(error, "sqlite_errorcode", None) in _DAMAGE
        if damaged:
            with contextlib.suppress(OSError):
                (self._path / _FOLDER / _DAMAGED).touch()
        return damaged

    def _refused(self, error: BaseException) -> BackendError:
        return BackendError(f"{self._path / _FOLDER}: {_reason(error)}")


def _reason(error: BaseException) -> str:
    if isinstance(error, diskcache.Timeout):
        return f"locked by another process for {_TIMEOUT:.0f} s, or not writable"
    return getattr(error, "strerror", None) or str(error)


def _open(path: Path, *, joined: bool) -> diskcache.Cache:
    """Return the open cache; only one process opens at a time, so that only one moves a damaged file aside."""
    with refusing(path):
        path.mkdir(parents=True, exist_ok=True)
    folder = path.resolve() / _FOLDER
    if os.path.expandvars(folder) != str(folder):
        raise BackendError(f"{folder}: a path that holds the name of an environment variable ('$NAME') cannot be used")
    with _lock(path):
        if not joined and not _is_ours(folder):
            _move_aside(folder)
        return _new(folder)


def _new(folder: Path) -> diskcache.Cache:
    try:
        folder.mkdir(exist_ok=True)
        try:
            return diskcache.Cache(str(folder), timeout=_TIMEOUT, disk=_RowsOfBytes, **_SETTINGS)
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode not in _DAMAGE:
                raise
            _move_aside(folder)
            return diskcache.Cache(str(folder), timeout=_TIMEOUT, disk=_RowsOfBytes, **_SETTINGS)
    except _ERRORS as error:
        raise BackendError(f"{folder}: {_reason(error)}") from error


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    with refusing(path):
        descriptor = os.open(path / f"{_FOLDER}.lock", os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _is_ours(folder: Path) -> bool:
    """Return whether the file in `folder` is absent, or a whole cache with the rows and settings that we know."""
    file = folder / "cache.db"
    if (folder / _DAMAGED).exists():
        return False
    if not file.exists() or not file.stat().st_size:
        return True
    try:
        with contextlib.closing(sqlite3.connect(file, timeout=_TIMEOUT)) as connection:
            connection.execute("SELECT key, raw, store_time, expire_time, mode, filename, value FROM Cache LIMIT 1")
            settings = {key for (key,) in connection.execute("SELECT key FROM Settings")}
    except sqlite3.DatabaseError as error:
        return error.sqlite_errorcode not in _DAMAGE | {sqlite3.SQLITE_ERROR}
    known: set[str] = DEFAULT_SETTINGS.keys() | METADATA.keys()
    return settings <= known


def _move_aside(folder: Path) -> None:
    """Rename `folder` to `embedded.broken-<n>`; of those that were broken only the last is kept."""
    broken = {int(found.suffix[8:]): found for found in folder.parent.glob(f"{_FOLDER}.broken-*[0-9]")}
    with refusing(folder):
        folder.rename(folder.with_name(f"{_FOLDER}.broken-{max(broken, default=0) + 1}"))
    for found in broken.values():
        shutil.rmtree(found, ignore_errors=True)
