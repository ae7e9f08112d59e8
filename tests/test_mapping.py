"""A mapping: rules in their order, missing values, ids, assets and times."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import convert

from stacbuild import canon
from stacbuild.failures import ItemError
from stacbuild.recipe import schema
from stacbuild.stages.mapping import CODES, Mapper
from stacbuild.stages.rules import MISSING, Means, rule

LOOKUPS = {"missions": {"S2A": "sentinel-2a", "1": "one", "true": "yes"}, "codes": {"a": "0x", "b": "500", "c": 7}}
POINT = {"value": {"type": "Point", "coordinates": [1, 2]}}


def ruled(spec, record, kind=None):
    spec = spec if isinstance(spec, str) else convert(spec, schema.Rule)
    return rule(spec, Means(LOOKUPS), "/properties/x", kind)(record)


def refused(spec, record, kind=None):
    with pytest.raises(ItemError) as caught:
        ruled(spec, record, kind)
    assert caught.value.path == "/properties/x"
    assert caught.value.code in CODES
    return caught.value


def mapped(record, base="", **spec):
    whole = {"id": "id", "geometry": POINT, "datetime": "t", **spec}
    record = {"id": "a", "t": "2024-01-01", **record}
    return Mapper(convert(whole, schema.Mapping), "c").item(record, base)


def item_refused(record, **spec):
    with pytest.raises(ItemError) as caught:
        mapped(record, **spec)
    assert caught.value.code in CODES
    return caught.value


# ---- rules -----------------------------------------------------------------------------------------------------------


def test_bare_string_is_a_field_taken_as_it_is():
    assert ruled("a.b", {"a": {"b": [1, {"c": None}]}}) == [1, {"c": None}]
    assert ruled("n", {"n": "5"}) == "5"


def test_steps_go_lookup_then_as_then_scale_then_offset():
    rule = {"from": "x", "lookup": "codes", "as": "number", "scale": 0.1, "offset": 1}
    assert ruled(rule, {"x": "b"}) == 51.0
    assert ruled({**rule, "as": "integer"}, {"x": "b"}) == 51
    assert ruled(rule, {"x": "c"}) == 1.7
    assert refused(rule, {"x": "a"}).code == "SB203"


def test_template_goes_through_the_same_steps():
    assert ruled({"template": "{x}.5", "as": "number", "scale": 2}, {"x": 1}) == 3.0
    assert ruled({"template": "S2{u}", "lookup": "missions"}, {"u": "A"}) == "sentinel-2a"


def test_constant_goes_through_the_same_steps():
    assert ruled({"value": "S2A", "lookup": "missions"}, {}) == "sentinel-2a"
    assert ruled({"value": 5}, {}) == 5
    assert ruled({"value": False}, {}) is False
    assert ruled({"value": []}, {}) == []


@pytest.mark.parametrize(("value", "found"), [("S2A", "sentinel-2a"), (1, "one"), (True, "yes")])
def test_lookup_finds_scalars_by_their_text(value, found):
    assert ruled({"from": "x", "lookup": "missions"}, {"x": value}) == found


@pytest.mark.parametrize("value", ["s2a", "S2A ", 1.0, [], {}])
def test_lookup_without_entry_fails(value):
    error = refused({"from": "x", "lookup": "missions"}, {"x": value})
    assert error.code == "SB202"
    assert error.message.startswith("lookup 'missions' has no entry for ")
    assert "add it to the lookup" in error.hint


def test_lookup_without_entry_takes_the_default():
    assert ruled({"from": "x", "lookup": "missions", "default": "other"}, {"x": "?"}) == "other"
    assert ruled({"from": "x", "lookup": "missions", "required": False}, {"x": "?"}) is MISSING


# ---- what is missing -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("record", [{}, {"x": None}, {"x": float("nan")}])
def test_missing_value_fails_by_default(record):
    error = refused("x", record)
    assert (error.code, error.message) == ("SB201", "the record has no value in 'x'")
    assert error.hint == "give it a default, or required = false to leave it out"


@pytest.mark.parametrize("record", [{}, {"x": None}, {"x": float("nan")}, {"x": "nan"}])
def test_default_stands_for_what_is_missing(record):
    assert ruled({"from": "x", "as": "number", "default": 0}, record) == 0
    assert ruled({"from": "x", "as": "number", "default": 0, "required": False}, record) == 0
    assert ruled({"from": "x", "as": "number", "required": False}, record) is MISSING


def test_default_is_not_looked_up_or_scaled():
    assert ruled({"from": "x", "lookup": "codes", "as": "number", "scale": 2, "default": 3}, {}) == 3


def test_default_of_a_time_is_written_as_one():
    assert ruled({"from": "x", "as": "datetime", "format": "%d/%m/%Y", "default": "2024-01-01"}, {}) == (
        "2024-01-01T00:00:00Z"
    )


def test_default_does_not_hide_a_bad_value():
    assert refused({"from": "x", "as": "number", "default": 0, "required": False}, {"x": "many"}).code == "SB203"


def test_text_that_is_nan_says_what_it_holds():
    error = refused({"from": "x", "as": "number"}, {"x": "NaN"})
    assert (error.code, error.message) == ("SB201", "'x' holds 'NaN', which counts as missing")


def test_template_says_which_field_is_missing():
    error = refused({"template": "{a}_{b.c}"}, {"a": 1})
    assert error.message == "the record has no value in 'b.c', which template '{a}_{b.c}' names"


def test_zero_false_and_empty_text_are_values():
    for value in (0, False, "", [], {}):
        assert ruled({"from": "x", "default": "d"}, {"x": value}) == value


# ---- items -----------------------------------------------------------------------------------------------------------


def test_item_has_all_that_stac_wants():
    assert mapped({}) == {
        "type": "Feature",
        "stac_version": "1.1.0",
        "stac_extensions": [],
        "id": "a",
        "geometry": {"type": "Point", "coordinates": [1, 2]},
        "bbox": [1, 2, 1, 2],
        "properties": {"datetime": "2024-01-01T00:00:00Z"},
        "links": [],
        "assets": {},
        "collection": "c",
    }


def test_recipe_language_example_is_an_item():
    spec = {
        "id": {"template": "{mission}_{scene_id}"},
        "geometry": {"wkt": "footprint"},
        "datetime": {"from": "acquired", "as": "datetime", "format": "%d/%m/%Y"},
        "properties": {
            "platform": "sat",
            "gsd": {"from": "res_cm", "as": "number", "scale": 0.01},
            "eo:cloud_cover": {"from": "cloud", "as": "number", "default": 0},
            "mission": {"from": "code", "lookup": "missions"},
            "license": {"value": "CC-BY-4.0"},
            "comment": {"from": "note", "required": False},
        },
        "assets": {
            "data": {
                "href": {"template": "s3://bucket/{scene_id}.tif"},
                "type": {"value": "image/tiff; application=geotiff; profile=cloud-optimized"},
                "roles": {"value": ["data"]},
            }
        },
        "lookups": {"missions": {"S2A": "sentinel-2a"}},
    }
    record = {
        "mission": "m",
        "scene_id": "7",
        "footprint": "POINT (1 2)",
        "acquired": "22/01/2023",
        "sat": "x",
        "res_cm": "47",
        "cloud": None,
        "code": "S2A",
        "note": None,
    }
    item = Mapper(convert(spec, schema.Mapping), "boreal").item(record, "data")
    assert item["id"] == "m_7"
    assert item["properties"] == {
        "datetime": "2023-01-22T00:00:00Z",
        "platform": "x",
        "gsd": 0.47,
        "eo:cloud_cover": 0,
        "mission": "sentinel-2a",
        "license": "CC-BY-4.0",
    }
    assert item["assets"]["data"] == {
        "href": "s3://bucket/7.tif",
        "type": "image/tiff; application=geotiff; profile=cloud-optimized",
        "roles": ["data"],
    }


def test_record_without_place_has_null_geometry_and_no_bbox():
    item = mapped({}, geometry={"wkt": "w", "default": "null"})
    assert item["geometry"] is None
    assert "bbox" not in item


def test_extensions_are_a_constant():
    urls = ["https://example.com/a.json"]
    assert mapped({}, stac_extensions={"value": urls})["stac_extensions"] == urls


def test_failure_points_into_the_item():
    assert item_refused({}, properties={"a/b": "none"}).path == "/properties/a~1b"
    assert item_refused({}, assets={"d": {"href": "none"}}).path == "/assets/d/href"
    assert item_refused({"id": None}).path == "/id"


def test_same_record_gives_the_same_bytes():
    spec = {"properties": {"a": "x", "b": {"value": [1]}}, "assets": {"d": {"href": "h", "title": "x"}}}
    first, second = (canon.encode(mapped({"x": "y", "h": "z"}, **spec)) for _ in range(2))
    assert first == second


# ---- ids -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("value", "text"), [("a/b", "a/b"), ("..", ".."), (5, "5"), (5.5, "5.5"), (True, "true"),
                                             ("é" * 300, "é" * 300), ("a b", "a b")])  # fmt: skip
def test_id_is_any_scalar_as_text(value, text):
    assert mapped({"id": value})["id"] == text


@pytest.mark.parametrize("value", ["", "  ", "a\0b", "a\nb", "\x7f", "\x85", [], {}, ["a"]])
def test_unusable_id_is_refused(value):
    error = item_refused({"id": value})
    assert (error.code, error.path) == ("SB205", "/id")
    assert error.hint


def test_control_character_in_an_id_is_named():
    assert item_refused({"id": "a\0b"}).message.endswith("holds the control character U+0000")


def test_id_is_always_required():
    assert item_refused({"id": None}, id={"from": "id", "required": False}).code == "SB201"
    assert mapped({"id": None}, id={"from": "id", "default": "x"})["id"] == "x"


def test_name_is_the_items_id():
    mapper = Mapper(convert({"id": {"template": "{a}-{b}"}, "geometry": POINT, "datetime": "t"}, schema.Mapping), "c")
    assert mapper.name({"a": 1, "b": "x"}) == "1-x"


# ---- times -----------------------------------------------------------------------------------------------------------


def test_datetime_needs_no_as():
    assert mapped({"t": "2023-01-22 09:24:17+00:00"})["properties"]["datetime"] == "2023-01-22T09:24:17Z"
    item = mapped({"t": "1674379457"}, datetime={"from": "t", "format": "unix"})
    assert item["properties"]["datetime"] == "2023-01-22T09:24:17Z"


def test_start_and_end_leave_datetime_null():
    spec = {"datetime": None, "start_datetime": "s", "end_datetime": "e"}
    assert mapped({"s": "2024-01-01", "e": "2024-01-02"}, **spec)["properties"] == {
        "datetime": None,
        "start_datetime": "2024-01-01T00:00:00Z",
        "end_datetime": "2024-01-02T00:00:00Z",
    }


def test_record_without_any_time_is_refused():
    optional = {"required": False}
    spec = {"datetime": {"from": "t", **optional}, "start_datetime": {"from": "s", **optional},
            "end_datetime": {"from": "e", **optional}}  # fmt: skip
    for record in ({}, {"s": "2024-01-01"}, {"e": "2024-01-01"}):
        error = item_refused({"t": None, **record}, **spec)
        assert (error.code, error.path) == ("SB212", "/properties/datetime")
    assert mapped({"t": None, "s": "2024-01-01", "e": "2024-01-02"}, **spec)["properties"]["datetime"] is None


def test_mapping_own_datetime_wins_over_a_property_of_that_name():
    assert mapped({"u": "x"}, properties={"datetime": "u"})["properties"]["datetime"] == "2024-01-01T00:00:00Z"


# ---- assets ----------------------------------------------------------------------------------------------------------


def href(spec, record, base=""):
    return mapped(record, base, assets={"d": {"href": spec}}, lookups=LOOKUPS)["assets"]["d"]["href"]


def test_href_of_a_record_is_relative_to_its_file():
    assert href("h", {"h": "img/1.tif"}, "data") == "data/img/1.tif"
    assert href({"from": "h"}, {"h": "../1.tif"}, "data") == "1.tif"
    assert href({"from": "n", "as": "string"}, {"n": 5}, "data") == "data/5"


def test_href_of_the_recipe_is_relative_to_the_recipe():
    assert href({"template": "img/{id}.tif"}, {}, "data") == "img/a.tif"
    assert href({"value": "img/1.tif"}, {}, "data") == "img/1.tif"
    assert href({"from": "h", "lookup": "missions"}, {"h": "S2A"}, "data") == "sentinel-2a"
    assert href({"from": "h", "default": "img/none.tif"}, {"h": None}, "data") == "img/none.tif"
    assert href({"from": "h", "default": "img/none.tif"}, {"h": "1.tif"}, "data") == "data/1.tif"


def test_white_space_around_an_href_is_dropped():
    assert href("h", {"h": " https://example.com/a.tif "}, "data") == "https://example.com/a.tif"


@pytest.mark.parametrize("value", ["", " ", "a\nb", "a\0b", 5, True, [], {}])
def test_unusable_href_is_refused(value):
    error = item_refused({"h": value}, assets={"d": {"href": "h"}})
    assert (error.code, error.path) == ("SB211", "/assets/d/href")
    assert error.hint


def test_asset_without_href_is_left_out_whatever_else_it_misses():
    assets = {"d": {"type": "none", "href": {"from": "h", "required": False}}, "e": {"href": {"value": "x"}}}
    assert list(mapped({}, assets=assets)["assets"]) == ["e"]


@pytest.mark.parametrize(
    ("value", "matters"),
    [("img/1.tif", True), (" img/1.tif", True), (5, True), ("https://x/1.tif", False), (" s3://x/1", False),
     ("/data/1.tif", False), (None, False)],
)  # fmt: skip
def test_folder_of_the_file_matters_only_for_relative_hrefs(value, matters):
    spec = {"id": "id", "geometry": POINT, "datetime": "t", "assets": {"d": {"href": {"from": "h", "as": "string"}}}}
    assert Mapper(convert(spec, schema.Mapping), "c").base_matters({"h": value}) is matters


text = st.text(max_size=8) | st.none() | st.integers(-5, 5)


@given(text, text, st.sampled_from(["", "data", "../up"]))
def test_where_the_folder_does_not_matter_the_item_is_the_same(href_, other, base):
    assets = {
        "d": {"href": {"from": "h", "as": "string", "required": False}},
        "e": {"href": {"template": "{o}", "default": "x"}},
    }
    spec = {"id": {"value": "i"}, "geometry": POINT, "datetime": {"value": "2024-01-01"}, "assets": assets}
    mapper, record = Mapper(convert(spec, schema.Mapping), "c"), {"h": href_, "o": other}
    if not mapper.base_matters(record):
        assert made(mapper, record, base) == made(mapper, record, "elsewhere")


def made(mapper, record, base):
    try:
        return canon.encode(mapper.item(record, base))
    except ItemError as error:
        return error.code, error.message, error.path


scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=6)


@given(st.dictionaries(st.sampled_from("ghintwx"), values))
def test_any_record_becomes_an_item_or_an_item_error(record):
    spec = {
        "id": {"template": "{i}"},
        "geometry": {"wkt": "w", "default": "null"},
        "datetime": {"from": "t", "default": "2024-01-01"},
        "properties": {
            "n": {"from": "n", "as": "integer", "scale": 0.5, "required": False},
            "x": {"from": "x", "default": 1},
        },
        "assets": {
            "d": {"href": {"from": "h", "required": False}, "title": {"from": "g", "as": "string", "default": ""}}
        },
    }
    found = made(Mapper(convert(spec, schema.Mapping), "c"), record, "data")
    assert isinstance(found, bytes) or found[0] in CODES


def test_identity_settings_move_with_what_decides_ids_and_nothing_else():
    def settings(**spec):
        whole = {"id": "id", "geometry": POINT, "datetime": "t", **spec}
        return canon.encode(Mapper(convert(whole, schema.Mapping), "c").id_settings)

    plain = settings()
    assert settings(properties={"a": "b"}) == plain
    assert settings(datetime="u") == plain
    assert settings(id="other") != plain
    assert settings(assets={"d": {"href": "h"}}) != plain
    by_lookup = {"id": {"from": "a", "lookup": "l"}}
    assert settings(**by_lookup, lookups={"l": {"x": "y"}}) != settings(**by_lookup, lookups={"l": {"x": "z"}})
