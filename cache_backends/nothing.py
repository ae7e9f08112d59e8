"""A cache that holds nothing: for looking at what a build would do where no store is yet, without making one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext

from cache_backends.base import BackendError, Entry


class Nothing:
    """Every question is a miss; what is put is refused, since whoever opened it promised to read only."""

    lacks: frozenset[str] = frozenset({"put"})

    def get(self, name: str) -> bytes | None:
        """Return None."""
        del name
        return None

    def put(self, name: str, blob: bytes) -> None:
        """Refuse."""
        del blob
        raise BackendError(f"{name}: this store is only looked at")

    def has(self, name: str) -> bool:
        """Return False."""
        del name
        return False

    def delete(self, name: str) -> None:
        """Do nothing: it is absent."""
        del name

    def list(self, prefix: str = "") -> Iterator[Entry]:
        """Yield nothing."""
        del prefix
        return iter(())

    def batch(self) -> AbstractContextManager[None]:
        """Return a context that does nothing."""
        return nullcontext()

    def close(self) -> None:
        """Do nothing."""
