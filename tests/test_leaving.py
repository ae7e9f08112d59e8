"""An output that leaves the recipe, or moves, takes its files with it, but none that somebody edited."""

import os

import pytest
from kitchen import Kitchen

ITEM = "dist/site/one/i1/i1.json"


@pytest.fixture
def kitchen(tmp_path):
    kitchen = Kitchen(tmp_path / "here", rows=4)
    kitchen.build()
    return kitchen


def removed(kitchen):
    del kitchen.recipe["outputs"]["site"]
    kitchen.save()


def moved(kitchen):
    kitchen.recipe["outputs"]["site"]["path"] = "elsewhere/site"
    kitchen.save()


def edit(kitchen, path=ITEM):
    (kitchen / path).write_text("mine")


def site(kitchen):
    return {path for path in kitchen.tree("dist") if path.startswith(("dist/site", "dist/.stacbuild-manifest/site"))}


@pytest.mark.parametrize("leave", [removed, moved])
def test_what_nobody_edited_goes(kitchen, leave):
    leave(kitchen)
    report = kitchen.build()
    assert site(kitchen) == set()
    assert not (kitchen / "dist/site").exists()
    assert report["warnings"] == []


@pytest.mark.parametrize("leave", [removed, moved])
def test_what_somebody_edited_stays_and_is_named(kitchen, leave):
    edit(kitchen)
    os.utime(kitchen / "dist/site/catalog.json")
    leave(kitchen)
    (warning,) = kitchen.build()["warnings"]
    assert (warning["code"], ITEM in warning["message"]) == ("SB730", True)
    assert site(kitchen) == {ITEM}
    assert (kitchen / ITEM).read_text() == "mine"


def test_what_stays_is_left_alone_from_then_on(kitchen):
    edit(kitchen)
    removed(kitchen)
    kitchen.build()
    assert kitchen.build()["warnings"] == []
    kitchen.build("--force")
    kitchen.ask("clean")
    assert (kitchen / ITEM).read_text() == "mine"


def test_many_edited_files_are_counted(tmp_path):
    kitchen = Kitchen(tmp_path / "here", rows=12)
    kitchen.build()
    for number in range(12):
        edit(kitchen, f"dist/site/one/i{number}/i{number}.json")
    removed(kitchen)
    (warning,) = kitchen.build()["warnings"]
    assert "and 4 more" in warning["message"]
    assert len(site(kitchen)) == 12


def test_output_of_another_name_with_the_same_path_takes_over_what_nobody_edited(kitchen):
    before = kitchen.tree("dist/site")
    kitchen.recipe["outputs"]["place"] = kitchen.recipe["outputs"].pop("site")
    kitchen.save()
    edit(kitchen)
    assert kitchen.build(exit_=6)["error"]["code"] == "SB603"
    assert (kitchen / ITEM).read_text() == "mine"
    assert kitchen.build("--adopt")["warnings"] == []
    assert kitchen.tree("dist/site") == before


def test_what_is_gone_already_is_no_matter(kitchen):
    (kitchen / ITEM).unlink()
    removed(kitchen)
    assert kitchen.build()["warnings"] == []
    assert site(kitchen) == set()
