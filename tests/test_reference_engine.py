"""The engine `stac-valid`: what it makes of schemas of every draft, and of those that it cannot use."""

import copy
import json

import pytest
from stac_validator import utilities

from stacbuild.stages.judge import Judge
from stacbuild.stages.modern import MODERN, as_2020
from stacbuild.stages.schemas import SchemaStore

URL = "https://example.com/ours/v1.0.0/schema.json"
ITEM = {
    "type": "Feature",
    "stac_version": "1.1.0",
    "stac_extensions": [URL],
    "id": "a",
    "geometry": {"type": "Point", "coordinates": [1, 2]},
    "bbox": [1, 2, 1, 2],
    "properties": {"datetime": "2024-01-01T00:00:00Z"},
    "links": [],
    "assets": {},
}
SEVEN = "http://json-schema.org/draft-07/schema#"
FOUR = "http://json-schema.org/draft-04/schema#"


def verdicts(tmp_path, x, value, draft=SEVEN, **more):
    """Return the verdicts of both engines on an item whose member `x` is `value`, by the schema `x` for it."""
    file = tmp_path / "schema.json"
    file.write_text(json.dumps({"$schema": draft, "properties": {"x": x}, **more}))
    store = SchemaStore([], {URL: file})
    return [Judge(store, missing="warn", engine=one).judge({**ITEM, "x": value}) for one in ("fast", "stac-valid")]


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"dependencies": {"a": ["b"]}}, {"a": 1, "b": 1}, {"a": 1}),
        ({"dependencies": {"a": {"required": ["b"]}}}, {"b": 1}, {"a": 1}),
        ({"items": [{"type": "string"}], "additionalItems": False}, ["x"], ["x", 1]),
        ({"items": [{"type": "string"}]}, ["x", 1], [1]),
        ({"items": [{"type": "string"}], "additionalItems": {"type": "integer"}}, ["x", 1], ["x", "y"]),
        ({"$ref": "#/definitions/any", "type": "string"}, 5, None),
        ({"$ref": "#/definitions/any", "definitions": {"n": {}}}, 5, None),
        ({"allOf": [{"$ref": "#named"}]}, 5, "x"),
        ({"contains": {"const": 1}}, [2, 1], [2]),
        ({"if": {"const": 1}, "then": False}, 2, 1),
        ({"propertyNames": {"maxLength": 1}}, {"a": 1}, {"ab": 1}),
        ({"exclusiveMinimum": 3}, 4, 3),
    ],
)
def test_draft_07_means_the_same_to_both(tmp_path, schema, good, bad):
    names = {"any": {}, "number": {"$id": "#named", "type": "integer"}}
    states = [verdict.state for verdict in verdicts(tmp_path, schema, good, definitions=names)]
    assert states == ["valid", "valid"]
    if bad is not None:
        assert [verdict.state for verdict in verdicts(tmp_path, schema, bad, definitions=names)] == ["invalid"] * 2


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"minimum": 3, "exclusiveMinimum": True}, 4, 3),
        ({"minimum": 3, "exclusiveMinimum": False}, 3, 2),
        ({"maximum": 3, "exclusiveMaximum": True}, 2, 3),
    ],
)
def test_draft_04_means_the_same_to_both(tmp_path, schema, good, bad):
    assert [verdict.state for verdict in verdicts(tmp_path, schema, good, FOUR)] == ["valid"] * 2
    assert [verdict.state for verdict in verdicts(tmp_path, schema, bad, FOUR)] == ["invalid"] * 2


def test_newer_drafts_stay_as_they_are():
    schema = {
        "$schema": MODERN,
        "$id": URL,
        "prefixItems": [{"$ref": "#/$defs/a", "type": "string"}],
        "$defs": {"a": {}},
    }
    assert as_2020(copy.deepcopy(schema)) == schema
    assert as_2020(True) is True


def test_words_are_the_same_ones(tmp_path):
    fast, reference = verdicts(tmp_path, {"type": "integer"}, "x")
    assert fast == reference


def test_schema_that_the_library_cannot_use_is_told_and_the_compiled_one_decides(tmp_path, monkeypatch):
    def broken(*_):
        raise RuntimeError("cannot")

    monkeypatch.setattr("stac_validator.utilities.validate_with_ref_resolver", broken)
    for value, state in ((1, "valid"), ("x", "invalid")):
        _, verdict = verdicts(tmp_path, {"type": "integer"}, value)
        assert verdict.state == state
        assert "the reference library cannot use schema" in verdict.faults[-1].message
        assert verdict.faults[-1].warning


def test_library_is_as_it_was_after_judging(tmp_path):
    before = utilities.fetch_and_parse_schema
    verdicts(tmp_path, {}, 1)
    assert utilities.fetch_and_parse_schema is before
