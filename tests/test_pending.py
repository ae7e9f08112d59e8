"""Files that are to be brought: in order, and with their items as long as these are few."""

import pytest

from stacbuild import pending
from stacbuild.outputs.base import Item, Rank, Wanted
from stacbuild.pending import Pending


def item(number):
    return Item(f"i{number:03}", b"d", b"b", number, 1, 1, "2024-01-01", None, False)


def by_date(path, count):
    items = {"c": [item(n) for n in range(count)]}
    return Wanted(path, b"", Rank.DATA, "c", many=True, part={"c": [one.id for one in items["c"]]}, items=items)


def held(files):
    found = Pending()
    for one in files:
        found.add(one)
    return {one.path: one.items is not None for one in found.in_order()}


@pytest.mark.parametrize(
    ("counts", "kept"),
    [([4, 6], [True, True]), ([4, 7], [False, False]), ([11], [False]), ([4, 7, 1], [False] * 3), ([], [])],
)
def test_items_of_files_are_held_as_long_as_they_are_few(monkeypatch, counts, kept):
    monkeypatch.setattr(pending, "HELD_AT_MOST", 10)
    assert [*held([by_date(f"{n}", count) for n, count in enumerate(counts)]).values()] == kept


def test_documents_come_after_what_they_name_and_data_along_the_store():
    def file(path, rank, ordinal=None):
        return Wanted(path, b"", rank, "c", item=None if ordinal is None else item(ordinal))

    found = Pending()
    for one in [file("root", Rank.ROOT), file("b", Rank.DATA, 2), file("part", Rank.PART), file("z", Rank.DATA, 1)]:
        found.add(one)
    found.add(file("collection", Rank.COLLECTION))
    assert [one.path for one in found.in_order()] == ["z", "b", "part", "collection", "root"]
