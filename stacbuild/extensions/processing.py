"""Extension `processing` 1.2.0: how the data were made, as the recipe or the item says it.

Nothing is put in of the program that builds the catalog or of its clock: an upgrade would make every item another.
https://github.com/stac-extensions/processing
"""

from __future__ import annotations

from typing import Any, Final

from stacbuild.extensions.base import Context
from stacbuild.extensions.values import prefixed, put
from stacbuild.recipe.extension_tables import Processing as Settings

SCHEMA: Final = "https://stac-extensions.github.io/processing/v1.2.0/schema.json"
PREFIX: Final = "processing:"


class Processing:
    """Sets `processing:` fields of the item."""

    name = "processing"
    revision = 1

    def schemas(self, item: dict[str, Any], config: Settings) -> list[str]:
        """Return the schema, which wants one of its fields to be in the properties."""
        del config
        return [SCHEMA] if any(name.startswith(PREFIX) for name in item["properties"]) else []

    def apply(self, item: dict[str, Any], config: Settings, ctx: Context) -> dict[str, Any]:
        """Return the item with the fields set; software is put to the software that it names already."""
        del ctx
        found = prefixed(config, config.__struct_fields__, PREFIX, item, "/properties")
        software = f"{PREFIX}software"
        known = item["properties"].get(software)
        if software in found and isinstance(known, dict):
            found[software] = {**known, **found[software]}
        return put(item, found)
