"""The s_* predicates, by shapely (GEOS), flat and in degrees, as STAC's own coordinates are.

A side is a geometry as written, BBOX(…), or a property that holds GeoJSON or a bbox; a box whose west is greater than
its east crosses the antimeridian. A polygon that crosses itself counts as shapely repairs it. No geometry, or one that
cannot be read: unknown. Never: loads shapely before the first item is asked.
"""

from __future__ import annotations

import functools
from typing import Any

from stacbuild.cql2.nodes import WORDS, Get, Node, constant
from stacbuild.cql2.parse import FilterError, shown

TURNED: dict[str, str] = {
    "contains": "within",
    "crosses": "crosses",
    "disjoint": "disjoint",
    "equals": "equals",
    "intersects": "intersects",
    "overlaps": "overlaps",
    "touches": "touches",
    "within": "contains",
}
"""Shapely's name of a predicate → its name with the sides turned round."""
PREDICATES = frozenset(f"s_{name}" for name in TURNED)

_DEPTH = {"Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3}
_UNREADABLE = (ValueError, TypeError, AttributeError, LookupError, ArithmeticError, RecursionError)
"""What shapely raises for what is no geometry, besides its own."""
_LEAST = {"LineString": 2, "MultiLineString": 2, "Polygon": 4, "MultiPolygon": 4}
"""Positions that a line or ring needs."""
_BOXES = (4, 6)
_LARGEST = 1e300
"""Beyond it GEOS does not reckon, and an integer is no double."""


def is_spatial(tree: Any) -> bool:
    """Tell whether a condition's tree compares geometries."""
    if isinstance(tree, list):
        return any(map(is_spatial, tree))
    if not isinstance(tree, dict):
        return False
    name = tree.get("op")
    return (isinstance(name, str) and name.lower() in PREDICATES) or is_spatial(tree.get("args"))


def literal(shape: dict[str, Any]) -> Node:
    """Return a geometry as written.

    Raises:
        FilterError: a position is none, a ring does not close.
    """
    _check(shape)
    return constant("shape", shape)


def box(numbers: Any) -> Node:
    """Return BBOX(west, south, east, north), or one with heights, which do not count.

    Raises:
        FilterError: it is none.
    """
    if _flat_box(numbers) is None:
        raise FilterError("BBOX takes four numbers, west, south, east, north, or six with heights; south is not north")
    return constant("shape", numbers)


def related(name: str, left: Node, right: Node) -> Node:
    """Return an s_* predicate.

    Raises:
        FilterError: one side can never be a geometry.
    """
    for part in (left, right):
        if part.kind not in ("any", "shape") and (part.kind != "list" or _flat_box(part.value) is None):
            raise FilterError(f"`{name}` takes geometries, not {WORDS[part.kind]}", "as in BBOX(5.9, 45.8, 10.5, 47.8)")
    straight = name.removeprefix("s_")
    if right.fixed and not left.fixed:
        return Node("condition", _relation(TURNED[straight], right, left))
    return Node("condition", _relation(straight, left, right))


def _relation(name: str, left: Node, right: Node) -> Get:
    """Return the function that asks shapely, whose prepared side is the left one."""
    first, second = _shapes(left), _shapes(right)

    def relate(item: dict[str, Any]) -> bool | None:
        other = second(item)
        one = None if other is None else first(item)
        return None if one is None else _asked(name, one, other)

    return relate


def _asked(name: str, left: Any, right: Any) -> bool | None:
    import shapely  # noqa: PLC0415

    try:
        return bool(getattr(shapely, name)(left, right))
    except shapely.GEOSException:
        pass
    try:
        return bool(getattr(shapely, name)(shapely.make_valid(left), shapely.make_valid(right)))
    except shapely.GEOSException:
        return None


def _shapes(part: Node) -> Get:
    if not part.fixed:
        get = part.get
        return lambda item: _shape(get(item))
    fixed = part.value

    @functools.cache
    def prepared() -> Any:
        import shapely  # noqa: PLC0415

        shape = _shape(fixed)
        if shape is not None and not shape.is_valid:
            shape = shapely.make_valid(shape)
        shapely.prepare(shape)
        return shape

    return lambda _: prepared()


def _shape(value: Any) -> Any:
    """Return shapely's geometry of GeoJSON or a bbox; None when it cannot be made."""
    if type(value) is not dict and type(value) is not list:
        return None
    import shapely  # noqa: PLC0415
    from shapely.geometry import shape  # noqa: PLC0415

    try:
        if type(value) is dict:
            return shape(value)
        numbers = _flat_box(value)
        return None if numbers is None else _box_shape(numbers)
    except (*_UNREADABLE, shapely.errors.ShapelyError):
        return None


def _box_shape(numbers: list[float]) -> Any:
    import shapely  # noqa: PLC0415

    west, south, east, north = numbers
    if west <= east:
        return shapely.box(west, south, east, north)
    return shapely.union(shapely.box(west, south, 180, north), shapely.box(-180, south, east, north))


def _flat_box(value: Any) -> list[float] | None:
    if not isinstance(value, list) or len(value) not in _BOXES or not all(map(_is_number, value)):
        return None
    half = len(value) // 2
    flat = [*value[:2], *value[half : half + 2]]
    return flat if flat[1] <= flat[3] else None


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and abs(value) <= _LARGEST


# ---- what is written in the condition --------------------------------------------------------------------------------


def _check(shape: Any) -> None:
    kind = shape.get("type") if isinstance(shape, dict) else None
    if kind == "GeometryCollection":
        members = shape.get("geometries")
        if not isinstance(members, list) or not members:
            raise FilterError("a GEOMETRYCOLLECTION without geometries")
        for member in members:
            _check(member)
    elif not isinstance(kind, str) or kind not in _DEPTH:
        raise FilterError(f"type '{shown(str(kind))}' is no geometry", f"there are {', '.join(_DEPTH)}")
    else:
        _check_coordinates(kind, shape.get("coordinates"), _DEPTH[kind])


def _check_coordinates(kind: str, value: Any, depth: int) -> None:
    if depth == 0:
        if not isinstance(value, list) or len(value) not in (2, 3) or not all(map(_is_number, value)):
            raise FilterError(f"{kind}: a position is two numbers, longitude and latitude, or three")
        return
    if not isinstance(value, list) or not value:
        raise FilterError(f"{kind} has no coordinates")
    for member in value:
        _check_coordinates(kind, member, depth - 1)
    if depth == 1 and kind in _LEAST:
        _check_line(kind, value)


def _check_line(kind: str, positions: list[Any]) -> None:
    if len(positions) < _LEAST[kind]:
        raise FilterError(f"{kind} needs {_LEAST[kind]} positions, and has {len(positions)}")
    if kind.endswith("Polygon") and positions[0] != positions[-1]:
        raise FilterError(f"{kind}: a ring does not end where it begins", "repeat its first position at its end")
