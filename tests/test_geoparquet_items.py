"""Source `stac-items`, stac-geoparquet: rows are the Items that were written, but for what the format cannot keep.

What may differ, in every comparison here (`alike`): a member that is null and one that is missing are the same; a
number is a number, with or without `.0`; a moment is the instant that it names. Of what the other libraries do when
they write: stac-geoparquet keeps all else; rustac raises `stac_version` to its own and cuts moments to milliseconds.
"""

import asyncio
import datetime as dt
import json
import struct
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stacbuild.recipe.schema import StacItemsSource
from stacbuild.sources import stac_items
from stacbuild.sources.base import Shard

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
SETS = sorted((DATA / "items").glob("*.ndjson"))

NOT_BY_STAC_GEOPARQUET = {
    "earthsearch-cop-dem-glo-30": "items without a geometry",
    "earthsearch-sentinel-2-c1-l2a": "items without a geometry",
    "pc-landsat-8-c2-l2": "boxes of 4 and of 6 numbers",
    "pgstac-test-aerial": "texts and numbers in one property",
    "stactools-landsat": "dates without a time in a property that others write with one",
}
NOT_BY_RUSTAC = {
    "earthsearch-cop-dem-glo-30": "items without a geometry",
    "earthsearch-sentinel-2-c1-l2a": "items without a geometry",
    "pc-landsat-8-c2-l2": "links without an href",
    "pgstac-test-aerial": "texts and numbers in one property",
    "stactools-landsat": "dates without a time",
}
"""Sets of real items that a library cannot write → why."""


def read(file, **more):
    return list(stac_items.read(Shard(file.name, file), StacItemsSource(path=file.name, **more)))


def items(file):
    found = read(file)
    assert all(raw.fault is None for raw in found)
    return [json.loads(raw.blob) for raw in found]


def alike(value, *, digits=6):
    match value:
        case dict():
            return {name: alike(member, digits=digits) for name, member in value.items() if member is not None}
        case list() | tuple():
            return [alike(member, digits=digits) for member in value]
        case bool():
            return value
        case int() | float():
            return float(value)
        case str() if value[10:11] == "T" and value[:4].isdigit():
            moment = dt.datetime.fromisoformat(value)
            return moment.replace(microsecond=moment.microsecond // 10 ** (6 - digits) * 10 ** (6 - digits)).timestamp()
        case _:
            return value


def point(x, y, *z):
    return struct.pack(f"<BI{2 + len(z)}d", 1, 1001 if z else 1, x, y, *z)


def write(file, metadata=None, **columns):
    size = len(next(iter(columns.values())))
    whole = {"id": [f"i{n}" for n in range(size)], "stac_version": ["1.1.0"] * size} | columns
    table = pa.table({name: column for name, column in whole.items() if column is not None})
    kept = {name: json.dumps(value) for name, value in (metadata or {}).items()}
    pq.write_table(table.replace_schema_metadata(kept), file, row_group_size=2)
    return file


# --- rows of our own


def test_what_was_lifted_is_a_property_again_and_what_every_item_has_is_there(tmp_path):
    file = write(
        tmp_path / "t.parquet",
        geometry=[point(1.5, 2)],
        bbox=[{"xmin": 1.5, "ymin": 2.0, "xmax": 1.5, "ymax": 2.0}],
        collection=["c"],
        datetime=pa.array([dt.datetime(2024, 1, 2, tzinfo=dt.UTC)], pa.timestamp("us", "UTC")),
        gsd=[10],
        **{"eo:cloud_cover": [None]},
    )
    (raw,) = read(file)
    assert (raw.key, raw.ordinal, raw.line) == ("c/i0", 0, 1)
    assert json.loads(raw.blob) == {
        "type": "Feature",
        "stac_version": "1.1.0",
        "id": "i0",
        "geometry": {"type": "Point", "coordinates": [1.5, 2.0]},
        "bbox": [1.5, 2.0, 1.5, 2.0],
        "properties": {"datetime": "2024-01-02T00:00:00Z", "gsd": 10},
        "links": [],
        "assets": {},
        "collection": "c",
    }


def test_members_that_only_other_rows_have_are_no_members(tmp_path):
    assets = [
        {"a": {"href": "x", "title": None, "bands": [{"name": "b", "gsd": None}]}, "b": None},
        {"a": None, "b": {}},
    ]
    type_ = pa.struct(
        {
            "a": pa.struct(
                {
                    "href": pa.string(),
                    "title": pa.string(),
                    "bands": pa.list_(pa.struct({"name": pa.string(), "gsd": pa.int64()})),
                }
            ),
            "b": pa.struct({"href": pa.string()}),
        }
    )
    links = [[{"href": "x", "rel": "self", "title": None}], []]
    file = write(tmp_path / "t.parquet", geometry=[None, None], assets=pa.array(assets, type_), links=links)
    one, two = items(file)
    assert one["assets"] == {"a": {"href": "x", "bands": [{"name": "b"}]}}
    assert one["links"] == [{"href": "x", "rel": "self"}]
    assert two["assets"] == {"b": {}}
    assert (two["geometry"], two["properties"]) == (None, {"datetime": None})


def test_two_and_three_dimensions_stand_in_one_file(tmp_path):
    box = pa.struct({name: pa.float64() for name in ("xmin", "ymin", "zmin", "xmax", "ymax", "zmax")})
    flat, deep = {"xmin": 1, "ymin": 2, "xmax": 3, "ymax": 4}, {"zmin": 5, "zmax": 6}
    file = write(
        tmp_path / "t.parquet", geometry=[point(1, 2), point(1, 2, 3)], bbox=pa.array([flat, flat | deep], box)
    )
    assert [(item["bbox"], item["geometry"]["coordinates"]) for item in items(file)] == [
        ([1, 2, 3, 4], [1, 2]),
        ([1, 2, 5, 3, 4, 6], [1, 2, 3]),
    ]


def test_native_geometries_are_read_as_their_metadata_say(tmp_path):
    geo = {"columns": {"geometry": {"encoding": "linestring"}}}
    file = write(tmp_path / "t.parquet", {"geo": geo}, geometry=[[{"x": 1.0, "y": 2.0}, {"x": 3.0, "y": 4.0}]])
    (item,) = items(file)
    assert item["geometry"] == {"type": "LineString", "coordinates": [[1, 2], [3, 4]]}


def test_other_geometries_are_geojson_and_other_bytes_base64(tmp_path):
    footprint = {"proj:geometry": [point(500000, 0)], "ours": [point(1, 2)], "raw": [b"\x00"]}
    geo = {"columns": {"geometry": {"encoding": "WKB"}, "ours": {"encoding": "WKB"}}}
    (item,) = items(write(tmp_path / "t.parquet", {"geo": geo}, geometry=[point(1, 2)], **footprint))
    assert item["properties"] == {
        "datetime": None,
        "proj:geometry": {"type": "Point", "coordinates": [500000, 0]},
        "ours": {"type": "Point", "coordinates": [1, 2]},
        "raw": "AA==",
    }


def test_damaged_geometry_is_left_for_the_validator(tmp_path):
    one, two = items(write(tmp_path / "t.parquet", geometry=[point(1, 2)[:9], point(1, 2)]))
    assert one["geometry"] == f"WKB that cannot be read: {point(1, 2)[:9].hex()}"
    assert two["geometry"]["type"] == "Point"


def test_older_files_have_boxes_as_lists_and_no_version(tmp_path):
    file = write(
        tmp_path / "t.parquet", geometry=[point(1, 2)], bbox=[[1.0, 2.0, 1.0, 2.0]], stac_version=None, links=[[]]
    )
    (item,) = items(file)
    assert (item["bbox"], item["stac_version"]) == ([1, 2, 1, 2], "1.0.0")


def test_equal_ids_are_told_apart_within_a_row_group_alone(tmp_path):
    file = write(tmp_path / "t.parquet", id=["a", "a", "a", "b"], geometry=[None] * 4)
    assert [raw.key for raw in read(file)] == ["/a", "/a#2", "/a", "/b"]


def test_row_without_an_id_costs_that_row(tmp_path):
    found = read(write(tmp_path / "t.parquet", id=["a", None, ""], geometry=[None] * 3))
    assert [raw.fault and raw.fault.code for raw in found] == [None, "SB410", "SB410"]


def test_what_is_ignored_is_gone(tmp_path):
    (raw,) = read(write(tmp_path / "t.parquet", gsd=[1], geometry=[None]), ignore=["properties.gsd", "links"])
    assert "links" not in json.loads(raw.blob)
    assert json.loads(raw.blob)["properties"] == {"datetime": None}


@pytest.mark.parametrize(
    ("columns", "geo", "words"),
    [
        ({"id": None, "name": ["a"]}, None, "the rows are no Items: there is no column `id`"),
        ({"stac_version": None, "x": [1]}, None, "no columns `stac_version`, `assets`, `links`"),
        (
            {"geometry": [point(1, 2)]},
            {"columns": {"geometry": {"crs": {"id": {"authority": "EPSG", "code": 32633}}}}},
            "its geometries are in EPSG:32633, those of Items in WGS 84",
        ),
    ],
)
def test_what_cannot_be_items_says_how_it_can_be_read(tmp_path, columns, geo, words):
    file = write(tmp_path / "t.parquet", {"geo": geo} if geo else None, **{"geometry": [None]} | columns)
    with pytest.raises(stac_items.SourceUnreadable) as caught:
        read(file)
    assert caught.value.code == "SB423"
    assert words in caught.value.message
    assert 'kind = "table"' in caught.value.hint


# --- files of the other libraries


@pytest.mark.parametrize("set_", SETS, ids=lambda path: path.stem)
def test_what_stac_geoparquet_wrote_comes_back(tmp_path, set_):
    api = pytest.importorskip("stac_geoparquet.arrow")
    if set_.stem in NOT_BY_STAC_GEOPARQUET:
        pytest.skip(f"stac-geoparquet cannot write {NOT_BY_STAC_GEOPARQUET[set_.stem]}")
    expected = [json.loads(line) for line in set_.read_bytes().splitlines()]
    api.parse_stac_items_to_parquet(expected, output_path=tmp_path / "t.parquet")
    assert [alike(item) for item in items(tmp_path / "t.parquet")] == [alike(item) for item in expected]


@pytest.mark.parametrize("set_", SETS, ids=lambda path: path.stem)
def test_what_rustac_wrote_comes_back(tmp_path, set_):
    rustac = pytest.importorskip("rustac")
    if set_.stem in NOT_BY_RUSTAC:
        pytest.skip(f"rustac cannot write {NOT_BY_RUSTAC[set_.stem]}")
    expected = [json.loads(line) for line in set_.read_bytes().splitlines()]

    async def write_all():
        await rustac.write(str(tmp_path / "t.parquet"), expected)

    asyncio.run(write_all())
    wanted = [alike(item | {"stac_version": "1.1.0"}, digits=3) for item in expected]
    assert [alike(item, digits=3) for item in items(tmp_path / "t.parquet")] == wanted


@pytest.mark.parametrize("reader", ["stac-geoparquet", "rustac"])
def test_a_real_file_is_what_the_other_libraries_read(reader):
    file = DATA / "parquet" / "1000-sentinel-2-items.parquet"
    if not file.exists():
        pytest.skip("the real data is not here")
    if reader == "rustac":
        rustac = pytest.importorskip("rustac")

        async def read_all():
            return (await rustac.read(str(file)))["features"]

        expected = asyncio.run(read_all())
    else:
        api = pytest.importorskip("stac_geoparquet.arrow")
        expected = list(api.stac_table_to_items(pq.read_table(file)))
    found = items(file)
    assert len(found) == 1000
    assert [alike(item) for item in found] == [alike(item) for item in expected]


@pytest.mark.parametrize("name", ["naip", "aster-l1t-subset"])
def test_real_files_of_older_libraries_are_read_though_the_newer_ones_cannot(name):
    file = DATA / "parquet" / f"{name}.parquet"
    if not file.exists():
        pytest.skip("the real data is not here")
    rows = pq.read_table(file).to_pylist()
    found = items(file)
    assert [item["id"] for item in found] == [row["id"] for row in rows]
    for item, row in zip(found, rows, strict=True):
        assert item["stac_version"] == "1.0.0"
        assert item["geometry"]["type"] in ("Polygon", "MultiPolygon")
        assert item["bbox"] == row["bbox"]
        assert alike(item["properties"]["datetime"]) == alike(str(row["datetime"]).replace(" ", "T"))
        assert item["assets"].keys() == {key for key, asset in row["assets"].items() if asset is not None}
