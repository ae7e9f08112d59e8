"""Clones: items of others go through extensions and validation into each kind of output, and are the same items."""

import contextlib
import json
import tarfile
from collections import defaultdict
from pathlib import Path

import pytest
import tiles
from kitchen import Kitchen, ran
from sameness import EXTENSIONS, OURS, expected, plain, tabled

from stacbuild import canon
from stacbuild.failures import ItemError
from stacbuild.recipe.schema import StacItemsSource
from stacbuild.sources import stac_items
from stacbuild.sources.base import Shard

DATA = Path(__file__).parents[2] / "shared/data"
ARCHIVES = sorted((DATA / "static").glob("*.tar.gz")) if DATA.is_dir() else []
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


def given_in(folder, files):
    """Return (collection, id) → what a build may make of the items of that name."""
    found = defaultdict(list)
    for file in files:
        for item in items_of(file):
            target = item.get("collection") or NONE
            with contextlib.suppress(ItemError):  # of a version that is refused: it must be among the failures
                found[target, item["id"]].append(expected(item, file.parent, folder, target))
    return found


def items_of(file):
    if file.suffix == ".parquet":
        raws = [*stac_items.read(Shard(file.name, file), StacItemsSource(path=file.name))]
        assert [raw.fault for raw in raws if raw.fault] == []
        return [json.loads(raw.blob) for raw in raws]
    texts = file.read_bytes().splitlines() if file.suffix == ".ndjson" else [file.read_bytes()]
    features = [item for text in texts for item in features_of(json.loads(text))]
    return [item for item in features if item.get("type") == "Feature"]


def features_of(document):
    return document.get("features", [document])


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


def unpacked(folder, archive):
    """Return a kitchen that clones an archive, with what is in it."""
    with tarfile.open(archive) as packed:
        packed.extractall(folder / "in", filter="data")
    return clone(folder, "in/**/*.json")


def holds(kitchen, files):
    report = kitchen.build("--max-failures", "100%")
    given = given_in(kitchen.folder, files)
    assert differences(kitchen, given) == dict.fromkeys(READERS, ({}, set()))
    assert ran(kitchen.build("--max-failures", "100%")) == {}
    return report


def test_own_items_come_back_the_same(tmp_path):
    kitchen = clone(tmp_path, "in/**/*.json")
    items = tiles.odd_items()
    items[0]["links"] = [{"rel": "self", "href": "x.json"}, {"rel": "license", "href": "../LICENSE"}]
    items[1]["assets"]["near"] = {"href": "./near.tif?x=1", "alternate": {"s3": {"href": "s3://b/near.tif"}}}
    items[2]["collection"] = "named"
    files = [kitchen.write(f"in/{number}/item.json", json.dumps(item)) for number, item in enumerate(items)]
    report = holds(kitchen, files)
    assert (report["items"]["total"], kitchen.failures()) == (4, [])
    assert kitchen.ask("verify", "--outputs")["exit"] == 0


def test_what_is_lost_or_changed_on_the_way_is_seen(tmp_path):
    item = tiles.odd_items()[0]
    kitchen = clone(tmp_path, "in/*.json")
    kitchen.write("in/item.json", json.dumps(item))
    kitchen.build()
    item["properties"]["count"] = 3.0
    changed = {(NONE, item["id"]): [expected(item, tmp_path / "in", tmp_path, NONE)], (NONE, "more"): [item]}
    wrong = {kind: (list(names), lost) for kind, (names, lost) in differences(kitchen, changed).items()}
    assert wrong == {
        "ndjson": ([(NONE, "a/b")], {(NONE, "more")}),
        "stac-json": ([(NONE, "a/b")], {(NONE, "more")}),
        "geoparquet": ([], {(NONE, "more")}),
    }


def test_an_asset_whose_href_is_null_is_invalid_and_nothing_unexpected(tmp_path):
    item = tiles.odd_items()[0]
    item["assets"]["none"] = {"href": None, "type": "text/html"}
    kitchen = clone(tmp_path, "in/*.json")
    file = kitchen.write("in/item.json", json.dumps(item))
    holds(kitchen, [file])
    assert {failure["code"] for failure in kitchen.failures()} == {"SB301"}


@needs_data
def test_every_set_of_items_comes_back_the_same(tmp_path):
    kitchen = clone(tmp_path, "in/*.ndjson")
    for file in (DATA / "items").glob("*.ndjson"):
        kitchen.write(f"in/{file.name}", file.read_bytes())
    holds(kitchen, sorted((kitchen / "in").glob("*.ndjson")))


@needs_data
def test_every_table_of_items_comes_back_the_same(tmp_path):
    kitchen = clone(tmp_path, "in/*.parquet")
    for file in (DATA / "parquet").glob("*.parquet"):
        kitchen.write(f"in/{file.name}", file.read_bytes())
    holds(kitchen, sorted((kitchen / "in").glob("*.parquet")))


@needs_data
@pytest.mark.parametrize("archive", ARCHIVES, ids=lambda path: path.name.removesuffix(".tar.gz"))
def test_every_static_catalog_comes_back_the_same_by_its_files(tmp_path, archive):
    kitchen = unpacked(tmp_path, archive)
    holds(kitchen, sorted((kitchen / "in").rglob("*.json")))


ROOTS = {
    "neon4cast": ("neon4cast/catalog.json", 679),
    "planet-open-stac": ("planet-open-stac/stac/catalog.json", 10_731),
}
"""Archive that has a root → where it is, and how many Items its publisher counts."""


@needs_data
@pytest.mark.parametrize("name", ROOTS)
def test_a_catalog_that_is_crawled_from_its_root_comes_back_the_same(tmp_path, name):
    kitchen = unpacked(tmp_path, DATA / f"static/{name}.tar.gz")
    kitchen.recipe["sources"]["given"] = {"kind": "stac-catalog", "href": f"in/{ROOTS[name][0]}"}
    kitchen.recipe["mappings"] = {}
    kitchen.recipe["collections"]["*"].pop("mapping")
    del kitchen.recipe["outputs"]["table"]
    kitchen.save()
    report = kitchen.build("--max-failures", "100%")
    assert (report["items"]["total"], report["items"]["failed"]) == (ROOTS[name][1], 0)
    by_id = defaultdict(list)
    for file in sorted((kitchen / "in").rglob("*.json")):
        for item in items_of(file):
            by_id[item["id"]].append((item, file))
    for item in in_lines(kitchen):
        target = item["collection"]
        given = [exact(expected(one, file.parent, kitchen.folder, target)) for one, file in by_id[item["id"]]]
        assert exact(item) in given


SOME = 40
"""Of the items of a large catalog the reference validator, which is slow, gets one in so many."""


@needs_data
@pytest.mark.parametrize("archive", ARCHIVES, ids=lambda path: path.name.removesuffix(".tar.gz"))
def test_the_reference_validator_finds_trees_of_clones_valid(tmp_path, archive):
    kitchen = unpacked(tmp_path, archive)
    kitchen.recipe["validation"]["level"] = "strict"
    del kitchen.recipe["outputs"]["table"]
    kitchen.save()
    kitchen.build("--max-failures", "100%")
    files = sorted((kitchen / "dist/site").rglob("*.json"))
    above = [file for file in files if file.name in {"catalog.json", "collection.json"}]
    judged = files if len(files) < 2000 else sorted({*above, *files[::SOME]})
    words = ["validate", *map(str, judged), "-f", "stacbuild.toml", "--engine", "stac-valid"]
    found = kitchen.ask(*words, exit_=0)["documents"]
    assert (found["valid"], found["invalid"], found["unchecked"]) == (len(judged), 0, 0)
