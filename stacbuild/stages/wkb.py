"""Well-known binary as GeoJSON: OGC and ISO (1000 and more for heights), EWKB with its SRID, either byte order. PURE.

Records hold it as text: hexadecimal, as PostGIS writes it, or base64, as which binary columns come. Measures are left
out. Depth and counts are what the bytes can hold, whatever they say.
"""

from __future__ import annotations

import base64
import binascii
import re
import struct
from typing import Any, Final, NamedTuple

from stacbuild.stages.paths import excerpt, kind_of
from stacbuild.stages.shapes import EMPTY_HINT, Shape, bad, refuse_collection

_HEX: Final = re.compile(r"0[01](?:[0-9A-Fa-f]{2})*")
_TYPES: Final = {1: "Point", 2: "LineString", 3: "Polygon", 4: "MultiPoint", 5: "MultiLineString", 6: "MultiPolygon"}
_COLLECTION: Final = 7
_PARTS: Final = {4: 1, 5: 2, 6: 3}
"""Type → the type of its parts."""
_HEIGHT, _MEASURE, _SRID = 0x80000000, 0x40000000, 0x20000000


class Head(NamedTuple):
    """What stands before a geometry's numbers."""

    order: str
    kind: int
    size: int
    """Numbers of a position."""
    tall: bool
    srid: int


def parse(value: Any) -> tuple[Shape, int]:
    """Return a geometry of WKB text, and its SRID; 0 where it names none.

    Raises:
        ItemError: SB207, it is no WKB; SB209, it is empty or a collection.
    """
    if not isinstance(value, str):
        bad("SB207", f"WKB stands in a record as hexadecimal or base64 text, not {kind_of(value)}")
    blob = _bytes(value.strip())
    try:
        head, end = _head(blob, 0)
        coordinates, end = _geometry(blob, end, head)
    except struct.error:
        bad("SB207", f"{excerpt(value)} is not WKB: it is cut off")
    if end != len(blob):
        bad("SB207", f"{excerpt(value)} is not WKB: {len(blob) - end} bytes are left over")
    return {"type": _TYPES[head.kind], "coordinates": coordinates}, head.srid


def _bytes(text: str) -> bytes:
    if _HEX.fullmatch(text):
        return bytes.fromhex(text)
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        bad("SB207", f"{excerpt(text)} is not WKB: neither hexadecimal nor base64")


def _head(blob: bytes, start: int) -> tuple[Head, int]:
    order = {b"\0": ">", b"\1": "<"}.get(blob[start : start + 1])
    if order is None:
        bad("SB207", "the WKB does not begin with its byte order")
    (code,) = struct.unpack_from(f"{order}I", blob, start + 1)
    end = start + 5
    srid = 0
    if code & _SRID:
        (srid,) = struct.unpack_from(f"{order}I", blob, end)
        end += 4
    more, kind = divmod(code & 0x0FFFFFFF, 1000)
    tall, measured = bool(code & _HEIGHT) or more in (1, 3), bool(code & _MEASURE) or more in (2, 3)
    if kind == _COLLECTION:
        refuse_collection()
    if kind not in _TYPES or more > 3:  # noqa: PLR2004
        bad("SB207", f"the WKB is of type {code & 0x0FFFFFFF}, which GeoJSON has not")
    return Head(order, kind, 2 + tall + measured, tall, srid), end


def _geometry(blob: bytes, start: int, head: Head) -> tuple[list[Any], int]:
    if head.kind in _PARTS:
        return _parts(blob, start, head)
    if head.kind == 1:
        (position,), end = _positions(blob, start, 1, head)
        if all(number != number for number in position):  # noqa: PLR0124 (NaN: how an empty point is written)
            bad("SB209", "the Point is empty", EMPTY_HINT)
        return position, end
    (count,), end = struct.unpack_from(f"{head.order}I", blob, start), start + 4
    if head.kind == 2:  # noqa: PLR2004
        return _positions(blob, end, count, head)
    rings = []
    for _ in range(count):
        (size,) = struct.unpack_from(f"{head.order}I", blob, end)
        ring, end = _positions(blob, end + 4, size, head)
        rings.append(ring)
    return rings, end


def _parts(blob: bytes, start: int, head: Head) -> tuple[list[Any], int]:
    (count,), end = struct.unpack_from(f"{head.order}I", blob, start), start + 4
    parts = []
    for _ in range(count):
        inner, end = _head(blob, end)
        if inner.kind != _PARTS[head.kind]:
            bad("SB207", f"a part of the WKB's {_TYPES[head.kind]} is a {_TYPES[inner.kind]}")
        part, end = _geometry(blob, end, inner)
        parts.append(part)
    return parts, end


def _positions(blob: bytes, start: int, count: int, head: Head) -> tuple[list[Any], int]:
    end = start + 8 * head.size * count
    if end > len(blob):
        raise struct.error
    numbers = struct.iter_unpack(f"{head.order}{head.size}d", blob[start:end])
    kept = 3 if head.tall else 2
    return [list(position[:kept]) for position in numbers], end
