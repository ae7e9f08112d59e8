"""An item of somebody else becomes ours: its collection, its hrefs in the store's form, without structural links. PURE.

What it says of itself stays as it is. What cannot be an item at all is refused here, with a pointer, so that no later
stage meets it; whether it is a good one, validate says.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from stacbuild.failures import ItemError
from stacbuild.stages import hrefs
from stacbuild.stages.paths import excerpt, kind_of, pointer

CODES: dict[str, str] = {
    "SB220": "A source gave something that cannot be an item: a member that every item needs is missing or of a wrong "
    "type. Mend it at its source, or leave its file out.",
    "SB221": "The collection's `where` does not select this item. It is dropped; nothing is wrong with it.",
}
"""Code → what it means and what to do."""

REVISION: Final = 1
"""Raised when the same item comes out otherwise."""

STRUCTURAL: Final = frozenset({"root", "parent", "collection", "self", "child", "item"})
"""Relations that say where a document stands; writers put in their own."""

_SHAPES: Final = (("properties", dict, "an object"), ("assets", dict, "an object"), ("links", list, "an array"))


def adopted(item: dict[str, Any], base: str, collection: str) -> dict[str, Any]:
    """Return `item` as an item of `collection`.

    Args:
        item: a STAC Item that `check` lets pass; not changed.
        base: folder of its file relative to the recipe's, posix.
        collection: the target.
    """
    assets = {name: _stored(asset, base) for name, asset in (item.get("assets") or {}).items()}
    links = [_stored(link, base) for link in item.get("links") or () if link.get("rel") not in STRUCTURAL]
    return {**item, "collection": collection, "assets": assets, "links": links}


def _stored(part: dict[str, Any], base: str) -> dict[str, Any]:
    href = part.get("href")
    if not isinstance(href, str) or not href or hrefs.is_url(href):
        return part
    return {**part, "href": hrefs.stored(href, base)}


def has_relative_href(item: dict[str, Any]) -> bool:
    """Tell whether what an item points to depends on where its file lies."""
    assets, links = item.get("assets"), item.get("links")
    parts = list(assets.values()) if isinstance(assets, dict) else []
    if isinstance(links, list):
        parts += [link for link in links if isinstance(link, dict) and link.get("rel") not in STRUCTURAL]
    for part in parts:
        href = part.get("href") if isinstance(part, dict) else None
        if isinstance(href, str) and href and hrefs.is_relative(href):
            return True
    return False


class Wrong(NamedTuple):
    """Why something cannot be an item, and where."""

    path: str
    """JSON Pointer."""
    message: str


def check(item: dict[str, Any]) -> None:
    """Refuse what cannot be an item.

    Raises:
        ItemError: SB220, with a JSON Pointer.
    """
    if (wrong := wrong_in(item)) is not None:
        raise ItemError("SB220", wrong.message, wrong.path, "mend it at its source, or leave its file out")


def wrong_in(item: dict[str, Any]) -> Wrong | None:
    """Return what keeps something from being an item at all: no later stage could go on with it."""
    return next(_all_wrong(item), None)


def _all_wrong(item: dict[str, Any]) -> Iterator[Wrong]:
    if item.get("type") != "Feature":
        yield Wrong("/type", f"an item's type is Feature, not {excerpt(item.get('type'))}")
    if not isinstance(item.get("properties"), dict):
        yield Wrong("/properties", "an item has an object `properties`")
    for name, kind, word in _SHAPES:
        if item.get(name) is not None and not isinstance(item[name], kind):
            yield Wrong(pointer(name), f"`{name}` is {word}, not {kind_of(item[name])}")
    for name, asset in (item.get("assets") or {}).items():
        if not isinstance(asset, dict):
            yield Wrong(pointer("assets", name), f"an asset is an object, not {kind_of(asset)}")
    for number, link in enumerate(item.get("links") or []):
        if not isinstance(link, dict):
            yield Wrong(pointer("links", str(number)), f"a link is an object, not {kind_of(link)}")
    yield from _wrong_lists(item)


def _wrong_lists(item: dict[str, Any]) -> Iterator[Wrong]:
    box = item.get("bbox")
    numbers = isinstance(box, list) and all(type(number) in (int, float) for number in box)
    if box is not None and not (numbers and len(box) in (4, 6)):
        yield Wrong("/bbox", "a bbox has 4 or 6 numbers")
    declared = item.get("stac_extensions")
    if declared is not None and not (isinstance(declared, list) and all(isinstance(url, str) for url in declared)):
        yield Wrong("/stac_extensions", "`stac_extensions` is an array of texts")
    for name in ("datetime", "start_datetime", "end_datetime"):
        moment = item["properties"].get(name)
        if moment is not None and not isinstance(moment, str):
            yield Wrong(pointer("properties", name), f"a time is text, not {kind_of(moment)}")
