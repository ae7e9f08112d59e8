"""The straight line of every filter: pieces in, worked on in batches, lines out, failures told. Holds one batch.

pieces (reading.py) → made (bench.py) → lines → a file, a folder or standard output (forms.py)
"""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from pathlib import Path
from typing import IO, Any, Final

import msgspec

from stacbuild import canon
from stacbuild.events import Began, Ended, Progress, Watcher
from stacbuild.failures import Exit, Fault, ItemError, fault_of
from stacbuild.filters.bench import Made
from stacbuild.filters.forms import Target, deliver
from stacbuild.filters.reading import Piece
from stacbuild.losses import Losses, failure_of
from stacbuild.report import FilterReport
from stacbuild.resolve import CHUNK_BYTES, CHUNK_JOBS
from stacbuild.stages.patch import CHANGED, DROPPED

Work = Callable[[list[Piece]], list[Made]]

_REFUSED: Final = "SB412"
"""The machine refuses a file: no fault of what stands in it."""


class Wish(msgspec.Struct, frozen=True):
    """What is asked for besides the work: where the items go, where failures go."""

    command: str
    target: Target
    named: str
    """The target as the user named it."""
    failures: str | None
    base: Path


def sift(pieces: Iterable[Piece], work: Work, wish: Wish, stdout: IO[bytes] | None, watch: Watcher) -> FilterReport:
    """Work pieces off; return what came of it.

    Raises:
        SurroundingsError: a file cannot be written; then none is there.
    """
    began = time.perf_counter()
    with Losses(wish.base, wish.failures) as losses:
        sieve = _Sieve(work, losses, wish.command, watch)
        with contextlib.closing(sieve.lines(pieces)) as lines:
            deliver(wish.target, lines, stdout, sieve.refuse)
    output = None if wish.target.path is None else wish.named
    report = FilterReport(sieve.counts, output, losses.told, sieve.patches, exit=sieve.exit)
    report.seconds = round(time.perf_counter() - began, 3)
    return report


class _Sieve:
    """Gives lines, and counts."""

    def __init__(self, work: Work, losses: Losses, command: str, watch: Watcher) -> None:
        self._work, self._losses, self._command, self._watch = work, losses, command, watch
        self.counts = dict.fromkeys(("read", "written", "failed", "dropped"), 0)
        self.patches: dict[str, dict[str, int]] = {}
        self.exit = Exit.OK

    def lines(self, pieces: Iterable[Piece]) -> Generator[bytes]:
        """Yield the line of each item that is made, in order."""
        self._watch(Began(self._command))
        for batch in _batches(pieces):
            good = [piece for piece in batch if piece.fault is None]
            made = iter(self._work(good))
            for piece in batch:
                one = next(made) if piece.fault is None else Made(None, (piece.fault,))
                self._note(piece, one)
                if one.line is not None:
                    yield one.line
            self._watch(Progress(self._command, self.counts["read"]))
        self._watch(Ended(self._command, 0))

    def refuse(self, item: dict[str, Any], error: ItemError) -> None:
        """Take down that an item cannot be written."""
        self.counts["written"] -= 1
        self.counts["failed"] += 1
        self.exit = max(self.exit, Exit.FAILURES)
        self._losses.note(failure_of(fault_of("write", error), item, f"item {item['id']}", 0))

    def _note(self, piece: Piece, made: Made) -> None:
        self.counts["read"] += 1
        self.counts["written"] += made.line is not None
        self.counts["dropped"] += made.dropped
        self._count(made.hits)
        if made.line is None and not made.dropped:
            self.counts["failed"] += 1
            self.exit = max(self.exit, _exit_of(made.faults))
        document = _seen(piece.blob) if made.faults else None
        for fault in made.faults:
            self._losses.note(failure_of(fault, document, piece.place.name, piece.number))

    def _count(self, hits: tuple[str, ...]) -> None:
        for hit in hits:
            name = hit.rstrip(CHANGED + DROPPED)
            counted = Counter(self.patches.get(name) or dict.fromkeys(("matched", "changed", "dropped"), 0))
            counted.update({"matched": 1, "changed": hit.endswith(CHANGED), "dropped": hit.endswith(DROPPED)})
            self.patches[name] = dict(counted)


def _batches(pieces: Iterable[Piece]) -> Iterator[list[Piece]]:
    batch: list[Piece] = []
    size = 0
    for piece in pieces:
        batch.append(piece)
        size += len(piece.blob)
        if len(batch) >= CHUNK_JOBS or size >= CHUNK_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _exit_of(faults: tuple[Fault, ...]) -> Exit:
    return Exit.SURROUNDINGS if any(fault.code == _REFUSED for fault in faults) else Exit.FAILURES


def _seen(blob: bytes) -> dict[str, Any] | None:
    """Return what can be read of a piece, for its id."""
    try:
        found = canon.decode(blob)
    except canon.CanonError:
        return None
    return found if isinstance(found, dict) else None
