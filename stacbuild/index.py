"""Which segment of the store may have a result: flat and sorted, eight bytes a result. PURE.

A run is the names of some segments and, sorted, a number for each key and input in them: forty bits of its digest, then
which segment it is. Runs are made once and asked by bisection; nothing is taken out of them, since a segment that is
gone is a miss when it is read. What forty bits say is a hint: the segment itself says whether it has the key.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import Struct

RUN_AT_MOST: Final = 1 << 20
"""Results of a run: so many numbers are sorted at a time, which is what bounds memory."""

RUNS_AT_MOST: Final = 24
_SEGMENT_BITS: Final = 24
_HINT: Final = 5
"""Bytes of a digest that are kept."""
_SEGMENT: Final = (1 << _SEGMENT_BITS) - 1


class Run(Struct, array_like=True):
    """A part of the index; `entries` are 64-bit numbers of this machine, in order."""

    names: list[str]
    entries: bytes


class Index:
    """The runs that are known, and one that is being made."""

    def __init__(self, known: Iterable[Run]) -> None:
        self._runs = [(run.names, array("Q", run.entries)) for run in known]
        self.names = {name for names, _ in self._runs for name in names}
        """The segments that are in it."""
        self._open_names: list[str] = []
        self._open = array("Q")

    def add(self, name: str, digests: Iterable[bytes]) -> None:
        """Take a segment with the digests that it is asked for by."""
        number = len(self._open_names)
        self._open_names.append(name)
        self._open.extend(_hint(digest) | number for digest in digests)
        self.names.add(name)
        if len(self._open) >= RUN_AT_MOST:
            self.seal()

    def seal(self) -> None:
        """Make a run of what was added, so that it is found."""
        if self._open_names:
            self._runs.append((self._open_names, array("Q", sorted(self._open))))
            self._open_names, self._open = [], array("Q")

    def find(self, digest: bytes) -> list[str]:
        """Return the segments that may have `digest`, in the order in which they were added."""
        hint = _hint(digest)
        return [names[number] for names, entries in self._runs for number in _numbers(entries, hint)]

    def runs(self) -> list[Run]:
        """Return all of it, to be kept; of too many runs the smallest are one from now on."""
        self.seal()
        if len(self._runs) > RUNS_AT_MOST:
            self._runs.sort(key=lambda run: -len(run[1]))
            small = [self._runs.pop()]
            while self._runs and sum(len(entries) for _, entries in small) + len(self._runs[-1][1]) <= RUN_AT_MOST:
                small.append(self._runs.pop())
            self._runs.append(_merged(small))
        return [Run(names, entries.tobytes()) for names, entries in self._runs]


def _hint(digest: bytes) -> int:
    return int.from_bytes(digest[:_HINT], "big") << _SEGMENT_BITS


def _numbers(entries: array[int], hint: int) -> Iterator[int]:
    """Yield the segments that a run has for a hint, each once."""
    at, before = bisect_left(entries, hint), -1
    while at < len(entries) and entries[at] & ~_SEGMENT == hint:
        if entries[at] != before:
            yield entries[at] & _SEGMENT
        before, at = entries[at], at + 1


def _merged(runs: list[tuple[list[str], array[int]]]) -> tuple[list[str], array[int]]:
    names: list[str] = []
    whole = array("Q")
    for some, entries in runs:
        whole.extend(entry + len(names) for entry in entries)
        names += some
    return names, array("Q", sorted(whole))
