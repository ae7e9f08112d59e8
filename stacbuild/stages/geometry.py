"""Geometry of a record: WKT, WKB, lon/lat, boxes, GeoJSON and constants to GeoJSON in lon/lat, with its bbox.

Coordinates stay as given unless `crs` asks for reprojection; then they are rounded to 7 decimals (1 cm). What else
RFC 7946 wants is done by `mending.py`. Never: loads shapely or PROJ unless a record needs them, or lets PROJ use the
net.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any, cast

from msgspec import UNSET

from stacbuild.canon import CanonError, decode
from stacbuild.failures import ItemError
from stacbuild.stages import wkb, wkt
from stacbuild.stages.mending import DECIMALS, Say, mended, placed, silent
from stacbuild.stages.paths import Get, excerpt, fields, getter, kind_of, renderer
from stacbuild.stages.shapes import (
    DEPTH,
    FLAT,
    SOLID,
    WHERE,
    Box,
    Shape,
    bad,
    bbox_of_box,
    check_finite,
    checked,
    lines,
    shape_of_box,
    with_heights,
)
from stacbuild.stages.values import constant, to_number
from stacbuild.stages.versions import version_of

if TYPE_CHECKING:
    from stacbuild.recipe import schema

Located = tuple[Shape | None, Box | None]
Locate = Callable[[dict[str, Any], Say], Located]
Found = Shape | Box | tuple[Shape, int]
"""What a reader gives: a shape, a box, or a shape with its SRID."""


def compiled(spec: schema.Geometry) -> Locate:
    """Return the function (record, who is told what was mended) → (geometry, bbox).

    Both are None when the mapping's default is "null".

    Raises:
        ItemError: (from the function) SB206 to SB210.
        TemplateError: `crs` is a template that cannot be read.
    """
    read, named = _reader(spec)
    crs_of = _crs(spec.crs)

    def locate(record: dict[str, Any], say: Say) -> Located:
        found = read(record)
        if found is None:
            return _default(spec, f"geometry: {named}", say)
        code = crs_of(record)
        if code is None:
            return _default(spec, f"crs: a field of '{spec.crs}'", say)
        if isinstance(found, tuple):
            code, found = _agreed(code, found[1], given=spec.crs is not None), found[0]
        if isinstance(found, list):
            return _of_box(found, code)
        if not code:
            return mended(found, say)
        shape, crosses = _reprojected(found, code)
        return placed(shape, say, crosses=crosses)

    return locate


def _of_box(box: Box, code: str) -> Located:
    shape = shape_of_box(box, code)
    if not code:
        return shape, bbox_of_box(shape, box)
    moved, crosses = _reprojected(shape, code)
    placed_shape, bbox = placed(moved, silent, crosses=crosses)
    return placed_shape, with_heights(bbox, box)


def _agreed(code: str, srid: int, *, given: bool) -> str:
    """Return the crs of a shape that may name its own."""
    own = _code(f"EPSG:{srid}") if srid else ""
    if given and srid and own != code:
        bad(
            "SB210",
            f"the WKB says SRID {srid}, and `crs` {code or 'EPSG:4326'}",
            "take `crs` away: the WKB's own is used",
        )
    return code if given else own


def _default(spec: schema.Geometry, what: str, say: Say) -> Located:
    if spec.default is UNSET:
        bad("SB206", f"the record has no {what} is missing", 'give geometry a default: a GeoJSON geometry, or "null"')
    if spec.default == "null":
        return None, None
    return mended(checked(cast("Shape", constant(spec.default))), say)


# ---- reading -------------------------------------------------------------------------------------------------------


def _reader(spec: schema.Geometry) -> tuple[Callable[[dict[str, Any]], Found | None], str]:
    """Return the function record → what is found or None; and the fields that it reads, in words."""
    if spec.value is not None:
        fixed = cast("Shape", constant(spec.value))
        return (lambda _: checked(fixed)), "value"
    for path, parse in ((spec.wkt, wkt.parse), (spec.wkb, _wkb), (spec.geojson, _geojson), (spec.bbox, _box)):
        if isinstance(path, str):
            return _parsed(getter(path), parse), f"'{path}'"
    paths = spec.bbox if isinstance(spec.bbox, list) else [spec.lon or "", spec.lat or ""]
    read = _columns(paths) if spec.bbox is not None else _point(paths)
    return read, f"one of {', '.join(repr(path) for path in paths)}"


def _parsed(get: Get, parse: Callable[[Any], Any]) -> Callable[[dict[str, Any]], Any]:
    def read(record: dict[str, Any]) -> Any:
        value = get(record)
        return None if value is None else parse(value)

    return read


def _columns(paths: list[str]) -> Callable[[dict[str, Any]], Box | None]:
    readers = [(getter(path), path) for path in paths]

    def read(record: dict[str, Any]) -> Box | None:
        numbers = [_number(get(record), f"'{path}'") for get, path in readers]
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
        hint = error.hint if isinstance(error, ItemError) else None
        bad("SB207", f"{path} holds {excerpt(value)}, which is not a number", hint)


def _wkb(value: Any) -> tuple[Shape, int]:
    shape, srid = wkb.parse(value)
    return checked(shape), srid


def _geojson(value: Any) -> Shape:
    if isinstance(value, str):
        try:
            value = decode(value.encode())
        except (CanonError, UnicodeEncodeError) as error:
            bad("SB207", f"{excerpt(value)} is not JSON: {error}")
    if not isinstance(value, dict):
        bad("SB207", f"a GeoJSON geometry is an object, not {kind_of(value)}")
    return checked(value)


def _box(value: Any) -> Box:
    numbers: Any = value
    if isinstance(value, str):
        text = value.strip()
        inner = text[1:-1].strip() if text.startswith("[") and text.endswith("]") else text
        numbers = re.split(r"\s*,\s*|\s+", inner)
    if not isinstance(numbers, list) or len(numbers) not in (FLAT, SOLID):
        count = f", got {len(numbers)}" if isinstance(numbers, list) else ""
        bad("SB207", f"{excerpt(value)} is not a box: want 4 or 6 numbers{count}", "west, south, east, north")
    if None in numbers:
        bad("SB207", f"{excerpt(value)} is not a box: a number is null")
    read = [_number(number, "the box") for number in numbers]
    if None in read:
        bad("SB208", f"{excerpt(value)} has a number that is not finite")
    return cast("Box", read)


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


_CRS_HINT = "write it as EPSG:32633"


@functools.lru_cache(maxsize=1024)
def _code(text: str) -> str:
    """Return an authority's code as PROJ reads it; `32633`, `epsg:32633` and `EPSG:32633.0` mean `EPSG:32633`."""
    match = re.fullmatch(r"(?:([A-Za-z][A-Za-z0-9_]{0,31}):)?([A-Za-z0-9]{1,32})(?:\.0)?", text.strip())
    if match is None or not (match.group(1) or match.group(2).isdigit()):
        hint = "the field holds the whole code: take EPSG: out of the template" if text.count(":") > 1 else _CRS_HINT
        bad("SB210", f"{excerpt(text)} is not a coordinate reference system", hint)
    code = f"{(match.group(1) or 'EPSG').upper()}:{match.group(2)}"
    return "" if code in ("EPSG:4326", "OGC:CRS84") else code


@functools.lru_cache(maxsize=256)
def _transformer(code: str) -> Any:
    """Return the transformer to lon/lat, or the reason why there is none, as text."""
    import pyproj  # noqa: PLC0415 (heavy: loaded by the first record that is reprojected)
    import pyproj.network  # noqa: PLC0415

    network: Any = pyproj.network
    network.set_network_enabled(active=False)
    try:
        return pyproj.Transformer.from_crs(code, "OGC:CRS84", always_xy=True)
    except pyproj.exceptions.ProjError as error:
        return re.sub(r".*Internal Proj Error: (?:proj_create: )?|\)$", "", str(error).splitlines()[0])


def _reprojected(shape: Shape, code: str) -> tuple[Shape, bool]:
    """Return a shape in lon/lat, and whether its edges are to be cut at the antimeridian."""
    transformer = _transformer(code)
    if isinstance(transformer, str):
        bad("SB210", f"crs {code} cannot be used: {transformer}", _CRS_HINT)
    positions = list(chain.from_iterable(lines(shape)))
    check_finite(chain.from_iterable(positions))
    xs, ys = transformer.transform([place[0] for place in positions], [place[1] for place in positions])
    if not all(map(math.isfinite, chain(xs, ys))):
        bad("SB210", f"the coordinates are outside of where {code} can be reprojected", "is it the crs of the record?")
    # + 0.0 makes the 0.0 of -0.0
    moved = ([round(x, DECIMALS) + 0.0, round(y, DECIMALS) + 0.0, *place[2:]] for x, y, place in zip(xs, ys, positions))  # noqa: B905
    depth = DEPTH[shape["type"]]
    result = {"type": shape["type"], "coordinates": _rebuilt(shape["coordinates"], depth, moved)}
    return result, _crosses(shape, result, transformer)


def _crosses(before: Shape, after: Shape, transformer: Any) -> bool:
    """Return whether an edge of `after` crosses the antimeridian rather than goes far around the other way."""
    if before["type"] in ("Point", "MultiPoint"):
        return False
    for old, new in zip(lines(before), lines(after), strict=True):
        for index, (here, there) in enumerate(pairwise(new)):
            if abs(here[0] - there[0]) > 180:  # noqa: PLR2004
                middle = [(old[index][axis] + old[index + 1][axis]) / 2 for axis in (0, 1)]
                if not min(here[0], there[0]) < transformer.transform(*middle)[0] < max(here[0], there[0]):
                    return True
    return False


def _rebuilt(coordinates: list[Any], depth: int, positions: Any) -> Any:
    if depth == 0:
        return next(positions)
    return [_rebuilt(part, depth - 1, positions) for part in coordinates]


def platform_versions(spec: schema.Geometry | None) -> list[str]:
    """Return the versions of libraries that a geometry's coordinates may depend on: wheels, which carry PROJ and GEOS.

    A point or a box in lon/lat depends on none.
    """
    if spec is None or (spec.crs is None and (spec.lon is not None or spec.bbox is not None)):
        return []
    projected = spec.crs is not None or spec.wkb is not None
    return [version_of(name) for name in ("antimeridian", "shapely", *(["pyproj"] if projected else []))]
