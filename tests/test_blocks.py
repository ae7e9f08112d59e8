"""Item files by the thousand: what a build reads and says is as if each were listed alone, and few are looked at."""

import json
import os
import random

import pytest
from item_files import MANY, a_kitchen, as_if_new, item, many, mapped, put, settle
from kitchen import ran

from stacbuild import blocks, piles
from stacbuild.sources import stac_items
from stacbuild.trace import Memory


@pytest.fixture
def kitchen(tmp_path):
    return many(tmp_path / "a")


@pytest.fixture
def opened(monkeypatch):
    """Give the names of the files that were read."""
    names = []
    read = stac_items.documents

    def documents(shard, *others, **more):
        names.append(shard.name)
        return read(shard, *others, **more)

    monkeypatch.setattr(stac_items, "documents", documents)
    return names


def head(kitchen):
    return Memory(kitchen / ".stacbuild/memory/stacbuild.toml").head


def known(kitchen):
    return head(kitchen).sources["files"].blocks


def test_folders_are_blocks_and_those_of_few_files_share_some(kitchen):
    found = known(kitchen)
    assert sum(block.count for block in found.values()) == MANY + 60
    assert found["data/many/"].count == MANY
    assert len(found) < 30
    assert {entry.shard for entry in head(kitchen).groups} == found.keys()
    assert len(head(kitchen).groups) < MANY / 10


def test_nothing_is_read_or_written_where_nothing_moved(kitchen, opened):
    before = (kitchen / ".stacbuild/memory/stacbuild.toml/head").stat()
    done = kitchen.build()
    assert done["items"] == {**dict.fromkeys(done["items"], 0), "total": MANY + 60, "unchanged": MANY + 60}
    assert done["stages"]["fetch"] == {"ran": 0, "reused": MANY + 60, "failed": 0}
    assert opened == []
    assert (kitchen / ".stacbuild/memory/stacbuild.toml/head").stat() == before


def test_the_columns_of_blocks_are_not_even_there_for_a_build_of_nothing(kitchen):
    for path in (kitchen / ".stacbuild/memory/stacbuild.toml").glob("files-*"):
        path.unlink()
    assert kitchen.ask("status")["fresh"]
    assert ran(kitchen.build()) == {}


def test_of_one_changed_file_one_is_read(kitchen, opened, tmp_path):
    put(kitchen, "many/0007", changed=1)
    done = kitchen.build()
    assert opened == ["data/many/0007.json"]
    assert done["stages"]["fetch"] == {"ran": 1, "reused": MANY + 59, "failed": 0}
    assert (done["items"]["modified"], done["items"]["unchanged"]) == (1, MANY + 59)
    as_if_new(kitchen, tmp_path / "b")


def test_other_blocks_and_runs_stay_as_they_stand(kitchen):
    before = {entry.root: entry for entry in head(kitchen).groups}, known(kitchen)
    put(kitchen, "few/03/33", changed=1)
    settle()
    kitchen.build()
    after = {entry.root: entry for entry in head(kitchen).groups}, known(kitchen)
    assert len(before[0].keys() - after[0].keys()) == 1
    assert all(after[0][root].file == entry.file for root, entry in before[0].items() if root in after[0])
    assert [name for name, block in after[1].items() if block != before[1][name]] == [
        next(entry.shard for root, entry in before[0].items() if root not in after[0])
    ]


def test_a_file_of_the_same_size_and_time_is_known_by_its_inode(kitchen, tmp_path):
    file = kitchen / "data/many/0009.json"
    was = file.stat()
    other = kitchen.write("data/many/beside", json.dumps(item("many-0008")))
    os.utime(other, ns=(was.st_atime_ns, was.st_mtime_ns))
    assert other.stat().st_size == was.st_size
    (kitchen / "data/many/0008.json").unlink()
    other.rename(file)
    assert kitchen.build()["items"]["deleted"] == 1
    as_if_new(kitchen, tmp_path / "b")


def test_a_file_that_moved_within_a_clock_tick_is_read_again(kitchen, opened, monkeypatch):
    put(kitchen, "many/0005", changed=1)
    monkeypatch.setattr("stacbuild.listing.time.time_ns", lambda: (kitchen / "data/many/0005.json").stat().st_mtime_ns)
    assert kitchen.build()["items"]["modified"] == 1
    monkeypatch.undo()
    assert b"\0" * 24 in columns(kitchen, "data/many/").stamps
    settle()
    opened.clear()
    monkeypatch.setattr(stac_items, "documents", recorded(stac_items.documents, opened))
    assert ran(kitchen.build()) == {}
    assert opened == ["data/many/0005.json"]
    assert b"\0" * 24 not in columns(kitchen, "data/many/").stamps
    assert ran(kitchen.build()) == {}
    assert opened == ["data/many/0005.json"]


def recorded(read, names):
    def documents(shard, *others, **more):
        names.append(shard.name)
        return read(shard, *others, **more)

    return documents


def columns(kitchen, name):
    return blocks.read(kitchen / ".stacbuild/memory/stacbuild.toml", name, known(kitchen)[name])


def test_touched_files_are_read_once_more_and_nothing_else_is_done(kitchen, opened):
    for number in range(5):
        (kitchen / f"data/many/{number:04}.json").touch()
    settle()
    assert ran(kitchen.build()) == {}
    assert len(opened) == 5
    assert ran(kitchen.build()) == {}
    assert len(opened) == 5


def test_a_renamed_file_is_the_item_that_it_was(kitchen, tmp_path):
    (kitchen / "data/many/0003.json").rename(kitchen / "data/few/00/x.json")
    done = kitchen.build()
    assert ran(done) == {}
    assert done["items"]["unchanged"] == MANY + 60
    assert kitchen.ask("why", "item:many-0003")["source"]["where"] == "data/few/00/x.json:1"
    as_if_new(kitchen, tmp_path / "b")


def test_a_folder_that_goes_takes_its_items_along_and_a_link_in_its_place_brings_them_back(kitchen, tmp_path):
    (kitchen / "data/few/03").rename(tmp_path / "elsewhere")
    assert kitchen.build()["items"]["deleted"] == 2
    (kitchen / "data/few/03").symlink_to(tmp_path / "elsewhere")
    assert kitchen.build()["items"]["added"] == 2
    assert ran(kitchen.build()) == {}
    as_if_new(kitchen, tmp_path / "b")


def test_a_folder_reached_twice_is_read_once(kitchen):
    (kitchen / "data/zz").symlink_to("many")
    assert kitchen.build()["items"]["total"] == MANY + 60
    assert {entry.shard for entry in head(kitchen).groups}.isdisjoint({"data/zz/"})


def test_items_of_one_id_in_files_of_one_run_are_told_by_file(tmp_path):
    kitchen = a_kitchen(tmp_path)
    for number in range(4):
        put(kitchen, f"few/{number}", f"i{number % 3}")
    done = kitchen.build(exit_=1)
    assert (done["items"]["total"], done["items"]["failed"]) == (2, 2)
    assert sorted(one["source"]["where"] for one in kitchen.failures()) == ["data/few/0.json:1", "data/few/3.json:1"]
    kitchen.recipe["collections"]["one"]["on-duplicate"] = "last"
    kitchen.save()
    assert kitchen.build()["items"]["total"] == 3
    put(kitchen, "few/1", "i1", changed=1)
    done = kitchen.build()
    assert {name: number for name, number in done["items"].items() if number} == {
        "total": 3,
        "modified": 1,
        "unchanged": 2,
        "dropped": 1,
    }


def test_two_sources_share_a_folder(tmp_path):
    kitchen = a_kitchen(tmp_path, "data/a*.json")
    kitchen.recipe["sources"]["others"] = {"kind": "stac-items", "path": ["data/b*.json", "data/a1.json"]}
    kitchen.recipe["collections"]["two"] = {"from": ["others"]}
    kitchen.save()
    for name in ("a1", "a2", "b1", "b2"):
        put(kitchen, name)
    kitchen.build()
    put(kitchen, "b2", changed=1)
    assert kitchen.build()["items"]["modified"] == 1
    put(kitchen, "a1", changed=1)
    assert kitchen.build()["items"]["modified"] == 2
    assert (kitchen.ids(), kitchen.ids("two")) == (["a1", "a2"], ["a1", "b1", "b2"])


@pytest.mark.parametrize("seed", range(6))
def test_any_edits_give_what_a_new_build_gives(kitchen, tmp_path, seed):
    chance = random.Random(seed)
    for step in range(4):
        for number in range(chance.choice([1, 3, 40])):
            edit(kitchen, chance, f"{step}-{number}")
        kitchen.build("--max-deletions", "100%")
        as_if_new(kitchen, tmp_path / "b")
        assert kitchen.ask("status")["fresh"]


def edit(kitchen, chance, mark):
    present = sorted((kitchen / "data").rglob("*.json"))
    one, other = chance.choice(present), chance.choice(present)
    match chance.randrange(7):
        case 0 | 1:
            one.write_text(one.read_text().replace('"properties": {', f'"properties": {{"m{mark}": 1, '))
        case 2:
            put(kitchen, f"{chance.choice(['many', 'few/07', 'new', 'few/99'])}/{mark}")
        case 3:
            one.unlink()
        case 4:
            one.rename(one.with_name(f"r{mark}.json"))
        case 5:
            one.write_text(f"\n{other.read_text()}") if one != other else None
            other.unlink(missing_ok=True) if one != other else None
        case _:
            one.write_text(
                json.dumps({"type": "FeatureCollection", "features": [item(f"{mark}-{n}") for n in range(3)]})
            )


@pytest.mark.parametrize("comes", [False, True])
def test_a_run_that_comes_or_goes_leaves_the_others_their_records(tmp_path, comes):
    kitchen = a_kitchen(tmp_path / "a")
    names = [f"f{number:04}" for number in range(1500)]
    ends = [name for name in names if blocks._ends(f"data/{name}.json")]
    first = [name for name in names if name <= ends[0]]
    for name in names[len(first) if comes else 0 :]:
        put(kitchen, name)
    settle()
    kitchen.build()
    for name in first:
        put(kitchen, name) if comes else (kitchen / f"data/{name}.json").unlink()
    settle()
    kitchen.build("--max-deletions", "100%")
    for name in (ends[-1], ends[0] if comes else ends[1]):
        put(kitchen, name, title="new")
        settle()
        assert kitchen.build()["items"]["modified"] == 1
    as_if_new(kitchen, tmp_path / "b")


def test_a_file_that_grows_is_listed_alone_and_comes_back(kitchen, tmp_path):
    put(kitchen, "many/0011", text="x" * blocks.LARGE)
    assert kitchen.build()["items"]["modified"] == 1
    assert set(head(kitchen).sources["files"].shards) == {"data/many/0011.json"}
    put(kitchen, "many/0011")
    assert kitchen.build()["items"]["modified"] == 1
    assert head(kitchen).sources["files"].shards == {}
    as_if_new(kitchen, tmp_path / "b")


def test_another_recipe_reads_the_records_again_from_the_right_files(kitchen):
    mapped(kitchen, 0)
    kitchen.build()
    mapped(kitchen, 1)
    assert kitchen.build()["stages"]["transform"]["ran"] == MANY + 60
    assert {one["properties"]["told"] for one in kitchen.items()} == {1}
    assert len(kitchen.ids()) == MANY + 60


def test_a_build_after_many_small_ones_still_knows_everything(kitchen, opened):
    for turn in range(15):
        put(kitchen, f"few/{turn:02}/{turn}", changed=turn)
        kitchen.build()
    settle()
    kitchen.build()
    opened.clear()
    assert ran(kitchen.build()) == {}
    assert opened == []
    assert len({block.file for block in known(kitchen).values()}) <= 12
    there = {path.name for path in (kitchen / ".stacbuild/memory/stacbuild.toml").glob("files-*")}
    assert there == {f"files-{block.file}" for block in known(kitchen).values()}


def test_workers_read_runs_as_this_process_does(kitchen, tmp_path, monkeypatch):
    monkeypatch.setattr("stacbuild.listing.WORTH", 0)
    monkeypatch.setattr("stacbuild.listing.PILES", piles.PILES._replace(few=0))
    kitchen.recipe["build"] = {"executor": "processes", "jobs": 2}
    kitchen.save()
    for number in (1, 100, 200):
        put(kitchen, f"many/{number:04}", changed=1)
    (kitchen / "data/many/0050.json").unlink()
    done = kitchen.build()
    assert (done["items"]["modified"], done["items"]["deleted"]) == (3, 1)
    as_if_new(kitchen, tmp_path / "b")
