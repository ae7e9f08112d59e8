"""Shapes in lon/lat made as RFC 7946 wants them: rings turned, cut at the antimeridian, and valid.

A shape that is as it should be is given back as it is; what was changed in one, beyond the direction of rings, is told
as a warning. Positions that are made are rounded to 7 decimals (1 cm). Never: loads shapely for what is sound, or keeps
a shape that it cannot mend.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from itertools import chain, pairwise
from typing import Any, Final

from stacbuild.canon import decode, encode
from stacbuild.failures import ItemError
from stacbuild.stages import rings
from stacbuild.stages.shapes import EMPTY_HINT, WHERE, Box, Shape, bad, bbox_of, bbox_within, bounds, lines

DECIMALS: Final = 7
"""Decimals of positions that are made here: about 1 cm (RFC 7946, 11.2)."""

Say = Callable[[ItemError], None]
"""Takes a warning about the item."""

_HALF, _WHOLE = 180.0, 360.0
_GRID: Final = 10**-DECIMALS


def silent(warning: ItemError) -> None:
    """Do nothing about a warning."""
    del warning


def mended(shape: Shape, say: Say) -> tuple[Shape, Box]:
    """Return a shape as it should be, and its bbox.

    Args:
        shape: sound in its structure, as `checked` gives it.
        say: is told what was mended.

    Raises:
        ItemError: SB207, it cannot be cut; SB208, a coordinate is out of range; SB209, nothing is left of it.
    """
    if shape["type"] in ("Point", "MultiPoint"):
        return shape, bbox_of(shape)
    box = bounds(shape)
    half = len(box) // 2
    if _beyond(box):
        return _with_box(_cut(shape, say))
    if box[half] - box[0] > _HALF and (box[0], box[half]) != (-_HALF, _HALF) and _jumps(shape):
        hint = "the short way between neighbours is taken; a belt is written with edges from -180 to 180"
        say(ItemError("SB219", f"the {shape['type']} crosses the antimeridian: it was cut there", WHERE, hint))
        return _with_box(_cut(shape, say))
    whole = shape if shape["type"].endswith("LineString") else _valid(shape, say)
    return whole, bbox_within(shape, box) if whole is shape else bbox_of(whole)


def placed(shape: Shape, say: Say, *, crosses: bool) -> tuple[Shape, Box]:
    """Return `mended` of a reprojected shape, of which is known whether it crosses the antimeridian."""
    if crosses:
        return _with_box(_cut(shape, say))
    return _with_box(_valid(shape, say) if shape["type"].endswith("Polygon") else shape)


def _with_box(shape: Shape) -> tuple[Shape, Box]:
    return shape, bbox_of(shape)


def _beyond(box: Box) -> bool:
    """Tell whether a box reaches over the antimeridian by longitudes beyond 180."""
    west, east = box[0], box[len(box) // 2]
    return (west < _HALF < east <= _WHOLE) or (-_WHOLE <= west < -_HALF < east)


def _jumps(shape: Shape) -> bool:
    """Tell whether neighbours lie more than half around the earth apart: then the short way is meant.

    Not asked of a shape with positions at both -180 and 180: that is cut already, or a belt around the earth.
    """
    return any(abs(there[0] - here[0]) > _HALF for line in lines(shape) for here, there in pairwise(line))


# ---- rings ---------------------------------------------------------------------------------------------------------


def _valid(shape: Shape, say: Say) -> Shape:
    """Return polygons that are valid, with exterior rings against the clock and holes with it."""
    single = shape["type"] == "Polygon"
    parts = [shape["coordinates"]] if single else shape["coordinates"]
    if single and len(parts[0]) == 1 and (only := rings.turn(parts[0][0])).convex:
        return shape if only.area > 0 else {"type": "Polygon", "coordinates": [parts[0][0][::-1]]}
    turns = [[rings.turn(ring) for ring in part] for part in parts]
    plain = all(len(part) == 1 and part[0].convex for part in turns) and (single or not rings.overlapping(parts))
    reason = None if plain else rings.crossing(parts)
    if reason is not None:
        return _repaired(shape, reason, say)
    if all((one.area < 0) == (place > 0) for part in turns for place, one in enumerate(part)):
        return shape
    turned = [_turned(part, found) for part, found in zip(parts, turns, strict=True)]
    return {"type": shape["type"], "coordinates": turned[0] if single else turned}


def _turned(part: list[Any], turns: list[rings.Turn]) -> list[Any]:
    ways = zip(part, turns, strict=True)
    return [ring if (one.area < 0) == (place > 0) else ring[::-1] for place, (ring, one) in enumerate(ways)]


def _repaired(shape: Shape, reason: str, say: Say) -> Shape:
    shapely = load_shapely()
    try:
        found = _made_valid(shapely, _to_shapely(shapely, shape))
    except shapely.errors.ShapelyError as error:
        bad("SB207", f"{reason}, and it cannot be repaired: {str(error).splitlines()[0]}")
    _say_repaired(reason, say)
    return _from_shapely(shapely, found)


def _say_repaired(reason: str, say: Say) -> None:
    say(ItemError("SB218", f"{reason}: it was repaired", WHERE, "look at it: what is meant can only be guessed"))


def _made_valid(shapely: Any, geometry: Any) -> Any:
    """Return what GEOS makes of an invalid shape; one without area becomes a line or a point."""
    made = shapely.make_valid(geometry, method="structure", keep_collapsed=True)
    parts = [part for part in getattr(made, "geoms", [made]) if not part.is_empty]
    if not parts:
        bad("SB209", "the geometry is empty when it is repaired", EMPTY_HINT)
    most = max(shapely.get_dimensions(part) for part in parts)
    best = list(chain.from_iterable(getattr(p, "geoms", [p]) for p in parts if shapely.get_dimensions(p) == most))
    return best[0] if len(best) == 1 else _multi(shapely, best)


def _multi(shapely: Any, parts: list[Any]) -> Any:
    kinds = {"Polygon": shapely.MultiPolygon, "LineString": shapely.MultiLineString, "Point": shapely.MultiPoint}
    return kinds[parts[0].geom_type](parts)


# ---- the antimeridian ----------------------------------------------------------------------------------------------


def _cut(shape: Shape, say: Say) -> Shape:
    """Return a shape cut at the antimeridian, which it crosses (RFC 7946, 3.1.9)."""
    copy = decode(encode(shape))
    polygonal = shape["type"].endswith("Polygon")
    around_a_pole = [_unwrap(line) for line in lines(copy)]
    if polygonal and any(around_a_pole):
        return _over_a_pole(shape)
    if polygonal:
        for shell, *holes in copy["coordinates"] if copy["type"] == "MultiPolygon" else [copy["coordinates"]]:
            _gather(shell, holes)
    shapely = load_shapely()
    try:
        geometry = _to_shapely(shapely, copy)
        if polygonal and not geometry.is_valid:
            _say_repaired("the geometry crosses itself", say)
            geometry = _made_valid(shapely, geometry)
        return _cut_by(shapely, geometry)
    except shapely.errors.ShapelyError as error:
        bad("SB207", f"the shape crosses the antimeridian and cannot be cut there: {str(error).splitlines()[0]}")


def _unwrap(line: list[list[float]]) -> bool:
    """Let longitudes of `line` go beyond 180 rather than jump; tell whether it then ends a turn from where it began."""
    before, turns = line[0][0], 0.0
    for position in line[1:]:
        step, before = position[0] - before, position[0]
        if abs(step) != _WHOLE:
            turns -= _WHOLE * round(step / _WHOLE)
        position[0] += turns
    return abs(line[0][0] - line[-1][0]) > _HALF


def _gather(shell: list[list[float]], holes: list[list[list[float]]]) -> None:
    """Turn holes by whole circles, so that they lie in their shell again."""
    west = min(position[0] for position in shell)
    for hole in holes:
        turns = math.floor((min(position[0] for position in hole) - west) / _WHOLE)
        for position in hole:
            position[0] -= _WHOLE * turns


def _cut_by(shapely: Any, geometry: Any) -> Shape:
    """Return the parts of a shape in each turn of the earth, brought back to the first."""
    kind = geometry.geom_type.removeprefix("Multi")
    parts: list[Any] = []
    for shift in (-_WHOLE, 0.0, _WHOLE):
        turn = shapely.box(shift - _HALF, -90, shift + _HALF, 90)
        piece = shapely.intersection(geometry, turn, grid_size=_GRID)
        found = (part for part in _each(piece) if part.geom_type == kind and not part.is_empty)
        parts += [shapely.affinity.translate(part, -shift) for part in found]
    if not parts:
        bad("SB209", "the geometry is empty when it is cut at the antimeridian", EMPTY_HINT)
    if kind == "Polygon" and geometry.bounds[2] - geometry.bounds[0] > _WHOLE:  # it lies over itself
        return _from_shapely(shapely, shapely.union_all(parts, grid_size=_GRID))
    return _from_shapely(shapely, parts[0] if len(parts) == 1 else _multi(shapely, parts))


def _over_a_pole(shape: Shape) -> Shape:
    """Return polygons of which one goes around a pole, led along the antimeridian to it. Heights are left out."""
    import antimeridian  # noqa: PLC0415  footprints over a pole are few

    shapely = load_shapely()
    flat = {"type": shape["type"], "coordinates": _flat(shape["coordinates"])}
    for line in lines(flat):
        _face_the_pole(line)
    try:
        found: Any = antimeridian.fix_shape(flat, fix_winding=True, great_circle=False)
        geometry = shapely.geometry.shape(found)
    except (ValueError, AssertionError, IndexError, shapely.errors.ShapelyError) as error:
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        bad("SB207", f"the shape goes around a pole and cannot be cut there: {why}")
    geometry = geometry if geometry.is_valid else _made_valid(shapely, geometry)
    return _from_shapely(shapely, geometry)


def _face_the_pole(line: list[list[float]]) -> None:
    """Turn a ring around a pole so that the nearer one is on its left: the library takes that for the inside."""
    turned = decode(encode(line))
    if _unwrap(turned) and (turned[-1][0] > turned[0][0]) != (sum(position[1] for position in line) > 0):
        line.reverse()


def _flat(coordinates: list[Any]) -> list[Any]:
    return coordinates[:2] if not isinstance(coordinates[0], list) else [_flat(part) for part in coordinates]


# ---- shapely -------------------------------------------------------------------------------------------------------


@functools.cache
def load_shapely() -> Any:
    """Return the library; it is heavy, so that the first shape that is not plain loads it."""
    import shapely  # noqa: PLC0415
    import shapely.affinity  # noqa: PLC0415

    return shapely


def _to_shapely(shapely: Any, shape: Shape) -> Any:
    return shapely.from_geojson(encode(shape).decode())


def _from_shapely(shapely: Any, geometry: Any) -> Shape:
    """Return a geometry with rounded positions and turned rings."""
    snapped = shapely.set_precision(geometry, _GRID)  # so that it is valid with rounded positions too
    whole = geometry if snapped.is_empty else snapped
    parts = [shapely.geometry.polygon.orient(part) if part.geom_type == "Polygon" else part for part in _each(whole)]
    found = decode(shapely.to_geojson(parts[0] if len(parts) == 1 else _multi(shapely, parts)).encode())
    for position in chain.from_iterable(lines(found)):
        position[:2] = _rounded(position[0]), _rounded(position[1])
    return {"type": found["type"], "coordinates": found["coordinates"]}


def _each(geometry: Any) -> list[Any]:
    return list(getattr(geometry, "geoms", [geometry]))


def _rounded(number: float) -> float:
    return round(number, DECIMALS) + 0.0  # makes the 0.0 of -0.0
