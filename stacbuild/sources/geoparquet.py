"""The geometries of GeoParquet as GeoJSON: which columns they are, in which encoding. Never reprojects."""

from __future__ import annotations

import json
from typing import Any, Final

from stacbuild.sources.base import SourceUnreadable
from stacbuild.sources.parquet_values import ITEM, values

Columns = dict[str, str]
"""Column → its encoding: `wkb`, or the type of GeoJSON whose coordinates stand in it."""

JSON_TEXT: Final = "stacbuild:json"
"""Metadata of a file: where its columns hold JSON text; lists of steps, IN_LIST for each member of a list."""
IN_LIST: Final = "[]"

_NATIVE: Final = {
    "point": "Point",
    "linestring": "LineString",
    "polygon": "Polygon",
    "multipoint": "MultiPoint",
    "multilinestring": "MultiLineString",
    "multipolygon": "MultiPolygon",
}
_GEOMETRY: Final = "geometry"
_FOOTPRINTS: Final = (_GEOMETRY, "proj:geometry")
"""Columns that are WKB where they are binary, whatever the metadata say."""

_WGS84: Final = {("OGC", "CRS84"), ("OGC", "CRS84h"), ("EPSG", "4326"), ("EPSG", "4979")}


def geometry_columns(parquet: Any) -> Columns:
    """Return the columns of a Parquet file that are geometries.

    Raises:
        SourceUnreadable: the primary one is not in longitude and latitude.
    """
    told = _told(parquet.metadata.metadata or {})
    primary = told.get(_GEOMETRY, {})
    _refuse_projected(primary.get("crs"))
    found = {}
    for field in parquet.schema_arrow:
        encoding = str(told.get(field.name, {}).get("encoding", "WKB")).casefold()
        if encoding in _NATIVE:
            found[field.name] = _NATIVE[encoding]
        elif (field.name in told or field.name in _FOOTPRINTS) and _is_binary(field.type):
            found[field.name] = "wkb"
    return found


def json_texts(parquet: Any) -> dict[str, list[list[str]]]:
    """Return the columns of a Parquet file in which JSON text stands for what they cannot hold, with the places."""
    found: dict[str, list[list[str]]] = {}
    try:
        for name, *steps in json.loads((parquet.metadata.metadata or {}).get(JSON_TEXT.encode(), b"[]")):
            found.setdefault(name, []).append(steps)
    except (ValueError, TypeError, RecursionError):
        return {}
    return found


def with_json(value: Any, steps: list[str]) -> Any:
    """Return a value with the JSON that stands as text at a place in it; what is no JSON stays text."""
    if not steps:
        return _parsed(value) if isinstance(value, str) else value
    if isinstance(value, list) and steps[0] == IN_LIST:
        return [with_json(member, steps[1:]) for member in value]
    if isinstance(value, dict) and steps[0] in value:
        return {**value, steps[0]: with_json(value[steps[0]], steps[1:])}
    return value


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def geometries(array: Any, encoding: str) -> list[Any]:
    """Return the geometries of a column as GeoJSON; of one that is damaged what stands there as text."""
    if hasattr(array, "storage"):
        array = array.storage
    if encoding == "wkb":
        return [None if blob is None else _geojson(blob) for blob in array.to_pylist()]
    found = values(array, ITEM)
    return [None if value is None else {"type": encoding, "coordinates": _coordinates(value)} for value in found]


def _told(metadata: dict[bytes, bytes]) -> dict[str, dict[str, Any]]:
    try:
        found = json.loads(metadata.get(b"geo", b"{}"))["columns"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
    return {name: one for name, one in found.items() if isinstance(one, dict)} if isinstance(found, dict) else {}


def _refuse_projected(crs: Any) -> None:
    """Raise SourceUnreadable if PROJJSON names a system that is not WGS 84; one without a name is taken for it."""
    named = crs.get("id") if isinstance(crs, dict) else None
    if isinstance(named, dict) and (str(named.get("authority")), str(named.get("code"))) not in _WGS84:
        text = f"its geometries are in {named.get('authority')}:{named.get('code')}, those of Items in WGS 84"
        raise SourceUnreadable("SB423", text, 'reproject it, or read it with kind = "table" and a mapping with crs')


def _is_binary(type_: Any) -> bool:
    import pyarrow.types as is_  # noqa: PLC0415  only where there is Parquet

    stored = getattr(type_, "storage_type", type_)
    return bool(is_.is_binary(stored) or is_.is_large_binary(stored) or is_.is_binary_view(stored))


def _geojson(blob: bytes) -> Any:
    """Return the GeoJSON of WKB; 2D and 3D, a measure is left out."""
    import shapely  # noqa: PLC0415  only where there is Parquet

    try:
        return _lists(shapely.geometry.mapping(shapely.from_wkb(blob)))
    except shapely.errors.GEOSException:
        return f"WKB that cannot be read: {blob[:32].hex()}"


def _lists(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _lists(member) for name, member in value.items()}
    return [_lists(member) for member in value] if isinstance(value, tuple | list) else value


def _coordinates(value: Any) -> Any:
    if isinstance(value, dict):
        return [value[name] for name in ("x", "y", "z") if name in value]
    return [_coordinates(member) for member in value] if isinstance(value, list) else value
