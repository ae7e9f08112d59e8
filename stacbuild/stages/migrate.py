"""Migration: a STAC document (Item, Collection, Catalog) of an older version, as it is said in STAC 1.1.0.

What 1.1.0 and the extension versions that belong to it say in other words is said in theirs: `eo:bands` and
`raster:bands` as `bands`, `proj:epsg` as `proj:code`, the licences `proprietary` and `various` as `other`, two boxes
of an extent as three. Everything else stays. Never: changes what it is given, looks anything up, or drops a value that
1.1.0 has a place for; a document of 1.1.0 is returned as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from stacbuild.stages.migrate_bands import EO_FIELDS, RASTER_FIELDS, bands_of, joined_bands, merged_bands
from stacbuild.stages.migrate_extent import with_one_or_three_boxes

MIGRATE_REVISION = 1
"""Raised when the same document comes out otherwise."""

TARGET = "1.1.0"
SOURCE = "1.0.0"

Json = dict[str, Any]

_EXTENSIONS = "https://stac-extensions.github.io/"
_OLD = re.compile(re.escape(_EXTENSIONS) + r"(eo|projection|raster|item-assets)/v?1\.[0-9]+\.[0-9]+/schema\.json#?")
_RAISABLE = tuple(f"{_EXTENSIONS}{name}/" for name in ("eo", "projection", "raster", "item-assets"))
"""How what `_OLD` matches begins: few of the others do."""
_MODELS = re.compile(
    r"https://(stac-extensions|crim-ca)\.github\.io/mlm(-extension)?/v1\.[0-9]+\.[0-9]+/schema\.json#?"
)
_RAISED = {name: f"{_EXTENSIONS}{name}/v2.0.0/schema.json" for name in ("eo", "projection", "raster")}
_OLD_FIELDS = {"eo": "eo:bands", "raster": "raster:bands", "projection": "proj:epsg"}
_NEW_FIELDS = {"eo": EO_FIELDS, "raster": RASTER_FIELDS}
_WORDS = frozenset(("eo:bands", "raster:bands", "proj:epsg", "license"))
"""Fields that are said otherwise, or may be."""
_OLD_LICENSES = frozenset(("proprietary", "various"))
_NONE = object()


def migrate(document: Json) -> Json:
    """Return `document` as STAC 1.1.0 says it; one of 1.1.0, or of no version known, as it is.

    Args:
        document: Item, Collection or Catalog as JSON values; it is not changed, and shares what stays with the result.

    Raises:
        ItemError: SB229, it is of a version before 1.0.0 that cannot be raised.
    """
    version, kind = document.get("stac_version"), document.get("type")
    if version == TARGET or not isinstance(version, str) or not isinstance(kind, str | None):
        return document
    if kind is not None and kind not in _STEPS:
        return document
    if version == SOURCE:
        return document if kind is None else _STEPS[kind](document)
    from stacbuild.stages.migrate_old import is_older, upgrade  # noqa: PLC0415  few documents are as old as that

    return migrate(upgrade(document)) if is_older(version) else document


# ---- documents -------------------------------------------------------------------------------------------------------


def _item(document: Json) -> Json:
    result = {**document, "stac_version": TARGET}
    assets = _put(result, "assets", _fields)
    _put(result, "links", _link)
    properties = document.get("properties")
    if isinstance(properties, dict):
        has_bands = isinstance(assets, dict) and any(
            "bands" in asset for asset in assets.values() if type(asset) is dict
        )
        result["properties"] = properties = _fields(properties, bands=has_bands)
        if has_bands and "bands" not in properties and _declares_models(document):
            result["properties"] = properties = {**properties, "bands": bands_of(_members(assets))}
    _declare(result, [properties, *_members(assets)], [properties, *_members(assets)])
    return result


def _collection(document: Json) -> Json:
    result = {**_fields(document, describes=True), "stac_version": TARGET}
    assets = [*_members(_put(result, "assets", _fields)), *_members(_put(result, "item_assets", _fields))]
    _put(result, "links", _link)
    summaries = document.get("summaries")
    if isinstance(summaries, dict):
        result["summaries"] = summaries = _summaries(summaries)
    if isinstance(document.get("extent"), dict):
        result["extent"] = with_one_or_three_boxes(document["extent"])
    _declare(result, [result, summaries, *assets], assets)
    return result


def _catalog(document: Json) -> Json:
    result = {**_fields(document, describes=True), "stac_version": TARGET}
    _put(result, "links", _link)
    _declare(result, [result], [])
    return result


_STEPS: dict[str, Callable[[Json], Json]] = {"Feature": _item, "Collection": _collection, "Catalog": _catalog}


def _put(document: Json, name: str, change: Callable[[Json], Json]) -> Any:
    """Replace the objects in the member `name`, an object or a list, by what `change` makes of them; return it."""
    value = document.get(name)
    if isinstance(value, dict):
        value = document[name] = {
            key: change(member) if type(member) is dict else member for key, member in value.items()
        }
    elif isinstance(value, list):
        value = document[name] = [change(member) if type(member) is dict else member for member in value]
    return value


def _members(value: Any) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else []


# ---- fields ----------------------------------------------------------------------------------------------------------


def _fields(fields: Json, *, bands: bool = True, describes: bool = False) -> Json:
    """Return the fields of an object (properties, asset, asset definition, collection) in the words of 1.1.0.

    Args:
        fields: as in 1.0.0.
        bands: whether `bands` may stand here: in an item's properties only where an asset has them too.
        describes: its description is required, and stays even if empty.
    """
    if _WORDS.isdisjoint(fields) and fields.get("description") != "":
        return fields
    result = fields
    if ("eo:bands" in fields or "raster:bands" in fields) and (bands or not _some(fields)):
        result = merged_bands(fields)
    if "proj:epsg" in fields:
        result = _with_code(result)
    license_name = fields.get("license")
    if type(license_name) is str and license_name in _OLD_LICENSES:
        result = {**result, "license": "other"}
    if fields.get("description") == "" and not describes:
        result = _without(result, "description")
    return result


def _some(fields: Json) -> bool:
    """Tell whether a band is told of, or something in the place of bands."""
    return any(fields.get(name, []) != [] for name in ("eo:bands", "raster:bands"))


def _link(link: Json) -> Json:
    return _without(link, "description") if link.get("description") == "" else link


def _without(fields: Json, name: str) -> Json:
    return {key: value for key, value in fields.items() if key != name}


def _with_code(fields: Json) -> Json:
    """Return `fields` with `proj:code` in place of `proj:epsg`, whose value stays where it is no code."""
    code = _code(fields["proj:epsg"])
    if code is _NONE:
        return fields
    result = _without(fields, "proj:epsg")
    if result.get("proj:code") is None:
        result["proj:code"] = code
    return result


def _code(epsg: Any) -> Any:
    """Return 32633 as "EPSG:32633" and null as null; _NONE for what is no code."""
    if epsg is None:
        return None
    if isinstance(epsg, float) and epsg.is_integer():
        epsg = int(epsg)
    if isinstance(epsg, str) and epsg.isascii() and epsg.isdigit():
        return f"EPSG:{epsg}"
    return f"EPSG:{epsg}" if isinstance(epsg, int) and not isinstance(epsg, bool) and epsg > 0 else _NONE


def _summaries(summaries: Json) -> Json:
    """Return a collection's summaries: each field as in items, but of many values."""
    result = joined_bands(summaries)
    if "proj:epsg" in summaries:
        codes = _codes(summaries["proj:epsg"])
        if codes is not None:
            result = {**_without(result, "proj:epsg"), "proj:code": summaries.get("proj:code", codes)}
    licenses = summaries.get("license")
    if isinstance(licenses, list):
        known = ["other" if type(name) is str and name in _OLD_LICENSES else name for name in licenses]
        result = {**result, "license": [name for place, name in enumerate(known) if name not in known[:place]]}
    return result


def _codes(summary: Any) -> list[Any] | None:
    """Return a summary of EPSG numbers as codes; None for a range of several, which codes cannot say."""
    if isinstance(summary, dict) and "minimum" in summary and summary["minimum"] == summary.get("maximum"):
        summary = [summary["minimum"]]
    codes = [_code(epsg) for epsg in summary] if isinstance(summary, list) else [_NONE]
    return None if _NONE in codes else codes


# ---- extensions ------------------------------------------------------------------------------------------------------


def _declare(document: Json, users: list[Any], strict: list[Any]) -> None:
    """Raise the declared extensions that 1.1.0 goes with, and leave out those of which nothing is left.

    Args:
        document: whose `stac_extensions` is replaced.
        users: objects in which a field is a use of an extension.
        strict: objects in which the new version refuses the old fields.
    """
    declared = document.get("stac_extensions")
    if not isinstance(declared, list):
        return
    result: list[Any] = []
    for url in declared:
        raised = _raised(document, url, users, strict)
        if raised is not _NONE and not (isinstance(raised, str) and raised in result):
            result.append(raised)
    document["stac_extensions"] = result


def _raised(document: Json, url: Any, users: list[Any], strict: list[Any]) -> Any:
    match = _OLD.fullmatch(url) if isinstance(url, str) and url.startswith(_RAISABLE) else None
    if match is None:
        return url
    name = match.group(1)
    if name == "item-assets":
        return _NONE if document.get("type") == "Collection" else url
    old = _OLD_FIELDS[name]
    for fields in strict:
        if type(fields) is dict and old in fields:
            return url
    used = name == "projection" or any(_uses(fields, _NEW_FIELDS[name]) for fields in users)
    return _RAISED[name] if used else _NONE


def _declares_models(document: Json) -> bool:
    """Tell whether an item describes a model by mlm, which in 1.1.0 looks for bands in the item's properties only."""
    declared = document.get("stac_extensions")
    return isinstance(declared, list) and any(isinstance(url, str) and _MODELS.fullmatch(url) for url in declared)


def _uses(fields: Any, names: frozenset[str]) -> bool:
    if not isinstance(fields, dict):
        return False
    if not names.isdisjoint(fields):
        return True
    bands = fields.get("bands")
    return isinstance(bands, list) and any(type(band) is dict and not names.isdisjoint(band) for band in bands)
