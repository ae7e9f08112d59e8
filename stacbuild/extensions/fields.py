"""Extension `fields`: any fields under any schema's URI: constants and templates in properties and assets."""

from __future__ import annotations

from typing import Any

from stacbuild.extensions.base import Context
from stacbuild.extensions.values import rendered
from stacbuild.recipe.extension_tables import Fields as Settings


class Fields:
    """Sets what the recipe says."""

    name = "fields"
    revision = 1
    scope = ("Feature", "Collection")

    def schemas(self, config: Settings) -> list[str]:
        """Return the URI that the recipe gives."""
        return [] if config.schema is None else [config.schema]

    def apply(self, item: dict[str, Any], config: Settings, ctx: Context) -> dict[str, Any]:
        """Return the document with the fields set."""
        del ctx
        found = {name: rendered(value, item, "/properties") for name, value in config.properties.items()}
        if item["type"] == "Collection":
            return {**item, **found}
        result = {**item, "properties": {**item["properties"], **found}}
        if config.assets:
            result["assets"] = {
                key: {
                    **asset,
                    **{name: rendered(value, item, f"/assets/{key}") for name, value in config.assets.items()},
                }
                for key, asset in item.get("assets", {}).items()
            }
        return result
