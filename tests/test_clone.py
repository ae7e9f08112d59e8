"""Clones: items of others go through extensions and validation into each kind of output, and are the same items."""

import json

import pytest
import tiles
from clones import DATA, NONE, READERS, clone, differences, holds, in_files, needs_data, unpack
from sameness import expected

ARCHIVES = [path.name.removesuffix(".tar.gz") for path in sorted((DATA / "static").glob("*.tar.gz"))]


def test_own_items_come_back_the_same(tmp_path):
    kitchen = clone(tmp_path, "in/**/*.json")
    items = tiles.odd_items()
    items[0]["links"] = [{"rel": "self", "href": "x.json"}, {"rel": "license", "href": "../LICENSE"}]
    items[1]["assets"]["near"] = {"href": "./near.tif?x=1", "alternate": {"s3": {"href": "s3://b/near.tif"}}}
    items[2]["collection"] = "named"
    files = [kitchen.write(f"in/{number}/item.json", json.dumps(item)) for number, item in enumerate(items)]
    report = holds(kitchen, in_files(files))
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
    assert wrong.keys() == READERS.keys()


def test_an_asset_whose_href_is_null_is_invalid_and_nothing_unexpected(tmp_path):
    item = tiles.odd_items()[0]
    item["assets"]["none"] = {"href": None, "type": "text/html"}
    kitchen = clone(tmp_path, "in/*.json")
    holds(kitchen, in_files([kitchen.write("in/item.json", json.dumps(item))]))
    assert {failure["code"] for failure in kitchen.failures()} == {"SB301"}


@needs_data
def test_every_set_of_items_comes_back_the_same(tmp_path):
    kitchen = clone(tmp_path, "in/*.ndjson")
    for file in (DATA / "items").glob("*.ndjson"):
        kitchen.write(f"in/{file.name}", file.read_bytes())
    holds(kitchen, in_files(sorted((kitchen / "in").glob("*.ndjson"))))


@needs_data
def test_every_table_of_items_comes_back_the_same(tmp_path):
    kitchen = clone(tmp_path, "in/*.parquet")
    for file in (DATA / "parquet").glob("*.parquet"):
        kitchen.write(f"in/{file.name}", file.read_bytes())
    holds(kitchen, in_files(sorted((kitchen / "in").glob("*.parquet"))))


@needs_data
@pytest.mark.parametrize("archive", ARCHIVES)
def test_every_static_catalog_comes_back_the_same_by_its_files(tmp_path, archive):
    unpack(archive, tmp_path)
    holds(clone(tmp_path, "in/**/*.json"), in_files(sorted((tmp_path / "in").rglob("*.json"))))
