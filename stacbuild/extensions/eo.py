"""Extension `eo` 2.0.0: clouds and snow, and what is known of the bands.

Of a Collection it speaks of the bands of its items' assets. https://github.com/stac-extensions/eo
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stacbuild.extensions.bands import with_bands
from stacbuild.extensions.base import Context, Reach
from stacbuild.extensions.places import each_data_asset, speaks_of, told, told_at
from stacbuild.extensions.values import prefixed
from stacbuild.recipe.extension_tables import Eo as Settings
from stacbuild.recipe.extension_tables import EoAsset, EoFields

SCHEMA: Final = "https://stac-extensions.github.io/eo/v2.0.0/schema.json"
PREFIX: Final = "eo:"
_OF_BAND: Final = ("common_name", "center_wavelength", "full_width_half_max", "solar_illumination")
_OF_SCENE: Final = ("cloud_cover", "snow_cover")


class Eo:
    """Sets `eo:` fields of the item, its assets and their bands."""

    name = "eo"
    revision = 1
    scope = ("Feature", "Collection")
    of_items = _OF_SCENE

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
        made = told(document, prefixed(config, _OF_SCENE, PREFIX, document, told_at(document)))
        return each_data_asset(made, config.assets, _asset)


def _asset(asset: dict[str, Any], table: EoAsset, scope: Mapping[str, Any], where: str) -> dict[str, Any]:
    made = {**asset, **prefixed(table, _OF_SCENE, PREFIX, scope, where), **_fields(table, scope, where)}
    return with_bands(made, table, _fields, scope, where)


def _fields(table: EoFields, scope: Mapping[str, Any], where: str) -> dict[str, Any]:
    return prefixed(table, _OF_BAND, PREFIX, scope, where)
