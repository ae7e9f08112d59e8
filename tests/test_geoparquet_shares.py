"""Large tables made again, and by several processes: always the bytes of a fresh build, and nothing left over."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from kitchen import Kitchen, row
from parquet_kitchen import POLYGON, TABLE, an_item, of_items, put
from test_kill import HOLD, Crowd, assert_all_end, environment
from world import leftovers

from stacbuild import writing
from stacbuild.outputs.parquet import lines

COUNT = 60
SPEC = {"row-group-size": 7}
UNEVEN = {"type": "LineString", "coordinates": [[1, 2], [1, 2, 3]]}
"""A geometry that no table can hold."""


@pytest.fixture(autouse=True)
def _workers_write_little_too(monkeypatch):
    monkeypatch.setattr(writing, "WORTH", 1)


def items():
    """Return items of which neighbours in the file do not lie beside one another in the source."""
    moments = [f"2024-01-{number * 37 % 28 + 1:02}T00:00:{number % 60:02}Z" for number in range(COUNT)]
    return [an_item(f"i{n:02}", when=when, properties={"n": n, "deep": {"a": [n]}}) for n, when in enumerate(moments)]


def kitchen_of(folder, some, jobs, **spec):
    kitchen = of_items(folder, some, **SPEC | spec)
    kitchen.recipe["build"] = {"executor": "processes" if jobs > 1 else "serial", "jobs": jobs, "max-failures": "100%"}
    kitchen.save()
    return kitchen


def fresh(folder, some, **spec):
    """Return the tree of a build of nothing but these items, by one process."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    kitchen = kitchen_of(folder, some, 1, **spec)
    kitchen.run("build")
    return kitchen.tree("dist")


def spied(monkeypatch):
    """Return the shares that workers were asked for, as they are asked for."""
    asked, give = [], writing._in_shares

    def noted(ask, count, **how):
        for one in give(ask, count, **how):
            asked.append((one.share.number, one.share.of, one.share.again))
            yield one

    monkeypatch.setattr(writing, "_in_shares", noted)
    return asked


def changed(number, **properties):
    def change(some):
        some[number]["properties"] |= properties

    return change


EDITS = [
    changed(3, n=1000),
    lambda some: some.append(an_item("late", when="2030-01-01T00:00:00Z")),
    lambda some: some.insert(5, an_item("early", when="1990-01-01T00:00:00Z")),
    changed(9, new={"field": "x"}),
    lambda some: some.pop(20),
    changed(9, new=None),
    changed(30, n=0.5),
    changed(31, n="text"),
    lambda some: some[40].update(geometry=UNEVEN),
    changed(2, n=5),
    lambda some: some[40].update(geometry=POLYGON),
    changed(31, n=31),
    changed(11, created="2024-01-01T00:00:00+02:00"),
    changed(12, created="soon"),
    lambda some: some[13].update(geometry={"type": "Point", "coordinates": [1, 2, 3]}, bbox=[1, 2, 3, 1, 2, 3]),
    lambda some: some[14].update(assets={"img": {"href": "img/a.tif"}}),
]


@pytest.mark.parametrize("jobs", [1, 2, 4])
def test_any_edits_give_the_bytes_of_a_fresh_build(tmp_path, jobs):
    some = items()
    kitchen = kitchen_of(tmp_path / "k", some, jobs)
    kitchen.build()
    for number, edit in enumerate(EDITS):
        edit(some)
        put(kitchen, some)
        kitchen.run("build")
        assert kitchen.tree("dist") == fresh(tmp_path / "fresh", some), number
    assert leftovers(kitchen.folder) == []


def test_workers_make_shares_of_one_table_and_the_bytes_are_those_of_one_process(tmp_path, monkeypatch):
    asked = spied(monkeypatch)
    kitchen = kitchen_of(tmp_path / "k", items(), 2)
    kitchen.build()
    assert sorted(asked) == [(0, 2, False), (1, 2, False)]
    assert kitchen.tree("dist") == fresh(tmp_path / "fresh", items())
    assert leftovers(kitchen.folder) == []


def test_shares_that_differ_in_columns_are_brought_to_the_same(tmp_path, monkeypatch):
    some = items()
    some[0]["properties"]["rare"] = 1
    asked = spied(monkeypatch)
    kitchen = kitchen_of(tmp_path / "k", some, 2)
    kitchen.build()
    assert sorted(asked) == [(0, 2, False), (0, 2, True), (1, 2, False), (1, 2, True)]
    assert kitchen.tree("dist") == fresh(tmp_path / "fresh", some)


def test_one_item_makes_its_row_group_anew_and_no_shares(tmp_path, monkeypatch):
    some = items()
    kitchen = kitchen_of(tmp_path / "k", some, 2)
    kitchen.build()
    asked = spied(monkeypatch)
    some[3]["properties"]["n"] = 1000
    put(kitchen, some)
    kitchen.build()
    assert asked == []
    assert kitchen.tree("dist") == fresh(tmp_path / "fresh", some)


@pytest.mark.parametrize("how", ["--force", "memory", "edited", "deleted"])
def test_what_is_not_known_to_stand_is_made_and_the_bytes_are_the_same(tmp_path, monkeypatch, how):
    some = items()
    kitchen = kitchen_of(tmp_path / "k", some, 1)
    kitchen.build()
    file = kitchen / "dist/one.parquet"
    if how == "memory":
        shutil.rmtree(kitchen / ".stacbuild/memory")
    elif how == "edited":
        file.write_bytes(file.read_bytes()[:-9] + b"x" + file.read_bytes()[-8:])
    elif how == "deleted":
        file.unlink()
    made, row_of = [], lines.rows.row_of
    monkeypatch.setattr(lines.rows, "row_of", lambda line: made.append(1) or row_of(line))
    some[3]["properties"]["n"] = 1000
    put(kitchen, some)
    kitchen.run("build", *(["--force"] if how == "--force" else []))
    assert len(made) == COUNT
    assert kitchen.tree("dist") == fresh(tmp_path / "fresh", some)


def test_a_new_title_copies_all_row_groups(tmp_path, monkeypatch):
    kitchen = kitchen_of(tmp_path, items(), 1)
    kitchen.build()
    monkeypatch.setattr(lines.rows, "row_of", lambda _: pytest.fail("a row was made"))
    kitchen.recipe["collections"]["one"]["title"] = "Another"
    kitchen.save()
    assert kitchen.build()["outputs"]["table"]["written"] == 1


@pytest.mark.parametrize("jobs", [1, 2])
def test_hrefs_that_stay_relative_are_told_of_though_they_are_copied(tmp_path, jobs):
    some = items()
    some[50]["assets"] = {"img": {"href": "../img/a.tif"}}
    kitchen = kitchen_of(tmp_path, some, jobs, **{"base-url": "https://example.com"})
    told = [warning["message"] for warning in kitchen.build()["warnings"] if warning["code"] == "SB706"]
    assert any("'table'" in message for message in told)
    some[3]["properties"]["n"] = 1000
    put(kitchen, some)
    assert [one["message"] for one in kitchen.build()["warnings"] if one["code"] == "SB706"] == told


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_item_that_is_left_out_is_told_each_time_its_file_is_written(tmp_path, jobs):
    some = items()
    some[40]["geometry"] = UNEVEN
    kitchen = kitchen_of(tmp_path / "k", some, jobs)
    for number in range(3):
        some[3]["properties"]["n"] = number
        put(kitchen, some)
        kitchen.run("build")
        assert [(one["code"], one["target"]) for one in kitchen.failures()] == [("SB740", "item:one/i40")]
        assert kitchen.tree("dist") == fresh(tmp_path / "fresh", some)


PROGRAM = "from stacbuild import writing; writing.WORTH = 1; from stacbuild.cli.main import main; main()"


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes of a session are looked for in /proc")
@pytest.mark.parametrize("whole_group", [False, True], ids=["parent", "group"])
def test_killed_while_shares_are_made_is_repaired_and_swept(tmp_path, whole_group):
    world = Crowd(tmp_path, seed=5)
    world.recipe["outputs"]["table"] = {**TABLE, "path": "dist/tables/{collection}.parquet", "row-group-size": 5}
    world.write()
    struck = 0
    for moment in (0.0, 0.01, 0.05, 0.1, 0.2):
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
                time.sleep(moment)
                (os.killpg if whole_group else os.kill)(build.pid, signal.SIGKILL)
                break
        struck += build.wait() == -signal.SIGKILL
        assert_all_end(build.pid)
    assert struck
    world.check()


def test_a_table_of_records_in_shares_is_read_by_those_who_read_tables(tmp_path):
    kitchen = Kitchen(tmp_path, [row(n, date=f"2024-{n % 4 + 1:02}-01") for n in range(COUNT)])
    kitchen.recipe["outputs"]["table"] = {**TABLE, **SPEC}
    kitchen.recipe["build"] = {"executor": "processes", "jobs": 3}
    kitchen.save()
    kitchen.build()
    import pyarrow.parquet as pq  # noqa: PLC0415

    read = pq.ParquetFile(kitchen / "dist/one.parquet")
    assert read.metadata.num_row_groups == -(-COUNT // 7)
    assert sorted(read.read()["id"].to_pylist()) == sorted(f"i{number}" for number in range(COUNT))
