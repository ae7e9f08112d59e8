"""Extension `version` 1.2.0: which version of the data this is.

https://github.com/stac-extensions/version
"""

from __future__ import annotations

from typing import Any, Final

from stacbuild.extensions.base import Context, Reach
from stacbuild.extensions.places import has_any, place_of, put
from stacbuild.extensions.values import prefixed
from stacbuild.recipe.extension_tables import Version as Settings

SCHEMA: Final = "https://stac-extensions.github.io/version/v1.2.0/schema.json"
_FIELDS: Final = ("version", "deprecated", "experimental")


class Version:
    """Sets `version`, `deprecated` and `experimental`."""

    name = "version"
    revision = 1
    scope = ("Feature", "Collection")

    def reach(self, table: dict[str, Any]) -> Reach:
        """Return how far it goes."""
        del table
        return Reach(("properties",), SCHEMA)

    def schemas(self, document: dict[str, Any], config: Settings) -> list[str]:
        """Return the schema, where one of the fields is there."""
        del config
        return [SCHEMA] if has_any(document, _FIELDS) else []

    def apply(self, document: dict[str, Any], config: Settings, ctx: Context) -> dict[str, Any]:
        """Return the document with the fields set."""
        del ctx
        where = place_of(document)
        return put(document, prefixed(config, _FIELDS, "", document, where))
