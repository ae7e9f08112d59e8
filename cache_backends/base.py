"""What a backend is: bytes under names, five verbs, one error.

A backend keeps what it is given and gives it back, or gives nothing: damaged entries are misses. It never looks
into the bytes (who puts may check digests), never unpickles, never evicts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple, Protocol

_NAME = re.compile(r"[a-z0-9]{1,32}/(?!\.)[A-Za-z0-9._-]{1,200}")


class Entry(NamedTuple):
    """One entry of a listing: its name, its size in bytes, and when it was last put, in seconds since the epoch."""

    name: str
    size: int
    used: float


class BackendError(Exception):
    """The surroundings refuse (disk full, permission, another process holds the lock); the text names the path."""


class Backend(Protocol):
    """Bytes under names. One handle belongs to one thread; several processes may open the same path.

    `put` outside of a batch is durable when it returns. `BackendError` may be raised by everything but `get`, `has`.
    """

    lacks: frozenset[str]
    """Verbs or qualities that it does not have, e.g. `{"list"}`; empty: it has all."""

    def get(self, name: str) -> bytes | None:
        """Return the bytes under `name`; None: there are none, or they cannot be read."""

    def put(self, name: str, blob: bytes) -> None:
        """Keep `blob` under `name`; what was there is replaced, whole or not at all."""

    def has(self, name: str) -> bool:
        """Return whether `name` is there; its bytes are not read."""

    def delete(self, name: str) -> None:
        """Remove `name`; nothing happens when it is absent."""

    def list(self, prefix: str = "") -> Iterator[Entry]:
        """Yield the entries whose name begins with `prefix`, by name; what changes meanwhile may be in it or not."""

    def batch(self) -> AbstractContextManager[None]:
        """Return a context: what is put or deleted inside is made durable together at its end, with one sync.

        Inside, this handle sees its own puts; other processes may see them earlier than the end. A killed batch
        leaves some of its entries, each of them whole. After a BackendError, entries of the batch may be missing.
        """

    def close(self) -> None:
        """Let go of files and connections; a second call does nothing."""


def open_backend(kind: str, path: Path, *, joined: bool = False) -> Backend:
    """Return the backend of `kind` ("embedded" or "filesystem") in the folder `path`, which is made if absent.

    Args:
        kind: which.
        path: the folder.
        joined: a process that waits for this one has it open: what is damaged is not moved away under it.

    Raises:
        ValueError: there is no such kind.
        BackendError: the folder cannot be used.
    """
    match kind:
        case "embedded":
            from cache_backends.embedded import Embedded  # noqa: PLC0415  diskcache is loaded where it is used

            return Embedded(path, joined=joined)
        case "filesystem":
            from cache_backends.filesystem import Filesystem  # noqa: PLC0415  the same manners for both

            return Filesystem(path)
        case _:
            raise ValueError(f"there is no cache backend {kind!r}; there are embedded, filesystem")


def check_name(name: str) -> None:
    """Raise ValueError unless `name` is `<kind>/<name>`: ASCII, no dot at the start, at most 200 characters."""
    if not is_name(name):
        raise ValueError(f"not a name of a cache entry: {name!r}")


def is_name(name: str) -> bool:
    """Return whether `check_name` accepts `name`."""
    return _NAME.fullmatch(name) is not None


@contextmanager
def refusing(path: Path) -> Iterator[None]:
    """Turn an OSError inside into a BackendError that names `path`."""
    try:
        yield
    except OSError as error:
        raise BackendError(f"{path}: {error.strerror or error}") from error
