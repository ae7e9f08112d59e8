"""Counts what a build did and says it: items, stages, outputs, failures, warnings. Decides nothing, runs nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from stacbuild import audit, failing, odd, strays
from stacbuild.deliver import Delivery
from stacbuild.failing import Failure, Failures
from stacbuild.failures import Exit
from stacbuild.held import Inspected
from stacbuild.listed import SourceListing
from stacbuild.model import Input, Tally
from stacbuild.plan import Plan
from stacbuild.report import BuildReport, Caution, StageCount
from stacbuild.resolve import Counts
from stacbuild.row_files import GroupEntry, Rows
from stacbuild.settle import Settler
from stacbuild.stages.registry import ALL_STAGES
from stacbuild.steps import DUPLICATE_ID, Step
from stacbuild.targets import Selection
from stacbuild.trace import Head, Reasons
from stacbuild.view import Catalog
from stacbuild.workshop import Workshop

FETCH: Final = "`stacbuild schemas pull` fetches the schemas that are not at hand"


def _lacks_schemas(head: Head) -> bool:
    """Tell whether a schema that items declare was not at hand when they were judged."""
    used = {number for entry in head.groups for tally in entry.tallies.values() for number in tally.verdicts}
    return any("absent" in head.contexts[number].ingredients.get("schemas", {}).values() for number in used)


class Account:
    """The account of one build."""

    def __init__(self, shop: Workshop, max_failures: float) -> None:
        self._shop, self._max_failures = shop, max_failures
        self.counts = Counts()
        self.unworked: list[bytes] = []
        self._targeted = False
        """Digests of new inputs that no stage will see: they cannot be read, or share a key or an id."""
        self.left: dict[str, int] = {}
        """Outputs that the recipe has no more → files removed."""
        self.warnings: list[Caution] = [
            Caution(p.code, p.message, p.hint, str(p.at) if p.at else None) for p in shop.recipe.warnings
        ]
        self._ids: set[tuple[str, str]] = set()

    def warn(self, code: str, message: str, hint: str | None = None) -> None:
        """Note a warning."""
        self.warnings.append(Caution(code, message, hint))

    # --- counting

    def begin(self, plan: Plan) -> None:
        """Count fetch: inputs whose digest nothing knew before."""
        self.counts, self.unworked, self._targeted = Counts(), [], plan.options.targeted
        count = self.counts.of("fetch")
        for listing in plan.listings:
            entries = [group.entry for group in listing.groups()]
            total = sum(entry.inputs for entry in entries)
            ran, failed = self._not_known(plan, listing.name)
            if plan.options.force:
                ran, failed = total, sum(entry.faults for entry in entries)
            count.ran, count.failed, count.reused = count.ran + ran, count.failed + failed, count.reused + total - ran

    def _not_known(self, plan: Plan, source: str) -> tuple[int, int]:
        """Return how many inputs of a source are new to memory and store, and how many of these cannot be read."""
        listing = next(listing for listing in plan.listings if listing.name == source)
        if not any(group.packed is not None for group in listing.groups()):
            return 0, 0
        digests = {row.digest for entry in listing.vanished for row in plan.memory.inputs(entry)}
        empty = self._shop.store.empty
        ran = failed = 0
        rows = (row for g in listing.groups() if g.packed is not None for row in g.moved())
        for batch in _several(rows, 1000 if empty else _BATCH):
            new = [row for row in batch if row.digest not in digests]
            known = set() if empty else self._shop.store.known_inputs({row.digest for row in new})
            new = [row for row in new if row.digest not in known]
            self.unworked += [row.digest for row in new if _unworked(row, listing, plan)]
            ran, failed = ran + len(new), failed + sum(row.fault is not None for row in new)
        return ran, failed

    def planned(self, steps: list[Step]) -> None:
        """Note what a batch of steps is about."""
        for step in steps if self._targeted else ():
            if step.selected and step.id is not None:
                self._ids.add((step.collection, step.id))

    def shared(self, step: Step) -> None:
        """Count a pair that fails because its id is another's too, once."""
        if step.fault is not None and step.fault.code == DUPLICATE_ID and step.verdict != "failed":
            count = self.counts.of("transform")
            count.ran, count.failed = count.ran + 1, count.failed + 1

    def takes(self, selection: Selection, collection: str, identity: str) -> bool:
        """Tell whether an item is one that a selection takes."""
        named = (collection, identity)
        return collection in selection.collections or named in selection.ids or named in self._ids

    # --- reporting

    def failures(self, head: Head, rows: Rows, plan: Plan) -> Failures:
        """Return what fails now."""
        before = failing.read_before(self._shop.failures_path)
        read = {(one.name, file) for one in plan.listings for file in one.moved_files()}

        def tried(failure: Failure) -> bool:
            if failure.collection is not None:
                return (failure.collection, failure.record) in self.counts.tried
            name, where = failure.source["name"], failure.source["where"]
            return (name, where) in read or (name, where.rpartition(":")[0]) in read

        load, redact = odd.reader(rows), self._shop.recipe.redact
        return failing.collect(head.groups, head.sources, load, head.level, before, tried, redact, head.outputs)

    def report(
        self,
        plan: Plan,
        settler: Settler,
        deliveries: dict[str, Delivery | None],
        view: Catalog,
        failures: Failures,
        head: Head,
    ) -> BuildReport:
        """Return the report of a build that did something."""
        totals = {name: _built(settler.entries, name) for name in self._shop.pipelines}
        anew = _anew(deliveries, totals)
        items = self._items(settler, plan, totals, anew)
        items["failed"] += left_out(head)
        for problem in view.warnings:
            self.warn(problem.code, problem.message, problem.hint)
        self._warn_of_doubt(head)
        self.warnings += strays.of_listings(plan.listings)
        self._warn_of_routes(settler.entries)
        self._warn_of_warnings(head)
        report = self._report(plan, items, failures.count, self._stages(settler.entries, sum(anew.values())))
        report.outputs = self._outputs(deliveries)
        report.held_back, report.like_failures = head.held_back, failures.groups
        report.mappings = self._mappings(settler.entries, failures.reasons)
        report.patches = audit.patches(self._shop.document, settler.entries)
        report.exit = self._exit(failures.count, items, head.held_back)
        if view.unfinished:
            report.exit = Exit.FAILURES
        return report

    def _mappings(self, entries: list[GroupEntry], reasons: Reasons) -> dict[str, dict[str, Any]]:
        return audit.mappings(self._shop.document, self._shop.pipelines, entries, reasons)

    def quiet(self, plan: Plan, held: dict[str, Inspected]) -> BuildReport:
        """Return the report of a build that had nothing to do."""
        head = plan.memory.head
        self._warn_of_doubt(head)
        self.warnings += strays.of_listings(plan.listings)
        self._warn_of_routes(head.groups)
        total = sum(_built(head.groups, name) for name in self._shop.pipelines)
        failed = failed_of(head)
        items = {**dict.fromkeys(_ITEMS, 0), "total": total, "unchanged": total, "failed": failed}
        items["dropped"] = _dropped(head.groups)
        self.counts.of("fetch").reused = sum(entry.inputs for entry in head.groups if entry.shard)
        report = self._report(plan, items, failed, self._stages(head.groups, 0))
        report.outputs = {
            output.name: {"path": output.path, "written": 0, "unchanged": _count(held.get(output.name)), "removed": 0}
            for output in self._shop.outputs
        }
        report.mappings = self._mappings(head.groups, head.reasons)
        report.patches = audit.patches(self._shop.document, head.groups)
        report.exit = self._exit(failed, items, [])
        return report

    def _warn_of_routes(self, entries: list[GroupEntry]) -> None:
        """Say which patterns found nothing, and which inputs no table takes."""
        for pattern in self._shop.routes.empty(self._shop.targets):
            at = self._shop.recipe.at("collections", pattern)
            text = f"collection '{pattern}' matches no collection that its sources name"
            hint = "nothing is written for it; `stacbuild ls` lists the collections that there are"
            self.warnings.append(Caution("SB704", text, hint, str(at) if at else None))
        untaken: Counter[str] = Counter()
        for entry in entries:
            untaken[entry.source] += entry.untaken
        for source, number in sorted(untaken.items()):
            if number:
                which = "is" if number == 1 else "are"
                text = f"source '{source}': {number:,} of its inputs {which} in no collection: no table takes them"
                self.warn("SB705", text, "they name none, or one that no pattern matches")

    def _warn_of_doubt(self, head: Head) -> None:
        """Say how many items are in the catalog that no schema has found good."""
        if number := sum(tally.warned for entry in head.groups for tally in entry.tallies.values()):
            which = "is" if number == 1 else "are"
            path = self._shop.failures_path.relative_to(self._shop.recipe.root).as_posix()
            text = f"{number:,} of the items built {which} invalid or could not be checked in full: {path} says why"
            self.warn("SB703", text, FETCH if _lacks_schemas(head) else None)

    def _warn_of_warnings(self, head: Head) -> None:
        """Say how many items have warnings; a build with nothing to do does not say it again."""
        if number := sum(tally.noted for entry in head.groups for tally in entry.tallies.values()):
            path = self._shop.failures_path.relative_to(self._shop.recipe.root).as_posix()
            has = "has" if number == 1 else "have"
            self.warn("SB308", f"{number:,} of the items built {has} warnings: {path} lists them")

    def _report(self, plan: Plan, items: dict[str, int], failed: int, stages: dict[str, Any]) -> BuildReport:
        options = plan.options
        path = self._shop.failures_path.relative_to(self._shop.recipe.root).as_posix()
        return BuildReport(
            recipe=self._shop.recipe.name,
            mode="full" if options.force else "targeted" if options.targeted else "incremental",
            items=items,
            stages=stages,
            outputs={},
            failures={"count": failed, "path": path},
            warnings=self.warnings,
            seconds=0.0,
            catalog=self._shop.document.catalog.id,
        )

    def _items(self, settler: Settler, plan: Plan, totals: dict[str, int], anew: dict[str, int]) -> dict[str, int]:
        total = sum(totals.values())
        changes = settler.changes.values()
        added = sum(len(change.after) for change in changes)
        modified = sum(len(change.modified) for change in changes)
        deleted = sum(len(change.before) for change in changes)
        head = plan.memory.head
        gone = {name for entry in head.groups for name in entry.tallies} - totals.keys()
        deleted += sum(_built(head.groups, name) for name in gone)
        if plan.memory.empty:
            added = sum(anew.values()) if self._shop.outputs else total
        failed = _failed(settler.entries) + sum(len(p) for d in plan.clashes.keys.values() for p in d.values())
        unchanged = total - added - modified
        return {
            "total": total, "added": added, "modified": modified, "deleted": deleted,
            "unchanged": unchanged, "failed": failed, "dropped": _dropped(settler.entries),
        }  # fmt: skip

    def _stages(self, entries: list[GroupEntry], written: int) -> dict[str, dict[str, Any]]:
        reached = self._reached(entries)
        reached["write"] = sum(_built(entries, name) for name in self._shop.pipelines)
        self.counts.of("write").ran = written
        result = {}
        for stage in ALL_STAGES:
            count = self.counts.of(stage)
            if stage != "fetch":
                count.reused = max(0, reached.get(stage, 0) - count.ran)
            result[stage] = stage_json(count)
        return result

    def _reached(self, entries: list[GroupEntry]) -> dict[str, int]:
        """Return how many pairs reach each stage: those that did not end before it."""
        reached: dict[str, int] = {}
        for name, line in self._shop.pipelines.items():
            tallies = [t for entry in entries if entry.shard and (t := entry.tallies.get(name)) is not None]
            left = sum(t.live + t.failed + t.dropped for t in tallies) - _stopped(tallies, 0)
            for position, stage in enumerate(line.stages, 1):
                reached[stage.name] = reached.get(stage.name, 0) + left
                left -= _stopped(tallies, position)
            if line.judged:
                reached["validate"] = reached.get("validate", 0) + left
        return reached

    def _outputs(self, deliveries: dict[str, Delivery | None]) -> dict[str, dict[str, Any]]:
        result: dict[str, dict[str, Any]] = {}
        for output in self._shop.outputs:
            done = deliveries[output.name]
            known = self._shop.memory.head.outputs.get(output.name)
            counts = (0, known.count if known else 0, 0)
            if done is not None:
                counts = (done.written, done.unchanged, done.removed)
            names = ("written", "unchanged", "removed")
            result[output.name] = {"path": output.path, **dict(zip(names, counts, strict=True))}
        for name, removed in self.left.items():
            result.setdefault(name, {"path": "", "written": 0, "unchanged": 0, "removed": removed})
        return result

    def _exit(self, failed: int, items: dict[str, int], held_back: list[str]) -> Exit:
        allowed = self._max_failures
        if isinstance(allowed, float):
            allowed = allowed * (items["total"] + items["failed"])
        return Exit.FAILURES if failed > allowed or held_back else Exit.OK


def _unworked(row: Input, listing: SourceListing, plan: Plan) -> bool:
    if row.fault is not None or row.key in plan.clashes.keys.get(listing.name, {}):
        return True
    ids = plan.clashes.ids
    return all(name in ids.get(target, {}) for target, name, _ in listing.targets(row))


_ITEMS = ("total", "added", "modified", "deleted", "unchanged", "failed", "dropped")


def stage_json(count: StageCount) -> dict[str, Any]:
    """Return a count as the contract has it."""
    result: dict[str, Any] = {"ran": count.ran, "reused": count.reused, "failed": count.failed}
    return {**result, "at_most": True} if count.at_most else result


def failed_of(head: Head) -> int:
    """Return how many failures a memory holds."""
    shared = sum(len(places) for s in head.sources.values() for places in s.duplicates.values())
    troubles = sum(1 for s in head.sources.values() for _ in s.troubles())
    return _failed(head.groups) + shared + troubles + left_out(head)


def left_out(head: Head) -> int:
    """Return how many items files of outputs cannot hold."""
    return sum(len(left) for output in head.outputs.values() for left in output.left.values())


def _failed(entries: list[GroupEntry]) -> int:
    return sum(entry.faults + sum(t.failed for t in entry.tallies.values()) for entry in entries)


def _dropped(entries: list[GroupEntry]) -> int:
    return sum(t.dropped for entry in entries for t in entry.tallies.values())


def _stopped(tallies: list[Tally], position: int) -> int:
    return sum(t.stopped[position] for t in tallies if len(t.stopped) > position)


def _built(entries: list[GroupEntry], collection: str) -> int:
    return sum(t.live + t.kept for entry in entries if (t := entry.tallies.get(collection)) is not None)


def _count(held: Inspected | None) -> int:
    return held.count if held is not None else 0


def _anew(deliveries: dict[str, Delivery | None], totals: dict[str, int]) -> dict[str, int]:
    """Return how many items of each collection were put into some output anew."""
    ids: dict[str, set[str]] = {}
    whole: set[str] = set()
    for delivery in deliveries.values():
        for collection, some in (delivery.anew if delivery is not None else {}).items():
            if some is None:
                whole.add(collection)
            else:
                ids.setdefault(collection, set()).update(some)
    return {name: total if name in whole else len(ids.get(name, ())) for name, total in totals.items()}


def _several(rows: Iterator[Any], number: int) -> Iterator[list[Any]]:
    batch: list[Any] = []
    for row in rows:
        batch.append(row)
        if len(batch) >= number:
            yield batch
            batch = []
    if batch:
        yield batch


_BATCH = 20_000
