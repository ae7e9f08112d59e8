"""Well-known text as GeoJSON: points and polygons by themselves, all else by GEOS, with the same result.

GEOS also says what is wrong with text that is no WKT. It is loaded when it is asked: most footprints do without.
"""

from __future__ import annotations

import re
from typing import Any, Final

from stacbuild.canon import decode
from stacbuild.stages.mending import load_shapely
from stacbuild.stages.paths import excerpt, kind_of
from stacbuild.stages.shapes import Shape, bad, checked, refuse_collection

_NUMBERS: Final = r"\(([-+0-9.eE,\s]+)\)"
_POINT: Final = re.compile(rf"\s*POINT\s*(Z?)\s*{_NUMBERS}\s*", re.ASCII | re.IGNORECASE)
_POLYGON: Final = re.compile(
    rf"\s*POLYGON\s*(Z?)\s*\(\s*({_NUMBERS}(?:\s*,\s*{_NUMBERS})*)\s*\)\s*", re.ASCII | re.IGNORECASE
)
_RING: Final = re.compile(_NUMBERS, re.ASCII)

_NOT_FINITE: Final = ("null", "nan", "inf")
"""What versions of GEOS write into GeoJSON for NaN and Infinity."""


def parse(value: Any) -> Shape:
    """Return the geometry of WKT; measures are left out.

    Raises:
        ItemError: SB207, it is no WKT; SB208, a coordinate is not finite; SB209, it is empty or a collection.
    """
    if not isinstance(value, str):
        bad("SB207", f"WKT is text, not {kind_of(value)}")
    shape = _polygon(value) or _point(value)
    return _by_geos(value) if shape is None else shape


def _polygon(text: str) -> Shape | None:
    """Return a polygon; None if the text is none, or one that GEOS is to judge."""
    match = _POLYGON.fullmatch(text)
    if match is None:
        return None
    rings = [_positions(ring) for ring in _RING.findall(match[2])]
    sizes = {len(position) for ring in rings for position in ring}
    good = sizes in ({2}, {3}) and not (match[1] and sizes == {2})
    return checked({"type": "Polygon", "coordinates": rings}) if good else None


def _point(text: str) -> Shape | None:
    match = _POINT.fullmatch(text)
    places = [] if match is None else _positions(match[2])
    if match is None or len(places) != 1 or not (3 if match[1] else 2) <= len(places[0]) <= 3:  # noqa: PLR2004
        return None
    return {"type": "Point", "coordinates": places[0]}


def _positions(text: str) -> list[list[float]]:
    """Return the positions of a list; one without numbers where a number is none that we read."""
    try:
        return [[*map(float, place.split())] for place in text.split(",")]
    except ValueError:
        return [[]]


def _by_geos(value: str) -> Shape:
    if "GEOMETRYCOLLECTION" in value.upper():
        refuse_collection()  # before it is parsed: the parser's stack overflows on deeply nested ones
    shapely = load_shapely()
    try:
        geometry = shapely.from_wkt(value)
        if getattr(geometry, "has_m", False):
            geometry = shapely.from_wkt(shapely.to_wkt(geometry, rounding_precision=-1, output_dimension=3))
        text: str = shapely.to_geojson(geometry)
    except (shapely.errors.ShapelyError, NotImplementedError, UnicodeEncodeError) as error:
        reason = str(error).splitlines()[0].partition("Exception: ")
        bad("SB207", f"{excerpt(value)} is not WKT: {reason[2] or reason[0]}", _hint(value))
    lower = text.lower()
    if any(word in lower for word in _NOT_FINITE):
        bad("SB208", f"{excerpt(value)} has a coordinate that is not finite")
    shape: Shape = decode(text.encode())
    return checked(shape)  # empty ones, and rings of three positions, are fine with GEOS


def _hint(text: str) -> str | None:
    match = re.match(r"\s*SRID\s*=\s*(\d+)\s*;", text, re.IGNORECASE)
    return f'take `{match.group().strip()}` away and write crs = "EPSG:{match.group(1)}"' if match else None
