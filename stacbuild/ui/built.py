"""A build in words: one line when there was nothing to do, else what ran, was written, failed and why. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stacbuild.events import many
from stacbuild.failures import Exit
from stacbuild.ui.counts import count, duration, tally
from stacbuild.ui.stale import target_line

if TYPE_CHECKING:
    from stacbuild.report import BuildReport, Caution
    from stacbuild.ui.paint import Paint

CHANGES = ("added", "modified", "deleted", "unchanged", "failed", "dropped")
FILES = ("written", "removed", "unchanged")
ROWS = 20
GROUPS = 10


def lines(report: BuildReport, paint: Paint, verbosity: int = 0) -> list[str]:
    """Return the lines of a build or a dry run; told to be quiet, of a build only what is wrong."""
    quiet = verbosity < 0 and report.mode != "dry-run"
    return [
        *([] if quiet else _done(report, paint)),
        *_mappings(report, verbosity),
        *_failures(report, paint),
        *(f"{paint.warn('held back')}: {sentence}" for sentence in report.held_back),
        *(line for warning in report.warnings for line in warning_lines(warning, paint)),
    ]


def _done(report: BuildReport, paint: Paint) -> list[str]:
    body = [*_stages(report), *_outputs(report)] if _did_something(report) else []
    return [_head(report, paint), *body, *_stale(report, paint)]


def warning_lines(warning: Caution, paint: Paint) -> list[str]:
    """Return a warning as a line, and its hint as another."""
    at = f" ({warning.at})" if warning.at else ""
    head = f"{paint.warn('warning')}[{warning.code}]: {warning.message}{at}"
    return [head, *([f"  = hint: {warning.hint}"] if warning.hint else [])]


def _did_something(report: BuildReport) -> bool:
    ran = any(stage.get("ran") for stage in report.stages.values())
    wrote = any(output.get("written") or output.get("removed") for output in report.outputs.values())
    return ran or wrote or any(report.items.get(name) for name in ("added", "modified", "deleted"))


def _head(report: BuildReport, paint: Paint) -> str:
    name = report.catalog or report.recipe
    facts = f"({many(report.items.get('total', 0), 'item')}, {duration(report.seconds)})"
    if not _did_something(report):
        return f"{name}: {paint.good('up to date')} {facts}"
    changes = tally(report.items, CHANGES)
    would = report.mode == "dry-run"
    done = "would build" if would else "built"
    word = paint.warn(done) if would or report.exit is not Exit.OK else paint.good(done)
    return f"{name}: {word} {facts}{': ' if changes else ''}{changes}"


def _stages(report: BuildReport) -> list[str]:
    ran = {name: stage for name, stage in report.stages.items() if stage.get("ran")}
    width = max(map(len, ran), default=0)
    return [f"  {name:<{width}}  {_stage(stage, report.mode)}" for name, stage in ran.items()]


def _stage(stage: dict[str, Any], mode: str) -> str:
    most = "at most " if stage.get("at_most") else ""
    would = "would run" if mode == "dry-run" else "ran"
    rest = tally(stage, ("reused", "failed"))
    return f"{most}{count(stage['ran'])} {would}{', ' if rest else ''}{rest}"


def _outputs(report: BuildReport) -> list[str]:
    changed = {
        name: output for name, output in report.outputs.items() if output.get("written") or output.get("removed")
    }
    return [f"  output {name}: {tally(output, FILES)}{_at(output.get('path'))}" for name, output in changed.items()]


def _at(path: object) -> str:
    return f" ({path})" if path else ""


def _stale(report: BuildReport, paint: Paint) -> list[str]:
    shown = [f"  {target_line(target, paint)}" for target in report.stale[:ROWS]]
    more = len(report.stale) - len(shown)
    return [*shown, *([f"  and {count(more)} more: stacbuild status --limit 0"] if more > 0 else [])]


def _mappings(report: BuildReport, verbosity: int) -> list[str]:
    """Return what became of the records of each mapping, of those that failed some; told to say more, of all."""
    return [
        f"  mapping {name}: {count(told['mapped'])} mapped{_reasons(told)}"
        for name, told in report.mappings.items()
        if told["failed"] or verbosity > 0
    ]


def _reasons(told: dict[str, Any]) -> str:
    if not told["failed"]:
        return ""
    most = sorted(told["reasons"].items(), key=lambda one: (-one[1]["count"], one[0]))
    each = ", ".join(f"{code} {count(reason['count'])}" for code, reason in most)
    return f", {count(told['failed'])} failed ({each})"


def _failures(report: BuildReport, paint: Paint) -> list[str]:
    number = report.failures.get("count", 0)
    if not number:
        return []
    path = report.failures.get("path")
    too_many = not report.failed_allowed or (report.exit is Exit.FAILURES and not report.held_back)
    allowed = ", more than `max-failures` allows" if too_many else ""
    head = f"{paint.bad('failed')}: {many(number, 'item')}{allowed}{f'; all are in {path}' if path else ''}"
    groups = [line for group in report.like_failures[:GROUPS] for line in _group(group, paint)]
    more = len(report.like_failures) - GROUPS
    return [head, *groups, *([f"  and {many(more, 'other kind')} of failure"] if more > 0 else [])]


def _group(group: dict[str, Any], paint: Paint) -> list[str]:
    number = group.get("count", 1)
    target = group.get("target") or "an item"
    subject = target if number == 1 else f"{count(number)} items, e.g. {target}"
    where = f" ({group['where']})" if group.get("where") else ""
    first = f"  {paint.bad(str(group.get('code', '')))} {subject}{where}: {group.get('message', '')}"
    return [first, *([f"    = hint: {group['hint']}"] if group.get("hint") else [])]
