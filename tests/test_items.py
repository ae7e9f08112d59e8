"""Items of others: how they become ours, and what a change of one of many files costs."""

import json

import pytest
from kitchen import Kitchen, ran, row


def feature(name, note, **properties):
    """Return an item that lies in a folder and points to files beside it."""
    return {
        "type": "Feature",
        "stac_version": "1.1.0",
        "id": name,
        "geometry": {"type": "Point", "coordinates": [1.0, 2.0]},
        "bbox": [1.0, 2.0, 1.0, 2.0],
        "properties": {"datetime": "2024-01-01T00:00:00Z", "note": note, **properties},
        "links": [{"rel": "self", "href": "./x.json"}, {"rel": "derived_from", "href": "./raw.json"}],
        "assets": {"data": {"href": "../data.tif"}},
        "collection": note,
    }


def items_of_files(folder, files):
    """Return a kitchen whose source are files of one item each."""
    kitchen = Kitchen(folder, None)
    kitchen.recipe["sources"] = {"drop": {"kind": "stac-items", "path": "in/**/*.json"}}
    kitchen.recipe["collections"] = {"s-*": {"from": ["drop"]}}
    kitchen.recipe["mappings"] = {}
    kitchen.save()
    for path, item in files.items():
        kitchen.write(path, json.dumps(item))
    return kitchen


# --- items of others


def test_items_of_files_become_ours_with_their_links_and_hrefs_where_they_point(tmp_path):
    kitchen = items_of_files(tmp_path, {"in/a/x.json": feature("x", note="s-a")})
    kitchen.build()
    item = kitchen.items("s-a")[0]
    assert item["links"] == [
        {"rel": "collection", "href": "./s-a/collection.json", "type": "application/json"},
        {"rel": "derived_from", "href": "in/a/raw.json"},
    ]
    assert item["assets"]["data"]["href"] == "in/data.tif"
    written = json.loads((kitchen / "dist/site/s-a/x/x.json").read_bytes())
    assert written["assets"]["data"]["href"] == "../../../../in/data.tif"
    assert written["links"][-1] == {"rel": "derived_from", "href": "../../../../in/a/raw.json"}


def test_one_changed_file_of_many_is_one_item_of_work(tmp_path):
    files = {f"in/{number}.json": feature(f"x{number}", note="s-a") for number in range(5)}
    kitchen = items_of_files(tmp_path, files)
    kitchen.build()
    kitchen.write("in/3.json", json.dumps(feature("x3", note="s-a", gsd=4)))
    assert ran(kitchen.build()) == {"fetch": 1, "transform": 1, "validate": 1, "write": 1}


def test_renaming_a_file_of_items_moves_nothing(tmp_path):
    kitchen = items_of_files(tmp_path, {"in/a.json": feature("x", note="s-a"), "in/b.json": feature("y", note="s-a")})
    kitchen.build()
    (kitchen / "in/a.json").rename(kitchen / "in/z.json")
    report = kitchen.build()
    assert (ran(report), report["items"]["deleted"]) == ({}, 0)


def test_a_mapping_is_laid_over_items(tmp_path):
    kitchen = items_of_files(tmp_path, {"in/a.json": feature("x", note="s-a")})
    kitchen.recipe["mappings"]["over"] = {"properties": {"platform": {"from": "properties.note"}}}
    kitchen.recipe["collections"]["s-*"]["mapping"] = "over"
    kitchen.save()
    kitchen.build()
    item = kitchen.items("s-a")[0]
    assert item["properties"]["platform"] == "s-a"
    assert item["assets"]["data"]["href"] == "data.tif"


def test_a_collection_of_records_and_items_with_one_mapping(tmp_path):
    kitchen = items_of_files(tmp_path, {"in/a.json": feature("x", note="s-a")})
    kitchen.rows([row(0)])
    kitchen.recipe["sources"]["rows"] = {"kind": "table", "path": "rows.csv", "key": "key"}
    kitchen.recipe["collections"] = {"one": {"from": ["rows", "drop"], "mapping": "both"}}
    kitchen.recipe["mappings"] = {
        "both": {
            "id": "id",
            "geometry": {"value": {"type": "Point", "coordinates": [1.0, 2.0]}},
            "datetime": {"value": "2024-01-01T00:00:00Z"},
        }
    }
    kitchen.save()
    kitchen.build()
    assert kitchen.ids() == ["i0", "x"]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"properties": []}, "/properties"),
        ({"assets": []}, "/assets"),
        ({"assets": {"a": 1}}, "/assets/a"),
        ({"links": {}}, "/links"),
        ({"links": ["a"]}, "/links/0"),
        ({"bbox": [1, 2]}, "/bbox"),
        ({"bbox": "1,2,3,4"}, "/bbox"),
        ({"stac_extensions": "a"}, "/stac_extensions"),
        ({"stac_extensions": [1]}, "/stac_extensions"),
        ({"properties": {"datetime": 5}}, "/properties/datetime"),
    ],
)
def test_what_cannot_be_an_item_is_refused_with_a_pointer(tmp_path, change, path):
    good, bad = feature("good", note="s-a"), feature("bad", note="s-a") | change
    kitchen = items_of_files(tmp_path, {"in/good.json": good, "in/bad.json": bad})
    kitchen.build(exit_=1)
    assert [(failure["code"], failure["path"]) for failure in kitchen.failures()] == [("SB220", path)]
    assert kitchen.ids("s-a") == ["good"]
