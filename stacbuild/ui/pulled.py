"""`schemas pull` in words: a line for each schema that is not as it was wished, then one for all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stacbuild.events import many
from stacbuild.report import PullReport
from stacbuild.ui.counts import count, duration

if TYPE_CHECKING:
    from stacbuild.ui.paint import Paint

_QUIET = ("kept", "present")


def lines(report: PullReport, paint: Paint, verbosity: int = 0) -> list[str]:
    """Return the lines of `schemas pull`; -v tells of those too for which nothing was done."""
    shown = [told for told in report.schemas if verbosity > 0 or told["state"] not in _QUIET]
    said = ", ".join(f"{count(number)} {state}" for state, number in report.counts.items() if number)
    pinned = f"; {report.lock} pins them" if report.lock else ""
    head = f"{many(len(report.schemas), 'schema')} in {report.store}: {said or 'nothing to fetch'}{pinned}"
    return [*(_schema(told, paint) for told in shown), f"{head} ({duration(report.seconds)})", *_unknown(report)]


def _unknown(report: PullReport) -> list[str]:
    """Return a hint for a recipe that was never built: what its items declare is not known."""
    if report.schemas or not report.recipe:
        return []
    return ["  = hint: which schemas items declare is known from a build: `stacbuild build`, then this again"]


def _schema(told: dict[str, Any], paint: Paint) -> str:
    why = f": {told['why']}" if told["why"] else ""
    return f"{_painted(told['state'], paint)} {told['url']}{why}"


def _painted(state: str, paint: Paint) -> str:
    if state in ("unavailable", "changed"):
        return paint.bad(state)
    return paint.warn(state) if state == "unusable" else paint.good(state)
