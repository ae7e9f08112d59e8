"""What stacbuild is compared with: a straight-line script that writes the same files, without any memory or store.

    python straight.py FOLDER [stac-json] [two]

Reads FOLDER/data/*.ndjson and writes FOLDER/straight: an item a line, and with `stac-json` a file an item, collection
and catalog too. It is written as one would who knows this one catalog and wants it fast: msgspec decodes, the item is
put together by hand, jsonschema-rs validates with the compiled core schemas, msgspec encodes; each item is dropped
before the next is made. What it leaves out is what stacbuild is for: no record of what was made from what, no check of
duplicate ids, an error ends it, files are written in place and not synced, items stay in the order of their records.
Its time goes to decoding (a third), encoding, the schema, and with `stac-json` to making folders and files (the most).
`two` does the same in two processes, a table file at a time: for information, ratios are against one process.
"""

import datetime as dt
import gc
import json
import multiprocessing
import sys
from pathlib import Path

import jsonschema_rs
import msgspec
import pystac

TAKEN = (
    *("constellation", "instruments", "view:off_nadir", "view:sun_azimuth", "view:sun_elevation"),
    *("proj:shape", "proj:transform", "proj:bbox", "grid:code", "sat:orbit_state"),
)
CORE = "https://schemas.stacspec.org/v1.1.0/item-spec/json-schema/item.json"
COG = "image/tiff; application=geotiff; profile=cloud-optimized"
JSON = "application/json"
GEOJSON = "application/geo+json"
LINK = {"rel": "collection", "href": "./scenes/collection.json", "type": JSON}
SITE_LINKS = [
    {"rel": "root", "href": "../../catalog.json", "type": JSON},
    {"rel": "parent", "href": "../collection.json", "type": JSON},
    {"rel": "collection", "href": "../collection.json", "type": JSON},
]
SUMMARIES = ("platform", "gsd", "eo:cloud_cover")
ASSET_FIELDS = ("title", "type", "roles")

decode = msgspec.json.decode
encode = msgspec.json.Encoder().encode


def core_validator():
    """Return the compiled validator of items, with schemas from pystac's wheel."""
    folder = Path(pystac.__file__).parent / "validation" / "jsonschemas"
    schemas = {f"https://geojson.org/schema/{file.name}": file for file in folder.glob("geojson/*.json")}
    for file in folder.glob("stac-spec/v1.1.0/*.json"):
        schemas[f"https://schemas.stacspec.org/v1.1.0/item-spec/json-schema/{file.name}"] = file
    documents = {}
    for url, file in schemas.items():
        documents[url] = {**json.loads(file.read_text()), "$id": url}
        without_formats(documents[url])
    resource = getattr(jsonschema_rs, "Resource", None)  # of older versions
    wrap = resource.from_contents if resource else lambda document: document
    registry = jsonschema_rs.Registry([(url, wrap(document)) for url, document in documents.items()])
    return jsonschema_rs.validator_for(documents[CORE], registry=registry, validate_formats=True)


def without_formats(part):
    """Take out every format but date-time: libraries disagree about the others."""
    if isinstance(part, dict):
        if isinstance(part.get("format"), str) and part["format"] != "date-time":
            del part["format"]
        for member in part.values():
            without_formats(member)
    elif isinstance(part, list):
        for member in part:
            without_formats(member)


def moment(text):
    """Return a datetime in UTC with Z."""
    found = dt.datetime.fromisoformat(text)
    if found.utcoffset():
        found = found.astimezone(dt.UTC)
    written = found.replace(tzinfo=None).isoformat()
    return (written.rstrip("0") if found.microsecond else written) + "Z"


def box_of(coordinates):
    """Return west, south, east, north of coordinates nested anyhow."""
    positions = coordinates
    while isinstance(positions[0][0], list):
        positions = [position for part in positions for position in part]
    eastings = [position[0] for position in positions]
    northings = [position[1] for position in positions]
    return [min(eastings), min(northings), max(eastings), max(northings)]


def item_of(record):
    """Return the item of a record."""
    identity, origin, given = record["id"], record["collection"], record["properties"]
    cloud, gsd = given.get("eo:cloud_cover"), given.get("gsd")
    properties = {
        "datetime": moment(given["datetime"]),
        "platform": given.get("platform") or "unknown",
        "gsd": 10 if gsd is None else gsd,
        "eo:cloud_cover": 0 if cloud is None else cloud,
        "license": "CC-BY-4.0",
        "processing:software": {"bench": "1"},
        "origin": origin,
    }
    if given.get("proj:epsg") is not None:
        properties["proj:code"] = f"EPSG:{given['proj:epsg']}"
    for name in ("created", "updated"):
        if given.get(name) is not None:
            properties[name] = moment(given[name])
    for name in TAKEN:
        value = given.get(name)
        if value is not None:
            properties[name] = value
    assets = {
        "data": {
            "href": f"https://data.example.com/{origin}/{identity}.tif",
            "type": COG,
            "title": "All bands",
            "roles": ["data"],
        },
        "metadata": {
            "href": f"https://data.example.com/{origin}/{identity}.json",
            "type": JSON,
            "roles": ["metadata"],
        },
    }
    thumbnail = record["assets"].get("thumbnail")
    if thumbnail is not None:
        kind = thumbnail.get("type") or "image/png"
        assets["thumbnail"] = {"href": thumbnail["href"], "type": kind, "roles": ["thumbnail"]}
    geometry = record["geometry"]
    return {
        "type": "Feature",
        "stac_version": "1.1.0",
        "stac_extensions": [],
        "id": identity,
        "geometry": {"type": geometry["type"], "coordinates": geometry["coordinates"]},
        "bbox": box_of(geometry["coordinates"]),
        "properties": properties,
        "links": [LINK],
        "assets": assets,
        "collection": "scenes",
    }


class Totals:
    """What the collection says of its items."""

    def __init__(self):
        self.ids = []
        self.box = [180.0, 90.0, -180.0, -90.0]
        self.start, self.end = "9", ""
        self.values = {name: set() for name in SUMMARIES}
        self.assets = {}

    def add(self, item):
        self.ids.append(item["id"])
        self.widen(item["bbox"], item["properties"]["datetime"], item["properties"]["datetime"])
        for name, values in self.values.items():
            values.add(item["properties"][name])
        for name, asset in item["assets"].items():
            self.share(name, {field: asset[field] for field in ASSET_FIELDS if field in asset})

    def widen(self, box, start, end):
        mine = self.box
        if box[0] < mine[0] or box[1] < mine[1] or box[2] > mine[2] or box[3] > mine[3]:
            self.box = [*map(min, mine[:2], box[:2]), *map(max, mine[2:], box[2:])]
        self.start, self.end = min(self.start, start), max(self.end, end)

    def share(self, name, fields):
        known = self.assets.get(name)
        if known is None:
            self.assets[name] = fields
        elif known != fields:
            self.assets[name] = {field: value for field, value in known.items() if fields.get(field) == value}

    def merge(self, other):
        self.ids += other.ids
        self.widen(other.box, other.start, other.end)
        for name, values in other.values.items():
            self.values[name] |= values
        for name, fields in other.assets.items():
            self.share(name, fields)

    def collection(self):
        numbers = {"gsd", "eo:cloud_cover"}
        summaries = {
            name: {"minimum": min(values), "maximum": max(values)} if name in numbers else sorted(values)
            for name, values in self.values.items()
        }
        links = [
            {"rel": "root", "href": "../catalog.json", "type": JSON},
            {"rel": "parent", "href": "../catalog.json", "type": JSON},
        ]
        links += [{"rel": "item", "href": f"./{i}/{i}.json", "type": GEOJSON, "title": i} for i in self.ids]
        return {
            "type": "Collection",
            "stac_version": "1.1.0",
            "id": "scenes",
            "title": "scenes",
            "description": "Made to be measured",
            "license": "CC-BY-4.0",
            "extent": {"spatial": {"bbox": [self.box]}, "temporal": {"interval": [[self.start, self.end]]}},
            "summaries": summaries,
            "links": links,
            "item_assets": {name: fields for name, fields in self.assets.items() if len(fields) > 1},
        }


CATALOG = {
    "type": "Catalog",
    "stac_version": "1.1.0",
    "id": "bench",
    "description": "Made to be measured",
    "links": [
        {"rel": "root", "href": "./catalog.json", "type": JSON},
        {"rel": "child", "href": "./scenes/collection.json", "type": JSON, "title": "scenes"},
    ],
}


def work(files, lines, site):
    """Make the items of some table files; write them to the file `lines` and, each its own, below the folder `site`."""
    gc.freeze()
    gc.set_threshold(200_000, 50, 100)  # items have no cycles
    valid, totals = core_validator().is_valid, Totals()
    with lines.open("wb", buffering=1 << 20) as out:
        for file in files:
            with file.open("rb") as stream:
                for line in stream:
                    item = item_of(decode(line))
                    if not valid(item):
                        sys.exit(f"{item['id']} is not valid")
                    out.write(encode(item))
                    out.write(b"\n")
                    totals.add(item)
                    if site is not None:
                        write_item(site, item)
    return totals


def write_item(site, item):
    folder = f"{site}/scenes/{item['id']}"
    Path(folder).mkdir(parents=True)
    item["links"] = SITE_LINKS
    with open(f"{folder}/{item['id']}.json", "wb", buffering=0) as stream:  # noqa: PTH123
        stream.write(pretty(item))


def pretty(value):
    return msgspec.json.format(encode(value), indent=2) + b"\n"


def part(job):
    return work(*job)


def main(folder, site, processes):
    out = Path(folder, "straight")
    out.mkdir()
    files, lines, top = sorted(Path(folder, "data").glob("*.ndjson")), out / "scenes.ndjson", out / "site"
    if processes == 1:
        totals = work(files, lines, top if site else None)
    else:
        totals = Totals()
        parts = [out / f"part-{number}" for number in range(len(files))]
        jobs = [([file], mine, top if site else None) for file, mine in zip(files, parts, strict=True)]
        with multiprocessing.Pool(processes) as pool, lines.open("wb") as stream:
            for mine, found in zip(parts, pool.imap(part, jobs), strict=True):
                totals.merge(found)
                stream.write(mine.read_bytes())
                mine.unlink()
    if site:
        (top / "scenes" / "collection.json").write_bytes(pretty(totals.collection()))
        (top / "catalog.json").write_bytes(pretty(CATALOG))


if __name__ == "__main__":
    main(sys.argv[1], "stac-json" in sys.argv, 2 if "two" in sys.argv else 1)
