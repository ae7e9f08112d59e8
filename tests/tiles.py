"""A catalog with every kind of output, over four small rasters and some odd items: what other programs are tried on.

`tiles`: a mosaic of 2 x 2 rasters in EPSG:32633, each an item of a table, with file, proj-compat and alternates.
`odd`: items of STAC 1.0.0 as they come: without geometry, over a span of time, with ids that are no file names.
"""

import copy
import json
from pathlib import Path

import pytest
from kitchen import Kitchen

DATA = Path(__file__).parents[2] / "shared/data"
SCHEMAS = DATA / "schemas"
SIDE = 8
"""Pixels along a raster's edge."""
CELL = 10.0
"""Metres along a pixel's edge."""
WEST, NORTH = 500_000.0, 6_200_000.0
DAYS = ("2023-12-31", "2024-01-01", "2024-01-02", "2024-02-29")
NAMES = [f"t{number}" for number in range(4)]
ODD = ["a/b", "nowhere", "span", "ä"]
TABLES = {
    "sources": {
        "rows": {"kind": "table", "path": "tiles.csv", "key": "name"},
        "odd": {"kind": "stac-items", "path": "odd/*.json"},
    },
    "mappings": {
        "tile": {
            "id": "name",
            "geometry": {"bbox": ["w", "s", "e", "n"], "crs": "EPSG:32633"},
            "datetime": {"from": "day", "as": "datetime"},
            "properties": {
                "title": {"template": "Tile {name}"},
                "gsd": {"value": CELL},
                "proj:code": {"value": "EPSG:32633"},
                "proj:shape": {"value": [SIDE, SIDE]},
                "proj:transform": {"from": "transform", "as": "array"},
            },
            "assets": {
                "data": {
                    "href": {"template": "img/{name}.tif"},
                    "type": {"value": "image/tiff; application=geotiff"},
                    "roles": {"value": ["data"]},
                }
            },
        }
    },
    "extensions": {
        "mirrors": {
            "use": "alternate-assets",
            "alternates": {"mirror": {"href": "https://mirror.example.com/{path}", "name": "Mirror"}},
        },
        "files": {"use": "file"},
        "epsg": {"use": "proj-compat"},
    },
    "collections": {
        "tiles": {
            "from": ["rows"],
            "mapping": "tile",
            "extensions": ["files", "epsg", "mirrors"],
            "title": "Tiles",
            "description": "Four rasters, side by side",
            "license": "CC0-1.0",
            "keywords": ["tiles"],
            "providers": [{"name": "Us", "roles": ["producer", "host"], "url": "https://example.com"}],
            "summaries": ["gsd"],
        },
        "odd": {"from": ["odd"], "title": "Odd", "description": "Items as they come", "license": "CC0-1.0"},
    },
    "outputs": {
        "site": {
            "kind": "stac-json",
            "path": "dist/site",
            "layout": "{collection}/{year}/{id}.json",
            "collections-file": True,
            "readme": True,
            "mirror": "table",
        },
        "table": {"kind": "geoparquet", "path": "dist/site/{collection}/items.parquet"},
        "lines": {"kind": "ndjson", "path": "dist/{collection}.ndjson", "hrefs": "as-is"},
        "features": {"kind": "item-collection", "path": "dist/{collection}.geojson", "hrefs": "as-is"},
    },
}


def built(folder):
    """Build the catalog in a folder and return its kitchen."""
    (folder / "img").mkdir(parents=True)
    kitchen = Kitchen(folder, None, **copy.deepcopy(TABLES))
    kitchen.recipe["catalog"] |= {"title": "Tiles and oddities"}
    if SCHEMAS.is_dir():
        kitchen.recipe["validation"] = {"schemas": [str(SCHEMAS)], "missing-schemas": "fail"}
    kitchen.save()
    kitchen.write("tiles.csv", "name,day,w,s,e,n,transform\n" + "".join(map(_line, range(4))))
    for number in range(4):
        _raster(folder / f"img/{NAMES[number]}.tif", number)
    for number, item in enumerate(odd_items()):
        kitchen.write(f"odd/{number}.json", json.dumps(item))
    kitchen.build()
    return kitchen


def place(number):
    """Return west and north of a raster, in metres."""
    return WEST + SIDE * CELL * (number % 2), NORTH - SIDE * CELL * (number // 2)


def mosaic():
    """Return the pixels of all rasters side by side, as lists of rows: no two are alike."""
    return [[_pixel(row, column) for column in range(2 * SIDE)] for row in range(2 * SIDE)]


def odd_items():
    """Return items of STAC 1.0.0 that are valid and unlike one another."""
    point = {"type": "Point", "coordinates": [24.1, 56.9, 12.5]}
    plain = {"datetime": "2021-05-06T07:08:09.123456Z", "note": "ünï", "count": 3}
    span = {"datetime": None, "start_datetime": "2020-01-01T00:00:00Z", "end_datetime": "2020-12-31T23:59:59Z"}
    across = {"type": "MultiPolygon", "coordinates": [[_box(170, 180)], [_box(-180, -170)]]}
    return [
        _item("a/b", point, [24.1, 56.9, 12.5, 24.1, 56.9, 12.5], plain),
        _item("nowhere", None, None, {"datetime": "2021-01-01T00:00:00Z", "count": 2.5, "deep": {"a": [1, None]}}),
        _item("span", across, [170.0, -10.0, -170.0, 10.0], span),
        _item("ä", {"type": "Point", "coordinates": [0.0, 0.0]}, [0.0, 0.0, 0.0, 0.0], plain | {"empty": {}}),
    ]


def _item(name, geometry, bbox, properties):
    assets = {"data": {"href": "https://example.com/a.tif", "title": name}}
    found = {"type": "Feature", "stac_version": "1.0.0", "stac_extensions": [], "id": name, "geometry": geometry}
    found |= {"properties": properties, "links": [], "assets": assets}
    return found if bbox is None else {**found, "bbox": bbox}


def _box(west, east):
    return [[west, -10.0], [east, -10.0], [east, 10.0], [west, 10.0], [west, -10.0]]


def _line(number):
    west, north = place(number)
    east, south = west + SIDE * CELL, north - SIDE * CELL
    transform = f'"[{CELL}, 0, {west}, 0, -{CELL}, {north}]"'
    return f"{NAMES[number]},{DAYS[number]},{west},{south},{east},{north},{transform}\n"


def _pixel(row, column):
    return 1 + row * 2 * SIDE + column


def _raster(path, number):
    rasterio = pytest.importorskip("rasterio", reason="not installed: pip install 'stacbuild[test]'")
    array = pytest.importorskip("numpy").array
    west, north = place(number)
    top, left = SIDE * (number // 2), SIDE * (number % 2)
    pixels = [[_pixel(top + row, left + column) for column in range(SIDE)] for row in range(SIDE)]
    profile = {"driver": "GTiff", "height": SIDE, "width": SIDE, "count": 1, "dtype": "uint16", "crs": "EPSG:32633"}
    with rasterio.open(path, "w", transform=rasterio.Affine(CELL, 0, west, 0, -CELL, north), **profile) as file:
        file.write(array([pixels], dtype="uint16"))
