"""Items of which some members changed: what the others were found to be is not asked again, and nothing else is spared.

Verdicts are those that the whole schemas give, whatever the schemas are like.
"""

import copy
import json
import random
from pathlib import Path

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kitchen import Kitchen, ran

from stacbuild import canon
from stacbuild.stages.changed import Moved, looks_elsewhere, of_changed, says_nothing
from stacbuild.stages.family import Validators
from stacbuild.stages.judge import Judge
from stacbuild.stages.schemas import SchemaStore
from stacbuild.work import differing, line_of

DATA = Path(__file__).parents[2] / "shared/data"
URL = "https://example.com/ours/v1.0.0/schema.json"
D7 = "http://json-schema.org/draft-07/schema#"
NUMBER, TEXT = {"type": "number"}, {"type": "string"}
BOTH = {"properties": {"a": NUMBER, "b": NUMBER}}


def left(schema, *changed, **others):
    documents = {
        URL: {"$schema": D7, **schema},
        **{f"https://example.com/{name}.json": one for name, one in others.items()},
    }
    found = of_changed(copy.deepcopy(documents), URL, Moved(frozenset(changed)))
    return None if found is None else {name: value for name, value in found[URL].items() if name != "$schema"}


def test_what_looks_at_other_members_is_left_out():
    assert left(BOTH, "a") == {"properties": {"a": NUMBER}}
    assert left({"allOf": [BOTH, {"properties": {"b": TEXT}}], "required": ["b"]}, "a") == {
        "allOf": [{"properties": {"a": NUMBER}}],
        "required": ["b"],
    }
    assert left({"oneOf": [{"properties": {"b": TEXT}}, {"required": ["c"]}]}, "a") == {}


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"b": NUMBER}, "additionalProperties": TEXT},
        {"properties": {"b": NUMBER}, "patternProperties": {"a": TEXT}},
        {"oneOf": [BOTH, {"properties": {"b": TEXT}}]},
        {"anyOf": [{"properties": {"b": TEXT}}, {"propertyNames": TEXT}]},
        {"not": BOTH},
        {"if": {"properties": {"b": NUMBER}}, "then": {"properties": {"a": TEXT}}},
        {"const": {"a": 1}},
        {"dependencies": {"b": BOTH}},
        {"$ref": "https://example.com/absent.json"},
    ],
)
def test_what_looks_at_the_changed_member_stays_with_all_that_it_is_weighed_against(schema):
    assert left(schema, "a") == schema


def test_references_are_followed_and_definitions_stay_what_they_are_for_others():
    schema = {
        "allOf": [{"$ref": "#/definitions/both"}, {"$ref": "../../other.json"}, {"$ref": "#/definitions/past"}],
        "properties": {"a": {"$ref": "#/definitions/both"}},
        "definitions": {"both": BOTH, "past": {"properties": {"b": TEXT}}},
    }
    found = left(schema, "a", other=BOTH, unused={"$id": "x"})

    assert [part["$ref"].partition("#")[0] for part in found["allOf"]] == [URL, "https://example.com/other.json"]
    assert found["properties"] == schema["properties"]
    assert found["definitions"].items() > schema["definitions"].items()
    assert {"properties": {"a": NUMBER}} in found["definitions"].values()


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"b": {"$id": "https://example.com/b.json"}}},
        {"allOf": [BOTH], "unevaluatedProperties": False},
        {"$ref": "#here", "definitions": {"here": {"$anchor": "here"}}},
    ],
)
def test_a_schema_whose_parts_hang_together_otherwise_stays_whole(schema):
    assert left(schema, "a") is None


def test_a_schema_that_refers_to_itself_comes_to_an_end():
    schema = {"allOf": [{"$ref": "#"}, {"$ref": "#/definitions/x"}], "definitions": {"x": {"allOf": [{"$ref": "#"}]}}}

    assert left(schema, "a") is not None


VALUES = st.sampled_from([1, "x", None, [1]])
OBJECTS = st.fixed_dictionaries({"a": VALUES, "b": VALUES}, optional={"c": VALUES})
LEAVES = st.sampled_from([True, False, NUMBER, TEXT, {"const": 1}, {"enum": ["x", None]}, {"type": "array"}])
SHAPES = st.fixed_dictionaries({}, optional=dict.fromkeys("abc", LEAVES))
PLAIN = st.fixed_dictionaries(
    {},
    optional={
        "properties": SHAPES,
        "patternProperties": st.dictionaries(st.sampled_from(["a", "^[bc]"]), LEAVES, max_size=1),
        "additionalProperties": LEAVES,
        "required": st.lists(st.sampled_from("abc"), max_size=2),
        "minProperties": st.integers(0, 3),
        "const": st.just({"a": 1, "b": 1}),
        "dependencies": st.fixed_dictionaries({"c": SHAPES.map(lambda shape: {"properties": shape})}),
        "$ref": st.sampled_from(["#/definitions/one", "#/definitions/two"]),
    },
)
SCHEMAS = st.recursive(
    PLAIN | st.booleans(),
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "allOf": st.lists(inner, min_size=1, max_size=3),
            "anyOf": st.lists(inner, min_size=1, max_size=2),
            "oneOf": st.lists(inner, min_size=1, max_size=2),
            "not": inner,
            "if": inner,
            "then": inner,
            "else": inner,
            "properties": SHAPES,
        },
    ),
    max_leaves=6,
)
ROOTS = st.builds(
    lambda root, one, two: {"$schema": D7, **root, "definitions": {"one": one, "two": two}},
    SCHEMAS.filter(lambda schema: isinstance(schema, dict)),
    SCHEMAS,
    PLAIN,
)


NESTED = st.fixed_dictionaries({}, optional={"p": SCHEMAS, "q": LEAVES})
CLOSED = st.fixed_dictionaries({}, optional={"additionalProperties": LEAVES, "required": st.just(["p"])})
OBJECT_ROOTS = st.builds(
    lambda parts, root, one, two: {"$schema": D7, **root, "allOf": parts, "definitions": {"one": one, "two": two}},
    st.lists(
        st.builds(lambda named, more: {"properties": named, **more}, NESTED, CLOSED)
        | st.builds(lambda *parts: dict(zip(("if", "then", "else"), parts, strict=True)), *[PLAIN] * 3),
        min_size=1,
        max_size=3,
    ),
    st.builds(lambda named: {"properties": named}, NESTED),
    SCHEMAS,
    PLAIN,
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(OBJECT_ROOTS, OBJECTS, VALUES, st.dictionaries(st.sampled_from("abc"), VALUES, max_size=2))
def test_what_is_left_of_an_object_in_which_members_of_a_member_changed_accepts_what_the_whole_accepts(
    schema, inner, beside, change
):
    before = {"p": inner, "q": beside}
    after = {"p": {name: change.get(name, value) for name, value in inner.items()}, "q": beside}
    within = frozenset(name for name, value in after["p"].items() if value != inner[name])
    try:
        whole = jsonschema_rs.validator_for(schema)
    except jsonschema_rs.ValidationError:
        return
    moved = Moved(frozenset("p"), {"p": within})
    found = of_changed(copy.deepcopy({URL: {**schema, "$id": URL}}), URL, moved)

    if whole.is_valid(before) and found is not None:
        left = jsonschema_rs.validator_for(
            {"$schema": D7, "$ref": URL}, registry=jsonschema_rs.Registry([(URL, found[URL])])
        )
        assert left.is_valid(after) == whole.is_valid(after)
        assert not says_nothing(found[URL]) or whole.is_valid(after)
        if not looks_elsewhere(found, URL, moved.names):
            assert left.is_valid({**after, "q": None}) == whole.is_valid(after)


@given(ROOTS, OBJECTS, st.dictionaries(st.sampled_from("abc"), VALUES, max_size=2))
def test_what_is_left_accepts_what_the_whole_accepts(schema, before, change):
    after = {name: change.get(name, value) for name, value in before.items()}
    changed = frozenset(name for name, value in after.items() if value != before[name])
    try:
        whole = jsonschema_rs.validator_for(schema)
    except jsonschema_rs.ValidationError:  # definitions that refer to themselves
        return
    found = of_changed(copy.deepcopy({URL: {**schema, "$id": URL}}), URL, Moved(changed))

    if whole.is_valid(before) and found is not None:
        there = jsonschema_rs.Registry([(URL, found[URL])])
        left = jsonschema_rs.validator_for({"$schema": D7, "$ref": URL}, registry=there)
        assert left.is_valid(after) == whole.is_valid(after)


# ---- verdicts --------------------------------------------------------------------------------------------------------

FIELDS = {"type": "object", "properties": {"ours:level": {"type": "integer"}}}
OURS = {"$schema": D7, "properties": {"properties": FIELDS, "assets": {"additionalProperties": FIELDS}}}
ITEM = {
    "type": "Feature",
    "stac_version": "1.1.0",
    "stac_extensions": [URL],
    "id": "a",
    "geometry": {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]]},
    "bbox": [0, 0, 1, 1],
    "properties": {"datetime": "2024-01-01T00:00:00Z", "ours:level": 1},
    "links": [{"rel": "collection", "href": "./c/collection.json", "type": "application/json"}],
    "assets": {"data": {"href": "a.tif", "ours:level": 1}},
    "collection": "c",
}


@pytest.fixture
def judge(tmp_path):
    file = tmp_path / "schemas/example.com/ours/v1.0.0/schema.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(OURS))
    return Judge(SchemaStore([tmp_path / "schemas"], {}), missing="warn")


def level(value):
    return {"properties": {**ITEM["properties"], "ours:level": value}}


@pytest.mark.parametrize(
    "change",
    [
        level(2),
        level("high"),
        {"properties": {"ours:level": 1}},
        {"properties": {**ITEM["properties"], "start_datetime": "2025-01-01T00:00:00Z"}},
        {"assets": {"data": {"href": "b.tif", "ours:level": None}}},
        {"assets": {"data": {}}},
        {"bbox": [5, 5, 6, 6]},
        {"geometry": {"type": "Point", "coordinates": [1]}},
        {"id": " "},
        {"links": [*ITEM["links"], {"rel": "self", "href": 1}]},
        {**level("high"), "assets": {"data": {"href": "a.tif", "ours:level": "high"}}},
        {"stac_extensions": ["https://example.com/absent/v1.0.0/schema.json"]},
        {"collection": "d"},
        {"type": "Collection"},
    ],
)
def test_verdicts_are_what_they_are_of_the_whole(judge, change):
    assert judge.judge(ITEM).faults == ()
    item = {**ITEM, **change}

    assert judge.judge_changed(item, Moved(frozenset(change))) == judge.judge(item)


@pytest.mark.parametrize("wrong", [{"assets": {"data": {}}}, {"bbox": [5, 5, 6, 6]}, {"id": " "}])
def test_what_is_as_it_was_is_not_asked_again(judge, wrong):
    item = {**ITEM, **wrong, **level(2)}

    assert judge.judge(item).faults
    assert judge.judge_changed(item, Moved(frozenset(("properties",)))).state == "valid"
    assert judge.judge_changed(item, Moved(frozenset(("properties", *wrong)))) == judge.judge(item)
    assert judge.judge_changed(item, None) == judge.judge(item)


def mutated(value, chance):
    """Return a value with one part of it, anywhere, taken out or replaced."""
    if isinstance(value, dict) and value and chance.random() < 0.9:
        name = chance.choice(sorted(value))
        rest = {other: part for other, part in value.items() if other != name}
        return rest if chance.random() < 0.2 else {**value, name: mutated(value[name], chance)}
    if isinstance(value, list) and value and chance.random() < 0.8:
        place = chance.randrange(len(value))
        return [*value[:place], mutated(value[place], chance), *value[place + 1 :]]
    return chance.choice([None, True, -1, 0.5, "", "x", "2020-01-01T00:00:00Z", "http://a b", [], [1], {}, {"a": 1}])


@pytest.mark.skipif(not DATA.exists(), reason="the shared data are not at hand")
def test_verdicts_on_real_items_are_what_they_are_of_the_whole():
    judge, chance = Judge(SchemaStore([DATA / "schemas"], {}), missing="warn"), random.Random(7)
    files = sorted((DATA / "items").glob("*.ndjson"))
    items = [json.loads(line) for file in files for line in file.read_bytes().splitlines()[:2]]
    sound = [item for item in items if not judge.judge(item).faults]
    told = set()
    for item in sound:
        for _ in range(40):
            names = chance.sample(["properties", "assets", "links", "geometry", "bbox"], chance.choice([1, 1, 2]))
            other = {**item, **{name: mutated(item[name], chance) for name in names}}
            verdict = judge.judge_changed(other, Moved(frozenset(names)))
            assert verdict == judge.judge(other), (item["id"], names)
            told.add(verdict.state)
    assert told == {"valid", "invalid"}


# ---- builds ----------------------------------------------------------------------------------------------------------


def test_members_are_compared_as_they_lie_in_the_store():
    members = canon.encode_members(ITEM)
    line = line_of(members).text
    other = canon.encode_members({**ITEM, "bbox": [0, 0, 1, 2], **level(10)})

    assert differing(members, line) == Moved(frozenset())
    assert differing(other, line) == Moved({"bbox", "properties"}, {"properties": {"ours:level"}})
    assert differing({**members, "more": b'"more":1'}, line) is None
    assert differing({name: member for name, member in members.items() if name != "bbox"}, line) is None
    without = {name: member for name, member in members.items() if name != "links"}
    assert differing(without, line_of(without)[0]) == Moved(frozenset())


def test_a_changed_extension_is_judged_by_what_looks_at_it_and_what_it_breaks_is_found(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(Validators, "accept_changed", _noting(asked))
    kitchen = Kitchen(tmp_path, rows=40, validation={"level": "strict", "schemas": ["schemas"]})
    kitchen.write("schemas/example.com/ours/v1.0.0/schema.json", json.dumps(OURS))
    kitchen.recipe["extensions"] = {"ours": {"use": "fields", "schema": URL, "properties": {"ours:level": 1}}}
    kitchen.recipe["collections"]["one"]["extensions"] = ["ours"]
    kitchen.save()
    kitchen.build()
    assert asked == []

    kitchen.recipe["extensions"]["ours"]["properties"]["ours:level"] = 2
    kitchen.save()
    report = kitchen.build()
    assert ran(report) == {"extend": 40, "validate": 40, "write": 40}
    assert report["items"]["failed"] == 0
    assert asked
    assert all(moved == Moved({"properties"}, {"properties": {"ours:level"}}) for moved in asked)

    kitchen.recipe["extensions"]["ours"]["properties"]["ours:level"] = "high"
    kitchen.save()
    report = kitchen.build("--max-deletions", "100%", exit_=1)
    assert report["stages"]["validate"]["ran"] == report["items"]["failed"] == 40
    assert {failure["path"] for failure in kitchen.failures()} == {"/properties/ours:level"}


def _noting(asked):
    whole = Validators.accept_changed

    def accept_changed(self, moved):
        asked.append(moved)
        return whole(self, moved)

    return accept_changed
