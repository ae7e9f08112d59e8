"""What is stale and why: inputs and memory in, steps with verdicts and reasons out. PURE.

`status`, `why`, `build -n` and `build` all ask here, so none of them can disagree. The memory's rows are had through
a function, a group at a time; nothing is read, run or written here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from stacbuild import clashes
from stacbuild.amends import Rest
from stacbuild.clashes import Place, SharedIds
from stacbuild.contexts import Contexts
from stacbuild.cuts import GroupListing
from stacbuild.differences import leaves_moved
from stacbuild.failures import Fault
from stacbuild.listed import ShardListing, SourceListing
from stacbuild.looking import Looked, marks_in
from stacbuild.model import Input, Mark, Pair
from stacbuild.pipeline import Pipeline, unseen
from stacbuild.recipe.schema import Document
from stacbuild.report import Reason
from stacbuild.row_files import GroupEntry
from stacbuild.steps import BY_ID, DUPLICATE_ID, OTHER_TAKEN, GroupPlan, Options, Step, refused
from stacbuild.trace import Memory
from stacbuild.vanished import Vanished


class Plan:
    """The plan of one build; `groups` gives what is not fresh, one group at a time."""

    def __init__(
        self,
        document: Document,
        pipelines: dict[str, Pipeline],
        contexts: Contexts,
        memory: Memory,
        listings: list[SourceListing],
        options: Options,
        looked: Looked,
    ) -> None:
        self.looked = looked
        self.document, self.pipelines, self.contexts = document, pipelines, contexts
        self.memory, self.listings, self.options = memory, listings, options
        self.clashes = clashes.find(memory, listings, document)
        self._unnamed: dict[tuple[str, str, str], tuple[str, int]] = {}
        self._reasons: dict[Any, list[Reason]] = {}
        self._by_name = {listing.name: listing for listing in listings}
        self._vanished = Vanished(document, memory, listings)
        self.gone = [self._vanished.gone(one, options.deletions, held=options.targeted) for one in listings]
        self._visit = self._moved_clashes()

    def let_go(self) -> None:
        """Forget the inputs that were read, once their groups are settled."""
        self._vanished.let_go()
        for listing in self.listings:
            for group in listing.groups():
                group.packed = group.former = group.amends = None

    # --- what is to be looked at

    def _moved_clashes(self) -> tuple[set[str], set[str]]:
        head = self.memory.head
        sources = {name for name, now in self.clashes.keys.items() if now != _duplicates(head.sources.get(name))}
        collections = {name for name, now in self.clashes.ids.items() if self._ids_moved(name, now)}
        return sources, collections

    def _ids_moved(self, collection: str, now: SharedIds) -> bool:
        """Tell whether other inputs share ids than before, or another choice is made among them."""
        before = self.memory.head.collections.get(collection)
        choice = self.document.collections[collection].on_duplicate
        return now != _duplicates(before) or (bool(now) and before is not None and before.on_duplicate != choice)

    def fresh(self, source: str, entry: GroupEntry) -> bool:
        """Tell from a group's entry alone that nothing is to be done for it."""
        if self.options.force or source in self._visit[0]:
            return False
        if entry.reads and self.looked.moved and not self.looked.moved.isdisjoint(marks_in(entry.reads)):
            return False
        fed = self._by_name[source].fed(entry)
        return set(entry.tallies) == fed and all(self._fresh_in(collection, entry) for collection in fed)

    def _fresh_in(self, collection: str, entry: GroupEntry) -> bool:
        tally, line = entry.tallies[collection], self.pipelines[collection]
        if tally.behind or collection in self._visit[1] or (self.options.selected is not None and tally.failed):
            return False
        level_moved = self.memory.head.level != self.document.validation.level
        if level_moved and (tally.invalid or tally.warned or tally.failed):
            return False
        before = self.memory.head.collections.get(collection)
        if before is None or before.summaries != line.summaries:
            return False
        return not self.options.lost and self.contexts.current(collection, tally, judged=line.judged)

    def _listed(self) -> Iterator[tuple[SourceListing, ShardListing, GroupListing]]:
        return ((one, shard, group) for one in self.listings for shard in one.shards for group in shard.groups)

    def groups(self, *, leanly: bool = False) -> Iterator[GroupPlan]:
        """Yield a plan for each group that is not known to be fresh, in the order of the sources' files.

        Args:
            leanly: of groups whose records were edited in place, if nothing else moved, only these get steps.
        """
        for listing, shard, group in self._listed():
            if group.packed is not None or not self.fresh(listing.name, group.entry):
                edited = self._edited(listing, shard, group) if leanly and group.former is not None else None
                yield edited or self._group(listing, shard, group)

    def every_group(self) -> Iterator[GroupPlan]:
        """Yield a plan for each group, fresh or not."""
        return (self._group(*place) for place in self._listed())

    def groups_with(self, marks: set[bytes], *, unmarked: bool = False) -> Iterator[GroupPlan]:
        """Yield a plan for each group that has an id with one of `marks`; no other is read.

        With `unmarked` also those that may hold records without an id, which are called what they were before.
        """
        for listing, shard, group in self._listed():
            names = self.memory.names(group.entry) if group.names is None else group.names
            if names.any_id(marks) or (unmarked and group.may_be_unmarked()):
                yield self._group(listing, shard, group)

    def fresh_entries(self) -> Iterator[tuple[str, GroupEntry]]:
        """Yield the entries of the groups that `groups` passes over."""
        for listing, _, group in self._listed():
            if group.packed is None and self.fresh(listing.name, group.entry):
                yield listing.name, group.entry

    def _group(self, listing: SourceListing, shard: ShardListing, group: GroupListing) -> GroupPlan:
        inputs, old = self._rows_of(listing, group)
        plan = GroupPlan(listing.name, shard, group.entry, inputs, {}, old, group.spooled, group.names)
        plan.steps = {collection: [] for collection in sorted(listing.fed(group.entry))}
        for step in self._steps(plan, listing):
            plan.steps[step.collection].append(step)
        if self.options.targeted:
            self._leave_unnamed(plan)
        return plan

    def _rows_of(self, listing: SourceListing, group: GroupListing) -> tuple[list[Input], dict[str, dict[str, Pair]]]:
        """Return a group's inputs, and the pairs that they may have had until now, by collection and key."""
        if group.packed is not None and group.former is None:
            return group.inputs(self.memory), self._vanished.pairs(listing.name)
        rows = self.memory.group(group.entry)
        return group.among(rows.inputs), {c: {pair.key: pair for pair in pairs} for c, pairs in rows.pairs.items()}

    def _edited(self, listing: SourceListing, shard: ShardListing, group: GroupListing) -> GroupPlan | None:
        """Return the plan of a group in which records were edited in place; None if anything else moved there."""
        former, told = group.former, group.amends
        if former is None or told is None or told.shifted or not self._edited_alone(listing, shard, former):
            return None
        rest = Rest(former, told)
        place = listing.name, shard, group.entry
        plan = GroupPlan(*place, group.moved(), {}, rest.old(), group.spooled, group.names, rest)
        plan.steps = {collection: [] for collection in sorted(listing.fed(group.entry))}
        for step in self._steps(plan, listing, told.moved):
            if step.old is None:
                return None
            plan.steps[step.collection].append(step)
        return plan

    def _edited_alone(self, listing: SourceListing, shard: ShardListing, former: GroupEntry) -> bool:
        """Tell whether nothing would be done for a group if its records were what they were."""
        options, clashing = self.options, self.clashes
        if options.targeted or options.lost or shard.troubles() or clashing.keys.get(listing.name):
            return False
        return self.fresh(listing.name, former) and not any(map(clashing.ids.get, listing.fed(former)))

    def _leave_unnamed(self, plan: GroupPlan) -> None:
        """Put steps to what a targeted build is not to take away: pairs that are led elsewhere, or share their key."""
        for collection, old in plan.old.items():
            if collection in self.pipelines:
                steps = plan.steps.get(collection, [])
                stepped = {step.input.key for step in steps}
                for key, row in {row.key: row for row in plan.inputs if row.key in old}.items():
                    if key not in stepped and not self._named(collection, key, plan.source):
                        steps.extend(self._as_it_was(plan, collection, row, old[key]))
                if steps:  # a group that has nothing of a collection says nothing of it
                    plan.steps[collection] = steps

    def _as_it_was(self, plan: GroupPlan, collection: str, row: Input, old: Pair) -> Iterator[Step]:
        """Yield the step that leaves a pair as it is, in the first group that has its key."""
        place = (plan.entry.shard, plan.entry.first)
        if self._unnamed.setdefault((collection, plan.source, row.key), place) == place:
            reasons = [Reason("source-changed", plan.source)]
            step = Step(collection, plan.source, row, 0, old.input, old.id, old, "stale", reasons, [], 0, judge=False)
            step.selected = False
            yield step
        else:
            plan.old = {
                **plan.old,
                collection: {key: pair for key, pair in plan.old[collection].items() if key != row.key},
            }

    def _named(self, collection: str, key: str, source: str) -> bool:
        return self.options.selected is None or self.options.selected(collection, key, source)

    def _steps(self, plan: GroupPlan, listing: SourceListing, positions: Iterable[int] | None = None) -> Iterator[Step]:
        shared = self.clashes.keys.get(listing.name, {})
        troubled = plan.shard.troubles() if plan.shard is not None else {}
        for at, row in zip(range(len(plan.inputs)) if positions is None else positions, plan.inputs, strict=True):
            if row.fault is None and row.key not in shared:
                for collection, identity, digest in listing.targets(row):
                    step = self.step(plan, collection, row, identity, digest)
                    step.ordinal = plan.entry.first + at
                    if troubled and plan.entry.file_of(row) in troubled:
                        step.selected = False
                    yield step

    # --- one pair

    def step(self, plan: GroupPlan, collection: str, row: Input, identity: str | None, digest: bytes) -> Step:
        """Return what is to be done for `row`, an input of `plan`, in `collection`, where it has `digest`."""
        source, old = plan.source, plan.old.get(collection, {}).get(row.key)
        line = self.pipelines[collection]
        step = Step(collection, source, row, 0, digest, identity, old, "fresh", [], [], 0, line.judged)
        step.selected = self._named(collection, row.key, source)
        places = self.clashes.ids.get(collection, {}).get(identity or "")
        if places is not None:
            place = (source, plan.entry.file_of(row), plan.entry.line + row.line)
            fault = self._shared_id(step, place, places)
            if fault is not None:
                return _refused_id(step, fault)
        if self.options.force and step.selected:
            step.verdict, step.reasons = ("stale" if old else "new"), [Reason("forced")]
        elif old is None:
            step.verdict, step.reasons = "new", [Reason("new", source)]
        elif old.input != digest:
            step.verdict, step.reasons = "stale", [_digests(source, row, old.input, digest)]
        else:
            self._walk(step, old, line)
        return step

    def _shared_id(self, step: Step, place: Place, places: list[Place]) -> Fault | None:
        """Return why an input that shares its id is no item; None: it is the one that is taken."""
        choice = self.document.collections[step.collection].on_duplicate
        if choice == "error":
            named = ", ".join(f"{file}:{line}" for _, file, line in sorted(places, key=lambda p: p[1:])[:8])
            text = f"id '{step.id}' is made of {len(places)} records: {named}"
            hint = 'make the id of more fields, remove all but one, or say on-duplicate = "first" or "last"'
            return Fault("transform", DUPLICATE_ID, text, "/id", hint)
        taken = places[0 if choice == "first" else -1]
        if taken == place:
            return None
        return Fault("transform", OTHER_TAKEN, f"id '{step.id}' is taken by {taken[1]}:{taken[2]}", "/id", drop=True)

    def _walk(self, step: Step, old: Pair, line: Pipeline) -> None:
        """Keep the marks of `old` up to the first stage whose context moved."""
        numbers = self.contexts.stages[step.collection]
        for position, number in enumerate(numbers):
            if position >= len(old.marks) and old.fault is not None and old.fault.code in BY_ID:
                step.verdict, step.start = "stale", 0
                step.reasons = [Reason("source-changed", step.source)]
                return
            if position >= len(old.marks) or old.marks[position].context != number:
                before = old.marks[position].context if position < len(old.marks) else None
                step.verdict, step.start = "stale", position
                step.reasons = self._moved(step.collection, position, before)
                return
            if old.marks[position].files and self._files_moved(step, position, old.marks[position]):
                return
            if not old.marks[position].digest and old.fault is not None and old.fault.code not in BY_ID:
                self._failed_before(step, old, position)
                return
            step.marks.append(old.marks[position])
            step.start = position + 1
        if len(old.marks) > len(numbers):
            self._shortened(step, old)
        else:
            self._walk_verdict(step, old, line)

    def _files_moved(self, step: Step, position: int, mark: Mark) -> bool:
        """Tell whether a file that a stage read holds something else now; if so the step begins there."""
        moved = [(path, then) for path, then in mark.files if self.looked.digest(path) != then]
        for path, then in moved[:1]:
            now = self.looked.digest(path)
            step.verdict, step.start = "stale", position
            step.reasons = [Reason("source-changed", path, then.hex()[:12] or None, now.hex()[:12] or None)]
        return bool(moved)

    def _shortened(self, step: Step, old: Pair) -> None:
        """Begin with the last stage that is left: the result of one that is no more in the item's life was kept."""
        last = self.contexts.known[old.marks[step.start].context]
        what = f"collections.{step.collection}.{last.stage}"
        step.verdict, step.reasons = "stale", [Reason("collection-changed", what, last.ingredients.get(last.stage))]
        step.marks.pop()
        step.start -= 1

    def _failed_before(self, step: Step, old: Pair, position: int) -> None:
        step.start = position
        assert old.fault is not None
        step.verdict, step.reasons = "failed", [Reason("failed-before")]
        if old.fault.drop:
            step.verdict, step.reasons = "dropped", []
        if old.fault.drop or self.options.selected is None or not step.selected:
            step.fault, step.judge = old.fault, False
            step.marks.append(old.marks[position])

    def _walk_verdict(self, step: Step, old: Pair, line: Pipeline) -> None:
        step.now = old.now
        if old.now is None or old.now.blob in self.options.lost:
            step.verdict, step.reasons = "stale", [Reason("evicted")]
            step.start, step.marks, step.now = 0, [], None
            step.selected = step.selected or old.now is not None  # lost, not stale: it is made again though unnamed
            return
        if not line.judged:
            step.judge = False
        elif old.verdict is None:
            step.verdict, step.reasons = "stale", [Reason("schema-changed", "validation.level")]
        elif not self.contexts.verdict_current(step.collection, old.verdict.context):
            step.verdict = "stale"
            step.reasons = [_schema_moved(self.contexts, old.verdict.context, step.collection, old.now.profile)]
        else:
            step.judge, step.judged = False, old.verdict
            self._remembered(step, old)

    def _remembered(self, step: Step, old: Pair) -> None:
        if refused(old.verdict, self.document.validation.level):
            step.verdict, step.reasons = "failed", [Reason("failed-before")]
            if self.options.selected is not None and step.selected:
                step.judge, step.judged = True, None

    def _moved(self, collection: str, position: int, before: int | None) -> list[Reason]:
        place = (collection, position, before)
        if place not in self._reasons:  # many items have it
            self._reasons[place] = self._reasons_of(*place)
        return [*self._reasons[place]]

    def _reasons_of(self, collection: str, position: int, before: int | None) -> list[Reason]:
        line = self.pipelines[collection]
        stage = line.stages[position]
        old = self.contexts.known[before].ingredients if before is not None else {}
        reasons = []
        for name in sorted(line.ingredients[position]):
            for path, was, is_ in leaves_moved(old.get(name), line.ingredients[position][name]):
                code, where = stage.reason(self.document, collection, name)
                reasons.append(Reason(code, ".".join([where, *path]), was, is_))
        return reasons[:8] or [unseen(self.document, collection, line, position)]


def _refused_id(step: Step, fault: Fault) -> Step:
    old = step.old
    known = old is not None and old.input == step.digest and old.fault is not None and old.fault.code == fault.code
    step.fault, step.judge = fault, False
    if known:
        step.verdict, step.reasons = ("dropped", []) if fault.drop else ("failed", [Reason("failed-before")])
    else:
        step.verdict, step.reasons = ("stale" if old else "new"), [Reason("source-changed", step.source)]
    return step


def _duplicates(memory: Any) -> dict[str, list[Any]]:
    return memory.duplicates if memory is not None else {}


def _digests(source: str, row: Input, before: bytes, after: bytes) -> Reason:
    return Reason("source-changed", f"{source}: {row.key}", before.hex()[:12], after.hex()[:12])


def _schema_moved(contexts: Contexts, before: int, collection: str, profile: tuple[str, ...]) -> Reason:
    old = contexts.known[before].ingredients.get("schemas", {})
    new = contexts.known[contexts.verdict(collection, profile)].ingredients["schemas"]
    for path, was, is_ in leaves_moved(old, new):
        return Reason("schema-changed", ".".join(path), was, is_)
    return Reason("stage-revised", "validate")
