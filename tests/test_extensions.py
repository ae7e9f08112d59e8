"""What each built-in extension sets, where it declares its schema, and what it never touches."""

import hashlib
import math

import pytest
from extended import BASE, COLLECTION, ITEM, applied, changed, refused

EO, PROJ = f"{BASE}/eo/v2.0.0/schema.json", f"{BASE}/projection/v2.0.0/schema.json"


def properties(table, item=ITEM):
    """Return the properties that an extension puts into an item."""
    made = applied(table, item)["properties"]
    return {name: value for name, value in made.items() if item["properties"].get(name, ...) != value}


# ---- values ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("of {platform}", "of one"),
        ("{properties.clouds} {id} {{x}}", "12.5 a {x}"),
        ({"from": "clouds"}, 12.5),
        ({"from": "geometry.coordinates.0.1"}, [21, 60]),
        ({"from": ["platform", "count"]}, ["one", 3]),
        ({"from": ["platform", "nowhere"], "required": False}, ["one"]),
        ({"from": "nowhere", "default": {"a": 1}}, {"a": 1}),
        ({"value": {"from": "clouds"}}, {"from": "clouds"}),
        ({"value": "{platform}"}, "{platform}"),
        ({"from": "somewhere", "to": "{id}"}, {"from": "somewhere", "to": "a"}),
        (["{id}", 3, None, True], ["a", 3, None, True]),
    ],
)
def test_a_value_is_a_template_a_field_of_the_item_or_a_constant(value, expected):
    assert properties({"use": "fields", "properties": {"x:y": value}}) == {"x:y": expected}


def test_a_value_that_the_item_has_not_is_left_out_only_where_the_recipe_says_so():
    assert properties({"use": "fields", "properties": {"x:y": {"from": "nowhere", "required": False}}}) == {}
    error = refused({"use": "fields", "properties": {"x:y": {"from": "nowhere"}}})
    assert (error.code, error.path, "'nowhere'" in error.message) == ("SB235", "/properties/x:y", True)
    assert refused({"use": "fields", "properties": {"x:y": "{nowhere}"}}).code == "SB235"
    assert refused({"use": "fields", "properties": {"x:y": "{assets}"}}).code == "SB235"


def test_a_null_is_a_missing_value_and_a_truth_is_written_as_json_does():
    item = changed({"clouds": None, "fine": True})
    assert properties({"use": "view", "azimuth": {"from": "clouds", "default": 3}}, item) == {"view:azimuth": 3}
    assert properties({"use": "fields", "properties": {"x": "{fine}"}}, item) == {"x": "true"}


def test_paths_know_names_with_dots_and_colons():
    item = changed({"a.b": 1, "eo:x": {"y.z": 2}})
    for path, value in {"a.b": 1, r"a\.b": 1, "properties.eo:x.y.z": 2, r"eo:x.y\.z": 2}.items():
        assert properties({"use": "fields", "properties": {"got": {"from": path}}}, item) == {"got": value}


def test_in_an_asset_its_key_and_its_own_fields_can_be_named():
    made = applied({"use": "fields", "assets": {"x:key": "{asset}", "x:type": {"from": "this.type", "default": "?"}}})
    assert [(one["x:key"], one["x:type"]) for one in made["assets"].values()] == [("data", "?"), ("thumb", "image/png")]


# ---- declared schemas ------------------------------------------------------------------------------------------------


def test_a_schema_is_declared_once_however_often_the_extension_is_applied():
    table = {"use": "eo", "cloud-cover": 3}
    once = applied(table)
    assert once["stac_extensions"] == [EO]
    assert applied(table, once)["stac_extensions"] == [EO]
    twice = changed(stac_extensions=[EO, "https://example.com/x.json", EO])
    assert applied(table, twice)["stac_extensions"] == [EO, "https://example.com/x.json"]


def test_another_version_of_the_same_extension_gives_way_in_its_place():
    other, more = f"{BASE}/eo/v1.1.0/schema.json", "https://example.com/eo/v1.0.0/schema.json"
    made = applied({"use": "eo", "cloud-cover": 3}, changed(stac_extensions=[other, more]))
    assert made["stac_extensions"] == [EO, more]


@pytest.mark.parametrize(
    "table",
    [
        {"use": "eo", "cloud-cover": {"from": "nowhere", "required": False}},
        {"use": "view", "azimuth": {"from": "nowhere", "required": False}},
        {"use": "raster", "assets": {"nowhere": {"scale": 2}}},
        {"use": "raster", "assets": {"data": {"nodata": 0}}},
        {"use": "processing", "level": {"from": "nowhere", "required": False}},
        {"use": "scientific", "doi": {"from": "nowhere", "required": False}},
        {"use": "version", "version": {"from": "nowhere", "required": False}},
        {"use": "projection", "code": {"from": "nowhere", "required": False}},
        {"use": "proj-compat"},
        {"use": "dgeo", "ownership": "us"},
        {"use": "file", "assets": ["thumb"]},
        {"use": "alternate-assets", "alternates": {"m": {"href": "https://m/{path}"}}, "assets": ["nowhere"]},
    ],
)
def test_an_item_without_a_field_of_the_extension_does_not_declare_it(table):
    assert "stac_extensions" not in applied(table)


@pytest.mark.parametrize("use", ["eo", "raster", "projection", "dgeo"])
def test_an_asset_that_an_item_has_not_is_never_invented(use):
    table = {"use": use, "assets": {"AssetId": {}, "*": {}}}
    for item in (changed(assets={}), changed(assets=...), changed(assets=None)):
        made = applied(table, item)
        assert made.get("assets") == item.get("assets")
    assert set(applied(table)["assets"]) == {"data", "thumb"}


# ---- bands -----------------------------------------------------------------------------------------------------------

BANDS = {"use": "eo", "assets": {"data": {"bands": [{"name": "B1", "common-name": "red"}, {"name": "B2"}]}}}


def bands(table, *existing):
    return applied(table, changed(assets={"data": {"href": "a.tif", "bands": list(existing)}}))["assets"]["data"][
        "bands"
    ]


def test_bands_are_put_together_by_name_then_by_place_else_behind():
    red = {"name": "B1", "eo:common_name": "red"}
    assert bands(BANDS) == [red, {"name": "B2"}]
    assert bands(BANDS, {"name": "B2", "x": 1}, {"name": "B1"}) == [{"name": "B2", "x": 1}, red]
    assert bands(BANDS, {"data_type": "uint8"}) == [{"data_type": "uint8", **red}, {"name": "B2"}]
    assert bands(BANDS, {"name": "Z"}) == [{"name": "Z"}, red, {"name": "B2"}]


def test_eo_and_raster_fill_the_same_bands():
    raster = {"use": "raster", "assets": {"data": {"bands": [{"scale": 2, "nodata": 0}, {"data-type": "int8"}]}}}
    made = applied(raster, applied(BANDS))
    assert made["assets"]["data"]["bands"] == [
        {"name": "B1", "eo:common_name": "red", "nodata": 0, "raster:scale": 2},
        {"name": "B2", "data_type": "int8"},
    ]
    assert applied(BANDS, made) == made


def test_the_star_stands_for_the_assets_that_are_not_named():
    made = applied({"use": "raster", "assets": {"data": {"scale": 2}, "*": {"scale": 1, "unit": "m"}}})
    assert {key: one.get("raster:scale") for key, one in made["assets"].items()} == {"data": 2, "thumb": 1}
    assert "unit" not in made["assets"]["data"]


# ---- single ones -----------------------------------------------------------------------------------------------------


def test_projection_sets_what_it_is_given():
    table = {"use": "projection", "code": "EPSG:{epsg}", "shape": [2, 3], "centroid": {"lat": 1, "lon": 2}}
    made = properties(table, changed({"epsg": 32634}))
    assert made == {"proj:code": "EPSG:32634", "proj:shape": [2, 3], "proj:centroid": {"lat": 1, "lon": 2}}
    assets = applied({"use": "projection", "assets": {"data": {"code": "EPSG:3067"}}})
    assert assets["assets"]["data"]["proj:code"] == "EPSG:3067"
    assert assets["stac_extensions"] == [PROJ]


def test_a_bbox_is_worked_out_of_the_grid_exactly():
    table = {"use": "projection", "transform": [10, 0, 500000, 0, -10, 6700000], "shape": [100, 200]}
    assert "proj:bbox" not in properties(table)
    assert properties({**table, "compute-bbox": True})["proj:bbox"] == [500000, 6699000, 502000, 6700000]


def test_a_bbox_is_worked_out_of_the_geometry_where_there_is_no_grid():
    table = {"use": "projection", "code": "EPSG:3857", "compute-bbox": True}
    radius = 6378137
    heights = [radius * math.log(math.tan(math.pi / 4 + math.radians(latitude) / 2)) for latitude in (60, 61)]
    expected = [radius * math.radians(20), heights[0], radius * math.radians(21), heights[1]]
    assert properties(table)["proj:bbox"] == pytest.approx(expected)
    assert "proj:bbox" not in applied(table, changed(geometry=None, bbox=...))["properties"]
    assert properties({**table, "bbox": [1, 2, 3, 4]})["proj:bbox"] == [1, 2, 3, 4]


def test_a_bbox_that_cannot_be_worked_out_costs_the_item():
    assert refused({"use": "projection", "compute-bbox": True}).code == "SB235"
    error = refused({"use": "projection", "code": "EPSG:999999", "compute-bbox": True})
    assert (error.code, error.path) == ("SB235", "/properties/proj:code")


def test_proj_compat_puts_the_number_beside_the_code_and_declares_a_version_that_knows_both():
    item = changed({"proj:code": "EPSG:32634"}, stac_extensions=[PROJ])
    item["assets"]["data"]["proj:code"] = "epsg:3067"
    item["assets"]["thumb"]["proj:code"] = "IAU_2015:30100"
    made = applied({"use": "proj-compat"}, item)
    assert made["properties"]["proj:epsg"] == 32634
    assert [asset.get("proj:epsg") for asset in made["assets"].values()] == [3067, None]
    assert made["stac_extensions"] == [f"{BASE}/projection/v1.2.0/schema.json"]


def test_software_is_put_to_the_software_that_an_item_names_already():
    item = changed({"processing:software": {"a": "1", "b": "1"}})
    made = properties({"use": "processing", "software": {"b": "2", "c": "{count}"}}, item)
    assert made == {"processing:software": {"a": "1", "b": "2", "c": "3"}}


def test_processing_says_nothing_of_this_program_or_its_clock():
    assert properties({"use": "processing", "level": "L2"}) == {"processing:level": "L2"}


def test_version_and_scientific_write_to_the_top_of_a_collection():
    made = applied({"use": "version", "version": "2", "deprecated": False}, COLLECTION)
    assert (made["version"], made["deprecated"], "properties" in made) == ("2", False, False)
    table = {"use": "scientific", "doi": "10.1000/xyz", "publications": [{"doi": "10.1000/abc", "citation": "A"}]}
    made = applied(table, made)
    assert (made["sci:doi"], made["sci:publications"]) == ("10.1000/xyz", [{"doi": "10.1000/abc", "citation": "A"}])
    links = [{"rel": "cite-as", "href": f"https://doi.org/10.1000/{name}"} for name in ("xyz", "abc")]
    assert made["links"] == links
    assert applied(table, made)["links"] == links


# ---- files -----------------------------------------------------------------------------------------------------------


def test_checksum_and_size_of_local_assets_and_of_no_others(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data/a.tif").write_bytes(b"pixels")
    made = applied({"use": "file"}, root=tmp_path)
    digest = hashlib.sha256(b"pixels").hexdigest()
    assert made["assets"]["data"]["file:checksum"] == f"1220{digest}"
    assert made["assets"]["data"]["file:size"] == 6
    assert made["assets"]["thumb"] == ITEM["assets"]["thumb"]
    assert made["stac_extensions"] == [f"{BASE}/file/v2.1.0/schema.json"]


def test_a_file_that_is_not_there_costs_the_item_or_is_passed_over(tmp_path):
    error = refused({"use": "file"}, root=tmp_path)
    assert (error.code, error.path) == ("SB233", "/assets/data/href")
    assert "data/a.tif" in error.message
    assert applied({"use": "file", "missing": "skip"}, root=tmp_path) == ITEM
    (tmp_path / "data/a.tif").mkdir(parents=True)
    assert refused({"use": "file"}, root=tmp_path).code == "SB233"
    assert applied({"use": "file", "assets": ["thumb"]}, root=tmp_path) == ITEM


@pytest.mark.parametrize("href", ["s3://b/a.tif", "gs://b/a.tif", "//host/a.tif", "file://host/a.tif", "HTTP://h/a"])
def test_an_asset_elsewhere_is_left_alone(href, tmp_path):
    item = changed(assets={"data": {"href": href, "file:size": 1}})
    assert applied({"use": "file"}, item, tmp_path)["assets"] == item["assets"]


def test_a_name_that_no_file_can_have_is_a_file_that_is_not_there(tmp_path):
    for href in ("a%00.tif", "a\0.tif", "x" * 5000, ""):
        item = changed(assets={"data": {"href": href}})
        assert refused({"use": "file"}, item, tmp_path).code == "SB233"
        assert applied({"use": "file", "missing": "skip"}, item, tmp_path) == item


def test_a_local_href_may_be_a_file_url_or_hold_escapes(tmp_path):
    (tmp_path / "a b.tif").write_bytes(b"12")
    for href in ("a%20b.tif", f"file://{tmp_path}/a%20b.tif"):
        item = changed(assets={"data": {"href": href}})
        assert applied({"use": "file", "checksum": False}, item, tmp_path)["assets"]["data"]["file:size"] == 2
