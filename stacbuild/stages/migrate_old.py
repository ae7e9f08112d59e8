"""Documents of STAC 0.8 to 1.0.0-rc.4 as those of 1.0.0 with the extension versions of that time.

Done by pystac, which knows those versions; it is loaded by the first document that needs it. Its version is in no key:
so few are so old that not all shall be made again for a newer one. Never: a link followed.
"""

from __future__ import annotations

import re
from typing import Any

from stacbuild.failures import ItemError

CODES: dict[str, str] = {
    "SB229": "A document of a STAC version before 1.0.0 cannot be raised to what is written: the version is before "
    "0.8, or the document is not what its version asks for. Raise it with a tool of its time, or leave it out.",
}
"""Code → what it means and what to do."""

_OLDER = re.compile(r"0\.[0-9]+\.[0-9]+.*|1\.0\.0-.+")
_READ = re.compile(r"0\.[89]\.[0-9]+(-.+)?|1\.0\.0-(beta|rc)\.[0-9]+")


def is_older(version: str) -> bool:
    """Tell whether a version is one before 1.0.0."""
    return _OLDER.fullmatch(version) is not None


def upgrade(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document of before 1.0.0 as one of 1.0.0.

    Raises:
        ItemError: SB229, its version is not read, or it is not what its version asks for.
    """
    version = str(document["stac_version"])
    if _READ.fullmatch(version) is None:
        raise _refused(version, "only 0.8 and later are read")
    from pystac.serialization import identify_stac_object, migrate_to_latest  # noqa: PLC0415

    try:
        result: dict[str, Any] = migrate_to_latest(document, identify_stac_object(document))
        result |= {"type": str(result["type"]), "stac_version": "1.0.0"}
        return _with_bands_in_assets(result) if result["type"] == "Feature" else result
    except Exception as error:  # whatever a stranger's document does to another's code
        said = f"{type(error).__name__}: {error}"
        raise _refused(version, f"its fields are not those of that version (pystac says {said[:200]})") from error


def _with_bands_in_assets(item: dict[str, Any]) -> dict[str, Any]:
    """Return an item whose assets hold their bands: once they held the places of them in the item's properties."""
    bands = item["properties"].get("eo:bands")
    if not isinstance(bands, list):
        return item
    assets = {name: _with_bands(asset, bands) for name, asset in item["assets"].items()}
    return {**item, "assets": assets}


def _with_bands(asset: dict[str, Any], bands: list[Any]) -> dict[str, Any]:
    places = asset.get("eo:bands")
    if not isinstance(places, list) or not all(type(place) is int and 0 <= place < len(bands) for place in places):
        return asset
    return {**asset, "eo:bands": [bands[place] for place in places]}


def _refused(version: str, why: str) -> ItemError:
    message = f"an item of STAC {version} cannot be raised: {why}"
    return ItemError("SB229", message, "/stac_version", 'stac-version = "keep" in [catalog] leaves it as it is')
