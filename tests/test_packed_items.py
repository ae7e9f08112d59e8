"""Items that are packed come back as they were, in the order of ids, and take a third of what they took before."""

import hashlib
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stacbuild.outputs.items import Item, Items
from stacbuild.outputs.order import along_the_store
from stacbuild.outputs.parquet.lines import Entries, Members, Ordered
from stacbuild.outputs.parquet.moments import LAST

AT_MOST = 160
"""Bytes that an item may take; by itself, with all that it holds, it takes more than twice as many."""
MANY = 20_000

ids = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)
items_ = st.builds(
    Item,
    ids,
    st.binary(min_size=32, max_size=32),
    st.sampled_from([bytes([n]) * 32 for n in range(5)]),
    st.integers(0, 300),
    st.integers(0, 2**40),
    st.integers(-1, 2**20),
    st.sampled_from(["", "2024-01-01", "1970-12-31"]),
    st.none() | ids,
    st.booleans(),
    st.one_of(st.just(LAST), st.integers(-(2**62), 2**62)),
    st.sampled_from(["", "a/b"]),
)


def an_item(number):
    digest = hashlib.sha256(b"%d" % number).digest()
    chunk = hashlib.sha256(b"%d" % (number // 256)).digest()
    when = f"2024-{number % 12 + 1:02}-01"
    name = f"S2B_MSIL2A_20240101_{number * 7919 % MANY:012}"
    return Item(name, digest, chunk, number % 256, 5_000 + number, 700 + number % 999, when, None, False, number << 30)


@settings(max_examples=200, deadline=None)
@given(st.lists(items_, max_size=30))
def test_items_come_back_as_they_were_in_the_order_of_their_ids(some):
    found = Items(iter(some))
    assert list(found) == [found[number] for number in range(len(found))] == sorted(some, key=lambda item: item.id)
    assert len(found) == len(some)
    assert [found.place(n) for n in range(len(found))] == [(item.blob, item.ordinal) for item in found]


def test_there_are_no_more_than_there_are():
    found = Items([an_item(1), an_item(0)])
    assert found[-1] == max(an_item(0), an_item(1))
    assert found[1:] == [found[1]]
    with pytest.raises(IndexError):
        found[2]


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.sampled_from("abc"), st.lists(items_, max_size=9), max_size=3))
def test_a_table_has_items_of_all_collections_by_moment_id_and_collection(collections):
    members = [Members(name, found := Items(some), range(len(found)), bytes) for name, some in collections.items()]
    there = [(one.item.moment, one.item.id, one.collection) for one in Ordered(Entries(members))]
    every = [(item.moment, item.id, name) for name, some in collections.items() for item in some]
    assert there == sorted(every)


@given(st.lists(items_, max_size=30))
def test_a_table_is_made_along_the_store(some):
    ordered = Ordered(Entries([Members("c", found := Items(some), range(len(found)), bytes)]))
    taken = [ordered[number].item for number in ordered.along_the_store(range(0, len(some), 2))]
    assert [(item.blob, item.ordinal) for item in taken] == sorted((item.blob, item.ordinal) for item in taken)


def test_places_of_the_store_are_taken_in_its_order():
    assert list(along_the_store([(b"b", 1), (b"a", 2), (b"b", 0)])) == [1, 2, 0]


def held(make):
    """Return the bytes of what `make` returns."""
    tracemalloc.start()
    try:
        found = make()
        return tracemalloc.get_traced_memory()[0] if len(found) else 0
    finally:
        tracemalloc.stop()


def test_what_is_held_of_an_item_is_little():
    assert held(lambda: Items(map(an_item, range(MANY)))) < AT_MOST * MANY
    assert held(lambda: list(map(an_item, range(MANY)))) > 2 * AT_MOST * MANY


def test_a_table_holds_no_more_of_its_items():
    def table():
        found = Items(map(an_item, range(MANY)))
        return Ordered(Entries([Members("c", found, range(MANY), bytes)]))

    assert held(table) < AT_MOST * MANY
