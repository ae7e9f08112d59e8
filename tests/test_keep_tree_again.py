"""`keep-tree`, built again: what is written when a folder upstream changes, moves or goes; and bad luck."""

import contextlib
import json
import os
import time

import pytest
from kitchen import ran
from test_keep_tree import EMPTY, NESTED, changed, documents, inode, kept, nested, shape, written
from trees import catalog, collection, item, link, put
from world_harm import dying_at

from stacbuild import project
from stacbuild.sources import pages

CHILD = "child"


def fresh_of(kitchen, folder):
    """Return the tree that is written of the same files and recipe in a folder without memory."""
    other = kept(folder, {})
    other.recipe = kitchen.recipe
    other.save()
    for path, blob in kitchen.tree("in").items():
        other.write(path, blob)
    other.build(exit_=None)
    return other.tree("dist")


def same_as_fresh(kitchen):
    return kitchen.tree("dist") == fresh_of(kitchen, kitchen.folder.parent / f"{kitchen.folder.name}-fresh")


@pytest.fixture
def kitchen(tmp_path):
    kitchen = kept(tmp_path / "k", nested())
    kitchen.build()
    return kitchen


def test_a_build_of_nothing_new_reads_no_document_and_writes_nothing(kitchen, monkeypatch):
    time.sleep(0.03)  # until the stamps of what was written are believed
    kitchen.build()
    opened = []
    monkeypatch.setattr(pages, "read", lambda file, name, *more: opened.append(name))
    report = kitchen.build()
    assert (ran(report), opened, report["outputs"]["site"]["written"]) == ({}, [], 0)
    assert kitchen.ask("status", exit_=0)["fresh"]
    assert opened == []


def test_the_title_of_a_folder_is_that_document_and_the_link_to_it(kitchen):
    before = kitchen.tree("dist")
    put(kitchen, {"in/land/catalog.json": nested()["in/land/catalog.json"] | {"title": "Dry land"}})
    status = kitchen.ask("status")
    assert [one["what"] for one in status["outputs"]["site"]["reasons"]] == ["up: its catalogs"]
    assert status["outputs"]["lines"]["state"] == "fresh"
    assert kitchen.ask("build", "-n")["exit"] == 0
    assert kitchen.tree("dist") == before
    report = kitchen.build()
    assert (ran(report), report["outputs"]["site"]["written"]) == ({}, 2)
    now = kitchen.tree("dist")
    differing = {path for path in now if before.get(path) != now[path] and "manifest" not in path}
    assert differing == {"dist/site/catalog.json", "dist/site/land/catalog.json"}
    assert written(kitchen, "land/catalog.json")["title"] == "Dry land"
    assert kitchen.build()["outputs"]["site"]["written"] == 0
    assert kitchen.ask("status", exit_=0)["fresh"]


def test_what_a_folder_says_otherwise_is_that_document_alone(kitchen):
    put(kitchen, {"in/land/c/24/catalog.json": nested()["in/land/c/24/catalog.json"] | {"description": "Other"}})
    assert kitchen.build()["outputs"]["site"]["written"] == 1


def test_a_changed_item_rewrites_no_folder(kitchen):
    files = nested()
    files["in/land/c/24/x.json"]["properties"]["note"] = "new"
    put(kitchen, files)
    report = kitchen.build()
    assert ran(report) == {"fetch": 1, "transform": 1, "validate": 1, "write": 1}
    assert report["outputs"]["site"]["written"] == 1


def test_a_folder_that_moves_takes_its_items_along(kitchen):
    files = nested()
    files["in/land/catalog.json"]["links"] = []
    files["in/catalog.json"]["links"].append(link(CHILD, "land/c/collection.json"))
    put(kitchen, files)
    report = kitchen.build()
    assert ran(report) == {"write": 3}
    assert report["items"]["deleted"] == 0
    assert [one[0] for one in shape(kitchen)[3]] == ["c", "empty", "land"]
    assert not (kitchen / "dist/site/land/c").exists()
    assert same_as_fresh(kitchen)


def test_an_item_that_another_folder_leads_to_moves_there_unread(kitchen):
    files = nested()
    files["in/land/c/24/catalog.json"] = catalog("2024", link("item", "x.json"))
    files["in/land/c/collection.json"]["links"].append(link("item", "24/y.json"))
    put(kitchen, {path: files[path] for path in ("in/land/c/24/catalog.json", "in/land/c/collection.json")})
    report = kitchen.build()
    assert ran(report) == {"write": 1}
    assert shape(kitchen)[3][1][3] == [["c", "Collection", ["a", "y"], [["2024", "Catalog", ["x"], []]]]]
    assert same_as_fresh(kitchen)


def test_a_folder_that_goes_takes_its_items_away(kitchen):
    files = nested()
    files["in/land/c/collection.json"]["links"].pop(0)
    put(kitchen, files)
    report = kitchen.build()
    assert report["items"]["deleted"] == 2
    assert shape(kitchen)[3] == [EMPTY, ["land", "Catalog", [], [["c", "Collection", ["a"], []]]]]
    assert not (kitchen / "dist/site/land/c/2024").exists()
    assert same_as_fresh(kitchen)


def test_turning_the_key_moves_files_and_runs_no_stage(kitchen):
    tree = kitchen.tree("dist")
    changed(kitchen, "sources", "up", keep_tree=False)
    assert ran(kitchen.build()) == {"write": 3}
    assert documents(kitchen) == ["c/collection.json", "catalog.json"]
    assert same_as_fresh(kitchen)
    changed(kitchen, "sources", "up", keep_tree=True)
    assert ran(kitchen.build()) == {"write": 3}
    assert kitchen.tree("dist") == tree


# --- what vanished and stays


def test_items_that_vanish_and_stay_are_where_they_were_while_their_folder_is_there(kitchen):
    changed(kitchen, "collections", "*", keep_removed=True)
    kitchen.build()
    put(kitchen, {"in/land/c/24/catalog.json": catalog("2024", link("item", "y.json"))})
    assert kitchen.build()["items"]["deleted"] == 0
    assert shape(kitchen)[3] == [EMPTY, NESTED]
    assert kitchen.build()["outputs"]["site"]["written"] == 0
    files = nested()
    files["in/land/c/collection.json"]["links"].pop(0)
    put(kitchen, files)
    kitchen.build()
    assert shape(kitchen)[3][1][3] == [["c", "Collection", ["a", "x", "y"], []]], "their folder is gone"


def test_of_many_that_vanish_at_once_none_moves(tmp_path):
    files = nested()
    ids = [f"i{number:03}" for number in range(120)]
    files["in/land/c/24/catalog.json"] = catalog("2024", *(link("item", f"{name}.json") for name in ids))
    files |= {f"in/land/c/24/{name}.json": item(name, "c") for name in ids}
    kitchen = kept(tmp_path, files)
    kitchen.build()
    before = kitchen.tree("dist")
    put(kitchen, {"in/land/c/24/catalog.json": catalog("2024", link("item", "i000.json"))})
    assert kitchen.build(exit_=1)["items"]["deleted"] == 0
    assert kitchen.tree("dist") == before
    assert kitchen.build("--max-deletions", "100%")["items"]["deleted"] == 119


def test_a_document_that_cannot_be_read_keeps_its_folder(kitchen):
    before = kitchen.tree("dist")
    kitchen.write("in/land/catalog.json", '{"type": "Catalog"')
    kitchen.build(exit_=1)
    assert kitchen.tree("dist") == before
    (kitchen / "in/land/catalog.json").unlink()
    kitchen.build(exit_=1)
    assert kitchen.tree("dist") == before


# --- bad luck


def test_all_made_again_gives_the_same_bytes(kitchen):
    before, number = kitchen.tree("dist"), inode(kitchen, "land/c/2024/catalog.json")
    kitchen.build("--force")
    assert kitchen.tree("dist") == before
    assert inode(kitchen, "land/c/2024/catalog.json") == number


def test_memory_lost_compares_and_rewrites_nothing(kitchen):
    (kitchen / ".stacbuild/memory/stacbuild.toml/head").unlink()
    report = kitchen.build()
    assert (ran(report), report["outputs"]["site"]["written"]) == ({}, 0)


def test_documents_of_the_memory_that_are_damaged_are_read_again(kitchen):
    for file in (kitchen / ".stacbuild/memory/stacbuild.toml").glob("pages-*"):
        file.write_bytes(b"nonsense")
    before = kitchen.tree("dist")
    assert kitchen.build()["outputs"]["site"]["written"] == 0
    assert kitchen.tree("dist") == before


def test_pages_of_an_earlier_version_are_read_again(kitchen, monkeypatch):
    monkeypatch.setattr(pages, "REVISION", pages.REVISION + 1)
    assert kitchen.build()["outputs"]["site"]["written"] == 0


def test_edited_and_missing_folders_come_back(kitchen):
    before = kitchen.tree("dist")
    kitchen.write("dist/site/land/catalog.json", '{"id": "edited"}')
    (kitchen / "dist/site/land/c/2024/catalog.json").unlink()
    assert {(one["file"], one["verdict"]) for one in kitchen.ask("diff", "output:site")["diffs"]} == {
        ("dist/site/land/catalog.json", "edited"),
        ("dist/site/land/c/2024/catalog.json", "missing"),
    }
    assert kitchen.build()["outputs"]["site"]["written"] == 2
    assert kitchen.tree("dist") == before


def test_a_targeted_build_touches_its_item_and_the_documents_that_tell_of_it(kitchen):
    files = nested()
    for name in ("x", "y"):
        files[f"in/land/c/24/{name}.json"]["properties"]["note"] = "new"
    put(kitchen, files)
    kitchen.build("item:x")
    notes = {name: written(kitchen, f"land/c/2024/{name}/{name}.json")["properties"]["note"] for name in ("x", "y")}
    assert notes == {"x": "new", "y": ""}
    assert not kitchen.ask("status")["fresh"]
    kitchen.build()
    assert same_as_fresh(kitchen)


def test_a_targeted_build_removes_nothing_that_it_does_not_name(kitchen):
    files = nested()
    files["in/land/c/24/x.json"]["properties"]["note"] = "new"
    files["in/land/c/24/catalog.json"] = catalog("2024", link("item", "x.json"))
    put(kitchen, files)
    kitchen.build("item:x", exit_=None)
    assert shape(kitchen)[3] == [EMPTY, NESTED]
    kitchen.build()
    assert same_as_fresh(kitchen)


def test_why_and_verify_know_the_tree(kitchen):
    assert kitchen.ask("why", "item:x", exit_=0)["verdict"] == "fresh"
    assert kitchen.ask("verify", "--outputs", exit_=0)["exit"] == 0
    assert kitchen.ask("verify", "--sample", "100%", exit_=0)["exit"] == 0
    assert kitchen.run("clean", "--yes").exit in (0, 2)


# --- several sources


def two(folder, order):
    """Return a kitchen of two catalogs that both have `land` and `c`; the second with more folders."""
    kitchen = kept(folder, nested())
    other = {
        "other/catalog.json": catalog("root", link(CHILD, "land/catalog.json"), link(CHILD, "sea/catalog.json")),
        "other/land/catalog.json": catalog("land", link(CHILD, "new/collection.json"), title="Other land"),
        "other/land/new/collection.json": collection("new", link("item", "n.json")),
        "other/land/new/n.json": item("n", "new"),
        "other/sea/catalog.json": catalog("sea", link(CHILD, "c/collection.json")),
        "other/sea/c/collection.json": collection("c", link(CHILD, "2025/catalog.json"), title="Of the other"),
        "other/sea/c/2025/catalog.json": catalog("2025", link("item", "z.json")),
        "other/sea/c/2025/z.json": item("z", "c"),
    }
    kitchen.recipe["sources"]["b"] = {"kind": "stac-catalog", "href": "other/catalog.json", "keep-tree": True}
    kitchen.recipe["collections"]["*"]["from"] = order
    kitchen.save()
    put(kitchen, other)
    kitchen.build()
    return kitchen


def test_folders_of_one_id_are_one_and_a_collection_stands_where_the_first_source_has_it(tmp_path):
    below = [["2024", "Catalog", ["x", "y"], []], ["2025", "Catalog", ["z"], []]]
    new = ["new", "Collection", ["n"], []]
    kitchen = two(tmp_path / "a", ["up", "b"])
    assert shape(kitchen)[3] == [EMPTY, ["land", "Catalog", [], [["c", "Collection", ["a"], below], new]]]
    assert written(kitchen, "land/catalog.json")["title"] == "The land"
    kitchen = two(tmp_path / "b", ["b", "up"])
    sea = ["sea", "Catalog", [], [["c", "Collection", ["a"], below]]]
    assert shape(kitchen)[3] == [EMPTY, ["land", "Catalog", [], [new]], sea]
    assert written(kitchen, "land/catalog.json")["title"] == "Other land"
    assert json.loads((kitchen / "dist/site/sea/c/collection.json").read_bytes())["title"] == "Of the other"


def test_items_of_a_source_without_a_tree_are_right_below_their_collection(tmp_path):
    kitchen = kept(tmp_path, nested())
    kitchen.recipe["sources"]["loose"] = {"kind": "stac-items", "path": "drop/*.json"}
    kitchen.recipe["collections"]["*"]["from"] = ["up", "loose"]
    kitchen.save()
    put(kitchen, {"drop/l.json": item("l", "c"), "drop/m.json": item("m", "else")})
    kitchen.build()
    c = ["c", "Collection", ["a", "l"], [["2024", "Catalog", ["x", "y"], []]]]
    assert shape(kitchen)[3] == [["else", "Collection", ["m"], []], EMPTY, ["land", "Catalog", [], [c]]]


# --- builds that are killed


def dangling(folder):
    """Return the links of the documents in a tree that lead to no file."""
    found = []
    for file in folder.rglob("*.json"):
        links = json.loads(file.read_bytes())["links"]
        found += [(file, one["href"]) for one in links if not (file.parent / one["href"]).exists()]
    return found


@pytest.mark.parametrize("number", range(2, 60, 6))
def test_a_build_killed_while_folders_move_is_completed_by_the_next(kitchen, number):
    files = nested()
    files["in/land/catalog.json"]["links"] = []
    files["in/catalog.json"]["links"] = [link(CHILD, "land/catalog.json"), link(CHILD, "new/catalog.json")]
    files["in/new/catalog.json"] = catalog("new", link(CHILD, "../land/c/collection.json"))
    put(kitchen, files)
    child = os.fork()
    if not child:
        with contextlib.suppress(BaseException), dying_at(number):
            project.open(kitchen / "stacbuild.toml").build()
        os._exit(0)
    os.waitpid(child, 0)
    upstream = {path for path in kitchen.tree("dist/site") if path.endswith(".json")}
    assert upstream, "what was there is there, or what shall be"
    assert not dangling_from_root(kitchen)
    kitchen.build()
    assert not dangling(kitchen / "dist/site")
    assert same_as_fresh(kitchen)


def dangling_from_root(kitchen):
    """Return links that lead to no file, of the documents that a reader finds from the root."""
    found, todo = [], [kitchen / "dist/site/catalog.json"]
    while todo:
        file = todo.pop()
        for one in json.loads(file.read_bytes())["links"]:
            to = file.parent / one["href"]
            found += [] if to.exists() else [(file, one["href"])]
            todo += [to] if to.exists() and one["rel"] in ("child", "item") else []
    return found
