"""What an Item is told by, what it is called, and what is said of a document that is none. Never validates."""

from __future__ import annotations

import re
from typing import Any, Final

import xxhash

from stacbuild.failures import ItemError

_NUMBERED: Final = re.compile(r"#[0-9]+\Z")
_OF_STAC: Final = ("stac_version", "assets", "links")
_OF_ITEM: Final = ("properties", "assets", "geometry")
_CATALOG: Final = 'read a catalog from its root, with kind = "stac-catalog"'


def upstream_collection(record: dict[str, Any]) -> str | None:
    """Return the collection that an item says it is of."""
    name = record.get("collection")
    return name if isinstance(name, str) and name else None


def above_item(document: dict[str, Any]) -> str | None:
    """Return what a document is that stands above items in a catalog, in words; None: it does not.

    Catalogs and Collections before STAC 1.0.0 have no `type`; servers give Collections in lists.
    """
    kind = document.get("type")
    if kind in ("Catalog", "Collection"):  # a list, which may stand there, is in no set
        return f"a {kind}"
    if kind is not None or any(name in document for name in _OF_ITEM):
        return None
    if isinstance(document.get("collections"), list):
        return "a list of Collections"
    if "description" in document and "links" in document:
        return "a Collection" if "extent" in document else "a Catalog"
    return None


def refuse_above(what: str) -> None:
    """Raise the error of a Catalog or Collection in the place of an item."""
    raise ItemError("SB409", f"{what}, not an Item", hint=_CATALOG)


def refuse_others(document: dict[str, Any]) -> None:
    """Raise ItemError if `document` is no Item, or has no id; what else is wrong with it the validator says."""
    kind = document.get("type")
    if kind != "Feature" and (isinstance(kind, str) or not any(name in document for name in _OF_ITEM)):
        raise ItemError("SB409", f"not an Item: {_kind(kind)}", "/type", 'an Item has "type": "Feature"')
    if not any(name in document for name in _OF_STAC):
        hint = 'read features that are not STAC with kind = "table" and a mapping'
        raise ItemError("SB409", "a GeoJSON feature, not an Item: no stac_version, no assets, no links", "", hint)
    name = document.get("id")
    if not isinstance(name, str) or not name:
        text = "the Item has no id" if name in (None, "") else "the id of the Item is not text"
        raise ItemError("SB410", text, "/id", "an id is text that is not empty")


def _kind(kind: Any) -> str:
    if kind == "FeatureCollection":
        return "it is a FeatureCollection, and not a file of its own or without a list of features"
    return f"its type is {kind!r}" if isinstance(kind, str) else "it has no type, geometry, properties or assets"


class Names:
    """The keys of a file's items, each once: `<collection>/<id>`, of the same again `…#2`, `…#3`."""

    def __init__(self) -> None:
        self._seen: set[int] = set()
        self._again: dict[str, int] = {}

    def key(self, item: dict[str, Any]) -> str:
        """Return the key of the file's next item."""
        name = f"{upstream_collection(item) or ''}/{item['id']}"
        if self._is_new(name):
            return name
        count = self._again.get(name, 1) + 1
        while not self._is_new(f"{name}#{count}"):
            count += 1
        self._again[name] = count
        return f"{name}#{count}"

    def again(self, key: str) -> bool:
        """Tell whether an item that had `key` has it still; if it may be another's, `key` says what it has."""
        return ("#" not in key or not _NUMBERED.search(key)) and self._is_new(key)

    def _is_new(self, name: str) -> bool:
        mark = xxhash.xxh3_64_intdigest(name.encode("utf-8", "surrogatepass"))
        known = mark in self._seen
        self._seen.add(mark)
        return not known
