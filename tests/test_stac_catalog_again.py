"""Static catalogs, built again: what is read, what is worked on, and what goes."""

import json
import os
import time

import pytest
from kitchen import ran
from trees import built, catalog, clone, collection, item, link, put, small, warned

from stacbuild.sources import pages, stac_items


@pytest.fixture
def opened(monkeypatch):
    """The files that a build reads: documents above items, and items."""
    found = []
    page, documents = pages.read, stac_items.documents
    monkeypatch.setattr(pages, "read", lambda file, name, *more: (found.append(name), page(file, name, *more))[1])
    monkeypatch.setattr(
        stac_items, "documents", lambda shard, *more: (found.append(shard.name), documents(shard, *more))[1]
    )
    return found


def settle():
    """Wait until a file that was written has a stamp that is believed."""
    time.sleep(0.03)


def of(count, *, links=None):
    files = small(count)
    return files if links is None else files | {"in/c/collection.json": collection("c", *links)}


def test_a_build_of_nothing_new_opens_no_file_of_the_catalog(tmp_path, opened):
    kitchen = clone(tmp_path, small())
    settle()
    kitchen.build()
    assert sorted(opened) == sorted(name for name in small())
    opened.clear()
    report = kitchen.build()
    assert (ran(report), opened, report["items"]["unchanged"]) == ({}, [], 3)
    assert kitchen.ask("status", exit_=0)["fresh"]
    assert opened == []


def test_one_changed_item_is_one_file_read_and_one_item_of_work(tmp_path, opened):
    kitchen = clone(tmp_path, small())
    settle()
    kitchen.build()
    put(kitchen, {"in/c/i1.json": item("i1", "c", note="new")})
    opened.clear()
    report = kitchen.build()
    assert ran(report) == {"fetch": 1, "transform": 1, "validate": 1, "write": 1}
    assert (opened, report["items"]["modified"]) == (["in/c/i1.json"], 1)


def test_files_that_are_touched_are_read_and_nothing_comes_of_it(tmp_path, opened):
    kitchen = clone(tmp_path, small())
    settle()
    kitchen.build()
    opened.clear()
    for name in small():
        os.utime(kitchen / name)
    settle()
    assert ran(kitchen.build()) == {}
    assert sorted(opened) == sorted(small())
    opened.clear()
    kitchen.build()
    assert opened == []


def test_links_that_say_where_an_item_stands_are_no_part_of_it(tmp_path):
    kitchen = clone(tmp_path, small())
    kitchen.build()
    moved = item("i1", "c")
    moved["links"] = [link("root", "https://example.com/catalog.json"), link("collection", "elsewhere.json")]
    put(kitchen, {"in/c/i1.json": moved})
    assert ran(kitchen.build()) == {}


def test_an_item_whose_link_is_taken_out_is_deleted(tmp_path):
    kitchen = clone(tmp_path, small())
    kitchen.build()
    put(kitchen, of(3, links=[link("item", "i0.json"), link("item", "i2.json")]))
    report = kitchen.build()
    assert (ran(report), report["items"]["deleted"]) == ({}, 1)
    assert built(kitchen) == {"c": ["i0", "i2"]}


def test_an_item_whose_file_is_deleted_goes_and_its_link_is_told(tmp_path):
    kitchen = clone(tmp_path, small())
    kitchen.build()
    (kitchen / "in/c/i1.json").unlink()
    report = kitchen.build()
    assert (ran(report), report["items"]["deleted"]) == ({}, 1)
    told = [
        "source 'up': 1 of its links lead to what is not there, or is no file, as in in/c/collection.json: in/c/i1.json"
    ]
    assert warned(report, "SB424") == told
    assert warned(kitchen.build(), "SB424") == told, "as long as it is so"
    assert warned(kitchen.ask("status"), "SB424") == told
    put(kitchen, {"in/c/i1.json": item("i1", "c")})
    assert kitchen.build()["items"]["added"] == 1


def test_of_many_that_vanish_at_once_nothing_is_deleted(tmp_path):
    kitchen = clone(tmp_path, of(120))
    kitchen.build()
    put(kitchen, of(120, links=[link("item", "i0.json")]))
    report = kitchen.build(exit_=1)
    assert (report["items"]["deleted"], len(kitchen.ids("c"))) == (0, 120)
    assert kitchen.build("--max-deletions", "100%")["items"]["deleted"] == 119


def test_a_new_collection_above_items_that_name_none_moves_them(tmp_path):
    files = {
        "in/catalog.json": catalog("root", link("child", "c/collection.json")),
        "in/c/collection.json": collection("old", link("item", "x.json")),
        "in/c/x.json": item("x"),
    }
    kitchen = clone(tmp_path, files)
    settle()
    kitchen.build()
    put(kitchen, {"in/c/collection.json": collection("new", link("item", "x.json"))})
    kitchen.build()
    assert built(kitchen) == {"new": ["x"]}


def test_a_catalog_that_moves_with_its_recipe_stays_as_built(tmp_path):
    kitchen = clone(tmp_path / "a", small())
    settle()
    kitchen.build()
    (tmp_path / "a").rename(tmp_path / "b")
    kitchen.folder = tmp_path / "b"
    assert ran(kitchen.build()) == {}


# --- documents that cannot be read


def test_items_below_a_document_that_cannot_be_read_stay(tmp_path):
    kitchen = clone(tmp_path, small())
    kitchen.build()
    before = kitchen.tree("dist")
    kitchen.write("in/c/collection.json", '{"type": "Collection", "links": [')
    report = kitchen.build(exit_=1)
    assert (report["items"]["deleted"], report["items"]["total"]) == (0, 3)
    assert kitchen.tree("dist") == before
    (failure,) = kitchen.failures()
    assert (failure["code"], failure["source"]["where"]) == ("SB493", "in/c/collection.json")
    kitchen.build("--force", exit_=1)
    assert kitchen.tree("dist") == before, "also where all is made again"
    put(kitchen, small())
    assert kitchen.build()["exit"] == 0
    assert kitchen.failures() == []


def test_items_below_a_document_that_is_gone_stay_until_its_link_goes(tmp_path):
    files = small() | {"in/x.json": item("x", "other")}
    files["in/catalog.json"]["links"].append(link("item", "x.json"))
    kitchen = clone(tmp_path, files)
    kitchen.build()
    for name in ("collection.json", "i0.json", "i1.json", "i2.json"):
        (kitchen / "in/c" / name).unlink()
    report = kitchen.build(exit_=1)
    assert (report["items"]["deleted"], len(kitchen.ids("c"))) == (0, 3)
    put(kitchen, {"in/catalog.json": catalog("root", link("item", "x.json"))})
    assert kitchen.build()["items"]["deleted"] == 3
    assert built(kitchen) == {"other": ["x"]}


def test_an_item_changes_below_a_document_that_cannot_be_read(tmp_path):
    kitchen = clone(tmp_path, small())
    kitchen.build()
    kitchen.write("in/c/collection.json", "nonsense")
    put(kitchen, {"in/c/i1.json": item("i1", "c", note="new")})
    assert kitchen.build(exit_=1)["items"]["modified"] == 1


def test_a_root_that_is_gone_deletes_nothing(tmp_path):
    kitchen = clone(tmp_path, small())
    kitchen.build()
    (kitchen / "in/catalog.json").unlink()
    assert kitchen.build(exit_=1)["items"]["deleted"] == 0
    assert built(kitchen) == {"c": ["i0", "i1", "i2"]}


def test_what_is_built_step_by_step_is_what_is_built_at_once(tmp_path):
    kitchen = clone(tmp_path / "a", small(2))
    kitchen.build()
    put(kitchen, small(5))
    kitchen.build()
    put(kitchen, {"in/catalog.json": catalog("root", link("child", "c/collection.json"), link("item", "x.json"))})
    put(kitchen, {"in/x.json": item("x", "d")})
    kitchen.build()
    fresh = clone(tmp_path / "b", {})
    for path, blob in kitchen.tree("in").items():
        fresh.write(path, blob)
    fresh.build()
    assert fresh.tree("dist") == kitchen.tree("dist")
    assert json.loads((fresh / "dist/site/d/x/x.json").read_bytes())["collection"] == "d"


def test_a_catalog_that_is_empty_all_at_once_deletes_nothing(tmp_path):
    kitchen = clone(tmp_path, small())
    kitchen.build()
    before = kitchen.tree("dist")
    put(kitchen, {"in/catalog.json": catalog("root")})
    report = kitchen.build(exit_=1)
    assert (report["items"]["deleted"], kitchen.ids("c")) == (0, ["i0", "i1", "i2"])
    assert kitchen.tree("dist").keys() == before.keys()
    assert kitchen.build("--max-deletions", "100%")["items"]["deleted"] == 3
