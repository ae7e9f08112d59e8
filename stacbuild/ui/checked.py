"""`check` in words: a frame a problem, then what the sample said. Also reports on recipes that cannot be opened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from stacbuild.events import many
from stacbuild.failures import Exit, Problem, RecipeError
from stacbuild.recipe.lines import concise as concise_line
from stacbuild.report import CheckReport
from stacbuild.ui import frames, github, junit
from stacbuild.ui.built import warning_lines
from stacbuild.ui.counts import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stacbuild.report import Caution
    from stacbuild.ui.paint import Paint

ALIKE = 3
"""Failed records of a kind that are shown."""


def refused(recipe: str, error: RecipeError) -> CheckReport:
    """Return the report of a recipe that could not even be opened."""
    problems = [_with_source(problem, error) for problem in error.problems]
    return CheckReport(recipe=recipe, problems=problems, sample={}, failures=[], exit=error.exit)


def _with_source(problem: Problem, error: RecipeError) -> dict[str, Any]:
    length = problem.at.length if problem.at else 1
    return {**frames.told(problem), "length": length, "source": frames.source_of(problem, error, None)}


def merged(reports: Sequence[CheckReport]) -> CheckReport:
    """Return one report for several recipes; problems and failures say whose they are. The worst status stands."""
    if len(reports) == 1:
        return msgspec.structs.replace(reports[0], recipes=[reports[0].recipe])
    sample: dict[str, int] = {}
    for report in reports:
        for name, number in report.sample.items():
            sample[name] = sample.get(name, 0) + number
    return CheckReport(
        recipe=", ".join(report.recipe for report in reports),
        problems=[{**problem, "recipe": report.recipe} for report in reports for problem in report.problems],
        sample=sample,
        failures=[{**failure, "recipe": report.recipe} for report in reports for failure in report.failures],
        warnings=[warning for report in reports for warning in report.warnings],
        recipes=[report.recipe for report in reports],
        exit=max((report.exit for report in reports), default=Exit.OK),
    )


def lines(report: CheckReport, paint: Paint, *, form: str) -> list[str]:
    """Return the lines of `check`: frames and a verdict, or one line each, or what CI reads."""
    match form:
        case "github":
            return github.lines(report)
        case "junit":
            return junit.lines(report)
        case "concise":
            return _concise(report)
        case _:
            return _full(report, paint)


def _concise(report: CheckReport) -> list[str]:
    warned = [f"{w.at}: {w.code} warning: {w.message}" if w.at else f"{w.code} {w.message}" for w in report.warnings]
    return [
        *(concise_line(frames.problem_of(told)) for told in report.problems),
        *(_failure(failure) for failure in report.failures),
        *warned,
    ]


def _full(report: CheckReport, paint: Paint) -> list[str]:
    framed = [line for told in report.problems for line in (*_frame(told, paint), "")]
    return [
        *framed,
        *_warned(report.warnings, paint),
        *_failed(report.failures, paint),
        f"{report.recipe}: {_verdict(report, paint)}",
    ]


def _warned(warnings: Sequence[Caution], paint: Paint) -> list[str]:
    """Return the lines of warnings; a hint that many share in a row stands below the last of them."""
    lines: list[str] = []
    for number, warning in enumerate(warnings):
        after = warnings[number + 1] if number + 1 < len(warnings) else None
        shared = after is not None and (after.code, after.hint) == (warning.code, warning.hint)
        lines += warning_lines(msgspec.structs.replace(warning, hint=None) if shared else warning, paint)
    return lines


def _failed(failures: Sequence[dict[str, Any]], paint: Paint) -> list[str]:
    """Return a line for each of the first failures of a kind, and one for the others; JSON has them all."""
    kinds: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for failure in failures:
        kinds.setdefault(tuple(failure.get(name) for name in ("recipe", "code", "path", "hint")), []).append(failure)
    lines = []
    for alike in kinds.values():
        lines += [f"{paint.bad('failed')} {_failure(failure)}" for failure in alike[:ALIKE]]
        more = len(alike) - ALIKE
        lines += [f"  and {many(more, 'record')} more with {alike[0].get('code')}"] if more > 0 else []
    return lines


def _frame(told: dict[str, Any], paint: Paint) -> list[str]:
    problem = frames.problem_of(told)
    source = told.get("source") or frames.source_of(problem, None, None)
    return frames.frame(problem, paint, source).split("\n")


def _verdict(report: CheckReport, paint: Paint) -> str:
    said = ", ".join(f"{count(number)} {name}" for name, number in report.sample.items())
    sample = f" (sample: {said})" if said else ""
    if report.problems:
        return paint.bad(many(len(report.problems), "problem"))
    if report.failures or report.exit is not Exit.OK:
        return paint.bad("records of the sample failed") + sample
    return paint.good("no problems") + sample


def _failure(failure: dict[str, Any]) -> str:
    place = (failure.get("source") or {}).get("where")
    what = failure.get("target") or "record"
    where = f"{failure['path']}: " if failure.get("path") else ""
    hint = f" ({failure['hint']})" if failure.get("hint") else ""
    at = f" ({place})" if place else ""
    return f"{what}{at}: {failure.get('code', '')} {where}{failure.get('message', '')}{hint}"
