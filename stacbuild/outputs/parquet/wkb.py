"""GeoJSON geometries as ISO WKB, with the box that they lie in. PURE: without GEOS, of which versions may differ."""

from __future__ import annotations

import struct
from itertools import chain
from typing import Any, Final, NamedTuple

import msgspec

Bounds = tuple[float, float, float, float]

_CODES: Final = {"Point": 1, "MultiPoint": 4, "LineString": 2, "MultiLineString": 5, "Polygon": 3, "MultiPolygon": 6}
_COLLECTION: Final = 7
_HEAD: Final = struct.Struct("<BI")
_PART_HEAD: Final = struct.Struct("<BII")
_COUNT: Final = struct.Struct("<I")
_Z: Final = 1000
"""What ISO adds to the code of a geometry with heights."""
_FLAT, _DEEP = 2, 3
_EMPTY: Final = float("nan")
_DEEPEST: Final = 32
"""Collections in collections."""


class Footprint(NamedTuple):
    """A geometry: its WKB, its type as GeoParquet names it, its bounds (None: it is empty)."""

    wkb: bytes
    name: str
    bounds: Bounds | None


class UnsayableError(ValueError):
    """A geometry that WKB cannot say; the text says why."""


Rings = list[list[tuple[float, float]]]


class _Polygon(msgspec.Struct, tag_field="type", tag="Polygon"):
    coordinates: Rings


_decode = msgspec.json.Decoder().decode
_polygon = msgspec.json.Decoder(_Polygon).decode


def read(blob: bytes) -> Footprint | None:
    """Return what GeoParquet needs of a GeoJSON geometry as it is written; None of null.

    Polygons without heights, of which most items are, take a shorter way.

    Raises:
        UnsayableError: as `footprint` has it.
    """
    try:
        rings = _polygon(blob).coordinates
    except msgspec.ValidationError:
        rings = []
    if rings and all(rings):
        return _of_rings(rings)
    value = _decode(blob)
    return None if value is None else footprint(value)


def _of_rings(rings: Rings) -> Footprint:
    """Return what GeoParquet needs of a polygon."""
    parts, numbers = [_PART_HEAD.pack(1, _CODES["Polygon"], len(rings))], list[float]()
    for ring in rings:
        flat = [*chain.from_iterable(ring)]
        parts += _COUNT.pack(len(ring)), struct.pack(f"<{len(flat)}d", *flat)
        numbers += flat
    return Footprint(b"".join(parts), "Polygon", _bounds(numbers, _FLAT))


def footprint(geometry: Any) -> Footprint:
    """Return what GeoParquet needs of a geometry.

    Raises:
        UnsayableError: it is no geometry, or its positions are of several sizes.
    """
    try:
        size = _size(geometry)
        numbers: list[float] = []
        blob = _written(geometry, size, numbers, 0)
    except (struct.error, TypeError, KeyError, OverflowError, AttributeError) as error:
        raise UnsayableError("it is no GeoJSON geometry") from error
    return Footprint(blob, geometry["type"] + (" Z" if size == _DEEP else ""), _bounds(numbers, size))


def _size(geometry: Any) -> int:
    """Return how many numbers the first position has, 2 if there is none."""
    value = geometry["geometries"] if geometry["type"] == "GeometryCollection" else geometry["coordinates"]
    while isinstance(value, list) and value:
        if isinstance(value[0], dict):
            return max(map(_size, value))
        if not isinstance(value[0], list):
            if len(value) not in (_FLAT, _DEEP):
                raise UnsayableError(f"a position has {len(value)} numbers, not 2 or 3")
            return len(value)
        value = next((each for each in value if each), None)
    return _FLAT


def _bounds(numbers: list[float], size: int) -> Bounds | None:
    xs, ys = numbers[::size], numbers[1::size]
    return (min(xs) + 0.0, min(ys) + 0.0, max(xs) + 0.0, max(ys) + 0.0) if xs else None  # no -0.0


def _written(geometry: dict[str, Any], size: int, numbers: list[float], depth: int) -> bytes:
    kind, above = geometry["type"], _Z if size == _DEEP else 0
    if kind == "GeometryCollection":
        if depth > _DEEPEST:
            raise UnsayableError("collections stand in one another too deep")
        parts = [_written(part, size, numbers, depth + 1) for part in geometry["geometries"]]
        return _PART_HEAD.pack(1, _COLLECTION + above, len(parts)) + b"".join(parts)
    return _simple(_CODES[kind], geometry["coordinates"], size, numbers)


def _simple(code: int, value: list[Any], size: int, numbers: list[float]) -> bytes:
    above = _Z if size == _DEEP else 0
    if not isinstance(value, list):
        raise UnsayableError("its coordinates are no list")
    if code == _CODES["Point"]:
        return _HEAD.pack(1, code + above) + (_packed([value], size, numbers) if value else _nowhere(size))
    if code == _CODES["LineString"]:
        return _HEAD.pack(1, code + above) + _run(value, size, numbers)
    if code == _CODES["Polygon"]:
        return _PART_HEAD.pack(1, code + above, len(value)) + b"".join(_run(ring, size, numbers) for ring in value)
    parts = b"".join(_simple(code - 3, part, size, numbers) for part in value)
    return _PART_HEAD.pack(1, code + above, len(value)) + parts


def _nowhere(size: int) -> bytes:
    """Return the coordinates of an empty point."""
    return struct.pack(f"<{size}d", *[_EMPTY] * size)


def _run(positions: list[Any], size: int, numbers: list[float]) -> bytes:
    return _COUNT.pack(len(positions)) + _packed(positions, size, numbers)


def _packed(positions: list[Any], size: int, numbers: list[float]) -> bytes:
    if positions and {*map(len, positions)} != {size}:
        raise UnsayableError("its positions are of 2 numbers here and of 3 there")
    flat = list(chain.from_iterable(positions))
    numbers += flat
    return struct.pack(f"<{len(flat)}d", *flat)
