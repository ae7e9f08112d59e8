"""Items of which a schema is not at hand are built, and the build says what fetches it."""

from kitchen import Kitchen

URL = "https://example.com/extension/v1.0.0/schema.json"


def told(kitchen):
    return [one for one in kitchen.build()["warnings"] if one["code"] == "SB703"]


def test_a_build_says_what_fetches_schemas_that_are_not_at_hand(tmp_path):
    kitchen = Kitchen(tmp_path)
    kitchen.recipe["mappings"]["plain"]["stac_extensions"] = {"value": [URL]}
    kitchen.save()
    (warning,) = told(kitchen)
    assert "schemas pull" in warning["hint"]
    assert told(kitchen) == [warning]


def test_items_that_are_invalid_are_not_a_matter_of_fetching(tmp_path):
    kitchen = Kitchen(tmp_path, validation={"level": "warn"})
    kitchen.recipe["mappings"]["plain"]["properties"]["created"] = {"value": "yesterday"}
    kitchen.save()
    (warning,) = told(kitchen)
    assert "hint" not in warning or warning["hint"] is None
