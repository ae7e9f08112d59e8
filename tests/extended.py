"""One item, and one extension applied to it as a build does it: for tests of what is built in."""

import copy
from pathlib import Path

import msgspec
import pytest

from stacbuild.failures import ItemError
from stacbuild.reading import Reader
from stacbuild.recipe import schema
from stacbuild.recipe.extension_tables import Extension
from stacbuild.stages.extend import Applied
from stacbuild.stages.judge import Judge
from stacbuild.stages.schemas import SchemaStore
from stacbuild.times import Times

REAL = Path(__file__).parents[2] / "shared/data/schemas"
BASE = "https://stac-extensions.github.io"
CID = "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi"
OTHER_CID = "QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG"
PIECE = f"baga6ea4seaq{'a' * 53}"
ITEM = {
    "type": "Feature",
    "stac_version": "1.1.0",
    "id": "a",
    "geometry": {"type": "Polygon", "coordinates": [[[20, 60], [21, 60], [21, 61], [20, 61], [20, 60]]]},
    "bbox": [20, 60, 21, 61],
    "properties": {"datetime": "2024-01-01T00:00:00Z", "platform": "one", "clouds": 12.5, "count": 3},
    "links": [],
    "assets": {
        "data": {"href": "data/a.tif", "roles": ["data"]},
        "thumb": {"href": "https://example.com/x/a.png?size=3", "type": "image/png"},
    },
    "collection": "c",
}
COLLECTION = {
    "type": "Collection",
    "stac_version": "1.1.0",
    "id": "c",
    "description": "A collection",
    "license": "other",
    "extent": {"spatial": {"bbox": [[20, 60, 21, 61]]}, "temporal": {"interval": [["2024-01-01T00:00:00Z", None]]}},
    "links": [],
}


def changed(properties=None, document=ITEM, **members):
    """Return a document with members, and properties, put in; `...` takes one out."""
    made = copy.deepcopy(document) | copy.deepcopy(members)
    if properties is not None:
        made["properties"] = {**made["properties"], **properties}
        made["properties"] = {name: value for name, value in made["properties"].items() if value is not ...}
    return {name: value for name, value in made.items() if value is not ...}


def applier(table):
    """Return what applies an extension's table, as a recipe has it."""
    document = schema.Document(
        catalog=schema.Catalog(id="x"), extensions={"one": msgspec.convert(table, type=Extension)}
    )
    return Applied(document, "one")


def applied(table, item=ITEM, root=".", times=None):
    """Return a document with an extension applied, by its table as a recipe has it."""
    return applier(table).to(item, Reader(Path(root)), times or Times(1_700_000_000))


def refused(table, item=ITEM, root="."):
    """Return the error of an extension that cannot be applied."""
    with pytest.raises(ItemError) as caught:
        applied(table, item, root)
    return caught.value


def verdict(item):
    """Return what the published schemas say of an item, as validate sees it: with its collection link."""
    judge = Judge(SchemaStore([REAL], {}), missing="fail")
    link = {"rel": "collection", "href": "./c/collection.json", "type": "application/json"}
    found = judge.judge({**item, "links": [link, *item["links"]]})
    return [(fault.path, fault.message) for fault in found.faults]
