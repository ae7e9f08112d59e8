"""Hands out the documents that work begins with: records read again from their files in one pass, or from the store."""

from __future__ import annotations

import os.path
from collections.abc import Iterator

from stacbuild import canon
from stacbuild.listing import SourceListing
from stacbuild.plan import Plan
from stacbuild.resolve import Resolver
from stacbuild.sources.base import Raw, SourceUnreadable
from stacbuild.sources.registry import kind_of
from stacbuild.spool import Spool
from stacbuild.steps import GroupPlan, Step


class Feed:
    """The readers of one build; groups are asked for in the order of their files, so each file is read once."""

    def __init__(self, plan: Plan, spool: Spool | None = None) -> None:
        self._spool = spool
        self._listings = {listing.name: listing for listing in plan.listings}
        self._open: tuple[str, str] | None = None
        self._records: Iterator[Raw] = iter(())
        self._next = 0
        self.unreadable: set[tuple[str, str]] = set()
        """(source, file) that could not be read any more: their items stay as they were, and are tried again."""

    def close(self) -> None:
        """Let go of the open file."""
        self._records = iter(())

    def documents(self, batch: list[GroupPlan], resolver: Resolver) -> Iterator[tuple[Step, bytes, str]]:
        """Yield each step that something is to be run for, with its document and its file's folder."""
        for group in batch:
            steps = [step for steps in group.steps.values() for step in resolver.open_steps(steps)]
            if not steps or group.shard is None:
                continue
            base = os.path.dirname(group.shard.shard.name)  # noqa: PTH120  posix text
            for step in steps:
                if not resolver.needs_record(step):
                    yield step, resolver.stored_document(step), base
            wanted: dict[int, list[Step]] = {}
            for step in steps:
                if resolver.needs_record(step):
                    wanted.setdefault(step.ordinal, []).append(step)
            for ordinal, blob in self._read(group, sorted(wanted)):
                digest = canon.digest(blob)
                for step in wanted[ordinal]:
                    if digest == step.input.digest:
                        yield step, blob, base
                    else:
                        self.unreadable.add((group.source, group.shard.shard.name))

    def _read(self, group: GroupPlan, ordinals: list[int]) -> Iterator[tuple[int, bytes]]:
        if not ordinals or group.shard is None:
            return
        if group.spooled is not None and self._spool is not None:
            blobs = self._spool.get(group.spooled)
            yield from ((ordinal, blobs[ordinal - group.entry.first]) for ordinal in ordinals)
            return
        place = (group.source, group.shard.shard.name)
        if self._open != place or self._next > ordinals[0]:
            self._open, self._next = place, 0
            self._records = self._reader(self._listings[group.source], group, ordinals[0])
        wanted = set(ordinals)
        try:
            for raw in self._records:
                self._next = raw.ordinal + 1
                if raw.ordinal in wanted:
                    yield raw.ordinal, raw.blob
                if raw.ordinal >= ordinals[-1]:
                    return
        except SourceUnreadable:
            self.unreadable.add(place)
            self._open = None

    def _reader(self, listing: SourceListing, group: GroupPlan, first: int) -> Iterator[Raw]:
        assert group.shard is not None
        return iter(kind_of(listing.source).read(group.shard.shard, listing.source, first))
