"""An item before and after: what the last build made of it, and what a build would make of it now. Stores nothing.

The plan says which items may differ; their records go through the stages in this process, in memory. Of outputs the
files that somebody edited are compared with what a build writes there. Never asks the network, never writes: what is
stored is only looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, Final

import msgspec

from stacbuild import canon, edited
from stacbuild.differences import differences
from stacbuild.failures import Fault
from stacbuild.feed import Feed
from stacbuild.jobs import Chunk, Job, Outcome
from stacbuild.model import Version
from stacbuild.packing import unpack
from stacbuild.plan import Plan
from stacbuild.report import DiffReport, ItemDiff
from stacbuild.resolve import Resolver
from stacbuild.status import known, target_of
from stacbuild.steps import GroupPlan, Options, Step
from stacbuild.store import MissingChunksError
from stacbuild.targets import Known, Selection, select
from stacbuild.vanished import Gone
from stacbuild.work import Bench
from stacbuild.working import batches
from stacbuild.workshop import Workshop

LIMIT: Final = 1000
"""Items shown unless told otherwise."""

UNREAD: Final = Fault("fetch", "SB493", "its source file cannot be read now", "", "it stays as it was last built")


def diff(shop: Workshop, targets: Sequence[str], limit: int | None) -> DiffReport:
    """Return where the items that `targets` name differ; no target is every item. Those that are the same are counted.

    Raises:
        UsageError: a target that nothing answers to.
    """
    shop.only_look()
    plan = shop.plan(shop.listings(), Options())
    chosen = Selection([])
    if targets:
        chosen = select(targets, shop.document, lambda names: chain(known(plan, names), _gone_known(plan)))
    report = DiffReport(shop.recipe.name, [])
    outputs = chosen.outputs if chosen else {output.name for output in shop.outputs}
    for one in chain(_Diffs(shop, plan, chosen).all(), edited.files(shop, outputs)):
        if not one.changes and one.failure is None and one.file is None:
            report.same += 1
        elif len(report.diffs) >= (LIMIT if limit is None else limit):
            report.truncated = True
            break
        else:
            report.diffs.append(one)
    report.same += 0 if report.truncated or chosen else _fresh(plan)
    return report


def _gone_known(plan: Plan) -> Iterator[Known]:
    """Yield the items whose records are no longer there: a target may mean them too."""
    for gone in plan.gone:
        for collection, pairs in gone.pairs.items():
            yield from (Known(collection, pair.built.id, gone.source, pair.key) for pair in pairs if pair.built)


def _fresh(plan: Plan) -> int:
    """Return how many items lie in groups that need not be looked at."""
    return sum(tally.live for _, entry in plan.fresh_entries() for tally in entry.tallies.values())


def _steps(group: GroupPlan, chosen: Selection) -> Iterator[Step]:
    for collection, steps in group.steps.items():
        for step in steps:
            if not chosen or chosen.takes(collection, step.input.key, group.source):
                yield step


class _Diffs:
    """The differences of one plan, an item at a time."""

    def __init__(self, shop: Workshop, plan: Plan, chosen: Selection) -> None:
        self._shop, self._plan, self._chosen = shop, plan, chosen
        self._bench = Bench(shop.tools)
        self._feed = Feed(plan)
        self._resolver = Resolver(
            shop.store, shop.contexts, shop.pipelines, force=True, strict=True, looked=plan.looked
        )

    def all(self) -> Iterator[ItemDiff]:
        """Yield what is known of every item that was named, or else is not known to be fresh; and of those gone."""
        for batch in batches(self._plan.every_group() if self._chosen else self._plan.groups()):
            yield from self._batch([_only(group, self._chosen) for group in batch])
        for gone in self._plan.gone:
            yield from self._gone(gone)

    def _batch(self, groups: list[GroupPlan]) -> Iterator[ItemDiff]:
        steps = [step for group in groups for some in group.steps.values() for step in some]
        moved = [step for step in steps if step.verdict in ("new", "stale") and step.fault is None and step.selected]
        for step in moved:
            step.start, step.marks, step.now, step.place, step.judged = 0, [], None, None, None
            step.judge = self._plan.pipelines[step.collection].judged
        made = dict(self._made(groups, moved))
        ran = {id(step) for step in moved}
        for step in steps:
            yield self._of(step, made.get(id(step)), ran=id(step) in ran)

    def _made(self, groups: list[GroupPlan], moved: list[Step]) -> Iterator[tuple[int, tuple[Outcome, bytes]]]:
        """Run the stages for steps that would run; yield each with its outcome and its document."""
        wanted = {id(step) for step in moved}
        some = [_keeping(group, wanted) for group in groups]
        fed = [(s, self._resolver.job(s, blob, base)) for s, blob, base in self._feed.documents(some, self._resolver)]
        for step, job in fed:
            yield id(step), self._run(job)

    def _run(self, job: Job) -> tuple[Outcome, bytes]:
        result = self._bench.run(Chunk(0, [job]))
        outcome = result.outcomes[0]
        whole = outcome.version is not None and outcome.ordinals
        return outcome, unpack(result.packed)[outcome.ordinals[-1]] if whole else b""

    def _of(self, step: Step, made: tuple[Outcome, bytes] | None, *, ran: bool) -> ItemDiff:
        one = ItemDiff(target_of(step.collection, step), step.verdict, [])
        if step.fault is not None and step.fault.drop:
            return self._dropped(one, step)
        if not ran:
            if step.verdict != "fresh":
                one.failure = _told(step.fault or _remembered(step) or (None if step.selected else UNREAD))
            return one
        if made is None:
            one.failure = _told(UNREAD)
            return one
        outcome, line = made
        if outcome.fault is not None and outcome.fault.drop:
            return self._dropped(one, step)
        refused = outcome.state == "invalid" and self._shop.document.validation.level == "strict"
        one.failure = _told(outcome.fault or (next(iter(outcome.faults), None) if refused else None))
        if line:
            self._compare(one, step.old.built if step.old else None, canon.decode(line))
        return one

    def _dropped(self, one: ItemDiff, step: Step) -> ItemDiff:
        """Tell an item that the recipe does not want: all of it goes, if it was built."""
        if step.old is not None and step.old.built is not None:
            one.verdict, one.target = "dropped", f"item:{step.collection}/{step.old.built.id}"
            self._compare(one, step.old.built, {})
        return one

    def _gone(self, gone: Gone) -> Iterator[ItemDiff]:
        for collection, pairs in gone.pairs.items():
            for pair in pairs:
                taken = not self._chosen or self._chosen.takes(collection, pair.key, gone.source)
                if taken and pair.built is not None and not gone.held:
                    one = ItemDiff(f"item:{collection}/{pair.built.id}", "gone", [])
                    self._compare(one, pair.built, {})
                    yield one

    def _compare(self, one: ItemDiff, before: Version | None, after: dict[str, Any]) -> None:
        """Note the differences; of a document that the store has no more, only that it is another."""
        was: dict[str, Any] = {}
        if before is not None:
            try:
                was = canon.decode(self._shop.store.documents(before.blob)[before.ordinal])
            except MissingChunksError:
                one.lost = True
                if after and canon.digest(canon.encode(after)) == before.digest:
                    return
        one.changes = msgspec.to_builtins(differences(was, after))


def _only(group: GroupPlan, chosen: Selection) -> GroupPlan:
    return _keeping(group, {id(step) for step in _steps(group, chosen)})


def _keeping(group: GroupPlan, wanted: Iterable[int]) -> GroupPlan:
    """Return a group with those of its steps that are wanted."""
    steps = {name: [step for step in some if id(step) in wanted] for name, some in group.steps.items()}
    return msgspec.structs.replace(group, steps=steps)


def _remembered(step: Step) -> Fault | None:
    old = step.old
    if old is None or old.live:
        return None
    return old.fault or (next(iter(old.verdict.faults), None) if old.verdict is not None else None)


def _told(fault: Fault | None) -> dict[str, Any] | None:
    if fault is None:
        return None
    return {"stage": fault.stage, "code": fault.code, "message": fault.message, "path": fault.path, "hint": fault.hint}
