"""The sample of `check` goes through the same stages as a build, with all that stands beside the recipe."""

import pytest
from kitchen import Kitchen, row


@pytest.fixture
def kitchen(tmp_path):
    kitchen = Kitchen(tmp_path / "here", rows=6)
    kitchen.write("ours.py", "def value(record):\n    return record['id']\n")
    kitchen.write("names.csv", "key,name\n" + "".join(f"k{number},n{number}\n" for number in range(6)))
    mapping = kitchen.recipe["mappings"]["plain"]
    mapping["properties"]["made"] = {"function": "ours.py:value"}
    mapping["properties"]["name"] = {"from": "key", "lookup": {"file": "names.csv", "key": "key", "value": "name"}}
    mapping["collection"] = {"template": "c-{gsd}"}
    kitchen.recipe["collections"] = {"c-*": {"from": ["rows"], "mapping": "plain", "where": "gsd < 4"}}
    kitchen.save()
    return kitchen


def test_tables_and_functions_and_targets_of_patterns_are_at_hand(kitchen):
    assert kitchen.ask("check", exit_=0)["sample"] == {"tried": 6, "failed": 0}
    assert kitchen.build()["items"]["total"] == 3


def test_what_the_recipe_does_not_want_is_no_failure(kitchen):
    kitchen.rows([row(1), row(5)])
    assert kitchen.ask("check", exit_=0)["failures"] == []


def test_a_field_that_no_record_of_the_sample_has_is_told_with_the_one_that_was_meant(kitchen):
    kitchen.recipe["mappings"]["plain"]["properties"]["note"] = {"from": "gds", "required": False}
    kitchen.save()
    (warning,) = kitchen.ask("check", exit_=0)["warnings"]
    assert (warning["code"], warning["hint"]) == ("SB722", "did you mean `gsd`?")
    assert "'gds'" in warning["message"]
    line = int(warning["at"].split(":")[1])
    assert "gds" in (kitchen / "stacbuild.toml").read_text().splitlines()[line - 1]


def test_fields_of_a_source_without_records_are_not_told(kitchen):
    kitchen.recipe["sources"]["rows"]["path"] = "rows.ndjson"
    kitchen.save()
    kitchen.write("rows.ndjson", "")
    assert not [one for one in kitchen.ask("check", exit_=None)["warnings"] if one["code"] == "SB722"]


def test_a_patch_that_no_collection_names_is_told(kitchen):
    kitchen.recipe["patches"] = {"idle": {"remove": ["properties.made"]}, "used": {"remove": ["properties.name"]}}
    kitchen.recipe["collections"]["c-*"]["patches"] = ["used"]
    kitchen.save()
    told = [(one["code"], one["message"]) for one in kitchen.ask("check", exit_=0)["warnings"]]
    assert told == [("SB723", "patch 'idle' is named by no collection")]


def test_a_secret_that_would_be_written_is_told_with_its_place_and_not_shown(kitchen, monkeypatch):
    monkeypatch.setenv("OUR_TOKEN", "sesame-9")
    kitchen.write(
        "own.py", "class Own:\n    name = 'own'\n    def apply(self, item, config, ctx):\n        return item\n"
    )
    recipe = kitchen.recipe
    recipe["extensions"] = {
        "own": {"use": "own.py:Own", "password": "${OUR_TOKEN}"},
        "more": {"use": "fields", "properties": {"x:y": "${OUR_TOKEN}"}},
    }
    recipe["patches"] = {"p": {"where": "x = '${OUR_TOKEN}'", "set": {"properties.tokens": ["a", "b ${OUR_TOKEN}"]}}}
    url = "https://us:${OUR_TOKEN}@example.com/"
    told = {"extensions": ["own", "more"], "patches": ["p"], "providers": [{"name": "Us", "url": url}]}
    recipe["collections"]["c-*"] |= told
    kitchen.save()
    report = kitchen.ask("check", exit_=0)
    said = [one["message"] for one in report["warnings"] if one["code"] == "SB724"]
    assert [one.partition(" holds a secret")[0] for one in said] == [
        "'properties' of extension 'more': 'x:y'",
        "'set' of patch 'p': entry 2 of 'properties.tokens'",
        "entry 1 of 'providers' of collection 'c-*': 'url'",
    ]
    assert "sesame" not in str(report)


def test_a_column_that_is_there_and_empty_is_not_told(kitchen):
    kitchen.rows([row(1), row(2)])  # the column `note` has no value
    assert kitchen.ask("check", exit_=0)["warnings"] == []
