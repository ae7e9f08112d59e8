"""The straight line: list → plan → work → settle → deliver → remember.

A build changes nothing that it has not planned, remembers nothing that it has not delivered, and may be killed between
any two lines: what was worked out is in the store, what was being written has an intent.
"""

from __future__ import annotations

import contextlib
import time
from collections import Counter

from stacbuild import deliver, documents, doubts, failing, files, freed, locked, promised, recall, remember, trail
from stacbuild.account import Account
from stacbuild.events import Began, Ended, Progress, Watcher, many
from stacbuild.execute.base import open_executor
from stacbuild.failures import DamageError, Problem
from stacbuild.held import Inspected
from stacbuild.listed import SourceListing
from stacbuild.listing import Asked
from stacbuild.outlets import Outlets
from stacbuild.plan import Plan
from stacbuild.remember import Done
from stacbuild.report import BuildReport
from stacbuild.request import Request
from stacbuild.rows import RowsWriter
from stacbuild.sealed import MemoryLostError
from stacbuild.settle import Settler
from stacbuild.sources.stamps import SLACK_NS
from stacbuild.spool import SpoolFiles
from stacbuild.store import MissingChunksError
from stacbuild.view import Catalog
from stacbuild.working import Working
from stacbuild.workshop import Workshop
from stacbuild.writing import Writers


def build(shop: Workshop, request: Request, watch: Watcher) -> BuildReport:
    """Bring the outputs up to date and return what was done. The caller holds the lock.

    Damaged memory is forgotten, damaged chunks are made again: both cost time, never a wrong output.
    """
    began = time.perf_counter()
    account = Account(shop, request.max_failures)
    lost: set[bytes] = set()
    while True:
        try:
            report = _Build(shop, request, watch, account, frozenset(lost)).run()
        except MissingChunksError as missing:
            if missing.digests <= lost:
                raise _gone_for_good(missing) from missing
            if not lost:
                account.warn("SB610", "parts of the store are missing or damaged: they are made again")
            shop.remember()
            shop.store.lost |= promised.absent(shop)
            lost |= missing.digests | shop.store.lost
        except MemoryLostError:
            if shop.memory.lost:
                raise
            shop.forget()
            account.warn("SB611", "the memory is damaged: the store and the manifests are asked instead")
        else:
            report.seconds = round(time.perf_counter() - began, 3)
            return report


def _gone_for_good(missing: MissingChunksError) -> DamageError:
    """Return the error for documents that nothing can make again: of items that are kept though their input is not."""
    text = f"{len(missing.digests)} parts of the store are lost, and with them items whose records vanished or fail now"
    hint = "bring the records back, or let these items go with --max-deletions 100%"
    return DamageError(Problem("SB612", text, hint=hint))


class _Build:
    """One attempt at a build."""

    def __init__(
        self, shop: Workshop, request: Request, watch: Watcher, account: Account, lost: frozenset[bytes]
    ) -> None:
        self._shop, self._request, self._watch, self._account = shop, request, watch, account
        self._options = request.options(lost)
        self._head = shop.memory.head
        self._over = shop.profile.over
        self._spool = SpoolFiles(shop.folder, request.jobs + 1)
        self._executor = open_executor(request.executor, request.jobs, self._spool.descriptors)
        self._held: dict[str, Inspected] | None = None
        """What the outputs hold, if there was time to look at them before they were asked for."""

    def run(self) -> BuildReport:
        """Do it."""
        try:
            return self._run()
        finally:
            self._executor.close()
            self._spool.close()

    def _run(self) -> BuildReport:
        listings = self._list()
        if self._request.lock is not None:
            locked.refuse_other(self._shop, self._request.lock, listings)
        held = self._shop.inspect() if self._held is None else self._held
        if self._shop.memory.empty:
            for output in self._shop.outputs:
                if output.name in held:
                    files.sweep_below(output.base)
        if left := recall.targets(self._shop, held):
            self._shop.also(left)
        plan = self._shop.plan(listings, self._options)
        outlets = Outlets(self._shop, self._request, self._watch, self._account, held)
        if self._quiet(plan, outlets):
            return self._unchanged(plan, listings, held)
        recalled = recall.recall(self._shop, plan, held)
        self._account.begin(plan)
        self._shop.store.put_inputs(self._account.unworked)
        rows = RowsWriter(self._shop.memory, self._head.generation + 1)
        settler = Settler(
            rows,
            self._shop.store,
            self._shop.contexts,
            self._shop.pipelines,
            self._shop.document.validation,
            first=self._shop.memory.empty and not self._head.outputs,
        )
        working = Working(self._shop, self._request, self._watch, self._account, plan, self._spool, self._executor)
        with self._over("work"):
            working.run(settler)
        self._executor.close()  # what the workers held is for the outputs; those that write begin anew
        self._spool.close()
        plan.let_go()
        freed.give_back()  # before others take as much: 0.3 KB an item that was read
        for kept in recalled:
            settler.recalled(kept.source, kept.collection, kept.inputs, kept.pairs)
        held_back = self._settle(plan, settler)
        shop = self._shop
        places = (shop.recipe.root, shop.folder)
        times = shop.times, shop.store.put_times
        view = Catalog(shop.document, *places, settler.entries, rows, shop.store, shop.upstream, *times)
        with self._over("write"):
            deliveries = outlets.deliver(view, settler, Writers(shop, self._executor, rows))
        done = Done(plan, settler, deliveries, held_back, working.unreadable)
        with self._over("remember"):
            return self._remember(done, outlets, rows, view)

    # --- list

    def _list(self) -> list[SourceListing]:
        self._watch(Began("list"))
        counts: dict[str, int] = {}
        known = Counter[str]()
        for entry in self._head.groups:
            known[entry.source] += entry.inputs

        def told(source: str, count: int) -> None:
            counts[source] = count
            self._watch(Progress("list", count, known[source] or None, source))

        asked = Asked(told, self._request.force, self._spool, self._executor, meanwhile=self._inspect)
        listings = self._shop.listings(asked)
        self._watch(Ended("list", sum(counts.values()), many(len(listings), "source")))
        return listings

    def _inspect(self) -> None:
        """Look at the outputs beforehand; if that fails they are looked at once more, by who tells why."""
        with contextlib.suppress(Exception):
            self._held = self._shop.inspect()

    def _quiet(self, plan: Plan, outlets: Outlets) -> bool:
        """Tell whether nothing at all is to be done."""
        head = self._head
        if self._request.force or self._shop.intents.left or head.held_back or self._shop.memory.empty:
            return False
        if any(gone.inputs for gone in plan.gone) or any(True for _ in plan.groups()):
            return False
        sources = {listing.name for listing in plan.listings}
        return set(head.collections) == set(self._shop.pipelines) and set(head.sources) == sources and outlets.fresh()

    def _unchanged(self, plan: Plan, listings: list[SourceListing], held: dict[str, Inspected]) -> BuildReport:
        read = any(shard.read for listing in listings for shard in listing.shards) or plan.looked.restamped
        if plan.looked.restamped:
            same = plan.looked.known().items()
            files = plan.looked.memory((path, file.digest) for path, file in same)
            self._head.looked = self._shop.memory.write_looked(self._head.generation + 1, files)
        if read:
            self._head.sources = remember.sources(self._shop.memory, plan, set())
        report = self._account.quiet(plan, held)
        if read or not self._shop.failures_path.exists():
            failures = self._account.failures(self._head, self._shop.memory, plan)
            failing.write(self._shop.failures_path, failures)
            report.like_failures = failures.groups
        if read:
            self._head.generation += 1
            self._shop.memory.commit(self._head)
        return report

    # --- settle

    def _settle(self, plan: Plan, settler: Settler) -> list[str]:
        held_back = doubts.held_back(plan)
        for gone in plan.gone:
            settler.gone(gone)
        held_back += settler.withdraw(self._request.max_deletions)
        for changes in settler.changes.values():
            changes.close()
        return held_back

    # --- remember

    def _remember(self, done: Done, outlets: Outlets, rows: RowsWriter, view: Catalog) -> BuildReport:
        if any(delivery is not None and delivery.touched for delivery in done.deliveries.values()):
            with self._over("sync"):
                deliver.sync()
            _outwait_the_clock()
        rows.finish(done.settler.entries)
        head = remember.head(self._shop, done, outlets.memories(done.settler, done.deliveries))
        failures = self._account.failures(head, rows, done.plan)
        head.reasons = failures.reasons
        failing.write(self._shop.failures_path, failures)
        if self._shop.document.patches:
            trail.write(self._shop.changes_path, (trail.hit(*one) for one in done.settler.hits))
        self._judge_documents(view)
        report = self._account.report(done.plan, done.settler, done.deliveries, view, failures, head)
        self._shop.memory.commit(head)
        if self._request.selection and self._shop.intents.left:
            self._shop.intents.keep()
        else:
            self._shop.intents.clear()
        return report

    def _judge_documents(self, view: Catalog) -> None:
        """Warn of collections whose own documents are not valid."""
        if self._shop.document.validation.level != "off" and view.documents:
            for problem in documents.judged(self._shop.judge, view.documents):
                view.warn(problem)


def _outwait_the_clock() -> None:
    """Wait until a file that is edited from now on cannot have the stamp that was just written down (racily clean)."""
    time.sleep(SLACK_NS / 1e9)
