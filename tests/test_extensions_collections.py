"""Built-in extensions on collections: in summaries, in item_assets, with providers; valid, or refused."""

import copy
import json

import pytest
from extended import BASE, COLLECTION, REAL, applied, changed, refused
from hypothesis import given, settings
from hypothesis import strategies as st
from kitchen import Kitchen
from test_extensions_laws import BAND, CONFIGS, tried

from stacbuild.extensions.registry import built_in
from stacbuild.recipe import extension_tables as tables
from stacbuild.stages.judge import Judge
from stacbuild.stages.schemas import SchemaStore

EO, RASTER = f"{BASE}/eo/v2.0.0/schema.json", f"{BASE}/raster/v2.0.0/schema.json"
PROJ, VIEW = f"{BASE}/projection/v2.0.0/schema.json", f"{BASE}/view/v1.1.0/schema.json"
PROCESSING = f"{BASE}/processing/v1.2.0/schema.json"
ASSETS = {"data": {"type": "image/tiff", "roles": ["data"]}, "thumb": {"type": "image/png", "roles": ["thumbnail"]}}
DESCRIBED = {**COLLECTION, "item_assets": ASSETS, "assets": {"data": {"href": "data/all.parquet"}}}
US, THEM = {"name": "Us", "roles": ["host"]}, {"name": "Them", "roles": ["producer", "processor"]}


def faults(document):
    """Return what the published schemas say of a collection."""
    found = Judge(SchemaStore([REAL], {}), missing="fail").judge(document, kind="collection").faults
    return [(fault.path, fault.message) for fault in found]


def new(table, document=DESCRIBED):
    """Return the members that an extension changes."""
    made = applied(table, document)
    return {name: value for name, value in made.items() if document.get(name, ...) != value}


def test_bands_go_to_what_is_said_of_items_assets_and_not_to_the_collections_own():
    made = new({"use": "eo", "assets": {"data": {"bands": [{"name": "B4", "common-name": "red"}]}}})
    bands = [{"name": "B4", "eo:common_name": "red"}]
    assert made == {"item_assets": {**ASSETS, "data": {**ASSETS["data"], "bands": bands}}, "stac_extensions": [EO]}


def test_eo_and_raster_fill_the_same_bands_of_a_collection():
    one = applied({"use": "eo", "assets": {"data": {"bands": [{"name": "B4", "common-name": "red"}]}}}, DESCRIBED)
    table = {"use": "raster", "assets": {"data": {"bands": [{"name": "B4", "scale": 0.1, "nodata": 0}]}}}
    both = applied(table, one)
    band = {"name": "B4", "eo:common_name": "red", "raster:scale": 0.1, "nodata": 0}
    assert both["item_assets"]["data"]["bands"] == [band]
    assert both["stac_extensions"] == [EO, RASTER]


def test_what_is_so_of_all_items_goes_to_the_summaries():
    assert new({"use": "projection", "code": "EPSG:3067"}) == {
        "summaries": {"proj:code": ["EPSG:3067"]},
        "stac_extensions": [PROJ],
    }
    assert new({"use": "view", "off-nadir": 0}) == {"summaries": {"view:off_nadir": [0]}, "stac_extensions": [VIEW]}


@pytest.mark.parametrize(
    ("known", "after"),
    [
        ([1.5], [1.5, 2]),
        ([2], [2]),
        ([2.0], [2.0, 2]),
        ({"minimum": 3, "maximum": 4}, {"minimum": 2, "maximum": 4}),
        ({"minimum": 0, "maximum": 1}, {"minimum": 0, "maximum": 2}),
        ({"minimum": "a", "maximum": "b"}, {"minimum": "a", "maximum": "b"}),
        ({"type": "number"}, {"type": "number"}),
        (None, [2]),
    ],
)
def test_a_summary_that_the_items_gave_is_widened_until_it_holds_the_value(known, after):
    document = {**DESCRIBED, "summaries": {"view:off_nadir": known, "gsd": [10]}}
    made = applied({"use": "view", "off-nadir": 2}, document)
    assert json.dumps(made["summaries"]) == json.dumps({"view:off_nadir": after, "gsd": [10]})


def test_processing_stands_with_who_processed_else_with_who_produced_else_in_the_summaries():
    table = {"use": "processing", "level": "L2A", "software": {"chain": "2"}}
    fields = {"processing:level": "L2A", "processing:software": {"chain": "2"}}
    for roles, other in ((["processor"], ["producer"]), (["producer", "host"], ["licensor"])):
        providers = [{"name": "A", "roles": other}, {"name": "B", "roles": roles}, {"name": "C"}]
        made = applied(table, {**DESCRIBED, "providers": providers})
        assert made["providers"] == [providers[0], {**providers[1], **fields}, providers[2]]
        assert made["stac_extensions"] == [PROCESSING]
        assert "summaries" not in made
    made = new(table, {**DESCRIBED, "providers": [US]})
    assert made == {"summaries": {name: [value] for name, value in fields.items()}, "stac_extensions": [PROCESSING]}


def test_software_is_put_to_the_software_that_a_provider_names_already():
    known = {**THEM, "processing:software": {"a": "1", "b": "1"}}
    made = applied({"use": "processing", "software": {"b": "2"}}, {**DESCRIBED, "providers": [known]})
    assert made["providers"][0]["processing:software"] == {"a": "1", "b": "2"}


def test_what_a_collection_tells_by_itself_is_declared_and_what_it_does_not_is_not():
    told = {**DESCRIBED, "summaries": {"eo:cloud_cover": {"minimum": 0, "maximum": 9}}}
    nowhere = {"use": "eo", "assets": {"nowhere": {"common-name": "red"}}}
    assert new(nowhere, told) == {"stac_extensions": [EO]}
    assert new(nowhere) == {}


def test_what_only_items_have_is_told_of_a_collection_with_what_to_do():
    error = refused({"use": "view", "off-nadir": {"from": "angle"}}, DESCRIBED)
    assert (error.code, error.path) == ("SB235", "/summaries/view:off_nadir")
    assert error.message == "the collection has no value in 'angle'"


# ---- laws ------------------------------------------------------------------------------------------------------------

ON_COLLECTIONS = sorted(CONFIGS.keys() - {"proj-compat"})
NEEDED = {"raster": {"assets": {}}, "alternate-assets": {"alternates": {}}}
TABLES = {kind.__struct_config__.tag: kind for kind in tables.Extension.__args__ if kind is not tables.PlugIn}


def of_collections(use):
    """Return configurations of an extension without what is of items only."""
    table = TABLES[use](**NEEDED.get(use, {}))
    wanted = {name.replace("_", "-") for name in getattr(built_in(table), "of_items", ())}

    def bare(value):
        if isinstance(value, dict):
            return {name: bare(member) for name, member in value.items() if name not in wanted}
        return [bare(member) for member in value] if isinstance(value, list) else value

    return CONFIGS[use].map(lambda config: {"use": use, **bare(config)})


DEFINITION = st.fixed_dictionaries(
    {"type": st.just("image/tiff"), "roles": st.just(["data"])},
    optional={"bands": st.lists(BAND, min_size=1, max_size=3), "proj:code": st.just("EPSG:3067")},
)
DOCUMENTS = st.builds(
    lambda members, declared: changed(document=COLLECTION, stac_extensions=declared, **members),
    st.fixed_dictionaries(
        {},
        optional={
            "item_assets": st.dictionaries(st.sampled_from(["data", "thumb", "red"]), DEFINITION),
            "assets": st.just({"data": {"href": "all.parquet"}}),
            "providers": st.just([US, THEM]) | st.just([US]),
            "summaries": st.just({"platform": ["one"], "eo:cloud_cover": [4]}),
            "platform": st.just("one"),
            "updated": st.just("2020-01-01T00:00:00Z"),
        },
    ),
    st.just([]) | st.just([f"{BASE}/eo/v1.1.0/schema.json", f"{BASE}/view/v1.0.0/schema.json"]),
)


@pytest.mark.parametrize("use", ON_COLLECTIONS)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_applied_twice_is_applied_once_and_what_was_given_is_not_changed(use, data):
    table, document = data.draw(of_collections(use)), data.draw(DOCUMENTS)
    before = copy.deepcopy(document)
    once = tried(table, document)
    assert document == before
    if once is not None:
        kept = copy.deepcopy(once)
        assert tried(table, once) == once == kept
        assert once.keys() >= document.keys()


@pytest.mark.skipif(not REAL.is_dir(), reason="no ../shared/data/schemas")
@pytest.mark.parametrize("use", [use for use in ON_COLLECTIONS if use != "fields"])
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_what_comes_out_is_valid_by_the_published_schemas(use, data):
    document = {**data.draw(DOCUMENTS), "stac_extensions": []}
    made = tried(data.draw(of_collections(use)), document)
    if made is not None and not faults(document):
        assert faults(made) == []


# ---- builds ----------------------------------------------------------------------------------------------------------


def kitchen_of(folder, **extensions):
    kitchen = Kitchen(folder, 3)
    kitchen.recipe["extensions"] = extensions
    kitchen.recipe["collections"]["one"] |= {"collection-extensions": list(extensions), "providers": [THEM]}
    kitchen.recipe["mappings"]["plain"]["assets"]["data"] |= {
        "type": {"value": "image/tiff"},
        "roles": {"value": ["data"]},
    }
    kitchen.save()
    return kitchen


def test_a_built_collection_has_them_all_and_is_valid(tmp_path):
    kitchen = kitchen_of(
        tmp_path,
        eo={"use": "eo", "assets": {"data": {"bands": [{"name": "B4", "common-name": "red"}]}}},
        raster={"use": "raster", "assets": {"*": {"data-type": "uint8", "nodata": 0}}},
        proj={"use": "projection", "code": "EPSG:3067", "assets": {"data": {"shape": [10, 10]}}},
        view={"use": "view", "off-nadir": 0},
        made={"use": "processing", "level": "L2A"},
    )
    report = kitchen.build()
    assert [one["code"] for one in report["warnings"]] in ([], ["SB302"])
    document = json.loads((kitchen / "dist/site/one/collection.json").read_bytes())
    data = document["item_assets"]["data"]
    assert data["bands"] == [{"name": "B4", "eo:common_name": "red"}]
    assert (data["nodata"], data["proj:shape"]) == (0, [10, 10])
    assert document["summaries"] == {"proj:code": ["EPSG:3067"], "view:off_nadir": [0]}
    assert document["providers"] == [{**THEM, "processing:level": "L2A"}]
    assert document["stac_extensions"] == [EO, PROJ, VIEW, PROCESSING]
    if REAL.is_dir():
        assert faults(document) == []


@pytest.mark.parametrize(
    ("table", "what"),
    [
        ({"use": "projection", "bbox": [0, 0, 1, 1], "compute-bbox": True}, "`bbox` and `compute-bbox`"),
        ({"use": "projection", "assets": {"data": {"transform": [1, 0, 0, 0, 1, 0]}}}, "`assets.data.transform`"),
        ({"use": "eo", "cloud-cover": 0}, "`cloud-cover`"),
        (
            {"use": "raster", "assets": {"*": {"bands": [{"statistics": {"minimum": 0}}]}}},
            "`assets.*.bands.0.statistics`",
        ),
        ({"use": "view", "sun-elevation": {"from": "sun"}}, "`sun-elevation`"),
        ({"use": "processing", "datetime": "2024-01-01T00:00:00Z"}, "`datetime`"),
    ],
)
def test_what_makes_no_sense_of_a_collection_is_an_error_of_the_recipe(tmp_path, table, what):
    kitchen = kitchen_of(tmp_path, odd=table)
    error = kitchen.ask("build", exit_=2)["error"]
    assert error["code"] == "SB103"
    assert f"sets what only items have: {what}" in error["message"]
    assert (
        "collection-extensions"
        in (kitchen / "stacbuild.toml").read_text().splitlines()[int(error["at"].split(":")[1]) - 1]
    )
    del kitchen.recipe["collections"]["one"]["collection-extensions"]
    kitchen.save()
    assert kitchen.ask("check", "--quick")["exit"] == 0


def test_a_document_that_set_has_spoilt_is_written_without_its_extensions_and_told(tmp_path):
    kitchen = kitchen_of(tmp_path, proj={"use": "projection", "code": "EPSG:3067"}, file={"use": "file"})
    kitchen.recipe["collections"]["one"]["set"] = {"providers.0": "us"}
    kitchen.save()
    (warning,) = [one for one in kitchen.build(exit_=1)["warnings"] if one["code"] == "SB708"]
    assert "'providers' that is not a list of objects" in warning["message"]
    assert not kitchen.ask("status")["fresh"]


@pytest.mark.parametrize("roles", [3, "processor", [["processor"]], None])
def test_roles_that_are_none_are_no_roles(roles):
    document = {**DESCRIBED, "providers": [{"name": "Odd", "roles": roles}]}
    made = applied({"use": "processing", "level": "L2A"}, document)
    assert (made["providers"], made["summaries"]) == (document["providers"], {"processing:level": ["L2A"]})


def test_a_default_that_says_no_is_none(tmp_path):
    kitchen = kitchen_of(tmp_path, proj={"use": "projection", "code": "EPSG:3067", "compute-bbox": False})
    assert kitchen.build()["exit"] == 0
