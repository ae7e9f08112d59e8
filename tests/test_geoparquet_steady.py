"""Columns that seldom change are copied where other columns of a row group did: as if all of it were made anew."""

import copy
import io
import json

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from parquet_kitchen import an_item
from test_geoparquet_groups import OPTIONS, Shelf, built, days, entries, made, named, values

from stacbuild.outputs.base import Share
from stacbuild.outputs.parquet import assembling, footers, rows, table
from stacbuild.outputs.parquet.table import Table


@pytest.fixture
def renewed(monkeypatch):
    """How many rows each row group has whose steady columns were copied."""
    found = []
    renew = assembling.Assembly.renew

    def told(self, former, batches, about):
        found.append(sum(map(len, batches)))
        return renew(self, former, batches, about)

    monkeypatch.setattr(assembling.Assembly, "renew", told)
    return found


def changed(some, **properties):
    return [item | {"properties": item["properties"] | properties} for item in some]


def test_of_items_whose_properties_change_the_other_columns_are_copied(tmp_path, renewed):
    before, after = days(version="1"), days(version="2", more=[{"x": 1}])
    one, other = built(tmp_path, before), built(tmp_path, after)
    assert made(tmp_path, after, Shelf(one)) == other[0]
    assert renewed == [4, 4, 4, 4, 4, 4, 3]
    assert made(tmp_path, before, Shelf(other)) == one[0]


def test_what_is_remembered_of_row_groups_with_copied_columns_is_as_if_they_were_made(tmp_path, renewed):
    shelf = Shelf(built(tmp_path, days(version="1")))
    made(tmp_path, days(version="2"), shelf)
    assert renewed
    assert shelf.parts() == built(tmp_path, days(version="2"))[1]


MOVED = {
    "an asset": lambda item: item["assets"].update(more={"href": "https://example.com/more"}),
    "a link": lambda item: item["links"].append({"rel": "about", "href": "https://example.com/about"}),
    "a geometry": lambda item: item.update(geometry=None),
    "what an asset is": lambda item: item.update(assets={"data": {"href": "https://example.com/a", "n": {"x": 2**60}}}),
}


@pytest.mark.parametrize("name", MOVED)
def test_where_one_of_them_moved_all_of_its_row_group_is_made(tmp_path, renewed, name):
    after = copy.deepcopy(days(version="2"))
    MOVED[name](after[9])
    one = built(tmp_path, days(version="1"))
    assert made(tmp_path, after, Shelf(one)) == built(tmp_path, after)[0]
    assert len(renewed) == (0 if "asset" in name else 6), "with another column of assets none can be taken"


def test_other_batches_than_the_copied_columns_were_written_of_are_made_whole(tmp_path, monkeypatch, renewed):
    """Where a batch ends decides where a page may."""
    one = built(tmp_path, days(version="1"))
    monkeypatch.setattr(table, "BATCH_ROWS", 3)
    assert made(tmp_path, days(version="2"), Shelf(one)) == built(tmp_path, days(version="2"))[0]
    assert renewed == [3], "the last row group was one batch of three rows before"


def test_items_that_no_table_can_hold_once_its_columns_are_known_move_no_byte(tmp_path):
    before, after = days(version="1"), days(version="2")
    after[5]["properties"]["n"] = [[{"x": "y"}], 5]
    after[6]["properties"]["n"] = {"x": 2**70}
    one = built(tmp_path, before)
    assert made(tmp_path, after, Shelf(one)) == built(tmp_path, after)[0]


def test_what_becomes_one_small_row_group_keeps_its_steady_columns(tmp_path, renewed):
    one, after = built(tmp_path, days(5, version="1")), days(4, version="2")
    assert made(tmp_path, after, Shelf(one)) == built(tmp_path, after)[0]
    assert renewed == [4]


def test_shares_copy_steady_columns_too(tmp_path, renewed):
    one, after = built(tmp_path, days(version="1")), days(version="2")
    files = []
    for number in range(2):
        shelf = Shelf(one)
        blob = b"".join(Table(entries(after), tmp_path, OPTIONS).share(Share(number, 2), shelf))
        files.append((blob, shelf.parts()))
    assert sum(renewed) == len(after)
    assert made(tmp_path, after, Shelf(*files, one)) == built(tmp_path, after)[0]


@pytest.mark.parametrize(("count", "remembered"), [(table.FEW - 1, False), (table.FEW, True)])
def test_a_file_of_one_row_group_is_remembered_unless_it_is_small(tmp_path, renewed, count, remembered):
    def some(version):
        return [an_item(f"i{number:05}", properties={"version": version}) for number in range(count)]

    options = OPTIONS._replace(group_rows=10_000)
    shelf = Shelf()
    one = made(tmp_path, some("1"), shelf, options), shelf.parts()
    assert made(tmp_path, some("2"), Shelf(one), options) == made(tmp_path, some("2"), options=options)
    assert renewed == ([count] if remembered else [])


# --- any values, any changes

objects = st.dictionaries(st.sampled_from(["a", "b", "href"]), values, max_size=2)
assets = st.dictionaries(st.sampled_from(["data", "more"]), objects, max_size=2)
geometries = st.sampled_from(
    [None, {"type": "Point", "coordinates": [1, 2]}, {"type": "Point", "coordinates": [1, 2, 3]}]
)
whole = st.fixed_dictionaries({"properties": named, "assets": assets, "links": st.lists(objects, max_size=2)})


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(whole, geometries), min_size=2, max_size=9), st.data())
def test_any_items_whose_properties_change_give_the_file_that_is_made_anew(tmp_path_factory, given_, data):
    folder = tmp_path_factory.getbasetemp()
    before = [an_item(f"i{number}") | some | {"geometry": shape} for number, (some, shape) in enumerate(given_)]
    for item in before:
        item["properties"] = {"datetime": "2024-01-01T00:00:00Z"} | item["properties"]
    after = changed(before, **data.draw(named))
    if data.draw(st.integers(0, 3)) == 0:
        after[0] = after[0] | {"assets": data.draw(assets)}
    options = OPTIONS._replace(group_rows=data.draw(st.integers(1, 4)))
    shelf = Shelf()
    blob = made(folder, before, shelf, options)
    again = Shelf((blob, shelf.parts()))
    fresh = Shelf()
    assert made(folder, after, again, options) == made(folder, after, fresh, options)
    assert again.parts() == fresh.parts()


@settings(max_examples=150, deadline=None)
@given(whole, geometries)
def test_a_lively_row_is_a_row_without_its_steady_columns(some, shape):
    line = json.dumps(an_item("i") | some | {"geometry": shape}).encode()
    whole_, lively = rows.row_of(line), rows.lively_of(line)
    every = json.loads(whole_.line)
    assert json.loads(lively.line) == {name: value for name, value in every.items() if name not in rows.STEADY}
    assert lively.moment == whole_.moment
    assert lively.names == whole_.names - {*rows.STEADY}


def test_columns_of_many_leaves_are_found_by_their_names(tmp_path):
    some = days(3, deep={f"k{number}": number for number in range(20)}, **{"a.b": [{"c": 1}]})
    blob = made(tmp_path, some, options=OPTIONS._replace(group_rows=10))
    read = pq.ParquetFile(io.BytesIO(blob))
    group = footers.group_of(footers.footer_of(blob), footers.frame(read.schema_arrow, OPTIONS.of_writer()))
    found = footers.chunks(group)
    assert list(found) == read.schema_arrow.names
    assert sum(len(one.told) for one in found.values()) == read.metadata.num_columns
    assert footers.put_together(group, list(found.values()), 4, 0) == group
