"""The straight line: list → plan → work → settle → deliver → remember.

A build changes nothing that it has not planned, remembers nothing that it has not delivered, and may be killed between
any two lines: what was worked out is in the store, what was being written has an intent.
"""

from __future__ import annotations

import contextlib
import gc
import os
import time
from collections import deque
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from stacbuild import deliver, failing
from stacbuild.account import Account
from stacbuild.deliver import Deliverer, Delivery, Inspected
from stacbuild.events import Began, Ended, Progress, Watcher
from stacbuild.execute.base import Executor, open_executor
from stacbuild.failures import Problem, UsageError
from stacbuild.feed import Feed
from stacbuild.listing import SLACK_NS, SourceListing
from stacbuild.outputs.base import Output, Wanted
from stacbuild.plan import GroupPlan, Options, Plan, Step
from stacbuild.report import BuildReport
from stacbuild.resolve import CHUNK_BYTES, CHUNK_JOBS, Resolver
from stacbuild.settle import Settler
from stacbuild.spool import Spool
from stacbuild.store import MissingChunksError
from stacbuild.targets import Selection
from stacbuild.trace import CollectionMemory, Head, MemoryLostError, OutputMemory, RowsWriter, ShardMemory, SourceMemory
from stacbuild.view import Catalog
from stacbuild.work import Chunk, Job
from stacbuild.workshop import Workshop

BATCH_PAIRS: Final = 8192
"""Pairs that are looked up, worked on and settled together: what bounds the parent's memory."""

ATTEMPTS: Final = 3


class Request(Struct, frozen=True):
    """What is asked of a build besides the recipe."""

    selection: Selection
    force: bool = False
    jobs: int = 1
    executor: str = "processes"
    fail_fast: bool = False
    max_failures: int | float = 0.0
    max_deletions: int | float = 0.1
    adopt: bool = False

    def options(self, lost: frozenset[bytes] = frozenset()) -> Options:
        """Return what a plan needs of it."""
        targeted = bool(self.selection)
        selected = self.selection.takes if targeted else None
        return Options(self.force, targeted, selected, self.max_deletions, lost)


def build(shop: Workshop, request: Request, watch: Watcher) -> BuildReport:
    """Bring the outputs up to date and return what was done. The caller holds the lock.

    Damaged memory is forgotten, damaged chunks are made again: both cost time, never a wrong output.
    """
    with _patient_gc():
        return _build_until_whole(shop, request, watch)


@contextlib.contextmanager
def _patient_gc() -> Iterator[None]:
    """Let the cyclic collector come seldom: rows are many and have no cycles; it would walk them again and again."""
    before = gc.get_threshold()
    gc.set_threshold(200_000, 50, 1000)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _build_until_whole(shop: Workshop, request: Request, watch: Watcher) -> BuildReport:
    began = time.perf_counter()
    account = Account(shop, request.max_failures)
    lost: set[bytes] = set()
    for attempt in range(ATTEMPTS):
        try:
            report = _Build(shop, request, watch, account, frozenset(lost)).run()
        except MissingChunksError as missing:
            lost |= missing.digests
            account.warn("SB610", "parts of the store are missing or damaged: they are made again")
            if attempt == ATTEMPTS - 1:
                raise
        except MemoryLostError:
            shop.forget()
            account.warn("SB611", "the memory is damaged: the store and the manifests are asked instead")
        else:
            report.seconds = round(time.perf_counter() - began, 3)
            return report
    return _Build(shop, request, watch, account, frozenset(lost)).run()


class _Build:
    """One attempt at a build."""

    def __init__(
        self, shop: Workshop, request: Request, watch: Watcher, account: Account, lost: frozenset[bytes]
    ) -> None:
        self._shop, self._request, self._watch, self._account = shop, request, watch, account
        self._options = request.options(lost)
        self._head = shop.memory.head
        self._number = 0
        self._spool = Spool(shop.folder)
        self._unreadable: set[tuple[str, str]] = set()

    def run(self) -> BuildReport:
        """Do it."""
        try:
            return self._run()
        finally:
            self._spool.close()

    def _run(self) -> BuildReport:
        listings = self._list()
        held = self._shop.inspect()
        plan = self._shop.plan(listings, self._options)
        if self._quiet(plan, held):
            return self._unchanged(plan, listings, held)
        self._account.begin(plan)
        self._shop.store.put_inputs(self._account.unworked)
        rows = RowsWriter(self._shop.memory, self._head.generation + 1)
        settler = Settler(
            rows, self._shop.store, self._shop.contexts, self._shop.pipelines, self._shop.document.validation
        )
        self._work(plan, settler)
        held_back = self._settle(plan, settler)
        view = Catalog(self._shop.document, self._shop.recipe.root, settler.entries, rows.read, self._shop.store)
        deliveries = self._deliver(view, settler, held)
        return self._remember(plan, settler, rows, view, deliveries, held_back)

    # --- list

    def _list(self) -> list[SourceListing]:
        self._watch(Began("list"))
        counts: dict[str, int] = {}

        def told(source: str, count: int) -> None:
            counts[source] = count
            self._watch(Progress("list", sum(counts.values())))

        listings = self._shop.listings(reread=self._request.force, told=told, spool=self._spool)
        self._watch(Ended("list", sum(counts.values()), f"{len(listings)} sources"))
        return listings

    def _quiet(self, plan: Plan, held: dict[str, Inspected]) -> bool:
        """Tell whether nothing at all is to be done."""
        head = self._head
        if self._request.force or self._shop.intents.left or head.held_back or self._shop.memory.empty:
            return False
        if any(gone.inputs for gone in plan.gone) or any(True for _ in plan.groups()):
            return False
        if set(head.collections) != set(self._shop.pipelines) or set(head.sources) != {
            listing.name for listing in plan.listings
        }:
            return False
        return all(self._output_fresh(output, held, head.groups) for output in self._shop.outputs) and set(
            head.outputs
        ) == {output.name for output in self._shop.outputs}

    def _output_fresh(self, output: Output, held: dict[str, Inspected], entries: list) -> bool:  # type: ignore[type-arg]
        before = self._head.outputs.get(output.name)
        found = held.get(output.name)
        if (
            before is None
            or before.path != self._shop.place(output)
            or (found is None and before.count)
            or before.pending
        ):
            return False
        if found is not None and (found.bad or found.stats or found.restored):
            return False
        return before.root == self._shop.output_root(output, entries)

    def _unchanged(self, plan: Plan, listings: list[SourceListing], held: dict[str, Inspected]) -> BuildReport:
        if any(shard.read for listing in listings for shard in listing.shards):
            self._head.sources = self._sources(plan)
            self._head.generation += 1
            self._shop.memory.commit(self._head)
        return self._account.quiet(plan, held)

    # --- work

    def _work(self, plan: Plan, settler: Settler) -> None:
        for _, entry in plan.fresh_entries():
            settler.keep(entry)
        strict = self._shop.document.validation.level == "strict"
        resolver = Resolver(
            self._shop.store, self._shop.contexts, self._shop.pipelines, force=self._request.force, strict=strict
        )
        executor = open_executor(self._request.executor, self._request.jobs, self._shop.tools)
        feed = Feed(plan, self._spool)
        total = sum(entry.entry.inputs for listing in plan.listings for entry in listing.groups())
        self._watch(Began("work", total))
        done = sum(entry.inputs for entry in settler.entries)
        try:
            with self._shop.store.batch():
                for batch in self._worked(plan, resolver, executor, feed):
                    for group in batch:
                        settler.settle(group)
                        done += len(group.inputs)
                    self._watch(Progress("work", done, total))
        finally:
            executor.close()
            feed.close()
        self._unreadable = feed.unreadable
        ran = sum(count.ran for count in self._account.counts.stages.values())
        self._watch(Ended("work", done, f"{ran} stages ran"))

    def _worked(self, plan: Plan, resolver: Resolver, executor: Executor, feed: Feed) -> Iterator[list[GroupPlan]]:
        """Yield batches of groups whose steps are done, in order; the next are worked on meanwhile."""
        begun: deque[tuple[list[GroupPlan], set[int]]] = deque()
        waiting: dict[int, tuple[list[Step], set[int]]] = {}
        stopped = False

        def chunks() -> Iterator[Chunk]:
            for batch in batches(plan.groups()):
                if stopped:
                    begun.append((batch, set()))
                    continue
                steps = [step for group in batch for steps in group.steps.values() for step in steps]
                self._account.planned(steps)
                resolver.look_up(steps)
                for step in steps:
                    self._account.shared(step)
                open_chunks: set[int] = set()
                begun.append((batch, open_chunks))
                for chunk, mine in self._chunks(batch, resolver, feed):
                    if stopped:
                        break
                    open_chunks.add(chunk.number)
                    waiting[chunk.number] = (mine, open_chunks)
                    yield chunk

        for result in executor.map(chunks()):
            mine, open_chunks = waiting.pop(result.number)
            resolver.apply(mine, result, self._account.counts)
            open_chunks.discard(result.number)
            failed = any(count.failed for count in self._account.counts.stages.values())
            stopped = stopped or (self._request.fail_fast and failed)
            while len(begun) > 1 and not begun[0][1]:
                yield begun.popleft()[0]
        assert not waiting, "every chunk has a result"
        yield from (batch for batch, _ in begun)

    def _chunks(self, batch: list[GroupPlan], resolver: Resolver, feed: Feed) -> Iterator[tuple[Chunk, list[Step]]]:
        jobs: list[Job] = []
        steps: list[Step] = []
        size = 0
        for step, document, base in feed.documents(batch, resolver):
            jobs.append(resolver.job(step, document, base))
            steps.append(step)
            size += len(document)
            if len(jobs) >= CHUNK_JOBS or size >= CHUNK_BYTES:
                yield self._chunk(jobs), steps
                jobs, steps, size = [], [], 0
        if jobs:
            yield self._chunk(jobs), steps

    def _chunk(self, jobs: list[Job]) -> Chunk:
        self._number += 1
        return Chunk(self._number, jobs)

    # --- settle

    def _settle(self, plan: Plan, settler: Settler) -> list[str]:
        held_back = []
        for gone in plan.gone:
            settler.gone(gone)
            if gone.held and gone.inputs and not self._options.targeted:
                share = f"{len(gone.inputs):,} of {gone.known:,}"
                text = f"source '{gone.source}': {share} records vanished at once; nothing of it is deleted"
                held_back.append(f"{text} (--max-deletions 100% deletes them)")
        held_back += settler.withdraw(self._request.max_deletions)
        for changes in settler.changes.values():
            changes.close()
        return held_back

    # --- deliver

    def _deliver(self, view: Catalog, settler: Settler, held: dict[str, Inspected]) -> dict[str, Delivery | None]:
        """Deliver every output that is not as it shall be; None stands for one that was left alone."""
        self._watch(Began("write"))
        deliveries: dict[str, Delivery | None] = {}
        touched = {name: changes.touched() for name, changes in settler.changes.items()}
        for output in self._shop.outputs:
            deliveries[output.name] = self._deliver_one(output, view, touched, settler, held)
        self._take_away()
        written = sum(delivery.written for delivery in deliveries.values() if delivery is not None)
        self._watch(Ended("write", written, f"{written} files written"))
        return deliveries

    def _deliver_one(
        self, output: Output, view: Catalog, touched: dict[str, set[str]], settler: Settler, held: dict[str, Inspected]
    ) -> Delivery | None:
        selection = self._request.selection
        if selection and not self._concerns(output, selection, touched):
            return None
        if not self._request.force and self._output_fresh(output, held, settler.entries):
            return None
        before = self._head.outputs.get(output.name)
        moved = before is not None and (before.path != self._shop.place(output) or before.settings != output.settings)
        if selection and not selection.stale and output.name not in selection.outputs and (before is None or moved):
            text = f"output '{output.name}' was never built as the recipe has it now"
            raise UsageError(Problem("SB503", text, hint=f"build output:{output.name} first"))
        if before is not None and before.path != self._shop.place(output):
            self._leave(output.name, before)
        behind = {name: set(ids) for name, ids in before.pending.items()} if before is not None else {}
        mine = {name: touched.get(name, set()) | behind.get(name, set()) for name in {*touched, *behind}}
        only = self._only(selection) if selection and not selection.outputs and not selection.stale else None
        deliverer = Deliverer(
            output, view, self._shop.intents, held.get(output.name), adopt=self._request.adopt, only=only
        )
        return deliverer.run(mine, all_anew=moved)

    def _concerns(self, output: Output, selection: Selection, touched: dict[str, set[str]]) -> bool:
        if selection.outputs:
            return output.name in selection.outputs
        changed = {name for name, ids in touched.items() if ids}
        named = {collection for collection, _ in selection.pairs} | selection.collections | changed
        fed = {n for n, line in self._shop.pipelines.items() if not selection.sources.isdisjoint(line.sources)}
        return selection.stale or not (named | fed).isdisjoint(output.takes(sorted(self._shop.document.collections)))

    def _only(self, selection: Selection) -> deliver.Only:
        ids = {(pair[0], item) for pair, item in self._account.ids_of(selection).items()}

        def touched(wanted: Wanted) -> bool:
            return wanted.item is None or (wanted.collection, wanted.item.id) in ids

        return touched

    def _take_away(self) -> None:
        """Remove what outputs hold that the recipe has no more."""
        if self._request.selection:
            return
        names = {output.name for output in self._shop.outputs}
        for name, before in self._head.outputs.items():
            if name not in names:
                self._leave(name, before)

    def _leave(self, name: str, before: OutputMemory) -> None:
        rows = self._shop.memory.delivered(name)
        if rows is not None:
            base = self._shop.recipe.root / before.path
            self._shop.intents.note(base, rows.paths)
            self._account.left[name] = deliver.take_away(base, name, rows)

    # --- remember

    def _remember(
        self,
        plan: Plan,
        settler: Settler,
        rows: RowsWriter,
        view: Catalog,
        deliveries: dict[str, Delivery | None],
        held_back: list[str],
    ) -> BuildReport:
        if any(delivery is not None and delivery.touched for delivery in deliveries.values()):
            deliver.sync()
            _outwait_the_clock()
        rows.finish(settler.entries)
        head = self._new_head(plan, settler, deliveries, held_back)
        failures = self._account.failures(head, rows)
        failing.write(self._shop.failures_path, failures)
        report = self._account.report(plan, settler, deliveries, view, failures, head)
        self._shop.memory.commit(head)
        self._shop.intents.clear()
        return report

    def _new_head(
        self, plan: Plan, settler: Settler, deliveries: dict[str, Delivery | None], held_back: list[str]
    ) -> Head:
        used = {
            number
            for entry in settler.entries
            for tally in entry.tallies.values()
            for number in (*tally.verdicts, *(n for stage in tally.contexts for n in stage))
        }
        return Head(
            generation=self._head.generation + 1,
            level=self._shop.document.validation.level,
            contexts=self._shop.contexts.used(used),
            sources=self._sources(plan),
            collections=self._collections(plan, settler),
            outputs=self._outputs(settler, deliveries),
            groups=settler.entries,
            config=self._account.config(),
            held_back=held_back,
            targeted=self._options.targeted,
        )

    def _sources(self, plan: Plan) -> dict[str, SourceMemory]:
        result = {}
        for listing in plan.listings:
            shards = {shard.shard.name: shard.memory for shard in listing.shards}
            for source, name in self._unreadable:
                if source == listing.name:
                    shards[name] = ShardMemory(None, 0, f"{name} changed or went away while it was read")
            place = listing.place
            if self._options.targeted and listing.before is not None:
                place = listing.before.place
            duplicates = plan.clashes.keys.get(listing.name, {})
            result[listing.name] = SourceMemory(place, listing.names, shards, duplicates)
        return result

    def _collections(self, plan: Plan, settler: Settler) -> dict[str, CollectionMemory]:
        del settler
        lines = self._shop.pipelines
        return {n: CollectionMemory(plan.clashes.ids.get(n, {}), line.summaries) for n, line in lines.items()}

    def _outputs(self, settler: Settler, deliveries: dict[str, Delivery | None]) -> dict[str, OutputMemory]:
        result = {}
        generation = self._head.generation + 1
        touched = {name: changes.touched() for name, changes in settler.changes.items() if changes.touched()}
        for number, output in enumerate(self._shop.outputs):
            delivery, before = deliveries[output.name], self._head.outputs.get(output.name)
            if delivery is None:
                if before is not None:
                    result[output.name] = self._left_behind(output, before, touched)
                continue
            file = before.file if before is not None else ""
            if delivery.touched or not file:
                file = self._shop.memory.write_delivered(number, generation, delivery.rows)
            root = self._shop.output_root(output, settler.entries)
            result[output.name] = OutputMemory(
                output.kind, self._shop.place(output), output.settings, root, file, {}, len(delivery.rows.paths)
            )
        return result

    def _left_behind(self, output: Output, before: OutputMemory, touched: dict[str, set[str]]) -> OutputMemory:
        taken = output.takes(sorted(self._shop.document.collections))
        for name in taken:
            if touched.get(name):
                before.pending[name] = sorted({*before.pending.get(name, []), *touched[name]})
        return before


def batches(groups: Iterator[GroupPlan]) -> Iterator[list[GroupPlan]]:
    """Yield groups in runs of about BATCH_PAIRS pairs."""
    batch: list[GroupPlan] = []
    size = 0
    for group in groups:
        batch.append(group)
        size += sum(len(steps) for steps in group.steps.values())
        if size >= BATCH_PAIRS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _outwait_the_clock() -> None:
    """Wait until a file that is edited from now on cannot have the stamp that was just written down (racily clean)."""
    time.sleep(SLACK_NS / 1e9)


def workers(asked: int | None, configured: int) -> int:
    """Return how many workers to use; 0 is one a core that this process may use."""
    jobs = configured if asked is None else asked
    return jobs or len(os.sched_getaffinity(0))
