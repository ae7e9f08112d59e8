"""`lock`, `verify --locked`, `build --locked`: what counts as moved, what does not, and that nothing is done then."""

import json
import os
import shutil

import pytest
from kitchen import RECIPE, Kitchen, csv_of, row
from world_inputs import toml

import stacbuild
from stacbuild.failures import Exit, StaleError

URL = "https://example.com/ours/v1.0.0/schema.json"


@pytest.fixture
def kitchen(tmp_path):
    return Kitchen(tmp_path / "here", rows=6)


def lock_of(kitchen, name="stacbuild.lock"):
    return (kitchen / name).read_text()


def moved(kitchen, *argv):
    """Return what `verify --locked` says has moved, after checking that its exit status says so too."""
    done = kitchen.ask("verify", "--locked", *argv)
    found = [(reason["code"], reason["what"]) for reason in done["locked"]["moved"]]
    assert done["exit"] == (3 if found else 0)
    return found


def state(kitchen):
    """Return the stat of everything that a build may touch, its lock apart."""
    paths = [path for path in kitchen.folder.rglob("*") if "lock" not in path.parts]
    return {str(path): (path.stat().st_ino, path.stat().st_mtime_ns) for path in paths if path.name != ".stacbuild"}


def test_lock_is_small_and_says_nothing_of_this_machine(kitchen):
    kitchen.write("secret.csv", "")
    kitchen.recipe["sources"]["rows"]["missing"] = ["${API_TOKEN}"]
    kitchen.recipe["mappings"]["plain"]["assets"]["data"]["href"]["template"] += "?token=${API_TOKEN}"
    kitchen.save()
    kitchen.ask("lock", exit_=0, env={"API_TOKEN": "hunter2-hunter2"})
    text = lock_of(kitchen)
    assert "hunter2" not in text
    assert str(kitchen.folder) not in text
    assert os.uname().nodename not in text
    assert len(text) < 2000
    other = Kitchen(kitchen.folder.parent / "elsewhere" / "deep", rows=6)
    other.recipe = kitchen.recipe
    other.save()
    other.ask("lock", exit_=0, env={"API_TOKEN": "another-secret"})
    assert lock_of(other) == text


def test_lock_builds_nothing(kitchen):
    kitchen.ask("lock", exit_=0)
    assert sorted(path.name for path in kitchen.folder.iterdir()) == ["rows.csv", "stacbuild.lock", "stacbuild.toml"]


def test_lock_that_holds_already_is_not_touched(kitchen):
    assert kitchen.ask("lock")["written"] is True
    before = (kitchen / "stacbuild.lock").stat()
    kitchen.build()
    again = kitchen.ask("lock")
    assert (again["written"], again["moved"]) == (False, [])
    now = (kitchen / "stacbuild.lock").stat()
    assert (now.st_ino, now.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_lock_says_what_moved_since_the_last_one(kitchen):
    assert kitchen.ask("lock")["moved"] == []
    kitchen.rows([row(number) for number in range(7)])
    told = kitchen.ask("lock")["moved"]
    assert [(reason["code"], reason["what"]) for reason in told] == [("source-changed", "source:rows")]
    assert (told[0]["before"]["inputs"], told[0]["after"]["inputs"]) == (6, 7)
    assert "source 'rows' has 8, locked" not in kitchen.run("lock").out
    kitchen.rows([row(number) for number in range(8)])
    assert "source 'rows' has 8 inputs, locked were 7" in kitchen.run("lock").out
    assert moved(kitchen) == []


def nothing(_kitchen):
    pass


def other_style(kitchen):
    kitchen.write("stacbuild.toml", toml(kitchen.recipe, style=3))


def touched(kitchen):
    os.utime(kitchen / "rows.csv", (1, 1))


def reordered(kitchen):
    kitchen.rows([row(number) for number in reversed(range(6))])


def file_moved(kitchen):
    (kitchen / "data").mkdir()
    (kitchen / "rows.csv").rename(kitchen / "data" / "other.csv")
    kitchen.recipe["sources"]["rows"]["path"] = "data/*.csv"
    kitchen.save()


def cut_in_two(kitchen):
    (kitchen / "rows.csv").unlink()
    kitchen.write("data/a.csv", csv_of([row(number) for number in range(4)]))
    kitchen.write("data/b.csv", csv_of([row(number) for number in range(4, 6)]))
    kitchen.recipe["sources"]["rows"]["path"] = ["data/*.csv"]
    kitchen.save()


def built_otherwise(kitchen):
    kitchen.recipe["build"] = {"executor": "processes", "jobs": 3, "max-failures": "5%"}
    kitchen.recipe["cache"] = {"backend": "filesystem", "path": "elsewhere"}
    kitchen.save()


def default_said(kitchen):
    kitchen.recipe["validation"] = {"level": "strict"}
    kitchen.recipe["outputs"]["site"]["indent"] = 2
    kitchen.save()


def built(kitchen):
    kitchen.build()


@pytest.mark.parametrize(
    "change",
    [nothing, other_style, touched, reordered, file_moved, cut_in_two, built_otherwise, default_said, built],
    ids=lambda change: change.__name__,
)
def test_what_changes_no_result_is_as_locked(kitchen, change):
    kitchen.ask("lock", exit_=0)
    change(kitchen)
    assert moved(kitchen) == []
    kitchen.build("--locked")
    text = lock_of(kitchen)
    assert kitchen.ask("lock")["written"] is False
    assert lock_of(kitchen) == text


def a_cell(kitchen):
    kitchen.rows([row(number, note="!" if number == 3 else "") for number in range(6)])


def a_row_less(kitchen):
    kitchen.rows([row(number) for number in range(5)])


def a_title(kitchen):
    kitchen.recipe["catalog"]["title"] = "Kitchen"
    kitchen.save()


def a_mapping(kitchen):
    kitchen.recipe["mappings"]["plain"]["properties"]["gsd"]["scale"] = 2
    kitchen.save()


def a_source_more(kitchen):
    kitchen.write("more.csv", csv_of([row(number) for number in range(10, 12)]))
    kitchen.recipe["sources"]["more"] = {"kind": "table", "path": "more.csv", "key": "key"}
    kitchen.recipe["collections"]["one"]["from"] = ["rows", "more"]
    kitchen.save()


def an_output(kitchen):
    kitchen.recipe["outputs"]["site"]["indent"] = 0
    del kitchen.recipe["outputs"]["lines"]
    kitchen.save()


SOURCE, ONE = ("source-changed", "source:rows"), ("collection-changed", "collections.one")
MAPPING = ("mapping-changed", "mappings.plain")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (a_cell, [SOURCE]),
        (a_row_less, [SOURCE]),
        (a_title, [("collection-changed", "catalog")]),
        (a_mapping, [MAPPING]),
        (a_source_more, [ONE, ("source-changed", "sources.more"), ("new", "source:more")]),
        (an_output, [("output-changed", "outputs.lines"), ("output-changed", "outputs.site")]),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_moved_is_said_and_a_locked_build_does_nothing(kitchen, change, told):
    kitchen.build()
    kitchen.ask("lock", exit_=0)
    change(kitchen)
    assert moved(kitchen) == told
    before = state(kitchen)
    refused = kitchen.ask("build", "--locked", exit_=3)
    problems = refused["error"].get("problems", [refused["error"]])
    assert [problem["code"] for problem in problems] == ["SB522"] * len(told)
    assert all("stacbuild lock" in problem["hint"] for problem in problems)
    assert kitchen.ask("build", "--locked", "--force", exit_=3)["error"]["code"] == "SB522"
    assert kitchen.ask("build", "--locked", "-n", exit_=3)["error"]["code"] == "SB522"
    assert state(kitchen) == before
    kitchen.ask("lock", exit_=0)
    kitchen.build("--locked")
    assert kitchen.run("status", "--check").exit == 0


def test_locked_build_in_a_fresh_folder_makes_no_folder_of_outputs(kitchen):
    kitchen.ask("lock", exit_=0)
    a_cell(kitchen)
    kitchen.ask("build", "--locked", exit_=3)
    assert not (kitchen / "dist").exists()
    assert [path for path in (kitchen / ".stacbuild" / "memory").rglob("*") if path.is_file()] == []


def test_places_are_lines_of_the_recipe(kitchen):
    kitchen.ask("lock", exit_=0)
    a_cell(kitchen)
    a_mapping(kitchen)
    told = {one["what"]: one["at"] for one in kitchen.ask("verify", "--locked")["locked"]["moved"]}
    lines = (kitchen / "stacbuild.toml").read_text().splitlines()
    at = {what: lines[int(place.split(":")[1]) - 1] for what, place in told.items()}
    assert at == {"mappings.plain": '["mappings"."plain"]', "source:rows": '["sources"."rows"]'}


def test_source_that_only_its_own_fields_can_tell_apart_is_said_with_its_counts(kitchen):
    kitchen.ask("lock", exit_=0)
    a_cell(kitchen)
    assert "source 'rows' has other records than locked (6 inputs, as before)" in kitchen.run("verify").out


def test_records_that_cannot_be_used_are_locked_too(kitchen):
    kitchen.rows([row(1), "k9,broken", row(2)])
    kitchen.ask("lock", exit_=0)
    assert moved(kitchen) == []
    kitchen.rows([row(1), "k9,otherwise broken", row(2)])
    assert moved(kitchen) == [SOURCE]


def test_order_counts_where_it_decides_which_record_is_taken(kitchen):
    kitchen.recipe["collections"]["one"]["on-duplicate"] = "last"
    kitchen.save()
    kitchen.ask("lock", exit_=0)
    assert moved(kitchen) == []
    reordered(kitchen)
    assert moved(kitchen) == [SOURCE]


def test_folder_of_relative_hrefs_is_part_of_what_is_locked(kitchen):
    kitchen.recipe["mappings"]["plain"]["assets"]["data"]["href"] = {"template": "img/{key}.tif"}
    kitchen.recipe["mappings"]["plain"]["assets"]["own"] = {"href": "note"}
    kitchen.rows([row(number, note=f"img/{number}.tif") for number in range(6)])
    kitchen.save()
    kitchen.ask("lock", exit_=0)
    file_moved(kitchen)
    assert moved(kitchen) == [SOURCE]


# --- without a lock, with a wrong one


@pytest.mark.parametrize("command", [["verify", "--locked"], ["build", "--locked"]])
def test_without_a_lock_there_is_nothing_to_compare_with(kitchen, command):
    error = kitchen.ask(*command, exit_=2)["error"]
    assert error["code"] == "SB521"
    assert "no stacbuild.lock" in error["message"]
    assert not (kitchen / "dist").exists()


@pytest.mark.parametrize("command", [["verify"], ["verify", "--locked"], ["build", "--locked"], ["lock"]])
def test_lock_edited_by_hand_is_refused_and_stays(kitchen, command):
    kitchen.ask("lock", exit_=0)
    text = lock_of(kitchen).replace("inputs = 6", 'inputs = "six"')
    kitchen.write("stacbuild.lock", text)
    error = kitchen.ask(*command, exit_=2)["error"]
    line = text.splitlines().index('inputs = "six"') + 1
    assert error["code"] == "SB520"
    assert error["at"].startswith(f"stacbuild.lock:{line}") or error["at"].split(":")[-2] == str(line)
    assert lock_of(kitchen) == text


def test_build_without_locked_asks_for_no_lock(kitchen):
    kitchen.write("stacbuild.lock", "rubbish")
    kitchen.build()


def test_digest_edited_by_hand_differs(kitchen):
    kitchen.ask("lock", exit_=0)
    first = next(line for line in lock_of(kitchen).splitlines() if line.startswith("context"))
    kitchen.write("stacbuild.lock", lock_of(kitchen).replace(first, f'context = "{"0" * 64}"'))
    assert moved(kitchen) == [("stage-revised", "transform")]


@pytest.mark.parametrize("name", ["absent", "damaged"])
def test_source_that_cannot_be_read_is_not_locked(kitchen, name):
    kitchen.recipe["sources"]["rows"]["path"] = "rows.csv.gz"
    kitchen.save()
    if name == "damaged":
        kitchen.write("rows.csv.gz", b"\x1f\x8bnothing")
    error = kitchen.ask("lock", exit_=2 if name == "absent" else 6)["error"]
    assert error["code"] == ("SB108" if name == "absent" else "SB523")
    assert not (kitchen / "stacbuild.lock").exists()


def test_lock_where_nothing_can_be_written(kitchen):
    (kitchen / "stacbuild.lock").mkdir()
    assert kitchen.run("lock").exit in (2, 6)


# --- two recipes, schemas


def test_each_recipe_of_a_folder_has_its_own_lock(kitchen):
    kitchen.recipe["outputs"] = {"other": {"kind": "ndjson", "path": "other/{collection}.ndjson"}}
    kitchen.save("other.toml")
    kitchen.ask("lock", exit_=0)
    kitchen.ask("lock", "-f", str(kitchen / "other.toml"), exit_=0)
    assert "outputs.other" in lock_of(kitchen, "other.lock")
    assert "outputs.other" not in lock_of(kitchen)


@pytest.fixture
def judged(kitchen):
    kitchen.recipe["mappings"]["plain"]["stac_extensions"] = {"value": [URL]}
    kitchen.recipe["validation"] = {"schemas": ["schemas"]}
    kitchen.write(f"schemas/{URL.replace('://', '/')}", json.dumps({"type": "object"}))
    kitchen.save()
    return kitchen


def test_schemas_are_locked_by_url_and_digest(judged):
    judged.ask("lock", exit_=0)
    assert f'url = "{URL}"' in lock_of(judged)
    assert "schemas.stacspec.org" not in lock_of(judged)
    assert moved(judged) == []
    judged.write(f"schemas/{URL.replace('://', '/')}", json.dumps({"type": "object", "title": "another"}))
    assert moved(judged) == [("schema-changed", URL)]
    assert f"schema {URL} is another" in judged.run("verify", "--locked").out
    shutil.rmtree(judged / "schemas")
    (judged / "schemas").mkdir()
    assert f"schema {URL} is not at hand" in judged.run("verify", "--locked").out


def test_pins_of_others_stay_when_the_recipe_is_locked(judged):
    pin = f'[[schemas]]\nurl = "https://example.com/else.json"\ndigest = "{"a" * 64}"\n'
    judged.write("stacbuild.lock", f"format = 1\n\n{pin}")
    assert judged.ask("verify", "--locked", exit_=2)["error"]["code"] == "SB521"
    assert judged.ask("verify", exit_=None)["locked"] is None
    judged.ask("lock", exit_=0)
    assert pin in lock_of(judged)
    assert moved(judged) == [("schema-changed", "https://example.com/else.json")]


# --- the Python API


def test_the_api_raises_and_reports(kitchen):
    project = stacbuild.open(kitchen / "stacbuild.toml")
    assert project.lock().created is True
    assert project.verify(locked=True).exit is Exit.OK
    a_cell(kitchen)
    assert project.verify(locked=True).exit is Exit.STALE
    with pytest.raises(StaleError, match="other records"):
        project.build(locked=True)
    assert RECIPE["catalog"]["id"] == project.recipe.document.catalog.id


def test_code_of_a_mapping_is_locked(kitchen):
    kitchen.write("ours.py", "def value(record):\n    return 1\n")
    kitchen.recipe["mappings"]["plain"]["properties"]["made"] = {"function": "ours.py:value"}
    kitchen.save()
    kitchen.ask("lock", exit_=0)
    text = lock_of(kitchen)
    assert str(kitchen.folder) not in text
    kitchen.write("ours.py", "def value(record):\n    return 2\n")
    assert moved(kitchen) == [("plugin-changed", "mappings.plain")]


def test_own_schemas_are_locked_too(kitchen):
    kitchen.recipe["validation"] = {"extra": {"on*": ["rules/ours.schema.json"]}}
    kitchen.save()
    kitchen.write("rules/ours.schema.json", json.dumps({"$ref": "other.json"}))
    kitchen.write("rules/other.json", json.dumps({"type": "object"}))
    kitchen.ask("lock", exit_=0)
    assert str(kitchen.folder) not in lock_of(kitchen)
    assert moved(kitchen) == []
    kitchen.build("--locked")
    assert kitchen.ask("lock")["written"] is False
    kitchen.write("rules/other.json", json.dumps({"type": "object", "title": "changed"}))
    assert moved(kitchen) == [("schema-changed", "rules/other.json")]
    assert "schema rules/other.json is another" in kitchen.run("verify", "--locked").out
