"""Extension `processing` 1.2.0: how the data were made, as the recipe or the item says it.

A Collection has it with its providers: with those that process, else with those that produce; without one in its
summaries. Nothing is put in of the program that builds the catalog or of its clock: an upgrade would make every item
another. https://github.com/stac-extensions/processing
"""

from __future__ import annotations

from typing import Any, Final

from stacbuild.extensions.base import Context, Reach
from stacbuild.extensions.places import put, speaks_of, told
from stacbuild.extensions.values import prefixed
from stacbuild.recipe.extension_tables import Processing as Settings

SCHEMA: Final = "https://stac-extensions.github.io/processing/v1.2.0/schema.json"
PREFIX: Final = "processing:"
_SOFTWARE: Final = f"{PREFIX}software"
_ROLES: Final = ("processor", "producer")
"""Roles of providers with which processing stands, the likelier first."""


class Processing:
    """Sets `processing:` fields of the item, or of a collection's providers."""

    name = "processing"
    revision = 1
    scope = ("Feature", "Collection")
    of_items = ("datetime",)

    def reach(self, table: dict[str, Any]) -> Reach:
        """Return how far it goes."""
        del table
        return Reach(("properties",), SCHEMA)

    def schemas(self, document: dict[str, Any], config: Settings) -> list[str]:
        """Return the schema, which wants one of its fields to be in an item's properties."""
        del config
        place = document if document["type"] == "Collection" else {**document, "assets": {}}
        return [SCHEMA] if speaks_of(place, PREFIX) else []

    def apply(self, document: dict[str, Any], config: Settings, ctx: Context) -> dict[str, Any]:
        """Return the document with the fields set; software is put to the software that it names already."""
        del ctx
        if document["type"] == "Collection":
            return _collection(document, prefixed(config, config.__struct_fields__, PREFIX, document, "/providers"))
        found = prefixed(config, config.__struct_fields__, PREFIX, document, "/properties")
        return put(document, _with_known(found, document["properties"]))


def _collection(document: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    providers = document.get("providers") or []
    role = next((role for role in _ROLES if any(_has(one, role) for one in providers)), None)
    if role is None:
        return told(document, found)
    made = [{**one, **_with_known(found, one)} if _has(one, role) else one for one in providers]
    return {**document, "providers": made}


def _has(provider: dict[str, Any], role: str) -> bool:
    roles = provider.get("roles")
    return isinstance(roles, list) and role in roles


def _with_known(found: dict[str, Any], fields: dict[str, Any]) -> dict[str, Any]:
    """Return what is found with the software that `fields` name already."""
    known = fields.get(_SOFTWARE)
    return (
        {**found, _SOFTWARE: {**known, **found[_SOFTWARE]}} if _SOFTWARE in found and isinstance(known, dict) else found
    )
