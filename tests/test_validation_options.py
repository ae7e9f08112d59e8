"""Each key of [validation]: what it does to verdicts, and which items are judged again when it changes."""

import json
from importlib.metadata import PackageNotFoundError

import pytest
from kitchen import Kitchen, ran

from stacbuild import failing

LOOSE, STRICT = {"type": "object"}, {"properties": {"properties": {"properties": {"gsd": {"maximum": 2}}}}}


@pytest.fixture
def kitchen(tmp_path):
    """Two collections of three items each, of which only `two` declares an extension."""
    kitchen = Kitchen(tmp_path / "k")
    two = json.loads(json.dumps(kitchen.recipe["mappings"]["plain"]))
    two["stac_extensions"] = {"value": ["https://example.com/ours/v1.0.0/schema.json"]}
    kitchen.recipe["mappings"]["two"] = two
    kitchen.recipe["collections"]["two"] = {"from": ["rows"], "mapping": "two"}
    kitchen.write("schemas/https/example.com/ours/v1.0.0/schema.json", json.dumps(LOOSE))
    validation(kitchen, schemas=["schemas"])
    return kitchen


def validation(kitchen, **keys):
    kitchen.recipe.setdefault("validation", {}).update({name.replace("_", "-"): value for name, value in keys.items()})
    kitchen.save()


def told(kitchen):
    return {(line["target"], line["code"], line.get("severity", "error")) for line in kitchen.failures()}


def judged(kitchen, **options):
    """Return how many items each stage ran for, and the document."""
    document = kitchen.build(**options)
    return ran(document), document


# ---- which items are judged again ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change", [{"formats": "all"}, {"formats": "off"}, {"engine": "stac-valid"}, {"missing_schemas": "fail"}]
)
def test_rule_for_all_has_every_item_judged_again_and_nothing_else(kitchen, change):
    kitchen.build()
    validation(kitchen, **change)
    status = kitchen.ask("status")
    assert {reason["code"] for stale in status["stale"] for reason in stale["reasons"]} == {"schema-changed"}
    assert judged(kitchen)[0] == {"validate": 6}
    assert judged(kitchen)[0] == {}


def test_level_has_no_item_judged_again(kitchen):
    kitchen.build()
    for level in ("warn", "strict"):
        validation(kitchen, level=level)
        assert judged(kitchen)[0] == {}


def test_old_and_new_name_of_the_reference_engine_are_one(kitchen):
    validation(kitchen, engine="stac-valid")
    kitchen.build()
    validation(kitchen, engine="stac-validator")
    assert judged(kitchen)[0] == {}


def test_schema_file_has_the_items_judged_again_that_declare_it(kitchen):
    kitchen.build()
    kitchen.write("schemas/https/example.com/ours/v1.0.0/schema.json", json.dumps(STRICT))
    counts, document = judged(kitchen, exit_=1)
    assert counts["validate"] == 3
    assert document["stages"]["validate"]["failed"] == 1
    assert told(kitchen) == {("item:two/i2", "SB301", "error")}


def test_own_schema_concerns_the_items_of_its_collections_only(kitchen):
    kitchen.build()
    kitchen.write("ours.json", json.dumps(LOOSE))
    validation(kitchen, extra={"one": ["ours.json"]})
    assert judged(kitchen)[0] == {"validate": 3}
    assert judged(kitchen)[0] == {}
    kitchen.write("ours.json", json.dumps(STRICT))
    reasons = {reason["what"] for stale in kitchen.ask("status")["stale"] for reason in stale["reasons"]}
    assert reasons == {"schema ours.json"}
    counts, _ = judged(kitchen, exit_=1)
    assert counts["validate"] == 3
    assert told(kitchen) == {("item:one/i2", "SB301", "error")}
    (line,) = kitchen.failures()
    assert line["hint"].endswith("schema ours.json")
    kitchen.write("ours.json", json.dumps(LOOSE))
    assert "validate" not in judged(kitchen)[0]  # a change that is undone is in the store


def test_own_schemas_are_named_by_globs_and_refer_to_files_beside_them(kitchen):
    kitchen.write("own/all.json", json.dumps({"$ref": "parts/gsd.json#/definitions/fine"}))
    kitchen.write("own/parts/gsd.json", json.dumps({"definitions": {"fine": LOOSE}}))
    validation(kitchen, extra={"*": ["own/all.json"], "t[wx]o": ["own/all.json"]})
    kitchen.build()
    kitchen.write("own/parts/gsd.json", json.dumps({"definitions": {"fine": STRICT}}))
    assert judged(kitchen, exit_=1)[0]["validate"] == 6
    assert told(kitchen) == {(f"item:{name}/i2", "SB301", "error") for name in ("one", "two")}


def test_own_schema_that_is_not_there_leaves_items_unchecked_and_check_says_so(kitchen):
    validation(kitchen, extra={"one": ["none.json"]})
    kitchen.build()
    assert told(kitchen) == {(f"item:one/i{number}", "SB302", "warning") for number in range(3)}
    (problem,) = kitchen.ask("check", exit_=2)["problems"]
    assert (problem["code"], problem["message"]) == ("SB109", "validation.extra: there is no file none.json")
    kitchen.write("none.json", "{}")
    assert judged(kitchen)[0] == {"validate": 3}
    assert told(kitchen) == set()


def test_own_schemas_refer_to_no_file_elsewhere(kitchen, tmp_path):
    (tmp_path / "secret.json").write_text("{}")
    kitchen.write("ours.json", json.dumps({"$ref": (tmp_path / "secret.json").as_uri()}))
    validation(kitchen, extra={"one": ["ours.json"]})
    kitchen.build()
    assert {line["code"] for line in kitchen.failures()} == {"SB303"}


def test_moved_checkout_finds_its_own_schemas_as_they_were(kitchen, tmp_path):
    kitchen.write("ours.json", json.dumps(LOOSE))
    validation(kitchen, extra={"one": ["ours.json"]})
    kitchen.build()
    kitchen.folder.rename(tmp_path / "moved")
    kitchen.folder = tmp_path / "moved"
    assert judged(kitchen)[0] == {}


# ---- what is decided -------------------------------------------------------------------------------------------------


def with_created(kitchen, text):
    """Give every item of both collections a `created` and a provider's URL."""
    for mapping in kitchen.recipe["mappings"].values():
        mapping["properties"]["created"] = {"value": text}
        mapping["properties"]["providers"] = {"value": [{"name": "Us", "url": "no uri"}]}
    kitchen.save()


FORMATS = {
    "datetime": ({"/properties/created": "error", "/properties/providers/0/url": "warning"}, 1),
    "all": ({"/properties/created": "error", "/properties/providers/0/url": "error"}, 1),
    "off": ({"/properties/created": "warning", "/properties/providers/0/url": "warning"}, 0),
}


@pytest.mark.parametrize("engine", ["fast", "stac-valid"])
@pytest.mark.parametrize("formats", FORMATS)
def test_formats_that_are_not_asserted_are_warnings(kitchen, formats, engine):
    with_created(kitchen, "2024-13-01T00:00:00Z")
    validation(kitchen, formats=formats, engine=engine)
    expected, exit_ = FORMATS[formats]
    kitchen.build(exit_=exit_)
    lines = [line for line in kitchen.failures() if line["target"] == "item:one/i0"]
    assert {line["path"]: line.get("severity", "error") for line in lines} == expected
    assert {line["code"] for line in lines} == {"SB301" if s == "error" else "SB305" for s in expected.values()}


def test_reference_engine_is_named_in_why(kitchen):
    validation(kitchen, engine="stac-valid")
    kitchen.build()
    (stage,) = [s for s in kitchen.ask("why", "item:one/i0")["stages"] if s["stage"] == "validate"]
    assert stage["ingredients"]["engine"].startswith("stac-valid 4")


@pytest.mark.parametrize("verb", ["check", "build"])
def test_engine_that_is_not_installed_is_a_problem_of_the_recipe(kitchen, monkeypatch, verb):
    def absent(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr("importlib.metadata.version", absent)
    validation(kitchen, engine="stac-valid")
    document = kitchen.ask(verb, exit_=2)
    problem = document["problems"][0] if verb == "check" else document["error"]
    assert problem["code"] == "SB307"
    assert "pip install 'stacbuild[stac-valid]'" in problem["hint"]


# ---- warnings --------------------------------------------------------------------------------------------------------


def with_interval(kitchen, start):
    mapping = kitchen.recipe["mappings"]["plain"]
    mapping["start_datetime"] = {"value": start}
    mapping["end_datetime"] = {"value": "2030-01-01T00:00:00Z"}
    kitchen.save()


def test_item_with_a_warning_is_built_and_listed_and_the_build_succeeds(kitchen):
    with_interval(kitchen, "2024-01-03T00:00:00Z")
    document = kitchen.build()
    assert document["failures"]["count"] == 0
    assert document["items"]["total"] == 6
    (warning,) = [one for one in document["warnings"] if one["code"] == "SB308"]
    assert warning["message"].startswith("2 of the items built have warnings: .stacbuild/failures.ndjson")
    assert told(kitchen) == {(f"item:one/i{number}", "SB317", "warning") for number in (0, 1)}
    assert kitchen.build()["warnings"] == []  # nothing was built
    assert len(kitchen.failures()) == 2
    with_interval(kitchen, "2024-01-01T00:00:00Z")
    assert [one["code"] for one in kitchen.build()["warnings"]] == []
    assert told(kitchen) == set()


def test_error_of_own_checks_is_a_failure(kitchen):
    with_interval(kitchen, "2031-01-01T00:00:00Z")
    document = kitchen.build(exit_=1)
    assert document["stages"]["validate"]["failed"] == 3
    assert told(kitchen) == {(f"item:one/i{number}", "SB316", "error") for number in range(3)}


def test_like_warnings_are_listed_up_to_a_number(kitchen, monkeypatch):
    monkeypatch.setattr(failing, "WARNINGS", 1)
    with_interval(kitchen, "2024-01-03T00:00:00Z")
    document = kitchen.build()
    assert len(kitchen.failures()) == 1
    assert "2 of the items built" in document["warnings"][0]["message"]


def test_check_warns_once_of_what_is_odd_about_the_sample(kitchen):
    with_interval(kitchen, "2024-01-03T00:00:00Z")
    (kitchen / "schemas/https/example.com/ours/v1.0.0/schema.json").unlink()
    document = kitchen.ask("check", exit_=0)
    assert document["failures"] == []
    warned = {one["code"]: one for one in document["warnings"]}
    assert warned["SB302"]["message"].endswith("schema.json is not at hand (3 items of the sample)")
    assert "stacbuild schemas pull" in warned["SB302"]["hint"]
    assert warned["SB317"]["message"].endswith("(2 items of the sample)")
    assert warned["SB317"]["at"].endswith("rows.csv:2")
