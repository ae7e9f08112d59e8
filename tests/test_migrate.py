"""Documents of STAC 1.0.0 and before, as 1.1.0 says them."""

import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stacbuild.failures import ItemError
from stacbuild.stages.migrate import migrate

AT = "https://stac-extensions.github.io/{}/schema.json".format
ITEM = {
    "type": "Feature",
    "stac_version": "1.0.0",
    "stac_extensions": [],
    "id": "a",
    "geometry": {"type": "Point", "coordinates": [1, 2]},
    "bbox": [1, 2, 1, 2],
    "properties": {"datetime": "2024-01-01T00:00:00Z"},
    "links": [],
    "assets": {"data": {"href": "a.tif"}},
}
COLLECTION = {
    "type": "Collection",
    "stac_version": "1.0.0",
    "id": "c",
    "description": "all",
    "license": "CC-BY-4.0",
    "extent": {"spatial": {"bbox": [[0, 0, 9, 9]]}, "temporal": {"interval": [["2024-01-01T00:00:00Z", None]]}},
    "links": [],
}


def item(*, asset=None, properties=None, extensions=(), **members):
    made = copy.deepcopy(ITEM) | {"stac_extensions": list(extensions)} | members
    made["properties"] |= properties or {}
    made["assets"]["data"] |= asset or {}
    return made


def collection(**members):
    return copy.deepcopy(COLLECTION) | members


def migrated(document):
    """Return what `document` becomes; it is not changed, and the result stays as it is."""
    before = json.dumps(document)
    result = migrate(document)
    assert json.dumps(document) == before
    assert migrate(result) == result
    return result


# ---- bands -----------------------------------------------------------------------------------------------------------


def test_eo_and_raster_bands_become_bands_by_position():
    eo = [
        {"name": "B1", "common_name": "red", "center_wavelength": 0.65, "full_width_half_max": 0.1, "gsd": 10},
        {"name": "B2", "description": "near", "solar_illumination": 900},
    ]
    raster = [
        {"data_type": "uint16", "nodata": 0, "unit": "m", "scale": 0.1, "offset": -1, "statistics": {"mean": 5}},
        {"sampling": "area", "spatial_resolution": 10, "bits_per_sample": 15, "histogram": {"count": 1}, "odd": [1]},
    ]
    found = migrated(
        item(asset={"eo:bands": eo, "raster:bands": raster}, extensions=[AT("eo/v1.1.0"), AT("raster/v1.1.0")])
    )
    assert found["stac_version"] == "1.1.0"
    assert found["stac_extensions"] == [AT("eo/v2.0.0"), AT("raster/v2.0.0")]
    assert found["assets"]["data"] == {
        "href": "a.tif",
        "bands": [
            {
                "name": "B1",
                "eo:common_name": "red",
                "eo:center_wavelength": 0.65,
                "eo:full_width_half_max": 0.1,
                "gsd": 10,
                "data_type": "uint16",
                "nodata": 0,
                "unit": "m",
                "raster:scale": 0.1,
                "raster:offset": -1,
                "statistics": {"mean": 5},
            },
            {
                "name": "B2",
                "description": "near",
                "eo:solar_illumination": 900,
                "raster:sampling": "area",
                "raster:spatial_resolution": 10,
                "raster:bits_per_sample": 15,
                "raster:histogram": {"count": 1},
                "odd": [1],
            },
        ],
    }


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"eo:bands": [{"name": "a"}, {"name": "b"}], "raster:bands": [{"unit": "m"}]},
         {"bands": [{"name": "a", "unit": "m"}, {"name": "b"}]}),
        ({"eo:bands": [{"name": "a"}], "raster:bands": [{"name": "x", "unit": "m"}, {"unit": "s"}]},
         {"bands": [{"name": "a", "unit": "m"}, {"unit": "s"}]}),
        ({"eo:bands": [{"name": "a", "description": ""}]}, {"bands": [{"name": "a"}]}),
        ({"eo:bands": [{"common_name": "red"}], "bands": [{"name": "kept", "eo:common_name": "nir"}]},
         {"bands": [{"name": "kept", "eo:common_name": "nir"}]}),
        ({"eo:bands": []}, {}),
        ({"eo:bands": [0, 1]}, {"eo:bands": [0, 1]}),
        ({"eo:bands": "red", "raster:bands": [{"unit": "m"}]}, {"eo:bands": "red", "bands": [{"unit": "m"}]}),
        ({"eo:bands": [{"name": "a"}], "bands": 5}, {"eo:bands": [{"name": "a"}], "bands": 5}),
    ],
)  # fmt: skip
def test_bands_of_uneven_or_odd_lists(fields, expected):
    assert migrated(item(asset=fields))["assets"]["data"] == {"href": "a.tif", **expected}


def test_extension_of_which_nothing_is_left_is_no_longer_declared():
    named = {"eo:bands": [{"name": "B1"}], "raster:bands": [{"data_type": "uint8"}]}
    found = migrated(item(asset=named, extensions=[AT("eo/v1.0.0"), AT("raster/v1.0.0"), AT("view/v1.0.0")]))
    assert found["stac_extensions"] == [AT("view/v1.0.0")]
    cloudy = migrated(item(asset=named, properties={"eo:cloud_cover": 5}, extensions=[AT("eo/v1.0.0")]))
    assert cloudy["stac_extensions"] == [AT("eo/v2.0.0")]


def test_bands_in_properties_move_only_where_an_asset_has_some():
    bands = [{"name": "B1", "common_name": "red"}]
    moved = migrated(item(asset={"eo:bands": bands}, properties={"eo:bands": bands}, extensions=[AT("eo/v1.1.0")]))
    assert moved["properties"]["bands"] == [{"name": "B1", "eo:common_name": "red"}]
    alone = migrated(item(properties={"eo:bands": bands}, extensions=[AT("eo/v1.1.0")]))
    assert alone["properties"]["eo:bands"] == bands, "1.1.0 has no place for them"
    assert alone["stac_extensions"] == [AT("eo/v1.1.0")], "eo 2.0.0 would refuse them"


def test_model_has_its_bands_in_its_properties_where_mlm_looks_for_them():
    found = migrated(item(asset={"eo:bands": [{"name": "a"}, {"name": "a"}]}, extensions=[AT("mlm/v1.5.2")]))
    assert found["properties"]["bands"] == [{"name": "a"}]


# ---- other fields ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"proj:epsg": 32633}, {"proj:code": "EPSG:32633"}),
        ({"proj:epsg": 32633.0}, {"proj:code": "EPSG:32633"}),
        ({"proj:epsg": "32633"}, {"proj:code": "EPSG:32633"}),
        ({"proj:epsg": None}, {"proj:code": None}),
        ({"proj:epsg": 4326, "proj:code": "IAU_2015:30100"}, {"proj:code": "IAU_2015:30100"}),
        ({"proj:epsg": 4326, "proj:code": None}, {"proj:code": "EPSG:4326"}),
        ({"proj:epsg": None, "proj:code": "EPSG:4326"}, {"proj:code": "EPSG:4326"}),
        ({"license": "proprietary"}, {"license": "other"}),
        ({"license": "various"}, {"license": "other"}),
        ({"license": "MIT"}, {"license": "MIT"}),
        ({"license": ["various"]}, {"license": ["various"]}),
        ({"description": ""}, {}),
        ({"description": "x"}, {"description": "x"}),
    ],
)
def test_fields_of_properties_and_assets(fields, expected):
    found = migrated(item(asset=fields, properties=fields, extensions=[AT("projection/v1.1.0")]))
    assert found["assets"]["data"] == {"href": "a.tif", **expected}
    assert found["properties"] == {"datetime": "2024-01-01T00:00:00Z", **expected}
    assert found["stac_extensions"] == [AT("projection/v2.0.0")]


@pytest.mark.parametrize("epsg", [True, -1, 0, 4326.5, "EPSG:4326", [4326], {"a": 1}])
def test_what_is_no_epsg_number_stays_and_so_does_the_version_that_knows_it(epsg):
    found = migrated(item(properties={"proj:epsg": epsg}, extensions=[AT("projection/v1.0.0")]))
    assert found["properties"]["proj:epsg"] == epsg
    assert found["stac_extensions"] == [AT("projection/v1.0.0")]


def test_extensions_are_raised_once_and_others_left():
    declared = [AT("projection/v1.0.0"), AT("projection/v1.1.0"), AT("projection/v2.0.0"), AT("file/v2.0.0"), "eo", 5]
    assert migrated(item(extensions=declared))["stac_extensions"] == [
        AT("projection/v2.0.0"),
        AT("file/v2.0.0"),
        "eo",
        5,
    ]


def test_empty_description_of_a_link_is_none():
    links = [{"rel": "via", "href": "x", "description": ""}, {"rel": "about", "href": "y", "description": "y"}]
    assert migrated(item(links=links))["links"] == [{"rel": "via", "href": "x"}, links[1]]


# ---- collections and catalogs ----------------------------------------------------------------------------------------


def test_item_assets_belong_to_the_core():
    definitions = {"data": {"title": "D", "eo:bands": [{"name": "a", "common_name": "red"}], "proj:epsg": 4326}}
    declared = [AT("item-assets/v1.0.0"), AT("eo/v1.0.0"), AT("raster/v1.0.0"), AT("projection/v1.0.0")]
    found = migrated(collection(stac_extensions=declared, item_assets=definitions, license="proprietary"))
    assert found["stac_extensions"] == [AT("eo/v2.0.0"), AT("projection/v2.0.0")]
    bands = [{"name": "a", "eo:common_name": "red"}]
    assert found["item_assets"] == {"data": {"title": "D", "bands": bands, "proj:code": "EPSG:4326"}}
    assert (found["license"], found["stac_version"]) == ("other", "1.1.0")


def test_summaries_are_said_as_items_say_them():
    summaries = {
        "eo:bands": [{"name": "a", "common_name": "red"}, {"name": "b"}],
        "raster:bands": [{"data_type": "uint8"}, {"name": "b"}],
        "proj:epsg": [32633, 32634, None],
        "license": ["various", "proprietary", "MIT"],
        "gsd": [10],
    }
    assert migrated(collection(summaries=summaries))["summaries"] == {
        "bands": [{"name": "a", "eo:common_name": "red"}, {"name": "b"}, {"data_type": "uint8"}],
        "proj:code": ["EPSG:32633", "EPSG:32634", None],
        "license": ["other", "MIT"],
        "gsd": [10],
    }


def test_range_of_epsg_numbers_is_a_code_only_where_it_is_one():
    one, several = {"minimum": 32659, "maximum": 32659}, {"minimum": 1, "maximum": 2}
    assert migrated(collection(summaries={"proj:epsg": one}))["summaries"] == {"proj:code": ["EPSG:32659"]}
    assert migrated(collection(summaries={"proj:epsg": several}))["summaries"] == {"proj:epsg": several}


@pytest.mark.parametrize(
    ("boxes", "expected"),
    [
        ([[0, 0, 9, 9]], [[0, 0, 9, 9]]),
        ([[0, 0, 9, 9], [1, 1, 2, 2]], [[0, 0, 9, 9]]),
        ([[0, 0, 2, 2], [5, 5, 9, 9]], [[0, 0, 9, 9], [0, 0, 2, 2], [5, 5, 9, 9]]),
        ([[0, 0, 0, 2, 2, 5], [5, 5, -1, 9, 9, 3]], [[0, 0, -1, 9, 9, 5], [0, 0, 0, 2, 2, 5], [5, 5, -1, 9, 9, 3]]),
        ([[0, 0, 2, 2], [5, 5, -1, 9, 9, 3]], [[0, 0, 9, 9], [0, 0, 2, 2], [5, 5, -1, 9, 9, 3]]),
        ([[0, 0, -9, 9, 9, 9], [1, 1, 2, 2]], [[0, 0, -9, 9, 9, 9]]),
        ([[170, 0, -170, 5], [-175, 1, -160, 2]], [[170, 0, -160, 5], [170, 0, -170, 5], [-175, 1, -160, 2]]),
        ([[170, 0, -170, 5], [175, 1, 178, 2]], [[170, 0, -170, 5]]),
        ([[160, 0, 165, 5], [170, 0, -170, 5]], [[160, 0, -170, 5], [160, 0, 165, 5], [170, 0, -170, 5]]),
        ([[10, 0, 5, 5], [0, 0, 20, 5]], [[-180, 0, 180, 5], [10, 0, 5, 5], [0, 0, 20, 5]]),
        ([[0, 0, 9, 9], [0, 0, 9, 9]], [[0, 0, 9, 9]]),
        ([[0, 0, 9, 9], "x"], [[0, 0, 9, 9], "x"]),
        ([[0, 0, 1, 1], [2, 2, 3, 3], [4, 4, 5, 5]], [[0, 0, 1, 1], [2, 2, 3, 3], [4, 4, 5, 5]]),
    ],
)
def test_two_boxes_become_one_or_three(boxes, expected):
    extent = COLLECTION["extent"] | {"spatial": {"bbox": boxes, "note": "kept"}}
    assert migrated(collection(extent=extent))["extent"] == extent | {"spatial": {"bbox": expected, "note": "kept"}}


def test_catalog_is_raised():
    catalog = {"type": "Catalog", "stac_version": "1.0.0", "id": "r", "description": "", "links": []}
    assert migrated(catalog) == catalog | {"stac_version": "1.1.0"}, (
        "a description is required: it is for people to mend"
    )


# ---- other versions --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["1.1.0", "1.2.0", "2.0.0-beta.1", None, 5, "", "latest"])
def test_other_versions_are_left_as_they_are(version):
    document = item(asset={"eo:bands": [{"name": "a"}]}) | {"stac_version": version}
    assert migrate(document) is document


@pytest.mark.parametrize("version", ["1.0.0", "1.0.0-rc.4", "0.9.0"])
@pytest.mark.parametrize("kind", ["FeatureCollection", "", 5])
def test_what_is_no_stac_document_is_left_as_it_is(kind, version):
    document = item() | {"type": kind, "stac_version": version}
    assert migrate(document) is document


def test_what_does_not_change_is_shared_not_copied():
    document = item(links=[{"rel": "via", "href": "x"}])
    found = migrate(document)
    assert found["geometry"] is document["geometry"]
    assert found["assets"]["data"] is document["assets"]["data"]
    assert found["properties"] is document["properties"]


@pytest.mark.parametrize("version", ["1.0.0-beta.2", "1.0.0-rc.1", "1.0.0-rc.4", "0.9.0"])
def test_item_of_before_1_0_is_raised_with_its_short_names(version):
    old = item(
        asset={"eo:bands": [{"name": "a", "common_name": "red"}]},
        properties={"proj:epsg": 4326, "eo:cloud_cover": 5, "view:off_nadir": 3},
        extensions=["eo", "projection", "view"] if "rc" not in version else [AT("eo/v1.0.0"), AT("projection/v1.0.0")],
    ) | {"stac_version": version}
    found = migrated(old)
    assert found["stac_version"] == "1.1.0"
    assert found["assets"]["data"]["bands"] == [{"name": "a", "eo:common_name": "red"}]
    assert found["properties"]["proj:code"] == "EPSG:4326"
    assert {AT("eo/v2.0.0"), AT("projection/v2.0.0")} <= set(found["stac_extensions"])
    assert all(url.startswith("https://") for url in found["stac_extensions"])


def test_bands_that_assets_named_by_number_are_told_in_the_assets():
    bands = [{"name": "a"}, {"name": "b"}]
    old = item(asset={"eo:bands": [1]}, properties={"eo:bands": bands}, extensions=["eo"]) | {
        "stac_version": "1.0.0-beta.2"
    }
    found = migrated(old)
    assert found["assets"]["data"]["bands"] == [{"name": "b"}]
    assert found["properties"]["bands"] == bands


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (item() | {"stac_version": "0.7.0"}, "only 0.8 and later are read"),
        (item() | {"stac_version": "0.6.0-rc1"}, "only 0.8 and later are read"),
        ({"stac_version": "0.9.0", "type": "Feature", "id": "a"}, "STAC 0.9.0 cannot be raised"),
        (item(extensions=["eo"]) | {"stac_version": "1.0.0-beta.2", "assets": 5}, "STAC 1.0.0-beta.2 cannot be raised"),
    ],
)
def test_what_is_too_old_or_not_what_it_says_is_refused(document, words):
    with pytest.raises(ItemError, match=words) as caught:
        migrate(document)
    assert (caught.value.code, caught.value.path) == ("SB229", "/stac_version")
    assert "keep" in caught.value.hint


MEMBERS = """type stac_version stac_extensions properties assets item_assets links summaries extent spatial bbox license
description eo:bands raster:bands bands proj:epsg proj:code name common_name unit"""
names = st.sampled_from(MEMBERS.split())
odd = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 40000) | st.sampled_from(["", "a", "proprietary", AT("eo/v1.0.0")]),
    lambda part: st.lists(part, max_size=3) | st.dictionaries(names, part, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(names, odd, max_size=8), st.sampled_from(["0.9.0", "1.0.0-beta.2", "1.0.0-rc.1"]))
def test_old_documents_of_any_shape_are_raised_or_refused(members, version):
    try:
        migrated({**members, "type": "Feature", "stac_version": version})
    except ItemError as error:
        assert error.code == "SB229"  # noqa: PT017  either will do


@given(st.sampled_from(["Feature", "Collection", "Catalog"]), st.dictionaries(names, odd, max_size=8))
def test_documents_of_any_shape_are_migrated_once_and_never_changed(kind, members):
    migrated({**members, "type": kind, "stac_version": "1.0.0"})
