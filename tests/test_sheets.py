"""Rows of delivered files in sheets: what is found in them, what is read and what is written when few of them move."""

import random

import pytest

from stacbuild import sheets
from stacbuild.delivered import Delivered, placed
from stacbuild.revision import Revision
from stacbuild.sealed import MemoryLostError
from stacbuild.sheets import Ledger, Writer, ledger_of

NAMES = sorted(f"{folder}{number:04}.json" for folder in ("", "a/", "a/b/", "a-b/", "c/d/e/") for number in range(1000))


def row(path, want=b"\3"):
    """Return stamp, digest and want that nobody else has."""
    seed = f"{path}"[-30:].encode()
    return seed.ljust(32, b"\1"), seed.rjust(32, b"\2"), want * 16


def rows(paths, want=b"\3"):
    found = [row(path, want) for path in paths]
    return Delivered([*paths], *(b"".join(one[column] for one in found) for column in range(3)))


@pytest.fixture
def ledger(tmp_path):
    """All of NAMES, as they stand in a folder."""
    return Revision(ledger_of(rows(NAMES))).written(Writer(tmp_path, "1-0"))


@pytest.fixture
def read(monkeypatch):
    """Give the first path of each sheet that is read of a folder."""
    firsts = []
    taken = sheets.read

    def reading(folder, sheet):
        firsts.append(sheet.first)
        return taken(folder, sheet)

    monkeypatch.setattr(sheets, "read", reading)
    return firsts


def held(ledger):
    """Return path → row, by way of all sheets."""
    found = {}
    for some in ledger.all():
        for number, path in enumerate(some.paths):
            found[path] = some.stamp(number), some.digest(number), some.want(number)
    return found


def test_each_file_is_found_and_no_other(ledger):
    for path in random.Random(1).sample(NAMES, 200):
        found = ledger.find(path)
        assert (found.stat, found.digest, found.want) == row(path)
    assert [ledger.find(path) for path in ("", "0", "a", "a/b", "zz", "c/d/0001.json", "a/0001.jsonx")] == [None] * 7
    assert ledger.count == len(NAMES)
    assert ledger_of(rows([])).find("x") is None


def test_one_file_costs_one_sheet(ledger, read):
    ledger.find("a/b/0500.json")
    ledger.find("a/b/0501.json")
    assert len(read) == 1
    ledger.let_go()
    ledger.find("a/b/0501.json")
    assert len(read) == 2


@pytest.mark.parametrize("folder", ["", "a", "a/b", "a-b", "c", "c/d/e", "nothing"])
def test_the_files_of_a_folder_lie_side_by_side(ledger, folder):
    within = [ledger.rows(sheet).paths[n] for sheet, some in ledger.within(folder) for n in some]
    assert within == [path for path in NAMES if path.rpartition("/")[0] == folder]
    below = [ledger.rows(sheet).paths[n] for sheet, some in ledger.below(f"{folder}/") for n in some]
    assert sorted(below) == [path for path in NAMES if folder and path.startswith(f"{folder}/")]


def test_all_rows_come_by_path(ledger):
    whole = ledger.whole()
    assert whole.paths == NAMES
    assert whole == rows(NAMES)


def test_one_row_that_is_put_writes_one_sheet_and_reads_one(ledger, read, tmp_path):
    revision = Revision(ledger)
    revision.put("a/b/0500.json", *row("other"))
    now = revision.written(Writer(tmp_path, "2-0"))
    assert len(read) == 1
    assert sum(sheet.file == "2-0" for sheet in now.sheets) == 1
    assert held(now) == held(ledger) | {"a/b/0500.json": row("other")}
    assert revision.folders == {"a/b"}


def test_what_is_not_said_to_stay_is_left(ledger, tmp_path):
    revision = Revision(ledger)
    assert revision.stay_below("a/") == 2000
    assert revision.stay_below("c/") == 1000
    for path in NAMES:
        if "/" not in path and path != "0007.json":
            revision.stay(ledger.find(path))
    left = revision.leave()
    assert sorted(left) == ["0007.json", *(path for path in NAMES if path.startswith("a-b/"))]
    now = revision.written(Writer(tmp_path, "2-0"))
    assert sorted(now.paths()) == [path for path in NAMES if path not in left]
    assert revision.folders == {"", "a-b"}


def test_folders_that_stay_are_not_read_but_at_their_ends(ledger, read):
    revision = Revision(ledger)
    for folder in ("a/", "a-b/", "c/"):
        revision.stay_below(folder)
    assert len(read) <= 4
    assert len(ledger.sheets) >= 10


def test_a_folder_with_a_file_of_which_too_little_is_known_does_not_stay_unseen(ledger, tmp_path):
    revision = Revision(ledger)
    revision.put("a/b/0500.json", *row("a/b/0500.json", b"\0"))
    now = Revision(revision.written(Writer(tmp_path, "2-0")))
    assert now.stay_below("a/b/") is None
    assert now.stay_below("c/") == 1000
    assert now.stay_below("a-b/") == 1000


@pytest.mark.parametrize("seed", range(6))
def test_any_revisions_hold_what_was_put_last(tmp_path, seed):
    chance, known = random.Random(seed), {}
    ledger = ledger_of(rows([]))
    for turn in range(12):
        revision = Revision(ledger)
        gone = set(chance.sample(sorted(known), min(len(known), chance.choice([0, 1, 40, 3000]))))
        for path in known.keys() - gone:
            revision.stay(ledger.find(path))
        assert set(revision.leave()) == gone
        new = {path: row(f"{turn}{path}") for path in chance.sample(NAMES, chance.choice([0, 1, 50, 4500]))}
        for path in sorted(new, key=lambda _: chance.random()):
            revision.put(path, *new[path])
        known = {path: one for path, one in known.items() if path not in gone} | new
        ledger = revision.written(Writer(tmp_path, f"{turn}-0"))
        assert held(ledger) == known
        assert [placed(path) for path in ledger.paths()] == sorted(map(placed, known))
        assert max((sheet.count for sheet in ledger.sheets), default=0) <= sheets.LARGEST
        assert len({sheet.file for sheet in ledger.sheets}) <= 13


def test_old_sheets_are_drawn_together(tmp_path):
    ledger = ledger_of(rows(NAMES))
    for turn in range(30):
        revision = Revision(ledger)
        revision.put(NAMES[turn * 150], *row("other"))
        ledger = revision.written(Writer(tmp_path, f"{turn}-0"))
        used = {sheet.file for sheet in ledger.sheets}
        assert len(used) <= 13
    assert held(ledger) == {path: row(path) for path in NAMES} | {NAMES[turn * 150]: row("other") for turn in range(30)}


def test_a_sheet_that_is_damaged_or_gone_is_told_of(ledger, tmp_path):
    file = tmp_path / "sheets-1-0"
    blob = bytearray(file.read_bytes())
    blob[10] ^= 1
    file.write_bytes(blob)
    with pytest.raises(MemoryLostError):
        ledger.rows(0)
    assert ledger.rows(1).paths
    file.unlink()
    with pytest.raises(MemoryLostError):
        ledger.find(NAMES[-1])


def test_a_ledger_of_nothing_is_one():
    empty = Ledger([], None)
    assert (empty.count, [*empty.paths()], empty.whole().paths) == (0, [], [])
    assert [*empty.below("a/"), *empty.within("")] == []
