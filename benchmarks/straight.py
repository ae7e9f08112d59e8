"""What stacbuild is compared with: a straight-line script that writes the same files, without any memory or store.

    python straight.py FOLDER PROCESSES SCHEMAS

Reads FOLDER/data/<collection>/*.ndjson and writes FOLDER/straight: of each collection an NDJSON and a GeoParquet file.
It is written as one would who knows this one catalog and wants it fast: msgspec decodes, fields are set by hand,
jsonschema-rs judges with the core schema and those of the extensions compiled into one, msgspec encodes, rustac's
streaming writer makes the table; a process takes a collection, the largest first. What it leaves out is what stacbuild
is for: no record of what was made from what, no look at ids that two items share, an error ends it, files are written
in place and not synced, items stay in the order of their records. Its time goes to rustac (three
quarters), decoding and the schemas.
"""

import asyncio
import functools
import gc
import json
import multiprocessing
import sys
from hashlib import sha256
from pathlib import Path

import jsonschema_rs
import msgspec
import pystac
import rustac

ALTERNATES = "https://stac-extensions.github.io/alternate-assets/v1.2.0/schema.json"
VERSION = "https://stac-extensions.github.io/version/v1.2.0/schema.json"
STRUCTURAL = {"self", "root", "parent", "collection", "child", "item", "items"}
BATCH = 10_000

decode = msgspec.json.decode
encode = msgspec.json.Encoder().encode


def changed(item):
    """Put into an item what the recipe puts in."""
    collection, properties = item["collection"], item["properties"]
    properties["license"] = "CC-BY-4.0"
    properties["bench:origin"] = f"urn:bench:{collection}:{item['id']}"
    properties["version"] = "1.0"
    for asset in item["assets"].values():
        path = asset["href"].partition("://")[2].partition("/")[2].partition("?")[0]
        mirror = {"href": f"https://mirror.example.com/{path}", "alternate:name": "Mirror"}
        asset["alternate"] = {**asset.get("alternate", {}), "mirror": mirror}
    declared = item.get("stac_extensions", [])
    item["stac_extensions"] = [*declared, *(url for url in (ALTERNATES, VERSION) if url not in declared)]
    kept = [link for link in item["links"] if link["rel"] not in STRUCTURAL]
    own = {"rel": "collection", "href": f"./{collection}/collection.json", "type": "application/json"}
    item["links"] = [own, *kept]


class Schemas:
    """Judges items; compiles a schema for each set of extensions that it meets."""

    def __init__(self, folder):
        self._folder = Path(folder)
        self._core = Path(pystac.__file__).parent / "validation" / "jsonschemas"
        self._known = {}

    def valid(self, item):
        extensions = tuple(item["stac_extensions"])
        judge = self._known.get((item["stac_version"], extensions))
        if judge is None:
            judge = self._known[item["stac_version"], extensions] = self._compiled(item["stac_version"], extensions)
        return judge(item)

    def _compiled(self, version, extensions):
        core = f"https://schemas.stacspec.org/v{version}/item-spec/json-schema/item.json"
        schema = {"allOf": [{"$ref": url} for url in (core, *extensions)]}
        return jsonschema_rs.validator_for(schema, retriever=self._found, validate_formats=True).is_valid

    def _found(self, url):
        place = url.partition("://")[2].partition("#")[0]
        document = json.loads(next(file for file in self._places(place) if file.exists()).read_text())
        document["$id"] = url
        without_formats(document)
        return document

    def _places(self, place):
        yield self._folder / place
        if place.startswith("geojson.org/"):
            yield self._core / "geojson" / place.rpartition("/")[2]
        if place.startswith("schemas.stacspec.org/v1.1.0/"):
            yield self._core / "stac-spec" / "v1.1.0" / place.rpartition("/")[2]


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


def items_of(folder, schemas, lines):
    """Yield the items of a collection, changed, judged and written to a file of lines."""
    for file in sorted(folder.glob("*.ndjson")):
        with file.open("rb") as stream:
            for line in stream:
                item = decode(line)
                changed(item)
                if not schemas.valid(item):
                    sys.exit(f"{item['id']} is not valid")
                blob = encode(item)
                sha256(blob).digest()
                lines.write(blob)
                lines.write(b"\n")
                yield item


async def work(folder, out, schemas):
    """Make the two files of one collection."""
    writer, batch = None, []

    async def flush():
        nonlocal writer
        if writer is None:
            writer = await rustac.GeoparquetWriter.open(batch, str(out / f"{folder.name}.parquet"))
        elif batch:
            await writer.write(batch)
        batch.clear()

    with (out / f"{folder.name}.ndjson").open("wb", buffering=1 << 20) as lines:
        for item in items_of(folder, schemas, lines):
            batch.append(item)
            if len(batch) == BATCH:
                await flush()
        await flush()
    await writer.finish()


def collection(folder, out, schemas):
    gc.freeze()
    gc.set_threshold(200_000, 50, 100)  # items have no cycles
    asyncio.run(work(folder, out, Schemas(schemas)))


def main(folder, processes, schemas):
    out = Path(folder, "straight").resolve()  # rustac takes a path as from /
    out.mkdir()
    folders = sorted(Path(folder, "data").iterdir(), key=size, reverse=True)
    each = functools.partial(collection, out=out, schemas=schemas)
    with multiprocessing.Pool(processes) as pool:
        for _ in pool.imap_unordered(each, folders):
            pass


def size(folder):
    return sum(file.stat().st_size for file in folder.iterdir())


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
