"""Shapes of columns: merging obeys the laws that make a file depend on its items alone; WKB is what GEOS writes."""

import json
import math

import msgspec
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from stacbuild.outputs.parquet import moments, rows
from stacbuild.outputs.parquet.shapes import as_text, json_places, merged, settled, shape_of
from stacbuild.outputs.parquet.wkb import UnsayableError, footprint, read
from stacbuild.sources.geoparquet import with_json

scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**66), 2**66), st.floats(allow_nan=False, allow_infinity=False), st.text()
)
names = st.sampled_from(["a", "b", "c", "[]"])
json_values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(names, inner, max_size=3)),
    max_leaves=8,
)


@given(json_values, json_values, json_values)
@settings(deadline=None)
def test_merging_does_not_depend_on_order_or_grouping(one, two, three):
    a, b, c = map(shape_of, (one, two, three))
    assert merged(a, b) == merged(b, a)
    assert merged(merged(a, b), c) == merged(a, merged(b, c))
    assert merged(a, a) == a
    assert merged(a, "null") == a


@given(st.lists(json_values, min_size=1, max_size=4))
@settings(deadline=None)
def test_what_is_written_as_json_text_is_read_back(several):
    shape = "null"
    for value in several:
        shape = merged(shape, shape_of(value))
    shape = settled(shape)
    for value in several:
        text = as_text(value, shape, msgspec.json.encode)
        for steps in json_places(shape):
            text = with_json(text, list(steps))
        assert repr(text) == repr(value)


def test_a_merge_of_the_numbers():
    assert merged("int", "float") == "float"
    assert merged("wide", "int") == "wide"
    assert merged(merged("int", "float"), "wide") == merged("int", merged("float", "wide")) == "json"


@given(
    st.sampled_from(["Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"]),
    st.integers(2, 3),
    st.data(),
)
@settings(max_examples=200, deadline=None)
def test_wkb_is_that_of_geos(kind, size, data):
    number = st.floats(-180, 180, allow_nan=False) | st.integers(-180, 180)
    position = st.lists(number, min_size=size, max_size=size)
    line = st.lists(position, min_size=2, max_size=4)
    ring = st.lists(position, min_size=3, max_size=4).map(lambda some: [*some, some[0]])
    some = lambda one: st.lists(one, min_size=1, max_size=3)  # noqa: E731
    shapes = {
        "Point": position,
        "MultiPoint": some(position),
        "LineString": line,
        "MultiLineString": some(line),
        "Polygon": some(ring),
        "MultiPolygon": some(some(ring)),
    }
    geometry = {"type": kind, "coordinates": data.draw(shapes[kind])}
    found = footprint(geometry)
    assert read(msgspec.json.encode(geometry)) == found
    shape = shapely.geometry.shape(geometry)
    assert shapely.from_wkb(found.wkb).equals_exact(shape)
    assert shapely.to_wkb(shape, flavor="iso", byte_order=1) == found.wkb
    places = shapely.get_coordinates(shape)
    assert found.bounds == (*places.min(axis=0), *places.max(axis=0))
    assert found.name == kind + (" Z" if size == 3 else "")


def test_empty_geometries_have_no_bounds():
    for kind in ("Point", "LineString", "Polygon", "MultiPolygon"):
        found = footprint({"type": kind, "coordinates": []})
        assert read(msgspec.json.encode({"type": kind, "coordinates": []})) == found
        assert shapely.from_wkb(found.wkb).is_empty
        assert found.bounds is None
    assert shapely.from_wkb(footprint({"type": "GeometryCollection", "geometries": []}).wkb).is_empty


@pytest.mark.parametrize(
    "bad",
    [
        None, [], "POINT (1 2)", {}, {"type": "Point"}, {"type": "Point", "coordinates": None},
        {"type": "Point", "coordinates": [1]}, {"type": "Point", "coordinates": ["1", "2"]},
        {"type": "Point", "coordinates": [10**400, 1]}, {"type": "LineString", "coordinates": [1, 2]},
        {"type": "Polygon", "coordinates": [[[1, 2], [1]]]}, {"type": "MultiPolygon", "coordinates": [[[1, 2]]]},
        {"type": "GeometryCollection", "geometries": [None]}, {"type": ["Point"], "coordinates": [1, 2]},
        {"type": "LineString", "coordinates": {"a": [1, 2]}},
    ],
)  # fmt: skip
def test_what_is_no_geometry_is_refused_and_nothing_else_is_raised(bad):
    with pytest.raises(UnsayableError):
        footprint(bad)
    if bad is not None and bad != {"type": "Point", "coordinates": [10**400, 1]}:
        with pytest.raises(UnsayableError):
            read(msgspec.json.encode(bad))


def test_null_is_no_geometry_and_its_other_members_do_not_matter():
    assert read(b"null") is None
    bare = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}
    assert read(msgspec.json.encode({**bare, "bbox": [0, 0, 1, 1], "crs": None})) == footprint(bare)


def test_collections_in_collections_end():
    deep = {"type": "Point", "coordinates": [1, 2]}
    for _ in range(300):
        deep = {"type": "GeometryCollection", "geometries": [deep]}
    with pytest.raises(UnsayableError):
        footprint(deep)


@pytest.mark.parametrize(
    ("text", "exact", "near"),
    [
        ("1970-01-01T00:00:00Z", 0, 0),
        ("1970-01-01T00:00:00.0000010Z", 1, 1),
        ("1969-12-31T23:59:59.5Z", -500_000, -500_000),
        ("1970-01-01T01:00:00+01:00", 0, 0),
        ("1970-01-01t00:00:00z", 0, 0),
        ("1970-01-01T00:00:00.0000019Z", None, 1),
        ("1970-01-01T00:00:00", None, 0),
        ("1970-01-01", None, 0),
        ("1970-01-01T00:00:60Z", None, None),
        ("1970-13-01T00:00:00Z", None, None),
        ("0000-01-01T00:00:00Z", None, None),
        ("", None, None),
    ],
)
def test_moments(text, exact, near):
    assert moments.exact(text) == exact
    assert moments.near(text) == near


@given(st.datetimes())
def test_a_moment_that_is_written_is_read_again(when):
    moment = moments.near(when.isoformat())
    assert moments.exact(moments.written(moment)) == moment


def test_a_row_is_one_line_of_json():
    item = {
        "type": "Feature",
        "id": "a\nb",
        "geometry": None,
        "properties": {"datetime": None, "x": "\n"},
        "assets": {},
    }
    row = rows.row_of(json.dumps(item, indent=1).encode())
    assert row.moment == moments.LAST
    assert json.loads(row.line)["x"] == "\n"
    assert not math.isnan(row.moment)
