"""The embedded backend: the suite, and what a database and diskcache's pickles make possible."""

import os
import pickle
import sqlite3
from contextlib import closing

import diskcache
import pytest

from cache_backends import embedded
from cache_backends.base import BackendError, open_backend
from cache_backends.conformance import A, B, Conformance
from cache_backends.embedded import Embedded


class TestEmbedded(Conformance):
    kind = "embedded"


class Malicious:
    """Runs a command when it is unpickled."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self.mark),)


def rows(path, statement, *values):
    with closing(sqlite3.connect(path / "embedded" / "cache.db")) as connection, connection:
        return connection.execute(statement, values).fetchall()


def plant(path, mode, filename, value, raw=1):
    open_backend("embedded", path).close()
    columns = "key, raw, store_time, access_time, mode, filename, value"
    rows(path, f"INSERT INTO Cache ({columns}) VALUES (?, ?, 1.0, 1.0, ?, ?, ?)", A, raw, mode, filename, value)


@pytest.mark.parametrize("kind", ["row", "file", "raw row"])
def test_planted_pickle_is_a_miss_and_is_never_unpickled(tmp_path, kind):
    mark, evil = tmp_path / "mark", pickle.dumps(Malicious(tmp_path / "mark"))
    plant(tmp_path, 4, "evil.val" if kind == "file" else None, None if kind == "file" else evil, kind != "raw row")
    (tmp_path / "embedded" / "evil.val").write_bytes(evil)
    with closing(open_backend("embedded", tmp_path)) as backend:
        assert backend.get(A) is None
        assert not backend.has(A)
        assert list(backend.list()) == []
        backend.put(A, b"a")
        assert backend.get(A) == b"a"
    assert not mark.exists()
    pickle.loads(evil)
    assert mark.exists()


@pytest.mark.parametrize("verb", ["get", "put", "delete"])
def test_file_named_in_a_planted_row_is_neither_read_nor_removed(tmp_path, verb):
    (tmp_path / "theirs").write_bytes(b"theirs")
    plant(tmp_path, 2, "../theirs", None)
    with closing(open_backend("embedded", tmp_path)) as backend:
        if verb == "put":
            backend.put(A, b"a")
        elif verb == "delete":
            backend.delete(A)
        assert backend.get(A) == (b"a" if verb == "put" else None)
    assert (tmp_path / "theirs").read_bytes() == b"theirs"


@pytest.mark.parametrize("value", ["text", 7, 1.5, None])
def test_row_that_holds_no_bytes_is_a_miss(tmp_path, value):
    plant(tmp_path, 1, None, value)
    with closing(open_backend("embedded", tmp_path)) as backend:
        assert backend.get(A) is None
        assert not backend.has(A)


def test_cache_written_by_plain_diskcache_is_read_without_unpickling(tmp_path):
    mark = tmp_path / "mark"
    with diskcache.Cache(str(tmp_path / "embedded")) as cache:
        cache[A] = Malicious(mark)
        cache[B] = b"b"
    with closing(open_backend("embedded", tmp_path)) as backend:
        assert (backend.get(A), backend.get(B)) == (None, b"b")
    assert not mark.exists()


@pytest.mark.parametrize("blob", [b"not a database " * 100, b"SQLite format 3\0" + bytes(5_000)])
def test_file_that_is_no_database_is_moved_aside(tmp_path, blob):
    (tmp_path / "embedded").mkdir()
    (tmp_path / "embedded" / "cache.db").write_bytes(blob)
    with closing(open_backend("embedded", tmp_path)) as backend:
        backend.put(A, b"a")
        assert backend.get(A) == b"a"
    assert (tmp_path / "embedded.broken-1" / "cache.db").read_bytes() == blob


@pytest.mark.parametrize(
    "statement",
    ["CREATE TABLE Cache (key TEXT)", "CREATE TABLE other (a)", "CREATE TABLE Settings (key, value)"],
)
def test_database_of_somebody_else_is_moved_aside(tmp_path, statement):
    (tmp_path / "embedded").mkdir()
    rows(tmp_path, statement)
    with closing(open_backend("embedded", tmp_path)) as backend:
        backend.put(A, b"a")
    assert (tmp_path / "embedded.broken-1" / "cache.db").exists()


def test_database_with_settings_that_are_not_ours_is_moved_aside(tmp_path):
    open_backend("embedded", tmp_path).close()
    rows(tmp_path, "INSERT INTO Settings VALUES ('get', 'x')")
    with closing(open_backend("embedded", tmp_path)) as backend:
        assert backend.get(A) is None
    assert (tmp_path / "embedded.broken-1").exists()


def test_of_broken_ones_the_last_is_kept(tmp_path):
    for count in range(1, 4):
        (tmp_path / "embedded").mkdir(exist_ok=True)
        (tmp_path / "embedded" / "cache.db").write_bytes(b"broken" * count)
        open_backend("embedded", tmp_path).close()
    assert [path.name for path in tmp_path.glob("*broken*")] == ["embedded.broken-3"]
    assert (tmp_path / "embedded.broken-3" / "cache.db").read_bytes() == b"broken" * 3


def test_damage_met_in_use_is_healed_by_the_next_put(tmp_path):
    with closing(open_backend("embedded", tmp_path)) as backend:
        backend.put(A, bytes(100_000))
    file = tmp_path / "embedded" / "cache.db"
    blob = bytearray(file.read_bytes())
    (page,) = rows(tmp_path, "SELECT rootpage FROM sqlite_master WHERE name = 'Cache_key_raw'")
    start = (page[0] - 1) * 4_096
    blob[start : start + 4_096] = b"\xff" * 4_096
    file.write_bytes(blob)
    with closing(open_backend("embedded", tmp_path)) as backend:
        assert backend.get(A) is None
        backend.put(B, b"b")
        assert (backend.get(A), backend.get(B)) == (None, b"b")
    assert (tmp_path / "embedded.broken-1").exists()


def test_deleted_entries_give_their_room_back_when_it_is_closed(tmp_path):
    backend = open_backend("embedded", tmp_path)
    backend.put(A, bytes(3_000_000))
    backend.delete(A)
    backend.close()
    assert (tmp_path / "embedded" / "cache.db").stat().st_size < 200_000


def test_nothing_is_evicted(tmp_path):
    with closing(open_backend("embedded", tmp_path)) as backend:
        settings = dict(rows(tmp_path, "SELECT key, value FROM Settings"))
        assert (settings["eviction_policy"], settings["cull_limit"], settings["statistics"]) == ("none", 0, 0)
        assert backend.lacks == frozenset()


def test_batch_is_synced_once_at_its_end(tmp_path, monkeypatch):
    backend = open_backend("embedded", tmp_path)
    said = []
    backend._cache._con.set_trace_callback(said.append)
    with backend.batch():
        for number in range(50):
            backend.put(f"cas/{number:064x}", bytes(400_000))
    levels = [line for line in said if line.startswith("PRAGMA")]
    assert levels[-1] == "PRAGMA synchronous = 2"
    assert set(levels[:-1]) == {"PRAGMA synchronous = 1"}
    assert said[-1] == "COMMIT"
    backend.close()


def test_path_with_the_name_of_a_variable_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("TURTLE", "elsewhere")
    with pytest.raises(BackendError, match="TURTLE"):
        open_backend("embedded", tmp_path / "$TURTLE")


def test_what_is_damaged_is_not_moved_away_under_a_process_that_has_it_open(tmp_path):
    ours = open_backend("embedded", tmp_path)
    ours.put(A, b"1")
    (tmp_path / "embedded" / "damaged").touch()
    theirs = open_backend("embedded", tmp_path, joined=True)
    ours.put(B, b"2")
    assert (theirs.get(A), theirs.get(B)) == (b"1", b"2")
    theirs.close()
    ours.close()
    assert open_backend("embedded", tmp_path).get(A) is None


@pytest.mark.parametrize("number", [0, 1, 2, 3, 4, 7])
def test_names_are_listed_a_few_at_a_time_each_once_and_in_order(tmp_path, monkeypatch, number):
    monkeypatch.setattr(embedded, "_LISTED", 2)
    backend = Embedded(tmp_path)
    names = [f"ac/{at}" for at in range(number)]
    for name in [*names, "ab/1", "ad/1", "cas/1"]:
        backend.put(name, name.encode())
    assert [(entry.name, entry.size) for entry in backend.list("ac/")] == [(name, 4) for name in names]
    assert len([*backend.list()]) == number + 3
    for entry in backend.list("ac/"):
        backend.delete(entry.name)
    assert [entry.name for entry in backend.list()] == ["ab/1", "ad/1", "cas/1"]


def test_who_asks_whether_there_is_a_name_reads_few(tmp_path, monkeypatch):
    monkeypatch.setattr(embedded, "_LISTED", 2)
    backend = Embedded(tmp_path)
    for number in range(9):
        backend.put(f"ac/{number}", b"")
    rows, asked = Embedded._rows, []
    monkeypatch.setattr(Embedded, "_rows", lambda self, *what: asked.append(what) or rows(self, *what))
    assert next(iter(backend.list("ac/"))).name == "ac/0"
    assert len(asked) == 1
