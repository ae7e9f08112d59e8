"""Source `stac-items`, bad input: one bad item costs that item; a file that cannot be read says so, and what to do."""

import gzip
import json
import tracemalloc

import pytest
import zstandard

from stacbuild import canon
from stacbuild.recipe.schema import StacItemsSource
from stacbuild.sources import json_document, stac_items
from stacbuild.sources.base import CODES, Shard, SourceUnreadable

GOOD = b'{"type":"Feature","id":"%s","stac_version":"1.0.0","properties":{}}'
A, B = GOOD % b"a", GOOD % b"b"


def read(folder, name, blob, **more):
    (folder / name).write_bytes(blob)
    return list(stac_items.read(Shard(name, folder / name), StacItemsSource(path=name, **more)))


def unreadable(folder, name, blob):
    with pytest.raises(SourceUnreadable) as caught:
        read(folder, name, blob)
    assert caught.value.code in CODES
    assert str(folder) not in f"{caught.value.message} {caught.value.hint}"
    return caught.value


BAD = {
    b"5": ("SB407", "a number, not an object"),
    b"null": ("SB407", "null, not an object"),
    b"[1]": ("SB407", "an array, not an object"),
    b'{"type":"Feature","id":"x","stac_version":"1.0.0","properties":{"a":NaN}}': (
        "SB406",
        "not JSON: NaN is not a JSON number",
    ),
    b'{"type":"Feature","stac_version":"1.0.0","properties":{}}': ("SB410", "the Item has no id"),
    b'{"type":"Feature","id":"","stac_version":"1.0.0"}': ("SB410", "the Item has no id"),
    b'{"type":"Feature","id":5,"stac_version":"1.0.0"}': ("SB410", "the id of the Item is not text"),
    b'{"type":"Feature","geometry":null,"properties":{},"id":"x"}': (
        "SB409",
        "a GeoJSON feature, not an Item: no stac_version, no assets, no links",
    ),
    b'{"type":"Polygon","coordinates":[]}': ("SB409", "not an Item: its type is 'Polygon'"),
    b'{"type":[],"id":"x"}': ("SB409", "not an Item: it has no type, geometry, properties or assets"),
    b'{"name":"package"}': ("SB409", "not an Item: it has no type, geometry, properties or assets"),
    b'{"type":"FeatureCollection","features":null}': (
        "SB409",
        "not an Item: it is a FeatureCollection, and not a file of its own or without a list of features",
    ),
    b'{"type":"Feature","id":"x","stac_version":"1.0.0","a":' + b"[" * 300 + b"]" * 300 + b"}": (
        "SB408",
        f"nested more than {canon.MAX_DEPTH} deep",
    ),
    b'{"type":"Feature","id":"x","stac_version":"1.0.0","a":"\\ud800"}': (
        "SB408",
        "not JSON that can be written: half a surrogate pair, or a number out of range",
    ),
    b'{"type":"Feature","id":"x","stac_version":"1.0.0","a":"\xe9"}': (
        "SB402",
        "the record holds bytes that are not utf-8",
    ),
}


@pytest.mark.parametrize("form", ["lines", "array", "features", "pretty"])
@pytest.mark.parametrize("text", BAD, ids=[code for code, _ in BAD.values()])
def test_one_bad_item_costs_that_item(tmp_path, form, text):
    three = [A, text, B]
    blob = {
        "lines": b"\n".join(three),
        "array": b"[" + b",".join(three) + b"]",
        "features": b'{"features":[' + b",".join(three) + b'],"type":"FeatureCollection","links":[{"a":"]}"}]}',
        "pretty": b'{ "type" : "FeatureCollection",\n "bbox": [1, 2],\n "features" : [\n'
        + b" ,\n ".join(three)
        + b" ]\n}",
    }[form]
    found = read(tmp_path, "t.ndjson" if form == "lines" else "t.json", blob)
    assert [raw.key for raw in found] == ["/a", None, "/b"]
    assert (found[1].fault.code, found[1].fault.message) == BAD[text]
    assert found[1].blob == text
    assert found[1].line == 2


def test_an_item_that_lacks_anything_but_its_id_is_for_the_validator(tmp_path):
    whole = {"type": "Feature", "id": "a", "stac_version": "1.0.0", "geometry": None, "assets": {}, "properties": {}}
    for name in whole.keys() - {"id"}:
        (found,) = read(tmp_path, "a.json", json.dumps({n: v for n, v in whole.items() if n != name}).encode())
        assert found.fault is None


def test_single_item_with_a_number_that_json_has_not_is_a_bad_item(tmp_path):
    (found,) = read(tmp_path, "a.json", A[:-1] + b',"x":NaN}')
    assert found.fault.code == "SB406"
    assert found.fault.hint == "write null where there is no number"


@pytest.mark.parametrize("size", [1, 20, len(A), len(A) + 2, -2, -1])
@pytest.mark.parametrize(
    "blob", [b'{"type":"FeatureCollection","features":[' + A + b"," + B + b"]}", b"[" + A + b"," + B + b"]"]
)
def test_document_that_is_cut_off_is_unreadable(tmp_path, blob, size):
    error = unreadable(tmp_path, "t.json", blob[:size])
    assert error.code == "SB417"
    assert ".ndjson" in error.hint


def test_lines_in_a_file_called_json_say_how_to_name_it(tmp_path):
    error = unreadable(tmp_path, "t.json", A + b"\n" + B)
    assert error.code == "SB417"
    assert error.message == "line 2, column 1: not a JSON document: Extra data"
    assert "name it .ndjson" in error.hint


def test_cut_off_line_is_a_bad_item(tmp_path):
    found = read(tmp_path, "t.ndjson", A + b"\r\n" + B[:20])
    assert [raw.key for raw in found] == ["/a", None]
    assert found[1].fault.code == "SB406"


@pytest.mark.parametrize(
    ("name", "blob"), [("t.json", b""), ("t.json", b" \r\n"), ("t.json.gz", gzip.compress(b"", mtime=0))]
)
def test_empty_document_is_unreadable(tmp_path, name, blob):
    assert unreadable(tmp_path, name, blob).code == "SB414"


def test_empty_file_of_lines_has_no_items(tmp_path):
    assert read(tmp_path, "t.ndjson", b"") == read(tmp_path, "t.ndjson.zst", zstandard.compress(b"\n")) == []


@pytest.mark.parametrize(
    ("blob", "code"),
    [
        (b"<html></html>", "SB417"),
        (b"id,a\n1,2\n", "SB417"),
        (b"\x00" * 100, "SB417"),
        (b"PAR1\x15\x04PAR1", "SB418"),
        (b"\x1f\x8b\x08\x00", "SB418"),
    ],
)
def test_what_is_no_json_is_unreadable(tmp_path, blob, code):
    assert unreadable(tmp_path, "t.json", blob).code == code


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le"])
def test_other_encodings_say_what_to_do(tmp_path, encoding):
    blob = ("\ufeff" + A.decode()).encode(encoding) if encoding.endswith("le") else A.decode().encode(encoding)
    error = unreadable(tmp_path, "t.json", blob)
    assert (error.code, error.hint) == ("SB418", "STAC is UTF-8: write the file in it")


def test_bytes_of_another_encoding_say_what_to_do(tmp_path):
    (found,) = read(tmp_path, "t.json", A[:-1] + b',"x":"\xe9"}')
    assert (found.fault.code, found.fault.hint) == ("SB402", "STAC is UTF-8: write the file in it")


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_compressed_file_that_is_cut_off_or_none_is_unreadable(tmp_path, suffix):
    pack = {".gz": gzip.compress, ".zst": zstandard.compress}[suffix]
    assert unreadable(tmp_path, "t.json" + suffix, pack(A * 100)[:-9]).code == "SB413"
    assert unreadable(tmp_path, "t.json" + suffix, A).code == "SB413"


def test_absent_file_is_unreadable(tmp_path):
    with pytest.raises(SourceUnreadable) as caught:
        list(stac_items.read(Shard("gone.json", tmp_path / "gone.json"), StacItemsSource(path="gone.json")))
    assert caught.value.code == "SB411"


def test_document_beyond_the_limit_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(json_document, "WHOLE_LIMIT", 100)
    assert unreadable(tmp_path, "t.json", b"[" + A + b"," + B + b"]").code == "SB417"


def test_same_member_twice_the_last_wins(tmp_path):
    (found,) = read(tmp_path, "t.json", b'{"id":"x",' + A[1:])
    assert found.key == "/a"


@pytest.mark.parametrize("size", range(1, 12))
def test_document_in_pieces_is_whole_and_without_white_space_around(size):
    blob = b'\n \r\n [ 1,\n\n\n\n\n\n\n\n\n\n\n\n\n\n 2 , "a  \t b" ]\n \r\n\t  \n\n\n\n'
    pieces = [blob[start : start + size] for start in range(0, len(blob), size)]
    assert bytes(json_document.whole(pieces)) == blob.strip()
    assert bytes(json_document.whole([b" "] * size)) == b""


def test_a_large_document_is_held_once(tmp_path):
    text = b",".join(GOOD % (b"i%d" % number) + b" " * 1000 for number in range(20_000))
    (tmp_path / "t.json").write_bytes(b'{"type":"FeatureCollection","features":[' + text + b"]}\n")
    tracemalloc.start()
    raws = stac_items.read(Shard("t.json", tmp_path / "t.json"), StacItemsSource(path="t.json"))
    assert sum(raw.fault is None for raw in raws) == 20_000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1.6 * len(text)
