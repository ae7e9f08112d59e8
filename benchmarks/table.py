"""Records that are no items: a CSV table through a mapping that makes items of it, beside a script that does the same.

    python table.py FOLDER SCHEMAS

The script reads FOLDER/data/scenes.csv and writes FOLDER/straight/scenes.ndjson, as straight.py does it, on one
process. Its time goes to the csv module and to the schema.
"""

import csv
import datetime as dt
import sys
from pathlib import Path

import msgspec

HEAD = """
[catalog]
id = "bench"
description = "Made to be measured"

[sources.scenes]
kind = "table"
path = "data/*.csv"
key = "scene"

[mappings.scene]
id = { template = "{sensor}_{scene}" }
geometry = { bbox = ["west", "south", "east", "north"] }
datetime = { from = "acquired", as = "datetime", format = "%%d/%%m/%%Y %%H:%%M" }
[mappings.scene.properties]
platform = { from = "sensor", lookup = "sensors" }
gsd = { from = "res_cm", as = "number", scale = 0.01 }
"eo:cloud_cover" = { from = "cloud", as = "number", default = 0 }
"proj:code" = { template = "EPSG:{epsg}" }
instruments = { from = "instruments", split = ";" }
license = { value = "CC-BY-4.0" }
[mappings.scene.assets.data]
href = { template = "https://data.example.com/{sensor}/{scene}.tif" }
type = { value = "image/tiff; application=geotiff; profile=cloud-optimized" }
roles = { value = ["data"] }
[mappings.scene.assets.thumbnail]
href = "thumbnail"
type = { value = "image/png" }
roles = { value = ["thumbnail"] }
[mappings.scene.lookups.sensors]
A = "alder-1"
B = "birch-2"

[collections.scenes]
from = ["scenes"]
mapping = "scene"
description = "Made to be measured"
license = "CC-BY-4.0"

[build]
jobs = %(jobs)d
"""
PLATFORMS = {"A": "alder-1", "B": "birch-2"}
COLUMNS = ("scene", "sensor", "west", "south", "east", "north", "acquired", "res_cm", "cloud", "epsg", "instruments")
FIRST = dt.datetime(2016, 1, 1, tzinfo=dt.UTC)


def rows(number):
    """Yield the rows of a table."""
    yield *COLUMNS, "thumbnail"
    for place in range(number):
        west, south = (place * 7919 % 35_000 - 17_500) / 100, (place * 104_729 % 14_000 - 7_000) / 100
        scene = f"T{place % 60:02}UXV_{place * 2_654_435_761 % 2**32:08x}{place:x}"
        cloud = "" if place % 11 == 0 else place % 1000 / 10
        acquired = (FIRST + dt.timedelta(minutes=place * 37 % 4_000_000)).strftime("%d/%m/%Y %H:%M")
        box = (west, south, round(west + 1.2, 2), round(south + 1.1, 2))
        told = (acquired, 1000, cloud, 32600 + place % 60 + 1, "msi;olci")
        yield scene, "AB"[place % 2], *box, *told, f"https://data.example.com/{scene}.png"


def write(folder, number):
    """Write a table of `number` records and return its bytes."""
    folder.mkdir(parents=True)
    with (folder / "scenes.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows(rows(number))
    return (folder / "scenes.csv").stat().st_size


def change(folder, turn):
    """Change one row in the middle."""
    lines = (folder / "data" / "scenes.csv").read_text().splitlines(keepends=True)
    middle = len(lines) // 2
    cells = lines[middle].split(",")
    cells[COLUMNS.index("res_cm")] = str(900 + turn)
    lines[middle] = ",".join(cells)
    (folder / "data" / "scenes.csv").write_text("".join(lines))


# --- the script


def item_of(row):
    """Return the item of a row."""
    west, south, east, north = (float(row[name]) for name in ("west", "south", "east", "north"))
    moment = dt.datetime.strptime(row["acquired"], "%d/%m/%Y %H:%M").replace(tzinfo=dt.UTC)
    scene, sensor = row["scene"], row["sensor"]
    tiff = "image/tiff; application=geotiff; profile=cloud-optimized"
    return {
        "type": "Feature",
        "stac_version": "1.1.0",
        "stac_extensions": [],
        "id": f"{sensor}_{scene}",
        "geometry": {
            "type": "Polygon",
            "coordinates": [[[west, south], [east, south], [east, north], [west, north], [west, south]]],
        },
        "bbox": [west, south, east, north],
        "properties": {
            "datetime": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "platform": PLATFORMS[sensor],
            "gsd": float(row["res_cm"]) * 0.01,
            "eo:cloud_cover": float(row["cloud"]) if row["cloud"] else 0,
            "proj:code": f"EPSG:{row['epsg']}",
            "instruments": row["instruments"].split(";"),
            "license": "CC-BY-4.0",
        },
        "links": [{"rel": "collection", "href": "./scenes/collection.json", "type": "application/json"}],
        "assets": {
            "data": {"href": f"https://data.example.com/{sensor}/{scene}.tif", "type": tiff, "roles": ["data"]},
            "thumbnail": {"href": row["thumbnail"], "type": "image/png", "roles": ["thumbnail"]},
        },
        "collection": "scenes",
    }


def main(folder, schemas):
    from straight import Schemas  # noqa: PLC0415  run as a script, beside this one

    out, valid, encode = Path(folder, "straight"), Schemas(schemas).valid, msgspec.json.Encoder().encode
    out.mkdir()
    with Path(folder, "data", "scenes.csv").open(newline="") as stream, (out / "scenes.ndjson").open("wb") as lines:
        for row in csv.DictReader(stream):
            item = item_of(row)
            if not valid(item):
                sys.exit(f"{item['id']} is not valid")
            lines.write(encode(item))
            lines.write(b"\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
