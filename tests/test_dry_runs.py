"""A dry run names all that the build then does, and stores nothing."""

import shutil

import pytest
from kitchen import Kitchen, ran, row


@pytest.fixture
def one(tmp_path):
    return Kitchen(tmp_path / "here")


def forget(kitchen):
    shutil.rmtree(kitchen / ".stacbuild/memory")


def change_rows(kitchen):
    kitchen.rows([row(0), row(1, gsd="8"), row(3), row(4, lon="x")])


def change_mapping(kitchen):
    kitchen.recipe["mappings"]["plain"]["properties"]["x"] = {"value": 1}


def change_title(kitchen):
    kitchen.recipe["collections"]["one"]["title"] = "Other"


def change_layout(kitchen):
    kitchen.recipe["outputs"]["site"]["layout"] = "{collection}/{id}.json"


def change_level(kitchen):
    kitchen.recipe["validation"] = {"level": "off"}


def add_collection(kitchen):
    kitchen.recipe["collections"]["two"] = {"from": ["rows"], "mapping": "plain"}


def lose_file(kitchen):
    (kitchen / "dist/site/one/i1/i1.json").unlink()


def edit_file(kitchen):
    kitchen.write("dist/one.ndjson", "{}")


def lose_memory(kitchen):
    forget(kitchen)


def lose_store(kitchen):
    shutil.rmtree(kitchen / ".stacbuild")


CHANGES = [value for name, value in globals().items() if name.startswith(("change_", "add_", "lose_", "edit_"))]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("options", [[], ["--force"]])
def test_a_dry_run_names_all_that_then_runs_and_stores_nothing(one, change, options):
    one.build()
    change(one)
    one.save()
    before = {path: path.read_bytes() for path in one.folder.rglob("*") if path.is_file()}
    dry = one.build("-n", *options, exit_=None)
    assert dry["mode"] == "dry-run"
    after = {path: path.read_bytes() for path in one.folder.rglob("*") if path.is_file()}
    assert {
        path
        for path in {*before, *after}
        if before.get(path) != after.get(path) and ".stacbuild/cache/" not in str(path)
    } == set()
    real = one.build(*options, exit_=None)
    for stage, count in real["stages"].items():
        foreseen = dry["stages"][stage]
        assert count["ran"] <= foreseen["ran"], stage
        assert count["ran"] == foreseen["ran"] or foreseen.get("at_most"), (stage, count, foreseen)
    quiet = one.build("-n", exit_=None)
    assert ran(quiet) == {}
