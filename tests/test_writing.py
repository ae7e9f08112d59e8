"""Files of many items written by workers: the same bytes, the same words when it goes wrong, and nothing left over."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from kitchen import Kitchen, row
from parquet_kitchen import an_item, of_items
from test_kill import HOLD, Crowd, assert_all_end, environment
from world_disk import leftovers
from world_harm import small_parts

from stacbuild import writing

NAMES = ("one", "two", "three")
OUTPUTS = {
    "lines": {"kind": "ndjson", "path": "dist/{collection}.ndjson"},
    "all": {"kind": "item-collection", "path": "dist/all.json"},
    "table": {"kind": "geoparquet", "path": "dist/table/{collection}.parquet"},
    "months": {"kind": "geoparquet", "path": "dist/months/{collection}-{year}-{month}.parquet"},
    "site": {"kind": "stac-json", "path": "dist/site", "mirror": "table"},
}


@pytest.fixture(autouse=True)
def _workers_write_little_too(monkeypatch):
    monkeypatch.setattr(writing, "WORTH", 1)


def kitchen_of(folder, jobs=2, **tables):
    kitchen = Kitchen(folder, [row(n, date=f"2024-{n % 4 + 1:02}-01") for n in range(60)], outputs=OUTPUTS, **tables)
    kitchen.recipe["collections"] = {name: {**kitchen.recipe["collections"]["one"], "title": name} for name in NAMES}
    kitchen.recipe["build"] = {"executor": "processes", "jobs": jobs}
    kitchen.save()
    return kitchen


def spied(monkeypatch):
    """Return the files that workers were asked for, as they are asked for."""
    asked = []
    asks = writing.Writers._asks

    def noted(self, view, wanted):
        for ask in asks(self, view, wanted):
            asked.append(ask.wanted.path)
            yield ask

    monkeypatch.setattr(writing.Writers, "_asks", noted)
    return asked


def test_workers_write_the_bytes_that_one_process_writes(tmp_path, monkeypatch):
    asked = spied(monkeypatch)
    alone, together = kitchen_of(tmp_path / "alone", jobs=1), kitchen_of(tmp_path / "together")
    one, other = alone.build(), together.build()
    assert alone.tree("dist") == together.tree("dist")
    assert sorted(asked) == sorted(
        [f"{name}.ndjson" for name in NAMES]
        + [f"{name}.parquet" for name in NAMES]
        + [f"{name}-2024-{month:02}.parquet" for name in NAMES for month in range(1, 5)]
        + ["all.json"]
    )
    assert one["outputs"] == other["outputs"]
    assert one["stages"] == other["stages"]
    assert together.build()["outputs"] == alone.build()["outputs"]
    assert leftovers(together.folder) == []


def test_what_workers_say_of_files_is_said_and_once(tmp_path):
    kitchen = kitchen_of(tmp_path)
    kitchen.recipe["mappings"]["plain"]["assets"]["data"]["href"] = {"template": "data/{key}.tif"}
    kitchen.save()
    told = [warning["message"] for warning in kitchen.build()["warnings"] if warning["code"] == "SB706"]
    assert sorted(told) == [
        f"output '{name}': local hrefs stay relative to the recipe's folder" for name in ("all", "lines")
    ]


def test_an_item_that_no_table_can_hold_is_told_though_a_worker_met_it(tmp_path, monkeypatch):
    asked = spied(monkeypatch)
    kitchen = of_items(tmp_path, [an_item("a"), an_item("b", when="yesterday")])
    kitchen.recipe["build"] = {"executor": "processes", "jobs": 2}
    kitchen.save()
    kitchen.run("build")
    assert asked == ["one.parquet", "one.ndjson"]
    assert [(one["stage"], one["code"], one["target"]) for one in kitchen.failures()] == [
        ("write", "SB740", "item:one/b")
    ]


def test_a_small_delivery_and_one_of_targets_stay_here(tmp_path, monkeypatch):
    asked = spied(monkeypatch)
    kitchen = kitchen_of(tmp_path)
    kitchen.build()
    asked.clear()
    kitchen.rows([row(n, date=f"2024-{n % 4 + 1:02}-01", note="x" if n == 3 else "") for n in range(60)])
    kitchen.build("item:one/i3")
    assert asked == []
    monkeypatch.setattr(writing, "WORTH", 10_000)
    kitchen.build()
    assert asked == []


def test_a_path_that_cannot_be_written_is_the_same_error_and_leaves_nothing(tmp_path):
    said = []
    for jobs in (1, 2):
        kitchen = kitchen_of(tmp_path, jobs)
        kitchen.write("dist/months", "a file where a folder should be")
        done = kitchen.run("build")
        assert done.exit == 6, done.err
        told = re.sub(r"months/\S+", "months/FILE", done.err)  # of several, any may be the first
        said.append([line for line in told.splitlines() if "SB602" in line or "hint" in line])
        assert [path for path in (tmp_path / "dist").rglob(".stacbuild-*") if path.is_file()] == []
        shutil.rmtree(tmp_path / "dist")
        shutil.rmtree(tmp_path / ".stacbuild")
    assert said[0] == said[1]
    assert "months is no folder" in said[0][0]


@pytest.mark.parametrize("lost", ["all", "damaged"])
def test_chunks_that_a_worker_finds_missing_are_made_again(tmp_path, lost):
    with small_parts():
        kitchen = kitchen_of(tmp_path, cache={"backend": "filesystem"})
        kitchen.build()
        before = kitchen.tree("dist")
        for chunk in filter(Path.is_file, (tmp_path / ".stacbuild/cache").rglob("cas/**/*")):
            chunk.unlink() if lost == "all" else chunk.write_bytes(chunk.read_bytes()[:-1] + b"?")
        shutil.rmtree(tmp_path / "dist/months")
        shutil.rmtree(tmp_path / "dist/table")
        report = kitchen.build()
    assert "SB610" in [warning["code"] for warning in report["warnings"]]
    assert kitchen.tree("dist") == before
    assert leftovers(tmp_path) == []


PROGRAM = "from stacbuild import writing; writing.WORTH = 1; from stacbuild.cli.main import main; main()"


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes of a session are looked for in /proc")
@pytest.mark.parametrize("whole_group", [False, True], ids=["parent", "group"])
def test_killed_while_workers_write_is_repaired_and_swept(tmp_path, whole_group):
    world = Crowd(tmp_path, seed=3)
    world.recipe["outputs"]["table"] = {"kind": "geoparquet", "path": "dist/tables/{collection}-{year}-{month}.parquet"}
    world.write()
    struck = 0
    for _ in range(6):
        world.go_on()
        build = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, "build", "--jobs", "2", "-q"],
            cwd=world.folder,
            env=environment(),
            start_new_session=True,
        )
        until = time.monotonic() + HOLD
        while build.poll() is None and time.monotonic() < until:
            if any((world.folder / "dist/tables").glob(f".stacbuild-{build.pid}-*")):
                (os.killpg if whole_group else os.kill)(build.pid, signal.SIGKILL)
                break
        struck += build.wait() == -signal.SIGKILL
        assert_all_end(build.pid)
    assert struck
    world.check()
