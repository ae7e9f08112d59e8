"""What is another in rows is written apart: where, what of it is read, and when it is put in."""

import json

import pytest
from amends_kit import as_if_new, damage, memory
from kitchen import Kitchen, row

from stacbuild import listing
from stacbuild.rows import ROWS_FILES_AT_MOST
from stacbuild.splices import Splice, joined, spliced

FILES = ROWS_FILES_AT_MOST + 3
RECORDS = 40


@pytest.fixture
def kitchen(tmp_path):
    """Files of fewer records than a group, built once."""
    kitchen = Kitchen(tmp_path / "a", rows=None)
    kitchen.recipe["sources"]["rows"]["path"] = "part-*.ndjson"
    kitchen.recipe["mappings"]["plain"]["properties"]["title"] = {"from": "name", "required": False}
    kitchen.save()
    return kitchen


def records(kitchen, file=0, changed=()):
    """Write the records of a file; those of `changed` have another name."""
    first = file * RECORDS
    rows = [{**row(first + n), **({"name": f"no {n}"} if n in changed else {})} for n in range(RECORDS)]
    kitchen.write(f"part-{file:02}.ndjson", "".join(json.dumps(one) + "\n" for one in rows))


def entry_of(kitchen):
    """Return the memory's entry of the only group."""
    (entry,) = memory(kitchen).head.groups
    return entry


def edited(kitchen, *changed):
    """Edit records of the only file, build, and return the entry of their group."""
    records(kitchen, changed=changed)
    kitchen.build()
    return entry_of(kitchen)


@pytest.fixture
def one(kitchen):
    """One file, built once."""
    records(kitchen)
    kitchen.build()
    return kitchen


# --- bytes


@pytest.mark.parametrize(
    ("splices", "rows"),
    [
        ([], b"abcdef"),
        ([Splice(0, 2, b"x")], b"xcdef"),
        ([Splice(2, 1, b""), Splice(3, 3, b"longer")], b"ablonger"),
        ([Splice(0, 6, b"all")], b"all"),
        ([Splice(6, 0, b"more")], b"abcdefmore"),
    ],
)
def test_splices_stand_for_bytes(splices, rows):
    assert spliced(b"abcdef", splices) == rows


def test_of_two_splices_in_one_place_the_later_counts():
    before, now = [Splice(4, 2, b"E"), Splice(0, 1, b"A")], [Splice(2, 1, b"C"), Splice(0, 1, b"a")]
    assert joined(before, now) == [Splice(0, 1, b"a"), Splice(2, 1, b"C"), Splice(4, 2, b"E")]


# --- what is written


def test_only_what_is_another_is_written_and_the_rest_stays_where_it_lies(one):
    before, after = entry_of(one), edited(one, 7)
    assert (after.file, after.offset, after.names_at) == (before.file, before.offset, before.names_at)
    assert len(memory(one).splices(after)) == 2  # an input and its pair
    as_if_new(one)


def test_what_is_edited_again_has_the_splices_of_the_last_time(one):
    edited(one, 7)
    assert len(memory(one).splices(edited(one, 8))) == 4  # the first is what it was, in another place
    as_if_new(one)


def test_a_group_of_which_much_is_another_is_written_whole(one):
    assert edited(one, *range(30)).splices is None
    as_if_new(one)


def test_splices_are_put_in_where_many_files_of_rows_become_one(kitchen):
    for file in range(FILES):
        records(kitchen, file)
    kitchen.build()
    for file in range(FILES - 1):
        records(kitchen, file, changed=[file])
        kitchen.build()
        as_if_new(kitchen)
    apart = {entry.shard for entry in memory(kitchen).head.groups if entry.splices is not None}
    assert apart == {"part-12.ndjson", "part-13.ndjson"}  # since the thirteenth file of rows took in all before


# --- damage


def test_damaged_splices_are_lost_memory_and_no_wrong_output(one):
    edited(one, 7)
    damage(one, "rows-2")
    records(one, changed=[8])
    assert "SB611" in {problem["code"] for problem in one.build()["warnings"]}
    as_if_new(one)


def test_damaged_names_are_found_where_names_may_be_others_and_not_by_edits_in_place(one):
    damage(one, "names")
    records(one, changed=[7])
    assert one.build()["warnings"] == []
    records(one, file=1)
    assert "SB611" in {problem["code"] for problem in one.build()["warnings"]}
    as_if_new(one)


# --- what only seems to be amended

ENDS = 82
"""A record with this number ends a group, by its key."""


@pytest.mark.parametrize("first", [(), (3,)])
def test_of_two_groups_that_amend_one_the_second_is_one_by_itself(kitchen, monkeypatch, first):
    """Their records share their keys, so that all of them fail, and are as before once one of the groups is gone."""
    once = [row(number) for number in (*range(RECORDS), ENDS)]
    again = [row(number, **({"name": "other"} if number == 5 else {})) for number in (*range(RECORDS), ENDS)]
    for number in first:
        again[number] = row(number, name="another")
    put(kitchen, once)
    kitchen.build()
    alone, let_be = [], listing._Reader._let_be
    monkeypatch.setattr(listing._Reader, "_let_be", lambda self, *group: alone.append(group) or let_be(self, *group))
    put(
        kitchen,
        [row(number, **({"name": "new"} if number in first else {})) for number in (*range(RECORDS), ENDS)],
        again,
    )
    kitchen.build(exit_=1)
    assert (len(alone), len(memory(kitchen).head.groups)) == (1, 2)
    as_if_new(kitchen, exit_=1)
    put(kitchen, again)
    kitchen.build()
    as_if_new(kitchen)


def put(kitchen, *some):
    kitchen.write("part-00.ndjson", "".join(json.dumps(one) + "\n" for rows in some for one in rows))
