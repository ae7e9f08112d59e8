"""Makes a sample of items again from their records, and the files that hold them, and compares both with what was kept.

Runs in a process of its own, which `aside.py` makes as unlike the one that built as can be. Of the items nothing is
read from the store but what is shown where they differ. Never writes.
"""

from __future__ import annotations

import math
import random
from array import array
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

import msgspec
import xxhash
from msgspec import Struct

from stacbuild import canon
from stacbuild.differences import Difference, differences
from stacbuild.failures import Fault
from stacbuild.feed import Feed
from stacbuild.files_again import compare_files
from stacbuild.jobs import Chunk, Job, Outcome
from stacbuild.model import Pair
from stacbuild.packing import unpack
from stacbuild.plan import Plan
from stacbuild.report import SamplePart, Wrong
from stacbuild.resolve import Resolver
from stacbuild.status import target_of
from stacbuild.steps import DUPLICATE_ID, OTHER_TAKEN, GroupPlan, Options, Step
from stacbuild.store import MissingChunksError
from stacbuild.work import Bench
from stacbuild.working import batches
from stacbuild.workshop import Workshop

TOLD_AT_MOST: Final = 50
"""Differences of one item that are told."""

LINES_HELD: Final = 20_000
"""Items made again that are held to write files with; of others the store has the bytes, which are the same."""

_MOVED: Final = "they or what makes them changed since they were built"
_NEW: Final = "they are not built yet"
_GONE: Final = "their records are not in the source any more"
_UNREAD: Final = "their records cannot be read as they were"
_SHARED: Final = "they share their ids"


class Sample(Struct, frozen=True):
    """Which items: a number, or a share between 0 and 1; the seed gives the same ones again."""

    size: int | float
    seed: int
    asked: str


def rebuild(shop: Workshop, sample: Sample) -> SamplePart:
    """Return which items of the sample do not come out as they were built."""
    shop.only_look()
    plan = shop.plan(shop.listings(), Options())
    part = SamplePart(sample.seed, sample.asked, 0, 0, 0, [])
    if shop.memory.empty:
        told = "nothing was built, or the memory of it is lost: there is nothing to compare with"
        part.wrong.append(Wrong("sample", "unbuilt", None, told))
        return part
    highest = _highest(plan, sample, part)
    again = _Again(shop, plan, sample.seed, part)
    for batch in batches(_sampled(plan, sample.seed, highest)):
        again.run(batch)
    compare_files(shop, again.lines, again.ids, part)
    return part


# --- which


def _highest(plan: Plan, sample: Sample, part: SamplePart) -> int:
    """Return the highest hash of an item in the sample; -1 where there is nothing to take. Counts what is left out."""
    hashes, skipped = array("Q"), Counter[str]()
    for group in plan.every_group():
        for step in _steps(group):
            why = _incomparable(step)
            if why is None:
                hashes.append(_hash(sample.seed, step))
            else:
                skipped[why] += 1
    skipped[_GONE] += sum(pair.built is not None for gone in plan.gone for some in gone.pairs.values() for pair in some)
    skipped[_GONE] += sum(t.live + t.kept for e in plan.memory.head.groups if not e.shard for t in e.tallies.values())
    part.total, part.skipped = len(hashes), {why: number for why, number in sorted(skipped.items()) if number}
    share = sample.size if isinstance(sample.size, int) else math.ceil(sample.size * len(hashes))
    return sorted(hashes)[min(share, len(hashes)) - 1] if share and hashes else -1


def _incomparable(step: Step) -> str | None:
    """Return why an item cannot be compared with what was built; None: it can."""
    if step.old is None:
        return _NEW
    if step.old.fault is not None and step.old.fault.code in (DUPLICATE_ID, OTHER_TAKEN):
        return _SHARED
    if not step.selected:
        return _UNREAD
    return _MOVED if step.verdict in ("new", "stale") else None


def _hash(seed: int, step: Step) -> int:
    return xxhash.xxh3_64_intdigest(f"{seed}\0{step.collection}\0{step.source}\0{step.input.key}".encode())


def _steps(group: GroupPlan) -> Iterator[Step]:
    return (step for steps in group.steps.values() for step in steps)


def _sampled(plan: Plan, seed: int, highest: int) -> Iterator[GroupPlan]:
    """Yield the groups with those of their steps that are in the sample, each to be done from its record."""
    for group in plan.every_group():
        steps = {
            name: [_anew(plan, step) for step in some if _incomparable(step) is None and _hash(seed, step) <= highest]
            for name, some in group.steps.items()
        }
        if any(steps.values()):
            yield msgspec.structs.replace(group, steps=steps)


def _anew(plan: Plan, step: Step) -> Step:
    judge = plan.pipelines[step.collection].judged
    return msgspec.structs.replace(
        step, start=0, marks=[], judge=judge, fault=None, now=None, judged=None, place=None, verdict="stale"
    )


# --- again


class _Again:
    """Makes items again, batch by batch, each batch in another order than it was made in."""

    def __init__(self, shop: Workshop, plan: Plan, seed: int, part: SamplePart) -> None:
        self._shop, self._plan, self._part = shop, plan, part
        self._bench, self._feed = Bench(shop.tools), Feed(plan)
        self._resolver = Resolver(
            shop.store, shop.contexts, shop.pipelines, force=True, strict=True, looked=plan.looked
        )
        self._chance = random.Random(seed)  # noqa: S311 - an order, no secret
        self.lines: dict[bytes, bytes] = {}
        """Digest → the line of an item that came out as it was built."""
        self.ids: dict[str, set[str]] = {}
        """Collection → the ids of those that came out as they were built."""

    def run(self, groups: list[GroupPlan]) -> None:
        """Make the items of some groups again and note what differs."""
        fed = self._feed.documents(groups, self._resolver)
        jobs = [(step, self._resolver.job(step, document, base)) for step, document, base in fed]
        asked = sum(1 for group in groups for _ in _steps(group))
        if asked > len(jobs):
            self._part.skipped[_UNREAD] = self._part.skipped.get(_UNREAD, 0) + asked - len(jobs)
        self._part.items += len(jobs)
        self._chance.shuffle(jobs)
        for step, job in jobs:
            wrong = self._compare(step, job)
            if wrong is not None:
                self._part.wrong.append(wrong)
        self._part.wrong.sort(key=lambda one: one.target)

    def _compare(self, step: Step, job: Job) -> Wrong | None:
        result = self._bench.run(Chunk(0, [job]))
        (outcome,) = result.outcomes
        line = unpack(result.packed)[outcome.ordinals[-1]] if outcome.version is not None else b""
        old, target = step.old, target_of(step.collection, step)
        assert old is not None
        fault = None if outcome.fault is None else self._told(outcome.fault)
        if fault != old.fault:
            return Wrong(target, "fails-otherwise", None, _other_fault(old.fault, fault))
        if _digests(outcome) != [mark.digest for mark in old.marks]:
            return Wrong(target, "differs", None, "it comes out otherwise", self._differences(old, line))
        faults = tuple(map(self._told, outcome.faults))
        if old.verdict is not None and (outcome.state, faults) != (old.verdict.state, old.verdict.faults):
            told = f"it is found {outcome.state}, and was {old.verdict.state}"
            message = told if outcome.state != old.verdict.state else "other faults are found in it"
            return Wrong(target, "judged-otherwise", None, message)
        self._note(step, old, line)
        return None

    def _told(self, fault: Fault) -> Fault:
        """Return a fault as it is remembered: without secrets."""
        redact = self._shop.recipe.redact
        hint = None if fault.hint is None else redact(fault.hint)
        return msgspec.structs.replace(fault, message=redact(fault.message), hint=hint)

    def _note(self, step: Step, old: Pair, line: bytes) -> None:
        version = old.built
        if version is None or old.now is None or version.digest != old.now.digest:
            return
        self.ids.setdefault(step.collection, set()).add(version.id)
        if len(self.lines) < LINES_HELD:
            self.lines[version.digest] = line

    def _differences(self, old: Pair, line: bytes) -> list[Any]:
        if old.now is None or not line:
            return []
        try:
            before = self._shop.store.documents(old.now.blob)[old.now.ordinal]
        except MissingChunksError:
            return []
        return _told_at_most(differences(canon.decode(before), canon.decode(line)))


def _digests(outcome: Outcome) -> list[bytes]:
    return [*outcome.digests, *([b""] if outcome.fault is not None else [])]


def _other_fault(before: Fault | None, after: Fault | None) -> str:
    if before is None:
        return f"it fails now: {after.code} {after.message}" if after is not None else ""
    if after is None:
        return f"it failed, and does not now: {before.code} {before.message}"
    return f"it fails otherwise: {after.code} {after.message}; before: {before.code} {before.message}"


def _told_at_most(found: list[Difference]) -> list[Any]:
    return list(msgspec.to_builtins(found[:TOLD_AT_MOST]))
