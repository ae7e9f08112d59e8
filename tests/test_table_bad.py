"""Source `table`, bad input: one bad record costs that record, a file that cannot be read says so."""

import gzip
import os

import pytest
import zstandard

from stacbuild.recipe.schema import TableSource
from stacbuild.sources import json_document, table, text
from stacbuild.sources.base import CODES, Shard, SourceUnreadable

MIB = 1024 * 1024


def read(folder, name, blob, key="id", **more):
    (folder / name).write_bytes(blob)
    return list(table.read(Shard(name, folder / name), TableSource(path=name, key=key, **more)))


def unreadable(folder, name, blob, **more):
    with pytest.raises(SourceUnreadable) as caught:
        read(folder, name, blob, **more)
    assert caught.value.code in CODES
    assert str(folder) not in f"{caught.value.message} {caught.value.hint}"
    return caught.value


def told(raws):
    """What came of each record: its key, or the code and line of its fault."""
    assert [raw.ordinal for raw in raws] == list(range(len(raws)))
    assert all(raw.fault is None or raw.fault.code in CODES for raw in raws)
    return [raw.key if raw.fault is None else (raw.fault.code, raw.line) for raw in raws]


# --- rows


def test_ragged_rows_are_bad_and_the_others_are_read(tmp_path):
    found = read(tmp_path, "t.csv", b"id,a,b\n1,x,y\n2,x\n3,x,y,z\n4,x,y\n")
    assert told(found) == ["1", ("SB401", 3), ("SB401", 4), "4"]
    assert [raw.fault.message for raw in found[1:3]] == [
        "the row has 2 cells, the header 3",
        "the row has 4 cells, the header 3",
    ]
    assert found[1].blob == b"2,x"
    assert found[1].fault.stage == "fetch"


def test_bytes_of_another_encoding_are_bad_and_the_hint_says_which(tmp_path):
    found = read(tmp_path, "t.csv", "id,a\n1,x\n2,é\n3,y\n".encode("latin-1"))
    assert told(found) == ["1", ("SB402", 3), "3"]
    assert found[1].fault.message == "column 'a' holds bytes that are not utf-8"
    assert 'encoding = "latin-1"' in found[1].fault.hint
    assert found[1].blob == b"2,\xe9"


@pytest.mark.parametrize("blob", [b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80"])
def test_bytes_that_only_look_like_utf8_are_bad(tmp_path, blob):
    assert told(read(tmp_path, "t.csv", b"id,a\n1," + blob + b"\n")) == [("SB402", 2)]
    assert told(read(tmp_path, "t.ndjson", b'{"id":"' + blob + b'"}')) == [("SB402", 1)]


def test_bytes_that_the_named_encoding_lacks_are_bad(tmp_path):
    assert told(read(tmp_path, "t.csv", b"id,a\n1,\xc3\xa9\n2,x\n", encoding="ascii")) == [("SB402", 2), "2"]
    assert told(read(tmp_path, "t.csv", b"id,a\n1,\x81\n2,x\n", encoding="cp1252")) == [("SB402", 2), "2"]


def test_nul_is_bad_and_its_escape_in_text_is_not(tmp_path):
    found = read(tmp_path, "t.csv", b"id,a\n1,x\0y\n2,\\u0000\n3,z\n")
    assert told(found) == [("SB403", 2), "2", "3"]
    assert found[1].blob == b'{"a":"\\\\u0000","id":"2"}'


def test_text_behind_a_closing_quote_is_bad(tmp_path):
    assert told(read(tmp_path, "t.csv", b'id,a\n1,"x"y\n2,z\n')) == [("SB405", 2), "2"]


def test_quote_never_closed_costs_its_line_only(tmp_path):
    found = read(tmp_path, "t.csv", b'id,a\n1,"x\n2,y\n3,"z\nz"\n4,w\n')
    assert told(found) == [("SB405", 2), "2", "3", "4"]
    found = read(tmp_path, "t.csv", b'id,a\n1,w\n2,"x\n3,y\n4,z\n')
    assert told(found) == ["1", ("SB405", 3), "3", "4"]
    assert found[1].blob == b'2,"x'


def test_quote_left_open_for_64_mib_costs_its_line_only(tmp_path, monkeypatch):
    monkeypatch.setattr("stacbuild.sources.delimited.LIMIT", 10_000)
    rows = b"".join(b"%d,x\n" % number for number in range(2, 4_000))
    assert told(read(tmp_path, "t.csv", b'id,a\n1,"x\n' + rows)) == [("SB404", 2), *map(str, range(2, 4_000))]


@pytest.mark.parametrize(("name", "before"), [("t.csv", b"id\n0\n"), ("t.ndjson", b'{"id":"0"}\n')])
def test_line_beyond_64_mib_is_bad_and_is_not_kept(tmp_path, name, before):
    after = before[3:] if name == "t.csv" else before
    found = read(tmp_path, name, before + b"x" * (64 * MIB + 1) + b"\n" + after)
    assert told(found) == ["0", ("SB404", 3 if name == "t.csv" else 2), "0"]
    assert found[1].blob == b"x" * 1024


def test_record_of_50_mb_is_read(tmp_path):
    size = 50_000_000
    (one,) = read(tmp_path, "t.csv", b"id,a\n1," + b"x" * size + b"\n")
    (two,) = read(tmp_path, "t.ndjson", b'{"id":"1","a":"' + b"x" * size + b'"}')
    assert one.blob == two.blob == b'{"a":"' + b"x" * size + b'","id":"1"}'


# --- lines and elements


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        (b'{"id":', "SB406", "not JSON: Expecting value (character 7)"),
        (b"{'id': 1}", "SB406", "not JSON: Expecting property name enclosed in double quotes (character 2)"),
        (b'{"id":1} x', "SB406", "not JSON: Extra data (character 10)"),
        (b'{"id":NaN}', "SB406", "not JSON: NaN is not a JSON number"),
        (b'{"id":-Infinity}', "SB406", "not JSON: -Infinity is not a JSON number"),
        (b'{"id":"a\0b"}', "SB406", "not JSON: Invalid control character at (character 9)"),
        (b"[1]", "SB407", "an array, not an object"),
        (b"null", "SB407", "null, not an object"),
        (b"true", "SB407", "a boolean, not an object"),
        (b'{"a":' * 201 + b"1" + b"}" * 201, "SB408", "nested more than 200 deep"),
        (b'{"a":' + b"[" * 10_000 + b"]" * 10_000 + b"}", "SB408", "nested more than 200 deep"),
        (b'{"id":"\\ud800"}', "SB408", "not JSON that can be written: half a surrogate pair, or a number out of range"),
        (b'{"id":1e999}', "SB408", "not JSON that can be written: half a surrogate pair, or a number out of range"),
    ],
)
def test_bad_line_is_bad_and_the_others_are_read(tmp_path, line, code, words):
    found = read(tmp_path, "t.ndjson", b'{"id":"1"}\n\n' + line + b'\n{"id":"2"}\n')
    assert told(found) == ["1", (code, 3), "2"]
    assert found[1].fault.message == words
    assert found[1].blob == line


def test_200_levels_are_read_and_brackets_in_texts_are_no_levels(tmp_path):
    deep = b'{"id":"1","a":' + b"[" * 200 + b"]" * 200 + b"}"
    flat = b'{"id":"2","a":"' + b"[" * 300 + b'","b":[' + b"[1]," * 300 + b"[]]}"
    found = read(tmp_path, "t.ndjson", deep + b"\n" + flat)
    assert told(found) == ["1", "2"]


def test_bad_elements_of_an_array_are_bad_and_the_others_are_read(tmp_path):
    deep = b'{"a":' + b"[" * 10_000 + b"]" * 10_000 + b"}"
    elements = [b'{"id":"1"}', b'{"id":NaN}', b'{"id":"2","a":"],[{\\""}', deep, b"7", b'{"id":"\\ud800"}']
    found = read(tmp_path, "t.json", b"[" + b", ".join(elements) + b"]\n")
    assert told(found) == ["1", ("SB406", 2), "2", ("SB408", 4), ("SB407", 5), ("SB408", 6)]
    assert told(read(tmp_path, "t.json", b'[{"id":"1"},{"id":"\xe9"}]')) == ["1", ("SB402", 2)]
    assert told(read(tmp_path, "t.json", b'{"id": NaN}')) == [("SB406", 1)]


@pytest.mark.parametrize(
    ("blob", "code"),
    [
        (b"", "SB414"),
        (b" \n", "SB414"),
        (b'[{"id":1}', "SB417"),
        (b'[{"id":1},', "SB417"),
        (b'[{"id":1},]', "SB417"),
        (b'[{"id":NaN},]', "SB417"),
        (b'[{"id":1}] [{"id":2}]', "SB417"),
        (b'[{"id":NaN}] [{"id":2}]', "SB417"),
        (b'{"id":1}\n{"id":2}\n', "SB417"),
        (b'[{"id":"1},{"id":"2"}]', "SB417"),
        (b"[" * 100_000, "SB417"),
        (b"7", "SB417"),
        (b"id,a\n1,2\n", "SB417"),
    ],
)
def test_document_wrong_as_a_whole_is_an_unreadable_file(tmp_path, blob, code):
    assert unreadable(tmp_path, "t.json", blob).code == code


def test_broken_document_is_told_with_its_place(tmp_path):
    error = unreadable(tmp_path, "t.json", b'[{"id": 1},\n {"id" 2}]')
    assert error.message == "line 2, column 8: not a JSON document: Expecting ':' delimiter"


def test_document_beyond_the_limit_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(json_document, "WHOLE_LIMIT", 100)
    error = unreadable(tmp_path, "t.json", b"[" + b" " * 100 + b"]")
    assert (error.code, error.hint) == ("SB417", "write it as ndjson, one record a line")


# --- headers


@pytest.mark.parametrize(
    ("blob", "code", "words"),
    [
        (b"", "SB414", "the file is empty: it has no header"),
        (b"\n\r\n", "SB414", "the file is empty: it has no header"),
        (b"id,a,a\n", "SB415", "line 1: the header names 'a' more than once (columns 2, 3)"),
        (b"\nid,,b\n", "SB415", "line 2: column 2 of the header has no name"),
        ("id,é\n".encode("latin-1"), "SB415", "line 1: the header holds bytes that are not utf-8"),
        (b'id,"a\n1,2\n', "SB415", "line 1: the header: a quote is opened here and never closed"),
        (b"name,a\n", "SB416", "line 1: the header has no column 'id', which `key` names"),
    ],
)
def test_header_that_cannot_be_used_is_an_unreadable_file(tmp_path, blob, code, words):
    error = unreadable(tmp_path, "t.csv", blob)
    assert (error.code, error.message) == (code, words)
    assert error.hint


def test_other_delimiter_is_guessed_in_the_hint_only(tmp_path):
    assert 'delimiter = ";"' in unreadable(tmp_path, "t.csv", b"id;a\n1;2\n").hint
    assert 'delimiter = "\\t"' in unreadable(tmp_path, "t.csv", b"id\ta\n1\t2\n").hint


# --- files


def test_absent_file_is_unreadable(tmp_path):
    with pytest.raises(SourceUnreadable) as caught:
        list(table.read(Shard("gone.csv", tmp_path / "gone.csv"), TableSource(path="gone.csv", key="id")))
    assert caught.value.code == "SB411"


def test_folder_in_the_place_of_a_file_is_unreadable(tmp_path):
    (tmp_path / "t.csv").mkdir()
    with pytest.raises(SourceUnreadable) as caught:
        list(table.read(Shard("t.csv", tmp_path / "t.csv"), TableSource(path="t.csv", key="id")))
    assert caught.value.code == "SB412"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_file_without_permission_is_unreadable(tmp_path):
    (tmp_path / "t.csv").touch(mode=0)
    with pytest.raises(SourceUnreadable) as caught:
        list(table.read(Shard("t.csv", tmp_path / "t.csv"), TableSource(path="t.csv", key="id")))
    assert caught.value.code == "SB412"


def rows(count=2_000):
    return b"id,a\n" + b"".join(b"%d,%s\n" % (number, os.urandom(40).hex().encode()) for number in range(count))


@pytest.mark.parametrize("name", ["t.csv.gz", "t.csv.zst"])
@pytest.mark.parametrize("how", ["cut", "cut early", "plain", "noise"])
def test_compressed_file_that_is_damaged_is_unreadable(tmp_path, name, how):
    whole = (
        gzip.compress(rows()) if name.endswith("gz") else zstandard.ZstdCompressor(write_checksum=True).compress(rows())
    )
    middle = len(whole) // 2
    blob = {
        "cut": whole[:-3],
        "cut early": whole[:middle],
        "plain": rows(),
        "noise": whole[:middle] + bytes(50) + whole[middle + 50 :],
    }[how]
    assert unreadable(tmp_path, name, blob).code == "SB413"


@pytest.mark.parametrize(
    ("blob", "words"),
    [
        (b"PAR1 and so on", "a Parquet file"),
        (gzip.compress(b"id\n1\n"), "compressed by gzip"),
        (zstandard.ZstdCompressor().compress(b"id\n1\n"), "compressed by Zstandard"),
        (b"PK\x03\x04 and so on", "a ZIP archive"),
        (b"SQLite format 3\0 and so on", "a SQLite database"),
    ],
    ids=["parquet", "gzip", "zstd", "zip", "sqlite"],  # bytes of gzip hold the time, and workers must name tests alike
)
@pytest.mark.parametrize(("name", "more"), [("t.csv", {}), ("t.ndjson", {}), ("t.json", {"encoding": "latin-1"})])
def test_a_file_that_is_something_else_than_its_name_says_is_told_by_its_first_bytes(tmp_path, name, more, blob, words):
    error = unreadable(tmp_path, name, blob, **more)
    assert error.code == "SB418"
    assert words in error.message
    assert error.hint


def test_utf16_without_its_encoding_is_told(tmp_path):
    error = unreadable(tmp_path, "t.csv", "id\n1\n".encode("utf-16"))
    assert (error.code, error.hint) == ("SB418", 'set `encoding = "utf-16"`')


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("t.csv", {"encoding": "latin-99"}),
        ("t.csv", {"encoding": "rot13"}),
        ("t.csv", {"delimiter": ";;"}),
        ("t.csv", {"delimiter": '"'}),
        ("t.txt", {}),
        ("t", {}),
    ],
)
def test_settings_that_do_not_fit_are_told(tmp_path, name, more):
    assert unreadable(tmp_path, name, b"id\n1\n", **more).code == "SB418"


def test_faults_depend_on_the_record_alone(tmp_path):
    one = read(tmp_path, "t.csv", b"id,a\n1,x,y\n")
    two = read(tmp_path, "t.csv", b"id,a\n\n7,z\n1,x,y")
    assert (one[0].blob, one[0].fault) == (two[1].blob, two[1].fault)


def test_pieces_of_any_size_give_the_same_lines_and_cuts(monkeypatch):
    monkeypatch.setattr(text, "LIMIT", 20)
    monkeypatch.setattr(text, "HEAD", 4)
    blob = b"a\r\n\r\r\n" + b"x" * 21 + b"\r\nb\n" + b"y" * 50
    expected = [b"a\r\n", b"\r", b"\r\n", b"xxxx", b"b\n", b"yyyy"]
    for size in range(1, 21):
        pieces = [blob[start : start + size] for start in range(0, len(blob), size)]
        assert list(text.lines(pieces)) == expected
        assert [isinstance(line, text.Cut) for line in text.lines(pieces)] == [False, False, False, True, False, True]
