"""Parquet, bad input: a file that cannot be read says what it is and what to do; nothing it holds is half believed."""

import contextlib
import gzip
import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stacbuild.recipe.schema import StacItemsSource, TableSource
from stacbuild.sources import stac_items, table
from stacbuild.sources.base import CODES, Shard, SourceUnreadable


def whole(folder, rows=1000, **more):
    columns = {
        "id": [str(n) for n in range(rows)],
        "stac_version": ["1.1.0"] * rows,
        "text": [f"x{n * n}" for n in range(rows)],
    }
    pq.write_table(pa.table(columns), folder / "whole.parquet", row_group_size=250, **more)
    return (folder / "whole.parquet").read_bytes()


def read(folder, blob, key="id", name="t.parquet"):
    (folder / name).write_bytes(blob)
    return list(table.read(Shard(name, folder / name), TableSource(path=name, key=key)))


def unreadable(folder, blob, **more):
    with pytest.raises(SourceUnreadable) as caught:
        read(folder, blob, **more)
    assert caught.value.code in CODES
    assert str(folder) not in f"{caught.value.message} {caught.value.hint}"
    assert "\n" not in caught.value.message
    return caught.value


@pytest.mark.parametrize(
    ("blob", "code", "message"),
    [
        (b"", "SB414", "the file is empty: it is no Parquet file"),
        (b"id,a\n1,2\n", "SB421", "not a Parquet file"),
        (b'{"id": 1}', "SB421", "not a Parquet file"),
        (b"PARE" + bytes(100), "SB422", "the Parquet file is encrypted"),
        (gzip.compress(b"PAR1", mtime=0), "SB421", "the file is compressed as a whole"),
    ],
)
def test_what_is_no_parquet_is_told(tmp_path, blob, code, message):
    error = unreadable(tmp_path, blob)
    assert (error.code, error.message) == (code, message)
    assert error.hint


@pytest.mark.parametrize("share", [0.001, 0.3, 0.9, 0.999])
def test_file_that_is_cut_off_is_unreadable(tmp_path, share):
    blob = whole(tmp_path)
    error = unreadable(tmp_path, blob[: int(len(blob) * share)])
    assert error.code == "SB421"
    assert error.hint == "is it still being written?"


def test_absent_file_and_folder_are_unreadable(tmp_path):
    (tmp_path / "folder.parquet").mkdir()
    for name, code in (("gone.parquet", "SB411"), ("folder.parquet", "SB412")):
        with pytest.raises(SourceUnreadable) as caught:
            list(table.read(Shard(name, tmp_path / name), TableSource(path=name, key="id")))
        assert caught.value.code == code


def test_damaged_page_is_unreadable_and_what_stood_before_it_was_read(tmp_path):
    blob = whole(tmp_path, write_page_checksum=True)
    (tmp_path / "t.parquet").write_bytes(blob)
    column = pq.read_metadata(tmp_path / "t.parquet").row_group(2).column(2)
    start = column.dictionary_page_offset or column.data_page_offset
    place = start + column.total_compressed_size // 2
    (tmp_path / "t.parquet").write_bytes(blob[:place] + bytes([blob[place] ^ 255]) + blob[place + 1 :])
    raws = table.read(Shard("t.parquet", tmp_path / "t.parquet"), TableSource(path="t.parquet", key="id"))
    assert [next(raws).key for _ in range(500)] == [str(n) for n in range(500)]
    with pytest.raises(SourceUnreadable) as caught:
        next(raws)
    assert caught.value.code == "SB421"


@pytest.mark.parametrize("where", ["anywhere", "in the footer"])
def test_bytes_changed_never_bring_another_error(tmp_path, where):
    blob = whole(tmp_path, write_page_checksum=True)
    footer = len(blob) - 8 - int.from_bytes(blob[-8:-4], "little")
    chance = random.Random(1)
    shard, items = Shard("t.parquet", tmp_path / "t.parquet"), StacItemsSource(path="t.parquet")
    for _ in range(100):
        place = chance.randrange(footer if where == "in the footer" else 0, len(blob))
        changed = blob[:place] + bytes([chance.randrange(256)]) + blob[place + 1 :]
        with contextlib.suppress(SourceUnreadable):
            assert len(read(tmp_path, changed)) <= 1000
        with contextlib.suppress(SourceUnreadable):
            assert len(list(stac_items.read(shard, items))) <= 1000
        with contextlib.suppress(SourceUnreadable):
            assert stac_items.parts(shard, items)


def test_id_that_is_no_text_costs_its_row(tmp_path):
    ids = pa.StringArray.from_buffers(2, *pa.array([b"a", b"\xe9"]).buffers()[1:])
    pq.write_table(pa.table({"id": ids, "links": [[], []]}), tmp_path / "t.parquet", use_dictionary=False)
    shard = Shard("t.parquet", tmp_path / "t.parquet")
    found = list(stac_items.read(shard, StacItemsSource(path="t.parquet")))
    assert [(raw.key, raw.fault and raw.fault.code) for raw in found] == [("/a", None), (None, "SB408")]


def test_encrypted_columns_are_told(tmp_path):
    pe = pytest.importorskip("pyarrow.parquet.encryption")

    class Keys(pe.KmsClient):
        def wrap_key(self, key_bytes, master_key_identifier):
            return key_bytes.hex().encode()

        def unwrap_key(self, wrapped_key, master_key_identifier):
            return bytes.fromhex(wrapped_key.decode())

    crypto = pe.CryptoFactory(lambda _: Keys())
    how = pe.EncryptionConfiguration(footer_key="f", column_keys={"c": ["text"]}, plaintext_footer=True)
    properties = crypto.file_encryption_properties(pe.KmsConnectionConfig(), how)
    error = unreadable(tmp_path, whole(tmp_path, encryption_properties=properties))
    assert error.code == "SB422"
    assert "without encryption" in error.hint


def test_key_that_is_no_column_lists_the_columns(tmp_path):
    error = unreadable(tmp_path, whole(tmp_path), key="scene")
    assert (error.code, error.message) == ("SB416", "there is no column 'scene', which `key` names")
    assert error.hint == "the columns are: id, stac_version, text"


def test_columns_of_one_name_are_told(tmp_path):
    pq.write_table(pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["id", "id"]), tmp_path / "a.parquet")
    error = unreadable(tmp_path, (tmp_path / "a.parquet").read_bytes())
    assert (error.code, error.message) == ("SB415", "two columns are called 'id'")


def test_text_that_is_none_costs_its_row(tmp_path):
    binary = pa.array([b"a", b"\xe9", b"c"])
    text = pa.StringArray.from_buffers(3, *binary.buffers()[1:])
    pq.write_table(pa.table({"id": ["1", "2", "3"], "v": text}), tmp_path / "a.parquet", use_dictionary=False)
    found = read(tmp_path, (tmp_path / "a.parquet").read_bytes())
    assert [raw.key for raw in found] == ["1", None, "3"]
    assert found[1].fault.code == "SB408"


def test_compressed_parquet_says_to_unpack_it(tmp_path):
    error = unreadable(tmp_path, gzip.compress(whole(tmp_path), mtime=0), name="t.parquet.gz")
    assert "unpack it" in error.hint


def test_items_say_the_same(tmp_path):
    (tmp_path / "t.parquet").write_bytes(b"PAR1")
    with pytest.raises(SourceUnreadable) as caught:
        list(stac_items.read(Shard("t.parquet", tmp_path / "t.parquet"), StacItemsSource(path="t.parquet")))
    assert caught.value.code == "SB421"
    assert list(stac_items.parts(Shard("t.parquet", tmp_path / "t.parquet"), StacItemsSource(path="t.parquet"))) == [
        (0, None, b"")
    ]
