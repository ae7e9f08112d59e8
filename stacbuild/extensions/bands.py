"""The `bands` of an asset, to which `eo` and `raster` each put what they know. PURE."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from stacbuild.extensions.values import fields_of
from stacbuild.recipe.extension_tables import EoAsset, RasterAsset

Fields = Callable[[Any, Mapping[str, Any], str], dict[str, Any]]
"""(a table of the recipe, scope, JSON Pointer) → the fields that it gives."""


def with_bands(
    asset: dict[str, Any], table: EoAsset | RasterAsset, fields: Fields, scope: Mapping[str, Any], where: str
) -> dict[str, Any]:
    """Return an asset with what a table says of its bands put to them; `fields` gives those of one band."""
    if not table.bands:
        return asset
    place, given = f"{where}/bands", []
    for band in table.bands:
        called = {"name": band.name, "description": band.description}
        named = {name: value for name, value in called.items() if value is not None}
        given.append({**fields_of(named, scope, place), **fields(band, scope, place)})
    return {**asset, "bands": merged(asset.get("bands"), given)}


def merged(bands: Any, given: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return an asset's bands, of which it may have none, with fields put to them.

    A band with a name goes to the asset's band of that name, else to the one at its place if that has none, else
    behind them all; one without goes to the one at its place. (Of a list all have names, or none: the recipe says so.)
    """
    result = [band if isinstance(band, dict) else {} for band in bands] if isinstance(bands, list) else []
    known = len(result)
    for number, band in enumerate(given):
        at = _place(result, band.get("name"), number, known)
        if at is None:
            result.append(band)
        else:
            result[at] = {**result[at], **band}
    return result


def _place(bands: list[dict[str, Any]], name: str | None, number: int, known: int) -> int | None:
    if name is None:
        return number if number < len(bands) else None
    named = (at for at, band in enumerate(bands) if band.get("name") == name)
    found = next(named, None)
    if found is None and number < known and "name" not in bands[number]:
        return number
    return found
