"""Which columns are the geometry. PURE."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Final

from msgspec import Struct

from stacbuild.init.sample import Column

_WKT: Final = re.compile(r"\s*(SRID=\d+;)?\s*(MULTI)?(POINT|POLYGON|LINESTRING)\b", re.IGNORECASE)
_TYPES: Final = {"Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"}
_NUMBERS: Final = re.compile(r"[\s,;\[\]()]+")
_BOX_NAMES: Final = re.compile(r"bbox|bound|extent|envelope|box", re.IGNORECASE)
_LON: Final = ("longitude", "lon", "lng", "long", "x")
_LAT: Final = ("latitude", "lat", "lat", "lat", "y")
_SIDES: Final = (
    ("west", "south", "east", "north"),
    ("minx", "miny", "maxx", "maxy"),
    ("xmin", "ymin", "xmax", "ymax"),
    ("minlon", "minlat", "maxlon", "maxlat"),
    ("lonmin", "latmin", "lonmax", "latmax"),
    ("left", "bottom", "right", "top"),
)
_EPSG: Final = re.compile(r"^(.*[._:])?(epsg|srid)(_?code)?$", re.IGNORECASE)
_NUMBER: Final = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_MOST_CODE: Final = 999_999


class Place(Struct):
    """A geometry's rule, the columns that it reads, and what there is to say of it."""

    rule: dict[str, Any]
    """Empty: it is there, and cannot be used as it is."""
    paths: list[str]
    note: str = ""
    whole: bool = True
    """Every record of the sample has it."""


def find(columns: list[Column]) -> Place | None:
    """Return the geometry that the columns hold, the surest kind first."""
    crs = next((column.path for column in columns if _EPSG.match(column.path) and _all(column, _is_code)), None)
    for one in (_geojson, _wkt, _box, _sides, _point):
        found = one(columns)
        if found is not None:
            return _in_crs(found, columns, crs)
    return None


def _all(column: Column, test: Callable[[Any], bool]) -> bool:
    return bool(column.values) and all(test(value) for value in column.values)


def _is_code(value: Any) -> bool:
    return str(value).isdecimal() and 1024 <= int(value) <= _MOST_CODE  # noqa: PLR2004  EPSG's codes


def _geojson(columns: list[Column]) -> Place | None:
    found = next((column for column in columns if _all(column, _is_geometry)), None)
    return Place({"geojson": found.path}, [found.path], "", found.filled) if found else None


def _is_geometry(value: Any) -> bool:
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return False
    return isinstance(value, dict) and value.get("type") in _TYPES and "coordinates" in value


def _wkt(columns: list[Column]) -> Place | None:
    found = next((c for c in columns if _all(c, lambda v: isinstance(v, str) and bool(_WKT.match(v)))), None)
    return Place({"wkt": found.path}, [found.path], "", found.filled) if found else None


def _box(columns: list[Column]) -> Place | None:
    named = (column for column in columns if _BOX_NAMES.search(column.path))
    found = next((column for column in named if _all(column, lambda value: box_of(value) is not None)), None)
    return Place({"bbox": found.path}, [found.path], "", found.filled) if found else None


def box_of(value: Any) -> list[float] | None:
    """Return a box's four or six numbers, or None."""
    parts = value if isinstance(value, list) else [part for part in _NUMBERS.split(str(value)) if part]
    try:
        numbers = [float(part) for part in parts]
    except (TypeError, ValueError):
        return None
    return numbers if len(numbers) in (4, 6) else None


def _sides(columns: list[Column]) -> Place | None:
    names = {re.sub(r"[^a-z]", "", column.name.lower()): column for column in columns if _all(column, _is_number)}
    for sides in _SIDES:
        found = [names[side] for side in sides if side in names]
        if len(found) == len(sides):
            paths = [column.path for column in found]
            return Place({"bbox": paths}, paths, "", all(column.filled for column in found))
    return None


def _point(columns: list[Column]) -> Place | None:
    numbers = {column.path.lower(): column for column in columns if _all(column, _is_number)}
    for lon, lat in zip(_LON, _LAT, strict=True):
        for path, column in numbers.items():
            parts = re.split(r"([^a-z0-9]+)", path)
            other = "".join(lat if part == lon else part for part in parts)
            if lon in parts and other in numbers:
                paths = [column.path, numbers[other].path]
                whole = column.filled and numbers[other].filled
                return Place({"lon": paths[0], "lat": paths[1]}, paths, "", whole)
    return None


def _is_number(value: Any) -> bool:
    try:
        return not isinstance(value, bool) and abs(float(value)) < float("inf")
    except (TypeError, ValueError):
        return False


def _in_crs(place: Place, columns: list[Column], crs: str | None) -> Place:
    """Give a geometry that is not in longitude and latitude its crs, or say that one is wanted."""
    if _in_degrees(place, {column.path: column for column in columns}):
        return place
    if crs is not None:
        place.rule["crs"] = f"EPSG:{{{crs}}}"
        place.note = f"not in degrees: its crs is read from `{crs}`"
    else:
        told = ", ".join(f"`{path}`" for path in place.paths)
        place.note = f'{told} is not in degrees: name it here, with its crs = "EPSG:…"'
        place.rule = {}
    return place


def _in_degrees(place: Place, columns: dict[str, Column]) -> bool:
    values = [[abs(float(n)) for n in numbers] for numbers in _coordinates(place, columns)]
    return all(number <= (180 if position % 2 == 0 else 90) for row in values for position, number in enumerate(row))


def _coordinates(place: Place, columns: dict[str, Column]) -> list[list[Any]]:
    """Return (x, y, x, y …) of each record as far as the kind tells them cheaply."""
    match place.rule:
        case {"bbox": str(path)}:
            boxes = [box for value in columns[path].values if (box := box_of(value)) is not None]
            return [box if len(box) == 4 else [box[0], box[1], box[3], box[4]] for box in boxes]  # noqa: PLR2004
        case {"bbox": list(paths)}:
            return [list(row) for row in zip(*(columns[path].values for path in paths), strict=False)]
        case {"lon": lon, "lat": lat}:
            return [list(row) for row in zip(columns[lon].values, columns[lat].values, strict=False)]
        case {"wkt": path}:
            return [
                re.findall(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?", _flat(str(value)))[:2] for value in columns[path].values
            ]
        case _:
            return []


def _flat(wkt: str) -> str:
    """Return a WKT's coordinates."""
    return wkt[wkt.find("(") :]
