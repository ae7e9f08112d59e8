"""Extension `fields`: any fields under any schema's URI: constants, templates and other fields' values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stacbuild.extensions.base import Context, Reach
from stacbuild.extensions.places import each_asset, place_of, put
from stacbuild.extensions.values import fields_of
from stacbuild.recipe.extension_tables import Fields as Settings


class Fields:
    """Sets what the recipe says."""

    name = "fields"
    revision = 2
    scope = ("Feature", "Collection")

    def reach(self, table: dict[str, Any]) -> Reach:
        """Return how far it goes."""
        return Reach(tuple(name for name in ("properties", "assets") if table.get(name)), table.get("schema"))

    def schemas(self, document: dict[str, Any], config: Settings) -> list[str]:
        """Return the URI that the recipe gives."""
        del document
        return [] if config.schema is None else [config.schema]

    def apply(self, document: dict[str, Any], config: Settings, ctx: Context) -> dict[str, Any]:
        """Return the document with the fields set."""
        del ctx
        where = place_of(document)
        made = put(document, fields_of(config.properties, document, where))
        return each_asset(made, {"*": config.assets}, _asset) if config.assets else made


def _asset(asset: dict[str, Any], table: dict[str, Any], scope: Mapping[str, Any], where: str) -> dict[str, Any]:
    return {**asset, **fields_of(table, scope, where)}
