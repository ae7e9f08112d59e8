"""Outputs that cannot be written, are not ours, or were touched; clean takes away what builds wrote and only that."""

import json
import os
import subprocess

import pystac
import pytest
from kitchen import Kitchen, ran, row


@pytest.fixture
def kitchen(tmp_path):
    return Kitchen(tmp_path)


@pytest.fixture
def small_disk(tmp_path):
    """Give a function that mounts a small file system on a folder; one more call makes it large."""
    mounted = []

    def mount(folder, size):
        folder.mkdir(parents=True, exist_ok=True)
        again = folder in mounted
        options = f"{'remount,' if again else ''}size={size}"
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True, text=True, check=False
        )
        if done.returncode:
            pytest.skip(f"no small file system can be mounted here: {done.stderr.strip()}")
        if not again:
            mounted.append(folder)

    yield mount
    for folder in reversed(mounted):
        subprocess.run(["umount", "-l", str(folder)], check=False)


def unfinished(kitchen):
    return [path for path in kitchen.tree() if "/.stacbuild-" in path and "manifest" not in path]


# --- what is in the way


@pytest.mark.parametrize("place", ["dist", "dist/site", "dist/site/one", "dist/site/one/i1"])
def test_a_file_where_a_folder_should_be_is_exit_6_by_name_and_stays(kitchen, place):
    kitchen.write(place, "mine")
    for command in (["build"], ["build", "--adopt"]):
        done = kitchen.run(*command)
        assert done.exit == 6
        assert f"{place} is no folder" in done.err
        assert (kitchen / place).read_text() == "mine"
    assert kitchen.ask("build", exit_=6)["error"]["code"] == "SB602"
    assert not unfinished(kitchen)
    (kitchen / place).unlink()
    document = kitchen.build()
    assert ran(document).keys() <= {"write"}
    assert kitchen.ids() == ["i0", "i1", "i2"]


@pytest.mark.parametrize("target", ["nowhere/at/all", "dist"])
def test_a_link_that_leads_nowhere_is_exit_6_by_name(kitchen, target):
    (kitchen / "dist").symlink_to(target)
    done = kitchen.run("build")
    assert done.exit == 6
    assert "dist is no folder" in done.err
    assert (kitchen / "dist").is_symlink()


def test_a_folder_where_a_file_should_be_is_exit_6_and_stays(kitchen):
    kitchen.write("dist/site/catalog.json/mine", "mine")
    for command in (["build"], ["build", "--adopt"]):
        done = kitchen.run(*command)
        assert done.exit == 6
        assert "a folder that no build wrote is in the way" in done.err
    assert (kitchen / "dist/site/catalog.json/mine").read_text() == "mine"


def test_a_foreign_file_in_the_way_stays_until_it_is_adopted(kitchen):
    kitchen.write("dist/site/catalog.json", "mine")
    kitchen.write("dist/site/notes.txt", "mine too")
    done = kitchen.run("build")
    assert done.exit == 6
    assert "--adopt" in done.err
    assert (kitchen / "dist/site/catalog.json").read_text() == "mine"
    assert ran(kitchen.build("--adopt")).keys() <= {"write"}
    assert json.loads((kitchen / "dist/site/catalog.json").read_bytes())["id"] == "kitchen"
    assert (kitchen / "dist/site/notes.txt").read_text() == "mine too"
    kitchen.run("clean")
    assert list(kitchen.tree("dist")) == ["dist/site/notes.txt"]


def test_foreign_files_with_the_very_bytes_are_adopted(kitchen, tmp_path):
    other = Kitchen(tmp_path / "other")
    other.build()
    for path, blob in other.tree("dist").items():
        if "manifest" not in path:
            kitchen.write(path, blob)
    document = kitchen.build()
    assert all(output["written"] == 0 for output in document["outputs"].values())
    assert kitchen.tree("dist") == other.tree("dist")


def test_an_adopted_link_is_replaced_and_what_it_led_to_is_not(kitchen):
    kitchen.write("precious.json", "precious")
    (kitchen / "dist/site").mkdir(parents=True)
    (kitchen / "dist/site/catalog.json").symlink_to("../../precious.json")
    assert kitchen.run("build").exit == 6
    kitchen.build("--adopt")
    assert (kitchen / "precious.json").read_text() == "precious"
    assert not (kitchen / "dist/site/catalog.json").is_symlink()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_an_unwritable_folder_is_exit_6(kitchen):
    (kitchen / "dist").mkdir()
    (kitchen / "dist").chmod(0o555)
    done = kitchen.run("build")
    (kitchen / "dist").chmod(0o755)
    assert done.exit == 6
    assert "permissions" in done.err
    assert kitchen.build()["items"]["total"] == 3


# --- a full disk


@pytest.mark.parametrize("place", ["dist", ".stacbuild", ".stacbuild/cache", ".stacbuild/memory"])
@pytest.mark.parametrize("size", ["16k", "64k", "200k"])
def test_a_full_disk_is_exit_6_and_the_next_build_finishes(tmp_path, small_disk, place, size):
    notes = [f"{number:0100d}" for number in range(120)]
    kitchen = Kitchen(tmp_path / "here", rows=[row(number, note=note) for number, note in enumerate(notes)])
    small_disk(kitchen / place, size)
    for _ in range(2):
        done = kitchen.run("build")
        assert done.exit in (0, 6)
        assert done.exit == 0 or "space" in done.err or "full" in done.err
        assert not unfinished(kitchen)
        assert kitchen.run("status").exit == 0
    small_disk(kitchen / place, "100m")
    kitchen.build()
    fresh = Kitchen(tmp_path / "fresh", rows=None)
    fresh.write("rows.csv", (kitchen / "rows.csv").read_bytes())
    fresh.build()
    assert kitchen.tree("dist") == fresh.tree("dist")


def test_a_disk_that_is_full_in_an_update_leaves_a_catalog_that_can_be_read(tmp_path, small_disk):
    kitchen = Kitchen(tmp_path, rows=[row(number) for number in range(60)])
    small_disk(kitchen / "dist", "1m")
    kitchen.build()
    room = len(list(kitchen.tree("dist")))
    kitchen.rows([row(number, note="x" * 20_000) for number in range(60)])
    assert kitchen.run("build").exit == 6
    assert len(list(kitchen.tree("dist"))) == room
    items = list(pystac.Catalog.from_file(str(kitchen / "dist/site/catalog.json")).get_items(recursive=True))
    assert len(items) == 60
    kitchen.rows([row(number) for number in range(60)])
    kitchen.build()
    assert kitchen.run("status", "--check").exit == 0


# --- edited and lost files


def test_lost_and_edited_files_are_mended_by_the_next_build(kitchen):
    kitchen.build()
    before = kitchen.tree("dist")
    kitchen.write("dist/site/one/i1/i1.json", "{}")
    (kitchen / "dist/site/one/i0/i0.json").unlink()
    status = kitchen.ask("status", exit_=0)
    codes = {reason["code"] for stale in status["stale"] for reason in stale["reasons"]}
    assert {"output-missing", "output-edited"} <= codes
    assert kitchen.run("status", "--check").exit == 3
    document = kitchen.build()
    assert ran(document) == {"write": 2}
    assert kitchen.tree("dist") == before


# --- links


@pytest.mark.parametrize("place", ["dist", "dist/site"])
def test_a_build_works_behind_a_link_and_clean_does_not(kitchen, place):
    (kitchen / "real").mkdir()
    (kitchen / place).parent.mkdir(exist_ok=True)
    (kitchen / place).symlink_to(os.path.relpath(kitchen / "real", (kitchen / place).parent))
    kitchen.build()
    kitchen.rows([row(0), row(1)])
    kitchen.build()
    assert not [path for path in kitchen.tree("real") if "i2" in path]
    behind = {path: blob for path, blob in kitchen.tree("real").items() if "manifest" not in path}
    assert len(behind) >= 4
    for options in ([], ["--force"], ["--all", "--force"]):
        done = kitchen.run("clean", *options)
        assert done.exit == 0
        assert kitchen.tree("real").items() >= behind.items()
    assert (kitchen / place).is_symlink()


def test_clean_never_goes_through_a_link_that_came_later(kitchen):
    kitchen.build()
    (kitchen / "dist/site/one").rename(kitchen / "moved")
    (kitchen / "dist/site/one").symlink_to("../../moved")
    document = kitchen.ask("clean", exit_=0)
    assert len(kitchen.tree("moved")) == 4
    assert sorted(document["linked"]) == sorted(f"dist/site/one{path[5:]}" for path in kitchen.tree("moved"))


# --- clean


def test_clean_removes_what_was_delivered_and_the_folders_it_made(kitchen):
    kitchen.build()
    kitchen.write("dist/site/mine.txt", "mine")
    dry = kitchen.ask("clean", "-n", exit_=0)
    assert dry["dry_run"] is True
    before = kitchen.tree()
    assert set(dry["removed"]) == {path for path in before if path.startswith("dist/") and "manifest" not in path} - {
        "dist/site/mine.txt"
    }
    document = kitchen.ask("clean", exit_=0)
    assert document["removed"] == dry["removed"]
    assert sorted(kitchen.tree()) == ["dist/site/mine.txt", "rows.csv", "stacbuild.toml"]
    (kitchen / "dist/site/mine.txt").unlink()
    assert ran(kitchen.build()) == {"write": 3}
    kitchen.run("clean")
    assert not (kitchen / "dist/site").exists()


def test_clean_keeps_and_lists_what_was_edited_until_force(kitchen):
    kitchen.build()
    kitchen.write("dist/site/one/i1/i1.json", "edited")
    document = kitchen.ask("clean", exit_=0)
    assert document["kept"] == ["dist/site/one/i1/i1.json"]
    assert (kitchen / "dist/site/one/i1/i1.json").read_text() == "edited"
    assert "clean --force" in kitchen.run("clean").out
    assert kitchen.ask("clean", "--force", exit_=0)["removed"] == ["dist/site/one/i1/i1.json"]
    assert sorted(kitchen.tree()) == ["rows.csv", "stacbuild.toml"]


def test_clean_knows_what_is_ours_without_the_memory(kitchen):
    kitchen.build()
    for path in sorted((kitchen / ".stacbuild/memory").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    kitchen.write("dist/site/one/i1/i1.json", "edited")
    assert kitchen.ask("clean", exit_=0)["kept"] == ["dist/site/one/i1/i1.json"]
    assert [path for path in kitchen.tree("dist") if "manifest" not in path] == ["dist/site/one/i1/i1.json"]


def test_clean_of_one_output_leaves_the_other(kitchen):
    kitchen.build()
    kitchen.run("clean", "output:lines")
    assert not (kitchen / "dist/one.ndjson").exists()
    assert (kitchen / "dist/site/catalog.json").exists()
    assert kitchen.run("status", "--check").exit == 3
    assert ran(kitchen.build()) == {"write": 3}


def test_clean_cache_and_all_leave_nothing_of_ours_and_all_that_is_not(kitchen):
    kitchen.recipe["cache"] = {"path": "store"}
    kitchen.save()
    kitchen.write("store/mine.txt", "mine")
    kitchen.write(".stacbuild/other.txt", "mine")
    kitchen.build()
    kitchen.run("clean", "--cache")
    assert ran(kitchen.build()) == {"transform": 3, "write": 3}
    kitchen.run("clean", "--all")
    assert (kitchen / "store/mine.txt").exists()
    assert (kitchen / ".stacbuild/other.txt").exists()
    assert not (kitchen / ".stacbuild/memory/stacbuild.toml").exists()
    assert not (kitchen / "dist").exists()
    assert kitchen.build()["items"]["added"] == 3


def test_a_clean_that_is_dry_touches_nothing(kitchen):
    kitchen.build()
    before = {str(path): path.stat().st_mtime_ns for path in kitchen.folder.rglob("*") if path.is_file()}
    kitchen.run("clean", "-n", "--all", "--force")
    after = {str(path): path.stat().st_mtime_ns for path in kitchen.folder.rglob("*") if path.is_file()}
    assert {path for path in before if after.get(path) != before[path]} <= {
        str(kitchen / ".stacbuild/lock/stacbuild.toml")
    }


def test_outputs_that_leave_the_recipe_take_their_files_with_them(kitchen):
    kitchen.build()
    kitchen.write("dist/site/mine.txt", "mine")
    del kitchen.recipe["outputs"]["site"]
    kitchen.save()
    kitchen.build()
    assert sorted(kitchen.tree("dist")) == [
        "dist/.stacbuild-manifest/lines/00",
        "dist/one.ndjson",
        "dist/site/mine.txt",
    ]


# --- ls and manifests


def test_ls_of_an_output_is_its_manifest(kitchen):
    kitchen.build()
    document = kitchen.ask("ls", "output:site", exit_=0)
    files = {file["path"]: file for file in document["files"]}
    assert len(files) == 5
    for path, file in files.items():
        blob = (kitchen / path).read_bytes() if (kitchen / path).exists() else (kitchen / "dist" / path).read_bytes()
        assert file["size"] == len(blob)
    lines = (kitchen / "dist/.stacbuild-manifest/site/00").read_bytes().splitlines()
    assert sorted(json.loads(line)["sha256"] for line in lines) == sorted(file["sha256"] for file in files.values())
