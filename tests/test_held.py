"""The files of outputs, looked at folder by folder: whatever was done to one is seen, and nothing else is asked for."""

import os
import shutil
import time
from pathlib import Path

import pytest
from kitchen import Kitchen, ran

from stacbuild import files, held
from stacbuild.delivered import Delivered
from stacbuild.sheets import ledger_of
from stacbuild.sources.stamps import SLACK_NS
from stacbuild.trace import Memory

FOLDER = "dist/site/one"


@pytest.fixture
def kitchen(tmp_path):
    """Forty items, in one folder, beside its document; and three files in the folder above."""
    kitchen = Kitchen(tmp_path / "a", rows=40)
    kitchen.recipe["outputs"] = {"site": {"kind": "stac-json", "path": "dist/site", "layout": "{collection}/{id}.json"}}
    kitchen.save()
    time.sleep(2 * SLACK_NS / 1e9)  # records that have just been written are read again by the next build
    kitchen.build()
    return kitchen


@pytest.fixture
def looked(monkeypatch):
    """Give the names of the files that were looked at one by one."""
    names = []
    taken = files.stat_of

    def stat_of(path):
        names.append(Path(path).name)
        return taken(path)

    monkeypatch.setattr(files, "stat_of", stat_of)
    return names


def memory(kitchen):
    return kitchen / ".stacbuild/memory/stacbuild.toml"


def fresh(kitchen):
    return kitchen.ask("status")["fresh"]


def test_a_folder_has_a_mark_where_it_has_many_files(kitchen):
    assert set(Memory(memory(kitchen)).head.outputs["site"].folders) == {FOLDER.removeprefix("dist/"), "site"}


def test_a_build_of_nothing_needs_no_row_of_any_file(kitchen, looked):
    for path in memory(kitchen).glob("delivered-*"):
        path.unlink()
    done = kitchen.build()
    assert ran(done) == {}
    assert done["outputs"]["site"]["unchanged"] == len([*(kitchen / "dist/site").rglob("*.*")])
    assert fresh(kitchen)
    assert looked == []


def test_rows_that_are_lost_are_restored_where_they_are_needed(kitchen):
    whole = kitchen.tree("dist")
    for path in memory(kitchen).glob("delivered-*"):
        path.write_bytes(b"nothing of the kind")
    (kitchen / FOLDER / "i3.json").unlink()
    kitchen.build()
    assert kitchen.tree("dist") == whole
    assert fresh(kitchen)
    assert ran(kitchen.build()) == {}


@pytest.mark.parametrize("lost", [False, True])
def test_sheets_of_rows_that_are_lost_are_restored_where_they_are_needed(kitchen, lost):
    whole = kitchen.tree("dist")
    for path in memory(kitchen).glob("sheets-*"):
        path.unlink() if lost else path.write_bytes(path.read_bytes()[::-1])
    (kitchen / FOLDER / "i3.json").unlink()
    kitchen.build()
    assert kitchen.tree("dist") == whole
    assert fresh(kitchen)
    assert ran(kitchen.build()) == {}


def test_rows_that_are_lost_are_restored_where_an_item_changes(kitchen):
    for path in memory(kitchen).glob("delivered-*"):
        path.write_bytes(b"nothing of the kind")
    rows = (kitchen / "rows.csv").read_text()
    (kitchen / "rows.csv").write_text(rows.replace("i7,2024", "i7,2023"))
    assert [one["code"] for one in kitchen.build()["warnings"]] == ["SB611"]
    (kitchen / "rows.csv").write_text(rows)
    kitchen.build()
    assert fresh(kitchen)


def edited(file):
    file.write_bytes(file.read_bytes().replace(b"Feature", b"Featurf"))


def edited_unseen(file):
    """Replace a file by one of the same size and times."""
    was, other = file.stat(), file.with_name("other")
    other.write_bytes(file.read_bytes().replace(b"Feature", b"Featurf"))
    os.utime(other, ns=(was.st_atime_ns, was.st_mtime_ns))
    other.replace(file)


def set_back(file):
    """Edit a file and set its time back."""
    was = file.stat()
    edited(file)
    os.utime(file, ns=(was.st_atime_ns, was.st_mtime_ns))


def became_folder(file):
    file.unlink()
    file.mkdir()


def renamed(file):
    file.rename(file.with_name("zz.json"))


def swapped(file):
    other = file.with_name("i9.json")
    blob = other.read_bytes()
    other.write_bytes(file.read_bytes())
    file.write_bytes(blob)


def whole_folder(file):
    shutil.rmtree(file.parent)


@pytest.mark.parametrize("how", [edited, edited_unseen, set_back, renamed, swapped, whole_folder, os.unlink])
def test_whatever_is_done_to_a_file_is_seen_and_mended(kitchen, how):
    whole = kitchen.tree("dist")
    how(kitchen / FOLDER / "i3.json")
    status = kitchen.ask("status")
    assert not status["fresh"]
    assert f"{FOLDER.removeprefix('dist/')}/i3.json" in {
        reason["what"] for one in status["stale"] for reason in one["reasons"]
    }
    kitchen.build()
    (kitchen / FOLDER / "zz.json").unlink(missing_ok=True)
    assert kitchen.tree("dist") == whole
    assert ran(kitchen.build()) == {}


def test_a_folder_in_the_place_of_a_file_is_seen(kitchen):
    became_folder(kitchen / FOLDER / "i3.json")
    assert not fresh(kitchen)
    assert kitchen.run("build").exit != 0


def test_a_touched_file_is_read_once(kitchen, monkeypatch):
    os.utime(kitchen / FOLDER / "i3.json")
    read = []
    digest_of = files.digest_of
    monkeypatch.setattr(files, "digest_of", lambda path: (read.append(Path(path).name), digest_of(path))[1])
    assert ran(kitchen.build()) == {}
    assert read == ["i3.json"]
    assert ran(kitchen.build()) == {}
    assert read == ["i3.json"]


def test_files_of_somebody_else_hide_nothing_and_are_nobodys_business(kitchen, looked):
    kitchen.write(f"{FOLDER}/mine.txt", b"mine")
    assert ran(kitchen.build()) == {}
    assert fresh(kitchen)
    assert "catalog.json" not in looked
    edited(kitchen / FOLDER / "i3.json")
    assert not fresh(kitchen)
    kitchen.build()
    assert fresh(kitchen)
    assert (kitchen / FOLDER / "mine.txt").read_bytes() == b"mine"


def test_a_name_that_is_no_text_is_somebody_elses(kitchen):
    (kitchen / FOLDER / "a\udcff.json").write_bytes(b"")
    assert ran(kitchen.build()) == {}


def test_a_link_in_the_place_of_a_folder_with_the_same_files_is_the_same(kitchen, tmp_path):
    (kitchen / FOLDER).rename(tmp_path / "elsewhere")
    (kitchen / FOLDER).symlink_to(tmp_path / "elsewhere")
    assert fresh(kitchen)


def test_outputs_that_share_a_folder_do_not_disturb_one_another(kitchen):
    for name in ("two", "three", "four", "five", "six", "seven", "eight", "nine"):
        kitchen.recipe["collections"][name] = {"from": ["rows"], "mapping": "plain"}
    kitchen.recipe["outputs"] = {
        "lines": {"kind": "ndjson", "path": "dist/{collection}.ndjson"},
        "lists": {"kind": "item-collection", "path": "dist/{collection}.json"},
    }
    kitchen.save()
    kitchen.build()
    assert ran(kitchen.build()) == {}
    (kitchen / "dist/two.json").unlink()
    assert [one["target"] for one in kitchen.ask("status")["stale"]] == ["output:lists"]
    kitchen.build()
    assert fresh(kitchen)


def test_folders_of_few_files_have_no_marks():
    assert held.folder_marks(rows(*(f"{n}/item.json" for n in range(100))), {}, set()) == {}
    assert held.folder_marks(rows(), {}, set()) == {}


def test_files_beside_folders_whose_names_begin_alike_are_told_apart():
    names = [f"a/{n}" for n in range(9)] + [f"a/b/{n}" for n in range(9)] + [f"a-b/{n}" for n in range(9)]
    one, other = held.folder_marks(rows(*names), {}, set()), held.folder_marks(rows(*names, "a/b/x"), {}, set())
    assert one.keys() == {"a", "a/b", "a-b"}
    assert [folder for folder in one if one[folder] != other[folder]] == ["a/b"]


def test_marks_of_folders_that_moved_are_as_if_all_were_made():
    names = [f"{folder}/{n}" for folder in ("", "a", "a/b", "a-b") for n in range(9)]
    before = held.folder_marks(rows(*names), {}, set())
    now = rows(*(name for name in names if not name.startswith("a-b/")), "a/b/x", *(f"c/{n}" for n in range(9)))
    assert held.folder_marks(now, before, {"a/b", "a-b", "c"}) == held.folder_marks(now, {}, set())


def rows(*paths):
    size = len(paths)
    return ledger_of(Delivered([*paths], b"\1" * 32 * size, b"\2" * 32 * size, b"\3" * 16 * size))
