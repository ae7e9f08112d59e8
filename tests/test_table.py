"""Source `table`: which files, which records, which keys. What is wrong with them is in test_table_bad.py."""

import csv
import gzip
import io
import json
import tracemalloc

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from stacbuild import canon
from stacbuild.recipe.schema import TableSource
from stacbuild.sources import table, text
from stacbuild.sources.base import Shard


def source(path="t.csv", key="id", **more):
    return TableSource(path=path, key=key, **more)


def read(folder, name, blob, **more):
    (folder / name).write_bytes(blob)
    return list(table.read(Shard(name, folder / name), source(name, **more)))


def blobs(raws):
    raws = list(raws)
    assert all(raw.fault is None for raw in raws)
    return [raw.blob for raw in raws]


# --- records


def test_csv_row_is_an_object_of_texts_without_its_empty_cells(tmp_path):
    (first, second) = read(tmp_path, "t.csv", b"id,name,n\n1,b,2.50\n2,,\n")
    assert first[:5] == (0, 2, b'{"id":"1","n":"2.50","name":"b"}', "1", None)
    assert second[:5] == (1, 3, b'{"id":"2"}', "2", None)


def test_tsv_is_parted_by_tabs(tmp_path):
    assert blobs(read(tmp_path, "t.tsv", b"id\ta\n1\tx,y\n")) == [b'{"a":"x,y","id":"1"}']


def test_delimiter_of_the_recipe_wins(tmp_path):
    assert blobs(read(tmp_path, "t.csv", b"id;a\n1;x,y\n", delimiter=";")) == [b'{"a":"x,y","id":"1"}']


def test_byte_order_mark_is_no_part_of_the_first_name(tmp_path):
    for name, blob in (("t.csv", b"id\n1\n"), ("t.ndjson", b'{"id":"1"}'), ("t.json", b'[{"id":"1"}]')):
        assert blobs(read(tmp_path, name, b"\xef\xbb\xbf" + blob)) == [b'{"id":"1"}']


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_line_ends_do_not_matter(tmp_path, end):
    rows = read(tmp_path, "t.csv", end.join([b"id,a", b"1,x", b"", b"2,y", b""]))
    assert [(raw.line, raw.blob) for raw in rows] == [(2, b'{"a":"x","id":"1"}'), (4, b'{"a":"y","id":"2"}')]
    lines = read(tmp_path, "t.ndjson", end.join([b'{"id":1}', b"", b" ", b'{"id":2}']))
    assert [(raw.line, raw.blob) for raw in lines] == [(1, b'{"id":1}'), (4, b'{"id":2}')]


def test_quoted_line_ends_belong_to_the_cell_and_lines_are_counted(tmp_path):
    rows = read(tmp_path, "t.csv", b'id,a\n1,"x\r\ny\n"\n2,z\n')
    assert [(raw.ordinal, raw.line, raw.blob) for raw in rows] == [
        (0, 2, b'{"a":"x\\r\\ny\\n","id":"1"}'),
        (1, 5, b'{"a":"z","id":"2"}'),
    ]


def test_missing_words_are_left_out_of_csv_and_compared_as_they_stand(tmp_path):
    rows = read(tmp_path, "t.csv", b"id,a,b,c\n1,NA,na, NA\n", missing=["NA"])
    assert blobs(rows) == [b'{"b":"na","c":" NA","id":"1"}']


def test_nulls_at_the_top_are_left_out_of_json_and_missing_words_within_become_null(tmp_path):
    line = b'{"id":1,"a":null,"b":"NA","c":{"d":"NA","e":{"f":"NA"},"g":null},"h":["NA",null]}'
    assert blobs(read(tmp_path, "t.ndjson", line, missing=["NA"])) == [
        b'{"c":{"d":null,"e":{"f":null},"g":null},"h":["NA",null],"id":1}'
    ]
    assert b'"b":"NA"' in blobs(read(tmp_path, "t.ndjson", line))[0]


def test_numbers_keep_what_they_are(tmp_path):
    line = b'{"id":123456789012345678901234567890,"a":1.0,"b":1,"c":1e2,"d":-0.0}'
    assert blobs(read(tmp_path, "t.ndjson", line)) == [
        b'{"a":1.0,"b":1,"c":100.0,"d":-0.0,"id":123456789012345678901234567890}'
    ]


def test_of_members_with_one_name_the_last_wins(tmp_path):
    assert blobs(read(tmp_path, "t.ndjson", b'{"id":1,"id":2}')) == [b'{"id":2}']


def test_json_array_counts_its_elements_and_one_object_is_one_record(tmp_path):
    found = read(tmp_path, "t.json", b'[ {"id": 1},\n {"id": 2} ]\n')
    assert [(raw.ordinal, raw.line, raw.blob) for raw in found] == [(0, 1, b'{"id":1}'), (1, 2, b'{"id":2}')]
    assert blobs(read(tmp_path, "t.json", b' {"id": 1}\n')) == [b'{"id":1}']
    assert read(tmp_path, "t.json", b"[]") == []


def test_header_alone_and_empty_ndjson_are_no_records(tmp_path):
    assert read(tmp_path, "t.csv", b"id,a\n") == []
    assert read(tmp_path, "t.ndjson", b"") == []


def test_encoding_of_the_recipe_is_used(tmp_path):
    for encoding in ("latin-1", "cp1252", "utf-16", "utf-16-le"):
        rows = read(tmp_path, "t.csv", "id,a\n1,é\n2,ü\n".encode(encoding), encoding=encoding)
        assert blobs(rows) == ['{"a":"é","id":"1"}'.encode(), '{"a":"ü","id":"2"}'.encode()]
        assert blobs(read(tmp_path, "t.ndjson", '{"id":"é"}\n'.encode(encoding), encoding=encoding)) == [
            '{"id":"é"}'.encode()
        ]


def test_gz_and_zst_of_several_parts_are_read(tmp_path):
    parts = [b"id,a\n1,x\n", b"2,y\n"]
    zst = zstandard.ZstdCompressor()
    skippable = b"\x50\x2a\x4d\x18\x03\x00\x00\x00abc"
    for name, blob in (
        ("t.csv.gz", b"".join(map(gzip.compress, parts))),
        ("t.csv.zst", skippable.join(map(zst.compress, parts))),
        ("T.CSV.ZST", zst.compress(parts[0]) + zst.compress(parts[1])),
    ):
        assert blobs(read(tmp_path, name, blob)) == [b'{"a":"x","id":"1"}', b'{"a":"y","id":"2"}']


def test_format_of_the_recipe_wins_over_the_name(tmp_path):
    assert blobs(read(tmp_path, "t.txt", b"id\n1\n", format="csv")) == [b'{"id":"1"}']
    assert blobs(read(tmp_path, "t.jsonl", b'{"id":1}')) == [b'{"id":1}']


cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
names = st.lists(cells.filter(bool), min_size=1, max_size=5, unique=True)


@st.composite
def tables(draw):
    header = draw(names)
    return header, draw(st.lists(st.lists(cells, min_size=len(header), max_size=len(header)), max_size=6))


def written(header, rows, **dialect):
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL, **dialect).writerows([header, *rows])
    return out.getvalue().encode()


@given(tables(), st.sampled_from(["\n", "\r\n", "\r"]), st.integers(1, 40))
def test_what_a_csv_writer_writes_is_read_back(tmp_path_factory, made, end, piece):
    header, rows = made
    blob = written(header, rows, lineterminator=end)
    file = tmp_path_factory.mktemp("t") / "t.csv"
    file.write_bytes(blob)
    found = list(table.read(Shard(file.name, file), source(key="*")))
    expected = [{n: c for n, c in zip(header, row, strict=True) if c} for row in rows]
    assert [json.loads(blob) for blob in blobs(found)] == [
        record for record, row in zip(expected, rows, strict=True) if row
    ]
    pieces = [blob[start : start + piece] for start in range(0, len(blob), piece)]
    assert list(text.lines(pieces)) == blob.splitlines(keepends=True)


@given(tables(), st.randoms())
def test_order_of_columns_does_not_matter(tmp_path_factory, made, rolls):
    header, rows = made
    order = list(range(len(header)))
    rolls.shuffle(order)
    folder = tmp_path_factory.mktemp("t")
    (folder / "a.csv").write_bytes(written(header, rows))
    (folder / "b.csv").write_bytes(written([header[i] for i in order], [[row[i] for i in order] for row in rows]))
    one, two = (list(table.read(Shard(name, folder / name), source(key="*"))) for name in ("a.csv", "b.csv"))
    assert [(raw.blob, raw.key) for raw in one] == [(raw.blob, raw.key) for raw in two]


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | cells,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(cells, inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(st.dictionaries(cells, values, max_size=4), max_size=4))
def test_what_a_json_writer_writes_is_read_back_from_both_forms(tmp_path_factory, records):
    folder = tmp_path_factory.mktemp("t")
    (folder / "t.json").write_text(json.dumps(records, indent=1))
    (folder / "t.ndjson").write_text("\n".join(map(json.dumps, records)))
    expected = [canon.encode({n: v for n, v in record.items() if v is not None}) for record in records]
    for name in ("t.json", "t.ndjson"):
        assert blobs(table.read(Shard(name, folder / name), source(key="*"))) == expected


def test_memory_is_bounded_by_a_record_and_not_by_the_file(tmp_path):
    row = b"x" * 1_000 + b",1\n"
    with gzip.open(tmp_path / "t.csv.gz", "wb", compresslevel=1) as file:
        file.write(b"id,a\n" + row * 40_000)
    tracemalloc.start()
    count = sum(1 for _ in table.read(Shard("t.csv.gz", tmp_path / "t.csv.gz"), source()))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 40_000
    assert peak < 16_000_000


# --- keys


def key(record, name, folder):
    (raw,) = read(folder, "t.ndjson", canon.encode(record), key=name)
    assert raw.fault is None
    return raw.key


@pytest.mark.parametrize(
    ("record", "name", "expected"),
    [
        ({"id": "a"}, "id", "a"),
        ({"id": 7}, "id", "7"),
        ({"id": 1.0}, "id", "1.0"),
        ({"id": True}, "id", "true"),
        ({"id": ["a", 1]}, "id", '["a",1]'),
        ({"id": None}, "id", None),
        ({"id": ""}, "id", None),
        ({}, "id", None),
        ({"a": {"b": [{"c": "x"}]}}, "a.b.0.c", "x"),
        ({"a": {"b": [1]}}, "a.b.1", None),
        ({"a.b": "exact", "a": {"b": "walked"}}, "a.b", "exact"),
        ({"a.b": {"c": "x"}}, r"a\.b.c", "x"),
        ({"a": "x", "b": 1}, ["a", "b"], "x|1"),
        ({"a": "x|1", "b": "y"}, ["a", "b"], r"x\|1|y"),
        ({"a": "x\\", "b": "y"}, ["a", "b"], r"x\\|y"),
        ({"a": "x|"}, ["a"], "x|"),
        ({"a": "x"}, ["a", "b"], None),
        ({"b": 1, "a": 2}, "*", "d3626ac30a87e6f7a6428233b3c68299976865fa5508e4267c5415c76af7a772"),
    ],
)
def test_key_is(tmp_path, record, name, expected):
    assert key(record, name, tmp_path) == expected


@given(st.lists(st.tuples(cells.filter(bool), cells.filter(bool)), min_size=2, max_size=2, unique=True))
def test_keys_of_several_parts_differ_when_a_part_does(tmp_path_factory, pairs):
    folder = tmp_path_factory.mktemp("t")
    one, two = (key({"a": a, "b": b}, ["a", "b"], folder) for a, b in pairs)
    assert one != two


def test_missing_word_is_no_key(tmp_path):
    (raw,) = read(tmp_path, "t.csv", b"id,a\nNA,1\n", missing=["NA"])
    assert raw.key is None
    assert raw.fault is None


def test_column_with_a_dot_is_found_in_both_spellings(tmp_path):
    for name in ("a.b", r"a\.b"):
        (raw,) = read(tmp_path, "t.csv", b"a.b\n1\n", key=name)
        assert raw.key == "1"


# --- files


def plant(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"id\n")


def shard_names(root, path):
    return [shard.name for shard in table.shards(source(path), root)]


def test_globs_and_lists_are_expanded_by_name_each_file_once(tmp_path):
    root = tmp_path / "recipe"
    plant(root, "d/b.csv", "d/a.csv", "d/e/c.csv", "d/.hidden.csv", "d/.stacbuild-1-x.csv", "../out.csv", "d/f.txt")
    (root / "d" / "folder.csv").mkdir()
    assert shard_names(root, "d/*.csv") == ["d/a.csv", "d/b.csv"]
    assert shard_names(root, "d/**/*.csv") == ["d/a.csv", "d/b.csv", "d/e/c.csv"]
    assert shard_names(root, ["d/b.csv", "./d/../d/*.csv", "../*.csv"]) == ["../out.csv", "d/a.csv", "d/b.csv"]
    assert all(shard.file.is_file() for shard in table.shards(source("**/*.csv"), root))


def test_our_own_folders_are_no_input(tmp_path):
    plant(tmp_path, ".stacbuild/a.csv", "b.csv")
    assert shard_names(tmp_path, ["*/*.csv", ".stacbuild/*.csv", "*.csv"]) == ["b.csv"]


def test_path_without_wildcards_is_listed_even_if_nothing_is_there(tmp_path):
    plant(tmp_path, "a.csv")
    wanted = ["a.csv", "gone.csv", "none/*.csv"]
    assert shard_names(tmp_path, wanted) == ["a.csv", "gone.csv"]
    assert table.missing_paths(source(wanted), tmp_path) == ["gone.csv", "none/*.csv"]


def test_file_whose_name_looks_like_a_wildcard_is_itself(tmp_path):
    plant(tmp_path, "a[1].csv", "a1.csv")
    assert shard_names(tmp_path, "a[1].csv") == ["a[1].csv"]


def test_linked_folders_do_not_give_a_file_twice(tmp_path):
    plant(tmp_path, "d/a.csv")
    (tmp_path / "d" / "loop").symlink_to(tmp_path / "d")
    assert shard_names(tmp_path, "d/**/*.csv") == ["d/a.csv"]


def test_settings_say_what_decides_the_records_and_not_where_they_lie():
    settings = table.fetch_settings(source("a.csv"))
    assert settings == table.fetch_settings(source(["elsewhere.csv"], key=["id"], encoding="UTF8"))
    assert "a.csv" not in json.dumps(settings)
    for more in ({"missing": ["NA"]}, {"delimiter": ";"}, {"encoding": "latin-1"}, {"format": "csv"}, {"key": "x"}):
        assert table.fetch_settings(source(**more)) != settings


@pytest.mark.parametrize("form", ["csv", "json", "ndjson", "parquet"])
def test_what_is_ignored_does_not_count(tmp_path, form):
    records = [
        {"id": "1", "a": {"x": 1, "y": 2}, "seen.at": "now"},
        {"id": "1", "a": {"x": 1, "y": 3}, "seen.at": "then"},
    ]
    if form == "csv":
        blob = written(["id", "a", "seen.at"], [[r["id"], "x", r["seen.at"]] for r in records])
        (tmp_path / "t.csv").write_bytes(blob)
    elif form == "parquet":
        pq.write_table(pa.Table.from_pylist(records), tmp_path / "t.parquet")
    else:
        text = json.dumps(records) if form == "json" else "\n".join(map(json.dumps, records))
        (tmp_path / f"t.{form}").write_text(text)
    shard = Shard(f"t.{form}", tmp_path / f"t.{form}")
    settings = source(shard.name, key="*", ignore=["a.y", "seen.at", "none"])
    one, two = table.read(shard, settings)
    assert one.blob == two.blob
    assert one.key == two.key
    assert json.loads(one.blob) == {"id": "1", "a": "x" if form == "csv" else {"x": 1}}
    assert table.fetch_settings(settings) != table.fetch_settings(source(shard.name, key="*"))
