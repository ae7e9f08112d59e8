"""Files of many items that stand as they were written are not made again to be compared when the memory is lost."""

import hashlib
import json
import shutil
import sqlite3

import pytest
from kitchen import Kitchen
from parquet_kitchen import an_item, of_items

from stacbuild.outputs.geoparquet import GeoParquet
from stacbuild.outputs.ndjson import Ndjson

OUTPUTS = {
    "lines": {"kind": "ndjson", "path": "dist/{collection}.ndjson"},
    "table": {"kind": "geoparquet", "path": "dist/{collection}.parquet"},
}


@pytest.fixture
def kitchen(tmp_path):
    kitchen = Kitchen(tmp_path / "k", rows=5, outputs=OUTPUTS)
    kitchen.build()
    return kitchen


@pytest.fixture
def made(monkeypatch):
    """The paths of the files of many items that are made."""
    paths = []
    for kind in (Ndjson, GeoParquet):

        def content(self, view, wanted, standing, before=kind.content):
            paths.append(wanted.path)
            return before(self, view, wanted, standing)

        monkeypatch.setattr(kind, "content", content)
    return paths


def lose_memory(kitchen):
    shutil.rmtree(kitchen / ".stacbuild/memory")


def counts(report):
    return {name: (one["written"], one["unchanged"]) for name, one in report["outputs"].items()}


def test_files_that_stand_as_they_were_written_are_not_made_again(kitchen, made):
    before = kitchen.tree()
    lose_memory(kitchen)
    assert counts(kitchen.build()) == {"lines": (0, 1), "table": (0, 1)}
    assert made == []
    assert kitchen.tree() == before
    assert kitchen.ask("status")["fresh"] is True


def test_force_makes_them_again_and_compares(kitchen, made):
    lose_memory(kitchen)
    assert counts(kitchen.build("--force")) == {"lines": (0, 1), "table": (0, 1)}
    assert sorted(set(made)) == ["one.ndjson", "one.parquet"]


def test_a_record_that_changed_meanwhile_is_in_them(kitchen, made):
    lose_memory(kitchen)
    text = (kitchen / "rows.csv").read_text()
    kitchen.write("rows.csv", text.replace("2024-01-03", "2024-02-03"))
    assert counts(kitchen.build()) == {"lines": (1, 0), "table": (1, 0)}
    assert any(item["properties"]["datetime"].startswith("2024-02-03") for item in kitchen.items())


def test_an_edited_file_is_mended_though_its_manifest_was_edited_too(kitchen):
    before = kitchen.tree()
    file = kitchen / "dist/one.ndjson"
    file.write_bytes(file.read_bytes().replace(b"2024-01-03", b"2024-09-03"))
    (part,) = (kitchen / "dist/.stacbuild-manifest/lines").iterdir()
    row = json.loads(part.read_text())
    part.write_text(json.dumps({**row, "sha256": hashlib.sha256(file.read_bytes()).hexdigest()}) + "\n")
    lose_memory(kitchen)
    assert counts(kitchen.build())["lines"] == (1, 0)
    assert kitchen.tree() == before


@pytest.mark.parametrize("harm", ["damage", "remove", "swap"])
def test_what_the_store_says_of_them_may_be_damaged(kitchen, made, harm):
    before = kitchen.tree()
    with sqlite3.connect(kitchen / ".stacbuild/cache/embedded/cache.db") as base:
        known = dict(base.execute("SELECT key, value FROM Cache WHERE key LIKE 'files/%'"))
        assert len(known) == 2
        other = dict(zip(known, reversed(list(known.values())), strict=True))
        for key, value in known.items():
            harmed = {"damage": value[:-1] + bytes([value[-1] ^ 1]), "swap": other[key]}.get(harm)
            base.execute("DELETE FROM Cache WHERE key = ?", (key,)) if harmed is None else base.execute(
                "UPDATE Cache SET value = ? WHERE key = ?", (harmed, key)
            )
    lose_memory(kitchen)
    assert counts(kitchen.build()) == {"lines": (0, 1), "table": (0, 1)}
    assert sorted(made) == ["one.ndjson", "one.parquet"]
    assert kitchen.tree() == before


def test_a_file_that_could_not_hold_an_item_is_made_again_so_that_this_is_told_again(tmp_path, made):
    broken = {"type": "LineString", "coordinates": [[1, 2], [1, 2, 3]]}
    kitchen = of_items(tmp_path, [an_item("a"), an_item("b", geometry=broken)])
    kitchen.build(exit_=1)
    (told,) = kitchen.failures()
    made.clear()
    lose_memory(kitchen)
    assert counts(kitchen.build(exit_=1))["table"] == (0, 1)
    (again,) = kitchen.failures()
    assert (again["code"], again["item_id"]) == (told["code"], told["item_id"]) == ("SB740", "b")
    assert made == ["one.parquet"]


def test_gc_keeps_what_is_said_of_files_that_stand_and_drops_the_rest(kitchen, made):
    assert kitchen.ask("gc", "--max-age", "0s", exit_=0)["entries"]["removed"] == 0
    text = (kitchen / "rows.csv").read_text()
    kitchen.write("rows.csv", text.replace("2024-01-03", "2024-02-03"))
    kitchen.build()
    kitchen.ask("gc", "--max-age", "0s", exit_=0)
    with sqlite3.connect(kitchen / ".stacbuild/cache/embedded/cache.db") as base:
        assert base.execute("SELECT count(*) FROM Cache WHERE key LIKE 'files/%'").fetchone() == (2,)
    made.clear()
    lose_memory(kitchen)
    kitchen.build()
    assert made == []
