"""The store's index: which segment may have a result is asked of sorted numbers, and only those segments are read."""

import hashlib
from unittest import mock

import pytest
from kitchen import Kitchen, row

from cache_backends.base import open_backend
from stacbuild import index
from stacbuild.index import Index, Run
from stacbuild.store import Store
from stacbuild.trace import Memory


def digest(number):
    return hashlib.sha256(str(number).encode()).digest()


def test_what_was_added_is_found_once_it_is_sealed():
    made = Index([])
    for name in range(20):
        made.add(f"s{name}", [digest(number) for number in range(name * 50, name * 50 + 60)])
    made.seal()
    assert made.find(digest(5)) == ["s0"]
    assert made.find(digest(55)) == ["s0", "s1"]
    assert made.find(digest(10_000)) == []
    assert made.names == {f"s{name}" for name in range(20)}


def test_what_is_kept_says_the_same_when_it_is_read_again():
    made = Index([])
    made.add("a", [digest(1), digest(1), digest(2)])
    again = Index(made.runs())
    again.add("b", [digest(2)])
    again.seal()
    assert again.find(digest(1)) == ["a"]
    assert again.find(digest(2)) == ["a", "b"]


def test_digests_that_begin_alike_are_both_found():
    made = Index([])
    made.add("a", [b"12345678"])
    made.add("b", [b"12345zzz"])
    made.seal()
    assert made.find(b"12345678") == ["a", "b"]


def test_many_small_runs_become_one_and_large_ones_stay(monkeypatch):
    monkeypatch.setattr(index, "RUN_AT_MOST", 100)
    runs: list[Run] = []
    for number in range(40):
        made = Index(runs)
        made.add(f"s{number}", [digest(n) for n in range(number * 200, number * 200 + (150 if number == 3 else 2))])
        runs = made.runs()
        assert len(runs) <= index.RUNS_AT_MOST
    for number in range(40):
        assert Index(runs).find(digest(number * 200 + 1)) == [f"s{number}"]


# --- in builds


@pytest.fixture
def kitchen(tmp_path):
    kitchen = Kitchen(tmp_path / "k", rows=3_000)
    kitchen.recipe["outputs"] = {}
    kitchen.save()
    kitchen.build()
    return kitchen


def segments_read(act):
    """Return how many segments of the store `act` reads, and what it gives."""
    with mock.patch.object(Store, "_read_segment", autospec=True, side_effect=Store._read_segment) as read:
        given = act()
    return read.call_count, given


def segments(kitchen):
    return len(list(Store(opened(kitchen)).segments()))


def opened(kitchen):
    return open_backend("embedded", kitchen / ".stacbuild/cache")


def test_one_changed_record_reads_no_segment(kitchen):
    assert segments(kitchen) > 5
    kitchen.rows([row(number) for number in range(2_999)] + [row(2_999, note="new")])
    read, report = segments_read(kitchen.build)
    assert report["stages"]["transform"]["ran"] == 1
    assert read == 0


def test_without_memory_every_result_is_found_again(kitchen):
    for file in (kitchen / ".stacbuild/memory/stacbuild.toml").iterdir():
        file.unlink()
    report = kitchen.build()
    assert {stage: counts["ran"] for stage, counts in report["stages"].items() if counts["ran"]} == {}


def test_a_lost_or_damaged_index_is_made_again_from_the_store(kitchen):
    folder = kitchen / ".stacbuild/memory/stacbuild.toml"
    (file,) = folder.glob("index-*")
    for damage in (file.unlink, lambda: next(folder.glob("index-*")).write_bytes(b"nothing")):
        damage()
        kitchen.recipe["mappings"]["plain"]["properties"]["note"] = {"value": "other"}
        kitchen.save()
        kitchen.build()
        kitchen.recipe["mappings"]["plain"]["properties"]["note"] = {"from": "note", "required": False}
        kitchen.save()
        report = kitchen.build()
        assert report["stages"]["transform"]["ran"] == 0
        assert report["stages"]["validate"]["ran"] == 0


def test_segments_of_others_are_found_too(kitchen):
    """Another recipe of the folder, or a build that was killed, put results there that no memory knows."""
    kitchen.recipe["mappings"]["plain"]["properties"]["note"] = {"value": "other"}
    kitchen.save("other.toml")
    kitchen.build("-f", "other.toml")
    kitchen.save()
    report = kitchen.build()
    assert report["stages"]["transform"]["ran"] == 0


def test_files_of_an_index_that_is_not_used_are_swept(kitchen):
    folder = kitchen / ".stacbuild/memory/stacbuild.toml"
    (folder / "index-00").write_bytes(b"old")
    kitchen.rows([row(number) for number in range(10)])
    kitchen.build("--max-deletions", "100%")
    assert not (folder / "index-00").exists()
    assert {file.name for file in folder.glob("index-*")} == set(Memory(folder).head.index)
