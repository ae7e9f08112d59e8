"""The transform stage: a record becomes an item by its collection's mapping, an item becomes an item of ours.

Never reads a file, never validates.
"""

from __future__ import annotations

from typing import Any, Protocol

from stacbuild.failures import ItemError
from stacbuild.recipe.schema import Document
from stacbuild.stages import items, mapping_key
from stacbuild.stages.base import Origin, Work
from stacbuild.stages.beside import beside
from stacbuild.stages.mapping import Mapper
from stacbuild.stages.migrate import MIGRATE_REVISION, migrate


class Transform:
    """Records to items, items to ours."""

    name = "transform"
    revision = 2

    def ingredients(self, document: Document, collection: str) -> dict[str, Any] | None:
        """Return the STAC version, and all that the mapping depends on."""
        spec = document.collections[collection]
        shared: dict[str, Any] = {"collection": collection, "stac-version": document.catalog.stac_version}
        if _items_of(document, spec.from_):
            shared["items"] = [items.REVISION, MIGRATE_REVISION]
        if spec.mapping is not None:
            shared |= mapping_key.ingredients(document.mappings[spec.mapping], beside(document))
        return shared

    def work(self, document: Document, collection: str) -> Work:
        """Return the compiled mapping."""
        return _Maker(document, collection).item

    def reason(self, document: Document, collection: str, ingredient: str) -> tuple[str, str]:
        """Return which table moved."""
        mapping = f"mappings.{document.collections[collection].mapping}"
        return {
            "stac-version": ("mapping-changed", "catalog.stac-version"),
            "items": ("stage-revised", "how items of others are taken over"),
        }.get(ingredient) or mapping_key.reason(mapping, ingredient)


def mapper(document: Document, collection: str) -> Mapper | None:
    """Return the compiled mapping of `collection`, or None if it has none."""
    name = document.collections[collection].mapping
    return None if name is None else Mapper(document.mappings[name], collection, beside(document))


def _items_of(document: Document, sources: list[str]) -> set[str]:
    """Return those of `sources` that give items; the others give records."""
    return {name for name in sources if document.sources[name].gives == "items"}


class _Maker:
    """Makes the items of one collection, whatever its sources give."""

    def __init__(self, document: Document, collection: str) -> None:
        self._collection = collection
        self._mapper = mapper(document, collection)
        self._items = _items_of(document, document.collections[collection].from_)
        self._migrates = document.catalog.stac_version != "keep"

    def item(self, record: Any, origin: Origin) -> dict[str, Any]:
        """Return the item of a record, or of an item."""
        if origin.source not in self._items:
            assert self._mapper is not None, "records need a mapping: the recipe's check says so"
            return self._mapper.item(record, origin.base, origin.say)
        items.check(record)
        found = items.adopted(migrate(record) if self._migrates else record, origin.base, self._collection)
        if self._mapper is None:
            return found
        return self._mapper.over({**found, "collection": record.get("collection")}, "", origin.say)


# --- what is known of an item before it is made


class Namer(Protocol):
    """What the listing asks of a record for one table of the recipe."""

    id_settings: Any
    """What of the recipe its answers depend on, as JSON."""

    def name(self, record: dict[str, Any]) -> str:
        """Return the item's id; raises ItemError."""

    def base_matters(self, record: dict[str, Any]) -> bool:
        """Tell whether the folder of the record's file changes the item."""

    def collection(self, record: dict[str, Any]) -> str | None:
        """Return the collection that the record says it belongs to; raises ItemError."""


class _ItemNamer:
    """Answers for items; a mapping laid over them may name id and collection."""

    def __init__(self, over: Mapper | None) -> None:
        self._over = over
        self.id_settings = {"items": items.REVISION, "mapping": None if over is None else over.id_settings}

    def name(self, record: dict[str, Any]) -> str:
        if self._over is not None:
            return self._over.name(record)
        name = record.get("id")
        if not isinstance(name, str) or not name:
            raise ItemError("SB220", "an item has an id: text that is not empty", "/id")
        return name

    def base_matters(self, record: dict[str, Any]) -> bool:
        return items.has_relative_href(record) or (self._over is not None and self._over.base_matters(record))

    def collection(self, record: dict[str, Any]) -> str | None:
        found = None if self._over is None else self._over.collection(record)
        upstream = record.get("collection")
        return found or (upstream if isinstance(upstream, str) else None)


def namer(document: Document, table: str, source: str) -> Namer:
    """Return who answers for the records of `source` in `[collections.<table>]`."""
    mapping = mapper(document, table)
    if document.sources[source].gives == "items":
        return _ItemNamer(mapping)
    assert mapping is not None, table
    return mapping


def salt(document: Document, table: str, source: str) -> str:
    """Return what joins the input digest of the items of `source`, so that no record of the same bytes passes for one.

    "" where nothing but items, or nothing but records, goes into the table.
    """
    sources = document.collections[table].from_
    given = _items_of(document, sources)
    return "\0item" if source in given and len(given) < len(sources) else ""
