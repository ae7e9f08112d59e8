"""Shapes in lon/lat: is a GeoJSON geometry sound, what is its bbox, what ring does a box make. PURE.

Coordinates stay as given: rings are not turned, shapes not repaired. Every refusal is an ItemError at /geometry.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import chain
from typing import Any, Never

from stacbuild.failures import ItemError
from stacbuild.stages.paths import excerpt

WHERE = "/geometry"

Shape = dict[str, Any]
"""A GeoJSON geometry: `type` and `coordinates` only."""
Box = list[float]
"""4 or 6 numbers: west, south, (lowest), east, north, (highest) (RFC 7946, 5)."""

DEPTH = {"Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3}
"""Type → how many lists stand around its positions."""
FLAT, SOLID = 4, 6
"""Numbers of a box without and with heights."""
EMPTY_HINT = 'for a record without place: default = "null", and leave the field empty'
_EXACT = 2**53


def bad(code: str, message: str, hint: str | None = None) -> Never:
    """Raise ItemError `code` at /geometry."""
    raise ItemError(code, message, WHERE, hint)


def checked(value: Shape) -> Shape:
    """Return `type` and `coordinates` of a GeoJSON geometry whose structure is sound; ranges are not judged here.

    Raises:
        ItemError: SB207, it is no GeoJSON geometry or a ring is open; SB209, it is empty or a GeometryCollection.
    """
    kind = value.get("type")
    if kind == "GeometryCollection":
        refuse_collection()
    if not isinstance(kind, str) or kind not in DEPTH:
        hint = "name the geometry inside it, as in geojson = 'field.geometry'" if kind == "Feature" else None
        what = f"the geometry's type is {excerpt(kind)}" if "type" in value else "the geometry has no type"
        bad("SB207", f"{what}: want one of {', '.join(DEPTH)}", hint)
    coordinates = value.get("coordinates")
    if coordinates in ([], None):
        bad("SB209", f"the {kind} is empty", EMPTY_HINT)
    shape = {"type": kind, "coordinates": coordinates}
    for line in lines(shape):
        _check_line(kind, line)
    return shape


def refuse_collection() -> Never:
    """Raise ItemError SB209: STAC has no GeometryCollection."""
    bad("SB209", "a GeometryCollection is no geometry of a STAC item", "make it a MultiPolygon or a Polygon")


def _check_line(kind: str, line: list[Any]) -> None:
    for position in line:
        if not isinstance(position, list) or len(position) < 2 or not all(map(_is_number, position)):  # noqa: PLR2004
            bad("SB207", f"{excerpt(position)} is not a position: want longitude, latitude and perhaps height")
    if kind.endswith("Polygon") and (len(line) < 4 or line[0] != line[-1]):  # noqa: PLR2004
        bad("SB207", "a ring is not closed: its last position must be its first, and it has four or more")
    if kind.endswith("LineString") and len(line) < 2:  # noqa: PLR2004
        bad("SB207", "a line has one position only")


def _is_number(value: Any) -> bool:
    return type(value) is float or (type(value) is int and -_EXACT < value < _EXACT)


def lines(shape: Shape) -> list[list[Any]]:
    """Return a shape's lists of positions: rings, lines, or one list with its points.

    Raises:
        ItemError: SB207, what should be a list is none; SB209, a part is empty.
    """
    depth = DEPTH[shape["type"]]
    found = [[shape["coordinates"]]] if depth == 0 else [shape["coordinates"]]
    for _ in range(depth - 1):
        _check_parts(shape, found)
        found = list(chain.from_iterable(found))
    _check_parts(shape, found)
    return found


def _check_parts(shape: Shape, parts: list[Any]) -> None:
    if not all(isinstance(part, list) for part in parts):
        bad("SB207", f"the coordinates of the {shape['type']} are not lists in lists")
    if [] in parts:
        bad("SB209", f"a part of the {shape['type']} is empty", EMPTY_HINT)


def bbox_of(shape: Shape) -> Box:
    """Return west, south, east, north, with heights between if every position has one.

    Parts that meet at the antimeridian give west > east (RFC 7946, 5.2).

    Args:
        shape: sound, as `checked` gives it.

    Raises:
        ItemError: SB208, a coordinate is not finite or not in lon/lat range.
    """
    if shape["type"] == "Point":
        x, y, *more = shape["coordinates"]
        if _in_range(x, y, x, y) and (not more or math.isfinite(more[0])):
            return [x, y, more[0], x, y, more[0]] if more else [x, y, x, y]
    return bbox_within(shape, bounds(shape))


def _in_range(west: float, south: float, east: float, north: float) -> bool:
    """Tell whether a box is finite, upright and on the earth."""
    return -180 <= west <= east <= 180 and -90 <= south <= north <= 90  # noqa: PLR2004


def bbox_of_box(shape: Shape, box: Box) -> Box:
    """Return the bbox of the shape that `shape_of_box` made of a box in lon/lat.

    Raises:
        ItemError: SB208, a coordinate is not finite or not in lon/lat range.
    """
    if len(box) == FLAT and _in_range(*box):
        return list(box)
    return with_heights(bbox_of(shape), box)


def bbox_within(shape: Shape, box: Box) -> Box:
    """Return the bbox of a shape whose `bounds` are known.

    Raises:
        ItemError: SB208, a coordinate is not in lon/lat range.
    """
    half = len(box) // 2
    _check_range([*box[:2], *box[half : half + 2]])
    if box[0] == -180 and box[half] == 180:  # noqa: PLR2004
        box[0], box[half] = _across(shape)
    return box


def bounds(shape: Shape) -> Box:
    """Return the least and the greatest of each axis.

    Raises:
        ItemError: SB208, a coordinate is not finite.
    """
    positions = [shape["coordinates"]]
    for _ in range(DEPTH[shape["type"]]):
        positions = list(chain.from_iterable(positions))
    xs, ys, *more = zip(*positions, strict=False)
    check_finite(chain(xs, ys, *more[:1]))
    if more:
        return [min(xs), min(ys), min(more[0]), max(xs), max(ys), max(more[0])]
    return [min(xs), min(ys), max(xs), max(ys)]


def check_finite(numbers: Iterable[float]) -> None:
    """Raise ItemError SB208 unless all of `numbers` are finite."""
    if not all(map(math.isfinite, numbers)):
        bad("SB208", "a coordinate is not finite")


def _across(shape: Shape) -> tuple[float, float]:
    """Return west and east of a shape that touches both sides of the antimeridian: it leaves out the widest gap."""
    if shape["type"] not in ("MultiPolygon", "MultiLineString"):
        return -180.0, 180.0
    spans = sorted((min(xs), max(xs)) for xs in ([position[0] for position in line] for line in lines(shape)))
    reach, widest, found = spans[0][1], 0.0, (-180.0, 180.0)
    for west, east in spans:
        if west - reach > widest:
            widest, found = west - reach, (west, reach)
        reach = max(reach, east)
    return found


def _check_range(box: Box) -> None:
    west, south, east, north = box
    if south < -90 or north > 90:  # noqa: PLR2004
        worst = south if south < -90 else north  # noqa: PLR2004
        bad("SB208", f"latitude {worst!r} is not within -90 and 90", _range_hint(box))
    if west < -180 or east > 180:  # noqa: PLR2004
        worst = west if west < -180 else east  # noqa: PLR2004
        bad("SB208", f"longitude {worst!r} is not within -180 and 180", _range_hint(box))


def _range_hint(box: Box) -> str:
    west, south, east, north = box
    if max(map(abs, box)) > 360:  # noqa: PLR2004
        return 'coordinates in metres? name their crs, as in crs = "EPSG:32633"'
    if max(abs(west), abs(east)) <= 90 and max(abs(south), abs(north)) <= 180:  # noqa: PLR2004
        return "longitude comes first: are the two in the wrong order?"
    return "longitudes count from -180 to 180: subtract 360 from those above 180"


# ---- boxes ---------------------------------------------------------------------------------------------------------


def shape_of_box(box: Box, crs: str) -> Shape:
    """Return the ring around a box of 4 or 6 numbers, in two parts where it crosses the antimeridian.

    Args:
        box: in lon/lat, or in `crs`.
        crs: its code; "" is lon/lat, the only one in which west > east means something.

    Raises:
        ItemError: SB207, south of its north, or west of its east.
    """
    solid = len(box) == SOLID
    west, south, east, north = (box[index] for index in ((0, 1, 3, 4) if solid else range(FLAT)))
    order = "the order is west, south, east, north"
    if south > north:
        bad("SB207", f"the box's south {south!r} is north of its north {north!r}", order)
    if solid and box[2] > box[5]:
        bad("SB207", f"the box's lowest {box[2]!r} is above its highest {box[5]!r}", f"{order}; heights stand third")
    if crs and west > east:
        bad("SB207", f"the box's west {west!r} is east of its east {east!r} in {crs}", order)
    return rectangle(west, south, east, north) if west <= east else _two_sides(west, south, east, north)


def with_heights(flat: Box, box: Box) -> Box:
    """Return a bbox of 4 numbers with the heights of `box`, if that has them."""
    return [*flat[:2], box[2], *flat[2:], box[5]] if len(box) == SOLID else flat


def rectangle(west: float, south: float, east: float, north: float) -> Shape:
    """Return the box as a ring against the clock; a box without area is a point or a line."""
    if west == east and south == north:
        return {"type": "Point", "coordinates": [west, south]}
    if west == east or south == north:
        return {"type": "LineString", "coordinates": [[west, south], [east, north]]}
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def _two_sides(west: float, south: float, east: float, north: float) -> Shape:
    """Return a box across the antimeridian, cut there (RFC 7946, 3.1.9)."""
    if west == 180 or east == -180:  # noqa: PLR2004
        return rectangle(*((-180.0, south, east) if east > -180 else (west, south, 180.0)), north)  # noqa: PLR2004
    parts = (rectangle(west, south, 180.0, north), rectangle(-180.0, south, east, north))
    kind = "MultiPolygon" if north > south else "MultiLineString"
    return {"type": kind, "coordinates": [part["coordinates"] for part in parts]}
