"""Bands: `eo:bands` and `raster:bands` of STAC 1.0.0 as `bands`, with the names that eo and raster 2.0 give.

The two lists are of the same bands in the same order, so they are merged by position. Where both say something of one
band in other words (its name, its description), eo's word stands. What neither names stays as it is.
"""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

_EO = {name: f"eo:{name}" for name in ("common_name", "center_wavelength", "full_width_half_max", "solar_illumination")}
_RASTER = {
    name: f"raster:{name}"
    for name in ("bits_per_sample", "histogram", "offset", "sampling", "scale", "spatial_resolution")
}

EO_FIELDS = frozenset((*_EO.values(), "eo:cloud_cover", "eo:snow_cover"))
"""Fields of eo 2.0.0, of which one at least has to be used where it is declared."""
RASTER_FIELDS = frozenset(_RASTER.values())
"""Fields of raster 2.0.0, likewise."""


def merged_bands(fields: Json) -> Json:
    """Return `fields` with `bands` in place of `eo:bands` and `raster:bands`; what is no list of objects stays."""
    eo, raster = _listed(fields.get("eo:bands")), _listed(fields.get("raster:bands"))
    given = _listed(fields.get("bands", []))
    if given is None or (eo is None and raster is None):
        return fields
    bands = [_renamed(said, _RASTER) for said in raster] if raster else [_renamed(said, _EO) for said in eo or ()]
    for part, names in ((eo or () if raster else (), _EO), (given, {})):
        for place, said in enumerate(part):
            if place == len(bands):
                bands.append({})
            bands[place].update(_renamed(said, names))
    result = dict(fields)
    for name, taken in (("eo:bands", eo), ("raster:bands", raster)):
        if taken is not None:
            del result[name]
    if bands:
        result["bands"] = bands
    return result


def joined_bands(summaries: Json) -> Json:
    """Return a collection's summaries with `bands`: those of both lists, each once, since neither has an order."""
    result = summaries
    for name, names in (("eo:bands", _EO), ("raster:bands", _RASTER)):
        bands, given = _listed(summaries.get(name)), _listed(result.get("bands", []))
        if bands is None or given is None:
            continue
        known = list(given)
        for said in bands:
            band = _renamed(said, names)
            if band not in known:
                known.append(band)
        result = {**{key: value for key, value in result.items() if key != name}, "bands": known}
    return result


def bands_of(assets: list[Any]) -> list[Json]:
    """Return the bands of all assets, each once: what stands in an item's properties, where they stand there at all."""
    found: list[Json] = []
    for asset in assets:
        for band in _listed(asset.get("bands")) or [] if isinstance(asset, dict) else []:
            if band not in found:
                found.append(band)
    return found


def _listed(value: Any) -> list[Json] | None:
    """Return a list of objects as it is, None for anything else."""
    if not isinstance(value, list):
        return None
    for member in value:
        if not isinstance(member, dict):
            return None
    return value


def _renamed(said: Json, names: dict[str, str]) -> Json:
    """Return what is said of a band under its new names; an empty description is none."""
    renamed = {names.get(name, name): value for name, value in said.items()}
    if renamed.get("description") == "":
        del renamed["description"]
    return renamed
