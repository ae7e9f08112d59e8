"""Conditions over items: what is true, what is false, and what is unknown."""

import subprocess
import sys

import pytest

from stacbuild.cql2 import compile_filter
from stacbuild.recipe import schema
from stacbuild.stages.where import Where

ITEM = {
    "type": "Feature",
    "stac_version": "1.1.0",
    "id": "scene-1",
    "collection": "scenes",
    "geometry": {"type": "Polygon", "coordinates": [[[0, 0], [4, 0], [4, 4], [0, 4], [0, 0]]]},
    "bbox": [0, 0, 4, 4],
    "assets": {"data": {"href": "a.tif", "roles": ["data"]}, "B01.tif": {"href": "b.tif"}},
    "links": [{"rel": "self", "href": "x"}],
    "properties": {
        "datetime": "2024-03-01T12:00:00Z",
        "start_datetime": "2024-03-01T00:00:00Z",
        "end_datetime": "2024-03-02T00:00:00Z",
        "eo:cloud_cover": 12.5,
        "gsd": 10,
        "less": -7,
        "platform": "Sentinel-2A",
        "place": "Zürich",
        "empty": "",
        "percent": "100%",
        "flag": True,
        "off": False,
        "nothing": None,
        "day": "2024-03-01",
        "tags": ["a", "b", "b"],
        "mixed": [1, "1", True, None],
        "deep": {"a": {"b": 5}, "list": [{"c": 7}]},
        "a.b": "dotted",
        "名前": "x",
        "huge": 10**400,
        "type": "property",
        "box": [1, 1, 2, 2],
        "far": [170, -10, -170, 10],
        "odd name-1": 1,
    },
}


def answer(condition, item=ITEM):
    return compile_filter(condition)(item)


def cases(block):
    return [line.strip() for line in block.strip().splitlines()]


TRUE = cases("""
    eo:cloud_cover < 20
    properties.eo:cloud_cover = 12.5
    gsd = 10.0
    gsd <> 11
    gsd >= 10 AND gsd <= 10
    NOT gsd > 10
    id = 'scene-1' AND collection = 'scenes'
    assets.data.href = 'a.tif'
    "assets.B01\\.tif.href" = 'b.tif'
    links.0.rel = 'self'
    deep.a.b = 5
    deep.list.0.c = 7
    a.b = 'dotted'
    properties.type = 'property' AND type = 'Feature'
    名前 = 'x'
    "odd name-1" = 1
    1 = "odd name-1"
    off <> "properties.odd name-1" OR gsd > "properties.odd name-1"
    '"odd name-1"' <> 'gsd = "a"'
    flag
    flag = true
    off = false
    NOT off
    (gsd = 10) = true
    off < flag
    nothing IS NULL
    absent IS NULL
    absent.deeper IS NULL
    gsd IS NOT NULL
    (absent > 5) IS NULL
    platform > 'Sentinel-1' AND platform < 'Sentinel-3'
    gsd BETWEEN 10 AND 11
    gsd NOT BETWEEN 11 AND 12
    gsd BETWEEN less AND huge
    gsd IN (9, 10)
    platform IN ('x', 'Sentinel-2A')
    gsd NOT IN (9, 11)
    gsd IN (absent, 10)
    gsd IN ('x', 10)
    gsd + 5 = 15
    gsd - less = 17
    gsd * 2 = 20 AND gsd / 4 = 2.5
    less div 2 = -3 AND less % 2 = -1
    gsd ^ 2 = 100
    2 + 3 * 2 = 8
    huge > 1
    tags = ('a', 'b', 'b')
    tags <> ('b', 'a', 'b')
    a_equals(tags, ('b', 'a'))
    a_contains(tags, ('b'))
    a_containedBy(tags, ('a', 'b', 'c'))
    a_overlaps(tags, ('c', 'b'))
    a_contains(mixed, (1.0, '1'))
    a_contains(mixed, (true))
""")

FALSE = cases("""
    gsd = 11
    gsd <> 10
    gsd < 10 OR gsd > 10
    NOT flag
    off
    gsd IS NULL
    nothing IS NOT NULL
    absent > 5 AND gsd = 11
    gsd BETWEEN 11 AND absent
    gsd IN (1, 2)
    platform IN ('x', 'y')
    tags = ('a', 'b')
    a_equals(tags, ('a'))
    a_contains(tags, ('a', 'z'))
    a_overlaps(tags, ('z', 'y'))
    a_contains(tags, (1))
    empty = 'x'
    true = false
""")

UNKNOWN = cases("""
    absent = 1
    absent <> 1
    NOT absent = 1
    nothing = 1
    absent = absent
    gsd = '10'
    gsd <> '10'
    platform > 5
    flag = 1
    flag = 'true'
    flag > 0
    gsd
    platform
    NOT platform
    absent = 1 AND gsd = 10
    absent = 1 OR gsd = 11
    gsd IN (absent, 11)
    gsd NOT IN (absent, 11)
    gsd IN ('x', 11)
    absent IN (1, 2)
    gsd IN ('x', 'y')
    gsd BETWEEN absent AND 11
    gsd BETWEEN 9 AND absent
    tags < mixed
    tags = 'a'
    deep > 5
    gsd + absent = 1
    platform + 1 = 2
    flag + 1 = 2
    gsd / off = 1
    gsd / (gsd - 10) = 1
    gsd % (gsd - 10) = 1
    huge / 3.5 > 1
    huge ^ huge > 1
    less ^ 0.5 > 1
    a_contains(gsd, (10))
    a_contains(absent, (10))
    a_contains(tags, (absent))
""")


@pytest.mark.parametrize("condition", TRUE)
def test_true(condition):
    assert answer(condition) is True


@pytest.mark.parametrize("condition", FALSE)
def test_false(condition):
    assert answer(condition) is False


@pytest.mark.parametrize("condition", UNKNOWN)
def test_unknown(condition):
    assert answer(condition) is None


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("platform LIKE 'Sentinel-%'", True),
        ("platform LIKE 'sentinel-%'", False),
        ("platform LIKE 'Sentinel-2_'", True),
        ("platform LIKE 'Sentinel-_'", False),
        ("platform LIKE '%nel%2%'", True),
        ("platform LIKE '%2A'", True),
        ("platform LIKE '%A%A'", False),
        ("platform LIKE '%'", True),
        ("platform LIKE ''", False),
        ("empty LIKE ''", True),
        ("empty LIKE '%'", True),
        ("empty LIKE '_%'", False),
        ("platform NOT LIKE 'x%'", True),
        ("percent LIKE '100\\%'", True),
        ("percent LIKE '10_\\%'", True),
        ("platform LIKE '%\\%'", False),
        ("platform LIKE 'Sentinel.2A'", False),
        ("gsd LIKE '1%'", None),
        ("absent NOT LIKE '1%'", None),
        ("casei(platform) = casei('SENTINEL-2a')", True),
        ("casei(platform) LIKE casei('SENT%')", True),
        ("casei(platform) IN (casei('X'), casei('SENTINEL-2A'))", True),
        ("casei(place) = casei('ZÜRICH')", True),
        ("accenti(place) = 'Zurich'", True),
        ("accenti(place) = accenti('Zürïch')", True),
        ("casei(accenti(place)) LIKE casei(accenti('zÜr%'))", True),
        ("casei('STRASSE') = casei('Straße')", True),
        ("casei(gsd) = casei('10')", None),
    ],
)
def test_text(condition, expected):
    assert answer(condition) is expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("s_intersects(geometry, POINT(1 1))", True),
        ("s_intersects(geometry, BBOX(4, 4, 5, 5))", True),
        ("s_intersects(geometry, BBOX(5, 5, 6, 6))", False),
        ("s_disjoint(geometry, BBOX(5, 5, 6, 6))", True),
        ("s_within(geometry, BBOX(-1, -1, 5, 5))", True),
        ("s_within(BBOX(1, 1, 2, 2), geometry)", True),
        ("s_contains(geometry, POINT(1 1))", True),
        ("s_contains(POLYGON((-1 -1, 5 -1, 5 5, -1 5, -1 -1)), geometry)", True),
        ("s_contains(BBOX(1, 1, 2, 2), geometry)", False),
        ("s_equals(geometry, BBOX(0, 0, 4, 4))", True),
        ("s_touches(geometry, BBOX(4, 0, 5, 4))", True),
        ("s_overlaps(geometry, BBOX(3, 3, 5, 5))", True),
        ("s_crosses(LINESTRING(-1 1, 5 1), geometry)", True),
        ("s_crosses(geometry, LINESTRING(-1 1, 5 1))", True),
        ("s_intersects(bbox, MULTIPOINT(9 9, 1 1))", True),
        ("s_intersects(box, BBOX(1.5, 1.5, 9, 9))", True),
        ("s_intersects(far, POINT(179 0))", True),
        ("s_intersects(far, POINT(0 0))", False),
        ("s_intersects(geometry, BBOX(170, -10, -170, 10))", False),
        ("s_intersects(geometry, BBOX(3, 3, -100, 9, 9, 100))", True),
        ("s_intersects(geometry, GEOMETRYCOLLECTION(POINT(9 9), LINESTRING(1 1, 2 2)))", True),
        ("s_intersects(geometry, POLYGON((-1 -1, 5 5, -1 5, 5 -1, -1 -1)))", True),
        ("s_intersects(absent, POINT(1 1))", None),
        ("s_intersects(platform, POINT(1 1))", None),
        ("s_intersects(tags, POINT(1 1))", None),
        ("s_intersects(deep, POINT(1 1))", None),
        ("NOT s_intersects(nothing, POINT(1 1))", None),
    ],
)
def test_space(condition, expected):
    assert answer(condition) is expected


@pytest.mark.parametrize(
    "geometry",
    [
        None,
        {},
        {"type": "Polygon"},
        {"type": "Polygon", "coordinates": [[["x", 0], [1, 1]]]},
        {"type": "Point", "coordinates": 5},
        {"type": 7, "coordinates": []},
        [0, 0, 1],
        {"type": "GeometryCollection", "geometries": [5]},
    ],
)
def test_unreadable_geometry_is_unknown(geometry):
    assert answer("s_intersects(geometry, BBOX(0, 0, 1, 1))", {"geometry": geometry}) is None


def test_footprint_that_crosses_itself_is_still_found():
    bow = {"type": "Polygon", "coordinates": [[[0, 0], [4, 4], [0, 4], [4, 0], [0, 0]]]}
    for name, expected in (("intersects", True), ("within", True), ("overlaps", False), ("disjoint", False)):
        assert answer(f"s_{name}(geometry, BBOX(-1, -1, 9, 9))", {"geometry": bow}) is expected


@pytest.mark.parametrize("item", [{}, {"properties": None}, {"properties": []}, {"properties": "x", "assets": [1]}])
def test_items_of_any_shape_are_unknown_and_never_an_error(item):
    assert answer("gsd = 1", item) is None
    assert answer("assets.data.href = 'x'", item) is None
    assert answer("links.5.rel = 'x' OR s_within(geometry, POINT(0 0)) OR datetime > DATE('2024-01-01')", item) is None


def test_json_is_read_and_keeps_all_digits():
    tree = (
        '{"op": "and", "args": [{"op": "<", "args": [{"property": "eo:cloud_cover"}, 20]},'
        '{"op": "like", "args": [{"property": "platform"}, "S%"]}]}'
    )
    assert answer(tree) is True
    exact = '{"op": "=", "args": [{"property": "n"}, 12345678901234567]}'
    assert answer(exact, {"properties": {"n": 12345678901234567}}) is True
    assert answer(exact, {"properties": {"n": 12345678901234568}}) is False


def where(condition):
    collection = schema.Collection(from_=["rows"], where=condition)
    return Where().ingredients(schema.Document(catalog=schema.Catalog(id="c"), collections={"a": collection}), "a")


def test_white_space_outside_quotes_is_not_in_the_key():
    assert where("\n gsd  <  5\tAND id = 'x'\n") == where("gsd < 5 AND id = 'x'") == {"where": "gsd < 5 AND id = 'x'"}
    assert where("id = 'x  y'") != where("id = 'x y'")
    assert where("id = 'it''s  x'   OR \"a  b\" = 1") == {"where": "id = 'it''s  x' OR \"a  b\" = 1"}
    assert where('{"op": "=",  "args": [1, "a \\"  b"]}') == {"where": '{"args":[1,"a \\"  b"],"op":"="}'}
    assert where("gsd < 5").keys() == {"where"}
    assert where("NOT gsd < 5 AND (gsd IS NULL OR S_Within(geometry, POINT(1 1)))").keys() == {"where", "platform"}


def test_neither_library_is_loaded_before_it_is_needed():
    code = (
        "import sys; from stacbuild.cql2 import compile_filter; assert 'cql2' not in sys.modules;"
        "compile_filter('a = 1 AND s_intersects(geometry, POINT(1 1))'); assert 'cql2' in sys.modules;"
        "print('shapely' in sys.modules, 'numpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == ["False", "False"]
