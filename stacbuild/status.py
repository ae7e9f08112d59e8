"""What is stale, in words for people and programs: status, ls. Reads; never writes, never runs a stage."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from stacbuild import doubts, strays
from stacbuild.cutting import mark_of
from stacbuild.differences import leaves_moved
from stacbuild.held import Inspected
from stacbuild.listed import SourceListing
from stacbuild.outputs.base import Output
from stacbuild.plan import Plan
from stacbuild.report import Caution, LsReport, Reason, StaleTarget, StatusReport
from stacbuild.row_files import GroupEntry
from stacbuild.stages.registry import ALL_STAGES
from stacbuild.steps import GroupPlan, Options, Step
from stacbuild.targets import Known, Selection, select, tables_of
from stacbuild.workshop import Workshop

LIMIT = 1000
"""Stale targets listed unless told otherwise."""


def known(plan: Plan, names: Iterable[str] | None = None) -> Iterator[Known]:
    """Yield every pair that a target may mean; at least those that are called one of `names` where these are given."""
    if names is None:
        groups = plan.every_group()
    else:
        marks = set[bytes]().union(*(marks_of(name, plan.document.collections) for name in names))
        groups = plan.groups_with(marks, unmarked=True)
    for group in groups:
        yield from known_of(group)


def marks_of(name: str, collections: Iterable[str]) -> set[bytes]:
    """Return the marks that an item has if `name` is its id, or its collection and id."""
    plain = {mark_of(collection, name) for collection in collections}
    return plain | {mark_of(c, name[len(c) + 1 :]) for c in collections if name.startswith(f"{c}/")}


def known_of(group: GroupPlan) -> Iterator[Known]:
    """Yield the pairs of a group."""
    for collection, steps in group.steps.items():
        for step in steps:
            yield Known(collection, identity(step), group.source, step.input.key, failed_at(step))


def identity(step: Step) -> str | None:
    """Return the id of a step's item, as it will be or as it was."""
    return step.id if step.id is not None or step.old is None else step.old.id


def failed_at(step: Step) -> str:
    """Return the stage that a step's pair failed at the last time, "" if it did not."""
    old = step.old
    if old is None or old.live:
        return ""
    return old.fault.stage if old.fault is not None else "validate"


def target_of(collection: str, step: Step) -> str:
    """Return the target that names a step's item."""
    name = identity(step)
    return f"item:{collection}/{name}" if name is not None else f"item:{collection}/({step.source} {step.input.key})"


def stages_of(step: Step, plan: Plan) -> list[str]:
    """Return the stages that a stale step may run."""
    line = plan.pipelines[step.collection]
    names = [stage.name for stage in line.stages[step.start :] if stage.name in ALL_STAGES]
    return [*names, *(["validate"] if line.judged and step.judge else []), "write"]


def status(shop: Workshop, targets: Sequence[str], limit: int | None) -> StatusReport:
    """Return what is stale and why, without the network and without writing anything."""
    began = time.perf_counter()
    limit = LIMIT if limit is None else limit
    listings, held = shop.listings(), shop.inspect()
    plan = shop.plan(listings, Options())
    chosen = select(targets, shop.document, lambda names: known(plan, names)) if targets else Selection([])
    items = dict.fromkeys(("fresh", "new", "stale", "gone", "failed", "dropped"), 0)
    stale: list[StaleTarget] = []
    total = 0
    if chosen:
        groups = plan.every_group()
    else:
        groups = plan.groups()
        _count_fresh(plan, items)
    for group in groups:
        total += _count_group(shop, group, plan, chosen, items, stale, limit)
    total += _gone(shop, plan, chosen, items, stale, limit)
    outputs = _outputs(shop, plan, held, stale_items=total > 0)
    wrong = _stale_outputs(outputs, chosen)
    stale.extend(wrong[: max(0, limit - len(stale))])
    total += len(wrong)
    if not chosen:
        items["failed"] = max(items["failed"], doubts.failing(shop.memory.head, listings))
    return StatusReport(
        recipe=shop.recipe.name,
        fresh=total == 0,
        truncated=total > len(stale),
        items=items,
        stale=stale,
        outputs=outputs,
        warnings=_doubts(listings, plan),
        catalog=shop.document.catalog.id,
        seconds=round(time.perf_counter() - began, 3),
    )


def _doubts(listings: list[SourceListing], plan: Plan) -> list[Caution]:
    held = [Caution("SB710", f"held back: {sentence}") for sentence in doubts.held_back(plan)]
    return [*doubts.unreadable(listings), *strays.of_listings(listings), *held]


def _count_fresh(plan: Plan, items: dict[str, int]) -> None:
    for _, entry in plan.fresh_entries():
        items["failed"] += entry.faults
        for tally in entry.tallies.values():
            items["fresh"] += tally.live
            items["failed"] += tally.failed
            items["dropped"] += tally.dropped


def _count_group(
    shop: Workshop,
    group: GroupPlan,
    plan: Plan,
    chosen: Selection,
    items: dict[str, int],
    stale: list[StaleTarget],
    limit: int,
) -> int:
    count = 0
    for collection, steps in group.steps.items():
        for step in steps:
            if chosen and not chosen.takes(collection, step.input.key, group.source):
                continue
            items[step.verdict] += 1
            if step.verdict in ("new", "stale"):
                count += 1
                if len(stale) < limit:
                    reasons = [placed(shop, reason) for reason in step.reasons]
                    verdict, stages = step.verdict, stages_of(step, plan)
                    stale.append(StaleTarget(target_of(collection, step), verdict, stages, reasons))
    return count


def placed(shop: Workshop, reason: Reason) -> Reason:
    """Return a reason with the line of the recipe that it speaks of."""
    if reason.at is None and reason.what is not None and reason.code not in ("new", "source-changed", "source-gone"):
        at = shop.recipe.at_dotted(reason.what)
        reason.at = str(at) if at is not None and at.line else None
    return reason


def _gone(
    shop: Workshop, plan: Plan, chosen: Selection, items: dict[str, int], stale: list[StaleTarget], limit: int
) -> int:
    count = 0
    for gone in plan.gone:
        for collection, pairs in gone.pairs.items():
            for pair in pairs:
                if pair.built is None or (chosen and not chosen.takes(collection, pair.key, gone.source)):
                    continue
                items["gone"] += 1
                if gone.held:
                    continue
                count += 1
                if len(stale) < limit:
                    reason = Reason("source-gone", f"{gone.source}: {pair.key}")
                    stale.append(StaleTarget(f"item:{collection}/{pair.built.id}", "gone", ["write"], [reason]))
    if not chosen:
        for name in {n for entry in plan.memory.head.groups for n in entry.tallies} - shop.pipelines.keys():
            count += 1
            reason = Reason("collection-changed", f"collections.{name}", "there", "not in the recipe")
            stale.append(StaleTarget(f"collection:{name}", "gone", ["write"], [reason]))
    return count


def _outputs(shop: Workshop, plan: Plan, held: dict[str, Inspected], *, stale_items: bool) -> dict[str, dict[str, Any]]:
    entries = plan.memory.head.groups
    result: dict[str, dict[str, Any]] = {}
    for output in shop.outputs:
        reasons = [placed(shop, reason) for reason in output_reasons(shop, output, entries, held.get(output.name))]
        state = "stale" if reasons or stale_items else "fresh"
        result[output.name] = {"state": state, "reasons": reasons, "path": output.path}
    for name in shop.memory.head.outputs.keys() - result.keys():
        reason = Reason("output-changed", f"outputs.{name}", "there", "not in the recipe")
        result[name] = {"state": "gone", "reasons": [reason], "path": ""}
    return result


def output_reasons(shop: Workshop, output: Output, entries: list[GroupEntry], found: Inspected | None) -> list[Reason]:
    """Return why an output is stale by itself: never built, its settings or its documents moved, its files did."""
    before = shop.memory.head.outputs.get(output.name)
    if before is None:
        return [Reason("new", f"outputs.{output.name}")]
    reasons = found.reasons() if found is not None else [Reason("output-missing", output.path)] if before.count else []
    now, then = shop.effective(), shop.memory.head.config
    if before.path != shop.place(output) or before.settings != output.settings:
        reasons += _moved("output-changed", ("outputs", output.name), then, now) or [Reason("output-changed")]
    if before.pending:
        reasons.append(Reason("collection-changed", f"only other outputs were built: {', '.join(before.pending)}"))
    elif not reasons and before.root != shop.output_root(output, entries):
        paths = [("catalog",), *(("collections", name) for name in sorted(shop.document.collections))]
        for path in paths if output.documents else []:
            reasons += _moved("collection-changed", path, then, now)
        reasons += _extensions_moved(shop, then, now) if output.documents else []
        reasons += _trees_moved(shop, output) if output.documents else []
        reasons = reasons or [Reason("collection-changed", "its items")]
    return reasons


def _trees_moved(shop: Workshop, output: Output) -> list[Reason]:
    """Return which sources' trees moved that an output keeps."""
    digests = shop.upstream.digests(shop.document, output.takes(sorted(shop.document.collections)))
    before = shop.memory.head.sources
    moved = (name for name, digest in digests.items() if name in before and before[name].tree not in (b"", digest))
    return [Reason("source-changed", f"{name}: its catalogs") for name in moved]


def _extensions_moved(shop: Workshop, then: Any, now: Any) -> list[Reason]:
    """Return how the tables of extensions moved that are applied to collections' documents."""
    applied = {one for spec in shop.document.collections.values() for one in spec.collection_extensions}
    moved = (_moved("extension-changed", ("extensions", name), then, now) for name in sorted(applied))
    found = [reason for some in moved for reason in some]
    return [Reason(one.code, (one.what or "").replace(".config.", ".", 1), one.before, one.after) for one in found]


def _moved(code: str, path: tuple[str, ...], then: Any, now: Any) -> list[Reason]:
    for name in path:
        then, now = (then or {}).get(name), (now or {}).get(name)
    return [Reason(code, ".".join((*path, *way)), was, is_) for way, was, is_ in leaves_moved(then, now)][:8]


def _stale_outputs(outputs: dict[str, dict[str, Any]], chosen: Selection) -> list[StaleTarget]:
    result = []
    for name, state in outputs.items():
        if state["reasons"] and (not chosen or name in chosen.outputs):
            verdict = "gone" if state["state"] == "gone" else "stale"
            result.append(StaleTarget(f"output:{name}", verdict, ["write"], state["reasons"]))
    return result


# --- ls


def ls(shop: Workshop, targets: Sequence[str]) -> LsReport:
    """Return targets, one a line; of `output:NAME` also the files that it holds."""
    plan = shop.plan(shop.listings(), Options())
    if not targets:
        names = [f"{kind}:{name}" for kind, table in tables_of(shop.document).items() for name in sorted(table)]
        items = sorted(_items(plan, None))
        return LsReport(shop.recipe.name, [*names, *items])
    chosen = select(targets, shop.document, lambda names: known(plan, names))
    names = [f"output:{name}" for name in sorted(chosen.outputs)]
    files = [row for name in sorted(chosen.outputs) for row in _files(shop, name)]
    only_outputs = all(target.startswith("output:") for target in targets)
    return LsReport(shop.recipe.name, names + ([] if only_outputs else sorted(_items(plan, chosen))), files)


def _items(plan: Plan, chosen: Selection | None) -> Iterator[str]:
    for group in plan.every_group():
        for collection, steps in group.steps.items():
            for step in steps:
                if identity(step) is not None and (
                    chosen is None or chosen.takes(collection, step.input.key, group.source)
                ):
                    yield target_of(collection, step)


def _files(shop: Workshop, name: str) -> list[dict[str, Any]]:
    output = next(output for output in shop.outputs if output.name == name)
    rows = shop.memory.delivered(name)
    if rows is None:
        return []
    root = shop.recipe.root
    place = output.base.relative_to(root).as_posix() if output.base.is_relative_to(root) else str(output.base)
    prefix = "" if place == "." else f"{place}/"
    return [
        {"path": prefix + path, "size": rows.stat(number)[0], "sha256": rows.digest(number).hex()}
        for number, path in enumerate(rows.paths)
    ]
