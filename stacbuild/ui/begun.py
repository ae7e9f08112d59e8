"""`init` in words: what was written, what to look at, what a sample said. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from stacbuild.events import many
from stacbuild.ui.counts import count

if TYPE_CHECKING:
    from stacbuild.report import InitReport
    from stacbuild.ui.paint import Paint

FAILURES = 3
"""Failed records of the sample that are told."""


def lines(report: InitReport, paint: Paint) -> list[str]:
    """Return the lines of `init`."""
    if report.ready is not None:
        width = max((len(each["name"]) for each in report.ready), default=0)
        return [f"{each['name']:<{width}}  {each['title']}".rstrip() for each in report.ready]
    if report.document is not None and not report.written:
        return msgspec.json.format(msgspec.json.encode(report.document), indent=2).decode().split("\n")
    looked = f" (looked at: {report.looked})" if report.looked else ""
    more = len(report.written) - 1
    names = report.written[0] + (f" and {many(more, 'other file')}" if more else "")
    return [
        f"{paint.good('wrote')} {names}{looked}",
        *(f"  {paint.warn('look at')}: {doubt}" for doubt in report.doubts),
        *_sample(report, paint),
    ]


def _sample(report: InitReport, paint: Paint) -> list[str]:
    tried, failed = report.sample.get("tried", 0), report.sample.get("failed", 0)
    if not tried:
        return []
    told = [f"  {paint.bad(f['code'])} {f['source']['where']}: {f['message']}" for f in report.failures[:FAILURES]]
    head = f"  {count(tried)} records were tried, {count(failed)} failed"
    return [head, *told, "  next: stacbuild check, then stacbuild build"]
