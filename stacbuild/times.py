"""When contents were first seen: known of earlier builds, else the moment of this one. Reads no clock and no store.

What earlier builds saw comes as flat records, sorted, so that a worker gets it as it is; what is seen for the first
time is noted, for the parent to keep. The moment is one for a whole build, so that no order of work shows in it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from typing import Any, Final

from stacbuild import canon

_RECORD: Final = struct.Struct(">16sq")
_KEY: Final = 16
"""Bytes of a key that are held: of a SHA-256, more than enough to tell contents apart."""

Seen = tuple[bytes, int]
"""A key, and seconds since 1970."""


class Times:
    """Answers for one process. It goes to others with what is known: only the one that has the store reads it."""

    def __init__(
        self, now: int, *, fixed: bool = False, known: bytes | None = None, read: Callable[[], bytes] | None = None
    ) -> None:
        """Take the moment, whether it was given from outside, and the records of earlier builds or what reads them."""
        self.now, self.fixed = now, fixed
        self._known, self._read = known, read
        self._new: dict[bytes, int] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (self.now, self.fixed, self.known)

    @property
    def known(self) -> bytes:
        """The records of earlier builds."""
        if self._known is None:
            self._known = b"" if self._read is None else self._read()
        return self._known

    def seen(self, key: bytes) -> int | None:
        """Return when something was first seen; None: never before."""
        short = key[:_KEY]
        return self._new[short] if short in self._new else _find(self.known, short)

    def first(self, key: bytes, moment: int | None = None) -> int:
        """Return when something was first seen: now, or at `moment`, if never before."""
        found = self.seen(key)
        if found is None:
            found = self._new[key[:_KEY]] = self.now if moment is None else moment
        return found

    def noted(self) -> list[Seen]:
        """Return what was seen for the first time since the last call, to be kept."""
        found = sorted(self._new.items())
        self._new = {}
        return found


def _again(now: int, fixed: bool, known: bytes) -> Times:  # noqa: FBT001  what pickle calls
    return Times(now, fixed=fixed, known=known)


def packed(seen: Iterable[Seen]) -> bytes:
    """Return records, sorted; of one key the earliest."""
    earliest: dict[bytes, int] = {}
    for key, moment in seen:
        earliest[key[:_KEY]] = min(moment, earliest.get(key[:_KEY], moment))
    return b"".join(_RECORD.pack(key, moment) for key, moment in sorted(earliest.items()))


def unpacked(records: bytes) -> Iterable[Seen]:
    """Return what `packed` packed."""
    return _RECORD.iter_unpack(records)


def key_of(*parts: bytes) -> bytes:
    """Return the key of what the parts say."""
    return canon.digest(b"".join(struct.pack(">q", len(part)) + part for part in parts))


def _find(records: bytes, key: bytes) -> int | None:
    low, high = 0, len(records) // _RECORD.size
    while low < high:
        middle = (low + high) // 2
        start = middle * _RECORD.size
        held = records[start : start + _KEY]
        if held == key:
            moment: int = _RECORD.unpack_from(records, start)[1]
            return moment
        low, high = (middle + 1, high) if held < key else (low, middle)
    return None
