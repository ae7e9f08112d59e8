"""The reference validator as oracle: the same verdict on items broken at random, and every difference explained.

The reference (stac-valid) judges by JSON Schema 2020-12 whatever draft a schema declares and asserts no `format`; ours
judges by the declared draft and asserts `date-time`. Nothing here asks the network.
"""

import copy
import json
import random
from collections import Counter

import pytest
from stac_validator import utilities
from stac_validator.validate import StacValidate

from stacbuild.stages.judge import Judge
from stacbuild.stages.schemas import SchemaStore

OURS = "https://example.com/ours/v1.0.0/schema.json"
OURS_SCHEMA = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "$id": OURS + "#",
    "allOf": [{"$ref": "#/definitions/declared"}, {"properties": {"properties": {"$ref": "#/definitions/fields"}}}],
    "definitions": {
        "declared": {
            "required": ["stac_extensions"],
            "properties": {"stac_extensions": {"type": "array", "contains": {"const": OURS}}},
        },
        "fields": {
            "required": ["ours:kind"],
            "properties": {
                "ours:kind": {"enum": ["a", "b"]},
                "ours:share": {"type": "number", "minimum": 0, "maximum": 100},
                "ours:code": {"type": ["string", "null"], "pattern": "^[A-Z]{2}$"},
                "ours:either": {"oneOf": [{"type": "integer"}, {"type": "array", "items": {"type": "integer"}}]},
            },
            "patternProperties": {"^(?!ours:)": {}},
            "additionalProperties": False,
        },
    },
}

LINK = {"rel": "collection", "href": "./c/collection.json", "type": "application/json"}
PLAIN = {
    "type": "Feature",
    "stac_version": "1.1.0",
    "stac_extensions": [],
    "id": "plain",
    "geometry": {"type": "Point", "coordinates": [1, 2]},
    "bbox": [1, 2, 1, 2],
    "properties": {"datetime": "2024-01-01T00:00:00Z"},
    "links": [LINK],
    "assets": {"data": {"href": "a.tif"}},
    "collection": "c",
}
SPAN = {
    **PLAIN,
    "id": "span",
    "geometry": {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]]},
    "bbox": [0, 0, 1, 1],
    "properties": {
        "datetime": None,
        "start_datetime": "2024-01-01T00:00:00Z",
        "end_datetime": "2024-01-02T00:00:00Z",
        "created": "2024-02-01T00:00:00.5Z",
        "title": "A span",
        "gsd": 0.5,
        "platform": "p",
        "instruments": ["i", "j"],
        "constellation": "k",
        "license": "CC-BY-4.0",
        "keywords": ["x"],
        "providers": [{"name": "Us", "roles": ["host", "producer"], "url": "https://example.com"}],
    },
    "assets": {
        "data": {
            "href": "https://example.com/a.tif",
            "type": "image/tiff",
            "roles": ["data"],
            "title": "Data",
            "bands": [{"name": "red", "data_type": "uint16", "nodata": 0, "statistics": {"minimum": 1, "maximum": 2}}],
        },
        "thumb": {"href": "t.png", "roles": ["thumbnail"]},
    },
}
NOWHERE = {**PLAIN, "id": "nowhere", "geometry": None}
del NOWHERE["bbox"]
EXTENDED = {
    **PLAIN,
    "id": "extended",
    "stac_extensions": [OURS],
    "geometry": {"type": "MultiPolygon", "coordinates": [[[[0, 0], [1, 0], [1, 1], [0, 0]]]]},
    "bbox": [0, 0, -5, 1, 1, 9],
    "properties": {
        "datetime": "2024-01-01T00:00:00Z",
        "ours:kind": "a",
        "ours:share": 12.5,
        "ours:code": "AB",
        "ours:either": [1, 2],
        "description": "d",
    },
}
BASES = [PLAIN, SPAN, NOWHERE, EXTENDED]
TEXTS = ["", "x", "1.0.0", "2024-01-01", "2024-01-01T00:00:00+02:00", "2024-02-30T00:00:00Z", "soonZ"]
ODD = [None, True, 0, -1, 1.5, 1000, *TEXTS, [], [1], ["x"], {}, {"x": 1}]
COUNT = 1000

DIFFERENCES = {
    "date-time": "ours asserts the format; the reference has but STAC's pattern that a moment ends in Z or +00:00",
    "absent": "a declared schema or version is not at hand: unchecked to us (missing-schemas says what that means), "
    "invalid to the reference, which fails to fetch it",
    "own": "our own checks find what no schema says: positions off the earth, a bbox upside down, an open ring",
}
"""What we and the reference see differently, and why. `reason` sorts a disagreement into it; anything else is a bug."""


# ---- mutations -------------------------------------------------------------------------------------------------------


def places(value, path=()):
    """Yield the path of every member and entry in `value`."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield (*path, key)
        yield from places(inner, (*path, key))


def mutated(item, rng):
    """Return `item` with one to three things dropped, retyped, renamed or doubled."""
    item = copy.deepcopy(item)
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        part = rng.choice([*sorted(item), "properties", "properties", "assets"])
        *above, last = rng.choice([path for path in places(item) if path[0] == part] or [(rng.choice(sorted(item)),)])
        parent = item
        for key in above:
            parent = parent[key]
        match rng.choice(["drop", "retype", "retype", "rename", "double"]):
            case "drop":
                del parent[last]
            case "retype":
                parent[last] = copy.deepcopy(
                    rng.choice(rng.choice([TEXTS, ODD]) if isinstance(parent[last], str) else ODD)
                )
            case "rename" if isinstance(parent, dict):
                parent[rng.choice(["x", str(last) + "x", "start_datetime", "bands"])] = parent.pop(last)
            case _:
                parent[last] = [parent[last], copy.deepcopy(parent[last])]
    return item


def cases():
    """Return COUNT mutated items, the same ones every time."""
    rng = random.Random(20241)
    return [mutated(BASES[number % len(BASES)], rng) for number in range(COUNT)]


# ---- verdicts --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    file = tmp_path_factory.mktemp("schemas") / "ours.json"
    file.write_text(json.dumps(OURS_SCHEMA))
    return SchemaStore([], {OURS: file})


@pytest.fixture(scope="module")
def reference(store):
    """Return the function item → whether the reference calls it valid, with schemas from the store alone."""

    def fetch(address, _=None):
        schema = store.find(address)
        if schema is None:
            raise FileNotFoundError(address)
        return json.loads(schema.blob)

    def is_valid(item):
        validator = StacValidate()
        validator.validate_dict(copy.deepcopy(item))
        return validator.valid

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(utilities, "fetch_and_parse_file", fetch)
        utilities.fetch_and_parse_schema.cache_clear()
        yield is_valid
        utilities.fetch_and_parse_schema.cache_clear()


def reason(verdict, *, valid):
    """Return which of DIFFERENCES explains that we say `verdict` and the reference `valid`, or None."""
    if verdict.state == "unchecked":
        return None if valid else "absent"
    errors = {fault.code for fault in verdict.faults if not fault.warning}
    if valid and "SB301" not in errors:
        return "own"
    formats = [" not a moment as in " in fault.message for fault in verdict.faults if not fault.warning]
    return "date-time" if valid and formats and all(formats) else None


def test_base_items_are_valid_to_both(store, reference):
    judge = Judge(store, missing="warn")
    for item in BASES:
        assert judge.judge(item).state == "valid"
        assert reference(item)


def test_same_verdict_as_the_reference(store, reference):
    judge = Judge(store, missing="warn")
    agreed, explained = Counter(), Counter()
    for item in cases():
        verdict = judge.judge(item)
        valid = reference(item)
        if verdict.state == ("valid" if valid else "invalid"):
            agreed[verdict.state] += 1
        else:
            why = reason(verdict, valid=valid)
            assert why in DIFFERENCES, (verdict, item)
            explained[why] += 1
    assert agreed["valid"] > 60
    assert agreed["invalid"] > 600
    assert explained.keys() == DIFFERENCES.keys()


def test_every_error_of_a_broken_item_is_told_in_plain_words(store):
    judge = Judge(store, missing="warn")
    for item in cases():
        for fault in judge.judge(item).faults:
            assert fault.path == "" or fault.path.startswith("/")
            assert 0 < len(fault.message) <= 300
            assert fault.hint
            assert "under any of the schemas" not in fault.message
            assert "is not allowed for" not in fault.message
