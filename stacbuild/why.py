"""Why one item or output is as it is: each stage, its key's ingredients, which one moved. Reads; never runs a stage."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from stacbuild import keys
from stacbuild.failures import Problem, UsageError
from stacbuild.held import Inspected
from stacbuild.plan import Plan
from stacbuild.report import WhyReport
from stacbuild.status import identity, known, marks_of, output_reasons, placed, target_of
from stacbuild.steps import GroupPlan, Options, Step
from stacbuild.targets import Known, named, parse, select
from stacbuild.workshop import Workshop


def why(shop: Workshop, target: str) -> WhyReport:
    """Return the history of one target.

    Raises:
        UsageError: there is none of that name, or it means several.
    """
    kind, rest = parse(target)
    listings, held = shop.listings(), shop.inspect()
    plan = shop.plan(listings, Options())
    if kind == "output":
        return _why_output(shop, plan, rest, held)
    if kind != "item":
        text = f"'{target}': only an item or an output has a history of its own"
        raise UsageError(Problem("SB504", text, hint=f"`stacbuild status {target}` says what of it is stale"))
    group, step = _find(shop, plan, target, rest)
    return _why_item(shop, plan, group, step)


def _find(shop: Workshop, plan: Plan, target: str, rest: str) -> tuple[GroupPlan, Step]:
    """Return what a target means: by the marks of names where it is an id, else by all names."""
    marks = marks_of(rest, shop.document.collections)
    return _found_in(plan.groups_with(marks), shop, target, rest) or _find_anywhere(shop, plan, target, rest)


def _find_anywhere(shop: Workshop, plan: Plan, target: str, rest: str) -> tuple[GroupPlan, Step]:
    found = _found_in(plan.every_group(), shop, target, rest)
    if found is None:
        select([target], shop.document, lambda _: known(plan))
        raise AssertionError(target)
    return found


def _found_in(groups: Iterator[GroupPlan], shop: Workshop, target: str, rest: str) -> tuple[GroupPlan, Step] | None:
    """Return the one pair of some groups that a target means.

    Raises:
        UsageError: it means items of several names.
    """
    names: list[Known] = []
    hits: list[tuple[GroupPlan, Step, Known]] = []
    for group in groups:
        for collection, steps in group.steps.items():
            for step in steps:
                one = Known(collection, identity(step), group.source, step.input.key)
                if one.id is not None:
                    names.append(one)
                    hits.append((group, step, one))
    chosen = {(one.collection, one.key) for one in named(rest, names, set(shop.document.collections))}
    found = [(group, step) for group, step, one in hits if (one.collection, one.key) in chosen]
    wide = list(dict.fromkeys(f"`{target_of(step.collection, step)}`" for _, step in found))
    if len(wide) > 1:
        hint = f"say which: {', '.join(wide[:3])}"
        raise UsageError(Problem("SB505", f"'{target}' means {len(wide)} items", hint=hint))
    return found[0] if found else None  # records that share an id all fail with one text


def _why_item(shop: Workshop, plan: Plan, group: GroupPlan, step: Step) -> WhyReport:
    line = plan.pipelines[step.collection]
    row = step.input
    old = step.old
    stages = []
    incoming = step.digest
    for position, stage in enumerate(line.stages):
        result = old.marks[position].digest if old is not None and position < len(old.marks) else b""
        stages.append(
            {
                "stage": stage.name,
                "verdict": "stale" if position >= step.start and step.verdict in ("new", "stale") else "fresh",
                "key": keys.stage_key(line.contexts[position], incoming).hex(),
                "ingredients": {"input": incoming.hex(), **_digests(line.ingredients[position])},
                "result": result.hex(),
            }
        )
        incoming = result
    stages.extend(_why_verdict(plan, step))
    fault = old.fault if old is not None else None
    built = old.built if old is not None else None
    outputs = [
        {"output": o.name, "path": o.path} for o in shop.outputs if step.collection in o.takes([step.collection])
    ]
    return WhyReport(
        recipe=shop.recipe.name,
        target=target_of(step.collection, step),
        verdict=step.verdict,
        reasons=[placed(shop, reason) for reason in step.reasons],
        stages=stages,
        source={"name": group.source, "where": group.entry.place(row), "key": row.key, "digest": row.digest.hex()},
        outputs=outputs if built is not None else [],
        failure=_fault_json(step.fault or fault or _first_fault(step)),
    )


def _why_verdict(plan: Plan, step: Step) -> list[dict[str, Any]]:
    old = step.old
    if old is None or old.now is None or not plan.pipelines[step.collection].judged:
        return []
    number = plan.contexts.verdict(step.collection, old.now.profile)
    known = plan.contexts.known[number]
    begins_earlier = step.verdict in ("new", "stale") and step.start < len(plan.pipelines[step.collection].stages)
    stale = old.verdict is None or old.verdict.context != number or begins_earlier
    return [
        {
            "stage": "validate",
            "verdict": "stale" if stale else "fresh",
            "key": keys.stage_key(known.digest, old.now.digest).hex(),
            "ingredients": {"document": old.now.digest.hex(), **known.ingredients["schemas"]},
            "result": old.verdict.state if old.verdict is not None else "",
        }
    ]


def _first_fault(step: Step) -> Any:
    verdict = step.old.verdict if step.old is not None else None
    return verdict.faults[0] if verdict is not None and verdict.state == "invalid" and verdict.faults else None


def _fault_json(fault: Any) -> dict[str, Any] | None:
    if fault is None:
        return None
    return {"stage": fault.stage, "code": fault.code, "message": fault.message, "path": fault.path, "hint": fault.hint}


def _digests(ingredients: dict[str, Any]) -> dict[str, str]:
    return {name: keys.settings(value).hex()[:16] for name, value in sorted(ingredients.items())}


def _why_output(shop: Workshop, plan: Plan, name: str, held: dict[str, Inspected]) -> WhyReport:
    output = next((output for output in shop.outputs if output.name == name), None)
    if output is None:
        select([f"output:{name}"], shop.document, lambda _: ())
        raise UsageError(Problem("SB502", f"there is no target 'output:{name}'"))
    reasons = [placed(shop, r) for r in output_reasons(shop, output, plan.memory.head.groups, held.get(name))]
    return WhyReport(
        recipe=shop.recipe.name,
        target=f"output:{name}",
        verdict="stale" if reasons else "fresh",
        reasons=reasons,
        stages=[],
        source={},
        outputs=[{"output": name, "path": output.path}],
    )
