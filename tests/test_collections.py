"""A collection's own document: what the recipe says of it, extents, assets; judged by the core's schema."""

import json

import pytest
from kitchen import Kitchen, ran, row

from stacbuild.recipe.extents import boxes, intervals, wrong
from stacbuild.stages.judge import Judge
from stacbuild.stages.schemas import SchemaStore


def kitchen_of(folder, rows=3, **keys):
    """Return a kitchen whose collection has `keys`."""
    kitchen = Kitchen(folder, rows)
    kitchen.recipe["collections"]["one"] |= {name.replace("_", "-"): value for name, value in keys.items()}
    kitchen.save()
    return kitchen


def document(kitchen, name="one"):
    return json.loads((kitchen / f"dist/site/{name}/collection.json").read_bytes())


def built(folder, rows=3, warned=(), **keys):
    """Return the document of a collection with `keys`, as it was written."""
    kitchen = kitchen_of(folder, rows, **keys)
    report = kitchen.build()
    assert [warning["code"] for warning in report["warnings"]] == list(warned)
    return document(kitchen)


def faults(found):
    return list(Judge(SchemaStore([], {}), missing="fail").judge(found, kind="collection").faults)


FULL = {
    "title": "Ä title",
    "description": "Words\n\n* and *more*",
    "license": "CC-BY-4.0",
    "keywords": ["a", "ä"],
    "providers": [
        {"name": "Us", "roles": ["producer", "host"], "url": "https://example.com", "email": "us@example.com"},
        {"name": "Them"},
    ],
    "assets": {"thumbnail": {"href": "https://example.com/t.png", "type": "image/png", "roles": ["thumbnail"]}},
    "summaries": ["gsd", "note"],
    "set": {"sci:doi": "10.1000/x", "links": [{"rel": "license", "href": "https://example.com/licence"}]},
}


def test_all_that_the_recipe_says_stands_in_the_document_and_it_is_valid(tmp_path):
    found = built(tmp_path, [row(0, note="b"), row(1, note="a"), row(2)], **FULL)
    assert {key: found[key] for key in ("title", "description", "license", "keywords", "providers", "assets")} == {
        key: FULL[key] for key in ("title", "description", "license", "keywords", "providers", "assets")
    }
    assert found["summaries"] == {"gsd": {"minimum": 1, "maximum": 3}, "note": ["a", "b"]}
    assert found["sci:doi"] == "10.1000/x"
    assert FULL["set"]["links"][0] in found["links"]
    assert faults(found) == []


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"title": "", "description": ""},
        {"providers": [{"name": "A", "roles": [], "description": "", "processing:level": "L1"}]},
        {"keywords": []},
        {"license": "other"},
        {"set": {"a.b.c": 1, "stac_extensions": []}},
    ],
)
def test_odd_but_legal_collections_are_valid(tmp_path, keys):
    assert faults(built(tmp_path, **keys)) == []


def test_an_empty_collection_is_valid_and_its_extent_the_world(tmp_path):
    found = built(tmp_path, 0, warned=["SB702"])
    assert found["extent"] == {
        "spatial": {"bbox": [[-180.0, -90.0, 180.0, 90.0]]},
        "temporal": {"interval": [[None, None]]},
    }
    assert faults(found) == []


def test_the_interval_of_the_recipe_stays_where_no_item_has_a_box(tmp_path):
    found = built(tmp_path, 0, warned=["SB702"], extent={"interval": ["2015-06-23", ".."]})
    assert found["extent"]["temporal"]["interval"] == [["2015-06-23T00:00:00Z", None]]


# --- what is not valid


@pytest.mark.parametrize(
    ("keys", "pointer"),
    [
        ({"providers": [{"name": "A", "roles": ["chef"]}]}, "/providers/0/roles/0"),
        ({"license": "not a licence !"}, "/license"),
        ({"assets": {"a": {"href": "https://x.org/a", "roles": "data"}}}, "/assets/a/roles"),
        ({"set": {"stac_extensions": ["a", "a"]}}, "/stac_extensions"),
    ],
)
def test_a_document_that_is_not_valid_is_written_and_told_with_the_place(tmp_path, keys, pointer):
    kitchen = kitchen_of(tmp_path, **keys)
    report = kitchen.build()
    (warning,) = [one for one in report["warnings"] if one["code"] == "SB707"]
    assert f"{pointer}: " in warning["message"]
    assert "[collections]" in warning["hint"]
    assert report["exit"] == 0
    assert faults(document(kitchen)) != []


def test_with_validation_off_no_document_is_judged(tmp_path):
    kitchen = kitchen_of(tmp_path, license="not a licence !")
    kitchen.recipe["validation"] = {"level": "off"}
    kitchen.save()
    assert kitchen.build()["warnings"] == []


# --- assets


def test_local_assets_are_relative_to_the_document_that_they_stand_in(tmp_path):
    local = {"a": {"href": "img/a.png"}, "b": {"href": f"{tmp_path}/b.png"}, "c": {"href": "https://x.org/c.png"}}
    kitchen = kitchen_of(tmp_path, assets=local)
    kitchen.recipe["outputs"]["site"]["collections-file"] = True
    kitchen.save()
    kitchen.build()
    hrefs = {key: asset["href"] for key, asset in document(kitchen)["assets"].items()}
    assert hrefs == {"a": "../../../img/a.png", "b": "../../../b.png", "c": "https://x.org/c.png"}
    (listed,) = json.loads((kitchen / "dist/site/collections.json").read_bytes())
    assert listed["assets"]["a"]["href"] == "../../img/a.png"


def test_changed_assets_rewrite_the_document_and_run_no_stage(tmp_path):
    kitchen = kitchen_of(tmp_path)
    kitchen.build()
    kitchen.recipe["collections"]["one"]["assets"] = {"a": {"href": "a.png"}}
    kitchen.save()
    report = kitchen.build()
    assert (ran(report), report["outputs"]["site"]["written"]) == ({}, 1)


# --- extents


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ([1, 2, 3, 4], [[1, 2, 3, 4]]),
        ([[170, -10, -170, 10]], [[170, -10, -170, 10]]),
        ([[0, 0, 1, 1], [5, 5, 6, 7]], [[0, 0, 6, 7], [0, 0, 1, 1], [5, 5, 6, 7]]),
        ([[0, 0, 9, 9], [1, 1, 2, 2], [3, 3, 4, 4]], [[0, 0, 9, 9], [1, 1, 2, 2], [3, 3, 4, 4]]),
        ([[170, 0, 175, 1], [-175, 0, -170, 1]], [[170, 0, -170, 1], [170, 0, 175, 1], [-175, 0, -170, 1]]),
        ([[175, 0, -175, 1], [-178, 0, -170, 2]], [[175, 0, -170, 2], [175, 0, -175, 1], [-178, 0, -170, 2]]),
        ([[0, 0, 1, 5, 5, 9], [6, 6, -2, 7, 7, 3]], [[0, 0, -2, 7, 7, 9], [0, 0, 1, 5, 5, 9], [6, 6, -2, 7, 7, 3]]),
        ([[0, 0, 1, 5, 5, 9], [6, 6, 7, 7]], [[0, 0, 7, 7], [0, 0, 1, 5, 5, 9], [6, 6, 7, 7]]),
        ([[-180, 0, 0, 1], [0, 0, 180, 1]], [[-180.0, 0, 180.0, 1], [-180, 0, 0, 1], [0, 0, 180, 1]]),
    ],
)
def test_several_boxes_have_the_narrowest_around_them_first(given, written):
    assert wrong("bbox", given) is None
    assert boxes(given) == written


@pytest.mark.parametrize(
    ("given", "written"),
    [
        (["2024-01-01T00:00:00Z", ".."], [["2024-01-01T00:00:00Z", None]]),
        (["", "2024-06-30"], [[None, "2024-06-30T23:59:59Z"]]),
        (
            ["2024-01-01T02:00:00+02:00", "2024-02-01T00:00:00.5"],
            [["2024-01-01T00:00:00Z", "2024-02-01T00:00:00.500000Z"]],
        ),
        (
            [["2020-01-01", "2021-01-01"], ["2023-01-01", ".."]],
            [
                ["2020-01-01T00:00:00Z", None],
                ["2020-01-01T00:00:00Z", "2021-01-01T23:59:59Z"],
                ["2023-01-01T00:00:00Z", None],
            ],
        ),
        ([["..", ".."], ["2023-01-01", ".."]], [[None, None], ["2023-01-01T00:00:00Z", None]]),
    ],
)
def test_intervals_are_moments_in_utc_or_open_and_the_whole_is_first(given, written):
    assert wrong("interval", given) is None
    assert intervals(given) == written


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("bbox", [1, 2, 3]),
        ("bbox", "1,2,3,4"),
        ("bbox", []),
        ("bbox", [[]]),
        ("bbox", [True, 2, 3, 4]),
        ("bbox", [0, 91, 1, 92]),
        ("bbox", [float("nan"), 0, 1, 1]),
        ("bbox", [200, 0, 210, 1]),
        ("bbox", [0, 5, 1, 4]),
        ("bbox", [0, 0, 5, 1, 1, 4]),
        ("bbox", [[0, 0, 9, 9], [1, 1, 2, 2]]),
        ("interval", ["2024-01-01"]),
        ("interval", ["yesterday", ".."]),
        ("interval", ["2024-02-30", ".."]),
        ("interval", ["2024-02-01", "2024-01-01"]),
        ("interval", [1, 2]),
    ],
)
def test_an_extent_that_cannot_be_written_is_refused(key, value):
    assert wrong(key, value) is not None


def test_the_extent_of_the_recipe_wins_over_that_of_the_items_and_is_valid(tmp_path):
    extent = {
        "bbox": [[170.0, -10.0, -170.0, 10.0], [0, 0, 1, 1]],
        "interval": [["2020-01-01", ".."], ["2022-01-01", "2023-01-01"]],
    }
    found = built(tmp_path, extent=extent)
    assert len(found["extent"]["spatial"]["bbox"]) == 3
    assert found["extent"]["temporal"]["interval"][0] == ["2020-01-01T00:00:00Z", None]
    assert faults(found) == []


def test_items_in_2d_and_3d_and_over_the_antimeridian_give_one_box(tmp_path):
    kitchen = Kitchen(tmp_path, 0)
    places = [[179.0, 1.0, 5.0], [-179.0, 2.0], [178.5, -1.0, 100.0]]
    for number, place in enumerate(places):
        item = {
            "type": "Feature", "stac_version": "1.1.0", "id": f"p{number}", "links": [], "assets": {},
            "geometry": {"type": "Point", "coordinates": place}, "bbox": place + place,
            "properties": {"datetime": "2024-01-01T00:00:00Z"},
        }  # fmt: skip
        kitchen.write(f"items/{number}.json", json.dumps(item))
    kitchen.recipe["sources"]["items"] = {"kind": "stac-items", "path": "items/*.json"}
    kitchen.recipe["collections"]["one"] = {"from": ["items"]}
    kitchen.save()
    assert kitchen.build()["items"]["total"] == 3
    assert document(kitchen)["extent"]["spatial"]["bbox"] == [[178.5, -1.0, -179.0, 2.0]]
    assert faults(document(kitchen)) == []
