"""What the columns of a table are taken for."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stacbuild.init import guess, hrefs, moments, places, written
from stacbuild.init.sample import Column, columns


def column(path, *values, total=None):
    return Column(path, list(values), len(values) if total is None else total)


@pytest.mark.parametrize(
    ("values", "form"),
    [
        (["2024-01-31T10:00:00Z", "2024-02-01"], "iso"),
        (["2024-01-31 10:00:00+00:00"], "iso"),
        (["31/01/2024", "01/02/2024"], "%d/%m/%Y"),
        (["01/31/2024", "02/01/2024"], "%m/%d/%Y"),
        (["31/01/2024 10:20:30"], "%d/%m/%Y %H:%M:%S"),
        (["1/2/2024 3:04:05 PM", "12/31/2024 1:00:00 AM"], "%m/%d/%Y %I:%M:%S %p"),
        (["31.01.2024"], "%d.%m.%Y"),
        (["20240131", "20240201"], "%Y%m%d"),
        ([20240131, 20240201], "%Y%m%d"),
        (["20240131T102030"], "iso"),
        (["1706695200"], "unix"),
        ([1706695200000], "unix-ms"),
        (["31 Jan 2024"], "%d %b %Y"),
        (["yesterday"], None),
        (["2024-01-31", "soon"], None),
        (["12", "13"], None),
        (["99999999"], None),
        ([1.5], None),
        ([True], None),
        ([], None),
    ],
)
def test_formats_of_times(values, form):
    assert moments.format_of(column("acquired_date", *values)) == form


def test_digits_are_times_only_where_the_name_says_so():
    assert moments.format_of(column("count", "20240131")) is None
    assert moments.format_of(column("quadkey", "1706695200")) is None


def test_days_and_months_that_may_be_swapped_are_known():
    assert moments.is_ambiguous(column("d", "01/02/2024"), "%d/%m/%Y")
    assert not moments.is_ambiguous(column("d", "31/01/2024"), "%d/%m/%Y")
    assert not moments.is_ambiguous(column("d", "2024-01-02"), "iso")


def test_the_time_of_acquisition_goes_before_that_of_writing():
    names = ["created", "date", "acquisition_date", "datetime", "end_time", "processing_time"]
    ranked = sorted(names, key=lambda name: -moments.score(column(name)))
    assert ranked == ["datetime", "acquisition_date", "date", "end_time", "created", "processing_time"]


def test_a_beginning_finds_its_end():
    start, end = column("sensing_start", "2024-01-01"), column("sensing_end", "2024-01-02")
    assert moments.other_end(start, [start, end]) is end
    assert moments.other_end(start, [start]) is None
    fields = guess._times([start, end], {"sensing_start": "iso", "sensing_end": "iso"}, [])
    assert [field.name for field in fields] == ["start_datetime", "end_datetime"]


@pytest.mark.parametrize(
    ("given_columns", "rule"),
    [
        ([column("lon", "1"), column("lat", "2")], {"lon": "lon", "lat": "lat"}),
        ([column("center_lat", "1"), column("center_lon", "2")], {"lon": "center_lon", "lat": "center_lat"}),
        ([column("Longitude", 1.5), column("Latitude", 2)], {"lon": "Longitude", "lat": "Latitude"}),
        ([column("x", "1"), column("y", "2")], {"lon": "x", "lat": "y"}),
        ([column("footprint", "POLYGON((0 0,1 0,1 1,0 0))")], {"wkt": "footprint"}),
        ([column("g", "SRID=4326;POINT(1 2)")], {"wkt": "g"}),
        ([column("bbox", "[1, 2, 3, 4]")], {"bbox": "bbox"}),
        ([column("bounds", "1 2 3 4")], {"bbox": "bounds"}),
        ([column("bbox", [1, 2, 3, 4, 5, 6])], {"bbox": "bbox"}),
        (
            [column("min_lon", 1), column("min_lat", 2), column("max_lon", 3), column("max_lat", 4)],
            {"bbox": ["min_lon", "min_lat", "max_lon", "max_lat"]},
        ),
        ([column("geom", '{"type": "Point", "coordinates": [1, 2]}')], {"geojson": "geom"}),
        ([column("geom", {"type": "Point", "coordinates": [1, 2]})], {"geojson": "geom"}),
        (
            [column("bbox", "500000,5000000,500100,5000100"), column("proj:epsg", "32633")],
            {"bbox": "bbox", "crs": "EPSG:{proj:epsg}"},
        ),
        ([column("x", "500000"), column("y", "5000000")], {}),
        ([column("footprint", "POINT (500000 5000000)")], {}),
    ],
)
def test_geometries(given_columns, rule):
    assert places.find(given_columns).rule == rule


@pytest.mark.parametrize(
    "given_columns",
    [
        [column("name", "POINTLESS")],
        [column("lon", "1")],
        [column("lon", "east"), column("lat", "north")],
        [column("box", "a b c d")],
        [column("g", '{"type": "Feature"}')],
        [],
    ],
)
def test_no_geometry(given_columns):
    assert places.find(given_columns) is None


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "-20", "0"], "integer"),
        (["1.5", "2", "1e5", ".5"], "number"),
        (["007", "12"], ""),
        (["true", "False"], "boolean"),
        (["1", "x"], ""),
        (["inf", "nan"], ""),
        (["1" * 30], "number"),
        ([1, 2], ""),
        (["0", "1"], "integer"),
    ],
)
def test_kinds_of_values(values, kind):
    assert guess.kind_of(column("c", *values)) == kind


@pytest.mark.parametrize(
    ("given_column", "name", "media", "role"),
    [
        (column("visual", "https://e.com/a.tif", "s3://b/c.tif"), "visual", "image/tiff; application=geotiff", "data"),
        (column("thumbnail_url", "https://e.com/a.png?x=1"), "thumbnail", "image/png", "thumbnail"),
        (column("metadata.href", "a/b.xml"), "metadata", "application/xml", "metadata"),
        (column("url", "https://e.com/a", "https://e.com/b.tif"), "data", None, "data"),
        (column("File Path", "x y/a.tif", "b.tif"), None, None, None),
        (column("note", "see https://e.com"), None, None, None),
        (column("n", 1), None, None, None),
    ],
)
def test_assets(given_column, name, media, role):
    found = hrefs.find([given_column])
    assert [(asset.name, asset.type, asset.role) for asset in found] == ([(name, media, role)] if name else [])


def test_properties_keep_to_what_stac_means_by_their_names():
    fields, left = guess._properties(
        [
            column("eo:cloud_cover", "1.5"),
            column("gsd", "0"),
            column("license", "see the web site"),
            column("instruments", "a;b"),
            column("title", 5),
            column("providers", "x"),
            column("created", "yesterday"),
            column("Two Words", "x"),
            column("deep", {"a": 1}),
        ],
        {},
        more=False,
    )
    assert {field.name: field.rule for field in fields} == {
        "eo:cloud_cover": {"from": "eo:cloud_cover", "as": "number"},
        "gsd_": {"from": "gsd", "as": "integer"},
        "license_": "license",
        "instruments": {"from": "instruments", "split": ";"},
        "title": {"from": "title", "as": "string"},
        "providers_": "providers",
        "created_": "created",
        "Two_Words": "Two Words",
    }
    assert [field.name for field in left] == ["deep"]


def test_members_of_objects_are_columns_with_paths():
    found = columns([{"a": {"b": {"c": 1}, "d.e": 2}, "f.g": 3, "h": {"i": {"j": {"k": 4}}}, "n": None}], ["z"])
    assert [(one.path, one.values) for one in found] == [
        ("z", []),
        ("a.b.c", [1]),
        ("a.d\\.e", [2]),
        ("f.g", [3]),
        ("h.i.j", [{"k": 4}]),
    ]


@given(st.text(max_size=20))
def test_any_text_is_written_as_toml(text):

    try:
        text.encode()
    except UnicodeEncodeError:
        return
    read = tomllib.loads(f"{written.key(text)} = {written.quoted(text)}\n")
    assert read == {text: text.replace("${", "$${")}


@given(st.text(max_size=200))
def test_a_comment_is_one_line(text):
    assert list(written.line("a", 1, text))[-1].startswith("a = 1")
    assert all("\n" not in line and "\r" not in line for line in written.line("a", 1, text))
