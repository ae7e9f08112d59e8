"""Schemas as far as they are about Items: they accept the same Items as the whole, whatever the whole is like."""

import copy
import json
from pathlib import Path

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stacbuild.stages import narrow
from stacbuild.stages.family import Validators, gathered
from stacbuild.stages.schemas import SchemaStore

DATA = Path(__file__).parents[2] / "shared/data"
URL = "https://example.com/ours/v1.0.0/schema.json"
D7 = "http://json-schema.org/draft-07/schema#"
NAMES = ["ours:level", "ours:other", "level", "type"]
FIELDS = {"properties": {"ours:level": {"type": "integer"}}, "patternProperties": {"^(?!ours:)": {}}}
FIELDS = {**FIELDS, "additionalProperties": False}


def branch(kind, **members):
    return {"allOf": [{"required": ["type"], "properties": {"type": {"const": kind}, **members}}, {"type": "object"}]}


ITEMS = branch("Feature", properties=FIELDS)
PLAIN = branch("Feature")
COLLECTIONS = branch("Collection", summaries={"type": "object"})
TEMPLATE = {"$schema": D7, "oneOf": [ITEMS, COLLECTIONS]}


def validators(tmp_path, schema, formats="datetime"):
    file = tmp_path / "example.com/ours/v1.0.0/schema.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(schema))
    return Validators(gathered(URL, SchemaStore([tmp_path], {})), formats)


def accepted(found, document):
    """Return whether a document is accepted, by who is asked about Items and by who is asked about anything."""
    return tuple(found.accept(item=item)(document) for item in (True, False))


def of_items(schema):
    found = narrow.of_items({URL: copy.deepcopy(schema)}, URL)
    return None if found is None else found[URL]


def test_the_branch_for_collections_is_left_out():
    assert of_items({"$schema": D7, "oneOf": [PLAIN, COLLECTIONS]}) == {"$schema": D7, "allOf": [PLAIN]}
    beside = {"$schema": D7, "allOf": [True], "oneOf": [PLAIN]}
    assert of_items({**beside, "oneOf": [PLAIN, COLLECTIONS]}) == beside
    assert of_items({"$schema": D7, "anyOf": [COLLECTIONS, PLAIN, True]})["anyOf"] == [PLAIN, True]


def test_patterns_are_said_without_look_ahead_wherever_they_stand():
    assert "(?!" in json.dumps(TEMPLATE)
    assert "(?!" not in json.dumps(of_items(TEMPLATE))
    assert "(?!" not in json.dumps(of_items({"definitions": {"fields": FIELDS}}))


@given(st.text("ab:-_1", min_size=1, max_size=4), st.text("ab:-_1\n", max_size=6))
def test_a_pattern_said_without_look_ahead_matches_the_same_names(prefix, name):
    both = [{"patternProperties": {one: False}} for one in (f"^(?!{prefix})", narrow.plain(f"^(?!{prefix})"))]

    assert both[0] != both[1]
    assert [jsonschema_rs.is_valid(schema, {name: 1}) for schema in both] == [name.startswith(prefix)] * 2


@pytest.mark.parametrize("pattern", ["^(?!a.c)", "^(?!ab)c", "(?!ab)", "^(?!)", "^ab", "^(?!a|b)"])
def test_any_other_pattern_stays(pattern):
    assert narrow.plain(pattern) == pattern


@pytest.mark.parametrize(
    "schema",
    [
        True,
        {"$schema": D7, "properties": {}},
        {"oneOf": [PLAIN, COLLECTIONS]},  # of no draft that it names
        {"$schema": "http://json-schema.org/draft-04/schema#", "oneOf": [PLAIN, COLLECTIONS]},  # which has no const
        {"$schema": D7, "oneOf": [PLAIN, COLLECTIONS], "$ref": "#/definitions/a"},  # beside which it sees nothing
        {"$schema": D7, "oneOf": [PLAIN, {**COLLECTIONS, "$ref": "#/definitions/a"}]},
        {"$schema": D7, "oneOf": [PLAIN, {"properties": {"type": {"const": "Collection"}}}]},  # without type: accepted
        {"$schema": D7, "oneOf": [PLAIN, {"required": ["type"], "properties": {"type": {"const": "Feature"}}}]},
        {"$schema": D7, "oneOf": [PLAIN, {"anyOf": [COLLECTIONS, True]}]},
        {"$schema": D7, "oneOf": [COLLECTIONS]},  # nothing would be left
        {"$schema": D7, "oneOf": "PLAIN"},
    ],
)
def test_a_schema_that_is_not_surely_of_that_form_stays_whole(schema):
    assert of_items(schema) is None


def test_a_schema_into_whose_branches_something_points_is_asked_as_a_whole(tmp_path):
    referred = {**TEMPLATE, "properties": {"x": {"$ref": "#/oneOf/1"}}}
    other = {**TEMPLATE, "properties": {"x": {"$ref": "#/oneOf/0/allOf/1"}}}

    assert validators(tmp_path, TEMPLATE).of_items is not None
    assert validators(tmp_path, referred).of_items is None
    assert validators(tmp_path, other).of_items is None


FIELD = st.dictionaries(st.sampled_from(NAMES), st.integers() | st.text(max_size=2), max_size=3)


@given(
    st.fixed_dictionaries({"type": st.just("Feature")}, optional={"properties": FIELD | st.none(), "summaries": FIELD}),
    st.sampled_from(["oneOf", "anyOf"]),
    st.lists(st.sampled_from([ITEMS, COLLECTIONS, True, {"required": ["summaries"]}]), min_size=1, max_size=4),
)
def test_the_same_items_are_accepted(tmp_path_factory, item, keyword, branches):
    found = validators(tmp_path_factory.mktemp("schemas"), {"$schema": D7, keyword: branches})
    narrowed, whole = accepted(found, item)

    assert narrowed == whole


@pytest.mark.skipif(not DATA.exists(), reason="the shared data are not at hand")
def test_published_schemas_accept_the_same_items():
    store = SchemaStore([DATA / "schemas"], {})
    items = [
        json.loads(file.read_bytes().partition(b"\n")[0]) for file in sorted((DATA / "items").glob("*.ndjson"))
    ] + [json.loads(file.read_bytes()) for file in sorted((DATA / "validity/stac-extensions").rglob("*.json"))]
    items = [item for item in items if item.get("type") == "Feature"]
    told = []
    for url in sorted({url for item in items for url in item.get("stac_extensions", ()) if store.find(url)}):
        family = gathered(url, store)
        if None in family.found.values() or family.broken:
            continue
        found = Validators(family, "datetime")
        if found.of_items is not None:
            for item in items:
                for declared in (item, {**item, "stac_extensions": [url]}):
                    narrowed, whole = accepted(found, declared)
                    assert narrowed == whole, (url, item["id"])
                    told.append(whole)

    assert told.count(True) > 100
    assert told.count(False) > 100
