"""Own checks, for what no schema can say of a document: rings, boxes, moments, ids, its collection's link. PURE.

What databases refuse (an open ring, an interval that ends before it starts, an id that is none) is an error. What
validators everywhere call valid stays so, however odd: that is a warning, it is listed. What is of a wrong type or
shape is the schemas' to tell and passed over here. Shapely is asked only about rings that a look at their turns does
not clear.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any, Final
from urllib.parse import unquote

from stacbuild.failures import Fault
from stacbuild.stages.changed import Moved
from stacbuild.stages.paths import excerpt, pointer
from stacbuild.stages.rings import crossing, is_closed, overlapping, turn

CODES: dict[str, str] = {
    "SB310": "A ring of a polygon is not closed, or has fewer than four positions. GeoJSON repeats the first position "
    "at the end.",
    "SB311": "A warning: a ring runs in the wrong direction. Exterior rings run counterclockwise and holes clockwise "
    "(RFC 7946, 3.1.6); most readers take both.",
    "SB312": "A warning: a polygon crosses itself, has no area, or its rings or parts overlap. Databases and clipping "
    "tools refuse such geometries.",
    "SB313": "A warning: a position is not on the earth, a latitude beyond 90 or a longitude beyond 180 degrees. The "
    "coordinates are probably projected, or lat and lon are exchanged.",
    "SB314": "A warning: the bbox does not fit the geometry: it is upside down, lies beside it, or the geometry sticks "
    "out of it. Searches by place will not find the item.",
    "SB315": "A warning: the geometry crosses the antimeridian and is not cut there (RFC 7946, 3.1.9), so that readers "
    "see it around the other side of the earth.",
    "SB316": "An interval ends before it starts.",
    "SB317": "A warning: datetime is not between start_datetime and end_datetime.",
    "SB318": "A warning: the link of rel 'collection' leads to another collection than the one that 'collection' "
    "names, or there are several such links.",
    "SB319": "An id is blank, or holds control characters: it cannot be part of a path or URL.",
}
"""Code → what it means and what to do."""

REVISION = "1"
"""Raised when a document gets other faults."""

EDGE: Final = 1e-6
"""Degrees by which a position may be beyond the edge of the earth: rounding."""
LOOSE: Final = 1e-3
"""Degrees by which a geometry may stick out of its bbox; and a hundredth of the bbox's side."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_COLLECTION_URL = re.compile(r"/collections/([^/?#]+)/?$")
_DEPTHS: Final = {"Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3}
"""Type of geometry → how many lists deep its positions are."""

Box = tuple[float, float, float, float]
_Check = Callable[[dict[str, Any]], Iterator[Fault]]


def faults_of(document: dict[str, Any], *, item: bool = True) -> list[Fault]:
    """Return what is wrong or odd with an item (else a collection or catalog) beyond its schemas."""
    return _found(_OF_ITEM if item else _OF_OTHERS, document)


def is_sound(item: dict[str, Any], moved: Moved, whole: Callable[[], dict[str, Any]]) -> bool:
    """Tell whether nothing is found by what looks at what moved; all else is as in an item without faults.

    Of `item` the members that moved are there; `whole` gives all of it.
    """
    asked = [(check, names) for check, names in _OF_ITEM.items() if names & moved.names]
    if not moved.properties(_MOMENTS):
        asked = [(check, names) for check, names in asked if check is not _moments]
    return not any(_found((check,), item if names <= moved.names else whole()) for check, names in asked)


def _found(checks: Iterable[_Check], document: dict[str, Any]) -> list[Fault]:
    faults: list[Fault] = []
    for check in checks:
        try:
            faults.extend(check(document))
        except (TypeError, ValueError, IndexError, KeyError, AttributeError, OverflowError, RecursionError):
            continue  # of a wrong shape: the schemas say so
    return faults


def _error(code: str, message: str, path: str, hint: str) -> Fault:
    return Fault("validate", code, message, path, hint)


def _warning(code: str, message: str, path: str, hint: str) -> Fault:
    return Fault("validate", code, message, path, hint, warning=True)


# ---- ids and links ---------------------------------------------------------------------------------------------------


def _id(document: dict[str, Any]) -> Iterator[Fault]:
    text = document["id"]
    if text and not text.strip():
        yield _error("SB319", "the id is blank", "/id", "an id names the document: give it one")
    elif _CONTROL.search(text):
        yield _error("SB319", f"the id {excerpt(text)} holds control characters", "/id", "take them out")


def _links(item: dict[str, Any]) -> Iterator[Fault]:
    found = [(number, link["href"]) for number, link in enumerate(item["links"]) if link.get("rel") == "collection"]
    if len(found) > 1:
        text = f"there are {len(found)} links of rel 'collection'"
        yield _warning("SB318", text, pointer("links", str(found[1][0])), "an item has one collection: keep its link")
    for number, href in found:
        match, own = _COLLECTION_URL.search(href), item["collection"]
        if match and unquote(match[1]) != own:
            text = f"the link leads to collection {excerpt(unquote(match[1]))}, the item is of {excerpt(own)}"
            yield _warning("SB318", text, pointer("links", str(number), "href"), "make field and link agree")


# ---- moments ---------------------------------------------------------------------------------------------------------


def _moments(item: dict[str, Any]) -> Iterator[Fault]:
    properties = item["properties"]
    start, end = _moment(properties.get("start_datetime")), _moment(properties.get("end_datetime"))
    if start is None or end is None:
        return
    if start > end:
        text = f"start_datetime {properties['start_datetime']} is after end_datetime {properties['end_datetime']}"
        yield _error("SB316", text, "/properties/start_datetime", "exchange them, or repair the one that is wrong")
        return
    moment = _moment(properties.get("datetime"))
    if moment is not None and not start <= moment <= end:
        text = f"datetime {properties['datetime']} is not between start_datetime and end_datetime"
        yield _warning("SB317", text, "/properties/datetime", "datetime stands for the interval: choose one within it")


def _moment(value: Any) -> datetime | None:
    """Return a moment that has its zone, or None; what is no moment is told by the schemas."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


# ---- place -----------------------------------------------------------------------------------------------------------


def _place(item: dict[str, Any]) -> Iterator[Fault]:
    geometry, bbox = item.get("geometry"), item.get("bbox")
    box = _flat(bbox) if bbox is not None else None
    if box is not None and bbox is not None:
        yield from _box(bbox, box, "/bbox")
    if geometry is None:
        return
    coordinates, depth = geometry["coordinates"], _DEPTHS[geometry["type"]]
    bounds = _bounds(coordinates, depth)
    if not _is_on_earth(bounds):
        yield from _range(bounds, "/geometry/coordinates")
    if depth > 1 and geometry["type"].endswith("Polygon"):
        parts = coordinates if depth == 3 else [coordinates]  # noqa: PLR2004  a list of polygons
        yield from _polygons(parts, many=depth == 3, crosses=box is not None and box[0] > box[2])  # noqa: PLR2004
    if box is not None and box[1] <= box[3] and not _is_within(bounds, box):
        yield from _beside(bounds, coordinates, depth, box)


def _flat(bbox: list[float]) -> Box:
    """Return west, south, east, north of a bbox of 4 or 6 numbers."""
    half = len(bbox) // 2
    if len(bbox) not in (4, 6):
        raise ValueError(bbox)
    return bbox[0], bbox[1], bbox[half], bbox[half + 1]


def _box(bbox: list[float], box: Box, path: str) -> Iterator[Fault]:
    if box[1] > box[3]:
        text = f"bbox: south {box[1]} is north of north {box[3]}"
        yield _warning(
            "SB314", text, path, "the order is west, south, east, north; with heights: w, s, low, e, n, high"
        )
    elif len(bbox) == 6 and bbox[2] > bbox[5]:  # noqa: PLR2004  with heights
        yield _warning(
            "SB314", f"bbox: its lowest height {bbox[2]} is above its highest {bbox[5]}", path, "exchange them"
        )
    west, east = min(box[0], box[2]), max(box[0], box[2])
    bounds = (west, min(box[1], box[3]), east, max(box[1], box[3]))
    if not _is_on_earth(bounds):
        yield from _range(bounds, path)


def _bounds(coordinates: Any, depth: int) -> Box:
    positions = coordinates
    for _ in range(depth - 1):
        positions = [position for part in positions for position in part]
    if depth == 0:
        positions = [coordinates]
    xs, ys, *_ = zip(*positions, strict=False)  # heights, where all have them
    return min(xs), min(ys), max(xs), max(ys)


def _is_on_earth(bounds: Box) -> bool:
    """Tell whether `_range` finds nothing, as with nearly all."""
    west, south, east, north = bounds
    return west >= -180 and south >= -90 and east <= 180 and north <= 90  # noqa: PLR2004


def _is_within(bounds: Box, box: Box) -> bool:
    """Tell whether `_beside` finds nothing, as with nearly all."""
    west, south, east, north = bounds
    return west >= box[0] and south >= box[1] and east <= box[2] and north <= box[3]


def _range(bounds: Box, path: str) -> Iterator[Fault]:
    west, south, east, north = bounds
    if south < -90 - EDGE or north > 90 + EDGE:
        value = south if south < -90 else north  # noqa: PLR2004
        yield _warning("SB313", f"latitude {value} is beyond 90 degrees", path, _NOT_EARTH)
    elif west < -360 - EDGE or east > 360 + EDGE:
        value = west if west < -360 else east  # noqa: PLR2004
        yield _warning("SB313", f"longitude {value} is beyond 360 degrees", path, _NOT_EARTH)
    elif west < -180 - EDGE or east > 180 + EDGE:
        value = west if west < -180 else east  # noqa: PLR2004
        yield _warning(
            "SB313", f"longitude {value} is beyond 180 degrees", path, "longitudes go from -180 to 180: add or take 360"
        )


_TURN = "longitudes go from -180 to 180: add 360, or take it"
_NOT_EARTH = "positions are lon, lat in degrees (WGS 84): are they projected, or exchanged?"


def _beside(bounds: Box, coordinates: Any, depth: int, box: Box) -> Iterator[Fault]:
    """Tell of a geometry that is not within its bbox; longitudes are compared on the circle."""
    west, south, east, north = box
    if west > east:
        east += 360
    spare_x, spare_y = LOOSE + (east - west) / 100, LOOSE + (north - south) / 100
    if bounds[0] >= west - spare_x and bounds[2] <= east + spare_x:
        out_x = 0.0
        apart = False
    else:
        offs = [_off(position[0], west, east) for position in _positions(coordinates, depth)]
        out_x = max(offs)
        apart = min(offs) > spare_x and not _spans(bounds, west, east)
    out_y = max(south - bounds[1], bounds[3] - north)
    apart = apart or bounds[1] > north + spare_y or bounds[3] < south - spare_y
    if apart:
        yield _warning("SB314", "the bbox lies beside the geometry", "/bbox", "compute it from the geometry")
    elif out_x > spare_x or out_y > spare_y:
        text = f"the geometry sticks out of the bbox by {max(out_x, out_y):.4g} degrees"
        yield _warning("SB314", text, "/bbox", "compute it from the geometry")


def _positions(coordinates: Any, depth: int) -> Iterator[Any]:
    if depth == 0:
        yield coordinates
        return
    for part in coordinates:
        yield from _positions(part, depth - 1)


def _off(x: float, west: float, east: float) -> float:
    """Return how many degrees a longitude is beside an interval, which may go beyond 180."""
    return 0.0 if (x - west) % 360 <= east - west else min((west - x) % 360, (x - east) % 360)


def _spans(bounds: Box, west: float, east: float) -> bool:
    """Tell whether a geometry without a corner in the interval may still reach over it."""
    return bounds[0] < west and bounds[2] > east


def _polygons(parts: list[Any], *, many: bool, crosses: bool) -> Iterator[Fault]:
    doubtful = many and len(parts) > 1 and overlapping(parts)
    for number, rings in enumerate(parts):
        names = ("geometry", "coordinates", *((str(number),) if many else ()))
        closed = True
        for place, ring in enumerate(rings):
            if not is_closed(ring):
                closed = False
                few = len(ring) < 4  # noqa: PLR2004  a triangle has four positions
                text = f"a ring has {len(ring)} positions, not four or more" if few else "a ring is not closed"
                path = pointer(*names, str(place))
                yield _error("SB310", text, path, "a ring ends with the position that it begins with")
        if not closed:
            return
        found = [turn(ring) for ring in rings]
        if crosses and any(one.jumps for one in found):
            text = "the geometry crosses the antimeridian and is not cut there"
            yield _warning("SB315", text, pointer(*names), "cut it into a MultiPolygon of two at 180 degrees")
            continue
        for place, one in enumerate(found):
            if one.area and (one.area < 0) == (place == 0):
                text = "the exterior ring runs clockwise" if place == 0 else "a hole runs counterclockwise"
                yield _warning("SB311", text, pointer(*names, str(place)), "reverse the order of its positions")
        doubtful = doubtful or len(rings) > 1 or not all(one.convex for one in found)
    if doubtful and (reason := crossing(parts)):
        yield _warning("SB312", reason, "/geometry", "repair it, for example with make_valid of shapely or PostGIS")


# ---- collections -----------------------------------------------------------------------------------------------------


def _extents(collection: dict[str, Any]) -> Iterator[Fault]:
    for number, bbox in enumerate(collection["extent"]["spatial"]["bbox"]):
        yield from _box(bbox, _flat(bbox), pointer("extent", "spatial", "bbox", str(number)))


def _intervals(collection: dict[str, Any]) -> Iterator[Fault]:
    for number, (first, last) in enumerate(collection["extent"]["temporal"]["interval"]):
        start, end = _moment(first), _moment(last)
        if start is not None and end is not None and start > end:
            path = pointer("extent", "temporal", "interval", str(number))
            yield _error("SB316", f"the interval starts {first}, after its end {last}", path, "exchange them")


_OF_ITEM: dict[_Check, frozenset[str]] = {
    _id: frozenset(("id",)),
    _links: frozenset(("links", "collection")),
    _moments: frozenset(("properties",)),
    _place: frozenset(("geometry", "bbox")),
}
"""Each check with the members that it looks at."""
_MOMENTS: Final = ("datetime", "start_datetime", "end_datetime")
"""All properties that a check looks at."""
_OF_OTHERS: tuple[_Check, ...] = (_id, _extents, _intervals)
