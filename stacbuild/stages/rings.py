"""Rings of polygons in plain numbers: closed, which way round, convex; and shapely's word on the doubtful ones. PURE.

Degrees are taken as a plane. A ring that turns one way only and goes round once cannot cross itself: most footprints
are such, and shapely (slow to load) is not asked about them.
"""

from __future__ import annotations

import re
from itertools import combinations
from typing import Any, NamedTuple

from stacbuild.stages.paths import excerpt

HALF_TURN = 180.0
"""Degrees of longitude between neighbours beyond which a ring goes around the earth the short way, if any does."""


MANY = 64
"""Parts of a geometry beyond which they are not compared in pairs."""


class Turn(NamedTuple):
    """What a ring does: twice its area (positive: counterclockwise), whether it is convex, whether it jumps."""

    area: float
    convex: bool
    jumps: bool


def is_closed(ring: list[Any]) -> bool:
    """Tell whether a ring has four positions or more and ends where it begins; heights may differ."""
    return len(ring) > 3 and ring[0][0] == ring[-1][0] and ring[0][1] == ring[-1][1]  # noqa: PLR2004


def turn(ring: list[Any]) -> Turn:
    """Return what a closed ring does, in one walk."""
    x0, y0 = ring[0][0], ring[0][1]
    before_x, before_y = x0 - ring[-2][0], y0 - ring[-2][1]
    area, left, right, jumps = 0.0, False, False, False
    heading, changes = before_x > 0 or (before_x == 0 and before_y > 0), 0
    px, py = x0, y0
    for position in ring[1:]:
        x, y = position[0], position[1]
        dx, dy = x - px, y - py
        if dx or dy:
            cross = before_x * dy - before_y * dx
            left, right = left or cross > 0, right or cross < 0
            ahead = dx > 0 or (dx == 0 and dy > 0)
            changes += ahead != heading
            jumps = jumps or dx > HALF_TURN or dx < -HALF_TURN
            heading, before_x, before_y = ahead, dx, dy
        area += (px - x0) * (y - y0) - (x - x0) * (py - y0)
        px, py = x, y
    return Turn(area, left != right and changes <= 2, jumps)  # noqa: PLR2004  there and back


def overlapping(parts: list[Any]) -> bool:
    """Tell whether the boxes of two polygons have more than an edge in common; of very many parts: that it may be."""
    if len(parts) > MANY:
        return True
    boxes = [_box(rings[0]) for rings in parts]
    return any(a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3] for a, b in combinations(boxes, 2))


def _box(ring: list[Any]) -> tuple[float, float, float, float]:
    xs, ys = [position[0] for position in ring], [position[1] for position in ring]
    return min(xs), min(ys), max(xs), max(ys)


def crossing(parts: list[Any]) -> str | None:
    """Return why polygons are not valid, in words, or None."""
    import shapely  # noqa: PLC0415  only for what is doubtful
    from numpy import array  # noqa: PLC0415

    try:
        arrays = [[array(ring, float) for ring in rings] for rings in parts]  # lists are walked in Python
        polygons = [shapely.Polygon(rings[0], rings[1:]) for rings in arrays]
        whole = polygons[0] if len(polygons) == 1 else shapely.MultiPolygon(polygons)
        if whole.is_valid:
            return None
        if not whole.convex_hull.area:
            return "a ring has no area"
        reason, _, place = str(shapely.is_valid_reason(whole)).partition("[")
    except shapely.errors.ShapelyError:
        return None
    words = _REASONS.get(reason, f"the geometry is not valid: {excerpt(reason)[1:-1].lower()}")
    at = re.sub(r"\s+", ", ", place.rstrip("]").strip())
    return f"{words}, at {at}" if at else words


_REASONS = {
    "Self-intersection": "the geometry crosses itself",
    "Ring Self-intersection": "a ring touches itself",
    "Hole lies outside shell": "a hole lies outside its polygon",
    "Holes are nested": "a hole lies within another hole",
    "Nested shells": "a polygon lies within another one of the geometry",
    "Duplicate Rings": "a ring stands twice",
    "Interior is disconnected": "holes cut the polygon into parts",
    "Too few points in geometry component": "a ring has no area",
}
"""GEOS's reason → ours."""
