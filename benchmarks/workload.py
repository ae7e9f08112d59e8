"""What is built in every case: tables of records in the shape of real STAC items, 4 KB each, and a recipe for them.

The records are made of real seed items with a tool beside the repository; where that is not there, of one item written
down here, so that figures of the two are not to be compared. 10,000 records a file; one collection; the mapping takes
id, geometry, datetime, some twenty properties and three assets; every item is validated against STAC 1.1.0.
Nothing here is timed.
"""

import importlib.util
import itertools
import re
import sys
import types
from pathlib import Path

import msgspec

SHARD = 10_000
SHARED = Path(__file__).resolve().parents[2] / "shared"
MAKER = SHARED / "tools" / "synth_items.py"
SEEDS = SHARED / "data" / "synth_seeds.ndjson"
SEED_BYTES = range(2_000, 10_000)
VARIANTS = ("ndjson", "ndjson+stac-json")
COLLECTION = "scenes"
SUMMARIES = ("platform", "gsd", "eo:cloud_cover")
TAKEN = (
    *("constellation", "instruments", "view:off_nadir", "view:sun_azimuth", "view:sun_elevation"),
    *("proj:shape", "proj:transform", "proj:bbox", "grid:code", "sat:orbit_state"),
)
"""Properties that are taken as they are, where a record has them."""

RECIPE = """
[catalog]
id = "bench"
description = "Made to be measured"

[sources.records]
kind = "table"
path = "data/*.ndjson"
key = "id"

[mappings.scene]
id = "id"
geometry = { geojson = "geometry" }
datetime = "properties.datetime"
[mappings.scene.properties]
platform = { from = "properties.platform", default = "unknown" }
gsd = { from = "properties.gsd", as = "number", default = 10 }
"eo:cloud_cover" = { from = "properties.eo:cloud_cover", as = "number", default = 0 }
"proj:code" = { template = "EPSG:{properties.proj:epsg}", required = false }
created = { from = "properties.created", as = "datetime", required = false }
updated = { from = "properties.updated", as = "datetime", required = false }
license = { value = "CC-BY-4.0" }
"processing:software" = { value = { bench = "1" } }
origin = "collection"
%(taken)s
[mappings.scene.assets.data]
href = { template = "https://data.example.com/{collection}/{id}.tif" }
type = { value = "image/tiff; application=geotiff; profile=cloud-optimized" }
title = { value = "All bands" }
roles = { value = ["data"] }
[mappings.scene.assets.thumbnail]
href = { from = "assets.thumbnail.href", required = false }
type = { from = "assets.thumbnail.type", default = "image/png" }
roles = { value = ["thumbnail"] }
[mappings.scene.assets.metadata]
href = { template = "https://data.example.com/{collection}/{id}.json" }
type = { value = "application/json" }
roles = { value = ["metadata"] }

[collections.scenes]
from = ["records"]
mapping = "scene"
description = "Made to be measured"
license = "CC-BY-4.0"
summaries = ["platform", "gsd", "eo:cloud_cover"]

[outputs.lines]
kind = "ndjson"
path = "dist/{collection}.ndjson"
"""
SITE = """
[outputs.site]
kind = "stac-json"
path = "dist/site"
"""
BUILD = """
[build]
jobs = %d
"""


def recipe(variant, jobs):
    """Return the recipe's text."""
    taken = "\n".join(f'"{name}" = {{ from = "properties.{name}", required = false }}' for name in TAKEN)
    return RECIPE % {"taken": taken} + (SITE if "stac-json" in variant else "") + BUILD % jobs


def make(folder, number):
    """Write `number` records below `folder` and return what they are: files, bytes, and of what they were made."""
    folder.mkdir(parents=True)
    item, origin = _maker()
    size, files = 0, []
    for start in range(0, number, SHARD):
        files.append(folder / f"{start // SHARD:03}.ndjson")
        with files[-1].open("wb") as stream:
            size += sum(stream.write(item(i)) for i in range(start, min(start + SHARD, number)))
    return {"records": number, "files": len(files), "bytes_per_record": round(size / number), "made_of": origin}


def _maker():
    """Return the function number → record as a line, and in words what it makes it of."""
    if not (MAKER.exists() and SEEDS.exists()):
        return _own, "one item written down in benchmarks/workload.py"
    if importlib.util.find_spec("orjson") is None:  # the tool wants it; what it uses of it is two functions
        stand_in = types.ModuleType("orjson")
        stand_in.loads, stand_in.dumps = msgspec.json.decode, msgspec.json.encode
        sys.modules["orjson"] = stand_in
    spec = importlib.util.spec_from_file_location("synth_items", MAKER)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    seeds = [seed for line in SEEDS.read_bytes().splitlines() if usable(seed := msgspec.json.decode(line), len(line))]
    for seed in seeds:
        wind(seed["geometry"])
    made = [tool.Seed(seed) for seed in seeds]

    def item(number):
        chance = tool.mix(0x1_0000_0000 + number)
        seed = made[(chance >> 32) % len(made)]
        return seed.make(number, chance, seed.collection)

    return item, f"{len(seeds)} real items"


def usable(seed, size):
    """Tell whether every record made of `seed` maps, validates and has a plain file name."""
    thumbnail = seed.get("assets", {}).get("thumbnail", {}).get("href", "https://")
    return (
        size in SEED_BYTES
        and re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{2,79}", seed["id"]) is not None
        and seed.get("collection") is not None
        and seed["properties"].get("datetime") is not None
        and on_earth((seed.get("geometry") or {}).get("coordinates"))
        and thumbnail.startswith("https://")
    )


def wind(geometry):
    """Turn rings as RFC 7946 wants them, exterior ones against the clock: stacbuild would, and the script does not."""
    parts = {"Polygon": [geometry["coordinates"]], "MultiPolygon": geometry["coordinates"]}
    for part in parts.get(geometry["type"], []):
        for number, ring in enumerate(part):
            pairs = itertools.pairwise(ring)
            area = sum(one[0] * other[1] - other[0] * one[1] for one, other in pairs)
            if (area > 0) != (number == 0):
                ring.reverse()


def on_earth(coordinates):
    """Tell whether all positions are within lon/lat; some real items have metres there."""
    if not coordinates:
        return False
    if isinstance(coordinates[0], list):
        return all(map(on_earth, coordinates))
    return abs(coordinates[0]) <= 180 and abs(coordinates[1]) <= 90


def _own(number):
    """Return record `number` of a made-up mission."""
    west, south = number * 7919 % 35_000 / 100 - 175, number * 104_729 % 14_000 / 100 - 70
    east, north = round(west + 1.2, 2), round(south + 1.1, 2)
    identity = f"MADE_{number % 60:02}UXV_{number:08}"
    day = f"20{10 + number % 15}-{1 + number % 12:02}-{1 + number % 28:02}T10:{number % 60:02}:31.123Z"
    bands = {
        f"B{band:02}": {
            "href": f"https://data.example.com/{identity}/B{band:02}.tif",
            "type": "image/tiff; application=geotiff; profile=cloud-optimized",
            "title": f"Band {band} of thirteen, calibrated",
            "roles": ["data"],
            "eo:bands": [{"name": f"B{band:02}", "center_wavelength": 0.4 + band / 10}],
        }
        for band in range(1, 13)
    }
    return msgspec.json.encode({
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": identity,
        "collection": "made",
        "geometry": {
            "type": "Polygon",
            "coordinates": [[[west, south], [east, south], [east, north], [west, north], [west, south]]],
        },
        "bbox": [west, south, east, north],
        "properties": {
            "datetime": day, "created": day, "updated": day, "platform": "made-2a", "constellation": "made",
            "instruments": ["msi"], "gsd": 10, "eo:cloud_cover": number % 1000 / 10, "view:sun_azimuth": number % 360,
            "view:sun_elevation": number % 90, "view:off_nadir": 0, "grid:code": f"MGRS-{number % 60:02}UXV",
            "proj:epsg": 32600 + number % 60, "proj:shape": [10980, 10980], "sat:orbit_state": "descending",
            "proj:transform": [10, 0, 399960, 0, -10, 4200000],
        },
        "assets": {"thumbnail": {"href": f"https://data.example.com/{identity}.png", "type": "image/png"}, **bands},
        "links": [
            {"rel": rel, "href": f"https://data.example.com/{rel}/{identity}.json", "type": "application/json"}
            for rel in ("self", "canonical", "derived_from", "via", "root", "parent", "collection")
        ],
    }) + b"\n"  # fmt: skip


# --- changes


def change_record(data):
    """Change one record in the middle of the first file, to something that it never was."""
    file = min(data.glob("*.ndjson"))
    lines = file.read_bytes().splitlines(keepends=True)
    middle = len(lines) // 2
    record = msgspec.json.decode(lines[middle])
    record["properties"]["eo:cloud_cover"] = (record["properties"].get("eo:cloud_cover") or 0) + 0.01
    lines[middle] = msgspec.json.encode(record) + b"\n"
    file.write_bytes(b"".join(lines))


def change_mapping(text, turn):
    """Return the recipe with another constant in one property: every item is made and judged again."""
    changed = text.replace('bench = "1"', f'bench = "1.{turn}"')
    assert changed != text
    return changed
