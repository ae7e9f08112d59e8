"""What is built: shards of records of eight collections, and the recipe for them. Nothing here is timed.

A shard is a file of at most SHARD records of one collection, in no order. The recipe lays a mapping over them that sets
two fields, applies two extensions, judges every item by core and extension schemas, and writes what `outputs` says.
Each collection has a mapping of its own, so that one of them can be changed alone.
"""

from pathlib import Path

from benchmarks import forms, missions, seeds

SHARD = 10_000
SCHEMAS = seeds.SHARED / "schemas"

HEAD = """
[catalog]
id = "bench"
description = "Made to be measured"
stac-version = "keep"

[extensions.mirrors]
use = "alternate-assets"
alternates.mirror = { href = "https://mirror.example.com/{path}", name = "Mirror" }

[extensions.edition]
use = "version"
version = "1.0"

[validation]
schemas = ["%(schemas)s"]

[build]
jobs = %(jobs)d
"""
COLLECTION = """
[sources.%(name)s]
kind = "stac-items"
path = "data/%(name)s/%(files)s"

[mappings.%(name)s.properties]
license = { value = "CC-BY-4.0" }
"bench:origin" = { template = "urn:bench:{collection}:{id}" }

[collections.%(name)s]
from = ["%(name)s"]
mapping = "%(name)s"
extensions = ["mirrors", "edition"]
description = "Made to be measured"
license = "CC-BY-4.0"
"""
OUTPUTS = {
    "ndjson": """
[outputs.lines]
kind = "ndjson"
path = "dist/{collection}.ndjson"
""",
    "geoparquet": """
[outputs.table]
kind = "geoparquet"
path = "dist/{collection}.parquet"
""",
    "months": """
[outputs.table]
kind = "geoparquet"
path = "dist/{collection}/{year}-{month}.parquet"
""",
    "site": """
[outputs.site]
kind = "stac-json"
path = "dist/site"
layout = "{collection}/{year}/{month}/{id}.json"
""",
}


def make(folder, number, *, real=True):
    """Write `number` records below folder/data, and schemas if the seeds are made up; return what they are."""
    collections, origin = seeds.seeds(real=real)
    size = files = 0
    for place, (name, items) in enumerate(collections.items()):
        mine = range(place, number, len(collections))
        for start in range(0, len(mine), SHARD):
            shard = folder / "data" / name / f"{start // SHARD:03}.ndjson"
            shard.parent.mkdir(parents=True, exist_ok=True)
            size += _write(shard, [forms.Form(item) for item in items], mine[start : start + SHARD])
            files += 1
    if origin == seeds.MADE_UP:
        missions.write_schemas(folder / "schemas")
    return {
        "records": number,
        "collections": list(collections),
        "shards": files,
        "bytes_per_record": round(size / number),
        "files": "*.ndjson",
        "made_of": origin,
    }


def _write(shard, made, numbers):
    with shard.open("wb") as stream:
        return sum(stream.write(made[number // 8 % len(made)].fill(number)) for number in numbers)


def schemas(folder):
    """Return the folder of the extensions' schemas."""
    own = Path(folder) / "schemas"
    return own if own.exists() else SCHEMAS


def recipe(folder, collections, outputs, *, jobs=2, files="*.ndjson"):
    """Return a recipe's text; `outputs` are names of OUTPUTS."""
    text = HEAD % {"schemas": schemas(folder), "jobs": jobs}
    text += "".join(COLLECTION % {"name": name, "files": files} for name in collections)
    return text + "".join(OUTPUTS[name] for name in outputs)
