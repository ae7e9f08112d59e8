"""Filters in words: a line a failure, and one for all. They go to standard error: standard output is for items."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stacbuild.events import many
from stacbuild.report import FilterReport
from stacbuild.ui import validated
from stacbuild.ui.counts import count, duration

if TYPE_CHECKING:
    from stacbuild.ui.paint import Paint


def lines(report: FilterReport, paint: Paint, verbosity: int = 0) -> list[str]:
    """Return the lines of a filter."""
    patches = [
        f"patch {name}: {', '.join(f'{count(number)} {word}' for word, number in counted.items())}"
        for name, counted in sorted(report.patches.items())
        if verbosity > 0
    ]
    return [*validated.faults(report.failures["listed"], paint, verbosity), *patches, _summary(report, paint)]


def _summary(report: FilterReport, paint: Paint) -> str:
    items = report.items
    said = [f"{count(items[name])} {name}" for name in ("failed", "dropped") if items[name]]
    to = f" to {report.output}" if report.output else ""
    text = ", ".join([f"{many(items['written'], 'item')}{to}", *said])
    return f"{paint.bad(text) if items['failed'] else paint.good(text)} ({duration(report.seconds)})"
