"""The Python API as a script uses it, and what is around a call: folders, environment, exit statuses, errors."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from kitchen import Kitchen, ran, row

import stacbuild
from stacbuild import failures

SCRIPT = """
import stacbuild

project = stacbuild.open("stacbuild.toml")
report = project.build(jobs=2)
assert report.items["total"] == 300, report.items
assert int(report.exit) == 0
assert project.status().fresh
assert not list(project.plan())
assert project.why("item:i1").verdict == "fresh"
assert "item:one/i1" in project.ls(["item:*"]).targets
assert project.check().exit == 0
assert project.gc(max_age=0).entries["removed"] == 0
assert project.build(dry_run=True).mode == "dry-run"
assert project.build(["item:i1"]).mode == "targeted"
assert len(project.clean(dry_run=True).removed) == 303
assert project.clean().removed
print("done")
"""


@pytest.fixture
def kitchen(tmp_path):
    return Kitchen(tmp_path)


def process(argv, folder, **env):
    root = str(Path(stacbuild.__file__).parents[1])
    plain = {name: value for name, value in os.environ.items() if not name.startswith("STACBUILD_")}
    return subprocess.run(
        [sys.executable, *argv],
        cwd=folder,
        env={**plain, "PYTHONPATH": root, **env},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def test_every_verb_works_from_a_script_without_a_main_guard(tmp_path):
    kitchen = Kitchen(tmp_path, rows=300, build={"executor": "processes"})
    kitchen.write("script.py", SCRIPT)
    done = process(["script.py"], kitchen.folder)
    assert (done.stdout, done.stderr, done.returncode) == ("done\n", "", 0)


def test_errors_are_exceptions_with_all_problems_and_an_exit_status(kitchen):
    kitchen.build()
    with pytest.raises(failures.UsageError) as caught:
        stacbuild.open(directory=kitchen.folder).why("item:nope")
    assert int(caught.value.exit) == 2
    with pytest.raises(failures.RecipeError):
        stacbuild.open("nope.toml", directory=kitchen.folder / "nowhere")
    kitchen.write("bad.toml", '[catalog]\nidd = "x"\n[sources.x]\nkind = "tabel"\n')
    with pytest.raises(failures.RecipeError) as caught:
        stacbuild.open("bad.toml", directory=kitchen.folder)
    assert len(caught.value.problems) >= 3
    (kitchen / "rows.csv").unlink()
    (kitchen / "other").mkdir()
    kitchen.save("other/stacbuild.toml")
    with pytest.raises(failures.RecipeError):
        stacbuild.open(directory=kitchen / "other").build()


def test_an_environment_can_be_given(kitchen):
    kitchen.recipe["catalog"]["title"] = "T ${A}"
    kitchen.save()
    stacbuild.open(directory=kitchen.folder, environ={"A": "x"}).build()
    assert json.loads((kitchen / "dist/site/catalog.json").read_bytes())["title"] == "T x"
    with pytest.raises(failures.RecipeError):
        stacbuild.open(directory=kitchen.folder, environ={})


def test_a_project_sees_what_changed_between_its_verbs(kitchen):
    project = stacbuild.open(directory=kitchen.folder)
    project.build()
    kitchen.rows([row(0), row(1)])
    assert not project.status().fresh
    assert project.build().items["deleted"] == 1
    assert project.status().fresh


def test_limits_are_numbers_or_shares(kitchen):
    kitchen.rows([row(0), row(1, lon="x"), row(2), row(3)])
    project = stacbuild.open(directory=kitchen.folder)
    assert int(project.build().exit) == 1
    assert int(project.build(max_failures=1).exit) == 0
    assert int(project.build(max_failures="25%").exit) == 0
    assert int(project.build(max_failures="24%").exit) == 1


# --- around a call


def test_directory_file_and_environment_find_the_recipe(kitchen, tmp_path):
    kitchen.save("other.toml")
    module = ["-m", "stacbuild"]
    root = str(kitchen.folder)
    assert process([*module, "build", "-C", root], "/").returncode == 0
    assert process([*module, "-f", f"{root}/stacbuild.toml", "status", "--check"], "/").returncode == 0
    assert process([*module, "status", "--check"], "/", STACBUILD_DIRECTORY=root).returncode == 0
    assert process([*module, "status", "--check"], root, STACBUILD_FILE="other.toml").returncode == 3
    assert (
        process([*module, "status", "--check", "-f", "stacbuild.toml"], root, STACBUILD_FILE="no.toml").returncode == 0
    )
    (kitchen / "deep/er").mkdir(parents=True)
    done = process([*module, "status", "--check"], kitchen / "deep/er")
    assert done.returncode == 0
    assert "stacbuild.toml" in done.stderr
    done = process([*module, "build"], "/", STACBUILD_DIRECTORY=f"{root}/nowhere")
    assert (done.returncode, "no such folder" in done.stderr) == (2, True)


def test_a_file_that_is_not_there_hints_at_force(kitchen):
    done = kitchen.run("build", "-f", "item:i1")
    assert done.exit == 2
    assert "--force" in done.err


@pytest.mark.parametrize("name", ["STACBUILD_COLOR", "STACBUILD_PROGRESS", "STACBUILD_LOG_FORMAT"])
def test_a_wrong_word_in_the_environment_is_exit_2(kitchen, name):
    done = kitchen.run("build", env={name: "purple"})
    assert (done.exit, "purple" in done.err) == (2, True)


def test_fail_fast_stops_and_the_next_build_goes_on(tmp_path):
    kitchen = Kitchen(tmp_path, rows=[row(0, lon="x"), *(row(number) for number in range(1, 2000))])
    document = kitchen.build("-x", exit_=1)
    assert 0 < ran(document)["transform"] < 2000
    assert document["failures"]["count"] == 1
    document = kitchen.build(exit_=1)
    assert document["items"]["total"] == 1999
    assert ran(kitchen.build(exit_=1)) == {}


def test_force_runs_everything_and_rewrites_nothing(kitchen):
    kitchen.build()
    before = kitchen.tree("dist")
    document = kitchen.build("--force")
    assert (document["mode"], ran(document)["transform"]) == ("full", 3)
    assert all(output["written"] == 0 for output in document["outputs"].values())
    assert kitchen.tree("dist") == before


def test_the_state_is_judged_not_the_run(kitchen):
    kitchen.rows([row(0), row(1, lon="x")])
    for _ in range(3):
        assert kitchen.build(exit_=1)["failures"]["count"] == 1
    document = kitchen.ask("status", "--check", exit_=0)
    assert (document["fresh"], document["items"]["failed"]) == (True, 1)
    assert kitchen.build("--max-failures", "1")["failures"]["count"] == 1


@pytest.mark.parametrize(
    ("argv", "exit_"),
    [
        (["build", "item:nope"], 2),
        (["build", "--nope"], 2),
        (["nope"], 2),
        (["why", "item:nope"], 2),
        (["ls", "nope:x"], 2),
        (["clean", "item:x"], 2),
        (["gc", "--max-age", "x"], 2),
        (["status", "-f", "nope.toml"], 2),
        (["discover"], 2),
        (["build", "--locked"], 2),
    ],
)
def test_every_error_is_one_json_document(kitchen, argv, exit_):
    kitchen.build()
    document = kitchen.ask(*argv, exit_=exit_)
    assert set(document["error"]) == {"code", "message", "hint", "at"}
    assert document["error"]["message"]
    assert "result" not in document


def test_check_is_0_1_or_2(kitchen):
    assert kitchen.ask("check", exit_=0)["problems"] == []
    assert kitchen.run("check", "--quick").exit == 0
    kitchen.rows([row(0), row(1, lon="x")])
    document = kitchen.ask("check", exit_=1)
    assert document["sample"] == {"tried": 2, "failed": 1}
    assert document["failures"][0]["source"]["where"] == "rows.csv:3"
    assert "rows.csv:3" in kitchen.run("check").out
    assert kitchen.run("check", "--quick").exit == 0
    (kitchen / "rows.csv").unlink()
    document = kitchen.ask("check", exit_=2)
    assert document["problems"][0]["code"] == "SB108"
    assert not (kitchen / "dist").exists()
    assert not (kitchen / ".stacbuild").exists()


def test_a_bug_of_ours_is_70_in_one_line_and_as_json(kitchen, monkeypatch):
    monkeypatch.setattr("stacbuild.listing.stamp_of", lambda path: 1 / 0)
    with pytest.raises(AssertionError, match="a bug in stacbuild: ZeroDivisionError"):
        kitchen.run("build")
