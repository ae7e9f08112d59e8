"""Geometry and bbox of records in lon/lat; expected coordinates are worked out by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import convert

from stacbuild.failures import ItemError
from stacbuild.recipe import schema
from stacbuild.stages import wkt
from stacbuild.stages.geometry import compiled
from stacbuild.stages.mending import silent

SQUARE = [[[1.0, 2.0], [3.0, 2.0], [3.0, 4.0], [1.0, 4.0], [1.0, 2.0]]]


def located(record, **spec):
    return compiled(convert(spec, schema.Geometry))(record, silent)


def refused(record, **spec):
    with pytest.raises(ItemError) as caught:
        located(record, **spec)
    assert caught.value.path == "/geometry"
    return caught.value


# ---- WKT -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wkt", "kind", "coordinates", "bbox"),
    [
        ("POINT (1 2)", "Point", [1.0, 2.0], [1.0, 2.0, 1.0, 2.0]),
        ("  point(1 2)\n", "Point", [1.0, 2.0], [1.0, 2.0, 1.0, 2.0]),
        ("POINT Z (1 2 3)", "Point", [1.0, 2.0, 3.0], [1.0, 2.0, 3.0, 1.0, 2.0, 3.0]),
        ("POINT M (1 2 3)", "Point", [1.0, 2.0], [1.0, 2.0, 1.0, 2.0]),
        ("POINT ZM (1 2 3 4)", "Point", [1.0, 2.0, 3.0], [1.0, 2.0, 3.0, 1.0, 2.0, 3.0]),
        ("POLYGON ((1 2, 3 2, 3 4, 1 4, 1 2))", "Polygon", SQUARE, [1.0, 2.0, 3.0, 4.0]),
        ("LINESTRING (5 6, -1 -2)", "LineString", [[5.0, 6.0], [-1.0, -2.0]], [-1.0, -2.0, 5.0, 6.0]),
        ("MULTIPOINT ((1 2), (3 4))", "MultiPoint", [[1.0, 2.0], [3.0, 4.0]], [1.0, 2.0, 3.0, 4.0]),
        ("MULTIPOLYGON (((1 2, 3 2, 3 4, 1 4, 1 2)))", "MultiPolygon", [SQUARE], [1.0, 2.0, 3.0, 4.0]),
    ],
)
def test_wkt_becomes_geojson_with_its_bbox(wkt, kind, coordinates, bbox):
    assert located({"w": wkt}, wkt="w") == ({"type": kind, "coordinates": coordinates}, bbox)


@pytest.mark.parametrize(
    "wkt",
    ["", "x", "POINT(1)", "POINT(1,2)", "POINT(1 2) x", "POLYGON((0 0,1 1))", "POLYGON((0 0,1 0,1 1,0 1))", "\0", "é",
     "CIRCULARSTRING(0 0,1 1,2 0)", "TIN(((0 0,1 1,1 0,0 0)))", "{}", 5, [], {}, True],
)  # fmt: skip
def test_what_is_no_wkt_is_refused(wkt):
    assert refused({"w": wkt}, wkt="w").code == "SB207"


def test_ewkt_gets_the_hint_where_its_crs_goes():
    assert (
        refused({"w": "SRID=32633;POINT(1 2)"}, wkt="w").hint == 'take `SRID=32633;` away and write crs = "EPSG:32633"'
    )


@pytest.mark.parametrize("wkt", ["POINT EMPTY", "POLYGON EMPTY", "MULTIPOLYGON(((0 0,1 1,1 0,0 0)),EMPTY)"])
def test_empty_wkt_has_no_place(wkt):
    error = refused({"w": wkt}, wkt="w")
    assert error.code == "SB209"
    assert 'default = "null"' in error.hint


@pytest.mark.parametrize("wkt", ["POINT(nan 1)", "POINT(inf 1)", "LINESTRING(0 0, 1 -inf)"])
def test_wkt_coordinates_are_finite(wkt):
    assert refused({"w": wkt}, wkt="w").code == "SB208"


@pytest.mark.parametrize("wkt", ["GEOMETRYCOLLECTION(POINT(1 2))", "GeometryCollection EMPTY"])
def test_geometry_collection_is_refused(wkt):
    assert refused({"w": wkt}, wkt="w").code == "SB209"
    assert refused({"g": {"type": "GeometryCollection", "geometries": []}}, geojson="g").code == "SB209"


def test_deeply_nested_wkt_does_not_kill_the_process():
    assert refused({"w": "GEOMETRYCOLLECTION(" * 200_000}, wkt="w").code == "SB209"
    assert refused({"w": "POLYGON" + "(" * 200_000}, wkt="w").code == "SB207"


# ---- lon/lat ---------------------------------------------------------------------------------------------------------


def test_lon_and_lat_make_a_point():
    point = ({"type": "Point", "coordinates": [24.9, 60.2]}, [24.9, 60.2, 24.9, 60.2])
    assert located({"x": "24.9", "y": 60.2}, lon="x", lat="y") == point
    assert located({"p": {"x": 24.9, "y": " 60.2 "}}, lon="p.x", lat="p.y") == point


@pytest.mark.parametrize(("x", "y", "code"), [
    ("24,9", 0, "SB207"), ("east", 0, "SB207"), (True, 0, "SB207"), ([], 0, "SB207"), ("1e400", 0, "SB207"),
    (10**400, 0, "SB207"), ("180.1", 0, "SB208"), (-181, 0, "SB208"), (0, "90.5", "SB208"), (0, -91, "SB208"),
    (None, 0, "SB206"), (0, None, "SB206"), ("nan", 0, "SB206"),
])  # fmt: skip
def test_odd_lon_and_lat_are_refused(x, y, code):
    assert refused({"x": x, "y": y}, lon="x", lat="y").code == code


def test_hints_say_what_probably_happened():
    assert "decimal points are dots" in refused({"x": "24,9", "y": 1}, lon="x", lat="y").hint
    assert 'crs = "EPSG:32633"' in refused({"x": 500_000, "y": 6_000_000}, lon="x", lat="y").hint
    assert "wrong order" in refused({"x": 60.2, "y": 124.9}, lon="x", lat="y").hint
    assert "subtract 360" in refused({"x": 190, "y": 10}, lon="x", lat="y").hint


def test_the_rim_of_the_world_is_in_range():
    assert located({"x": -180, "y": 90}, lon="x", lat="y")[1] == [-180.0, 90.0, -180.0, 90.0]


# ---- boxes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("box", ["1,2,3,4", "1 2 3 4", "1, 2, 3, 4", "[1,2,3,4]", "[ 1.0, 2, 3, 4 ]", [1, 2, 3, 4],
                                 ["1", "2", "3", "4"], " 1\t2 3\n4 "])  # fmt: skip
def test_box_of_one_column_in_every_writing(box):
    assert located({"b": box}, bbox="b") == ({"type": "Polygon", "coordinates": SQUARE}, [1.0, 2.0, 3.0, 4.0])


def test_box_of_four_columns():
    record = {"w": "1", "s": 2, "e": "3", "n": "4.0"}
    shape, bbox = located(record, bbox=["w", "s", "e", "n"])
    assert (shape["coordinates"], bbox) == (SQUARE, [1.0, 2.0, 3.0, 4.0])
    assert refused({**record, "e": None}, bbox=["w", "s", "e", "n"]).code == "SB206"


def test_box_of_six_numbers_keeps_its_heights_in_the_bbox_alone():
    shape, bbox = located({"b": "1,2,-5,3,4,9"}, bbox="b")
    assert (shape["coordinates"], bbox) == (SQUARE, [1.0, 2.0, -5.0, 3.0, 4.0, 9.0])


def test_box_without_area_is_a_point_or_a_line():
    assert located({"b": "1,2,1,2"}, bbox="b")[0] == {"type": "Point", "coordinates": [1.0, 2.0]}
    assert located({"b": "1,2,1,4"}, bbox="b")[0] == {"type": "LineString", "coordinates": [[1.0, 2.0], [1.0, 4.0]]}


@pytest.mark.parametrize("box", ["", "1,2,3", "1,2,3,4,5", "1,,3,4", "1,2,3,x", "1;2;3;4", "[1,null,3,4]",
                                 [1, None, 3, 4],
                                 {"a": 1}, 5, True, "1,5,3,4", "1,2,9,3,4,5", "inf,2,3,4", "[1,2,3,4"])  # fmt: skip
def test_what_is_no_box_is_refused(box):
    assert refused({"b": box}, bbox="b").code == "SB207"


def test_box_with_nan_is_refused_rather_than_missing():
    assert refused({"b": "1,nan,3,4"}, bbox="b").code == "SB208"


def test_box_across_the_antimeridian_is_cut_there():
    shape, bbox = located({"b": "170,-10,-175,10"}, bbox="b")
    assert bbox == [170.0, -10.0, -175.0, 10.0]
    assert shape == {
        "type": "MultiPolygon",
        "coordinates": [
            [[[170.0, -10.0], [180.0, -10.0], [180.0, 10.0], [170.0, 10.0], [170.0, -10.0]]],
            [[[-180.0, -10.0], [-175.0, -10.0], [-175.0, 10.0], [-180.0, 10.0], [-180.0, -10.0]]],
        ],
    }


def test_box_that_ends_at_the_antimeridian_is_in_one_piece():
    assert located({"b": "170,0,-180,1"}, bbox="b")[1] == [170.0, 0.0, 180.0, 1.0]
    assert located({"b": "180,0,-170,1"}, bbox="b")[1] == [-180.0, 0.0, -170.0, 1.0]


def test_box_of_the_world_is_no_crossing():
    shape, bbox = located({"b": "-180,-90,180,90"}, bbox="b")
    assert (shape["type"], bbox) == ("Polygon", [-180.0, -90.0, 180.0, 90.0])


odd_numbers = st.sampled_from(["1.", ".5", "+1", "1e1", "-0", "1_0", "e", "--1"])
numbers = st.floats(-90, 90).map(repr) | st.integers(-90, 90).map(str) | odd_numbers
positions = st.lists(numbers, min_size=2, max_size=4)


@given(st.lists(positions, min_size=1, max_size=6), st.sampled_from(["", " Z", "z", " M"]))
def test_plain_wkt_is_read_as_geos_reads_it(places, dimension):
    text = ", ".join(" ".join(place) for place in places)
    for whole in (f"POINT{dimension} ({text})", f"POLYGON{dimension}(({text},{' '.join(places[0])}))"):
        try:
            expected = wkt._by_geos(whole)
        except ItemError as error:
            expected = error.code
        try:
            found = wkt.parse(whole)
        except ItemError as error:
            found = error.code
        assert found == expected, whole
