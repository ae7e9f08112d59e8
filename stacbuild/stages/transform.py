"""The transform stage: a record becomes an item by its collection's mapping. Never reads a file, never validates."""

from __future__ import annotations

from typing import Any

import msgspec

from stacbuild.recipe.schema import Document
from stacbuild.stages.base import Work
from stacbuild.stages.mapping import Mapper, platform_versions


class Transform:
    """Records to items."""

    name = "transform"
    revision = 1

    def ingredients(self, document: Document, collection: str) -> dict[str, Any] | None:
        """Return the mapping, its lookups apart, the STAC version and, where coordinates are reprojected, by what."""
        mapping_name = document.collections[collection].mapping
        if mapping_name is None:
            return None
        spec = document.mappings[mapping_name]
        mapping = _said(msgspec.to_builtins(spec))
        lookups = mapping.pop("lookups", {})
        if not spec.only:
            del mapping["only"]
        return {
            "mapping": mapping,
            "lookups": lookups,
            "collection": collection,
            "stac-version": document.catalog.stac_version,
            "platform": platform_versions(spec.geometry is not None and spec.geometry.crs is not None),
        }

    def work(self, document: Document, collection: str) -> Work:
        """Return the compiled mapping."""
        return mapper(document, collection).item

    def reason(self, document: Document, collection: str, ingredient: str) -> tuple[str, str]:
        """Return which table moved."""
        mapping = f"mappings.{document.collections[collection].mapping}"
        return {
            "lookups": ("lookup-changed", f"{mapping}.lookups"),
            "stac-version": ("mapping-changed", "catalog.stac-version"),
            "platform": ("stage-revised", "the libraries that reproject"),
        }.get(ingredient, ("mapping-changed", mapping))


def _said(value: Any) -> Any:
    """Return a mapping's tables without the keys that nobody set: None and an empty table are how those look."""
    if not isinstance(value, dict):
        return value
    return {name: _said(member) for name, member in value.items() if member is not None}


def mapper(document: Document, collection: str) -> Mapper:
    """Return the compiled mapping of `collection`, which has one."""
    name = document.collections[collection].mapping
    assert name is not None, collection
    return Mapper(document.mappings[name], collection)
