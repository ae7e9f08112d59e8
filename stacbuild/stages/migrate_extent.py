"""Extents: the two spatial boxes that STAC 1.1.0 refuses, since the first is of the whole and the others of its parts.

Boxes are west, south, east, north (six numbers: with heights), in degrees; west > east crosses the antimeridian.
"""

from __future__ import annotations

from typing import Any

Box = list[float]

_SIZES = (4, 6)
_TURN = 360
_TWO = 2


def with_one_or_three_boxes(extent: dict[str, Any]) -> dict[str, Any]:
    """Return an extent whose two boxes have become one, where it holds the other, or three, the first of the whole."""
    spatial = extent.get("spatial")
    boxes = spatial.get("bbox") if isinstance(spatial, dict) else None
    if not isinstance(boxes, list) or len(boxes) != _TWO or not all(map(_is_box, boxes)):
        return extent
    first, second = boxes
    whole = _union(first, second)
    told = [first] if whole == _flat(first, whole) else [whole, first, second]
    return {**extent, "spatial": {**extent["spatial"], "bbox": told}}


def _is_box(value: Any) -> bool:
    numbers = isinstance(value, list) and all(type(number) in (int, float) for number in value)
    return numbers and len(value) in _SIZES


def _flat(box: Box, like: Box) -> Box:
    """Return a box with heights only if `like` has some."""
    half = len(box) // 2
    return box if len(box) == len(like) else [*box[:2], *box[half : half + 2]]


def _union(one: Box, other: Box) -> Box:
    """Return the box of both; with heights where both have them."""
    if len(one) != len(other):
        one, other = ([*box[:2], *box[len(box) // 2 :][:2]] for box in (one, other))
    half = len(one) // 2
    low = [min(pair) for pair in zip(one[1:half], other[1:half], strict=True)]
    high = [max(pair) for pair in zip(one[half + 1 :], other[half + 1 :], strict=True)]
    west, east = _longitudes((one[0], one[half]), (other[0], other[half]))
    return [west, *low, east, *high]


def _longitudes(one: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    """Return west and east of both; round the globe the short way where one of them crosses the antimeridian."""
    if one[0] <= one[1] and other[0] <= other[1]:
        return min(one[0], other[0]), max(one[1], other[1])
    ends = []
    for (west, east), (start, end) in ((one, other), (other, one)):
        reach = max((east - west) % _TURN, (start - west) % _TURN + (end - start) % _TURN)
        ends.append((reach, west, east if reach == (east - west) % _TURN else end))
    reach, west, east = min(ends)
    return (-180, 180) if reach >= _TURN else (west, east)
