"""What records are made of: a few items of each of eight collections, as real catalogs have them.

Where the repository of data lies beside this one they are real items, chosen so that their mean is some 5 KB and four
extensions; else they are of made-up missions (missions.py), of the same size and richness: figures of the two are not
to be compared. In both, links that say where an item stands in its old catalog are gone, hrefs are absolute, and rings
run as RFC 7946 wants them, so that the straight-line script need not know of these things.
"""

import itertools
import re
from pathlib import Path

import msgspec

from benchmarks import missions

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
SEEDS = SHARED / "synth_seeds.ndjson"
REAL = {
    "naip": "naip",
    "sentinel-2": "sentinel-s2-l2a-cogs",
    "fusion": "planet/fusion/14N/29E-188N",
    "goes": "goes-cmi",
    "cropland": "usda-cdl",
    "sentinel-1": "sentinel-1-grd",
    "worldcover": "esa-worldcover",
    "landsat": "landsat-c2-l1",
}
"""Collection here → there."""

MADE_UP = "made-up missions"
STRUCTURAL = {"self", "root", "parent", "collection", "child", "item", "items"}


def seeds(*, real=True):
    """Return collection → items, and in words what they are."""
    if not (real and SEEDS.exists()):
        return missions.seeds(), MADE_UP
    items = [msgspec.json.decode(line) for line in SEEDS.read_bytes().splitlines()]
    found = {name: [tidy(item, name) for item in items if fits(item, there)] for name, there in REAL.items()}
    return found, f"{sum(map(len, found.values()))} real items"


def fits(item, collection):
    """Tell whether an item is of `collection`, and as most are: on the earth, with a plain id."""
    return (
        item.get("collection") == collection
        and len(item.get("stac_extensions", ())) >= 2
        and re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{5,79}", item["id"]) is not None
        and on_earth((item.get("geometry") or {}).get("coordinates"))
    )


def tidy(item, collection):
    """Return an item without what was of its old place."""
    item["collection"] = collection
    item["links"] = [link for link in item["links"] if link["rel"] not in STRUCTURAL and "://" in link["href"]]
    for asset in item["assets"].values():
        if "://" not in asset["href"]:
            asset["href"] = f"https://data.example.com/{collection}/{asset['href'].lstrip('./')}"
    wind(item["geometry"])
    return item


def wind(geometry):
    """Turn rings as RFC 7946 wants them, exterior ones against the clock."""
    parts = {"Polygon": [geometry["coordinates"]], "MultiPolygon": geometry["coordinates"]}
    for part in parts.get(geometry["type"], []):
        for number, ring in enumerate(part):
            area = sum(one[0] * other[1] - other[0] * one[1] for one, other in itertools.pairwise(ring))
            if (area > 0) != (number == 0):
                ring.reverse()


def on_earth(coordinates):
    """Tell whether all positions are within lon/lat; some real items have metres there."""
    if not coordinates:
        return False
    if isinstance(coordinates[0], list):
        return all(map(on_earth, coordinates))
    return abs(coordinates[0]) <= 180 and abs(coordinates[1]) <= 90
