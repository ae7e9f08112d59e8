"""Moments, days and intervals: what is compared as times, and the t_* predicates.

Text is a moment as RFC 3339 writes it (any offset, any number of decimals; no zone is UTC), or a day, `2024-01-31`.
Where a day is compared with a moment, it is the moment's day (in UTC) that counts; in t_* predicates a day is an
interval from its first to its last instant. Other text than that: unknown.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any, NamedTuple

from stacbuild.cql2.nodes import WORDS, Get, Node, constant
from stacbuild.cql2.parse import SHOWN, FilterError, shown

Instant = tuple[float, str]
"""Seconds since year 1 in UTC, and the decimals of the last one: compares as the moments do, to any precision."""
Span = tuple[Instant, Instant]
"""First and last instant; one and the same for a moment."""

DAY = 86400
_EARLIEST: Instant = (float("-inf"), "")
_LATEST: Instant = (float("inf"), "")
_LAST_DECIMALS = "~"
"""Greater than any decimals: the last instant of a day."""
_MOMENT = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]+))?(?:[Zz]|([+-])([0-9]{2}):?([0-9]{2}))?)?"
)
_NO_MOMENT = "a moment is written as in TIMESTAMP('2024-01-31T12:00:00Z'), a day as in DATE('2024-01-31')"


class Moment(NamedTuple):
    """A moment, its day, and whether it is the whole day."""

    instant: Instant
    day: int
    whole: bool


def moment(text: Any) -> Moment | None:
    """Return the moment or day that `text` writes, None when it writes none."""
    match = _MOMENT.fullmatch(text) if type(text) is str else None
    if match is None:
        return None
    year, month, day, hour, minute, second, decimals, sign, hours, minutes = match.groups()
    try:
        days = date(int(year), int(month), int(day)).toordinal()
    except ValueError:
        return None
    if hour is None:
        return Moment((days * DAY, ""), days, whole=True)
    if hour > "23" or minute > "59" or second > "60":
        return None
    seconds = days * DAY + int(hour) * 3600 + int(minute) * 60 + int(second)
    if sign is not None:
        if hours > "23" or minutes > "59":
            return None
        offset = int(hours) * 3600 + int(minutes) * 60
        seconds -= offset if sign == "+" else -offset
    return Moment((seconds, decimals.rstrip("0") if decimals else ""), seconds // DAY, whole=False)


# ---- literals --------------------------------------------------------------------------------------------------------


def literal(name: str, value: Any) -> Node:
    """Return TIMESTAMP('…') or DATE('…').

    Raises:
        FilterError: it is none.
    """
    found = moment(value)
    if found is None or found.whole != (name == "date"):
        raise FilterError(f"{name.upper()}({_shown(value)}) is no {'day' if name == 'date' else 'moment'}", _NO_MOMENT)
    return constant("moment", found)


def interval(ends: list[Node]) -> Node:
    """Return INTERVAL(first, last), whose ends are text, moments or properties; `..` is open.

    Raises:
        FilterError: an end is none of these, or it ends before it begins.
    """
    if len(ends) != 2:  # noqa: PLR2004
        raise FilterError("an interval has two ends, as in INTERVAL('2024-01-01', '..')")
    first, last = _end(ends[0], _EARLIEST, 0), _end(ends[1], _LATEST, 1)

    def span(item: dict[str, Any]) -> Span | None:
        start, end = first(item), last(item)
        return None if start is None or end is None or start > end else (start, end)

    if not all(end.fixed for end in ends):
        return Node("interval", span)
    found = span({})
    if found is None:
        raise FilterError(f"INTERVAL({_shown(ends[0].value)}, {_shown(ends[1].value)}) ends before it begins")
    return constant("interval", found)


def _end(part: Node, when_open: Instant, side: int) -> Get:
    if part.fixed and part.value == "..":
        return lambda _: when_open
    read = _spans(part, "INTERVAL")
    return lambda item: None if (span := read(item)) is None else span[side]


# ---- comparisons -----------------------------------------------------------------------------------------------------


def is_temporal(left: Node, right: Node) -> bool:
    """Tell whether two sides of a comparison are compared as times: one is a moment, and none computed text."""
    timed = [part.timed or part.kind == "moment" for part in (left, right)]
    return any(timed) and all(part.kind in ("any", "moment") or part.fixed for part in (left, right))


def compared(name: str, test: Callable[[Any, Any], bool], left: Node, right: Node) -> Node:
    """Return a comparison of moments.

    Raises:
        FilterError: a fixed side is no moment.
    """
    first, second = _moments(left, name), _moments(right, name)

    def compare(item: dict[str, Any]) -> bool | None:
        one, other = first(item), second(item)
        if one is None or other is None:
            return None
        if one.whole or other.whole:
            return test(one.day, other.day)
        return test(one.instant, other.instant)

    return Node("condition", compare)


def _moments(part: Node, name: str) -> Get:
    if part.kind == "moment":
        return part.get
    if not part.fixed:
        get = part.get
        return lambda item: moment(get(item))
    found = moment(part.value)
    if found is None:
        raise FilterError(f"`{name}` compares a moment with {_shown(part.value)}", _NO_MOMENT)
    return lambda _: found


# ---- predicates ------------------------------------------------------------------------------------------------------


def _disjoint(left: Span, right: Span) -> bool:
    return left[1] < right[0] or left[0] > right[1]


PREDICATES: dict[str, Callable[[Span, Span], bool]] = {
    "t_after": lambda left, right: left[0] > right[1],
    "t_before": lambda left, right: left[1] < right[0],
    "t_contains": lambda left, right: left[0] < right[0] and left[1] > right[1],
    "t_disjoint": _disjoint,
    "t_during": lambda left, right: left[0] > right[0] and left[1] < right[1],
    "t_equals": lambda left, right: left == right,
    "t_finishedby": lambda left, right: left[0] < right[0] and left[1] == right[1],
    "t_finishes": lambda left, right: left[0] > right[0] and left[1] == right[1],
    "t_intersects": lambda left, right: not _disjoint(left, right),
    "t_meets": lambda left, right: left[1] == right[0],
    "t_metby": lambda left, right: left[0] == right[1],
    "t_overlappedby": lambda left, right: right[0] < left[0] < right[1] < left[1],
    "t_overlaps": lambda left, right: left[0] < right[0] < left[1] < right[1],
    "t_startedby": lambda left, right: left[0] == right[0] and left[1] > right[1],
    "t_starts": lambda left, right: left[0] == right[0] and left[1] < right[1],
}
"""As the standard's table defines them (OGC 21-065r2, temporal functions)."""


def related(name: str, left: Node, right: Node) -> Node:
    """Return a t_* predicate.

    Raises:
        FilterError: one side can be neither moment nor interval.
    """
    test, first, second = PREDICATES[name], _spans(left, name), _spans(right, name)

    def relate(item: dict[str, Any]) -> bool | None:
        one, other = first(item), second(item)
        return None if one is None or other is None else test(one, other)

    return Node("condition", relate)


def _spans(part: Node, name: str) -> Get:
    """Return the function that gives a part's first and last instant."""
    if part.kind == "interval":
        return part.get
    if part.fixed:
        fixed = part.value if part.kind == "moment" else moment(part.value)
        if fixed is None:
            said = _shown(part.value) if part.kind == "text" else WORDS[part.kind]
            raise FilterError(f"`{name}` takes moments and intervals, not {said}", _NO_MOMENT)
        span = _span(fixed)
        return lambda _: span
    if part.kind != "any":
        raise FilterError(f"`{name}` takes moments and intervals, not {WORDS[part.kind]}", _NO_MOMENT)
    get = part.get
    return lambda item: None if (found := moment(get(item))) is None else _span(found)


def _span(found: Moment) -> Span:
    last = (found.instant[0] + DAY - 1, _LAST_DECIMALS) if found.whole else found.instant
    return found.instant, last


def _shown(value: Any) -> str:
    if isinstance(value, Moment):
        return "…"
    return shown(f"'{value}'" if isinstance(value, str) else str(value), 2 * SHOWN)
