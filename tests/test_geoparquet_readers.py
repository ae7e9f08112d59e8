"""Output `geoparquet`: the programs that users own read back the same items.

What may differ is written in tests/test_geoparquet_items.py (`alike`), and of the readers: rustac raises `stac_version`
to its own. What they cannot read, of their own files neither: rustac and stac-geoparquet an item without a geometry,
stac-geoparquet boxes of 4 and 6 numbers in one file; rustac leaves the heights of geometries out.
"""

import asyncio

import pytest
from parquet_kitchen import alike, an_item, of_items, of_records

LINE = {"type": "LineString", "coordinates": [[0, 0, 5], [1, 1, 6]]}


DEEP = an_item("c", geometry=LINE, bbox=[0, 0, 5, 1, 1, 6], when="2019-01-01T00:00:00+05:30")


@pytest.fixture(scope="module")
def flat(tmp_path_factory):
    return of_shapes(tmp_path_factory.mktemp("flat"))


@pytest.fixture(scope="module")
def deep(tmp_path_factory):
    kitchen = of_items(tmp_path_factory.mktemp("deep"), [DEEP])
    kitchen.build()
    return kitchen


@pytest.fixture(scope="module")
def kitchen(tmp_path_factory):
    return of_shapes(tmp_path_factory.mktemp("mixed"), DEEP)


def of_shapes(folder, *others):
    """Return a built kitchen with items of several shapes."""
    bands = [{"name": "b1", "gsd": 10}, {"name": "b2"}]
    more = {"data": {"href": "https://x.org/b.tif", "roles": ["data"], "bands": bands}, "other": {"href": "s3://b/c"}}
    some = [
        an_item("a", properties={"gsd": 10, "created": "2024-01-01T00:00:00.25Z", "tags": [], "note": None}),
        an_item("b", properties={"gsd": 0.5, "proj:shape": [10, 20]}, assets=more),
        an_item("d", properties={"nested": {"a": {"b": [1, 2]}, "c": "x"}}, stac_extensions=["https://x.org/y.json"]),
        an_item("e", properties={"end_datetime": "2024-02-01T00:00:00Z", "start_datetime": "2024-01-01T00:00:00Z"}),
    ]
    kitchen = of_items(folder, [*some, *others])
    kitchen.build()
    return kitchen


def file(kitchen):
    return str(kitchen / "dist/one.parquet")


def wanted(kitchen, **over):
    return {item["id"]: alike({"stac_extensions": []} | item | over) for item in kitchen.items()}


@pytest.mark.parametrize("name", ["flat", "deep"])
def test_stac_geoparquet_reads_the_same_items(request, name):
    kitchen = request.getfixturevalue(name)
    api = pytest.importorskip("stac_geoparquet.arrow")
    import pyarrow.parquet as pq  # noqa: PLC0415

    found = {item["id"]: alike(item) for item in api.stac_table_to_items(pq.read_table(file(kitchen)))}
    assert found == wanted(kitchen)


@pytest.mark.parametrize("name", ["flat", "deep"])
def test_rustac_reads_the_same_items(request, name):
    kitchen = request.getfixturevalue(name)
    rustac = pytest.importorskip("rustac")

    async def read():
        return (await rustac.read(file(kitchen)))["features"]

    found = {item["id"]: alike({"stac_extensions": []} | item, digits=3) for item in asyncio.run(read())}
    over = {"geometry": {**LINE, "coordinates": [[0, 0], [1, 1]]}} if name == "deep" else {}
    assert found == wanted(kitchen, stac_version="1.1.0", **over)


def test_geopandas_reads_geometries_in_longitude_and_latitude(kitchen):
    geopandas = pytest.importorskip("geopandas")
    frame = geopandas.read_parquet(file(kitchen)).set_index("id")
    assert frame.crs.equals("OGC:CRS84")
    assert frame.geometry["b"].bounds == (1, 2, 3, 5)
    assert frame.geometry["c"].has_z
    assert str(frame["datetime"]["c"]) == "2018-12-31 18:30:00+00:00"
    assert frame["assets"]["b"]["data"]["href"] == "https://x.org/b.tif"


def test_geopandas_reads_by_box_alone_what_is_asked_for(tmp_path):
    geopandas = pytest.importorskip("geopandas")
    kitchen = of_records(tmp_path, 60)
    kitchen.build()
    found = geopandas.read_parquet(file(kitchen), bbox=(20, 10, 22, 12))
    assert sorted(found["id"]) == ["i10", "i11", "i12"]


def test_duckdb_reads_columns_structs_and_boxes(kitchen):
    duckdb = pytest.importorskip("duckdb")
    query = f"from read_parquet('{file(kitchen)}')"
    assert duckdb.sql(f"select id {query} where bbox.zmin is not null").fetchall() == [("c",)]
    assert duckdb.sql(f"select assets.other.href {query} where id = 'b'").fetchall() == [("s3://b/c",)]
    assert duckdb.sql(f"select id {query} where datetime < '2019-01-01T00:00:00Z'::timestamptz").fetchall() == [("c",)]
    assert duckdb.sql(f"select gsd {query} where id in ('a', 'b') order by id").fetchall() == [(10,), (0.5,)]


def test_duckdb_reads_parts_as_one_table(tmp_path):
    duckdb = pytest.importorskip("duckdb")
    rows = [an_item(str(n), when=f"20{20 + n % 3}-01-01T00:00:00Z", properties={"gsd": n}) for n in range(9)]
    kitchen = of_items(tmp_path, rows, path="dist/year={year}/{collection}.parquet")
    kitchen.build()
    query = f"select year, count(*), sum(gsd) from read_parquet('{tmp_path}/dist/*/one.parquet') group by 1 order by 1"
    assert duckdb.sql(query).fetchall() == [(2020, 3, 9), (2021, 3, 12), (2022, 3, 15)]
