"""A kitchen that clones what others made into each kind of output, and how what it wrote is read and compared.

What may differ, and why, stands in `sameness`.
"""

import contextlib
import json
import tarfile
from collections import defaultdict
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from kitchen import Kitchen, ran
from sameness import EXTENSIONS, OURS, expected, plain, tabled

from stacbuild import canon
from stacbuild.failures import ItemError
from stacbuild.recipe.schema import StacItemsSource
from stacbuild.sources import stac_items
from stacbuild.sources.base import Shard

DATA = Path(__file__).parents[2] / "shared/data"
SAFELY = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
"""Python before 3.11.4 has no filters."""
NONE = "unnamed"
"""The target of items that name no collection."""
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the real data is not beside this repository")


def clone(folder, path):
    """Return a kitchen that copies all items that lie in files of its folder, each to the collection that it names."""
    kitchen = Kitchen(folder, None)
    kitchen.recipe |= {
        "sources": {"given": {"kind": "stac-items", "path": path}},
        "mappings": {"named": {"collection": {"from": "collection", "default": NONE}}},
        "extensions": EXTENSIONS,
        "collections": {
            "*": {"from": ["given"], "mapping": "named", "extensions": list(EXTENSIONS), "on-duplicate": "last"}
        },
        "validation": {"level": "warn", "schemas": ["schemas"]},
    }
    if DATA.is_dir():
        kitchen.recipe["validation"]["schemas"].append(str(DATA / "schemas"))
    kitchen.recipe["outputs"]["lines"]["hrefs"] = "as-is"
    kitchen.recipe["outputs"]["table"] = {"kind": "geoparquet", "path": "dist/{collection}.parquet"}
    kitchen.write(
        f"schemas/{OURS.removeprefix('https://')}",
        json.dumps({"properties": {"properties": {"required": ["ours:was"]}}}),
    )
    kitchen.save()
    return kitchen


def crawling(folder, href):
    """Return a kitchen that clones a static catalog from its root, each item into the collection that it is in."""
    kitchen = clone(folder, "")
    kitchen.recipe["sources"] = {"given": {"kind": "stac-catalog", "href": href}}
    kitchen.recipe["mappings"] = {}
    kitchen.recipe["collections"]["*"].pop("mapping")
    kitchen.save()
    return kitchen


def unpack(archive, folder):
    """Put the files of one of the static catalogs into `in` of a folder."""
    with tarfile.open(DATA / f"static/{archive}.tar.gz") as packed:
        packed.extractall(folder / "in", **SAFELY)


# --- what was given


def items_of(file):
    """Return the Items of a file of any kind."""
    if file.suffix == ".parquet":
        raws = [*stac_items.read(Shard(file.name, file), StacItemsSource(path=file.name))]
        assert [raw.fault for raw in raws if raw.fault] == []
        return [json.loads(raw.blob) for raw in raws]
    texts = file.read_bytes().splitlines() if file.suffix == ".ndjson" else [file.read_bytes()]
    features = [item for text in texts for item in features_of(json.loads(text))]
    return [item for item in features if item.get("type") == "Feature"]


def features_of(document):
    return document.get("features", [document])


def given_in(root, items):
    """Return (collection, id) → what a build may make of the items of that name.

    Args:
        root: the recipe's folder.
        items: (item, its file's folder, the collection that it is put in), of each.
    """
    found = defaultdict(list)
    for item, folder, target in items:
        with contextlib.suppress(ItemError):  # of a version that is refused: it must be among the failures
            found[target, item["id"]].append(expected(item, folder, root, target))
    return found


def in_files(files):
    """Yield the items of files, as `given_in` takes them."""
    for file in files:
        yield from ((item, file.parent, item.get("collection") or NONE) for item in items_of(file))


def walked(root):
    """Yield (document, file, id of the nearest Collection above) of a static catalog, by its links from the root on."""
    home = next((one["href"] for one in json.loads(root.read_bytes())["links"] if one["rel"] == "self"), "")
    seen, above = set(), [(root, None)]
    while above:
        file, within = above.pop()
        if file.resolve() in seen or not file.is_file():
            continue
        seen.add(file.resolve())
        document = json.loads(file.read_bytes())
        yield document, file, within
        if document.get("type") == "Feature":
            continue
        within = document["id"] if is_collection(document) else within
        hrefs = [one["href"] for one in document["links"] if one["rel"] in ("child", "item")]
        above += [(place_of(href, file, root, home), within) for href in reversed(hrefs)]


def is_collection(document):
    """Tell a Collection; before STAC 1.0.0 they had no `type`."""
    return document.get("type", "Collection") == "Collection" and "extent" in document


def place_of(href, file, root, home):
    """Return the file that an href stands for: of one that begins as the root's own does, it is beside the root."""
    if "://" in home and href.startswith(home.rpartition("/")[0]):
        href, file = "." + href.removeprefix(home.rpartition("/")[0]), root
    return Path(unquote(urlsplit(urljoin(file.as_uri(), href.replace("\\", "/"))).path))


# --- what is written


def in_lines(kitchen):
    """Yield the items of the NDJSON files, in the form that is compared."""
    for file in sorted((kitchen / "dist").glob("*.ndjson")):
        yield from (plain(item, kitchen.folder) for item in items_of(file))


def in_tree(kitchen):
    """Yield the items of the tree, likewise."""
    for file in sorted((kitchen / "dist/site").rglob("*.json")):
        yield from (plain(item, file.parent) for item in items_of(file))


def in_tables(kitchen):
    """Yield the items of the tables, likewise."""
    for file in sorted((kitchen / "dist").glob("*.parquet")):
        yield from (plain(item, kitchen.folder) for item in items_of(file))


def exact(item):
    return canon.encode(item)


def about(item):
    return canon.encode(tabled(item))


READERS = {"ndjson": (in_lines, exact), "stac-json": (in_tree, exact), "geoparquet": (in_tables, about)}
"""Kind of output → how its items are read, and how exactly they are compared."""


def differences(kitchen, given):
    """Return for each kind of output what was not given so, or is lost."""
    failed = {(one["collection"], one["item_id"]) for one in kitchen.failures() if one.get("severity") != "warning"}
    told = {}
    for kind, (reader, form) in READERS.items():
        written = {(item["collection"], item["id"]): form(item) for item in reader(kitchen)}
        wrong = {name: text for name, text in written.items() if text not in map(form, given.get(name, ()))}
        told[kind] = (wrong, given.keys() - written.keys() - failed)
    return told


def holds(kitchen, items):
    """Build, and assert that what was given comes back the same, and that a second build has nothing to do."""
    report = kitchen.build("--max-failures", "100%")
    given = given_in(kitchen.folder, items)
    assert differences(kitchen, given) == dict.fromkeys(READERS, ({}, set()))
    assert ran(kitchen.build("--max-failures", "100%")) == {}
    return report
