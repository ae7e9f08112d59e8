"""Items of older versions through a whole build: what is written, what `keep` leaves, what fails."""

import json

from kitchen import Kitchen, ran

EO = "https://stac-extensions.github.io/eo/v1.1.0/schema.json"


def old(name, version="1.0.0", **members):
    return {
        "type": "Feature",
        "stac_version": version,
        "stac_extensions": [EO],
        "id": name,
        "geometry": {"type": "Point", "coordinates": [1.0, 2.0]},
        "bbox": [1.0, 2.0, 1.0, 2.0],
        "properties": {"datetime": "2024-01-01T00:00:00Z", "license": "proprietary", "gsd": 10},
        "links": [],
        "assets": {"data": {"href": "./a.tif", "eo:bands": [{"name": "B1", "common_name": "red"}]}},
        "collection": "s",
        **members,
    }


def kitchen_of(folder, *items, **catalog):
    kitchen = Kitchen(folder, None)
    kitchen.recipe["sources"] = {"drop": {"kind": "stac-items", "path": "in.ndjson"}}
    kitchen.recipe["collections"] = {"one": {"from": ["drop"]}}
    kitchen.recipe["mappings"] = {}
    kitchen.recipe["catalog"] |= catalog
    kitchen.write("in.ndjson", "".join(json.dumps(item) + "\n" for item in items))
    kitchen.save()
    return kitchen


def test_items_are_written_as_1_1_0(tmp_path):
    kitchen = kitchen_of(tmp_path, old("a"), old("b", version="1.0.0-rc.2"))
    kitchen.build()
    for item in kitchen.items():
        assert item["stac_version"] == "1.1.0"
        assert item["stac_extensions"] == [EO.replace("v1.1.0", "v2.0.0")]
        assert item["assets"]["data"]["bands"] == [{"name": "B1", "eo:common_name": "red"}]
        assert item["properties"]["license"] == "other"
    assert ran(kitchen.build()) == {}


def test_keep_leaves_items_and_the_catalog_is_1_1_0(tmp_path):
    kitchen = kitchen_of(tmp_path, old("a"), **{"stac-version": "keep"})
    kitchen.build()
    item = kitchen.items()[0]
    assert (item["stac_version"], item["properties"]["license"]) == ("1.0.0", "proprietary")
    assert item["assets"]["data"]["eo:bands"] == [{"name": "B1", "common_name": "red"}]
    for path in ("catalog.json", "one/collection.json"):
        assert json.loads((kitchen / "dist/site" / path).read_bytes())["stac_version"] == "1.1.0"
    assert ran(kitchen.build()) == {}


def test_from_keep_to_migrated_all_items_are_made_again(tmp_path):
    kitchen = kitchen_of(tmp_path, old("a"), **{"stac-version": "keep"})
    kitchen.build()
    kitchen.recipe["catalog"]["stac-version"] = "1.1.0"
    kitchen.save()
    reasons = kitchen.ask("status")["stale"][0]["reasons"]
    assert (reasons[0]["code"], reasons[0]["what"]) == ("mapping-changed", "catalog.stac-version")
    assert ran(kitchen.build())["transform"] == 1
    assert kitchen.items()[0]["stac_version"] == "1.1.0"


def test_item_that_cannot_be_raised_fails_alone(tmp_path):
    kitchen = kitchen_of(tmp_path, old("a"), old("b", version="0.7.0"))
    kitchen.build(exit_=1)
    assert [item["id"] for item in kitchen.items()] == ["a"]
    failed = {failure["code"]: failure["path"] for failure in kitchen.failures()}
    assert failed == {"SB302": "/stac_extensions", "SB229": "/stac_version"}, "no schema is at hand here: a warning"


def test_conditions_see_items_as_they_are_written(tmp_path):
    kitchen = kitchen_of(
        tmp_path, old("a"), old("b", properties={"datetime": "2024-01-01T00:00:00Z", "license": "MIT"})
    )
    kitchen.recipe["collections"]["one"]["where"] = "license = 'other' AND stac_version = '1.1.0'"
    kitchen.save()
    kitchen.build()
    assert kitchen.ids() == ["a"]
