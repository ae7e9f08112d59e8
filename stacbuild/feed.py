"""Hands out the documents that work begins with: records read again from their files in one pass, or from the store.

Of records that were read while listing it says where they lie in the spool: whoever works on them reads them there.
"""

from __future__ import annotations

import os.path
from collections.abc import Iterator

from stacbuild import canon
from stacbuild.listed import SourceListing
from stacbuild.plan import Plan
from stacbuild.resolve import Resolver
from stacbuild.sources.base import Raw, Shard, SourceUnreadable
from stacbuild.sources.registry import kind_of
from stacbuild.spool import Span
from stacbuild.steps import GroupPlan, Step
from stacbuild.store import Place


class Feed:
    """The readers of one build; groups are asked for in the order of their files, so each file is read once."""

    def __init__(self, plan: Plan) -> None:
        self._memory = plan.memory
        self._listings = {listing.name: listing for listing in plan.listings}
        self._open: tuple[str, str] | None = None
        self._raws: Iterator[Raw] = iter(())
        self._next = 0
        self.unreadable: set[tuple[str, str]] = set()
        """(source, file) that could not be read any more: their items stay as they were, and are tried again."""

    def close(self) -> None:
        """Let go of the open file."""
        self._raws = iter(())

    def documents(self, batch: list[GroupPlan], resolver: Resolver) -> Iterator[tuple[Step, bytes | Span | Place, str]]:
        """Yield each step that something is to be run for, with its document, or its place, and its file's folder."""
        for group in batch:
            steps = [step for steps in group.steps.values() for step in resolver.open_steps(steps)]
            if steps and group.shard is not None:
                wanted: dict[int, list[Step]] = {}
                for step in steps:
                    if resolver.needs_record(step):
                        wanted.setdefault(step.ordinal, []).append(step)
                    else:
                        yield step, resolver.place(step), _base(group, step)
                for step, record in self._records(group, wanted):
                    yield step, record, _base(group, step)

    def _records(self, group: GroupPlan, wanted: dict[int, list[Step]]) -> Iterator[tuple[Step, bytes | Span]]:
        """Yield the steps that begin with a record with it, or its place; `wanted` has them by the record's ordinal.

        Of a record that was known by its bytes nothing lies in the spool.
        """
        if group.spooled is not None and wanted:
            spans = group.spooled.spans()
            here = {ordinal: spans[ordinal - group.entry.first] for ordinal in wanted}
            yield from ((step, span) for ordinal, span in here.items() if span[2] for step in wanted[ordinal])
            wanted = {ordinal: wanted[ordinal] for ordinal, span in here.items() if not span[2]}
        for ordinal, blob in self._read(group, sorted(wanted)):
            digest = canon.digest(blob)
            for step in wanted[ordinal]:
                if digest == step.input.digest:
                    yield step, blob
                elif group.shard is not None:
                    self.unreadable.add((group.source, group.entry.file_of(step.input)))

    def _read(self, group: GroupPlan, ordinals: list[int]) -> Iterator[tuple[int, bytes]]:
        if not ordinals or group.shard is None:
            return
        if group.shard.block is not None:
            yield from self._read_files(group, ordinals)
            return
        place = (group.source, group.shard.shard.name)
        if self._open != place or self._next > ordinals[0]:
            self._open, self._next = place, 0
            self._raws = self._reader(self._listings[group.source], group, ordinals[0])
        wanted = set(ordinals)
        try:
            for raw in self._raws:
                self._next = raw.ordinal + 1
                if raw.ordinal in wanted:
                    yield raw.ordinal, raw.blob
                if raw.ordinal >= ordinals[-1]:
                    return
        except SourceUnreadable:
            self.unreadable.add(place)
            self._open = None

    def _read_files(self, group: GroupPlan, ordinals: list[int]) -> Iterator[tuple[int, bytes]]:
        """Yield records of files of a block; in a group stand all records of each of its files, in their order."""
        assert group.shard is not None
        first, source = group.entry.first, self._listings[group.source].source
        inputs = group.inputs if group.edited is None else self._memory.inputs(group.entry)  # the same files
        wanted = {inputs[ordinal - first].file for ordinal in ordinals}
        places: dict[str, list[int]] = {}
        for ordinal, row in enumerate(inputs, first):
            if row.file in wanted:
                places.setdefault(row.file, []).append(ordinal)
        for file, some in places.items():
            shard = Shard(file, f"{group.shard.shard.at}/{file}", named=False)
            try:
                raws = [raw.blob for raw in kind_of(source).read(shard, source)]
            except SourceUnreadable:
                raws = []
            if len(raws) != len(some):
                self.unreadable.add((group.source, file))
            yield from ((ordinal, blob) for ordinal, blob in zip(some, raws, strict=False) if ordinal in ordinals)

    def _reader(self, listing: SourceListing, group: GroupPlan, first: int) -> Iterator[Raw]:
        assert group.shard is not None
        return iter(kind_of(listing.source).read(group.shard.shard, listing.source, first))


def _base(group: GroupPlan, step: Step) -> str:
    """Return the folder of the file that a step's record stands in."""
    return os.path.dirname(group.entry.file_of(step.input))  # noqa: PTH120  posix text
