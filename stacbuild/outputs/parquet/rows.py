"""Items as rows: properties lifted to the top, the geometry as WKB, the box as an object. PURE.

A row is JSON, so that Arrow's reader makes columns of many at once. What has no column of its own (a property called
like a member of Items, a `proj:geometry` that is no geometry) stands in the column `properties`, as JSON text.
"""

from __future__ import annotations

import binascii
from collections.abc import Callable, Iterable, KeysView
from typing import Any, Final, NamedTuple

import msgspec

from stacbuild.failures import ItemError
from stacbuild.outputs.parquet import moments
from stacbuild.outputs.parquet.wkb import Footprint, UnsayableError, footprint, read

PLAIN: Final = ("type", "stac_version", "stac_extensions", "id", "links", "assets", "collection")
"""Members of an Item that are columns as they are."""
RESERVED: Final = frozenset({*PLAIN, "geometry", "bbox", "properties"})
PROJECTED: Final = "proj:geometry"
STEADY: Final = ("geometry", "bbox", "links", "assets")
"""Columns that are most of a row and seldom change; they follow from `Item.bulk` and the item's collection."""
BINARY: Final = ("geometry", PROJECTED)
"""Columns that are WKB; base64 text in rows."""

_NOTHING: Final = msgspec.Raw(b"[]")
_BOX: Final = {4: ("xmin", "ymin", "xmax", "ymax"), 6: ("xmin", "ymin", "zmin", "xmax", "ymax", "zmax")}
_HINT: Final = "the item is in all other outputs; mend it with a mapping or a patch, if this table is to hold it"

_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_numbers = msgspec.json.Decoder(list[float] | None).decode
encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder().decode


class _Object(msgspec.Struct):
    """Any JSON object: its members are passed over."""


_FITS: Final[dict[str, Callable[[msgspec.Raw], Any]]] = {
    **dict.fromkeys(("type", "stac_version", "id", "collection"), msgspec.json.Decoder(str).decode),
    "stac_extensions": msgspec.json.Decoder(list[str]).decode,
    "links": msgspec.json.Decoder(list[_Object]).decode,
    "assets": msgspec.json.Decoder(dict[str, _Object]).decode,
}
"""Member of an Item → what raises unless the member is what readers of the format take it for."""


class Row(NamedTuple):
    """A row: its JSON, the moment by which it is ordered, its geometry, the names of its cells."""

    line: bytes
    moment: int
    shape: Footprint | None
    names: KeysView[str]


def unsayable(message: str, path: str) -> ItemError:
    """Return the error of an item that a table cannot hold."""
    return ItemError("SB740", message, path, _HINT)


def row_of(line: bytes) -> Row:
    """Return the row of an Item's line.

    Raises:
        ItemError: a table cannot hold the item.
    """
    members = _members(line)
    row = _plain(members)
    row.setdefault("links", _NOTHING)
    shape = _geometry(members.pop("geometry", None), row)
    _box(members.pop("bbox", None), shape, row)
    return _lifted(row, members, shape)


def lively_of(line: bytes) -> Row:
    """Return the row of an Item's line without the columns STEADY, which are known to be sound.

    Raises:
        ItemError: a table cannot hold the item.
    """
    members = {name: raw for name, raw in _members(line).items() if name not in STEADY}
    return _lifted(_plain(members), members, None)


def _plain(members: dict[str, msgspec.Raw]) -> dict[str, Any]:
    """Return the cells that are members as they are, and take these away."""
    row: dict[str, Any] = {name: members.pop(name) for name in PLAIN if name in members}
    _check(row)
    row.setdefault("stac_extensions", _NOTHING)  # readers take it for a list in every row
    return row


def _lifted(row: dict[str, Any], members: dict[str, msgspec.Raw], shape: Footprint | None) -> Row:
    """Return a row to which properties, and members that nobody knows, are added."""
    lifted = _members(members.pop("properties"))
    moment = _moment(lifted)
    aside = {} if RESERVED.isdisjoint(lifted) else {name: lifted.pop(name) for name in RESERVED & lifted.keys()}
    if PROJECTED in lifted:
        _projected(lifted, aside)
    row |= lifted
    if members:
        row |= {name: raw for name, raw in members.items() if name not in row}
    if aside:
        row["properties"] = msgspec.Raw(encode(encode(aside).decode()))
    return Row(encode(row), moment, shape, row.keys())


def _check(row: dict[str, Any]) -> None:
    name = ""
    try:
        for name, raw in row.items():
            _FITS[name](raw)
    except msgspec.ValidationError as error:
        raise unsayable(f"`{name}` is not what it is in STAC", f"/{name}") from error


def split(line: bytes) -> dict[str, msgspec.Raw]:
    """Return the cells of a row."""
    return _members(line)


def gathered(line: bytes) -> bytes:
    """Return a row with its properties in the one column `properties`, but for those that are moments."""
    cells = _members(line)
    aside = {name: cells.pop(name) for name in cells.keys() - RESERVED - {PROJECTED, *moments.COLUMNS}}
    if aside:
        known = _members(decode(cells["properties"])) if "properties" in cells else {}
        cells["properties"] = msgspec.Raw(encode(encode({**aside, **known}).decode()))
    return encode(cells)


def only(line: bytes, names: Iterable[str]) -> dict[str, msgspec.Raw]:
    """Return some cells of a row."""
    cells = _members(line)
    return {name: cells[name] for name in names if name in cells}


def _geometry(raw: msgspec.Raw | None, row: dict[str, Any]) -> Footprint | None:
    if raw is None:
        return None
    try:
        shape = read(raw)
    except UnsayableError as error:
        raise unsayable(f"its geometry cannot be written as WKB: {error}", "/geometry") from error
    if shape is not None:
        row["geometry"] = _base64(shape.wkb)
    return shape


def _base64(blob: bytes) -> msgspec.Raw:
    return msgspec.Raw(b'"' + binascii.b2a_base64(blob, newline=False) + b'"')


def _box(raw: Any, shape: Footprint | None, row: dict[str, Any]) -> None:
    """Put a box as an object; of an item without one, its geometry's."""
    try:
        box = None if raw is None else _numbers(raw)
    except msgspec.DecodeError as error:
        raise unsayable("`bbox` is not a list of numbers", "/bbox") from error
    if box is None:
        box = list(shape.bounds) if shape is not None and shape.bounds is not None else None
    if box is None:
        return
    if len(box) not in _BOX:
        raise unsayable(f"`bbox` has {len(box)} numbers, not 4 or 6", "/bbox")
    row["bbox"] = dict(zip(_BOX[len(box)], box, strict=True))


def _moment(lifted: dict[str, Any]) -> int:
    """Return when an item is, and write its `datetime` so that every reader takes it."""
    for name in ("datetime", "start_datetime"):
        text = decode(lifted[name]) if name in lifted else None
        if isinstance(text, str):
            moment = moments.exact(text)
            if moment is not None:
                return moment
            moment = moments.near(text)
            if moment is None and name == "datetime":
                raise unsayable(f"`datetime` is no moment: {text[:60]}", "/properties/datetime")
            if moment is not None and name == "datetime":
                lifted[name] = msgspec.Raw(encode(moments.written(moment)))
            if moment is not None:
                return moment
        elif text is not None and name == "datetime":
            raise unsayable("`datetime` is no text", "/properties/datetime")
    return moments.LAST


def _projected(lifted: dict[str, Any], aside: dict[str, Any]) -> None:
    """Put `proj:geometry` as WKB, or aside where that would not give it back."""
    raw = lifted.pop(PROJECTED)
    value = decode(raw)
    if value is None:
        return
    try:
        shape = footprint(value)
    except UnsayableError:
        aside[PROJECTED] = raw
        return
    if len(value) == len(("type", "coordinates")):
        lifted[PROJECTED] = _base64(shape.wkb)
    else:
        aside[PROJECTED] = raw
