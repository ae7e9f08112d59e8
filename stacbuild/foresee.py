"""What a build would do: list, plan and look-up of `build`, then counting instead of working. Writes nothing."""

from __future__ import annotations

import time

from stacbuild import doubts, locked
from stacbuild.account import Account, stage_json
from stacbuild.failures import Exit
from stacbuild.held import Inspected
from stacbuild.listing import Asked
from stacbuild.plan import Plan
from stacbuild.report import BuildReport, StageCount, StaleTarget
from stacbuild.request import Request
from stacbuild.resolve import Resolver
from stacbuild.status import LIMIT, output_reasons, placed, stages_of, target_of
from stacbuild.steps import Step
from stacbuild.working import batches
from stacbuild.workshop import Workshop


def foresee(shop: Workshop, request: Request) -> BuildReport:
    """Return the report of a build that is not done: `ran` is what would run, more only where it says `at_most`."""
    began = time.perf_counter()
    shop.only_look()
    listings = shop.listings(Asked(reread=request.force))
    if request.lock is not None:
        locked.refuse_other(shop, request.lock, listings)
    held = shop.inspect()
    plan = shop.plan(listings, request.options())
    account = Account(shop, 0)
    account.begin(plan)
    fetched = stage_json(account.counts.of("fetch"))
    strict = shop.document.validation.level == "strict"
    resolver = Resolver(
        shop.store, shop.contexts, shop.pipelines, force=request.force, strict=strict, looked=plan.looked
    )
    stale: list[StaleTarget] = []
    touched = 0
    for batch in batches(plan.groups()):
        steps = [step for group in batch for many in group.steps.values() for step in many if step.selected]
        moved = [step for step in steps if step.verdict in ("new", "stale")]
        names = {id(step): stages_of(step, plan) for step in moved}
        resolver.look_up(steps)
        touched += len(moved)
        for step in steps:
            account.shared(step)
            _count(account, step, plan)
        for step in moved[: max(0, LIMIT - len(stale))]:
            reasons = [placed(shop, reason) for reason in step.reasons]
            stale.append(StaleTarget(target_of(step.collection, step), step.verdict, names[id(step)], reasons))
    touched += sum(len(pairs) for gone in plan.gone if not gone.held for pairs in gone.pairs.values())
    report = account.quiet(plan, held)
    report.mode, report.stale, report.exit = "dry-run", stale, Exit.OK
    report.warnings += doubts.unreadable(listings)
    report.held_back = doubts.held_back(plan)
    report.items["failed"] = report.failures["count"] = doubts.failing(plan.memory.head, listings)
    report.stages["fetch"] = fetched
    _foresee_writing(shop, plan, held, report, touched)
    report.seconds = round(time.perf_counter() - began, 3)
    return report


def _count(account: Account, step: Step, plan: Plan) -> None:
    line = plan.pipelines[step.collection]
    if step.done(len(line.stages)):
        return
    for position in range(step.start, len(line.stages)):
        count = account.counts.of(line.stages[position].name)
        count.ran += 1
        count.at_most = count.at_most or position > step.start
    if line.judged and step.judge:
        count = account.counts.of("validate")
        count.ran += 1
        count.at_most = count.at_most or step.start < len(line.stages)


def _foresee_writing(shop: Workshop, plan: Plan, held: dict[str, Inspected], report: BuildReport, touched: int) -> None:
    wrong = 0
    for output in shop.outputs:
        reasons = output_reasons(shop, output, plan.memory.head.groups, held.get(output.name))
        if reasons:
            wrong = report.items["total"]
            target = f"output:{output.name}"
            report.stale.append(StaleTarget(target, "stale", ["write"], [placed(shop, reason) for reason in reasons]))
    ran = touched + wrong
    report.stages["write"] = stage_json(StageCount(ran, max(0, report.items["total"] - ran), 0, ran > 0))
