"""WKB in every writing, against shapely's; what is no WKB costs the record and nothing more."""

import base64
import struct

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from msgspec import convert

from stacbuild import canon
from stacbuild.failures import ItemError
from stacbuild.recipe import schema
from stacbuild.stages.geometry import compiled
from stacbuild.stages.mending import silent
from stacbuild.stages.wkb import parse

SQUARE = "POLYGON ((0 0, 2 0, 2 2, 0 2, 0 0), (0.5 0.5, 0.5 1, 1 1, 0.5 0.5))"
SHAPES = [
    "POINT (1 2)",
    "POINT Z (1 2 3)",
    "LINESTRING (0 0, 1 1)",
    "LINESTRING Z (0 0 5, 1 1 6)",
    SQUARE,
    "MULTIPOINT ((0 0), (1 1))",
    "MULTILINESTRING ((0 0, 1 1), (2 2, 3 3))",
    "MULTIPOLYGON (((0 0, 2 0, 2 2, 0 0)), ((5 5, 6 5, 6 6, 5 5)))",
]


def located(value, **more):
    return compiled(convert({"wkb": "g", **more}, schema.Geometry))({"g": value}, silent)


def refused(value, **more):
    with pytest.raises(ItemError) as caught:
        located(value, **more)
    return caught.value


@pytest.mark.parametrize("wkt", SHAPES)
@pytest.mark.parametrize("order", [0, 1])
@pytest.mark.parametrize("flavor", ["iso", "extended"])
def test_wkb_in_hex_and_base64_is_the_shape_that_shapely_reads(wkt, order, flavor):
    shape = shapely.from_wkt(wkt)
    blob = shapely.to_wkb(shape, byte_order=order, flavor=flavor)
    expected = canon.decode(shapely.to_geojson(shape).encode())
    for text in (blob.hex(), blob.hex().upper(), base64.b64encode(blob).decode()):
        assert parse(text) == (expected, 0)


@pytest.mark.parametrize(
    ("code", "numbers", "expected"),
    [
        (2001, (1, 2, 9), [1, 2]),
        (3001, (1, 2, 3, 9), [1, 2, 3]),
        (0x40000001, (1, 2, 9), [1, 2]),
        (0xC0000001, (1, 2, 3, 9), [1, 2, 3]),
    ],
)
def test_measures_are_left_out(code, numbers, expected):
    blob = struct.pack(f"<bI{len(numbers)}d", 1, code, *numbers)
    assert parse(blob.hex()) == ({"type": "Point", "coordinates": expected}, 0)


def test_srid_of_ewkb_is_the_crs_unless_one_is_given():
    def ewkb(x, y, srid):
        return shapely.to_wkb(shapely.set_srid(shapely.Point(x, y), srid), hex=True, include_srid=True)

    assert located(ewkb(3, 4, 4326))[0]["coordinates"] == [3, 4]
    assert located(ewkb(0, 0, 3857))[0]["coordinates"] == [0, 0]
    assert located(ewkb(500000, 0, 32633))[0]["coordinates"] == [15, 0]
    assert located(ewkb(500000, 0, 32633), crs="EPSG:32633")[0]["coordinates"] == [15, 0]
    error = refused(ewkb(500000, 0, 32633), crs="EPSG:32634")
    assert (error.code, "SRID 32633" in error.message) == ("SB210", True)
    assert refused(ewkb(1, 2, 32633), crs="EPSG:4326").code == "SB210"


def test_wkb_of_a_crossing_footprint_is_cut_as_any_other():
    text = shapely.to_wkb(shapely.from_wkt("POLYGON ((179 0, -179 0, -179 1, 179 1, 179 0))"), hex=True)
    assert located(text)[1] == [179, 0, -179, 1]


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (7, "SB207"),
        (["01"], "SB207"),
        ("", "SB207"),
        ("zz", "SB207"),
        ("POINT (1 2)", "SB207"),
        ("01", "SB207"),
        ("0101000000", "SB207"),
        ("0101000000000000000000f03f", "SB207"),
        (shapely.to_wkb(shapely.Point(1, 2), hex=True) + "00", "SB207"),
        (shapely.to_wkb(shapely.from_wkt("POINT EMPTY"), hex=True), "SB209"),
        (shapely.to_wkb(shapely.from_wkt("POLYGON EMPTY"), hex=True), "SB209"),
        (shapely.to_wkb(shapely.from_wkt("MULTIPOLYGON EMPTY"), hex=True), "SB209"),
        (shapely.to_wkb(shapely.from_wkt("GEOMETRYCOLLECTION (POINT (1 2))"), hex=True), "SB209"),
        (struct.pack("<bII", 1, 8, 0).hex(), "SB207"),
        ((b"\1" + struct.pack("<II", 3, 0xFFFFFFFF)).hex(), "SB207"),
        ((b"\1" + struct.pack("<II", 2, 0xFFFFFFFF)).hex(), "SB207"),
        ((b"\1" + struct.pack("<IId", 1, 0, 0) * 9).hex(), "SB207"),
        ((b"\1" + struct.pack("<II", 6, 1)).hex() * 100_000, "SB207"),
        (struct.pack("<bIdd", 1, 1, float("inf"), 1).hex(), "SB208"),
        (struct.pack("<bIdd", 1, 1, 200, 1).hex(), "SB208"),
    ],
)
def test_what_is_no_wkb_costs_the_record(value, code):
    assert refused(value).code == code


@given(st.binary(max_size=80))
def test_any_bytes_are_a_shape_or_an_item_error(blob):
    for text in (blob.hex(), base64.b64encode(blob).decode()):
        try:
            shape, _ = parse(text)
        except ItemError as error:
            assert error.path == "/geometry"  # noqa: PT017
        else:
            assert set(shape) == {"type", "coordinates"}


def test_record_without_wkb_takes_the_default():
    assert located(None, default="null") == (None, None)
    assert refused(None).code == "SB206"
