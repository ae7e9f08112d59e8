"""Item files by the thousand of which some cannot be read: nothing is lost, and it is said which."""

import os

import pytest
from item_files import MANY, as_if_new, many, mapped, put, settle
from kitchen import ran

from stacbuild.sources import stac_items


@pytest.fixture
def kitchen(tmp_path):
    return many(tmp_path / "a")


def test_a_file_that_cannot_be_read_keeps_its_items_and_is_tried_again(kitchen, tmp_path):
    file = kitchen / "data/many/0004.json"
    whole = file.read_bytes()
    file.write_bytes(whole[:-20])
    for _ in range(3):
        settle()
        done = kitchen.build(exit_=1)
        assert (done["items"]["unchanged"], done["items"]["failed"]) == (MANY + 60, 1)
        (failure,) = kitchen.failures()
        assert (failure["target"], failure["source"]["where"]) == ("source:files", "data/many/0004.json")
    assert kitchen.failures()[0]["attempts"] == 3
    assert [one["code"] for one in kitchen.ask("status")["warnings"]] == ["SB493"]
    put(kitchen, "many/0040", changed=1)
    assert kitchen.build(exit_=1)["items"]["modified"] == 1
    file.write_bytes(whole)
    assert kitchen.build()["items"]["failed"] == 0
    as_if_new(kitchen, tmp_path / "b")


@pytest.mark.parametrize("how", ["force", "other ids"])
def test_a_file_that_cannot_be_read_keeps_its_items_where_all_are_read_again(kitchen, how):
    (kitchen / "data/many/0004.json").write_bytes(b"{")
    if how == "other ids":
        kitchen.recipe["mappings"] = {"m": {"id": "id"}}
        kitchen.recipe["collections"]["one"]["mapping"] = "m"
        kitchen.save()
    done = kitchen.build(*(["--force"] if how == "force" else []), exit_=1)
    assert (done["items"]["total"], done["items"]["deleted"], done["failures"]["count"]) == (MANY + 60, 0, 1)
    assert "many-0004" in kitchen.ids()


def test_nothing_is_deleted_because_a_folder_cannot_be_read(kitchen, monkeypatch, tmp_path):
    scandir = os.scandir

    def refused(path):
        if str(path).endswith(("data/many/", "data/few/03/")):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    put(kitchen, "few/05/new")
    monkeypatch.setattr(os, "scandir", refused)
    for _ in range(2):
        assert kitchen.build()["items"]["total"] == MANY + 61
    monkeypatch.setattr(os, "scandir", scandir)
    assert ran(kitchen.build()) == {}
    as_if_new(kitchen, tmp_path / "b")


def test_a_file_that_may_not_be_opened_loses_nothing(kitchen):
    file = kitchen / "data/few/00/0.json"
    file.unlink()
    file.mkdir()
    assert kitchen.build()["items"]["deleted"] == 1
    file.rmdir()
    file.symlink_to("nowhere")
    assert kitchen.build()["items"]["total"] == MANY + 59
    file.unlink()
    put(kitchen, "few/00/0")
    assert kitchen.build()["items"]["added"] == 1


def test_a_file_that_changes_after_it_was_listed_is_told_of_and_read_again(kitchen, monkeypatch):
    mapped(kitchen, 0)
    kitchen.build()
    mapped(kitchen, 1)
    taken = stac_items.read

    def read(shard, *others):
        if shard.name == "data/many/0002.json":
            put(kitchen, "many/0002", changed=1)
        return taken(shard, *others)

    monkeypatch.setattr(stac_items, "read", read)
    assert kitchen.build(exit_=1)["failures"]["count"] == 1
    monkeypatch.undo()
    assert kitchen.failures()[0]["source"]["where"] == "data/many/0002.json"
    assert kitchen.build()["items"]["modified"] == 1
    assert next(one for one in kitchen.items() if one["id"] == "many-0002")["properties"]["changed"] == 1


def test_lost_columns_are_lost_memory_where_they_are_needed(kitchen, tmp_path):
    for path in (kitchen / ".stacbuild/memory/stacbuild.toml").glob("files-*"):
        path.write_bytes(b"no columns")
    put(kitchen, "many/0007", changed=1)
    done = kitchen.build()
    assert [warning["code"] for warning in done["warnings"]] == ["SB611"]
    assert done["items"]["total"] == MANY + 60
    as_if_new(kitchen, tmp_path / "b")


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_file_whose_name_is_no_text_is_told_of_and_the_others_are_built(kitchen, jobs):
    (kitchen / os.fsdecode(b"data/many/\xff.json")).write_bytes((kitchen / "data/many/0004.json").read_bytes())
    kitchen.recipe["build"] = {"jobs": jobs}
    kitchen.save()
    assert kitchen.build(exit_=1)["items"]["total"] == MANY + 60
    (failure,) = kitchen.failures()
    assert failure["source"]["where"] == r"data/many/\xff.json"
    assert "not UTF-8" in failure["message"]
