"""Source `table`, Parquet: rows are records; every type has its JSON, row groups are known by bytes."""

import base64
import datetime as dt
import json
import math
import os
import struct
import tracemalloc
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from kitchen import Kitchen

from stacbuild.recipe.schema import TableSource
from stacbuild.sources import parquet_file, parquet_footer, table
from stacbuild.sources.base import Shard
from stacbuild.sources.parquet_values import ITEM, RECORD, values

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
MOMENT = dt.datetime(2024, 1, 2, 3, 4, 5, tzinfo=dt.UTC)


def write(file, columns, **more):
    pq.write_table(pa.table(columns), file, **more)
    return file


def read(file, key="*", first=0, **more):
    return list(table.read(Shard(file.name, file), TableSource(path=file.name, key=key, **more), first))


def records(raws):
    assert all(raw.fault is None for raw in raws)
    return [json.loads(raw.blob) for raw in raws]


TYPES = {
    "bool": (pa.array([True, None]), [True, None]),
    "int8": (pa.array([-128, None], pa.int8()), [-128, None]),
    "int64": (pa.array([2**63 - 1, -(2**63)], pa.int64()), [9223372036854775807, -9223372036854775808]),
    "uint64": (pa.array([2**64 - 1], pa.uint64()), [18446744073709551615]),
    "double": (pa.array([0.1, math.nan, None, 1e300]), [0.1, None, None, 1e300]),
    "float": (pa.array([0.1, 16777216.0, math.nan, 1e-5], pa.float32()), [0.1, 16777216.0, None, 1e-5]),
    "text": (pa.array(["é", None, ""]), ["é", None, ""]),
    "large text": (pa.array(["a"], pa.large_string()), ["a"]),
    "dictionary": (pa.array(["a", "b", None, "a"]).dictionary_encode(), ["a", "b", None, "a"]),
    "binary": (pa.array([b"\x00\xff", None]), ["AP8=", None]),
    "fixed binary": (pa.array([b"ab"], pa.binary(2)), ["YWI="]),
    "date": (pa.array([dt.date(2024, 2, 29), None]), ["2024-02-29", None]),
    "date64": (pa.array([dt.date(2024, 2, 29)], pa.date64()), ["2024-02-29"]),
    "naive": (pa.array([MOMENT.replace(tzinfo=None)], pa.timestamp("us")), ["2024-01-02T03:04:05"]),
    "utc": (pa.array([MOMENT], pa.timestamp("ms", "UTC")), ["2024-01-02T03:04:05Z"]),
    "offset": (pa.array([0], pa.timestamp("s", "+02:00")), ["1970-01-01T00:00:00Z"]),
    "zone": (pa.array([0], pa.timestamp("s", "Europe/Oslo")), ["1970-01-01T00:00:00Z"]),
    "micro": (pa.array([1_500_000, 1, 1000], pa.timestamp("us", "UTC")), [
        "1970-01-01T00:00:01.500Z", "1970-01-01T00:00:00.000001Z", "1970-01-01T00:00:00.001Z"]),
    "nano": (pa.array([-1, 1000], pa.timestamp("ns")), ["1969-12-31T23:59:59.999999999", "1970-01-01T00:00:00.000001"]),
    "time": (pa.array([dt.time(1, 2, 3, 500)], pa.time64("us")), ["01:02:03.000500"]),
    "time32": (pa.array([dt.time(1, 2, 3), None], pa.time32("s")), ["01:02:03", None]),
    "duration": (pa.array([1500, -1, 0, None], pa.duration("ms")), ["PT1.5S", "-PT0.001S", "PT0S", None]),
    "decimal": (pa.array([Decimal("1.50"), Decimal("7.00"), None]), [1.5, 7, None]),
    "long decimal": (
        pa.array([Decimal("0.1234567890123456789"), Decimal("1.0000000000000000000")]), ["0.1234567890123456789", 1]),
    "large decimal": (pa.array([Decimal(10) ** 40], pa.decimal256(60, 0)), [10**40]),
    "struct": (pa.array([{"a": 1, "b": None}, None, {"a": None, "b": "x"}]), [
        {"a": 1, "b": None}, None, {"a": None, "b": "x"}]),
    "list": (pa.array([[1, None], [], None, [2]]), [[1, None], [], None, [2]]),
    "large list": (pa.array([["a"], None], pa.large_list(pa.string())), [["a"], None]),
    "fixed list": (pa.array([[1, 2], None, [3, 4]], pa.list_(pa.int32(), 2)), [[1, 2], None, [3, 4]]),
    "list of struct": (pa.array([[{"t": dt.date(2024, 1, 1)}], [None]]), [[{"t": "2024-01-01"}], [None]]),
    "deep": (pa.array([{"a": [[{"b": [1.5]}]]}]), [{"a": [[{"b": [1.5]}]]}]),
    "map": (
        pa.array([[("a", 1), ("b", None)], None, []], pa.map_(pa.string(), pa.int64())),
        [{"a": 1, "b": None}, None, {}],
    ),
    "map of numbers": (pa.array([[(1, "a")]], pa.map_(pa.int64(), pa.string())), [[[1, "a"]]]),
    "null": (pa.nulls(2), [None, None]),
}  # fmt: skip


@pytest.mark.parametrize("name", TYPES)
def test_every_type_has_its_json(tmp_path, name):
    array, expected = TYPES[name]
    assert values(array, RECORD) == expected
    assert [type(value) for value in values(array, RECORD)] == [type(value) for value in expected]
    file = write(tmp_path / "t.parquet", {"v": array, "n": pa.array(range(len(array)))})
    found = records(read(file))
    assert [record.get("v") for record in found] == expected
    assert all(("v" in record) == (value is not None) for record, value in zip(found, expected, strict=True))


@pytest.mark.parametrize("name", TYPES)
def test_slices_are_their_own_rows(name):
    array, expected = TYPES[name]
    twice = pa.concat_arrays([array, array])
    for start in range(len(expected)):
        assert values(twice.slice(start, len(expected)), RECORD) == [*expected[start:], *expected[:start]]


def test_in_items_moments_are_utc_and_null_members_are_gone():
    moments = pa.array([0, None], pa.timestamp("ns"))
    assert values(moments, ITEM) == ["1970-01-01T00:00:00Z", None]
    nested = pa.array([{"a": None, "b": [{"c": None, "d": 1}, {}], "e": {"f": None}}])
    assert values(nested, ITEM) == [{"b": [{"d": 1}, {}], "e": {}}]


def test_single_precision_is_what_was_meant():
    numbers = [0.1, 3.4e38, 1.1754944e-38, 123456.79, -0.3333333432674408]
    for number, found in zip(numbers, values(pa.array(numbers, pa.float32()), RECORD), strict=True):
        assert struct.pack("f", found) == struct.pack("f", number)
        assert len(repr(found)) <= 15


def test_infinity_costs_its_record(tmp_path):
    file = write(tmp_path / "t.parquet", {"id": ["a", "b"], "v": [math.inf, 1.0]})
    found = read(file, key="id")
    assert [(raw.key, raw.fault and raw.fault.code) for raw in found] == [(None, "SB408"), ("b", None)]
    assert found[0].fault.message == "the record has no canonical form: inf is not a JSON number"


def test_moment_beyond_the_calendar_is_left_to_who_reads_it():
    (found,) = values(pa.array([10**15], pa.timestamp("s")), RECORD)
    assert "out of range" in found


def test_keys_are_columns_paths_and_the_whole_record(tmp_path):
    file = write(tmp_path / "t.parquet", {"id": [7, 8], "a.b": ["x", None], "s": [{"t": "u"}, {"t": "v"}]})
    assert [raw.key for raw in read(file, key="id")] == ["7", "8"]
    assert [raw.key for raw in read(file, key="a.b")] == ["x", None]
    assert [raw.key for raw in read(file, key=["s.t", "id"])] == ["u|7", "v|8"]
    assert len({raw.key for raw in read(file)}) == 2


def test_missing_words_are_missing(tmp_path):
    file = write(tmp_path / "t.parquet", {"id": ["1"], "a": ["NA"], "s": [{"t": "NA"}]})
    assert records(read(file, missing=["NA"])) == [{"id": "1", "s": {"t": None}}]


@pytest.mark.parametrize("name", ["t.parquet", "T.PARQUET", "t.geoparquet", "t.parq", "t.pq"])
def test_parquet_is_told_by_its_name_or_by_format(tmp_path, name):
    file = write(tmp_path / name, {"id": ["1"]})
    assert records(read(file)) == [{"id": "1"}]
    other = file.rename(tmp_path / "table.bin")
    assert records(read(other, format="parquet")) == [{"id": "1"}]


@pytest.mark.parametrize("codec", ["none", "snappy", "gzip", "zstd", "lz4", "brotli"])
def test_every_codec_gives_the_same(tmp_path, codec):
    file = write(tmp_path / "t.parquet", {"id": ["1", "2"]}, compression=codec)
    assert records(read(file)) == [{"id": "1"}, {"id": "2"}]


def test_geometry_stays_bytes_for_the_mapping(tmp_path):
    point = struct.pack("<BIdd", 1, 1, 1.5, 2.5)
    file = write(tmp_path / "t.parquet", {"id": ["1"], "geometry": [point]})
    (record,) = records(read(file))
    assert base64.b64decode(record["geometry"]) == point


def test_lines_are_numbers_of_rows_and_reading_starts_at_a_row_group(tmp_path):
    file = write(tmp_path / "t.parquet", {"id": [str(n) for n in range(10)]}, row_group_size=4)
    assert [(raw.ordinal, raw.line) for raw in read(file)] == [(n, n + 1) for n in range(10)]
    assert [raw.key for raw in read(file, key="id", first=5)] == ["4", "5", "6", "7", "8", "9"]
    assert [raw.key for raw in read(file, key="id", first=8)] == ["8", "9"]


def test_row_groups_are_known_by_their_bytes_wherever_they_stand(tmp_path):
    def digests(name, groups):
        with pq.ParquetWriter(tmp_path / name, pa.schema({"id": pa.int64(), "v": pa.string()})) as writer:
            for rows in groups:
                writer.write_table(pa.table({"id": rows, "v": [f"text {row}" for row in rows]}))
        found = parquet_file.parts(tmp_path / name)
        assert [part.records for part in found] == [len(rows) for rows in groups]
        assert [part.first for part in found] == [sum(map(len, groups[:n])) for n in range(len(groups))]
        return [part.digest for part in found]

    one, two, three = digests("a.parquet", [[1, 2], [3], [4, 5]])
    assert len({one, two, three}) == 3
    assert digests("b.parquet", [[9], [1, 2], [4, 5]])[1:] == [one, three]
    assert digests("c.parquet", [[1, 2], [3], [4, 6]])[:2] == [one, two]


def test_other_types_of_the_same_bytes_are_other_row_groups(tmp_path):
    write(tmp_path / "a.parquet", {"v": pa.array([1], pa.timestamp("us"))})
    write(tmp_path / "b.parquet", {"v": pa.array([1], pa.timestamp("us", "UTC"))})
    (one,), (two,) = (parquet_file.parts(tmp_path / name) for name in ("a.parquet", "b.parquet"))
    assert one.digest != two.digest


def test_the_footer_says_what_pyarrow_says(tmp_path):
    columns = {name: pa.concat_arrays([array] * 3) for name, (array, _) in TYPES.items() if name != "null"}
    size = min(map(len, columns.values()))
    ours = write(tmp_path / "t.parquet", {n: c.slice(0, size) for n, c in columns.items()}, row_group_size=2)
    for file in (ours, *sorted((DATA / "parquet").glob("*.parquet"))):
        footer, metadata = parquet_footer.footer_of(file), pq.read_metadata(file)
        assert footer.metadata.get(b"geo") == (metadata.metadata or {}).get(b"geo")
        assert [group.rows for group in footer.groups] == [
            metadata.row_group(n).num_rows for n in range(metadata.num_row_groups)
        ]
        for n, group in enumerate(footer.groups):
            chunks = [metadata.row_group(n).column(c) for c in range(metadata.num_columns)]
            assert [chunk.size for chunk in group.chunks] == [chunk.total_compressed_size for chunk in chunks]
            assert [chunk.start for chunk in group.chunks] == [
                min(place for place in (chunk.data_page_offset, chunk.dictionary_page_offset) if place)
                for chunk in chunks
            ]


def test_wide_rows_are_read_a_few_at_a_time(tmp_path, monkeypatch):
    file = write(tmp_path / "t.parquet", {"v": ["x" * 10_000 + str(n) for n in range(100)]}, use_dictionary=False)
    monkeypatch.setattr(parquet_file, "_BATCH_BYTES", 100_000)
    sizes = [size for _, _, size in parquet_file.batches(file, 0, str, lambda batch: batch.num_rows)]
    assert sum(sizes) == 100
    assert max(sizes) <= 10


def test_memory_is_bounded_by_a_batch_and_not_by_a_row_group(tmp_path):
    texts = pa.array([os.urandom(3000).hex() for _ in range(6000)])
    file = write(tmp_path / "t.parquet", {"v": texts}, use_dictionary=False, compression="none")
    assert file.stat().st_size > 36_000_000
    assert pq.read_metadata(file).num_row_groups == 1
    read(write(tmp_path / "first.parquet", {"v": ["x"]}))
    tracemalloc.start()
    before = pa.total_allocated_bytes()
    most = 0
    for _ in table.read(Shard(file.name, file), TableSource(path=file.name, key="*")):
        most = max(most, pa.total_allocated_bytes() - before)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak + most < 30_000_000


def test_table_without_rows_has_no_records(tmp_path):
    file = write(tmp_path / "t.parquet", {"id": pa.array([], pa.string())})
    assert read(file) == []


def test_geometry_and_moments_of_geoparquet_are_what_a_mapping_takes(tmp_path):
    kitchen = Kitchen(tmp_path / "kitchen", rows=None)
    kitchen.recipe["sources"]["rows"] = {"kind": "table", "path": "scenes.geoparquet", "key": "scene"}
    kitchen.recipe["mappings"]["plain"] = {
        "id": "scene",
        "geometry": {"wkb": "geometry"},
        "datetime": {"from": "taken", "as": "datetime"},
        "properties": {"gsd": "sensor.gsd", "day": {"from": "day", "as": "date"}},
    }
    kitchen.save()
    columns = {
        "scene": ["a", "b"],
        "geometry": [
            struct.pack("<BIdd", 1, 1, 1.5, 2.5),
            struct.pack(">BIIIdddddddd", 0, 3, 1, 4, *[0, 0, 1, 0, 1, 1, 0, 0]),
        ],
        "taken": pa.array([MOMENT, MOMENT], pa.timestamp("ns", "Europe/Oslo")),
        "day": [MOMENT.date()] * 2,
        "sensor": [{"gsd": 0.5}] * 2,
    }
    write(kitchen / "scenes.geoparquet", columns)
    assert kitchen.build()["items"]["added"] == 2
    one, two = kitchen.items()
    assert one["geometry"] == {"type": "Point", "coordinates": [1.5, 2.5]}
    assert two["geometry"]["type"] == "Polygon"
    assert one["properties"] == {"datetime": "2024-01-02T03:04:05Z", "day": "2024-01-02", "gsd": 0.5}
