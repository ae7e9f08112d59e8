"""The filesystem backend: the suite, and what files make possible."""

import os
import re
import subprocess

import pytest

from cache_backends.base import BackendError, open_backend
from cache_backends.conformance import A, Conformance


class TestFilesystem(Conformance):
    kind = "filesystem"


def test_entry_is_a_file_below_two_letters_of_its_name(tmp_path):
    open_backend("filesystem", tmp_path).put(A, b"a")
    assert (tmp_path / "cas" / "aa" / ("a" * 64)).read_bytes() == b"a"


def test_linked_folder_is_not_followed(tmp_path):
    outside = tmp_path / "outside"
    (outside / "aa").mkdir(parents=True)
    (outside / "aa" / ("a" * 64)).write_bytes(b"theirs")
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "cas").symlink_to(outside)
    backend = open_backend("filesystem", tmp_path / "cache")
    with pytest.raises(BackendError, match=re.escape(str(tmp_path / "cache" / "cas"))):
        backend.put(A, b"mine")
    assert backend.get(A) is None
    assert not backend.has(A)
    assert list(backend.list()) == []
    backend.delete(A)
    assert (outside / "aa" / ("a" * 64)).read_bytes() == b"theirs"
    assert sorted(path.name for path in outside.rglob("*")) == ["aa", "a" * 64]


def test_linked_file_is_not_read_or_written_through(tmp_path):
    (tmp_path / "theirs").write_bytes(b"theirs")
    (tmp_path / "cas" / "aa").mkdir(parents=True)
    (tmp_path / "cas" / "aa" / ("a" * 64)).symlink_to(tmp_path / "theirs")
    backend = open_backend("filesystem", tmp_path)
    assert backend.get(A) is None
    backend.put(A, b"mine")
    assert backend.get(A) == b"mine"
    assert (tmp_path / "theirs").read_bytes() == b"theirs"


def test_pipe_in_the_place_of_an_entry_is_a_miss(tmp_path):
    (tmp_path / "cas" / "aa").mkdir(parents=True)
    os.mkfifo(tmp_path / "cas" / "aa" / ("a" * 64))
    assert open_backend("filesystem", tmp_path).get(A) is None


def test_leftovers_of_dead_processes_are_removed_and_others_stay(tmp_path):
    first = open_backend("filesystem", tmp_path)
    with first.batch():
        first.put(A, b"a")
        (mine,) = (path.name for path in tmp_path.iterdir())
        gone = subprocess.Popen(["true"])
        gone.wait()
        dead = mine.replace(f"-{os.getpid()}-", f"-{gone.pid}-")
        namesake = mine.replace(mine.split("-")[3], "00000000")
        for name in (dead, namesake, ".stacbuild-notes", "notes"):
            (tmp_path / name).write_bytes(b"x")
        open_backend("filesystem", tmp_path)
        assert sorted(path.name for path in tmp_path.iterdir()) == sorted([mine, ".stacbuild-notes", "notes"])
    assert first.get(A) == b"a"


def test_failed_put_leaves_no_temporary_file(tmp_path):
    (tmp_path / "cas").write_bytes(b"in the way")
    backend = open_backend("filesystem", tmp_path)
    with pytest.raises(BackendError, match="cas"):
        backend.put(A, b"a")
    assert [path.name for path in tmp_path.iterdir()] == ["cas"]
