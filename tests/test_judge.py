"""Verdicts, and errors in words that a person can act on; schemas are small ones made here."""

import copy
import json
import subprocess
import sys
from pathlib import Path

import pytest

from stacbuild.stages.judge import CODES, MAX_FAULTS, REVISION, Judge, Verdict
from stacbuild.stages.schemas import SchemaStore

URL = "https://example.com/ours/v1.0.0/schema.json"
REAL = Path(__file__).parents[2] / "shared/data/schemas"
CORE = "https://schemas.stacspec.org/v1.1.0/item-spec/json-schema/item.json"
ITEM = {
    "type": "Feature",
    "stac_version": "1.1.0",
    "stac_extensions": [],
    "id": "a",
    "geometry": {"type": "Point", "coordinates": [1, 2]},
    "bbox": [1, 2, 1, 2],
    "properties": {"datetime": "2024-01-01T00:00:00Z"},
    "links": [{"rel": "collection", "href": "./c/collection.json", "type": "application/json"}],
    "assets": {"data": {"href": "a.tif"}},
    "collection": "c",
}


def core():
    return Judge(SchemaStore([], {}), missing="warn")


def changed(**members):
    item = copy.deepcopy(ITEM) | members
    return {name: value for name, value in item.items() if value is not ...}


def with_properties(**properties):
    return changed(properties={**ITEM["properties"], **properties})


def told(item, judge=None):
    """Return (path, message) of each fault of an invalid item."""
    verdict = (judge or core()).judge(item)
    assert verdict.state == "invalid"
    assert all(fault.stage == "validate" and fault.code in CODES and fault.hint for fault in verdict.faults)
    return [(fault.path, fault.message) for fault in verdict.faults]


def ours(tmp_path, schema, *, missing="warn", url=URL, **others):
    """Return a judge with `schema` at URL (text as it stands, else as JSON), and others beside it."""
    files = {}
    for address, document in {
        url: schema,
        **{URL.replace("schema", name): other for name, other in others.items()},
    }.items():
        files[address] = tmp_path / f"{len(files)}.json"
        files[address].write_text(document if isinstance(document, str) else json.dumps(document))
    return Judge(SchemaStore([], files), missing=missing)


def extended(**members):
    return changed(stac_extensions=[URL], **members)


# ---- words -----------------------------------------------------------------------------------------------------------


def test_valid_item_is_valid():
    assert core().judge(ITEM) == Verdict("valid")


KINDS = "'Point', 'LineString', 'Polygon', 'MultiPoint', 'MultiLineString' or 'MultiPolygon'"
UTC = "must be in UTC and end in Z, got"
NO_MOMENT = "not a moment as in 2024-01-31T12:00:00Z"


@pytest.mark.parametrize(
    ("item", "path", "message"),
    [
        (with_properties(datetime=None), "/properties/datetime",
         "datetime is null, so start_datetime and end_datetime are needed"),
        (changed(properties={}), "/properties", "'datetime' is missing in the item's properties"),
        (with_properties(datetime="2024"), "/properties/datetime", f"'datetime' is '2024', {NO_MOMENT}"),
        (with_properties(created="2024-01-01T00:00:00+02:00"), "/properties/created",
         f"'created' {UTC} '2024-01-01T00:00:00+02:00'"),
        (with_properties(start_datetime="2024-01-01T00:00:00Z"), "/properties",
         "'start_datetime' needs 'end_datetime' beside it"),
        (changed(id=5), "/id", "'id' must be text, not a number, 5"),
        (changed(id=""), "/id", "'id' must not be empty"),
        (changed(id=None), "/id", "'id' must be text, not null"),
        (changed(assets=...), "", "'assets' is missing in the item"),
        (changed(geometry=None), "/bbox", "geometry is null, so there must be no bbox"),
        (changed(bbox=...), "", "'bbox' is missing in the item"),
        (changed(bbox=[1, 2, 3]), "/bbox", "'bbox' must have 4 or more entries, but has 3"),
        (changed(bbox=[1, 2, 3, "x"]), "/bbox/3", "entry 3 of 'bbox' must be a number, not text, 'x'"),
        (changed(geometry={"type": "Point", "coordinates": ["a", 2]}), "/geometry/coordinates/0",
         "entry 0 of 'coordinates' must be a number, not text, 'a'"),
        (changed(geometry={"type": "Box", "coordinates": [1, 2]}), "/geometry/type",
         f"'type' must be {KINDS}, not 'Box'"),
        (changed(links=[]), "/collection", "'collection' is there without a link of rel 'collection'"),
        (changed(collection=...), "", "'collection' is missing in the item"),
        (changed(assets={"a": {}}), "/assets/a", "'href' is missing in 'a'"),
        (changed(assets={"a/b": {"href": "x", "roles": "data"}}), "/assets/a~1b/roles",
         "'roles' must be a list, not text, 'data'"),
        (with_properties(gsd=0), "/properties/gsd", "'gsd' must be greater than 0, but is 0"),
        (with_properties(gsd="0.5"), "/properties/gsd", "'gsd' must be a number, not text, '0.5'"),
        (with_properties(providers=[{"name": "x", "roles": ["boss"]}]), "/properties/providers/0/roles/0",
         "entry 0 of 'roles' must be 'producer', 'licensor', 'processor' or 'host', not 'boss'"),
        (changed(type="Catalog"), "/type", "'type' must be 'Feature', not 'Catalog'"),
        (changed(stac_version=None), "/stac_version", "'stac_version' must be '1.1.0', not null"),
        (changed(stac_extensions="eo"), "/stac_extensions", "'stac_extensions' must be a list, not text, 'eo'"),
        (changed(stac_extensions=5), "/stac_extensions", "'stac_extensions' must be a list, not a number, 5"),
    ],
)  # fmt: skip
def test_core_errors_in_plain_words(item, path, message):
    assert (path, message) in told(item)


def test_one_mistake_is_told_once():
    for item in (with_properties(datetime=None), with_properties(datetime="2024"), changed(bbox=[1, 2, 3]),
                 changed(geometry={"type": "Box", "coordinates": [1, 2]}), changed(id=5)):  # fmt: skip
        assert len(told(item)) == 1


def test_hint_names_what_to_write_and_the_schema():
    (fault,) = core().judge(with_properties(gsd="0.5")).faults
    assert fault.hint.startswith('as = "number" in the mapping makes it one; schema https://schemas.stacspec.org/')


KEYWORDS = [
    ({"minimum": 1}, 0, "'x' must be 1 or more, but is 0"),
    ({"maximum": 1}, 2, "'x' must be 1 or less, but is 2"),
    ({"exclusiveMaximum": 1}, 1, "'x' must be less than 1, but is 1"),
    ({"maxItems": 1}, [1, 2], "'x' must have 1 or fewer entries, but has 2"),
    ({"minProperties": 1}, {}, "'x' must have 1 or more members, but has 0"),
    ({"maxProperties": 0}, {"a": 1}, "'x' must have 0 or fewer members, but has 1"),
    ({"minLength": 3}, "ab", "'x' must have 3 or more characters, but is 'ab'"),
    ({"maxLength": 1}, "ab", "'x' must have 1 or fewer characters, but is 'ab'"),
    ({"uniqueItems": True}, [1, 1], "'x' holds an entry twice"),
    ({"contains": {"const": 1}}, [2], "'x' has no entry of the form that one must have"),
    ({"const": {"a": 1}}, 5, "'x' must be {\"a\":1}, not 5"),
    ({"enum": [1, None]}, 5, "'x' must be 1 or null, not 5"),
    ({"pattern": "^[A-Z]+$"}, "ab", "'x' is 'ab', which does not match the pattern ^[A-Z]+$"),
    ({"type": ["integer", "null"]}, 1.5, "'x' must be an integer or null, not a number, 1.5"),
    ({"type": "boolean"}, "true", "'x' must be true or false, not text, 'true'"),
    ({"properties": {"q": {}}, "additionalProperties": False}, {"b": 1, "a": 1}, "'x' may not have 'a' or 'b'"),
    ({"additionalProperties": False}, {"b": 1}, "'x' has a member that it may not have: 1"),
    ({"propertyNames": {"pattern": "^q"}}, {"b": 1},
     "a member of 'x' has a name that is not allowed: \"b\" does not match \"^q\""),
    ({"dependencies": {"b": ["c"]}}, {"b": 1}, "'c' is missing in 'x'"),
    ({"dependencies": {"b": {"required": ["c"]}}}, {"b": 1}, "'b' needs 'c' beside it"),
    ({"multipleOf": 2}, 3, "3 is not a multiple of 2"),
    ({"not": {}}, 1, "'x' is not allowed here"),
    (False, 1, "'x' is not allowed here"),
    ({"not": {"required": ["a"]}}, {"a": 1}, "'x' must not have 'a'"),
    ({"format": "date-time"}, "noon", f"'x' is 'noon', {NO_MOMENT}"),
    ({"pattern": r"(\+00:00|Z)$"}, "noon", f"'x' {UTC} 'noon'"),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "value", "message"), KEYWORDS)
def test_each_keyword_has_its_words(tmp_path, schema, value, message):
    judge = ours(tmp_path, {"properties": {"x": schema}})
    assert told(extended(x=value), judge) == [("/x", message)]


def test_branch_of_the_same_kind_is_the_one_that_was_meant(tmp_path):
    forms = [{"type": "null"}, {"type": "object", "properties": {"n": {"type": "integer"}}}, {"type": "array"}]
    for keyword in ("anyOf", "oneOf"):
        judge = ours(tmp_path, {"properties": {"x": {keyword: forms}}})
        assert told(extended(x={"n": "a"}), judge) == [("/x/n", "'n' must be an integer, not text, 'a'")]


def test_branch_with_the_fitting_type_is_the_one_that_was_meant(tmp_path):
    forms = [
        {"required": ["type", "a", "b"], "properties": {"type": {"const": "ab"}}},
        {"required": ["type", "c"], "properties": {"type": {"const": "c"}}},
    ]
    judge = ours(tmp_path, {"properties": {"x": {"oneOf": forms}}})
    assert told(extended(x={"type": "ab"}), judge) == [("/x", "'a' is missing in 'x'"), ("/x", "'b' is missing in 'x'")]
    assert told(extended(x={"type": "d"}), judge) == [("/x/type", "'type' must be 'ab' or 'c', not 'd'")]


def test_branches_that_all_want_something_else_are_listed(tmp_path):
    judge = ours(tmp_path, {"properties": {"x": {"anyOf": [{"type": "array"}, {"type": "object"}]}}})
    message = "'x' fits none of the forms that it may have: 'x' must be a list, not text, 'a'; or 'x' must be an object, not text, 'a'"  # fmt: skip  # noqa: E501
    assert told(extended(x="a"), judge) == [("/x", message)]


def test_several_fitting_branches_of_one_of_say_so(tmp_path):
    judge = ours(tmp_path, {"properties": {"x": {"oneOf": [{"minimum": 1}, {"minimum": 2}]}}})
    assert told(extended(x=5), judge) == [("/x", "'x' fits several of the forms that exclude each other")]


def test_long_values_and_messages_are_cut(tmp_path):
    judge = ours(
        tmp_path, {"properties": {"x": {"type": "integer"}, "y": {"enum": ["y" * 90 + str(n) for n in range(50)]}}}
    )
    (_, first), (_, second) = told(extended(x="x" * 10_000, y="?"), judge)
    assert len(first) < 150
    assert len(second) == 300
    assert second.endswith("…")


def test_faults_have_one_order_and_an_end(tmp_path):
    judge = ours(tmp_path, {"properties": {"x": {"items": {"type": "integer"}}}})
    item = extended(x=["a"] * 500)
    verdict = judge.judge(item)
    assert len(verdict.faults) == MAX_FAULTS + 1
    assert [fault.path for fault in verdict.faults[:-1]] == sorted(f"/x/{n}" for n in range(500))[:MAX_FAULTS]
    assert verdict.faults[-1].message == f"and {500 - MAX_FAULTS} more errors"
    assert (
        judge.judge(item)
        == verdict
        == ours(tmp_path, {"properties": {"x": {"items": {"type": "integer"}}}}).judge(item)
    )


def test_only_date_time_is_an_asserted_format(tmp_path):
    names = ["uri", "iri", "email", "uuid", "date", "regex", "unheard-of"]
    judge = ours(tmp_path, {"properties": {name: {"format": name} for name in names}})
    assert judge.judge(extended(**dict.fromkeys(names, "[ no such thing"))).state == "valid"


def test_property_called_format_is_judged(tmp_path):
    judge = ours(tmp_path, {"properties": {"format": {"type": "string", "enum": ["cog"]}}})
    assert told(extended(format="tif"), judge) == [("/format", "'format' must be 'cog', not 'tif'")]


# ---- not at hand, not usable -----------------------------------------------------------------------------------------


def test_schema_that_is_not_at_hand_leaves_the_item_unchecked():
    verdict = core().judge(extended())
    (fault,) = verdict.faults
    assert (verdict.state, fault.code, fault.path, fault.warning) == ("unchecked", "SB302", "/stac_extensions", True)
    assert fault.message == f"schema {URL} is not at hand"
    assert fault.hint.startswith("`stacbuild schemas pull` fetches it; or put it into a folder of schemas")


def test_core_schema_of_another_version_is_not_at_hand():
    verdict = core().judge(changed(stac_version="1.2.0"))
    assert (verdict.state, verdict.faults[0].code, verdict.faults[0].path) == ("unchecked", "SB302", "/stac_version")


def test_missing_schema_fails_the_item_where_the_recipe_wants_it():
    verdict = Judge(SchemaStore([], {}), missing="fail").judge(extended())
    assert verdict.state == "invalid"
    assert [(fault.code, fault.warning) for fault in verdict.faults] == [("SB302", False)]


def test_invalid_item_is_invalid_whatever_else_could_not_be_asked():
    verdict = core().judge(extended(id=5))
    assert verdict.state == "invalid"
    assert [(fault.code, fault.warning) for fault in verdict.faults] == [("SB301", False), ("SB302", True)]


ABSENT = "https://example.com/ours/v1.0.0/other.json"


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ("{", f"{URL} is not JSON: "),
        ("", f"{URL} is not JSON: "),
        ("<html>", f"{URL} is not JSON: "),
        ("[]", "is not of type"),
        ("5", "is not of type"),
        ('"text"', ""),
        ({"type": "objekt"}, "objekt"),
        ({"properties": []}, ""),
        ({"properties": {"x": {"pattern": "["}}}, "regex"),
        ({"$ref": "other.json"}, f"it refers to {ABSENT}, which is not at hand"),
        ({"properties": {"x": {"items": {"$ref": "other.json#/a"}}}}, f"it refers to {ABSENT}, which is not at hand"),
        ({"$ref": "#/definitions/none"}, "none"),
        ({"$schema": "https://example.com/dialect", "type": "object"}, "dialect"),
        ("[" * 10_000, f"{URL} is not JSON: "),
    ],
)
def test_schema_that_cannot_be_used_is_a_verdict_of_its_own(tmp_path, schema, reason):
    verdict = ours(tmp_path, schema).judge(extended())
    (fault,) = verdict.faults
    assert (verdict.state, fault.code, fault.warning) == ("unchecked", "SB303", True)
    assert fault.message.startswith(f"schema {URL} cannot be used: ")
    assert reason in fault.message
    assert "\n" not in fault.message
    assert fault.hint
    assert ours(tmp_path, schema, missing="fail").judge(extended()).state == "invalid"


def test_unusable_schema_one_reference_away_is_named(tmp_path):
    judge = ours(tmp_path, {"$ref": "other.json"}, other="{")
    assert f"{ABSENT} is not JSON" in judge.judge(extended()).faults[0].message


def test_references_between_schemas_are_followed_in_circles(tmp_path):
    tree = {"$id": "https://wrong.example.com/", "properties": {"x": {"$ref": "other.json#/definitions/node"}}}
    node = {"type": "object", "properties": {"next": {"$ref": "#/definitions/node"}, "back": {"$ref": "schema.json"}}}
    judge = ours(tmp_path, tree, other={"definitions": {"node": node}})
    assert judge.judge(extended(x={"next": {"next": {}, "back": {"x": {}}}})).state == "valid"
    path, message = told(extended(x={"next": {"back": {"x": 5}}}), judge)[0]
    assert (path, message) == ("/x/next/back/x", "'x' must be an object, not a number, 5")


@pytest.mark.parametrize(("schema", "state"), [(True, "valid"), (False, "invalid"), ({}, "valid")])
def test_true_and_false_are_schemas(tmp_path, schema, state):
    assert ours(tmp_path, json.dumps(schema)).judge(extended()).state == state


def test_comment_among_properties_is_no_schema(tmp_path):
    judge = ours(tmp_path, {"properties": {"$comment": "our fields", "x": {"const": 1}}})
    assert told(extended(x=2), judge) == [("/x", "'x' must be 1, not 2")]


def test_address_with_and_without_fragment_is_one_schema(tmp_path):
    judge = ours(tmp_path, {"required": ["x"]})
    item = changed(stac_extensions=[URL + "#", URL])
    assert told(item, judge) == [("", "'x' is missing in the item")]


@pytest.mark.parametrize("url", ["", "#", "../x.json", "http://json-schema.org/draft-07/schema#", "x" * 9000, "a\0b"])
def test_odd_addresses_are_not_at_hand(url):
    verdict = core().judge(changed(stac_extensions=[url]))
    assert [fault.code for fault in verdict.faults] == ["SB302"]


def test_nothing_asks_the_network(tmp_path, monkeypatch):
    def refuse(*_):
        raise AssertionError("the network was asked")

    monkeypatch.setattr("socket.socket.connect", refuse)
    judge = ours(tmp_path, {"$schema": "https://example.com/dialect", "$ref": "https://example.org/x.json"})
    assert judge.judge(extended()).state == "unchecked"


# ---- profiles and ingredients ----------------------------------------------------------------------------------------


def test_profile_is_version_and_extensions_in_order_each_once():
    assert core().profile(changed(stac_extensions=["b", "a", "b"])) == ("1.1.0", "a", "b")
    assert core().profile(changed(stac_extensions=...)) == ("1.1.0",)
    assert core().profile(changed(stac_extensions=5)) == ("1.1.0",)


def test_ingredients_are_every_schema_that_a_verdict_may_depend_on(tmp_path):
    judge = ours(tmp_path, {"$ref": "other.json"}, other={"$ref": "absent.json"})
    found = judge.ingredients(("1.1.0", URL))
    assert found["revision"].startswith(f"{REVISION}.")
    assert found["missing-schemas"] == "warn"
    assert found[f"schema {ABSENT.replace('other', 'absent')}"] == "absent"
    assert len(found[f"schema {ABSENT}"]) == len(found[f"schema {CORE}"]) == 64
    assert "schema https://geojson.org/schema/Feature.json" in found
    assert list(found) == sorted(found)


def test_ingredients_move_when_a_schema_far_away_does(tmp_path):
    first = ours(tmp_path, {"$ref": "other.json"}, other={}).ingredients(("1.1.0", URL))
    second = ours(tmp_path, {"$ref": "other.json"}, other={"type": "object"}).ingredients(("1.1.0", URL))
    assert {name for name in first if first[name] != second[name]} == {f"schema {ABSENT}"}


def test_ingredients_load_no_compiler():
    code = """
import sys
from stacbuild.stages.judge import Judge
from stacbuild.stages.schemas import SchemaStore
assert len(Judge(SchemaStore([], {}), missing="warn").ingredients(("1.1.0",))) > 5
sys.exit(bool({"jsonschema_rs", "pystac", "shapely", "pyproj"} & set(sys.modules)))
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.skipif(not REAL.is_dir(), reason="the collection of published schemas is not beside this repository")
def test_published_extension_schemas_compile():
    judge = Judge(SchemaStore([REAL], {}), missing="warn")
    folder = REAL / "stac-extensions.github.io"
    urls = [f"https://{file.relative_to(REAL).as_posix()}" for file in sorted(folder.rglob("schema.json"))]
    assert len(urls) > 100
    bad = {}
    for url in urls:
        for fault in judge.judge(changed(stac_extensions=[url])).faults:
            if fault.code in ("SB302", "SB303"):
                bad[url.removeprefix("https://stac-extensions.github.io/")] = fault.message
    # these three refer to definitions that they do not have
    assert sorted(bad) == ["ssys/1.0.0/schema.json", "ssys/1.1.0/schema.json", "ssys/v1.0.0/schema.json"]
