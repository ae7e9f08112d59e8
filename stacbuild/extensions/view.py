"""Extension `view` 1.1.0: angles of sensor, sun and moon.

https://github.com/stac-extensions/view
"""

from __future__ import annotations

from typing import Any, Final

from stacbuild.extensions.base import Context
from stacbuild.extensions.values import prefixed, put, speaks_of
from stacbuild.recipe.extension_tables import View as Settings

SCHEMA: Final = "https://stac-extensions.github.io/view/v1.1.0/schema.json"
PREFIX: Final = "view:"


class View:
    """Sets `view:` fields of the item."""

    name = "view"
    revision = 1

    def schemas(self, item: dict[str, Any], config: Settings) -> list[str]:
        """Return the schema, which wants one of its fields to be there."""
        del config
        return [SCHEMA] if speaks_of(item, PREFIX) else []

    def apply(self, item: dict[str, Any], config: Settings, ctx: Context) -> dict[str, Any]:
        """Return the item with the fields set."""
        del ctx
        return put(item, prefixed(config, config.__struct_fields__, PREFIX, item, "/properties"))
