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
    taken = {name for name, bands in (("eo:bands", eo), ("raster:bands", raster)) if bands is not None}
    eo, raster = eo or [], raster or []
    bands: list[Json] = [{} for _ in range(max(len(eo), len(raster), len(given)))]
    for names, part in ((_RASTER, raster), (_EO, eo), ({}, given)):
        for band, said in zip(bands, part, strict=False):
            _put(band, said, names)
    result = {name: value for name, value in fields.items() if name not in taken}
    return {**result, "bands": bands} if bands else result


def joined_bands(summaries: Json) -> Json:
    """Return a collection's summaries with `bands`: those of both lists, each once, since neither has an order."""
    result = summaries
    for name, names in (("eo:bands", _EO), ("raster:bands", _RASTER)):
        bands, given = _listed(summaries.get(name)), _listed(result.get("bands", []))
        if bands is None or given is None:
            continue
        known = list(given)
        for said in bands:
            band: Json = {}
            _put(band, said, names)
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
    return value if isinstance(value, list) and all(isinstance(member, dict) for member in value) else None


def _put(band: Json, said: Json, names: dict[str, str]) -> None:
    """Put what is said of a band into it, under its new names; an empty description is none."""
    for name, value in said.items():
        if name != "description" or value != "":
            band[names.get(name, name)] = value
