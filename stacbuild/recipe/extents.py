"""The `extent` that a recipe gives, in the form that STAC wants: what is wrong with it, and what is written. PURE.

STAC wants the whole first and its parts after it, and of boxes one, or the whole and at least two parts
(collection-spec 1.1.0, "Spatial Extent Object").
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

Box = list[float]
Interval = list[str | None]

OPEN: Final = ("..", "")
_LENGTHS: Final = (4, 6)
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)?")
_SHAPES: Final = {
    "bbox": "4 or 6 numbers, or a list of such",
    "interval": 'two moments, as in ["2024-01-01T00:00:00Z", ".."], or a list of such',
}


def wrong(key: str, value: Any) -> str | None:
    """Return what `bbox` or `interval` must be and is not; None if it can be written."""
    entries = _several(value)
    if not all((_is_box if key == "bbox" else _is_interval)(entry) for entry in entries):
        return f"must be {_SHAPES[key]}"
    judge = _wrong_box if key == "bbox" else _wrong_interval
    found = next((what for entry in entries for what in [judge(entry)] if what is not None), None)
    if found is None and key == "bbox" and len(entries) == 2 and _holds(*entries):  # noqa: PLR2004
        return "must be one box, or parts; here the first of two holds the other"
    return found


def boxes(value: Any) -> list[Box]:
    """Return the boxes of a good `bbox`, the whole before its parts."""
    entries: list[Box] = _several(value)
    return _with_whole(entries, _holds, _around)


def intervals(value: Any) -> list[Interval]:
    """Return the intervals of a good `interval`, the whole before its parts; an open end is None."""
    entries = [[_written(start, end=False), _written(end, end=True)] for start, end in _several(value)]
    return _with_whole(entries, _spans, _throughout)


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) and value and isinstance(value[0], list) else [value]


def _with_whole(parts: list[Any], holds: Callable[[Any, Any], bool], whole: Callable[[list[Any]], Any]) -> list[Any]:
    if len(parts) == 1 or all(holds(parts[0], part) for part in parts[1:]):
        return parts
    return [whole(parts), *parts]


# --- boxes


def _is_box(value: Any) -> bool:
    numbers = isinstance(value, list) and all(type(entry) in (int, float) for entry in value)
    return numbers and len(value) in _LENGTHS


def _wrong_box(box: Box) -> str | None:
    west, south, east, north = _flat(box)
    if not (abs(west) <= 180 and abs(east) <= 180 and abs(south) <= 90 and abs(north) <= 90):  # noqa: PLR2004
        return "must be in degrees: west, south, east, north; from -180 to 180, and from -90 to 90"
    if south > north or (len(box) == 6 and box[2] > box[5]):  # noqa: PLR2004
        return "must have its lower edge first: west, south, east, north (west may be above east)"
    return None


def _flat(box: Box) -> Box:
    return box if len(box) == 4 else [*box[:2], *box[3:5]]  # noqa: PLR2004


def _width(box: Box) -> float:
    west, _, east, _ = _flat(box)
    return east - west if east >= west else east - west + 360


def _holds(one: Box, other: Box) -> bool:
    (west, south, _, north), (west2, south2, _, north2) = _flat(one), _flat(other)
    wide = _width(one)
    along = wide >= 360 or (west2 - west) % 360 + _width(other) <= wide  # noqa: PLR2004
    return along and south <= south2 and north2 <= north


def _around(parts: list[Box]) -> Box:
    """Return the narrowest box around all: on the circle of longitudes it leaves the widest gap out."""
    flat = sorted((_flat(part) for part in parts), key=lambda box: box[0] % 360)
    south, north = min(box[1] for box in flat), max(box[3] for box in flat)
    west, east = _edges(flat)
    if not all(len(part) == 6 for part in parts):  # noqa: PLR2004
        return [west, south, east, north]
    return [west, south, min(part[2] for part in parts), east, north, max(part[5] for part in parts)]


def _edges(flat: list[Box]) -> tuple[float, float]:
    gaps = []
    reach, east = -1.0, flat[0][2]
    for number, box in enumerate([*flat, flat[0]]):
        start = box[0] % 360 + (360 if number == len(flat) else 0)
        if number:
            gaps.append((start - reach, box[0], east))
        if start + _width(box) > reach:
            reach, east = start + _width(box), box[2]
    gap, west, east = max(gaps)
    return (west, east) if gap > 0 else (-180.0, 180.0)


# --- intervals


def _is_interval(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(isinstance(entry, str) for entry in value)  # noqa: PLR2004


def _wrong_interval(interval: list[str]) -> str | None:
    for text in interval:
        if text not in OPEN and _parsed(text, end=False) is None:
            return f'must hold moments or "..", as "2024-01-01T00:00:00Z"; {text[:40]!r} is none'
    start, end = _parsed(interval[0], end=False), _parsed(interval[1], end=True)
    return "must have its start first" if start is not None and end is not None and start > end else None


def _parsed(text: str | None, *, end: bool) -> datetime | None:
    """Return a moment in UTC; a day alone is its first second, or as an end its last; None: open, or no moment."""
    if text is None or not (_DAY.fullmatch(text) or _MOMENT.fullmatch(text)):
        return None
    if _DAY.fullmatch(text):
        text += "T23:59:59Z" if end else "T00:00:00Z"
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _written(text: str, *, end: bool) -> str | None:
    moment = _parsed(text, end=end)
    if moment is None or (_MOMENT.fullmatch(text) and text.endswith("Z")):
        return None if moment is None else text
    return moment.replace(tzinfo=None).isoformat() + "Z"


def _spans(one: Interval, other: Interval) -> bool:
    return _least([one[0], other[0]]) == one[0] and _greatest([one[1], other[1]]) == one[1]


def _throughout(parts: list[Interval]) -> Interval:
    return [_least([part[0] for part in parts]), _greatest([part[1] for part in parts])]


def _least(moments: list[str | None]) -> str | None:
    return None if None in moments else min(moments, key=_order)


def _greatest(moments: list[str | None]) -> str | None:
    return None if None in moments else max(moments, key=_order)


def _order(text: str | None) -> datetime:
    return _parsed(text, end=False) or datetime.min.replace(tzinfo=UTC)
