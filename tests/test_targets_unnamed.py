"""What a targeted build does not name stays in every file, whatever became of its record; what it names may go."""

import pytest
from kitchen import Kitchen, row

SITE = "dist/site"


@pytest.fixture
def kitchen(tmp_path):
    """Four records in two collections."""
    kitchen = Kitchen(tmp_path, rows=4)
    kitchen.recipe["collections"]["two"] = {"from": ["rows"], "mapping": "plain"}
    kitchen.save()
    kitchen.build()
    return kitchen


def files_of(kitchen, collection):
    found = (kitchen / SITE / collection).glob("*/*.json")
    return sorted(path.stem for path in found)


def as_fresh(kitchen, tmp_path):
    """Tell whether a build of everything leaves what a build in a fresh folder gives."""
    kitchen.build(exit_=None)
    fresh = Kitchen(tmp_path / "fresh", rows=None)
    fresh.recipe = kitchen.recipe
    fresh.save()
    fresh.write("rows.csv", (kitchen / "rows.csv").read_bytes())
    fresh.build(exit_=None)
    return fresh.tree("dist") == kitchen.tree("dist")


def test_a_key_that_is_shared_now_takes_nothing_from_the_other_collection(kitchen, tmp_path):
    kitchen.rows([row(0), row(1), row(2), row(3), row(3, id="other")])
    report = kitchen.build("collection:one", exit_=1)
    assert report["items"]["deleted"] == 1
    assert kitchen.ids("one") == files_of(kitchen, "one") == ["i0", "i1", "i2"]
    assert kitchen.ids("two") == files_of(kitchen, "two") == ["i0", "i1", "i2", "i3"]
    assert as_fresh(kitchen, tmp_path)
    assert files_of(kitchen, "two") == ["i0", "i1", "i2"]


def test_a_named_item_that_fails_now_has_no_file_any_more(kitchen, tmp_path):
    kitchen.rows([row(0), row(1), row(2), row(3, date="never")])
    kitchen.build("item:one/i3", exit_=1)
    assert files_of(kitchen, "one") == ["i0", "i1", "i2"]
    assert files_of(kitchen, "two") == ["i0", "i1", "i2", "i3"]
    assert as_fresh(kitchen, tmp_path)


def test_a_collection_that_is_fed_otherwise_now_stays_until_it_is_built(kitchen, tmp_path):
    kitchen.recipe["sources"]["more"] = {"kind": "table", "path": "rows.csv", "key": "key"}
    kitchen.recipe["collections"]["two"]["from"] = ["more"]
    kitchen.save()
    report = kitchen.build("collection:one")
    assert (report["items"]["deleted"], report["items"]["total"]) == (0, 8)
    assert kitchen.ids("two") == files_of(kitchen, "two") == ["i0", "i1", "i2", "i3"]
    assert as_fresh(kitchen, tmp_path)


def test_a_source_that_reads_another_file_takes_nothing_that_is_not_named(kitchen, tmp_path):
    kitchen.write("rows-2.csv", (kitchen / "rows.csv").read_bytes().splitlines(keepends=True)[0])
    kitchen.recipe["sources"]["rows"]["path"] = "rows-2.csv"
    kitchen.save()
    kitchen.build("collection:one")
    assert kitchen.ids("two") == files_of(kitchen, "two") == ["i0", "i1", "i2", "i3"]
    kitchen.build()
    assert kitchen.ids("two") == files_of(kitchen, "two") == []


def test_an_item_whose_record_has_another_key_now_is_there_once(kitchen, tmp_path):
    kitchen.rows([row(0), row(1), row(2), row(3, key="new")])
    report = kitchen.build("item:one/i3")
    assert report["items"]["total"] == 8
    assert kitchen.ids("one") == ["i0", "i1", "i2", "i3"]
    assert as_fresh(kitchen, tmp_path)


def test_places_of_a_shared_id_are_told_as_they_are_after_a_build_of_something_else(kitchen, tmp_path):
    kitchen.rows([row(0), row(1), row(2), row(3, id="i2")])
    kitchen.build(exit_=1)
    kitchen.rows([row(0), row(2), row(3, id="i2")])
    kitchen.build("item:one/i0", exit_=1)
    kitchen.build(exit_=1)
    told = {failure["message"] for failure in kitchen.failures()}
    assert told == {"id 'i2' is made of 2 records: rows.csv:3, rows.csv:4"}
    assert as_fresh(kitchen, tmp_path)


def test_a_memory_that_is_damaged_stops_a_targeted_build_before_it_takes_files(kitchen):
    before = kitchen.tree("dist")
    for rows in (kitchen / ".stacbuild/memory").rglob("rows-*"):
        rows.write_bytes(b"")
    kitchen.rows([row(0), row(1), row(2), row(3, gsd="9")])
    refused = kitchen.build("item:one/i3", exit_=2)
    assert refused["error"]["code"] == "SB503"
    assert kitchen.tree("dist") == before


def test_a_targeted_build_that_is_refused_for_one_output_writes_none(kitchen):
    before = kitchen.tree("dist")
    kitchen.recipe["outputs"]["zlast"] = {"kind": "ndjson", "path": "dist/more/{collection}.ndjson"}
    kitchen.save()
    kitchen.rows([row(0), row(1), row(2), row(3, gsd="9")])
    refused = kitchen.build("item:one/i3", exit_=2)
    assert "output:zlast" in refused["error"]["hint"]
    assert kitchen.tree("dist") == before


def test_a_level_that_moved_before_a_targeted_build_is_not_forgotten(kitchen, tmp_path):
    kitchen.recipe["mappings"]["plain"]["properties"]["title"] = {"value": 5}
    kitchen.save()
    assert kitchen.build(exit_=1)["items"]["total"] == 0
    kitchen.recipe["validation"] = {"level": "warn"}
    kitchen.save()
    assert kitchen.build("collection:one", exit_=1)["items"]["total"] == 4
    assert kitchen.build()["items"]["total"] == 8
    assert as_fresh(kitchen, tmp_path)
