"""A mapping laid over items: named fields are set, others stay; `only` starts from nothing."""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import convert

from stacbuild.failures import ItemError
from stacbuild.recipe import schema
from stacbuild.stages.mapping import Mapper

ITEM = {
    "type": "Feature",
    "stac_version": "1.1.0",
    "stac_extensions": ["https://example.com/a/schema.json"],
    "id": "a",
    "geometry": {"type": "Point", "coordinates": [1, 2]},
    "bbox": [1, 2, 1, 2],
    "properties": {"datetime": "2024-01-01T00:00:00Z", "gsd": 30, "eo:cloud_cover": 5},
    "links": [{"rel": "license", "href": "https://example.com/licence"}],
    "assets": {"data": {"href": "a.tif", "title": "A", "raster:bands": [{"nodata": 0}]}},
    "collection": "upstream",
    "ours:more": {"x": 1},
}


def over(item=ITEM, base="", **spec):
    before = copy.deepcopy(item)
    result = Mapper(convert(spec, schema.Mapping), "target").over(item, base)
    assert item == before, "the item that a mapping is laid over is not touched"
    return result


def refused(item=ITEM, **spec):
    with pytest.raises(ItemError) as caught:
        over(item, **spec)
    return caught.value


def without(*names, of=ITEM):
    return {name: value for name, value in of.items() if name not in names}


def test_empty_mapping_leaves_all_but_the_collection():
    assert over() == {**ITEM, "collection": "target"}


def test_named_properties_are_set_and_others_stay():
    result = over(
        properties={"gsd": {"from": "properties.gsd", "as": "number", "scale": 0.5}, "platform": "ours:more.x"}
    )
    assert result["properties"] == {**ITEM["properties"], "gsd": 15.0, "platform": 1}
    assert without("properties", "collection", of=result) == without("properties", "collection")


def test_a_rule_that_leaves_its_field_out_leaves_the_item_s_own():
    result = over(properties={"gsd": {"from": "properties.none", "required": False}})
    assert result["properties"]["gsd"] == 30


def test_a_needed_field_that_the_item_has_not_got_fails_it():
    error = refused(properties={"gsd": "properties.none"})
    assert (error.code, error.path) == ("SB201", "/properties/gsd")


def test_assets_are_laid_over_by_field_and_paths_reach_into_lists():
    spec = {"title": {"template": "{id}: {assets.data.title}"}, "nodata": "assets.data.raster:bands.0.nodata"}
    result = over(assets={"data": spec})
    assert result["assets"] == {"data": {**ITEM["assets"]["data"], "title": "a: A", "nodata": 0}}


def test_an_asset_that_the_item_has_not_got_needs_an_href():
    roles = {"value": ["overview"]}
    assert over(assets={"thumbnail": {"roles": roles}})["assets"] == ITEM["assets"]
    made = over(assets={"thumbnail": {"roles": roles, "href": {"template": "{id}.png"}}})["assets"]
    assert made == {**ITEM["assets"], "thumbnail": {"href": "a.png", "roles": ["overview"]}}


def test_href_of_a_field_is_relative_to_the_item_s_folder():
    result = over(base="drop", assets={"data": {"href": "assets.data.href"}, "new": {"href": {"value": "n.tif"}}})
    assert result["assets"]["data"] == {**ITEM["assets"]["data"], "href": "drop/a.tif"}
    assert result["assets"]["new"] == {"href": "n.tif"}


def test_id_geometry_and_time_are_set_when_named():
    result = over(
        id={"template": "{collection}-{id}"},
        geometry={"bbox": "box"},
        datetime={"from": "properties.datetime", "as": "date"},
        item=ITEM | {"box": [0, 0, 2, 1]},
    )
    assert result["id"] == "upstream-a"
    assert (result["geometry"]["type"], result["bbox"]) == ("Polygon", [0, 0, 2, 1])
    assert result["properties"]["datetime"] == "2024-01-01"


def test_a_geometry_that_becomes_null_takes_the_bbox_with_it():
    result = over(geometry={"wkt": "none", "default": "null"})
    assert result["geometry"] is None
    assert "bbox" not in result


def test_declared_extensions_are_added_to_those_of_the_item():
    new = "https://example.com/b/schema.json"
    result = over(stac_extensions={"value": [new, *ITEM["stac_extensions"]]})
    assert result["stac_extensions"] == [*ITEM["stac_extensions"], new]


def test_only_starts_from_nothing_but_id_place_and_time():
    result = over(only=True, properties={"gsd": "properties.gsd"}, assets={"x": {"href": "assets.data.href"}})
    assert result == {
        **without("ours:more"),
        "stac_extensions": [],
        "properties": {"datetime": "2024-01-01T00:00:00Z", "gsd": 30},
        "links": [],
        "assets": {"x": {"href": "a.tif"}},
        "collection": "target",
    }


@pytest.mark.parametrize("only", [False, True])
def test_item_without_a_time_fails_unless_the_mapping_gives_one(only):
    timeless = ITEM | {"properties": {"gsd": 1}}
    assert refused(timeless, only=only).code == "SB212"
    assert over(timeless, only=only, datetime={"value": "2024-01-01T00:00:00Z"})["properties"]["datetime"]
    span = {"start_datetime": "2024-01-01T00:00:00Z", "end_datetime": "2024-02-01T00:00:00Z"}
    assert over(ITEM | {"properties": span}, only=only)["properties"] == {**span, "datetime": None}


@pytest.mark.parametrize(
    ("broken", "path"),
    [
        ({"properties": [1]}, "/properties"),
        ({"assets": "x"}, "/assets"),
        ({"assets": {"data": ["x"]}}, "/assets/data"),
    ],
)
def test_item_whose_members_are_no_objects_fails(broken, path):
    error = refused(ITEM | broken, assets={"data": {"title": {"value": "x"}}})
    assert (error.code, error.path) == ("SB215", path)


@pytest.mark.parametrize("identity", [None, "", ["a"]])
def test_item_without_a_good_id_fails(identity):
    assert refused(ITEM | {"id": identity}).path == "/id"


@given(
    st.dictionaries(st.text(min_size=1), st.integers(), max_size=4),
    st.dictionaries(st.text(min_size=1), st.integers(), max_size=4),
)
def test_constants_laid_over_properties_are_a_union_in_which_the_mapping_wins(own, named):
    item = ITEM | {"properties": {**own, "datetime": "2024-01-01T00:00:00Z"}}
    result = over(item, properties={name: {"value": value} for name, value in named.items()})
    assert result["properties"] == {**item["properties"], **named}
