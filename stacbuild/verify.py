"""Verification: are recipe and sources as locked, outputs and store as promised, and does a sample come out the same?

Looks and says; mends nothing, which is the next build's. Each part stands alone: `locked.py` knows the first,
`promised.py` the second; `aside.py` starts a process of its own for the third.
"""

from __future__ import annotations

import secrets
import time

from msgspec import Struct

from stacbuild import locked, lockfile, promised
from stacbuild.aside import sample_aside
from stacbuild.events import Began, Ended, Watcher, many, nobody
from stacbuild.failures import Exit
from stacbuild.rebuild import Sample
from stacbuild.report import LockedPart, SamplePart, VerifyReport
from stacbuild.workshop import Workshop


class Asked(Struct, frozen=True):
    """What is to be looked at."""

    locked: bool
    outputs: bool
    sample: int | float | None = None
    """Items to make again: a number, or a share between 0 and 1."""
    seed: int | None = None
    """Which ones; None: other ones each time."""


def usual(shop: Workshop) -> Asked:
    """Return what is looked at if nothing is named: outputs and store, and the lock if there is one."""
    lock = lockfile.read(lockfile.path_of(shop.recipe.path))
    return Asked(locked=lock is not None and lock.recipe is not None, outputs=True)


def verify(shop: Workshop, asked: Asked, watch: Watcher = nobody) -> VerifyReport:
    """Return what was looked at and what of it is wrong; the caller holds the lock."""
    began = time.perf_counter()
    report = VerifyReport(shop.recipe.name)
    if asked.locked:
        report.locked = _locked(shop, watch)
    if asked.outputs:
        watch(Began("verify"))
        report.outputs, report.store = promised.outputs(shop, watch), promised.store(shop, watch)
        files, chunks = report.outputs.files, report.store.chunks
        watch(Ended("verify", files, f"{many(files, 'file')}, {many(chunks, 'chunk')}"))
    if asked.sample is not None:
        report.sample = _sample(shop, asked)
    report.exit = _exit(report)
    report.seconds = round(time.perf_counter() - began, 3)
    return report


def _locked(shop: Workshop, watch: Watcher) -> LockedPart:
    lock = locked.read(shop)
    moved = locked.compare(shop, lock, locked.listed(shop, watch))
    return LockedPart(lockfile.path_of(shop.recipe.path).name, moved)


def _sample(shop: Workshop, asked: Asked) -> SamplePart:
    size = asked.sample or 0
    seed = secrets.randbelow(2**32) if asked.seed is None else asked.seed
    words = str(size) if isinstance(size, int) else f"{size * 100:g}%"
    return sample_aside(shop.recipe, Sample(size, seed, words))


def _exit(report: VerifyReport) -> Exit:
    """Return 4 where a promise is broken, else 3 where the recipe is not as locked."""
    parts = (report.outputs, report.store, report.sample)
    if any(part is not None and part.wrong for part in parts):
        return Exit.DAMAGE
    return Exit.STALE if report.locked is not None and report.locked.moved else Exit.OK
