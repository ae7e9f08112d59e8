"""Extension `proj-compat`: `proj:epsg` beside `proj:code`, for programs that look for nothing else (stackstac).

Version 2.0.0 of the projection extension forbids it; 1.2.0 knows both, so that is what the item declares then.
"""

from __future__ import annotations

import re
from typing import Any, Final

from stacbuild.extensions.base import Context, Reach
from stacbuild.recipe.extension_tables import ProjCompat as Settings

SCHEMA: Final = "https://stac-extensions.github.io/projection/v1.2.0/schema.json"
_EPSG: Final = re.compile(r"EPSG:([0-9]{1,9})", re.IGNORECASE)


class ProjCompat:
    """Sets `proj:epsg` wherever a `proj:code` is of EPSG; other authorities have no number that it could hold."""

    name = "proj-compat"
    revision = 1

    def reach(self, table: dict[str, Any]) -> Reach:
        """Return how far it goes."""
        del table
        return Reach(("properties", "assets"), SCHEMA)

    def schemas(self, item: dict[str, Any], config: Settings) -> list[str]:
        """Return the schema that knows both, where both may be there."""
        del config
        places = [item["properties"], *(item.get("assets") or {}).values()]
        return [SCHEMA] if any("proj:epsg" in place for place in places) else []

    def apply(self, item: dict[str, Any], config: Settings, ctx: Context) -> dict[str, Any]:
        """Return the item with the field set."""
        del config, ctx
        made = {**item, "properties": _both(item["properties"])}
        if item.get("assets"):
            made["assets"] = {key: _both(asset) for key, asset in item["assets"].items()}
        return made


def _both(fields: dict[str, Any]) -> dict[str, Any]:
    code = fields.get("proj:code")
    found = _EPSG.fullmatch(code) if isinstance(code, str) else None
    return {**fields, "proj:epsg": int(found.group(1))} if found else fields
