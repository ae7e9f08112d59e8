"""The work of a build: what the plan says is looked up, cut into chunks, handed out, put into the store, settled.

The next batch is worked on while the last is settled; nothing here decides what is stale or counts what ran.
"""

from __future__ import annotations

import contextlib
from collections import Counter, deque
from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from stacbuild.account import Account
from stacbuild.chunks import CHUNKS
from stacbuild.events import Began, Ended, Progress, Watcher, many
from stacbuild.execute.base import Executor
from stacbuild.feed import Feed
from stacbuild.jobs import Chunk
from stacbuild.plan import Plan
from stacbuild.request import Request
from stacbuild.resolve import CHUNK_BYTES, CHUNK_JOBS, Resolver
from stacbuild.settle import Settler
from stacbuild.spool import Span, SpoolFiles
from stacbuild.steps import GroupPlan, Step
from stacbuild.store import MissingChunksError, Place
from stacbuild.workshop import Workshop

BATCH_PAIRS: Final = 1024
"""Pairs that are looked up, worked on and settled together: what bounds the parent's memory."""

TOGETHER: Final = 16
"""Documents of one chunk of the store from which on it goes to a worker as it is: they take as many bytes, or more."""

_AS_IT_WAS: Final = 8
"""So many records of a group that have no steps are held for what one costs that has."""
_USUAL: Final = CHUNK_BYTES // CHUNK_JOBS

Fed = tuple[Step, bytes | Span | Place, str]
"""A step with its document, or where that lies, and its file's folder."""


class Working:
    """The work of one build."""

    def __init__(
        self,
        shop: Workshop,
        request: Request,
        watch: Watcher,
        account: Account,
        plan: Plan,
        spool: SpoolFiles,
        executor: Executor,
    ) -> None:
        self._shop, self._request, self._watch, self._account, self._plan = shop, request, watch, account, plan
        self._spool, self._executor = spool, executor
        strict = shop.document.validation.level == "strict"
        self._resolver = Resolver(
            shop.store,
            shop.contexts,
            shop.pipelines,
            force=request.force,
            strict=strict,
            looked=plan.looked,
            redact=shop.recipe.redact,
        )
        self._feed = Feed(plan)
        self._profile = shop.profile
        self._number = 0
        self._waiting: dict[int, tuple[list[Step], set[int]]] = {}
        self.unreadable = self._feed.unreadable
        """(source, file) that could not be read again."""

    def run(self, settler: Settler) -> None:
        """Work off the plan; every group of it comes to `settler`, done or as it was."""
        for _, entry in self._plan.fresh_entries():
            settler.keep(entry)
        total = sum(entry.entry.inputs for listing in self._plan.listings for entry in listing.groups())
        self._watch(Began("work", total))
        done = sum(entry.inputs for entry in settler.entries)
        self._watch(Progress("work", done, total))

        def settle(batch: list[GroupPlan]) -> None:
            nonlocal done
            with self._profile.over("settle", groups=len(batch)):
                for group in batch:
                    settler.settle(group)
                    done += group.entry.inputs
            self._watch(Progress("work", done, total))

        try:
            with self._shop.store.batch():
                self._work(settle)
        except BaseException:
            self._keep_what_is_done()
            raise
        finally:
            self._feed.close()
        ran = sum(count.ran for count in self._account.counts.stages.values())
        self._watch(Ended("work", done, f"{many(done, 'record')}, {many(ran, 'stage run')}"))

    def _work(self, settle: Callable[[list[GroupPlan]], None]) -> None:
        """Settle batches of groups as soon as their steps are done, in order; the next are worked on meanwhile."""
        begun, waiting = _Begun(settle), self._waiting
        stopped = False

        def chunks() -> Iterator[Chunk]:
            for batch in batches(self._plan.groups(leanly=True)):
                open_chunks = begun.add(batch)
                if stopped:
                    continue
                steps = [step for group in batch for steps in group.steps.values() for step in steps]
                self._account.planned(steps)
                with self._profile.over("look up", items=len(steps)):
                    self._resolver.look_up(steps)
                for step in steps:
                    self._account.shared(step)
                for chunk, mine in self._chunks(batch):
                    if stopped:
                        break
                    open_chunks.add(chunk.number)
                    waiting[chunk.number] = (mine, open_chunks)
                    yield chunk

        tools = msgspec.structs.replace(self._shop.tools, spool=self._spool.descriptors())
        for result in self._executor.map(CHUNKS, tools, chunks()):
            mine, open_chunks = waiting.pop(result.number)
            self._profile.take(result.spans)
            with self._profile.over("store", chunk=result.number, items=len(mine)):
                self._resolver.apply(mine, result, self._account.counts)
            open_chunks.discard(result.number)
            failed = any(count.failed for count in self._account.counts.stages.values())
            stopped = stopped or (self._request.fail_fast and failed)
            begun.settle_done()
        assert not waiting, "every chunk has a result"
        begun.end()

    def _keep_what_is_done(self) -> None:
        """Put the chunks in flight into the store before a build ends early, so that the next need not do them."""
        with contextlib.suppress(Exception), self._shop.store.batch():
            for result in self._executor.drain():
                if result.number in self._waiting:
                    self._resolver.apply(self._waiting.pop(result.number)[0], result, self._account.counts)

    def _chunks(self, batch: list[GroupPlan]) -> Iterator[tuple[Chunk, list[Step]]]:
        fed: list[Fed] = []
        size = 0
        for one in self._feed.documents(batch, self._resolver):
            fed.append(one)
            size += _size(*one[:2])
            if len(fed) >= CHUNK_JOBS or size >= CHUNK_BYTES:
                yield self._chunk(fed), [step for step, _, _ in fed]
                fed, size = [], 0
        if fed:
            yield self._chunk(fed), [step for step, _, _ in fed]

    def _chunk(self, fed: list[Fed]) -> Chunk:
        self._number += 1
        before = [self._resolver.before(step) for step, _, _ in fed]
        begun = [document.blob for _, document, _ in fed if isinstance(document, Place)]
        packed = self._packed(begun, [known.version.blob for known in before if known is not None])
        numbers = {blob: number for number, blob in enumerate(packed)}
        jobs = [self._resolver.job(*one, known, numbers) for one, known in zip(fed, before, strict=True)]
        return Chunk(self._number, jobs, list(packed.values()))

    def _packed(self, begun: list[bytes], before: list[bytes]) -> dict[bytes, bytes]:
        """Return the chunks of the store of which many documents are wanted, by digest.

        Those that work begins with have to be there; an item is as well made and judged without what it was before.
        """
        packed = {blob: self._shop.store.packed(blob) for blob, count in Counter(begun).items() if count >= TOGETHER}
        for blob, count in Counter(before).items():
            if count >= TOGETHER and blob not in packed:
                with contextlib.suppress(MissingChunksError):
                    packed[blob] = self._shop.store.packed(blob)
        return packed


def _size(step: Step, document: bytes | Span | Place) -> int:
    """Return the bytes of a document; of one in the store about as many as those of what was last made of it."""
    match document:
        case bytes():
            return len(document)
        case Place():
            known = step.now or (None if step.old is None else step.old.now)
            return _USUAL if known is None else known.size
        case _:
            return document[2]


class _Begun:
    """Batches on their way, in order, each with its chunks that are still worked on."""

    def __init__(self, settle: Callable[[list[GroupPlan]], None]) -> None:
        self._settle = settle
        self._batches: deque[tuple[list[GroupPlan], set[int]]] = deque()

    def add(self, batch: list[GroupPlan]) -> set[int]:
        """Take a batch and return its open chunks, of which there are none yet.

        Those before it are settled if they are done: where the store has all results, no chunk ever comes back.
        """
        self._batches.append((batch, set()))
        self.settle_done()
        return self._batches[-1][1]

    def settle_done(self) -> None:
        """Settle what is done; the last batch may get more chunks."""
        while len(self._batches) > 1 and not self._batches[0][1]:
            self._settle(self._batches.popleft()[0])

    def end(self) -> None:
        """Settle what is left."""
        for batch, _ in self._batches:
            self._settle(batch)


def batches(groups: Iterator[GroupPlan]) -> Iterator[list[GroupPlan]]:
    """Yield groups in runs of about BATCH_PAIRS pairs."""
    batch: list[GroupPlan] = []
    size = 0
    for group in groups:
        batch.append(group)
        size += max(sum(len(steps) for steps in group.steps.values()), group.entry.inputs // _AS_IT_WAS)
        if size >= BATCH_PAIRS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
