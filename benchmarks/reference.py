"""What else stacbuild is compared with: the libraries that one would take, an item at a time, on a sample.

    python reference.py FOLDER SCHEMAS NUMBER

Reads NUMBER items from the shards of FOLDER, as many of each collection, and does with them what the recipe does:
pystac reads an item, the fields and the alternate places are set on it, the reference validator (package stac-valid)
judges it with schemas on this disk, so that it does not ask the network, json writes the line, stac-geoparquet the
table. Prints microseconds of processor time an item of each, as JSON. The first items of each collection are not
counted: they fill the libraries' caches. pystac's time goes to copying dicts and to looking for migrations, the
validator's to resolving references anew for each item; one validator for all items would be faster, but of a second
item it says what it said of the first.
"""

import itertools
import json
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pystac
from stac_geoparquet.arrow import parse_stac_items_to_arrow, to_parquet
from stac_validator.utilities import set_schema_cache_size
from stac_validator.validate import StacValidate

WARM = 3
ALTERNATES = "https://stac-extensions.github.io/alternate-assets/v1.2.0/schema.json"
VERSION = "https://stac-extensions.github.io/version/v1.2.0/schema.json"


def schema_map(folder):
    """Return URL → file of every schema at hand; the core ones are pystac's where the folder has none."""
    core = Path(pystac.__file__).parent / "validation" / "jsonschemas"
    found = {f"https://geojson.org/schema/{file.name}": str(file) for file in core.glob("geojson/*.json")}
    for file in core.glob("stac-spec/v1.1.0/*.json"):
        found[f"https://schemas.stacspec.org/v1.1.0/item-spec/json-schema/{file.name}"] = str(file)
    return found | {f"https://{file.relative_to(folder)}": str(file) for file in folder.rglob("*.json")}


def through_pystac(document):
    """Return the item as the recipe makes it."""
    item = pystac.Item.from_dict(document, migrate=False)
    item.properties["license"] = "CC-BY-4.0"
    item.properties["bench:origin"] = f"urn:bench:{item.collection_id}:{item.id}"
    item.properties["version"] = "1.0"
    for asset in item.assets.values():
        href = f"https://mirror.example.com/{urlsplit(asset.href).path.lstrip('/')}"
        asset.extra_fields.setdefault("alternate", {})["mirror"] = {"href": href, "alternate:name": "Mirror"}
    item.stac_extensions += [url for url in (ALTERNATES, VERSION) if url not in item.stac_extensions]
    made = item.to_dict(include_self_link=False, transform_hrefs=False)
    made["links"].insert(0, {"rel": "collection", "href": f"./{item.collection_id}/collection.json"})
    return made


def sample(folder, number):
    """Yield the first items of each collection: WARM and those that are counted."""
    collections = sorted((folder / "data").iterdir())
    for place in collections:
        with min(place.iterdir()).open("rb") as stream:
            yield [json.loads(line) for line in itertools.islice(stream, WARM + number // len(collections))]


class Stopwatch:
    """Sums the processor time of each step; `running` is false while libraries warm up."""

    def __init__(self):
        self.spent, self.running = {}, False

    def time(self, name, do, value):
        began = time.process_time()
        done = do(value)
        if self.running:
            self.spent[name] = self.spent.get(name, 0.0) + time.process_time() - began
        return done


def main(folder, schemas, number):
    watch, schemas, counted = Stopwatch(), schema_map(schemas), 0
    set_schema_cache_size(len(schemas))

    def validated(item):
        validator = StacValidate(schema_map=dict(schemas))
        if not validator.validate_dict(item):
            sys.exit(f"{item['id']}: {validator.message}")
        return item

    def table(items):
        to_parquet(parse_stac_items_to_arrow(items), folder / "sample.parquet")

    for documents in sample(folder, number):
        items = []
        for place, document in enumerate(documents):
            watch.running = place >= WARM
            items.append(watch.time("stac-valid", validated, watch.time("pystac", through_pystac, document)))
            watch.time("json", json.dumps, items[-1])
        watch.time("stac-geoparquet", table, items[WARM:])
        counted += len(items) - WARM
    micros = {name: round(seconds / counted * 1e6) for name, seconds in watch.spent.items()}
    print(json.dumps({"items": counted, **micros, "all": sum(micros.values())}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
