"""Extension `eo` 2.0.0: clouds and snow, and what is known of the bands.

https://github.com/stac-extensions/eo
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stacbuild.extensions.bands import merged
from stacbuild.extensions.base import Context
from stacbuild.extensions.values import each_asset, fields_of, prefixed, put, speaks_of
from stacbuild.recipe.extension_tables import Eo as Settings
from stacbuild.recipe.extension_tables import EoAsset, EoBand

SCHEMA: Final = "https://stac-extensions.github.io/eo/v2.0.0/schema.json"
PREFIX: Final = "eo:"
_OF_BAND: Final = ("common_name", "center_wavelength", "full_width_half_max", "solar_illumination")
_OF_SCENE: Final = ("cloud_cover", "snow_cover")


class Eo:
    """Sets `eo:` fields of the item, its assets and their bands."""

    name = "eo"
    revision = 1

    def schemas(self, item: dict[str, Any], config: Settings) -> list[str]:
        """Return the schema, which wants one of its fields to be there."""
        del config
        return [SCHEMA] if speaks_of(item, PREFIX) else []

    def apply(self, item: dict[str, Any], config: Settings, ctx: Context) -> dict[str, Any]:
        """Return the item with the fields set."""
        del ctx
        made = put(item, prefixed(config, _OF_SCENE, PREFIX, item, "/properties"))
        return each_asset(made, config.assets, _asset)


def _asset(asset: dict[str, Any], table: EoAsset, scope: Mapping[str, Any], where: str) -> dict[str, Any]:
    made = {**asset, **prefixed(table, (*_OF_SCENE, *_OF_BAND), PREFIX, scope, where)}
    if table.bands:
        made["bands"] = merged(asset.get("bands"), [_band(band, scope, f"{where}/bands") for band in table.bands])
    return made


def _band(band: EoBand, scope: Mapping[str, Any], where: str) -> dict[str, Any]:
    named = {} if band.name is None else {"name": band.name}
    told = {} if band.description is None else {"description": band.description}
    return {**named, **fields_of(told, scope, where), **prefixed(band, _OF_BAND, PREFIX, scope, where)}
