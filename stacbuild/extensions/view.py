"""Extension `view` 1.1.0: angles of sensor, sun and moon.

Of a Collection it speaks in the summaries. https://github.com/stac-extensions/view
"""

from __future__ import annotations

from typing import Any, Final

from stacbuild.extensions.base import Context, Reach
from stacbuild.extensions.places import speaks_of, told, told_at
from stacbuild.extensions.values import prefixed
from stacbuild.recipe.extension_tables import View as Settings

SCHEMA: Final = "https://stac-extensions.github.io/view/v1.1.0/schema.json"
PREFIX: Final = "view:"


class View:
    """Sets `view:` fields of the item."""

    name = "view"
    revision = 1
    scope = ("Feature", "Collection")
    of_items = ("sun_azimuth", "sun_elevation", "moon_azimuth", "moon_elevation")

    def reach(self, table: dict[str, Any]) -> Reach:
        """Return how far it goes."""
        del table
        return Reach(("properties", "assets"), SCHEMA)

    def schemas(self, document: dict[str, Any], config: Settings) -> list[str]:
        """Return the schema, which wants one of its fields to be there."""
        del config
        return [SCHEMA] if speaks_of(document, PREFIX) else []

    def apply(self, document: dict[str, Any], config: Settings, ctx: Context) -> dict[str, Any]:
        """Return the document with the fields set."""
        del ctx
        return told(document, prefixed(config, config.__struct_fields__, PREFIX, document, told_at(document)))
