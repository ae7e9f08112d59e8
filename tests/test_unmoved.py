"""A collection of which nothing moved is not looked at when others are written; its files are as they would be."""

import os
import random
import shutil

import pytest
from kitchen import Kitchen, csv_of, ran, row

from stacbuild.roster import Roster

NAMES = ("one", "two", "three")


@pytest.fixture
def kitchen(tmp_path):
    """Three collections of a source each, in a tree with sub-catalogs, built once."""
    kitchen = Kitchen(tmp_path / "a", rows=None)
    kitchen.recipe["sources"] = {name: {"kind": "table", "path": f"{name}.csv", "key": "key"} for name in NAMES}
    kitchen.recipe["collections"] = {name: {"from": [name], "mapping": "plain", "title": name} for name in NAMES}
    kitchen.recipe["outputs"] = {
        "site": {"kind": "stac-json", "path": "dist/site", "layout": "{collection}/{year}/{month}/{id}.json"}
    }
    kitchen.save()
    for name in NAMES:
        records(kitchen, name)
    kitchen.build()
    return kitchen


def records(kitchen, name, **changed):
    """Write the records of a source; `changed` are notes by number."""
    rows = [row(number, note=str(changed.get(f"n{number}", ""))) for number in range(30)]
    kitchen.write(f"{name}.csv", csv_of(rows))


@pytest.fixture
def listed(monkeypatch):
    """Give the collections whose items were asked for."""
    names = []
    items = Roster.items

    def taken(self, collection):
        names.append(collection)
        return items(self, collection)

    monkeypatch.setattr(Roster, "items", taken)
    return names


def as_if_new(kitchen, folder):
    """Build the same from nothing elsewhere and compare what is written, manifests too."""
    shutil.copytree(kitchen.folder, folder, ignore=shutil.ignore_patterns("dist", ".stacbuild"))
    other = Kitchen(folder, rows=None)
    other.recipe = kitchen.recipe
    other.save()
    other.build()
    assert kitchen.tree("dist") == other.tree("dist")
    shutil.rmtree(folder)


def test_only_the_items_of_what_moved_are_asked_for(kitchen, listed, tmp_path):
    kitchen.write("two.csv", csv_of([row(number) for number in range(31)]))
    kitchen.build()
    assert set(listed) == {"two"}
    listed.clear()
    kitchen.write("two.csv", csv_of([row(number, note="changed" * (number == 3)) for number in range(31)]))
    done = kitchen.build()
    assert listed == []
    assert done["stages"]["write"] == {"ran": 1, "reused": 90, "failed": 0}
    wrote = done["outputs"]["site"]
    assert wrote["written"] + wrote["unchanged"] == len([*(kitchen / "dist/site").rglob("*.*")])
    as_if_new(kitchen, tmp_path / "b")
    listed.clear()
    assert ran(kitchen.build()) == {}
    assert listed == []


@pytest.mark.parametrize("what", ["edited", "deleted", "touched"])
def test_a_file_of_another_collection_that_somebody_changed_is_mended(kitchen, tmp_path, what):
    file = kitchen / "dist/site/three/2024/01/i7.json"
    was = file.read_bytes()
    match what:
        case "edited":
            file.write_bytes(was.replace(b"i7", b"x7"))
        case "deleted":
            file.unlink()
        case _:
            os.utime(file)
    records(kitchen, "two", n3="changed")
    kitchen.build()
    assert file.read_bytes() == was
    as_if_new(kitchen, tmp_path / "b")
    assert kitchen.ask("status")["fresh"]
    assert ran(kitchen.build()) == {}


def test_a_file_of_somebody_else_stays_where_nothing_moved(kitchen):
    kitchen.write("dist/site/three/2024/mine.txt", b"mine")
    records(kitchen, "two", n3="changed")
    kitchen.build()
    assert (kitchen / "dist/site/three/2024/mine.txt").read_bytes() == b"mine"
    assert kitchen.ask("verify", "--outputs")["outputs"]["foreign"] == ["dist/site/three/2024/mine.txt"]


def test_what_a_targeted_build_left_is_written_by_the_next(kitchen, tmp_path):
    records(kitchen, "two", n3="changed", n4="changed")
    kitchen.build("item:two/i3")
    kitchen.build("item:three/i3")
    done = kitchen.build()
    assert done["items"]["modified"] == 1
    as_if_new(kitchen, tmp_path / "b")


def test_items_built_for_another_output_are_written_later(kitchen, tmp_path):
    kitchen.recipe["outputs"]["lines"] = {"kind": "ndjson", "path": "dist/{collection}.ndjson"}
    kitchen.save()
    kitchen.build()
    records(kitchen, "two", n3="changed")
    kitchen.build("output:lines")
    assert b"changed" not in (kitchen / "dist/site/two/2024/01/i3.json").read_bytes()
    kitchen.build()
    assert b"changed" in (kitchen / "dist/site/two/2024/01/i3.json").read_bytes()
    as_if_new(kitchen, tmp_path / "b")


@pytest.mark.parametrize(
    ("key", "value"),
    [("layout", "{collection}/{year}/{id}.json"), ("links", "absolute"), ("indent", 0), ("readme", True)],
)
def test_other_settings_move_every_collection(kitchen, tmp_path, key, value):
    kitchen.recipe["outputs"]["site"] |= {key: value, "base-url": "https://example.com"}
    kitchen.save()
    kitchen.build()
    as_if_new(kitchen, tmp_path / "b")


def test_a_collection_that_goes_or_comes_moves_no_other(kitchen, listed, tmp_path):
    del kitchen.recipe["collections"]["two"]
    kitchen.save()
    kitchen.build()
    assert listed == []
    assert not (kitchen / "dist/site/two").exists()
    kitchen.recipe["collections"]["two"] = {"from": ["two"], "mapping": "plain", "title": "again"}
    kitchen.save()
    kitchen.build()
    assert set(listed) == {"two"}
    as_if_new(kitchen, tmp_path / "b")


def test_with_the_memory_lost_every_file_is_compared(kitchen, listed, tmp_path):
    shutil.rmtree(kitchen / ".stacbuild/memory")
    (kitchen / "dist/site/three/2024/01/i7.json").write_text("{}")
    kitchen.build("--adopt")
    assert set(listed) == set(NAMES)
    as_if_new(kitchen, tmp_path / "b")


def test_a_folder_whose_name_begins_as_another_is_another(kitchen, tmp_path):
    for name in ("one-b", "one0", "on"):
        kitchen.recipe["collections"][name] = {"from": ["one"], "mapping": "plain"}
    kitchen.save()
    kitchen.build()
    for name in NAMES:
        records(kitchen, name, n5=name)
        kitchen.build()
        as_if_new(kitchen, tmp_path / "b")


@pytest.mark.parametrize("seed", range(4))
def test_any_changes_write_what_a_new_build_writes(kitchen, tmp_path, seed):
    chance = random.Random(seed)
    for turn in range(5):
        for name in chance.sample(NAMES, chance.randrange(3)):
            records(kitchen, name, **{f"n{chance.randrange(30)}": turn})
        present = sorted(path for path in (kitchen / "dist/site").rglob("i*.json"))
        for file in chance.sample(present, chance.randrange(3)):
            file.unlink()
        selected = chance.choice([[], [], ["collection:one"], ["item:two/i3"]])
        kitchen.build(*selected)
        if not selected:
            as_if_new(kitchen, tmp_path / "b")
    kitchen.build()
    as_if_new(kitchen, tmp_path / "b")
