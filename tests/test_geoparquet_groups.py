"""Row groups of a table that stand somewhere are taken over: the file is byte for byte what making all of it gives."""

import copy
import hashlib
import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from parquet_kitchen import an_item

from stacbuild.outputs.base import ALONE, Item, Share
from stacbuild.outputs.parquet import footers, lines, moments, rows, table
from stacbuild.outputs.parquet.shapes import shape_of
from stacbuild.outputs.parquet.table import Entry, Options, Table

OPTIONS = Options("zstd", 3, 4, b"made")
DOCUMENTS = {"c": {"description": "C"}}


class Shelf:
    """Files that stand, in memory, with the parts that were noted of them."""

    def __init__(self, *files):
        self.files, self.noted = files, []

    def find(self, mark):
        return next((parts[mark] for _, parts in self.files if mark in parts), None)

    def copy(self, part):
        blob = next(blob for blob, parts in self.files if part.mark in parts)
        yield blob[part.offset : part.offset + part.size]

    def note(self, part):
        self.noted.append(part)

    def parts(self):
        return {part.mark: part for part in self.noted}


def entries(some):
    def entry(item):
        line = json.dumps(item, separators=(",", ":")).encode()
        properties = item["properties"] if isinstance(item.get("properties"), dict) else {}
        digest, moment = hashlib.sha256(line).digest(), moments.of(properties)
        bulk = hashlib.md5(json.dumps([item.get(name) for name in rows.STEADY]).encode()).digest()
        held = Item(item["id"], digest, b"", 0, len(line), 0, "", None, False, moment, "", bulk)
        return Entry("c", held, lambda _: line)

    return [entry(item) for item in some]


def made(folder, some, standing=ALONE, options=OPTIONS):
    return b"".join(Table(entries(some), folder, options).pieces(lambda: DOCUMENTS, standing))


def built(folder, some):
    """Return a file with its parts."""
    shelf = Shelf()
    return made(folder, some, shelf), shelf.parts()


def rows_made(monkeypatch):
    """Return the ids of the items of which rows are made, as they are."""
    ids = []

    def noted(of):
        def made_of(line):
            ids.append(json.loads(line)["id"])
            return of(line)

        return made_of

    for name in ("row_of", "lively_of"):
        monkeypatch.setattr(lines.rows, name, noted(getattr(rows, name)))
    return ids


def days(count=27, **properties):
    def item(number):
        return an_item(
            f"i{number:02}", when=f"2024-01-{number + 1:02}T00:00:00Z", properties={"n": number} | properties
        )

    return [item(number) for number in range(count)]


# --- the oracle: the library that writes


columns_ = st.fixed_dictionaries(
    {
        "a": st.lists(st.one_of(st.none(), st.integers(-(2**60), 2**60)), min_size=1, max_size=40),
        "b": st.sampled_from(["", "x", "y" * 300]),
        "c": st.booleans(),
    }
)


@settings(max_examples=60, deadline=None)
@given(columns_, st.integers(1, 17), st.sampled_from(["NONE", "ZSTD", "SNAPPY"]))
def test_row_groups_written_apart_stand_as_the_library_writes_them_together(given_, size, compression):
    numbers = given_["a"]
    nested = [
        {"s": [{"t": given_["b"] + str(n)}] * (n % 3)} if given_["c"] or n % 2 else None for n in range(len(numbers))
    ]
    whole = pa.table({"a": pa.array(numbers, pa.int64()), "b": nested}).replace_schema_metadata({"k": "v" * size})
    options = {"compression": compression}
    together = io.BytesIO()
    with pq.ParquetWriter(together, whole.schema, **options) as writer:
        writer.write_table(whole, row_group_size=size)
    plain = whole.schema.remove_metadata()
    around_one, blob, groups = footers.frame(plain, options), footers.MAGIC, []
    for start in range(0, len(whole), size):
        stream = io.BytesIO()
        with pq.ParquetWriter(stream, plain, **options) as writer:
            writer.write_table(whole.slice(start, size).replace_schema_metadata())
        footer = footers.footer_of(stream.getvalue())
        group = footers.group_of(footer, around_one)
        groups.append(footers.moved(group, len(blob) - 4, len(groups)))
        blob += stream.getvalue()[4 : -8 - len(footer)]
    blob += footers.written(footers.frame(whole.schema, options), groups, len(whole))
    assert blob == together.getvalue()


def test_many_row_groups_stand_as_the_library_writes_them(tmp_path):
    """With more than fourteen the length of their list is written otherwise."""
    found = made(tmp_path, days(), options=OPTIONS._replace(group_rows=1))
    read = pq.ParquetFile(io.BytesIO(found))
    again = io.BytesIO()
    with pq.ParquetWriter(again, read.schema_arrow, compression="ZSTD", compression_level=3) as writer:
        for number in range(read.num_row_groups):
            writer.write_table(read.read_row_group(number), row_group_size=1)
    assert read.num_row_groups == 27
    told = b"ARROW:schema"  # members of lists are called otherwise there, once they were read
    assert found.split(told)[0] == again.getvalue().split(told)[0]


def test_a_row_group_that_is_moved_and_moved_back_is_what_it_was(tmp_path):
    blob = made(tmp_path, days(3), options=OPTIONS._replace(group_rows=10))
    footer, schema = footers.footer_of(blob), pq.ParquetFile(io.BytesIO(blob)).schema_arrow
    group = footers.group_of(footer, footers.frame(schema, OPTIONS.of_writer()))
    there = footers.moved(group, 10**12, 300)
    assert there != group
    assert footers.moved(there, -(10**12), 0) == group


# --- what changes


def with_(number, **properties):
    def change(some):
        some[number]["properties"] |= properties

    return change


def without(number):
    return lambda some: some.pop(number)


def as_(number, **members):
    return lambda some: some[number].update(members)


CHANGES = {
    "nothing": (lambda some: None, 0),
    "one item": (with_(9, n=-1), 4),
    "an item at the end": (lambda some: some.append(an_item("z", when="2025-01-01T00:00:00Z")), 4),
    "an item is gone": (without(21), 6),
    "a new field": (with_(9, m="x"), 4),
    "a new object": (with_(9, m={"x": [{"y": 1}]}), 4),
    "an integer becomes a float": (with_(9, n=0.5), 4),
    "an integer becomes text": (with_(9, n="x"), 27),
    "a moment is none": (with_(9, created="soon"), 27),
    "heights": (as_(9, bbox=[0, 0, 0, 1, 1, 1], geometry={"type": "Point", "coordinates": [1, 2, 3]}), 4),
    "no box and no geometry": (as_(9, bbox=None, geometry=None), 4),
    "an asset more": (as_(9, assets={"more": {"href": "https://example.com/b", "bands": []}}), 4),
    "an item that no row can be made of": (as_(9, bbox=[1]), 19),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_changes_and_is_undone_gives_the_bytes_of_a_fresh_file(tmp_path, monkeypatch, name):
    change, count = CHANGES[name]
    before = days(created="2024-01-01T00:00:00+01:00", deep={"a": {"b": 1}})
    after = copy.deepcopy(before)
    change(after)
    one, other = built(tmp_path, before), built(tmp_path, after)
    assert (one[0] == other[0]) == (name == "nothing")
    asked = rows_made(monkeypatch)
    assert made(tmp_path, after, Shelf(one)) == other[0]
    assert len(asked) == count, "of how many items rows are made"
    assert made(tmp_path, before, Shelf(other)) == one[0]
    assert len(pq.read_table(io.BytesIO(other[0]))) == len(after) - (name == "an item that no row can be made of")


def test_an_item_that_is_known_to_be_refused_is_told_and_not_asked_again(tmp_path, monkeypatch):
    some = days()
    some[2]["bbox"] = [1]
    before = built(tmp_path, some)
    asked = rows_made(monkeypatch)
    some[20]["properties"]["n"] = 5
    again = Table(entries(some), tmp_path, OPTIONS)
    shelf = Shelf(before)
    blob = b"".join(again.pieces(lambda: DOCUMENTS, shelf))
    assert sorted(asked) == [f"i{number:02}" for number in (17, 18, 19, 20)]
    assert [(one.id, one.error.path) for one in again.refused] == [("i02", "/bbox")]
    assert blob == made(tmp_path, some)
    some[2]["bbox"] = [1, 2, 3, 5]
    assert made(tmp_path, some, Shelf((blob, shelf.parts()))) == made(tmp_path, some)


def test_what_is_remembered_of_copies_is_what_is_remembered_of_what_was_made(tmp_path):
    some = days()
    one = built(tmp_path, some)
    some[3]["properties"]["n"] = 77
    fresh, shelf = built(tmp_path, some), Shelf(one)
    made(tmp_path, some, shelf)
    assert shelf.parts() == fresh[1]


def test_other_settings_take_nothing_over(tmp_path):
    one = built(tmp_path, days())
    assert all(mark not in one[1] for mark in built_with(tmp_path, OPTIONS._replace(made=b"otherwise")))


def built_with(folder, options):
    shelf = Shelf()
    made(folder, days(), shelf, options)
    return [part.mark for part in shelf.noted if part.size]


def test_properties_that_become_too_many_are_gathered_in_all_row_groups(tmp_path, monkeypatch):
    monkeypatch.setattr(table, "COLUMNS_AT_MOST", 20)
    before, after = days(), days()
    after[5]["properties"] |= {f"p{number}": number for number in range(20)}
    one, other = built(tmp_path, before), built(tmp_path, after)
    assert "n" not in pq.read_schema(io.BytesIO(other[0])).names
    assert made(tmp_path, after, Shelf(one)) == other[0]
    assert made(tmp_path, before, Shelf(other)) == one[0]


# --- any values, any changes

leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([0, 1, 2**53 + 1, -(2**63), 2**64, 0.5, -0.0, "", "x", "2024-01-01T00:00:00Z", "2024-01-01"]),
)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=6,
)
named = st.dictionaries(st.sampled_from(["p", "q", "created", "expires", "type"]), values, max_size=3)


@settings(max_examples=150, deadline=None)
@given(st.lists(named, min_size=1, max_size=14), st.data())
def test_any_file_is_brought_to_any_other_as_if_it_were_made_anew(tmp_path_factory, given_, data):
    folder = tmp_path_factory.getbasetemp()
    before = [an_item(f"i{number:02}", properties=some) for number, some in enumerate(given_)]
    after = copy.deepcopy(before)
    for item in after:
        if data.draw(st.integers(0, 3)) == 0:
            item["properties"] = {"datetime": item["properties"]["datetime"], **data.draw(named)}
    if data.draw(st.booleans()):
        after.pop(data.draw(st.integers(0, len(after) - 1)))
    options = OPTIONS._replace(group_rows=data.draw(st.integers(1, 4)))
    shelf = Shelf()
    blob = made(folder, before, shelf, options)
    assert made(folder, after, Shelf((blob, shelf.parts())), options) == made(folder, after, options=options)


# --- shares


@pytest.mark.parametrize("count", [1, 2, 3, 5, 9])
@pytest.mark.parametrize("name", ["nothing", "a new field", "an integer becomes text"])
def test_shares_made_apart_give_the_file_and_nothing_is_made_twice(tmp_path, monkeypatch, count, name):
    some = days()
    CHANGES[name][0](some)
    whole, files = built(tmp_path, some), []
    for number in range(count):
        shelf = Shelf()
        blob = b"".join(Table(entries(some), tmp_path, OPTIONS).share(Share(number, count), shelf))
        files.append((blob, shelf.parts()))
    asked = rows_made(monkeypatch)
    shelf = Shelf(*files)
    assert made(tmp_path, some, shelf) == whole[0]
    assert shelf.parts() == whole[1]
    assert asked == [] or name == "an integer becomes text"


def test_a_share_makes_what_stands_nowhere_and_in_the_columns_that_stand(tmp_path, monkeypatch):
    some = days(more=1)
    one = built(tmp_path, some)
    some[25]["properties"] = {"datetime": some[25]["properties"]["datetime"], "n": 5}
    asked, shelf = rows_made(monkeypatch), Shelf(one)
    assert b"".join(Table(entries(some), tmp_path, OPTIONS).share(Share(0, 2), shelf)) == b""
    assert asked == []
    blob = b"".join(Table(entries(some), tmp_path, OPTIONS).share(Share(1, 2), shelf))
    assert sorted(asked) == ["i24", "i25", "i26"]
    assert pq.read_schema(io.BytesIO(blob)).names == pq.read_schema(io.BytesIO(one[0])).names
    asked.clear()
    assert made(tmp_path, some, Shelf((blob, shelf.parts()), one)) == made(tmp_path, some)


def test_a_share_with_an_item_that_no_row_can_be_made_of_leaves_all_to_who_makes_the_file(tmp_path):
    some = days()
    some[2]["bbox"] = [1]
    shelf = Shelf()
    assert b"".join(Table(entries(some), tmp_path, OPTIONS).share(Share(0, 2), shelf)) == b""
    assert [part for part in shelf.noted if part.size or part.facts] == []


@pytest.mark.parametrize("name", ["a new field", "an integer becomes a float", "an integer becomes text", "heights"])
def test_shares_that_differ_in_columns_are_brought_together_by_those_who_made_them(tmp_path, monkeypatch, name):
    some = days()
    CHANGES[name][0](some)
    whole, files = built(tmp_path, some), []
    for again in (False, True):
        made_ = []
        for number in range(3):
            shelf = Shelf(*files)
            blob = b"".join(Table(entries(some), tmp_path, OPTIONS).share(Share(number, 3, again), shelf))
            made_.append((blob, shelf.parts()))
        files = [*made_, *files]
    asked, recast = rows_made(monkeypatch), []
    monkeypatch.setattr(table.kept, "recast", lambda *given_: recast.append(given_))
    assert made(tmp_path, some, Shelf(*files)) == whole[0]
    assert asked == recast == [], "all stands as it shall be"


# --- the order


texts = st.one_of(
    st.none(),
    st.integers(),
    st.text(max_size=12),
    st.datetimes().map(lambda moment: moment.isoformat()),
    st.datetimes().map(lambda moment: moment.isoformat() + "Z"),
    st.from_regex(
        r"20[012]\d-0[1-9]-[0-2]\d[Tt ][01]\d:[0-6]\d:[0-5]\d([.,]\d{1,9})?([Zz]|[+-][01]\d:[0-5]\d)?", fullmatch=True
    ),
)


@settings(max_examples=400, deadline=None)
@given(st.fixed_dictionaries({}, optional={"datetime": texts, "start_datetime": texts}))
def test_rows_know_the_moment_that_their_table_is_ordered_by(properties):
    line = json.dumps(an_item("a") | {"properties": properties}).encode()
    try:
        row = rows.row_of(line)
    except rows.ItemError:
        return
    assert moments.of(properties) == row.moment


def test_shapes_are_words_lists_and_objects():
    """What is remembered of a row group is written and read as such."""
    assert shape_of({"a": [1, None], "b": {"c": "x"}}) == {"a": ["int"], "b": {"c": "text"}}
