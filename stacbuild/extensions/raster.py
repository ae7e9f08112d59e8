"""Extension `raster` 2.0.0, with the core's fields beside it: how values are to be read.

Of a Collection it speaks of its items' assets. https://github.com/stac-extensions/raster
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stacbuild.extensions.bands import with_bands
from stacbuild.extensions.base import Context, Reach
from stacbuild.extensions.places import each_data_asset, speaks_of
from stacbuild.extensions.values import prefixed
from stacbuild.recipe.extension_tables import Raster as Settings
from stacbuild.recipe.extension_tables import RasterAsset, RasterFields

SCHEMA: Final = "https://stac-extensions.github.io/raster/v2.0.0/schema.json"
PREFIX: Final = "raster:"
_CORE: Final = ("data_type", "nodata", "unit", "statistics")
_OWN: Final = ("bits_per_sample", "sampling", "scale", "offset", "spatial_resolution", "histogram")


class Raster:
    """Sets `raster:` fields of assets and their bands, and the core's `data_type`, `nodata`, `unit`, `statistics`."""

    name = "raster"
    revision = 1
    scope = ("Feature", "Collection")
    of_items = ("statistics", "histogram")

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
        return each_data_asset(document, config.assets, _asset)


def _asset(asset: dict[str, Any], table: RasterAsset, scope: Mapping[str, Any], where: str) -> dict[str, Any]:
    return with_bands({**asset, **_fields(table, scope, where)}, table, _fields, scope, where)


def _fields(table: RasterFields, scope: Mapping[str, Any], where: str) -> dict[str, Any]:
    return {**prefixed(table, _CORE, "", scope, where), **prefixed(table, _OWN, PREFIX, scope, where)}
