"""What is built: shards of records of eight collections, and the recipe for them. Nothing here is timed.

A shard is a file of at most SHARD records of one collection, in no order; or each record is a file. The recipe lays a
mapping over them that sets two fields, applies two extensions, judges every item by core and extension schemas, and
writes what `outputs` says. Each collection has a mapping of its own, so that one of them can be changed alone.
"""

import itertools
from pathlib import Path

from benchmarks import forms, missions, seeds

SHARD = 10_000
FOLDER = 1_000
"""Files of a record each in one folder."""

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
    "tree": """
[outputs.site]
kind = "stac-json"
path = "dist/site"
""",
}


def make(folder, number, *, real=True, single=False, collections=8):
    """Write `number` records below folder/data, and schemas if the seeds are made up; return what they are.

    With `single` each record is a file. With fewer `collections` the first are taken.
    """
    found, origin = seeds.seeds(real=real)
    found = dict(list(found.items())[:collections])
    write = _files if single else _shards
    size = files = 0
    for place, (name, items) in enumerate(found.items()):
        records = _records([forms.Form(item) for item in items], range(place, number, len(found)))
        written = write(folder / "data" / name, records)
        size, files = size + sum(written), files + len(written)
    if origin == seeds.MADE_UP:
        missions.write_schemas(folder / "schemas")
    return {
        "records": number,
        "collections": list(found),
        "files": files,
        "bytes_per_record": round(size / number),
        "made_of": origin,
    }


def _records(made, numbers):
    """Yield records as lines, from each form in turn."""
    for place, number in enumerate(numbers):
        yield made[place % len(made)].fill(number)


def _shards(folder, records):
    """Write shards and return their sizes."""
    folder.mkdir(parents=True)
    sizes = []
    while lines := list(itertools.islice(records, SHARD)):
        sizes.append((folder / f"{len(sizes):03}.ndjson").write_bytes(b"".join(lines)))
    return sizes


def _files(folder, records):
    """Write a file a record and return their sizes."""
    sizes = []
    for place, record in enumerate(records):
        within = folder / f"{place // FOLDER:03}"
        if place % FOLDER == 0:
            within.mkdir(parents=True)
        sizes.append((within / f"{place:06}.json").write_bytes(record))
    return sizes


def schemas(folder):
    """Return the folder of the extensions' schemas."""
    own = Path(folder) / "schemas"
    return own if own.exists() else SCHEMAS


def recipe(folder, collections, outputs, *, jobs=2, files="*.ndjson"):
    """Return a recipe's text; `outputs` are names of OUTPUTS, `files` is the glob of a collection's files."""
    text = HEAD % {"schemas": schemas(folder), "jobs": jobs}
    text += "".join(COLLECTION % {"name": name, "files": files} for name in collections)
    return text + "".join(OUTPUTS[name] for name in outputs)
