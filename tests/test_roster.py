"""Items of collections, read out of rows: little is decoded, and no group is read once for each of many collections."""

import hashlib

import msgspec
import pytest

from stacbuild import aggregate, roster
from stacbuild.model import Facts, Group, Input, Pair, Tally, Version
from stacbuild.outputs.base import Item
from stacbuild.roster import Roster
from stacbuild.row_files import GroupEntry

NAMES = [f"c{number:02}" for number in range(12)]


def version(name, number):
    digest = hashlib.sha256(f"{name}/{number}".encode()).digest()
    facts = Facts([float(number), 0.0, float(number), 1.0], "2024-01-01T00:00:00Z", None, b"{}", {})
    return Version(
        f"{name}-{number}",
        digest,
        digest[:1] * 32,
        number,
        900,
        7,
        "2024-01-01",
        None,
        False,
        number,
        ("1.1.0",),
        facts,
        digest[:16],
    )


def pair(name, number, *, live=True, kept=False):
    made = version(name, number)
    return Pair(f"k{number}", b"in", made.id, now=made, live=live, kept=version(name, number + 500) if kept else None)


class FakeRows:
    """Rows in memory, and how often each group was read."""

    def __init__(self, groups):
        self.groups, self.reads = groups, []

    def read(self, entry, decode):
        self.reads.append(entry.offset)
        return decode(msgspec.msgpack.encode(self.groups[entry.offset]))

    def shares(self, entry):
        self.reads.append(entry.offset)
        pairs = self.groups[entry.offset].pairs
        folds = {
            name: aggregate.fold([one.built.facts for one in some if one.built], []) for name, some in pairs.items()
        }
        return {name: msgspec.msgpack.encode(fold) for name, fold in folds.items()}


def world(tmp_path, groups, shards=None):
    entries = []
    for number, group in enumerate(groups):
        tallies = {
            name: Tally(live=sum(one.live for one in some), kept=sum(one.kept is not None for one in some))
            for name, some in group.pairs.items()
        }
        shard = "a" if shards is None else shards[number]
        entries.append(GroupEntry("s", shard, b"", offset=number, tallies=tallies))
    rows = FakeRows(groups)
    return Roster(entries, rows, tmp_path), rows


def mixed():
    return [Group([], {name: [pair(name, number)] for name in NAMES}) for number in range(5)]


def test_rows_are_read_by_structs_of_their_fields():
    assert roster._Seen.__struct_fields__ == Version.__struct_fields__
    assert {*Item.__struct_fields__} - {"above"} <= {*Version.__struct_fields__}
    assert roster._Told.__struct_fields__ == Version.__struct_fields__
    assert roster._Lean.__struct_fields__ == Pair.__struct_fields__
    assert roster._Group.__struct_fields__ == Group.__struct_fields__
    assert Input.__struct_config__.array_like


def test_groups_that_feed_many_collections_are_read_once_for_all(tmp_path):
    found, rows = world(tmp_path, mixed())
    for name in NAMES:
        assert [item.id for item in found.items(name)] == [f"{name}-{number}" for number in range(5)]
    assert sorted(rows.reads) == [0, 1, 2, 3, 4]
    assert [found.fold(name).count for name in NAMES] == [5] * 12
    assert sorted(rows.reads) == sorted([0, 1, 2, 3, 4] * 2)


class Passes(list):
    """A list that counts how often it was gone through."""

    times = 0

    def __iter__(self):
        self.times += 1
        return super().__iter__()


def test_groups_are_gone_through_a_few_times_however_many_there_are(tmp_path):
    found, _ = world(tmp_path, [Group([], {"c": [pair("c", number)]}) for number in range(100)])
    found._entries = Passes(found._entries)
    assert found.fold("c").count == len(found.items("c")) == 100
    assert found._entries.times < 10


def test_groups_of_other_collections_are_not_read(tmp_path):
    found, rows = world(tmp_path, [Group([], {"a": [pair("a", 1)]}), Group([], {"b": [pair("b", 2)]})])
    assert [item.id for item in found.items("b")] == ["b-2"]
    assert found.fold("b").count == 1
    assert found.count("b") == 1
    assert rows.reads == [1, 1]


@pytest.mark.parametrize("few", [0, 100])
def test_both_ways_give_the_same_items(tmp_path, monkeypatch, few):
    monkeypatch.setattr(roster, "FEW", few)
    groups = [
        Group([], {"a": [pair("a", 3), pair("a", 1, live=False, kept=True)], "b": []}),
        Group([], {"a": [pair("a", 2), pair("a", 3)]}),
    ]
    found, _ = world(tmp_path, groups, shards=["x", ""])
    whole = [version("a", number) for number in (2, 3, 501)]
    names = [name for name in Item.__struct_fields__ if name != "above"]
    assert found.items("a") == [Item(**{name: getattr(one, name) for name in names}) for one in whole]
    told = [facts for some in found.facts("a", str, None) for facts in some["2024-01-01"]]
    assert sorted(one.bbox[0] for one in told) == [2.0, 3.0, 3.0, 501.0]
    assert list(found.facts("a", str, "2024-01-02")) == [{}, {}]
    assert found.items("b") == found.items("nobody") == []
    assert found.fold("b").count == found.count("b") == 0
