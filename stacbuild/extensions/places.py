"""Where fields of an extension stand: in an Item, and, as the specifications want it, in a Collection. PURE."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeVar

from stacbuild import canon

OTHERS: Final = "*"
"""The asset key of a configuration that stands for every asset that is not named."""
T = TypeVar("T")


def put(document: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    """Return a document with fields set: those of an Item in its properties, of a Collection at its top."""
    if not found:
        return document
    if document["type"] == "Collection":
        return {**document, **found}
    return {**document, "properties": {**document["properties"], **found}}


def at_top(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return where `put` puts a document's fields."""
    return document if document["type"] == "Collection" else document["properties"]


def has_any(document: Mapping[str, Any], names: Iterable[str]) -> bool:
    """Tell whether a document has one of some fields where `put` puts them."""
    fields = at_top(document)
    return any(name in fields for name in names)


def place_of(document: Mapping[str, Any]) -> str:
    """Return a JSON Pointer of where `put` puts a document's fields."""
    return "" if document["type"] == "Collection" else "/properties"


def told(document: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    """Return a document that says fields of its data: an Item in its properties, a Collection in its summaries."""
    if document["type"] != "Collection" or not found:
        return put(document, found)
    known = document.get("summaries") or {}
    more = {name: _summary(known.get(name), value) for name, value in found.items()}
    return {**document, "summaries": {**known, **more}}


def told_at(document: Mapping[str, Any]) -> str:
    """Return a JSON Pointer of where `told` puts a document's fields."""
    return "/summaries" if document["type"] == "Collection" else "/properties"


def _summary(known: Any, value: Any) -> Any:
    """Return a summary that covers a value: a list that holds it, a range in which it lies; a schema stays as it is."""
    if not isinstance(known, dict):
        held = known if isinstance(known, list) else []
        return held if canon.encode(value) in map(canon.encode, held) else [*held, value]
    ends = known.get("minimum"), known.get("maximum")
    if not all(type(one) in (int, float) for one in (*ends, value)):
        return known
    return {**known, "minimum": min(ends[0], value), "maximum": max(ends[1], value)}


Change = Callable[[dict[str, Any], T, Mapping[str, Any], str], dict[str, Any]]
"""(asset, its table, scope, JSON Pointer) → asset. The scope has `asset`, its key, and `this`, the asset itself."""


def each_data_asset(document: dict[str, Any], tables: Mapping[str, T], change: Change[T]) -> dict[str, Any]:
    """Return a document with the assets of its data changed: of a Collection those that it says of its items."""
    return each_asset(document, tables, change, "item_assets" if document["type"] == "Collection" else "assets")


def each_asset(
    document: dict[str, Any], tables: Mapping[str, T], change: Change[T], member: str = "assets"
) -> dict[str, Any]:
    """Return a document with its assets changed of which, or of all others (`*`), a table speaks.

    Args:
        document: an Item or Collection; assets that it has not are not made.
        tables: asset key → what is configured.
        change: what is done with one.
        member: where they stand.
    """
    assets = document.get(member)
    if not assets or not tables:
        return document
    made = {}
    for key, asset in assets.items():
        table = tables.get(key, tables.get(OTHERS))
        scope = {**document, "asset": key, "this": asset}
        made[key] = asset if table is None else change(asset, table, scope, f"/{member}/{key}")
    return {**document, member: made}


def speaks_of(document: Mapping[str, Any], prefix: str) -> bool:
    """Tell whether a document has a field with this prefix: of its data, of an asset, or of a band of one.

    A Collection has those of its data at its top or in its summaries, in what it says of its items' assets, and what
    was done by whom with its providers.
    """
    places = [at_top(document), *(document.get("assets") or {}).values()]
    if document["type"] == "Collection":
        own = document.get("summaries") or {}
        places += [own, *(document.get("item_assets") or {}).values(), *(document.get("providers") or ())]
    lists = [place["bands"] for place in places if isinstance(place.get("bands"), list)]
    bands = [band for bands in lists for band in bands if isinstance(band, dict)]
    return any(name.startswith(prefix) for place in (*places, *bands) for name in place)
