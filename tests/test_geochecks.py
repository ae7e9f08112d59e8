"""Own checks: what each finds, as error or warning, and what it passes over."""

import copy
import subprocess
import sys

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry.polygon import orient

from stacbuild.stages.geochecks import CODES, faults_of
from stacbuild.stages.judge import Judge
from stacbuild.stages.rings import turn
from stacbuild.stages.schemas import SchemaStore

SQUARE = [[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]
HOLE = [[0.2, 0.2], [0.2, 0.4], [0.4, 0.4], [0.4, 0.2], [0.2, 0.2]]
ITEM = {
    "type": "Feature",
    "stac_version": "1.1.0",
    "id": "a",
    "geometry": {"type": "Polygon", "coordinates": [SQUARE]},
    "bbox": [0, 0, 1, 1],
    "properties": {"datetime": "2024-01-01T00:00:00Z"},
    "links": [{"rel": "collection", "href": "./c/collection.json"}],
    "assets": {},
    "collection": "c",
}


def item(**members):
    return {**copy.deepcopy(ITEM), **members}


def polygon(*rings, bbox=...):
    box = [min(p[0] for p in rings[0]), min(p[1] for p in rings[0]), max(p[0] for p in rings[0]), max(p[1] for p in rings[0])]  # fmt: skip  # noqa: E501
    return item(geometry={"type": "Polygon", "coordinates": list(rings)}, bbox=box if bbox is ... else bbox)


def found(document, **kind):
    """Return (code, is it a warning, path) of each fault."""
    faults = faults_of(document, **kind)
    assert all(fault.code in CODES and fault.hint and fault.stage == "validate" for fault in faults)
    return [(fault.code, fault.warning, fault.path) for fault in faults]


def test_good_items_have_no_faults():
    point = {"type": "Point", "coordinates": [5, 6]}
    line = {"type": "LineString", "coordinates": [[0, 0], [1, 1]]}
    many = {"type": "MultiPolygon", "coordinates": [[SQUARE], [[[p[0] + 5, p[1]] for p in SQUARE]]]}
    for document in (
        ITEM,
        polygon(SQUARE, HOLE),
        item(geometry=point, bbox=[5, 6, 5, 6]),
        item(geometry=line),
        item(geometry=many, bbox=[0, 0, 6, 1]),
        item(geometry={"type": "MultiPoint", "coordinates": [[0, 0, 9], [1, 1, 10]]}, bbox=[0, 0, 9, 1, 1, 10]),
        item(geometry=None),
        polygon([[-180, -90], [180, -90], [180, 90], [-180, 90], [-180, -90]]),
    ):
        assert found(document) == []


# ---- rings -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ring", "words"),
    [
        (SQUARE[:-1], "a ring is not closed"),
        ([[0, 0], [1, 0], [0, 0]], "a ring has 3 positions, not four or more"),
        ([], "a ring has 0 positions, not four or more"),
    ],
)
def test_open_ring_is_an_error(ring, words):
    document = item(geometry={"type": "Polygon", "coordinates": [SQUARE, ring]})
    assert found(document) == [("SB310", False, "/geometry/coordinates/1")]
    assert faults_of(document)[0].message == words


def test_heights_may_differ_where_a_ring_closes():
    assert found(polygon([[0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 0, 2]])) == []


def test_ring_of_the_wrong_direction_is_a_warning():
    assert found(polygon(SQUARE[::-1])) == [("SB311", True, "/geometry/coordinates/0")]
    assert found(polygon(SQUARE, HOLE[::-1])) == [("SB311", True, "/geometry/coordinates/1")]
    many = {"type": "MultiPolygon", "coordinates": [[SQUARE], [[[p[0] + 5, p[1]] for p in SQUARE[::-1]]]]}
    assert found(item(geometry=many, bbox=[0, 0, 6, 1])) == [("SB311", True, "/geometry/coordinates/1/0")]


@pytest.mark.parametrize(
    ("rings", "words"),
    [
        ([[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]], "the geometry crosses itself, at 0.5, 0.5"),
        ([[[0, 0], [1, 0], [2, 0], [0, 0]]], "a ring has no area"),
        ([SQUARE, [[2, 2], [2, 3], [3, 3], [3, 2], [2, 2]]], "a hole lies outside its polygon"),
    ],
)
def test_polygon_that_is_not_simple_is_a_warning(rings, words):
    faults = [fault for fault in faults_of(polygon(*rings)) if fault.code == "SB312"]
    assert [(fault.warning, fault.path) for fault in faults] == [(True, "/geometry")]
    assert faults[0].message.startswith(words)


def test_star_that_turns_one_way_only_is_found_out():
    star = [[0, 3], [-2, -3], [3, 1], [-3, 1], [2, -3], [0, 3]]
    assert ("SB312", True, "/geometry") in found(polygon(star))


def test_parts_that_overlap_are_a_warning_and_neighbours_are_none():
    def moved(by):
        return {"type": "MultiPolygon", "coordinates": [[SQUARE], [[[p[0] + by, p[1]] for p in SQUARE]]]}

    assert found(item(geometry=moved(0.5), bbox=[0, 0, 1.5, 1])) == [("SB312", True, "/geometry")]
    assert found(item(geometry=moved(1), bbox=[0, 0, 2, 1])) == []


def test_concave_footprint_is_good():
    assert found(polygon([[0, 0], [4, 0], [4, 4], [2, 1], [0, 4], [0, 0]])) == []


@given(st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), min_size=3, max_size=7, unique=True))
def test_a_ring_called_convex_is_valid_to_shapely(corners):
    ring = [list(corner) for corner in (*corners, corners[0])]
    shape = turn(ring)
    if shape.convex:
        whole = shapely.Polygon(ring)
        assert whole.is_valid
        assert (shape.area > 0) == whole.exterior.is_ccw
        assert shape.area == pytest.approx(2 * whole.area if shape.area > 0 else -2 * whole.area)


@given(st.lists(st.tuples(st.floats(-170, 170), st.floats(-80, 80)), min_size=3, max_size=12, unique=True))
def test_convex_hulls_have_no_faults_and_reversed_ones_are_clockwise(corners):
    hull = shapely.MultiPoint(corners).convex_hull
    if hull.geom_type == "Polygon" and hull.area > 1e-6:
        ring = [list(p) for p in orient(hull).exterior.coords]
        assert "SB311" not in {code for code, _, _ in found(polygon(ring))}
        assert ("SB311", True, "/geometry/coordinates/0") in found(polygon(ring[::-1]))


def test_shapely_is_not_loaded_for_plain_footprints():
    code = f"""
import sys
from stacbuild.stages.geochecks import faults_of
assert faults_of({ITEM!r}) == []
sys.exit("shapely" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# ---- boxes and positions ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bbox", "words"),
    [
        ([0, 1, 1, 0], "bbox: south 1 is north of north 0"),
        ([0, 0, 9, 1, 1, 5], "bbox: its lowest height 9 is above its highest 5"),
        ([10, 10, 11, 11], "the bbox lies beside the geometry"),
        ([0, 20, 1, 21], "the bbox lies beside the geometry"),
        ([0, 0, 0.5, 1], "the geometry sticks out of the bbox by 0.5 degrees"),
        ([0, 0.25, 1, 1], "the geometry sticks out of the bbox by 0.25 degrees"),
    ],
)
def test_bbox_that_does_not_fit_is_a_warning(bbox, words):
    (fault,) = faults_of(item(bbox=bbox))
    assert (fault.code, fault.warning, fault.path, fault.message) == ("SB314", True, "/bbox", words)


@pytest.mark.parametrize("bbox", [[0, 0, 0.9999, 1], [-5, -5, 5, 5], [0.0005, 0, 1, 1]])
def test_rounded_and_generous_boxes_fit(bbox):
    assert found(item(bbox=bbox)) == []


EAST, WEST = [[170, 0], [180, 0], [180, 9], [170, 9], [170, 0]], [[-180, 0], [-170, 0], [-170, 9], [-180, 9], [-180, 0]]


@pytest.mark.parametrize("bbox", [[170, 0, -170, 9], [-180, 0, 180, 9], [170, 0, 190, 9], [-190, 0, -170, 9]])
def test_bbox_over_the_antimeridian_fits_what_is_cut_there(bbox):
    document = item(geometry={"type": "MultiPolygon", "coordinates": [[EAST], [WEST]]}, bbox=bbox)
    assert {code for code, _, _ in found(document)} <= {"SB313"}  # of boxes that go beyond 180
    document["geometry"]["coordinates"][0] = [[[p[0] - 160, p[1]] for p in EAST]]
    assert bbox[0] == -180 or ("SB314", True, "/bbox") in found(document)


def test_footprint_that_is_not_cut_at_the_antimeridian_is_a_warning():
    around = [[170, 0], [-170, 0], [-170, 9], [170, 9], [170, 0]]
    assert found(polygon(around, bbox=[170, 0, -170, 9])) == [("SB315", True, "/geometry/coordinates")]


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        (500000, 1, "longitude 500000 is beyond 360 degrees"),
        (1, 128.6, "latitude 128.6 is beyond 90 degrees"),
        (1, -91, "latitude -91 is beyond 90 degrees"),
        (200, 1, "longitude 200 is beyond 180 degrees"),
    ],
)
def test_position_off_the_earth_is_a_warning(x, y, words):
    faults = faults_of(item(geometry={"type": "Point", "coordinates": [x, y]}, bbox=[x, y, x, y]))
    assert [(f.code, f.warning, f.path, f.message) for f in faults] == [
        ("SB313", True, "/bbox", words),
        ("SB313", True, "/geometry/coordinates", words),
    ]


def test_rounding_at_the_edge_of_the_earth_is_nothing():
    point = {"type": "Point", "coordinates": [180.0000001, -90.0000001]}
    assert found(item(geometry=point, bbox=None)) == []


# ---- moments, ids, links ---------------------------------------------------------------------------------------------


def test_interval_that_ends_before_it_starts_is_an_error():
    times = {"datetime": None, "start_datetime": "2024-01-02T00:00:00Z", "end_datetime": "2024-01-01T23:59:59.5Z"}
    assert found(item(properties=times)) == [("SB316", False, "/properties/start_datetime")]


@pytest.mark.parametrize(
    ("moment", "expected"),
    [("2024-01-01T00:00:00Z", []), ("2024-01-02T00:00:00Z", []), ("2024-01-01T12:00:00.123456789Z", []),
     ("2024-01-02T00:00:01Z", [("SB317", True, "/properties/datetime")]),
     ("2023-12-31T23:00:00Z", [("SB317", True, "/properties/datetime")]), (None, []), ("soon", []), (5, [])],
)  # fmt: skip
def test_datetime_outside_its_interval_is_a_warning(moment, expected):
    times = {"datetime": moment, "start_datetime": "2024-01-01T00:00:00Z", "end_datetime": "2024-01-02T00:00:00Z"}
    assert found(item(properties=times)) == expected


@pytest.mark.parametrize("name", ["a\nb", "\x00", "x\x7f", "\x85"])
def test_id_with_control_characters_is_an_error(name):
    assert found(item(id=name)) == [("SB319", False, "/id")]


def test_blank_id_is_an_error_and_an_empty_one_is_the_schemas():
    assert found(item(id="  ")) == [("SB319", False, "/id")]
    assert found(item(id="")) == []
    assert [fault.code for fault in Judge(SchemaStore([], {}), missing="warn").judge(item(id="")).faults] == ["SB301"]


def test_link_that_leads_to_another_collection_is_a_warning():
    def linked(*hrefs):
        return item(links=[{"rel": "collection", "href": href} for href in hrefs])

    assert found(linked("https://example.com/stac/collections/c")) == []
    assert found(linked("https://example.com/stac/collections/c/")) == []
    assert found(linked("../elsewhere/collection.json")) == []
    assert found(linked("https://example.com/stac/collections/d%20d")) == [("SB318", True, "/links/0/href")]
    assert found(linked("./a.json", "./b.json")) == [("SB318", True, "/links/1")]


# ---- other documents -------------------------------------------------------------------------------------------------


def test_extents_of_collections_are_looked_at():
    extent = {
        "spatial": {"bbox": [[0, 0, 1, 1], [0, 5, 1, 1]]},
        "temporal": {"interval": [["2024-01-02T00:00:00Z", "2024-01-01T00:00:00Z"], [None, None]]},
    }
    document = {"type": "Collection", "id": "c", "extent": extent}
    assert found(document, item=False) == [
        ("SB314", True, "/extent/spatial/bbox/1"),
        ("SB316", False, "/extent/temporal/interval/0"),
    ]
    assert found({"type": "Catalog", "id": "a\tb"}, item=False) == [("SB319", False, "/id")]


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.sampled_from(["type", "coordinates", "a"]), inner),
    max_leaves=12,
)


@given(st.sampled_from([*ITEM, "extent"]), ODD, st.sampled_from(["Point", "Polygon", "MultiPolygon"]), ODD)
def test_whatever_stands_in_a_document_is_no_crash(member, value, kind, coordinates):
    document = item(geometry={"type": kind, "coordinates": coordinates}) | {member: value}
    for is_item in (True, False):
        for fault in faults_of(document, item=is_item):
            assert fault.code in CODES
