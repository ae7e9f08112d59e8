"""Geometry of records in other reference systems; expected coordinates are by hand or by cs2cs."""

import pytest
from msgspec import convert

from stacbuild.failures import ItemError
from stacbuild.recipe import schema
from stacbuild.stages.geometry import compiled, platform_versions
from stacbuild.stages.mending import silent


def located(record, **spec):
    return compiled(convert(spec, schema.Geometry))(record, silent)


def refused(record, **spec):
    with pytest.raises(ItemError) as caught:
        located(record, **spec)
    assert caught.value.path == "/geometry"
    return caught.value


def test_utm_box_is_reprojected_corner_by_corner():
    # echo 500000 6000000 | cs2cs -f %.7f EPSG:32633 EPSG:4326 gives 54.1473 N on the zone's middle meridian, 15 E
    shape, bbox = located({"b": "500000,6000000,510000,6010000"}, bbox="b", crs="EPSG:32633")
    (ring,) = shape["coordinates"]
    assert ring[0] == [15.0, pytest.approx(54.1473, abs=1e-3)]
    assert ring[0] == ring[-1]
    assert bbox[0] == 15.0
    assert bbox[2] == pytest.approx(15.1535, abs=1e-3)
    assert all(round(number, 7) == number for position in ring for number in position)


def test_web_mercator_has_an_exact_answer():
    assert located({"x": "0", "y": "0"}, lon="x", lat="y", crs="EPSG:3857")[0]["coordinates"] == [0.0, 0.0]
    point = located({"x": 20037508.342789244, "y": 0}, lon="x", lat="y", crs="EPSG:3857")[0]
    assert abs(point["coordinates"][0]) == 180.0


def test_crs_comes_from_the_record():
    record = {"b": "500000,6000000,510000,6010000", "proj:epsg": "32633"}
    constant = located(record, bbox="b", crs="EPSG:32633")
    for code in ("32633", 32633, "32633.0", 32633.0):
        assert located({**record, "proj:epsg": code}, bbox="b", crs="EPSG:{proj:epsg}") == constant
    assert located({**record, "proj:epsg": "epsg:32633"}, bbox="b", crs="{proj:epsg}") == constant


def test_record_without_its_crs_has_no_geometry():
    error = refused({"b": "1,2,3,4"}, bbox="b", crs="EPSG:{e}")
    assert (error.code, error.message) == ("SB206", "the record has no crs: a field of 'EPSG:{e}' is missing")
    assert located({"b": "1,2,3,4"}, bbox="b", crs="EPSG:{e}", default="null") == (None, None)


@pytest.mark.parametrize("code", ["99999", "x y", "", "[]", "32633;4326"])
def test_unknown_crs_is_refused(code):
    error = refused({"b": "1,2,3,4", "e": code}, bbox="b", crs="EPSG:{e}")
    assert (error.code, error.hint) == ("SB210", "write it as EPSG:32633")


def test_crs_of_any_length_is_refused_in_few_words():
    error = refused({"b": "1,2,3,4", "c": 10**400}, bbox="b", crs="EPSG:{c}")
    assert error.code == "SB210"
    assert len(error.message) < 200


def test_whole_code_in_a_field_gets_the_right_hint():
    hint = refused({"b": "1,2,3,4", "e": "EPSG:32633"}, bbox="b", crs="EPSG:{e}").hint
    assert hint == "the field holds the whole code: take EPSG: out of the template"


def test_lon_lat_as_crs_changes_nothing():
    for code in ("EPSG:4326", "4326", "OGC:CRS84"):
        assert located({"b": "1,2,3,4"}, bbox="b", crs=code) == located({"b": "1,2,3,4"}, bbox="b")


def test_coordinates_outside_the_projection_are_refused():
    error = refused({"b": "1e30,5000000,2e30,5100000"}, bbox="b", crs="EPSG:32601")
    assert (error.code, error.hint) == ("SB210", "is it the crs of the record?")


def test_projected_box_is_not_taken_for_one_across_the_antimeridian():
    assert refused({"b": "300000,0,200000,1"}, bbox="b", crs="EPSG:32601").code == "SB207"


def test_projected_box_across_the_antimeridian_is_cut_there():
    shape, bbox = located({"b": "160000,5000000,320000,5100000"}, bbox="b", crs="EPSG:32601")
    assert shape["type"] == "MultiPolygon"
    west, east = [[position[0] for position in part[0]] for part in shape["coordinates"]]
    assert min(west) > 178
    assert max(west) == 180.0
    assert min(east) == -180.0
    assert max(east) < -179
    assert bbox[0] == min(west)
    assert bbox[2] == max(east)


def test_hole_of_a_cut_polygon_stays_in_it():
    ring = "160000 5000000, 320000 5000000, 320000 5100000, 160000 5100000, 160000 5000000"
    for x in (180_000, 290_000):
        hole = f"{x} 5040000, {x} 5050000, {x + 9000} 5050000, {x + 9000} 5040000, {x} 5040000"
        shape, _ = located({"w": f"POLYGON(({ring}),({hole}))"}, wkt="w", crs="EPSG:32601")
        assert sorted(len(part) for part in shape["coordinates"]) == [1, 2]


def test_wide_projected_box_is_no_crossing():
    shape, bbox = located({"b": "-20037508,-20000000,20037508,20000000"}, bbox="b", crs="EPSG:3857")
    assert shape["type"] == "Polygon"
    assert bbox == [-179.9999969, -85.0219765, 179.9999969, 85.0219765]


def test_shape_around_a_pole_is_led_to_it():
    shape, bbox = located({"b": "-500000,-500000,500000,500000"}, bbox="b", crs="EPSG:3995")
    corner = min(y for x, y in shape["coordinates"][0])
    assert 83 < corner < 84
    assert bbox == [-180, corner, 180, 90]
    south, bbox = located({"b": "-500000,-500000,500000,500000"}, bbox="b", crs="EPSG:3031")
    assert (bbox[:2], bbox[2]) == ([-180, -90], 180)
    assert south["type"] == "Polygon"


def test_heights_are_left_alone_by_reprojection():
    shape, bbox = located({"w": "POINT Z (0 0 123)"}, wkt="w", crs="EPSG:3857")
    assert shape["coordinates"] == [0.0, 0.0, 123.0]
    assert bbox == [0.0, 0.0, 123.0, 0.0, 0.0, 123.0]


def test_libraries_that_decide_coordinates_are_named_only_where_they_are_used():
    plain = {"lon": "x", "lat": "y"}
    assert platform_versions(None) == platform_versions(convert(plain, schema.Geometry)) == []
    projected = platform_versions(convert({**plain, "crs": "EPSG:32633"}, schema.Geometry))
    assert [line.partition(" ")[0] for line in projected] == ["antimeridian", "shapely", "pyproj"]
