"""What a collection says of its items: extent, summaries, item_assets. PURE.

Each item gives its facts, a group folds the facts of its items, a collection merges the folds of its groups. Folding
is associative and commutative, so nothing depends on order or grouping; min and max cannot be taken back, so a group
that changed is folded anew. Never reads a document that it is not given.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec
from msgspec import Struct

from stacbuild import canon
from stacbuild.model import Facts

VALUES_AT_MOST: Final = 100
"""A summary with more distinct values is left out, with a warning."""

ASSET_FIELDS: Final = ("title", "description", "type", "roles", "gsd", "bands", "data_type", "nodata", "unit")
"""What of an asset may stand in `item_assets` (STAC 1.1.0 collection-spec, "Item Asset Definition Object")."""

WORLD: Final = [-180.0, -90.0, 180.0, 90.0]


class Fold(Struct, array_like=True):
    """The merged facts of some items. `east_360` and `west_360` are the same boxes measured from 0 to 360 degrees."""

    count: int = 0
    box: list[float] | None = None
    west_360: float = 0.0
    east_360: float = 0.0
    start: str | None = None
    end: str | None = None
    ranges: dict[str, list[Any]] = {}
    values: dict[str, list[bytes]] = {}
    """Field → the smallest distinct values as rank byte + canonical bytes, sorted, 101 at the most."""
    assets: dict[str, dict[str, bytes]] = {}


def facts(item: dict[str, Any], fields: Iterable[str], assets: bytes | None = None) -> Facts:
    """Return what aggregates need of `item`, which has canonical bytes.

    Args:
        item: the item; what is known need not be there.
        fields: what its collection summarises.
        assets: what is needed of its assets, where that is known.
    """
    properties = item["properties"]
    moment = properties.get("datetime")
    box = item.get("bbox")
    return Facts(
        bbox=None if box is None else _flat(box),
        start=_text(properties.get("start_datetime") or moment),
        end=_text(properties.get("end_datetime") or moment),
        assets=_shapes(item.get("assets", {})) if assets is None else assets,
        values={field: _kept(properties.get(field)) for field in fields},
    )


def _shapes(assets: dict[str, dict[str, Any]]) -> bytes:
    shapes = {name: {field: asset[field] for field in ASSET_FIELDS if field in asset} for name, asset in assets.items()}
    return canon.encode_decoded(shapes)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _flat(box: list[Any]) -> list[float] | None:
    """Return a box without heights; None where a number is too large for one."""
    edges = [_kept(edge) for edge in (*box[:2], *(box[2:4] if len(box) == 4 else box[3:5]))]  # noqa: PLR2004
    return None if None in edges else edges


def _kept(value: Any) -> Any:
    """Return a value as the memory can hold it: of an integer beyond 64 bits the nearest float, or nothing."""
    if isinstance(value, list):
        return [_kept(each) for each in value]
    if isinstance(value, dict):
        return {name: _kept(member) for name, member in value.items()}
    if isinstance(value, int) and not _LEAST <= value <= _MOST:
        try:
            return float(value)
        except OverflowError:
            return None
    return value


_LEAST: Final = -(2**63)
_MOST: Final = 2**64 - 1


def covers(known: Facts, fields: Iterable[str]) -> bool:
    """Tell whether `known` has every property that a collection summarises now."""
    return all(field in known.values for field in fields)


def fold(many: Iterable[Facts], fields: list[str]) -> Fold:
    """Return the fold of some items' facts, over the summarised `fields`."""
    result = Fold()
    boxes: list[list[float]] = []
    starts: set[str] = set()
    ends: set[str] = set()
    shapes: set[bytes] = set()
    values: dict[str, set[Any]] = {field: set() for field in fields}
    for one in many:
        result.count += 1
        shapes.add(one.assets)
        if one.bbox is not None:
            boxes.append(one.bbox)
        if one.start is not None:
            starts.add(one.start)
        if one.end is not None:
            ends.add(one.end)
        for field in fields:
            _collect(values[field], one.values.get(field))
    _fold_boxes(result, boxes)
    result.start = min(starts, key=_time_order, default=None)
    result.end = max(ends, key=_time_order, default=None)
    for field, found in values.items():
        _fold_values(result, field, found)
    for number, shape in enumerate(sorted(shapes)):
        _merge_assets(result, Fold(assets=_shape(shape)), first=number == 0)
    return result


def _shape(assets: bytes) -> dict[str, dict[str, bytes]]:
    decoded = msgspec.json.decode(assets, type=dict[str, dict[str, msgspec.Raw]])
    return {name: {field: bytes(raw) for field, raw in asset.items()} for name, asset in decoded.items()}


def _collect(into: set[Any], value: Any) -> None:
    """Add a property's value, or each of a list's; numbers beside their type, since 1 and 1.0 are one in a set.

    Bytes are what `canon` made of a list or an object.
    """
    if value is None:
        return
    if isinstance(value, str | bytes):
        into.add(value)
    elif isinstance(value, list):
        for each in value:
            _collect(into, canon.encode(each) if isinstance(each, list) else each)
    elif isinstance(value, dict):
        into.add(canon.encode(value))
    else:
        into.add((type(value), value + 0.0 if isinstance(value, float) else value))  # no -0.0


def _fold_values(result: Fold, field: str, found: set[Any]) -> None:
    if not found:
        return
    blobs: set[bytes] = set()
    for each in found:
        value = each[1] if isinstance(each, tuple) else each
        blobs.add(b"3" + value if isinstance(value, bytes) else _rank(value) + canon.encode(value))
    numbers = [each[1] for each in found if isinstance(each, tuple) and each[0] is not bool]
    if numbers:
        result.ranges[field] = [min(numbers, key=_number_order), max(numbers, key=_number_order)]
    result.values[field] = sorted(blobs)[: VALUES_AT_MOST + 1]


def _number_order(value: Any) -> tuple[Any, bytes]:
    return value, canon.encode(value)


def _fold_boxes(result: Fold, boxes: list[list[float]]) -> None:
    if not boxes:
        return
    crossing = any(box[0] > box[2] for box in boxes)
    west = -180.0 if crossing else min(box[0] for box in boxes)
    east = 180.0 if crossing else max(box[2] for box in boxes)
    result.box = [west, min(box[1] for box in boxes), east, max(box[3] for box in boxes)]
    spans = [(box[0] % 360, box[2] % 360) for box in boxes]
    if any(low > high for low, high in spans):
        result.west_360, result.east_360 = 0.0, 360.0
    else:
        result.west_360, result.east_360 = min(low for low, _ in spans), max(high for _, high in spans)


_NUMBER: Final = b"1"


def _rank(value: Any) -> bytes:
    """Return the order of JSON types: boolean, number, string, the rest."""
    if isinstance(value, bool):
        return b"0"
    if isinstance(value, int | float):
        return _NUMBER
    return b"2" if isinstance(value, str) else b"3"


def _wider(one: list[Any], other: list[Any]) -> list[Any]:
    return [min(one[0], other[0], key=_number_order), max(one[1], other[1], key=_number_order)]


def _smallest(one: list[bytes], other: list[bytes]) -> list[bytes]:
    if one == other:
        return one
    return sorted({*one, *other})[: VALUES_AT_MOST + 1]


def merge(into: Fold, other: Fold) -> None:
    """Merge `other` into `into`, which is changed; `other` is not."""
    first = into.count == 0
    into.count += other.count
    _merge_boxes(into, other)
    into.start = min((time for time in (into.start, other.start) if time), key=_time_order, default=None)
    into.end = max((time for time in (into.end, other.end) if time), key=_time_order, default=None)
    for field, low_high in other.ranges.items():
        into.ranges[field] = _wider(into.ranges[field], low_high) if field in into.ranges else low_high
    for field, values in other.values.items():
        into.values[field] = _smallest(into.values.get(field, []), values)
    _merge_assets(into, other, first=first)


def _time_order(time: str) -> str:
    """Return what sorts times: without the Z, so that a fraction of a second comes after none."""
    return time.removesuffix("Z")


def _merge_boxes(into: Fold, other: Fold) -> None:
    if other.box is None:
        return
    if into.box is None:
        into.box, into.west_360, into.east_360 = list(other.box), other.west_360, other.east_360
        return
    (w, s, e, n), (w2, s2, e2, n2) = into.box, other.box
    into.box = [min(w, w2), min(s, s2), max(e, e2), max(n, n2)]
    into.west_360, into.east_360 = min(into.west_360, other.west_360), max(into.east_360, other.east_360)


def _merge_assets(into: Fold, other: Fold, *, first: bool) -> None:
    if first:
        into.assets = dict(other.assets)
        return
    if into.assets == other.assets:
        return
    merged = dict(into.assets)
    for name, definition in other.assets.items():
        mine = merged.get(name)
        merged[name] = definition if mine is None else {k: v for k, v in mine.items() if definition.get(k) == v}
    into.assets = merged


def bbox(total: Fold) -> list[float] | None:
    """Return west, south, east, north in degrees; west > east where the box crosses the antimeridian."""
    if total.box is None:
        return None
    west, south, east, north = total.box
    if total.east_360 - total.west_360 < east - west - _NOISE:
        west, east = (_back(lon) for lon in (total.west_360, total.east_360))
    return [edge + 0.0 for edge in (west, south, east, north)]  # -0.0 and 0.0 are equal, so either may have won


_NOISE: Final = 1e-9
"""Degrees: less is what adding and taking 360 does to a longitude, and says nothing about which box is narrower."""


def _back(lon: float) -> float:
    """Return a longitude of 0 to 360 degrees as one of -180 to 180, without the noise of the way there and back."""
    return round(lon - 360, 9) if lon > 180 else lon  # noqa: PLR2004


def interval(total: Fold) -> list[str | None]:
    """Return the first start and the last end, or None where no item has one."""
    return [total.start, total.end]


def summaries(total: Fold, fields: Iterable[str]) -> tuple[dict[str, Any], list[str]]:
    """Return `summaries` of a collection, and the fields left out because they have too many values."""
    result: dict[str, Any] = {}
    left_out = []
    for field in sorted(fields):
        values = total.values.get(field, [])
        numbers = [value for value in values if value.startswith(_NUMBER)]
        if values and len(numbers) == len(values):
            low, high = total.ranges[field]
            result[field] = {"minimum": low, "maximum": high}
        elif len(values) > VALUES_AT_MOST:
            left_out.append(field)
        elif values:
            result[field] = [canon.decode(value[1:]) for value in values]
    return result, left_out


def item_assets(total: Fold) -> dict[str, Any]:
    """Return `item_assets`: for each asset key the fields that have the same value in every item that has the key.

    STAC wants two fields at least: a key whose assets share fewer is left out.
    """
    return {
        name: {field: canon.decode(blob) for field, blob in sorted(definition.items())}
        for name, definition in sorted(total.assets.items())
        if len(definition) >= _FIELDS_AT_LEAST
    }


_FIELDS_AT_LEAST: Final = 2
