"""`diff` in words: an item a paragraph, a line for each place that differs. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from stacbuild.events import many
from stacbuild.ui.counts import count

if TYPE_CHECKING:
    from stacbuild.report import DiffReport, ItemDiff
    from stacbuild.ui.paint import Paint

WIDEST = 80
"""Characters of a value that are shown, unless all are asked for."""


def lines(report: DiffReport, paint: Paint, *, whole: bool) -> list[str]:
    """Return the lines of `diff`; whole: values are not cut."""
    told = [line for one in report.diffs for line in _item(one, paint, whole=whole)]
    if report.truncated:
        return [*told, f"and more after these {count(len(report.diffs))}: stacbuild diff --limit 0"]
    same = f", {count(report.same)} would stay as they are" if report.same else ""
    items = sum(one.file is None for one in report.diffs)
    files = len(report.diffs) - items
    told_items = f"{many(items, 'item')} would change or fail" if items else ""
    told_files = f"{many(files, 'file')} would be written again" if files else ""
    foot = f"{', '.join(part for part in (told_items, told_files) if part)}{same}"
    alone = "no difference" if report.same == 1 else f"no difference in {many(report.same, 'item')}"
    return [*told, foot] if len(report.diffs) > 1 or (told and same) else told or [alone]


def _item(one: ItemDiff, paint: Paint, *, whole: bool) -> list[str]:
    number = f" ({many(len(one.changes), 'change')})" if one.verdict in ("stale", "edited") and one.changes else ""
    name = paint.bold(one.target) + (f" {one.file}" if one.file else "")
    head = f"{name}: {paint.verdict(one.verdict)}{number}"
    lost = ["  what was built is no longer in the store, so it cannot be compared"] if one.lost else []
    changes = [] if one.lost else [_change(change, paint, whole=whole) for change in one.changes]
    return [head, *_failure(one.failure, paint), *lost, *changes]


def _change(change: dict[str, Any], paint: Paint, *, whole: bool) -> str:
    path = change["path"] or "(all of it)"
    if "before" not in change:
        return f"  {paint.good('+')} {path}: {paint.good(_value(change['after'], whole=whole))}"
    before = paint.bad(_value(change["before"], whole=whole))
    if "after" not in change:
        return f"  {paint.bad('-')} {path}: {before}"
    return f"  {paint.warn('~')} {path}: {before} -> {paint.good(_value(change['after'], whole=whole))}"


def _value(value: Any, *, whole: bool) -> str:
    text = msgspec.json.encode(value).decode()
    return text if whole or len(text) <= WIDEST else f"{text[: WIDEST - 3]}..."


def _failure(failure: dict[str, Any] | None, paint: Paint) -> list[str]:
    if not failure:
        return []
    at = f" at {failure['path']}" if failure.get("path") else ""
    hint = [f"    = hint: {failure['hint']}"] if failure.get("hint") else []
    return [f"  {paint.bad('would fail')}[{failure.get('code', '')}]: {failure.get('message', '')}{at}", *hint]
