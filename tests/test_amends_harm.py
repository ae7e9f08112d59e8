"""Edits in place and bad luck: builds that are killed, store or memory lost, deletions that are held back."""

import json
import os
import shutil

import pytest
from amends_twins import Twins
from kitchen import Kitchen, row
from world_harm import dying_at, small_parts

from stacbuild import listing, piles

HOW = {"level": "strict", "choice": "error", "keep": False}


@pytest.fixture
def twins(tmp_path, request):
    """Two folders to which the same is done, built once."""
    with small_parts():
        twins = Twins(tmp_path, **HOW | getattr(request, "param", {}))
        twins.build()
        yield twins


def name_some(twins, text):
    for record in [*twins.shards["a"][::3], *twins.cells[::4]]:
        record["name"] = text


# --- killed


def test_a_build_that_is_killed_at_any_change_of_the_disk_is_completed_by_the_next(twins):
    for number in range(0, 60, 7):
        name_some(twins, f"Name {number}")
        twins.shards["b"][number % 9]["gsd"] = str(number % 8 + 1)
        twins.save()
        killed = _killed(twins.lean, number)
        twins.lean.run("build")
        twins.as_if_new()
        if not killed:
            break
    assert number > 10


def _killed(kitchen, number):
    """Build in a process that dies; tell whether it did."""
    child = os.fork()
    if not child:
        with dying_at(number):
            kitchen.run("build")
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


# --- lost


def test_a_store_that_is_lost_before_an_edit_is_filled_again(twins):
    for kitchen in twins.both():
        shutil.rmtree(kitchen / ".stacbuild/cache")
    name_some(twins, "Another")
    twins.save()
    told = twins.build()
    assert told["error"] is None
    assert told["items"]["added"] == 0
    twins.as_if_new()
    assert twins.lean.ask("status")["fresh"]


def test_a_chunk_that_is_lost_is_made_again_with_what_was_edited(tmp_path):
    kitchen = Kitchen(tmp_path / "a", rows=40, cache={"backend": "filesystem"})
    with small_parts():
        kitchen.build()
        for chunk in filter(lambda path: path.is_file(), (kitchen / ".stacbuild/cache").rglob("cas/**/*")):
            chunk.write_bytes(chunk.read_bytes()[:-1] + b"?")
        kitchen.rows([row(n, **({"note": "new"} if n == 17 else {})) for n in range(40)])
        done = kitchen.build()
        assert (done["items"]["modified"], done["items"]["unchanged"]) == (1, 39)
        other = Kitchen(tmp_path / "b", [row(n, **({"note": "new"} if n == 17 else {})) for n in range(40)])
        other.build()
    assert kitchen.tree("dist") == other.tree("dist")


def test_a_memory_that_is_lost_between_edits_is_made_anew(twins):
    for number in range(3):
        name_some(twins, f"Name {number}")
        twins.save()
        twins.build()
        shutil.rmtree(twins.lean / ".stacbuild/memory")
        shutil.rmtree(twins.whole / ".stacbuild/memory")
        if number == 1:
            twins.build()
    twins.build()
    twins.as_if_new()


# --- held back


def test_withdrawals_that_are_held_back_stay_so_through_edits_in_place(tmp_path):
    twins = Twins(tmp_path, **HOW)
    twins.shards["a"] = [twins.record(n, gsd="3") for n in range(200, 500)]
    twins.save()
    twins.build()
    for record in twins.shards["a"][:120]:
        record["gsd"] = "9"
    twins.save()
    held = twins.build()
    assert (held["exit"], len(held["held_back"]), held["items"]["unchanged"] > 300) == (1, 1, True)
    for at, cells in ((5, {"name": "Other"}), (6, {"gsd": "wide"}), (7, {"gsd": "2"}), (200, {"name": "X"})):
        twins.shards["a"][at] |= cells
    twins.save()
    assert twins.build()["held_back"]
    twins.build("--max-deletions", "100%")
    twins.shards["a"][8]["gsd"] = "1"
    twins.save()
    twins.build("--max-deletions", "100%")
    twins.as_if_new()


def test_records_that_are_deleted_beside_edits_in_place_are_held_back_as_ever(tmp_path):
    twins = Twins(tmp_path, **HOW)
    twins.shards["a"] = [twins.record(n, gsd="3") for n in range(200, 500)]
    twins.save()
    twins.build()
    del twins.shards["a"][150:280]
    twins.cells[0]["name"] = twins.shards["b"][0]["name"] = "Other"
    twins.save()
    held = twins.build()
    assert (held["exit"], len(held["held_back"])) == (1, 1)
    twins.shards["b"][1]["name"] = "Other"
    twins.save()
    assert twins.build()["held_back"]
    twins.build("--max-deletions", "100%")
    twins.as_if_new()


@pytest.mark.parametrize("twins", [{"choice": choice} for choice in ("error", "first", "last")], indirect=True)
def test_an_id_that_another_record_gets_and_gives_back(twins):
    for identity in ("i12", "i3", "i12", "i3"):
        twins.shards["a"][3]["id"] = identity
        twins.shards["a"][4]["name"] = f"Beside {identity}"
        twins.shards["b"][3]["name"] = f"Other {identity}"
        twins.save()
        twins.build()
        twins.as_if_new()


@pytest.mark.parametrize("twins", [{"keep": True}], indirect=True)
def test_an_item_that_stays_though_its_record_is_gone_stays_through_edits_in_place(twins):
    gone = twins.shards["a"].pop(4)
    twins.save()
    twins.build()
    name_some(twins, "Beside")
    twins.save()
    assert twins.build()["items"]["deleted"] == 0
    twins.shards["a"].insert(4, gone | {"name": "Back"})
    twins.save()
    twins.build()
    assert "Back" in {one["properties"].get("title") for one in twins.lean.items()}


# --- read by others


def test_edits_that_other_processes_read_are_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(listing, "WORTH", 0)
    monkeypatch.setattr(listing, "PILES", piles.PILES._replace(few=0))
    kitchen = Kitchen(tmp_path / "a", rows=None, build={"executor": "processes", "jobs": 2})
    kitchen.recipe["sources"]["rows"]["path"] = "rows/*.ndjson"
    kitchen.save()
    shards = [[row(n) for n in range(first, first + 30)] for first in (0, 30, 60)]

    def save(kitchen):
        for number, records in enumerate(shards):
            kitchen.write(f"rows/{number}.ndjson", "".join(json.dumps(one) + "\n" for one in records))

    save(kitchen)
    kitchen.build()
    shards[0][4]["note"] = shards[2][9]["note"] = "edited"
    save(kitchen)
    done = kitchen.build()
    assert (done["items"]["modified"], done["stages"]["fetch"]["ran"]) == (2, 2)
    other = Kitchen(tmp_path / "b", rows=None)
    other.recipe["sources"]["rows"]["path"] = "rows/*.ndjson"
    other.save()
    save(other)
    other.build()
    assert kitchen.tree("dist") == other.tree("dist")
