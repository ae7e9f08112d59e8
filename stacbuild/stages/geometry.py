"""Geometry of a record: WKT, lon/lat, boxes, GeoJSON and constants to GeoJSON in lon/lat, with its bbox.

Coordinates stay as given unless `crs` asks for reprojection; then they are rounded to 7 decimals (1 cm). Rings are
not turned, shapes not repaired. Never: loads shapely or PROJ unless a record needs them, or lets PROJ use the net.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable
from importlib.metadata import version
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any, Never, cast

from msgspec import UNSET

from stacbuild.canon import CanonError, decode, encode
from stacbuild.failures import ItemError
from stacbuild.stages.paths import Get, excerpt, fields, getter, kind_of, renderer
from stacbuild.stages.values import constant, to_number

if TYPE_CHECKING:
    from stacbuild.recipe import schema

WHERE = "/geometry"
DECIMALS = 7
"""Decimals of reprojected coordinates: about 1 cm (RFC 7946, 11.2)."""

Shape = dict[str, Any]
"""A GeoJSON geometry: `type` and `coordinates` only."""
Box = list[float]
"""4 or 6 numbers: west, south, (lowest), east, north, (highest) (RFC 7946, 5)."""
Located = tuple[Shape | None, Box | None]
Locate = Callable[[dict[str, Any]], Located]

_DEPTH = {"Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3}
_FLAT, _SOLID = 4, 6
_EXACT = 2**53


def _bad(code: str, message: str, hint: str | None = None) -> Never:
    raise ItemError(code, message, WHERE, hint)


def compiled(spec: schema.Geometry) -> Locate:
    """Return the function record → (geometry, bbox); both None when the mapping's default is "null".

    Raises:
        ItemError: (from the function) SB206 to SB210.
        TemplateError: `crs` is a template that cannot be read.
    """
    read, named = _reader(spec)
    crs_of = _crs(spec.crs)

    def locate(record: dict[str, Any]) -> Located:
        found = read(record)
        code = crs_of(record) if found is not None else None
        if found is None or code is None:
            return _default(spec, named)
        if isinstance(found, list):
            return _from_box(found, code)
        return _from_shape(found, code)

    return locate


def _default(spec: schema.Geometry, named: str) -> Located:
    if spec.default is UNSET:
        _bad("SB206", f"the record has no {named}", 'give geometry a default: a GeoJSON geometry, or "null"')
    return (None, None) if spec.default == "null" else _from_shape(cast("Shape", constant(spec.default)), "")


# ---- reading -------------------------------------------------------------------------------------------------------


def _reader(spec: schema.Geometry) -> tuple[Callable[[dict[str, Any]], Shape | Box | None], str]:
    """Return the function record → shape, box or None; and the fields that it reads, in words."""
    crs = f" or of its crs {spec.crs}" if spec.crs and "{" in spec.crs else ""
    if spec.value is not None:
        fixed = cast("Shape", constant(spec.value))
        return (lambda _: fixed), f"value{crs}"
    if spec.wkt is not None:
        return _parsed(getter(spec.wkt), _wkt), f"value in '{spec.wkt}'{crs}"
    if spec.geojson is not None:
        return _parsed(getter(spec.geojson), _geojson), f"value in '{spec.geojson}'{crs}"
    if isinstance(spec.bbox, str):
        return _parsed(getter(spec.bbox), _box), f"value in '{spec.bbox}'{crs}"
    paths = spec.bbox if spec.bbox is not None else [spec.lon or "", spec.lat or ""]
    named = f"value in one of {', '.join(repr(path) for path in paths)}{crs}"
    return (_columns(paths) if spec.bbox is not None else _point(paths)), named


def _parsed(get: Get, parse: Callable[[Any], Any]) -> Callable[[dict[str, Any]], Any]:
    def read(record: dict[str, Any]) -> Any:
        value = get(record)
        return None if value is None else parse(value)

    return read


def _columns(paths: list[str]) -> Callable[[dict[str, Any]], Box | None]:
    readers = [(getter(path), path) for path in paths]

    def read(record: dict[str, Any]) -> Box | None:
        numbers = [_number(get(record), path) for get, path in readers]
        return None if None in numbers else cast("Box", numbers)

    return read


def _point(paths: list[str]) -> Callable[[dict[str, Any]], Shape | None]:
    read_columns = _columns(paths)

    def read(record: dict[str, Any]) -> Shape | None:
        position = read_columns(record)
        return None if position is None else {"type": "Point", "coordinates": position}

    return read


def _number(value: Any, path: str) -> float | None:
    if value is None:
        return None
    try:
        number = to_number(value, WHERE)
        return None if number is None else float(number)
    except (ItemError, OverflowError) as error:
        _bad("SB207", f"'{path}' holds {excerpt(value)}, which is no number: {error}")


def _wkt(value: Any) -> Shape:
    shapely = _shapely()
    try:
        geometry = shapely.from_wkt(value)
        if getattr(geometry, "has_m", False):
            geometry = shapely.from_wkt(shapely.to_wkt(geometry, rounding_precision=-1, output_dimension=3))
        return cast("Shape", decode(shapely.to_geojson(geometry).encode()))
    except (shapely.errors.ShapelyError, NotImplementedError, TypeError) as error:
        reason = str(error).splitlines()[0].partition("Exception: ")
        _bad("SB207", f"{excerpt(value)} is not WKT: {reason[2] or reason[0]}")
    except CanonError:
        _bad("SB208", f"{excerpt(value)} has a coordinate that is not finite")


@functools.cache
def _shapely() -> Any:
    import shapely  # noqa: PLC0415 (heavy: loaded by the first WKT)

    return shapely


def _geojson(value: Any) -> Shape:
    if isinstance(value, str):
        try:
            value = decode(value.encode())
        except (CanonError, UnicodeEncodeError) as error:
            _bad("SB207", f"{excerpt(value)} is not JSON: {error}")
    if not isinstance(value, dict):
        _bad("SB207", f"a GeoJSON geometry is an object, not {kind_of(value)}")
    return value


def _box(value: Any) -> Box:
    numbers: Any = value
    if isinstance(value, str):
        text = value.strip()
        numbers = text.strip("[]").replace(",", " ").split()
    if not isinstance(numbers, list) or len(numbers) not in (_FLAT, _SOLID):
        count = f", got {len(numbers)}" if isinstance(numbers, list) else ""
        _bad("SB207", f"{excerpt(value)} is not a box: want 4 or 6 numbers{count}", "west, south, east, north")
    read = [_number(number, "the box") for number in numbers]
    if None in read:
        _bad("SB208", f"{excerpt(value)} has a number that is not finite")
    return cast("Box", read)


# ---- shapes --------------------------------------------------------------------------------------------------------


def _from_shape(value: Shape, code: str) -> Located:
    shape = _checked(value)
    if code:
        shape = _reprojected(shape, code)
    return shape, bbox_of(shape)


def _checked(value: Shape) -> Shape:
    """Return `type` and `coordinates` of a GeoJSON geometry whose structure is sound; numbers are not judged here."""
    kind = value.get("type")
    if kind == "GeometryCollection":
        _bad("SB209", "a GeometryCollection is no geometry of a STAC item", "make it a MultiPolygon or a Polygon")
    if kind not in _DEPTH:
        hint = "name the geometry inside it, as in geojson = 'g.geometry'" if kind == "Feature" else None
        _bad("SB207", f"{excerpt(kind)} is not a GeoJSON geometry's type", hint)
    coordinates = value.get("coordinates")
    if coordinates in ([], None):
        _bad("SB209", f"the {kind} is empty", 'for a record without place: default = "null"')
    shape = {"type": kind, "coordinates": coordinates}
    for line in lines(shape):
        _check_line(kind, line)
    return shape


def _check_line(kind: str, line: Any) -> None:
    if not isinstance(line, list) or not line:
        _bad("SB209", f"the {kind} has a part without positions")
    for position in line:
        if not isinstance(position, list) or len(position) < 2 or not all(map(_is_number, position)):  # noqa: PLR2004
            _bad("SB207", f"{excerpt(position)} is not a position: want longitude, latitude and perhaps height")
    if kind.endswith("Polygon") and (len(line) < 4 or line[0] != line[-1]):  # noqa: PLR2004
        _bad("SB207", "a ring is not closed: its last position must be its first, and it has four or more")
    if kind.endswith("LineString") and len(line) < 2:  # noqa: PLR2004
        _bad("SB207", "a line has one position only")


def _is_number(value: Any) -> bool:
    return type(value) is float or (type(value) is int and -_EXACT < value < _EXACT)


def lines(shape: Shape) -> list[Any]:
    """Return a shape's lists of positions: rings, lines, or one list with its points.

    Raises:
        ItemError: SB207, what should be a list is none.
    """
    depth = _DEPTH[shape["type"]]
    found = [[shape["coordinates"]]] if depth == 0 else [shape["coordinates"]]
    for _ in range(depth - 1):
        if not all(isinstance(part, list) for part in found):
            _bad("SB207", f"the coordinates of the {shape['type']} are not lists in lists")
        if [] in found:
            _bad("SB209", f"the {shape['type']} has an empty part")
        found = list(chain.from_iterable(found))
    return found


def bbox_of(shape: Shape) -> Box:
    """Return west, south, east, north, with heights between if every position has one.

    Parts that meet at the antimeridian give west > east (RFC 7946, 5.2).

    Raises:
        ItemError: SB208, a coordinate is not finite or not in lon/lat range.
    """
    positions = list(chain.from_iterable(lines(shape)))
    xs, ys, *more = zip(*positions, strict=False)
    box = [min(xs), min(ys), max(xs), max(ys)]
    if not all(map(math.isfinite, chain(xs, ys))):
        _bad("SB208", "a coordinate is not finite")
    _check_range(box)
    if box[0] == -180 and box[2] == 180:  # noqa: PLR2004
        box[0], box[2] = _across(shape)
    if more:
        if not all(map(math.isfinite, more[0])):
            _bad("SB208", "a height is not finite")
        box[2:2], box[6:] = [min(more[0])], [max(more[0])]
    return box


def _across(shape: Shape) -> tuple[float, float]:
    """Return west and east of a shape that touches both sides of the antimeridian."""
    if shape["type"] not in ("MultiPolygon", "MultiLineString"):
        return -180.0, 180.0
    spans = [(min(xs), max(xs)) for xs in ([position[0] for position in line] for line in lines(shape))]
    if any(west < 0 < east for west, east in spans):
        return -180.0, 180.0
    west = min(west for west, _ in spans if west >= 0)
    east = max(east for _, east in spans if east <= 0)
    return (west, east) if west > east else (-180.0, 180.0)


def _check_range(box: Box) -> None:
    west, south, east, north = box
    if south < -90 or north > 90:  # noqa: PLR2004
        worst = south if south < -90 else north  # noqa: PLR2004
        _bad("SB208", f"latitude {worst!r} is not within -90 and 90", _range_hint(box))
    if west < -180 or east > 180:  # noqa: PLR2004
        worst = west if west < -180 else east  # noqa: PLR2004
        _bad("SB208", f"longitude {worst!r} is not within -180 and 180", _range_hint(box))


def _range_hint(box: Box) -> str:
    west, south, east, north = box
    if max(map(abs, box)) > 360:  # noqa: PLR2004
        return 'coordinates in metres? name their crs, as in crs = "EPSG:32633"'
    if max(abs(west), abs(east)) <= 90 and max(abs(south), abs(north)) <= 180:  # noqa: PLR2004
        return "longitude comes first: are the two in the wrong order?"
    return "longitudes count from -180 to 180: subtract 360 from those above 180"


# ---- boxes ---------------------------------------------------------------------------------------------------------


def _from_box(numbers: Box, code: str) -> Located:
    heights = [numbers[2], numbers[5]] if len(numbers) == _SOLID else []
    west, south, east, north = (numbers[index] for index in ((0, 1, 3, 4) if heights else range(_FLAT)))
    if south > north:
        _bad("SB207", f"the box's south {south!r} is north of its north {north!r}", "west, south, east, north")
    if code and west > east:
        _bad("SB207", f"the box's west {west!r} is east of its east {east!r} in {code}", "west, south, east, north")
    shape = _rectangle(west, south, east, north) if west <= east else _two_sides(west, south, east, north)
    if code:
        shape = _reprojected(shape, code)
    flat = bbox_of(shape)
    return shape, [*flat[:2], heights[0], *flat[2:], heights[1]] if heights else flat


def _rectangle(west: float, south: float, east: float, north: float) -> Shape:
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
        return _rectangle(*((-180.0, south, east) if east > -180 else (west, south, 180.0)), north)  # noqa: PLR2004
    parts = (_rectangle(west, south, 180.0, north), _rectangle(-180.0, south, east, north))
    kind = "MultiPolygon" if north > south else "MultiLineString"
    return {"type": kind, "coordinates": [part["coordinates"] for part in parts]}


# ---- reprojection --------------------------------------------------------------------------------------------------


def _crs(spec: str | None) -> Callable[[dict[str, Any]], str | None]:
    """Return the function record → code, "" for lon/lat, None when a field of the template is missing."""
    if spec is None:
        return lambda _: ""
    if not fields(spec):
        return lambda _: _code(spec)
    render = renderer(spec, WHERE)

    def read(record: dict[str, Any]) -> str | None:
        text = render(record)
        return None if text is None else _code(cast("str", text))

    return read


@functools.lru_cache(maxsize=1024)
def _code(text: str) -> str:
    """Return an authority's code as PROJ reads it; `32633`, `epsg:32633` and `EPSG:32633.0` mean `EPSG:32633`."""
    match = re.fullmatch(r"(?:([A-Za-z][A-Za-z0-9_]*):)?([A-Za-z0-9]+)(?:\.0)?", text.strip())
    if match is None or not (match.group(1) or match.group(2).isdigit()):
        _bad("SB210", f"{excerpt(text)} is not a coordinate reference system", "write it as EPSG:32633")
    code = f"{(match.group(1) or 'EPSG').upper()}:{match.group(2)}"
    return "" if code in ("EPSG:4326", "OGC:CRS84") else code


@functools.lru_cache(maxsize=256)
def _transformer(code: str) -> Any:
    """Return the transformer to lon/lat, or the reason why there is none, as text."""
    import pyproj  # noqa: PLC0415 (heavy: loaded by the first record that is reprojected)

    pyproj.network.set_network_enabled(active=False)
    try:
        return pyproj.Transformer.from_crs(code, "OGC:CRS84", always_xy=True)
    except pyproj.exceptions.ProjError as error:
        return str(error).splitlines()[0]


def _reprojected(shape: Shape, code: str) -> Shape:
    transformer = _transformer(code)
    if isinstance(transformer, str):
        _bad("SB210", f"crs {code} cannot be used: {transformer}", "write it as EPSG:32633")
    positions = list(chain.from_iterable(lines(shape)))
    if not all(map(math.isfinite, chain.from_iterable(positions))):
        _bad("SB208", "a coordinate is not finite")
    xs, ys = transformer.transform([place[0] for place in positions], [place[1] for place in positions])
    if not all(map(math.isfinite, chain(xs, ys))):
        _bad("SB210", f"the coordinates are outside of where {code} can be reprojected", "is it the crs of the record?")
    # + 0.0 makes the 0.0 of -0.0
    moved = ([round(x, DECIMALS) + 0.0, round(y, DECIMALS) + 0.0, *place[2:]] for x, y, place in zip(xs, ys, positions))  # noqa: B905
    return _cut({"type": shape["type"], "coordinates": _rebuilt(shape["coordinates"], _DEPTH[shape["type"]], moved)})


def _rebuilt(coordinates: list[Any], depth: int, positions: Any) -> Any:
    if depth == 0:
        return next(positions)
    return [_rebuilt(part, depth - 1, positions) for part in coordinates]


def _cut(shape: Shape) -> Shape:
    """Return a reprojected shape cut at the antimeridian where it crosses it (RFC 7946, 3.1.9)."""
    if shape["type"] in ("Point", "MultiPoint"):
        return shape
    if all(abs(here[0] - there[0]) <= 180 for line in lines(shape) for here, there in pairwise(line)):  # noqa: PLR2004
        return shape
    for line in lines(shape):
        _unwrap(line, closed=shape["type"].endswith("Polygon"))
    shapely = _shapely()
    try:
        return _cut_by(shapely, shapely.from_geojson(encode(shape).decode()), shape["type"].removeprefix("Multi"))
    except shapely.errors.ShapelyError as error:
        _bad("SB210", f"the shape crosses the antimeridian and cannot be cut there: {str(error).splitlines()[0]}")


def _unwrap(line: list[list[float]], *, closed: bool) -> None:
    """Let longitudes of `line` go beyond 180 rather than jump."""
    for here, there in pairwise(line):
        there[0] -= 360.0 * round((there[0] - here[0]) / 360.0)
    if closed and line[0] != line[-1]:
        _bad("SB210", "the shape goes around a pole, which no ring in lon/lat can say", "give its geometry in lon/lat")


def _cut_by(shapely: Any, geometry: Any, kind: str) -> Shape:
    parts: list[Any] = []
    for shift in (-360.0, 0.0, 360.0):
        piece = shapely.intersection(geometry, shapely.box(shift - 180, -90, shift + 180, 90))
        found = [part for part in getattr(piece, "geoms", [piece]) if part.geom_type == kind and not part.is_empty]
        for part in found:
            turned = shapely.geometry.polygon.orient(part) if kind == "Polygon" else part
            lists = decode(shapely.to_geojson(turned).encode())["coordinates"]
            for position in chain.from_iterable(lists if kind == "Polygon" else [lists]):
                position[:2] = round(position[0] - shift, DECIMALS) + 0.0, round(position[1], DECIMALS) + 0.0
            parts.append(lists)
    return {"type": f"Multi{kind}", "coordinates": parts}


def platform_versions(uses_proj: bool) -> list[str]:  # noqa: FBT001 (the one thing that it is asked)
    """Return the libraries whose versions reprojected coordinates depend on; [] where nothing is reprojected."""
    if not uses_proj:
        return []
    import pyproj  # noqa: PLC0415 (heavy)

    return [f"pyproj {pyproj.__version__}", f"PROJ {pyproj.proj_version_str}", f"shapely {version('shapely')}"]
