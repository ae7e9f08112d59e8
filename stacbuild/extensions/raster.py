"""Extension `raster` 2.0.0, with the core's fields beside it: how values are to be read.

https://github.com/stac-extensions/raster
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stacbuild.extensions.bands import merged
from stacbuild.extensions.base import Context
from stacbuild.extensions.values import each_asset, fields_of, prefixed, speaks_of
from stacbuild.recipe.extension_tables import Raster as Settings
from stacbuild.recipe.extension_tables import RasterAsset, RasterBand, RasterFields

SCHEMA: Final = "https://stac-extensions.github.io/raster/v2.0.0/schema.json"
PREFIX: Final = "raster:"
_CORE: Final = ("data_type", "nodata", "unit", "statistics")
_OWN: Final = ("bits_per_sample", "sampling", "scale", "offset", "spatial_resolution", "histogram")


class Raster:
    """Sets `raster:` fields of assets and their bands, and the core's `data_type`, `nodata`, `unit`, `statistics`."""

    name = "raster"
    revision = 1

    def schemas(self, item: dict[str, Any], config: Settings) -> list[str]:
        """Return the schema, which wants one of its fields to be there."""
        del config
        return [SCHEMA] if speaks_of(item, PREFIX) else []

    def apply(self, item: dict[str, Any], config: Settings, ctx: Context) -> dict[str, Any]:
        """Return the item with the fields set."""
        del ctx
        return each_asset(item, config.assets, _asset)


def _asset(asset: dict[str, Any], table: RasterAsset, scope: Mapping[str, Any], where: str) -> dict[str, Any]:
    made = {**asset, **_fields(table, scope, where)}
    if table.bands:
        made["bands"] = merged(asset.get("bands"), [_band(band, scope, f"{where}/bands") for band in table.bands])
    return made


def _band(band: RasterBand, scope: Mapping[str, Any], where: str) -> dict[str, Any]:
    named = {} if band.name is None else {"name": band.name}
    told = {} if band.description is None else {"description": band.description}
    return {**named, **fields_of(told, scope, where), **_fields(band, scope, where)}


def _fields(table: RasterFields, scope: Mapping[str, Any], where: str) -> dict[str, Any]:
    return {**prefixed(table, _CORE, "", scope, where), **prefixed(table, _OWN, PREFIX, scope, where)}
