"""Any sequence of edits: where edits in place are known as such, all is said, written and remembered as without that.

`STACBUILD_FUZZ=20 pytest -m fuzz` runs twenty times as long, from another seed each time.
"""

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from amends_twins import MOODS, VALUES, Twins
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from item_files import item
from world_harm import small_parts

HABITS = settings(deadline=None, suppress_health_check=list(HealthCheck), database=None, print_blob=False)


def some_records(twins, pick):
    """Return one of the lists of records."""
    return [twins.shards["a"], twins.shards["b"], twins.cells, twins.grid][pick % 4]


def edit(twins, pick):
    records, field = some_records(twins, pick), sorted(VALUES)[pick // 4 % len(VALUES)]
    if records:
        values = VALUES[field]
        records[pick // 7 % len(records)][field] = values[pick // 11 % len(values)]


def edit_a_name(twins, pick):
    for record in some_records(twins, pick)[pick % 5 :: 4]:
        record["name"] = f"Name {pick}"


def edit_a_mood(twins, pick):
    shard = twins.shards["ab"[pick % 2]]
    if shard:
        shard[pick // 2 % len(shard)]["mood"] = MOODS[pick // 5 % len(MOODS)]


def edit_lines(twins, pick):
    """Let a record of CSV take more lines."""
    if twins.cells:
        twins.cells[pick % len(twins.cells)]["note"] = ["one", "two\nlines", "three\n\nlines"][pick // 3 % 3]


def edit_item(twins, pick):
    some = [*twins.files.values(), *twins.lines]
    if some:
        one = some[pick % len(some)]
        one["properties"] |= [{"gsd": 9}, {"gsd": 2}, {"title": f"T {pick}"}, {"mood": MOODS[pick % 7]}, {"x": pick}][
            pick // 3 % 5
        ]


def insert(twins, pick):
    records = some_records(twins, pick)
    records.insert(pick // 3 % (len(records) + 1), twins.record(100 + pick))


def delete(twins, pick):
    records = some_records(twins, pick)
    if records:
        del records[pick // 3 % len(records)]


def swap(twins, pick):
    records = some_records(twins, pick)
    if len(records) > 1:
        at = pick // 3 % (len(records) - 1)
        records[at], records[at + 1] = records[at + 1], records[at]


def move(twins, pick):
    here, there = some_records(twins, pick), some_records(twins, pick + 1 + pick // 4 % 3)
    if here:
        there.insert(pick % (len(there) + 1), here.pop(pick // 5 % len(here)))


def double(twins, pick):
    """Put an item, or another of its id, where there is one already."""
    again = item(f"l{pick % 9}", gsd=pick % 8 + 1)
    if pick % 2:
        twins.lines.insert(pick % (len(twins.lines) + 1), again)
    else:
        twins.files[f"{pick % 3}/again{pick % 4}"] = again


def remove_item(twins, pick):
    if pick % 2 and twins.lines:
        del twins.lines[pick // 2 % len(twins.lines)]
    elif twins.files:
        del twins.files[sorted(twins.files)[pick // 2 % len(twins.files)]]


def spoil(twins, pick):
    """Let a file be unreadable, or readable again."""
    names = ["rows/a.ndjson", "rows/b.ndjson", "lines.ndjson", *(f"data/{name}.json" for name in sorted(twins.files))]
    if not twins.lost:
        twins.broken ^= {names[pick % len(names)]}


def paint(twins, pick):
    """Change a file that an item depends on, or make or remove it."""
    for kitchen in twins.both():
        file = kitchen / f"pixels/k{pick % 5}.tif"
        if pick % 3:
            kitchen.write(f"pixels/k{pick % 5}.tif", f"pixels {pick}")
        else:
            file.unlink(missing_ok=True)


def lose_memory(twins, pick):
    for kitchen in twins.both():
        shutil.rmtree(kitchen / ".stacbuild/memory", ignore_errors=True)


def lose_store(twins, pick):
    """Lose all documents, if each can be made again: of no item is the record gone or unreadable."""
    if not twins.kept and not twins.broken:
        twins.lost = True
        for kitchen in twins.both():
            shutil.rmtree(kitchen / ".stacbuild/cache", ignore_errors=True)


EDITS = (edit, edit, edit, edit_a_name, edit_a_name, edit_a_mood, edit_lines, edit_item, edit_item)
OTHERS = (insert, delete, swap, move, double, remove_item, spoil, paint, lose_memory, lose_store)
WAYS = ([], [], [], [], ["--force"], ["--fail-fast"], ["item:one/i1"], ["collection:three"], ["failed:*"])

HOWS = st.fixed_dictionaries(
    {
        "level": st.sampled_from(["strict", "warn", "off"]),
        "choice": st.sampled_from(["error", "first", "last"]),
        "keep": st.booleans(),
    }
)
LIVES = st.lists(
    st.tuples(
        st.lists(st.tuples(st.sampled_from([*EDITS, *OTHERS]), st.integers(0, 9999)), min_size=1, max_size=3),
        st.sampled_from(WAYS),
    ),
    min_size=4,
    max_size=9,
)


def live(how, life):
    with tempfile.TemporaryDirectory() as folder, small_parts():
        twins = Twins(Path(folder), **how)
        twins.build()
        lossy = how["keep"]
        for edits, way in life:
            for change, pick in edits:
                change(twins, pick)
                lossy = lossy or change is spoil
            twins.save()
            twins.build(*way)
            if way and way[0] != "--force":
                twins.build()
            if not lossy:
                twins.as_if_new()


@settings(HABITS, derandomize=True, max_examples=10, phases=[Phase.generate])
@given(HOWS, LIVES)
def test_any_edits_give_what_a_new_build_gives_and_count_as_if_all_was_looked_at(how, life):
    live(how, life)


@pytest.mark.fuzz
@settings(HABITS, max_examples=40 * int(os.environ.get("STACBUILD_FUZZ", "1")))
@given(HOWS, LIVES)
def test_any_edits_of_long_lives(how, life):
    live(how, life)
