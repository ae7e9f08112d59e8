"""Content identifiers: where they stand, which are none, and that an asset's is among the item's."""

import pytest
from extended import CID, COLLECTION, OTHER_CID, PIECE, applied, changed, refused
from kitchen import Kitchen

URL = "https://raw.githubusercontent.com/DecentralizedGeo/dgeo-asset/refs/heads/pgstac-variant/json-schema/schema.json"
WITH = changed({"cid": CID, "more": [OTHER_CID, CID], "bad": "ipfs://x", "number": 5})
CONTRACT = {"use": "dgeo", "cids": {"from": "properties.cid"}}


def cids(table, item=WITH):
    return applied(table, item)["properties"].get("dgeo:cids")


def test_the_cids_of_an_item_come_from_a_field_and_its_schema_is_declared():
    made = applied(CONTRACT, WITH)
    assert made["properties"]["dgeo:cids"] == [CID]
    assert made["stac_extensions"] == [URL]
    assert made["properties"]["cid"] == CID


def test_applied_again_nothing_is_appended_twice():
    table = {**CONTRACT, "assets": {"data": {"cid": {"from": "cid"}}}}
    once = applied(table, WITH)
    assert applied(table, once) == once


def test_a_list_several_fields_and_constants_are_taken_each_cid_once():
    assert cids({"use": "dgeo", "cids": {"from": "more"}}) == [OTHER_CID, CID]
    assert cids({"use": "dgeo", "cids": {"from": ["cid", "more"]}}) == [CID, OTHER_CID]
    assert cids({"use": "dgeo", "cids": [CID, "{cid}"]}) == [CID]


def test_without_cids_of_its_own_an_item_has_those_of_its_assets():
    table = {"use": "dgeo", "assets": {"data": {"cid": CID, "piece-cid": PIECE}, "thumb": {"cid": OTHER_CID}}}
    made = applied(table, changed({"dgeo:cids": [OTHER_CID]}))
    assert made["properties"]["dgeo:cids"] == [OTHER_CID, CID]
    assert made["properties"]["dgeo:piece_cids"] == [PIECE]
    assert made["assets"]["data"]["dgeo:cid"] == CID


def test_an_assets_cid_must_be_among_those_of_the_item():
    error = refused({**CONTRACT, "assets": {"data": {"cid": OTHER_CID}}}, WITH)
    assert (error.code, error.path) == ("SB234", "/assets/data/dgeo:cid")
    assert "not among the item's dgeo:cids" in error.message
    error = refused({"use": "dgeo", "piece-cids": [PIECE], "assets": {"data": {"piece-cid": f"{PIECE}a"}}}, WITH)
    assert error.path == "/assets/data/dgeo:piece_cid"


@pytest.mark.parametrize("field", ["bad", "number"])
def test_what_is_no_cid_costs_the_item(field):
    error = refused({"use": "dgeo", "cids": {"from": field}}, WITH)
    assert error.code == ("SB234" if field == "bad" else "SB235")
    assert error.path.startswith("/properties/dgeo:cids")


@pytest.mark.parametrize(
    "cid",
    [
        *(f"Qm{'1' * 43}", f"Qm{'1' * 45}", f"Qm{'0' * 44}", f"b{'a' * 57}", f"b{'1' * 58}", f"B{'a' * 58}"),
        *(CID.upper().replace("B", "b", 1), f" {CID}", f"{CID}\n", f"ipfs://{CID}", ""),
    ],
)
def test_cids_look_as_the_schema_says(cid):
    assert refused({"use": "dgeo", "cids": {"from": "x"}}, changed({"x": [CID, cid]})).path.endswith("dgeo:cids/1")


@pytest.mark.parametrize("cid", [CID, OTHER_CID, f"B{'A' * 58}", f"z{'1' * 48}"])
def test_cids_of_each_base_are_taken(cid):
    assert cids({"use": "dgeo", "cids": {"from": "x"}}, changed({"x": cid})) == [cid]


@pytest.mark.parametrize("value", [[], None, {}, [CID, CID], "text"])
def test_an_item_that_comes_with_a_bad_list_is_told(value):
    item = changed({"dgeo:cids": value})
    table = {"use": "dgeo", "ownership": "us"}
    if value is None:
        assert "dgeo:ownership" in applied(table, item)["properties"]
    elif value == [CID, CID]:
        assert cids(table, item) == [CID]
    else:
        assert refused(table, item).code == "SB234"


def test_an_item_that_may_be_without_has_no_field_and_declares_nothing():
    made = applied({"use": "dgeo", "cids": {"from": "nowhere", "required": False}})
    assert "dgeo:cids" not in made["properties"]
    assert "stac_extensions" not in made
    assert refused({"use": "dgeo", "cids": {"from": "nowhere"}}).code == "SB235"


def test_an_empty_list_is_no_list_of_cids():
    empty = changed({"cid": []})
    error = refused(CONTRACT, empty)
    assert (error.code, error.path) == ("SB235", "/properties/dgeo:cids")
    assert "required = false" in error.hint
    assert cids({"use": "dgeo", "cids": {"from": "cid", "required": False}, "ownership": "ours"}, empty) is None


def test_fields_that_no_schema_knows_are_written_and_declare_none():
    table = {"use": "dgeo", "ownership": {"holder": "{platform}"}, "provenance": {"from": "clouds"}}
    made = applied(table)
    assert made["properties"]["dgeo:ownership"] == {"holder": "one"}
    assert made["properties"]["dgeo:provenance"] == 12.5
    assert "stac_extensions" not in made


def test_the_schema_may_be_another():
    table = {**CONTRACT, "schema": "https://example.com/dgeo.json"}
    assert applied(table, WITH)["stac_extensions"] == ["https://example.com/dgeo.json"]


def test_a_collection_has_them_at_its_top():
    collection = {**COLLECTION, "assets": {"all": {"href": "all.parquet"}}}
    made = applied({"use": "dgeo", "assets": {"all": {"cid": CID, "cid-profile": {"cid_version": 1}}}}, collection)
    assert made["dgeo:cids"] == [CID]
    assert made["assets"]["all"]["dgeo:cid_profile"] == {"cid_version": 1}
    assert made["stac_extensions"] == [URL]


def test_check_says_which_fields_stand_outside_of_the_published_schema(tmp_path):
    kitchen = Kitchen(tmp_path, 1)
    kitchen.recipe["extensions"] = {"ids": {"use": "dgeo", "ownership": "us", "licensing": "CC0-1.0"}}
    kitchen.recipe["collections"]["one"]["extensions"] = ["ids"]
    kitchen.save()
    warnings = [one for one in kitchen.ask("check")["warnings"] if one["code"] == "SB236"]
    assert ["'dgeo:ownership'" in one["message"] for one in warnings] == [True, False]
    assert "'dgeo:licensing'" in warnings[1]["message"]
    kitchen.build()
    assert kitchen.items()[0]["properties"]["dgeo:ownership"] == "us"
