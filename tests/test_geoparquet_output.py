"""Output `geoparquet`: what a file says of itself, its order, and what is written again when something changes."""

import json
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from kitchen import Kitchen, ran, row
from parquet_kitchen import TABLE, an_item, back, of_items, of_records, put, same, table, told

PARTS = "dist/{collection}/{year}-{month}.parquet"


def days(*when):
    return [row(number, date=day) for number, day in enumerate(when)]


def test_rows_are_the_items_of_the_catalog(tmp_path):
    kitchen = of_records(tmp_path, 20)
    report = kitchen.build()
    assert same(kitchen)
    assert report["outputs"]["table"] == {"path": TABLE["path"], "written": 1, "unchanged": 0, "removed": 0}


def test_columns_are_those_of_the_specification(tmp_path):
    kitchen = of_items(tmp_path, [an_item("a", properties={"created": "2024-01-01T00:00:00.5+02:00", "gsd": 10})])
    kitchen.build()
    schema = table(kitchen).schema
    assert schema.names[:9] == [
        *("type", "stac_version", "stac_extensions", "id", "geometry", "bbox", "links", "assets", "collection")
    ]
    assert schema.field("geometry").type == pa.binary()
    assert schema.field("bbox").type == pa.struct({name: pa.float64() for name in ("xmin", "ymin", "xmax", "ymax")})
    assert schema.field("stac_extensions").type == pa.list_(pa.string())
    assert schema.field("datetime").type == schema.field("created").type == pa.timestamp("us", "UTC")
    assert schema.field("gsd").type == pa.int64()
    assert pa.types.is_struct(schema.field("assets").type.field("data").type)
    assert pa.types.is_struct(schema.field("links").type.value_type)


def test_a_file_says_where_its_items_are_and_which_collection_they_are_of(tmp_path):
    kitchen = of_records(tmp_path, [row(1, lon="-10", lat="5"), row(2, lon="20", lat="-30")])
    kitchen.build()
    geo, stac = told(kitchen, key="geo"), told(kitchen)
    (column,) = geo["columns"].values()
    assert (geo["version"], geo["primary_column"], column["encoding"]) == ("1.1.0", "geometry", "WKB")
    assert (column["geometry_types"], column["bbox"]) == (["Point"], [-10, -30, 20, 5])
    assert column["covering"]["bbox"]["ymax"] == ["bbox", "ymax"]
    assert "crs" not in column, "longitude and latitude are the default"
    site = json.loads((kitchen / "dist/site/one/collection.json").read_bytes())
    assert stac == {"version": "1.1.0", "collections": {"one": {**site, "links": []}}}


def test_rows_are_ordered_by_moment_then_id_those_without_one_last(tmp_path):
    late, early = "2024-01-01T10:00:00+09:00", "2024-01-01T00:30:00Z"
    some = [
        an_item("a", when=late),  # 01:00 in UTC
        an_item("b", when=early),
        an_item("c", when=None, properties={"start_datetime": "2024-01-01T00:45:00Z", "end_datetime": late}),
        an_item("e", when=None),
        an_item("d", when=None),
        an_item("B", when=early),
    ]
    kitchen = of_items(tmp_path, some)
    kitchen.build()
    assert table(kitchen)["id"].to_pylist() == ["B", "b", "c", "a", "d", "e"]


def test_row_groups_are_cut_at_fixed_counts(tmp_path):
    kitchen = of_records(tmp_path, 25, **{"row-group-size": 10})
    kitchen.build()
    about = pq.ParquetFile(kitchen / "dist/one.parquet").metadata
    assert [about.row_group(number).num_rows for number in range(about.num_row_groups)] == [10, 10, 5]
    assert same(kitchen)


@pytest.mark.parametrize("compression", ["zstd", "snappy", "gzip", "none"])
def test_pages_are_compressed_as_asked(tmp_path, compression):
    kitchen = of_records(tmp_path, compression=compression)
    kitchen.build()
    found = pq.ParquetFile(kitchen / "dist/one.parquet").metadata.row_group(0).column(0).compression
    assert found == compression.upper().replace("NONE", "UNCOMPRESSED")


def test_a_collection_without_items_is_a_table_without_rows(tmp_path):
    kitchen = of_records(tmp_path, 0)
    kitchen.build()
    assert table(kitchen).num_rows == 0
    assert {"id", "geometry", "bbox", "datetime", "links"} <= set(table(kitchen).schema.names)
    assert "bbox" not in told(kitchen, key="geo")["columns"]["geometry"]


def test_without_a_collection_in_its_path_all_go_into_one_file(tmp_path):
    kitchen = of_records(tmp_path, 3, path="dist/all.parquet")
    kitchen.recipe["collections"]["two"] = {"from": ["rows"], "mapping": "plain", "where": "gsd > 1"}
    kitchen.save()
    kitchen.build()
    found = table(kitchen, "all")
    assert found["collection"].to_pylist() == ["one", "one", "two", "one", "two"]
    assert list(told(kitchen, "all")["collections"]) == ["one", "two"]


# --- what is written again


def test_a_build_of_nothing_new_writes_nothing_and_a_forced_one_the_same_bytes(tmp_path):
    kitchen = of_records(tmp_path, 20)
    kitchen.build()
    before = kitchen.tree()
    assert ran(kitchen.build()) == {}
    report = kitchen.build("--force")
    assert report["outputs"]["table"]["written"] == 0
    assert kitchen.tree() == before


def test_history_and_workers_do_not_show(tmp_path):
    kitchen = of_records(tmp_path / "long", [row(n, date=f"2024-02-{n % 28 + 1:02d}") for n in range(300)])
    kitchen.build()
    kitchen.rows([row(n, gsd="7") for n in range(0, 300, 2)])
    kitchen.build("--max-deletions", "100%")
    rows = [row(n, note="x" if n % 3 else "") for n in range(299, -1, -1)]
    kitchen.rows(rows)
    kitchen.build()
    other = of_records(tmp_path / "fresh", rows[::-1])
    other.recipe["build"] = {"executor": "processes", "jobs": 2}
    other.save()
    other.build()
    assert (kitchen / "dist/one.parquet").read_bytes() == (other / "dist/one.parquet").read_bytes()


def test_a_changed_item_writes_its_part_alone(tmp_path):
    kitchen = of_records(tmp_path, days("2024-01-05", "2024-02-05", "2024-02-06"), path=PARTS)
    kitchen.build()
    january = (kitchen / "dist/one/2024-01.parquet").stat()
    rows = days("2024-01-05", "2024-02-05", "2024-02-07")
    kitchen.rows(rows)
    report = kitchen.build()
    assert report["outputs"]["table"] == {"path": PARTS, "written": 1, "unchanged": 1, "removed": 0}
    assert (kitchen / "dist/one/2024-01.parquet").stat().st_mtime_ns == january.st_mtime_ns
    assert ran(report) == {"fetch": 1, "transform": 1, "validate": 1, "write": 1}


def test_an_item_that_moves_from_part_to_part_leaves_the_one_and_is_in_the_other(tmp_path):
    kitchen = of_records(tmp_path, days("2024-01-05", "2024-02-05"), path=PARTS)
    kitchen.build()
    kitchen.rows(days("2024-03-05", "2024-02-05"))
    report = kitchen.build()
    assert report["outputs"]["table"] == {"path": PARTS, "written": 1, "unchanged": 1, "removed": 1}
    assert report["stages"]["write"]["ran"] == 1
    assert sorted(path.name for path in (kitchen / "dist/one").glob("*.parquet")) == [
        "2024-02.parquet",
        "2024-03.parquet",
    ]


def test_a_part_says_the_extent_of_its_own_items(tmp_path):
    kitchen = of_records(tmp_path, days("2024-01-05", "2024-02-05", "2024-02-06"), path=PARTS)
    kitchen.recipe["collections"]["one"]["summaries"] = ["gsd"]
    kitchen.save()
    kitchen.build()
    extent = told(kitchen, "one/2024-02")["collections"]["one"]["extent"]["temporal"]["interval"]
    assert extent == [["2024-02-05T00:00:00Z", "2024-02-06T00:00:00Z"]]
    assert told(kitchen, "one/2024-01")["collections"]["one"]["summaries"] == {"gsd": {"minimum": 1, "maximum": 1}}


def test_items_without_a_date_are_a_part_of_their_own(tmp_path):
    kitchen = of_items(tmp_path, [an_item("a", when=None), an_item("b")], path="dist/{year}/{collection}.parquet")
    kitchen.build()
    assert list(back(kitchen, "undated/one")) == ["a"]
    assert list(back(kitchen, "2024/one")) == ["b"]


def test_a_new_title_is_written_from_the_store_and_no_stage_runs(tmp_path):
    kitchen = of_records(tmp_path)
    kitchen.build()
    kitchen.recipe["collections"]["one"]["title"] = "Another"
    kitchen.save()
    report = kitchen.build()
    assert ran(report) == {}
    assert report["outputs"]["table"]["written"] == 1
    assert told(kitchen)["collections"]["one"]["title"] == "Another"


def test_another_version_of_the_library_that_writes_writes_again(tmp_path, monkeypatch):
    kitchen = of_records(tmp_path)
    kitchen.build()
    monkeypatch.setattr("stacbuild.outputs.geoparquet.version", lambda library: "99.0")
    assert ran(kitchen.build()) == {}, "the bytes are the same: nothing is put anew"
    assert kitchen.build()["outputs"]["table"]["unchanged"] == 1


def test_a_file_that_is_lost_or_edited_is_mended(tmp_path):
    kitchen = of_records(tmp_path)
    kitchen.build()
    before = (kitchen / "dist/one.parquet").read_bytes()
    (kitchen / "dist/one.parquet").write_bytes(b"PAR1")
    assert kitchen.build()["outputs"]["table"]["written"] == 1
    assert (kitchen / "dist/one.parquet").read_bytes() == before


def test_lost_memory_compares_and_writes_nothing(tmp_path):
    kitchen = of_records(tmp_path)
    kitchen.build()
    shutil.rmtree(kitchen / ".stacbuild/memory")
    assert kitchen.build()["outputs"]["table"]["written"] == 0


# --- hrefs


@pytest.mark.parametrize(
    ("spec", "href"),
    [
        ({}, "img/a.tif"),
        ({"base-url": "https://example.com/x"}, "https://example.com/x/img/a.tif"),
        ({"base-url": "https://example.com/x", "hrefs": "as-is"}, "img/a.tif"),
        ({"base-url": "https://example.com/x", "hrefs": "absolute"}, "https://example.com/x/img/a.tif"),
    ],
)
def test_local_hrefs_are_as_asked(tmp_path, spec, href):
    kitchen = of_items(tmp_path, [an_item("a", assets={"data": {"href": "img/a.tif"}})], **spec)
    kitchen.build()
    assert back(kitchen)["a"]["assets"]["data"]["href"] == href


# --- what no table can hold


def test_an_item_that_no_table_can_hold_is_told_and_left_out(tmp_path):
    broken = {"type": "LineString", "coordinates": [[1, 2], [1, 2, 3]]}
    kitchen = of_items(tmp_path, [an_item("a"), an_item("b", geometry=broken), an_item("c")])
    report = kitchen.build(exit_=1)
    assert list(back(kitchen)) == ["a", "c"]
    assert [item["id"] for item in kitchen.items()] == ["a", "b", "c"]
    (failure,) = kitchen.failures()
    assert (failure["target"], failure["stage"], failure["error_type"]) == ("item:one/b", "write", "output_error")
    assert (failure["code"], failure["path"]) == ("SB740", "/geometry")
    assert failure["message"].startswith("output 'table' leaves it out")
    assert report["items"] | {"failed": 1, "total": 3, "added": 3} == report["items"]


def test_what_is_left_out_is_told_until_it_is_mended(tmp_path):
    kitchen = of_items(tmp_path, [an_item("a"), an_item("b", when="yesterday")])
    kitchen.build(exit_=1)
    assert kitchen.build(exit_=1)["failures"]["count"] == 1
    put(kitchen, [an_item("a", properties={"gsd": 1}), an_item("b", when="yesterday")])
    assert kitchen.build(exit_=1)["failures"]["count"] == 1
    put(kitchen, [an_item("a"), an_item("b")])
    assert kitchen.build()["failures"]["count"] == 0
    assert kitchen.failures() == []


def test_what_is_left_out_is_not_told_any_more_when_the_output_is_gone(tmp_path):
    kitchen = of_items(tmp_path, [an_item("a"), an_item("b", when="yesterday")])
    kitchen.build(exit_=1)
    del kitchen.recipe["outputs"]["table"]
    kitchen.save()
    assert kitchen.build()["failures"]["count"] == 0


def test_a_table_is_not_what_lost_items_are_read_back_from(tmp_path):
    kitchen = Kitchen(tmp_path)
    kitchen.recipe["outputs"] = {"table": TABLE}
    kitchen.recipe["collections"]["one"]["keep-removed"] = True
    kitchen.save()
    kitchen.build()
    kitchen.rows([row(0)])
    kitchen.build()
    assert len(back(kitchen)) == 3
    before = kitchen.tree()
    shutil.rmtree(kitchen / ".stacbuild")
    assert kitchen.build(exit_=4)["error"]["code"] == "SB613"
    assert kitchen.tree() == before
