"""Schemas as strangers write them: that refer to the schema of schemas, have another name, or take long."""

import pytest
from test_judge import ITEM, URL, changed, extended, ours, told

D7 = "http://json-schema.org/draft-07/schema"
D4 = "http://json-schema.org/draft-04/schema"
OTHER = "https://example.com/ours/v1.0.0/other.json"


@pytest.mark.parametrize("meta", [D7, f"{D7}#", D7.replace("http:", "https:"), D4])
def test_schema_of_schemas_may_be_referred_to_from_any_file(tmp_path, meta):
    other = {"$schema": f"{D7}#", "properties": {"properties": {"properties": {"shape": {"$ref": meta}}}}}
    judge = ours(tmp_path, {"$schema": f"{D7}#", "$ref": OTHER}, other=other)

    def item(shape):
        return changed(stac_extensions=[URL], properties={**ITEM["properties"], "shape": shape})

    assert judge.judge(item({"type": "object"})).state == "valid"
    assert judge.judge(item({"type": 5})).state == "invalid"


def test_schema_may_refer_to_itself_by_another_name_of_its_own(tmp_path):
    name = "https://elsewhere.org/moved.json"
    schema = {
        "$schema": f"{D7}#",
        "$id": f"{name}#",
        "properties": {"id": {"$ref": f"{name}#/definitions/short"}},
        "definitions": {"short": {"maxLength": 1}},
    }
    judge = ours(tmp_path, schema)
    assert judge.judge(extended()).state == "valid"
    assert told(extended(id="ab"), judge) == [("/id", "'id' must have 1 or fewer characters, but is 'ab'")]


def test_value_of_a_member_called_type_may_be_refused_by_all_branches(tmp_path):
    schema = {"properties": {"kind": {"properties": {"type": {"anyOf": [{"enum": ["a"]}, {"const": "b"}]}}}}}
    ((path, message),) = told(extended(kind={"type": 5}), ours(tmp_path, schema))
    assert path == "/kind/type"
    assert "'a'" in message
    assert "'b'" in message


def test_pattern_that_takes_too_long_is_told_and_ends(tmp_path):
    judge = ours(tmp_path, {"properties": {"id": {"pattern": "^(a|a)*\\1b$"}}})
    verdict = judge.judge(extended(id="a" * 3000))
    assert verdict.state == "invalid"
    assert verdict.faults[0].path == "/id"
    assert verdict.faults[0].message.endswith("which the schema's pattern takes too long to match")
