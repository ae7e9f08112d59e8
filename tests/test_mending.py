"""Shapes as RFC 7946 wants them: rings turned, cut at the antimeridian, valid; expected coordinates are by hand."""

import subprocess
import sys

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from msgspec import convert

from stacbuild.failures import ItemError
from stacbuild.recipe import schema
from stacbuild.stages.geometry import compiled

LOCATE = compiled(convert({"geojson": "g"}, schema.Geometry))


def mended(kind, coordinates):
    """Return the shape, its bbox and the codes of what was said."""
    said = []
    shape, bbox = LOCATE({"g": {"type": kind, "coordinates": coordinates}}, said.append)
    assert all(warning.path == "/geometry" for warning in said)
    return shape, bbox, [warning.code for warning in said]


def ring(west, south, east, north):
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def area(shape):
    return shapely.from_geojson(shapely.to_geojson(shapely.geometry.shape(shape))).area


# ---- rings


def test_a_sound_shape_stays_to_the_digit():
    square = [ring(1, 2.000000001, 3, 4), ring(1.5, 2.5, 2, 3)[::-1]]
    assert mended("Polygon", square) == ({"type": "Polygon", "coordinates": square}, [1, 2.000000001, 3, 4], [])


def test_rings_are_turned_the_exterior_against_the_clock_and_holes_with_it():
    shell, hole = ring(0, 0, 9, 9), ring(1, 1, 2, 2)
    for outer in (shell, shell[::-1]):
        for inner in (hole, hole[::-1]):
            shape, _, said = mended("Polygon", [outer, inner])
            assert (shape["coordinates"], said) == ([shell, hole[::-1]], [])
    parts = [[ring(0, 0, 1, 1)[::-1]], [ring(2, 2, 3, 3)]]
    assert mended("MultiPolygon", parts)[0]["coordinates"] == [[ring(0, 0, 1, 1)], [ring(2, 2, 3, 3)]]


def test_the_record_is_not_touched_when_a_ring_is_turned():
    clockwise = ring(0, 0, 1, 1)[::-1]
    before = [*map(list, clockwise)]
    mended("Polygon", [clockwise])
    assert clockwise == before


# ---- repair


def test_a_bow_tie_becomes_its_two_triangles_and_that_is_said():
    shape, bbox, said = mended("Polygon", [[[0, 0], [2, 2], [2, 0], [0, 2], [0, 0]]])
    assert said == ["SB218"]
    assert (shape["type"], bbox, area(shape)) == ("MultiPolygon", [0, 0, 2, 2], 2)
    assert all([1, 1] in part[0] for part in shape["coordinates"])


def test_parts_that_overlap_become_one():
    shape, bbox, said = mended("MultiPolygon", [[ring(0, 0, 2, 2)], [ring(1, 1, 3, 3)]])
    assert (shape["type"], bbox, area(shape), said) == ("Polygon", [0, 0, 3, 3], 7, ["SB218"])


def test_a_hole_that_lies_outside_becomes_a_part_of_its_own():
    shape, bbox, said = mended("Polygon", [ring(0, 0, 2, 2), ring(5, 5, 6, 6)])
    assert (shape["type"], bbox, area(shape), said) == ("MultiPolygon", [0, 0, 6, 6], 5, ["SB218"])


@pytest.mark.parametrize(
    ("flat", "kind"),
    [([[0, 0], [2, 0], [1, 0], [0, 0]], ("LineString", "MultiLineString")), ([[1, 2]] * 4, ("Point",))],
)
def test_a_ring_without_area_becomes_a_line_or_a_point(flat, kind):
    shape, _, said = mended("Polygon", [flat])
    assert shape["type"] in kind
    assert said == ["SB218"]


def test_heights_survive_a_repair():
    shape, bbox, _ = mended("Polygon", [[[0, 0, 5], [2, 2, 5], [2, 0, 5], [0, 2, 5], [0, 0, 5]]])
    assert bbox == [0, 0, 5, 2, 2, 5]
    assert all(len(position) == 3 for part in shape["coordinates"] for position in part[0])


def test_positions_that_are_made_have_seven_decimals():
    shape, _, _ = mended("Polygon", [[[0, 0], [1, 1], [1, 0], [0, 1 / 3], [0, 0]]])
    texts = [repr(number).partition(".")[2] for part in shape["coordinates"] for place in part[0] for number in place]
    assert max(map(len, texts)) <= 7


# ---- the antimeridian

CROSSING = [[179, 0], [-179, 0], [-179, 2], [179, 2], [179, 0]]


@pytest.mark.parametrize("given_ring", [CROSSING, CROSSING[::-1], [*CROSSING[2:], *CROSSING[1:3]]])
def test_a_ring_that_jumps_is_cut_there_and_that_is_said(given_ring):
    shape, bbox, said = mended("Polygon", [given_ring])
    assert (shape["type"], bbox, said) == ("MultiPolygon", [179, 0, -179, 2], ["SB219"])
    boxes = sorted(shapely.geometry.shape({"type": "Polygon", "coordinates": p}).bounds for p in shape["coordinates"])
    assert boxes == [(-180, 0, -179, 2), (179, 0, 180, 2)]
    assert all(shapely.is_ccw(shapely.LinearRing(part[0])) for part in shape["coordinates"])


def test_longitudes_beyond_180_are_cut_and_brought_back():
    for west in (179, -181):
        shape, bbox, said = mended("Polygon", [ring(west, 0, west + 2, 2)])
        assert (shape["type"], bbox, said, area(shape)) == ("MultiPolygon", [179, 0, -179, 2], [], 4)


@pytest.mark.parametrize("west", [181, -190, 400])
def test_a_shape_all_beyond_is_refused_with_what_to_do(west):
    with pytest.raises(ItemError) as caught:
        mended("Polygon", [ring(west, 0, west + 2, 2)])
    assert caught.value.code == "SB208"


def test_a_line_that_jumps_is_cut():
    shape, bbox, said = mended("LineString", [[179, 0], [-179, 2]])
    assert shape == {"type": "MultiLineString", "coordinates": [[[179, 0], [180, 1]], [[-180, 1], [-179, 2]]]}
    assert (bbox, said) == ([179, 0, -179, 2], ["SB219"])


def test_a_belt_around_the_world_is_no_crossing():
    belt = ring(-180, -10, 180, 10)
    assert mended("Polygon", [belt]) == ({"type": "Polygon", "coordinates": [belt]}, [-180, -10, 180, 10], [])


def test_a_wide_ring_whose_neighbours_are_near_is_no_crossing():
    south = [[x, -10] for x in range(-179, 180, 2)]
    north = [[x, 10] for x in range(179, -180, -2)]
    shape, bbox, said = mended("Polygon", [[*south, *north, south[0]]])
    assert (shape["type"], bbox, said) == ("Polygon", [-179, -10, 179, 10], [])


def test_hole_of_a_cut_ring_stays_in_its_part():
    shape, _, _ = mended("Polygon", [[[170, 0], [-170, 0], [-170, 9], [170, 9], [170, 0]], ring(-178, 1, -176, 3)])
    assert area(shape) == 20 * 9 - 4


def test_heights_survive_a_cut():
    tall = [[*place, 7] for place in CROSSING]
    shape, bbox, _ = mended("Polygon", [tall])
    assert bbox == [179, 0, 7, -179, 2, 7]
    assert {position[2] for part in shape["coordinates"] for position in part[0]} == {7}


@pytest.mark.parametrize(("south", "pole"), [(80, 90), (-80, -90)])
@pytest.mark.parametrize("step", [1, -1])
def test_a_ring_around_a_pole_is_led_to_it(south, pole, step):
    around = [[x, south] for x in (0, 60, 120, 179, -120, -60, 0)][::step]
    shape, bbox, _ = mended("Polygon", [around])
    assert bbox == [-180, min(south, pole), 180, max(south, pole)]
    assert area(shape) == 3600


def test_a_bow_tie_across_the_antimeridian_is_repaired_and_cut():
    shape, bbox, said = mended("Polygon", [[[179, 0], [-179, 2], [-179, 0], [179, 2], [179, 0]]])
    assert (bbox, sorted(said), area(shape)) == ([179, 0, -179, 2], ["SB218", "SB219"], 2)


longitudes = st.integers(-179, 179)
latitudes = st.integers(-89, 89)
polygons = st.lists(st.tuples(longitudes, latitudes), min_size=3, max_size=8)


@given(st.lists(polygons, min_size=1, max_size=3))
def test_whatever_goes_in_comes_out_valid_and_in_range(parts):
    coordinates = [[[*map(list, part), list(part[0])]] for part in parts]
    try:
        shape, bbox, _ = mended("MultiPolygon", coordinates)
    except ItemError as error:
        assert "goes around a pole" in error.message  # noqa: PT017
        return
    made = shapely.geometry.shape(shape)
    assert made.is_valid
    west, south, east, north = made.bounds
    assert (bbox[1], bbox[3]) == (south, north)
    assert -180 <= west <= east <= 180
    for part in shape["coordinates"] if shape["type"] == "MultiPolygon" else [shape["coordinates"]]:
        if shape["type"].endswith("Polygon"):
            assert shapely.is_ccw(shapely.LinearRing(part[0]))


@given(st.integers(170, 179), st.integers(-179, -170), st.integers(-80, 0), st.integers(1, 80), st.booleans())
def test_a_crossing_box_is_the_same_written_with_jumps_or_beyond_180(west, east, south, north, turned):
    jumping = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    by_jump = mended("Polygon", [jumping[::-1] if turned else jumping])[0]
    beyond = mended("Polygon", [ring(west, south, east + 360, north)])[0]
    assert shapely.geometry.shape(by_jump).equals(shapely.geometry.shape(beyond))


def test_plain_footprints_load_no_heavy_library():
    code = """
import sys
from stacbuild.recipe.schema import Geometry
from stacbuild.stages.geometry import compiled
square = {"type": "Polygon", "coordinates": [[[0, 0], [2, 0], [3, 2], [0, 2], [0, 0]]]}
compiled(Geometry(geojson="g"))({"g": square}, print)
sys.exit(bool({"shapely", "pyproj", "numpy", "antimeridian"} & set(sys.modules)))
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
