"""Geometry and bbox of records in lon/lat; expected coordinates are worked out by hand."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import convert

from stacbuild.failures import ItemError
from stacbuild.recipe import schema
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


numbers = st.floats(-180, 180).map(lambda x: x + 0.0)


@given(numbers, st.floats(-90, 90), numbers, st.floats(-90, 90))
def test_bbox_of_a_box_is_the_box(west, south, east, north):
    south, north = sorted([south, north])
    if west == 180 or east == -180:
        return
    _, bbox = located({"b": [west, south, east, north]}, bbox="b")
    assert bbox == [west, south, east, north]


# ---- GeoJSON ---------------------------------------------------------------------------------------------------------


def test_geojson_is_taken_as_object_and_as_text():
    point = {"type": "Point", "coordinates": [1, 2]}
    assert located({"g": point}, geojson="g") == (point, [1, 2, 1, 2])
    assert located({"g": '{"type": "Point", "coordinates": [1, 2]}'}, geojson="g") == (point, [1, 2, 1, 2])


def test_only_type_and_coordinates_are_kept():
    given_ = {"type": "Point", "coordinates": [1, 2], "bbox": [9, 9, 9, 9], "crs": {}, "x": 1}
    assert located({"g": given_}, geojson="g")[0] == {"type": "Point", "coordinates": [1, 2]}


@pytest.mark.parametrize(
    "value",
    [
        "{", "null", "5", "[]", "x", 5, [], {}, "[" * 10_000,
        {"type": "Feature", "geometry": {"type": "Point", "coordinates": [1, 2]}},
        {"type": ["Point"], "coordinates": [1, 2]},
        {"type": "point", "coordinates": [1, 2]},
        {"type": "Point", "coordinates": {}},
        {"type": "Point", "coordinates": "1,2"},
        {"type": "Point", "coordinates": [1]},
        {"type": "Point", "coordinates": [True, 2]},
        {"type": "Point", "coordinates": ["1", "2"]},
        {"type": "Point", "coordinates": [10**400, 2]},
        {"type": "LineString", "coordinates": [[1, 2]]},
        {"type": "LineString", "coordinates": "ab"},
        {"type": "Polygon", "coordinates": [[1, 2], [3, 4]]},
        {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [0, 0]]]},
        {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1]]]},
        {"type": "MultiPolygon", "coordinates": [[[0, 0], [1, 1]]]},
    ],
)  # fmt: skip
def test_what_is_no_geojson_geometry_is_refused(value):
    assert refused({"g": value}, geojson="g").code == "SB207"


@pytest.mark.parametrize("coordinates", [None, [], [[]], [[], []]])
def test_empty_geojson_has_no_place(coordinates):
    assert refused({"g": {"type": "Polygon", "coordinates": coordinates}}, geojson="g").code == "SB209"


def test_feature_gets_the_hint_to_name_its_geometry():
    assert "name the geometry inside it" in refused({"g": {"type": "Feature"}}, geojson="g").hint


def test_heights_are_in_the_bbox_only_if_every_position_has_one():
    line = {"type": "LineString", "coordinates": [[0, 0, 5], [1, 1, -5]]}
    assert located({"g": line}, geojson="g")[1] == [0, 0, -5, 1, 1, 5]
    line = {"type": "LineString", "coordinates": [[0, 0, 5], [1, 1]]}
    assert located({"g": line}, geojson="g")[1] == [0, 0, 1, 1]


def test_parts_on_both_sides_of_the_antimeridian_give_a_bbox_across_it():
    def part(west, east):
        return [[[west, 0], [east, 0], [east, 1], [west, 1], [west, 0]]]

    shape = {"type": "MultiPolygon", "coordinates": [part(-180, -170), part(175, 180)]}
    assert located({"g": shape}, geojson="g")[1] == [175, 0, -170, 1]
    shape["coordinates"].append(part(-10, 10))
    assert located({"g": shape}, geojson="g")[1] == [175, 0, 10, 1]
    shape["coordinates"].append(part(-170, 175))
    assert located({"g": shape}, geojson="g")[1] == [-180, 0, 180, 1]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-200, 200) | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["type", "coordinates", "x"]), inner),
    max_leaves=15,
)
kinds = st.sampled_from(["Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "Feature"])


@given(json_values | st.fixed_dictionaries({"type": kinds, "coordinates": json_values}))
def test_whatever_stands_in_a_field_is_a_shape_or_an_item_error(value):
    for spec in ({"geojson": "g"}, {"wkt": "g"}, {"bbox": "g"}, {"lon": "g", "lat": "g"}):
        try:
            shape, bbox = located({"g": value}, **spec)
        except ItemError as error:
            assert error.code in {"SB206", "SB207", "SB208", "SB209"}  # noqa: PT017
        else:
            assert shape["coordinates"]
            assert len(bbox) in (4, 6)


# ---- constants and defaults ------------------------------------------------------------------------------------------

POINT = {"type": "Point", "coordinates": [1, 2]}


def test_constant_geometry_is_every_records():
    assert located({}, value=POINT) == (POINT, [1, 2, 1, 2])


def test_record_without_geometry_fails_and_says_what_it_misses():
    error = refused({}, wkt="w")
    assert error.code == "SB206"
    assert error.message == "the record has no geometry: 'w' is missing"
    assert refused({}, lon="x", lat="y").message == "the record has no geometry: one of 'x', 'y' is missing"


def test_default_is_taken_for_a_record_without_geometry():
    assert located({}, wkt="w", default=POINT) == (POINT, [1, 2, 1, 2])
    assert located({}, wkt="w", default="null") == (None, None)


def test_default_does_not_hide_a_bad_value():
    assert refused({"w": "x"}, wkt="w", default="null").code == "SB207"


def test_points_and_boxes_load_no_heavy_library():
    code = """
import sys
from stacbuild.recipe.schema import Geometry
from stacbuild.stages.geometry import compiled
from stacbuild.stages.mending import silent
compiled(Geometry(lon="x", lat="y"))({"x": 1, "y": 2}, silent)
compiled(Geometry(bbox="b"))({"b": "1,2,3,4"}, silent)
sys.exit(bool({"shapely", "pyproj", "numpy"} & set(sys.modules)))
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
