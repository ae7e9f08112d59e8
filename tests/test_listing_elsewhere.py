"""Files that other processes read: the listing is that of one process, whatever the files hold and whoever dies."""

import gzip
import json
import os
import signal
import time
from pathlib import Path

import pytest
from kitchen import Kitchen, csv_of, ran, row

from stacbuild import cutting, listing, piles
from stacbuild.execute import processes
from stacbuild.sources.stamps import SLACK_NS
from stacbuild.trace import Memory

JOBS = {"executor": "processes", "jobs": 2, "max-failures": "100%"}
ALONE = {"executor": "serial", "max-failures": "100%"}


@pytest.fixture
def workers(monkeypatch):
    """However little there is to read, others read it; gives the workers that were started."""
    started = []

    class Worker(processes._Worker):
        def __init__(self, *args):
            super().__init__(*args)
            started.append(self)

    monkeypatch.setattr(listing, "WORTH", 0)
    monkeypatch.setattr(listing, "PILES", piles.PILES._replace(few=0))
    monkeypatch.setattr(processes, "_Worker", Worker)
    return started


def fill(kitchen):
    """Write files of several forms: records good and bad, keys and ids that stand twice, files that are none."""
    for number in range(6):
        rows = [row(100 * number + n) for n in range(60)]
        kitchen.write(f"data/{number}.csv", csv_of(rows))
    lines = [json.dumps(row(1000 + n)) for n in range(600)]
    lines[7] = "{no json"
    lines[9] = json.dumps(row(1000, id="other"))
    lines[11] = json.dumps(row(5000, id="i1001"))
    kitchen.write("data/many.ndjson", "\n".join(lines))
    kitchen.write("data/packed.csv.gz", gzip.compress(csv_of([row(7000 + n) for n in range(300)]).encode()))
    kitchen.write("data/array.json", json.dumps([row(8000 + n) for n in range(30)]))
    kitchen.write("data/broken.json", "[{")
    kitchen.write("data/empty.csv", "")


def a_kitchen(folder, build):
    kitchen = Kitchen(folder, rows=None, build=build)
    kitchen.recipe["sources"]["rows"]["path"] = "data/*"
    kitchen.save()
    fill(kitchen)
    return kitchen


def remembered(kitchen):
    """Return what the memory has of sources and groups, without stamps and moments, which no two folders share."""
    head = Memory(kitchen / ".stacbuild/memory/stacbuild.toml").head
    groups = [
        (g.source, g.shard, g.root, g.inputs, g.faults, g.first, g.line, g.untaken, g.part, sorted(g.tallies))
        for g in head.groups
    ]
    troubles = {name: {n: s.trouble for n, s in one.shards.items()} for name, one in head.sources.items()}
    return (
        sorted(groups, key=lambda one: one[:2] + one[5:6]),
        troubles,
        {name: one.duplicates for name, one in head.sources.items()},
    )


def failing(kitchen):
    return [
        {name: value for name, value in one.items() if name not in ("timestamp", "attempts")}
        for one in kitchen.failures()
    ]


def said(document):
    return {name: document[name] for name in ("items", "stages", "exit")}


def assert_same(one, other, *argv):
    assert said(one.build(*argv, exit_=None)) == said(other.build(*argv, exit_=None))
    assert remembered(one) == remembered(other)
    assert one.tree("dist") == other.tree("dist")
    assert failing(one) == failing(other)


def test_listing_of_others_is_that_of_one(tmp_path, workers):
    alone, together = a_kitchen(tmp_path / "alone", ALONE), a_kitchen(tmp_path / "together", JOBS)
    assert_same(alone, together)
    assert len(workers) == 2
    assert len(alone.ids()) > 1100
    for kitchen in (alone, together):
        lines = (kitchen / "data/many.ndjson").read_text().splitlines()
        del lines[100:103]
        lines[200:200] = [json.dumps(row(9000))]
        lines[300] = json.dumps(row(1300, gsd="77"))
        kitchen.write("data/many.ndjson", "\n".join(lines))
        (kitchen / "data/3.csv").rename(kitchen / "data/moved.csv")
    assert_same(alone, together)
    assert_same(alone, together)
    assert_same(alone, together, "--force")


def test_records_are_read_once(tmp_path, workers, monkeypatch):
    kitchen = a_kitchen(tmp_path / "it", JOBS)
    monkeypatch.setattr(cutting.Cutter, "read", None)
    monkeypatch.setattr("stacbuild.feed.kind_of", None)
    assert ran(kitchen.build(exit_=None))["write"] > 1100


def test_small_sources_are_read_here(tmp_path):
    kitchen = a_kitchen(tmp_path / "it", {**JOBS, "jobs": 3})
    started = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(listing, "PILES", piles.PILES._replace(open=lambda *_: started.append(1)))
        kitchen.build(exit_=None)
    assert started == []


def test_nothing_is_read_elsewhere_when_nothing_changed(tmp_path, workers):
    kitchen = a_kitchen(tmp_path / "it", JOBS)
    (kitchen / "data/broken.json").unlink()
    (kitchen / "data/empty.csv").unlink()
    time.sleep(2 * SLACK_NS / 1e9)  # a file that has just changed is read again the next time
    kitchen.build(exit_=None)
    workers.clear()
    kitchen.build(exit_=None)
    assert workers == []


def test_a_file_that_kills_who_reads_it_costs_that_file(tmp_path, workers, monkeypatch):
    kitchen = a_kitchen(tmp_path / "it", JOBS)
    monkeypatch.setattr(listing, "PILES", piles.PILES._replace(few=0, open=_open_to_die))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    kitchen.build(exit_=None)
    (failure,) = [one for one in kitchen.failures() if "many" in one["source"]["where"] and one["record"] is None]
    assert "died" in failure["message"]
    assert len(kitchen.ids()) == 6 * 60 + 300 + 30
    monkeypatch.undo()
    kitchen.build(exit_=None)
    assert len(kitchen.ids()) > 1100


def _open_to_die(tools, seat):
    run = piles.PILES.open(tools, seat)

    def die_or_run(pile):
        if any("many" in one.name for one in pile.files):
            os.kill(os.getpid(), signal.SIGKILL)
        return run(pile)

    return die_or_run


def test_a_recipe_error_of_a_worker_is_told_as_here(tmp_path, workers):
    kitchen = a_kitchen(tmp_path / "it", JOBS)
    kitchen.recipe["mappings"]["plain"]["collection"] = {"template": "ab{gsd}"}
    del kitchen.recipe["collections"]["one"]
    for name in ("a*", "*b"):
        kitchen.recipe["collections"][name] = {"from": ["rows"], "mapping": "plain"}
    for name in ("ab*", "a*b"):
        kitchen.recipe["collections"][name] = {"from": ["rows"], "mapping": "plain"}
    kitchen.write("data/x.csv", csv_of([row(1, gsd="b")]))
    kitchen.save()
    there = kitchen.build(exit_=2)
    kitchen.recipe["build"] = ALONE
    kitchen.save()
    assert kitchen.build(exit_=2)["error"] == there["error"]


def test_what_reading_took_is_in_the_profile(tmp_path, workers):
    kitchen = a_kitchen(tmp_path / "it", JOBS)
    kitchen.build("--profile", str(kitchen / "trace.json"), exit_=None)
    read = [one for one in json.loads((kitchen / "trace.json").read_text()) if one["name"] == "read"]
    assert sum(one["args"]["files"] for one in read) == len(list((kitchen / "data").iterdir()))
    assert {one["args"]["source"] for one in read} == {"rows"}
    assert os.getpid() not in {one["pid"] for one in read}


def test_piles_are_of_like_size(tmp_path, workers, monkeypatch):
    monkeypatch.setattr(listing, "PILE_FILES", 4)
    kitchen = a_kitchen(tmp_path / "it", JOBS)
    kitchen.build("--profile", str(kitchen / "trace.json"), exit_=None)
    read = [one for one in json.loads((kitchen / "trace.json").read_text()) if one["name"] == "read"]
    assert sorted(one["args"]["files"] for one in read) == [3, 4, 4]
