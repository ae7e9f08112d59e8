"""What every backend promises, as tests: a backend's own test is a subclass that names its kind.

    class TestMine(Conformance):
        kind = "mine"

Each test opens folders below pytest's `tmp_path`. Needs no more than the five verbs; never looks into files except to
damage them.
"""

# ruff: noqa: D102, S311  the names of tests are their sentences; rolls are not secrets
from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import time
from contextlib import closing, suppress
from hashlib import sha256
from pathlib import Path
from typing import Final

from cache_backends.base import Backend, BackendError, open_backend

A, B, C = (f"cas/{letter * 64}" for letter in "abc")
KEY = f"ac/{'d' * 64}"
LARGE: Final = 20 * 1024 * 1024
SMALL_SIZES = (0, 1, 100, 5_000, 40_000)
VERBS = frozenset({"get", "put", "has", "delete", "list", "batch"})
BAD_NAMES = ("", "cas", "cas/", "/a", "cas/a/b", "cas/..", "../a", "cas/.a", "CAS/a", "cas/ä", "cas/a\0", "cas/a\n")

_WRITER = """
import sys
from pathlib import Path
from cache_backends.conformance import numbered, open_backend
backend, first, last = open_backend(sys.argv[1], Path(sys.argv[2])), int(sys.argv[3]), int(sys.argv[4])
with backend.batch():
    for number in range(first, last):
        backend.put(*numbered(number))
        if number % 50 == 0:
            print(number, flush=True)
backend.close()
"""

_FULL = """
import resource, sys
from pathlib import Path
from cache_backends.base import BackendError, open_backend
backend = open_backend(sys.argv[1], Path(sys.argv[2]))
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
try:
    backend.put("cas/" + "e" * 64, bytes(2_000_000))
except BackendError as error:
    print(error)
print(backend.get("cas/" + "a" * 64))
"""


def numbered(number: int) -> tuple[str, bytes]:
    """Return the name and bytes of entry `number`: the name is the digest, the size changes with the number."""
    blob = str(number).encode() * (1 + number * 7919 % 2_000)
    return f"cas/{sha256(blob).hexdigest()}", blob


class Conformance:
    """The suite; `kind` is what `open_backend` takes."""

    kind: str

    def open(self, path: Path) -> Backend:
        """Return the backend under test."""
        return open_backend(self.kind, path)

    def test_what_is_put_comes_back(self, tmp_path: Path) -> None:
        with closing(self.open(tmp_path)) as backend:
            for size in SMALL_SIZES:
                blob = random.Random(size).randbytes(size)
                backend.put(A, blob)
                assert backend.get(A) == blob
                assert backend.has(A)

    def test_large_blob_comes_back(self, tmp_path: Path) -> None:
        blob = random.Random(1).randbytes(LARGE)
        with closing(self.open(tmp_path)) as backend:
            backend.put(A, blob)
            assert backend.get(A) == blob

    def test_absent_is_none(self, tmp_path: Path) -> None:
        with closing(self.open(tmp_path)) as backend:
            assert backend.get(A) is None
            assert not backend.has(A)
            assert list(backend.list()) == []

    def test_later_put_wins(self, tmp_path: Path) -> None:
        with closing(self.open(tmp_path)) as backend:
            backend.put(A, b"one")
            with backend.batch():
                backend.put(A, b"two")
                backend.put(A, b"three")
                assert backend.get(A) == b"three"
            assert backend.get(A) == b"three"
            assert [entry.size for entry in backend.list()] == [5]

    def test_deleted_is_gone_and_deleting_again_is_nothing(self, tmp_path: Path) -> None:
        with closing(self.open(tmp_path)) as backend:
            backend.put(A, b"a")
            backend.put(B, b"b")
            backend.delete(A)
            backend.delete(A)
            assert (backend.get(A), backend.get(B)) == (None, b"b")

    def test_delete_in_a_batch_undoes_its_put(self, tmp_path: Path) -> None:
        with closing(self.open(tmp_path)) as backend:
            backend.put(B, b"b")
            with backend.batch():
                backend.put(A, b"a")
                backend.delete(A)
                backend.delete(B)
                assert not backend.has(A)
                assert not backend.has(B)
            assert list(backend.list()) == []

    def test_list_gives_names_sizes_and_times_by_prefix(self, tmp_path: Path) -> None:
        before = time.time() - 2
        with closing(self.open(tmp_path)) as backend:
            for name in (C, A, KEY, B):
                backend.put(name, name[:2].encode())
            assert [entry.name for entry in backend.list()] == [KEY, A, B, C]
            assert [entry.name for entry in backend.list("cas/")] == [A, B, C]
            assert [entry.name for entry in backend.list("cas/b")] == [B]
            assert [entry.name for entry in backend.list("cas/bbb")] == [B]
            assert [entry.name for entry in backend.list("x")] == []
            assert all(entry.size == 2 and before < entry.used < time.time() + 2 for entry in backend.list())  # noqa: PLR2004

    def test_list_while_writing_and_deleting_gives_what_stays(self, tmp_path: Path) -> None:
        names = [numbered(number)[0] for number in range(300)]
        with closing(self.open(tmp_path)) as backend:
            with backend.batch():
                for number in range(300):
                    backend.put(*numbered(number))
            seen = []
            for count, entry in enumerate(backend.list("cas/")):
                seen.append(entry.name)
                backend.put(*numbered(1_000 + count))
                if entry.name in names[:10]:
                    backend.delete(entry.name)
            assert set(names) <= set(seen)
            assert len(seen) == len(set(seen))

    def test_bad_names_are_refused(self, tmp_path: Path) -> None:
        with closing(self.open(tmp_path)) as backend:
            for name in (*BAD_NAMES, "cas/" + "a" * 201):
                for call in (backend.get, backend.has, backend.delete, lambda name: backend.put(name, b"")):
                    with suppress(ValueError):
                        call(name)
                        raise AssertionError(name)

    def test_reopened_has_everything(self, tmp_path: Path) -> None:
        with closing(self.open(tmp_path)) as backend, backend.batch():
            for number in range(200):
                backend.put(*numbered(number))
        with closing(self.open(tmp_path)) as backend:
            assert all(backend.get(name) == blob for name, blob in map(numbered, range(200)))

    def test_batch_that_fails_keeps_what_was_put(self, tmp_path: Path) -> None:
        with closing(self.open(tmp_path)) as backend:
            with suppress(KeyError), backend.batch():
                backend.put(A, b"a")
                raise KeyError
            assert backend.get(A) == b"a"

    def test_batches_nest(self, tmp_path: Path) -> None:
        with closing(self.open(tmp_path)) as backend:
            with backend.batch():
                with backend.batch():
                    backend.put(A, b"a")
                backend.put(B, b"b")
            assert (backend.get(A), backend.get(B)) == (b"a", b"b")

    def test_two_handles_see_each_other(self, tmp_path: Path) -> None:
        with closing(self.open(tmp_path)) as one, closing(self.open(tmp_path)) as two:
            one.put(A, b"a")
            assert two.get(A) == b"a"
            two.delete(A)
            assert one.get(A) is None

    def test_closing_twice_is_nothing(self, tmp_path: Path) -> None:
        backend = self.open(tmp_path)
        backend.close()
        backend.close()

    def test_processes_write_the_same_names(self, tmp_path: Path) -> None:
        writers = [self._writer(tmp_path, first, 400) for first in (0, 0, 200)]
        assert [writer.wait() for writer in writers] == [0, 0, 0]
        with closing(self.open(tmp_path)) as backend:
            assert all(backend.get(name) == blob for name, blob in map(numbered, range(400)))
            assert len(list(backend.list())) == 400  # noqa: PLR2004

    def test_killed_writer_leaves_whole_entries_only(self, tmp_path: Path) -> None:
        for turn in range(3):
            writer = self._writer(tmp_path, turn * 1_000, 1_000_000)
            for _ in range(4 * (turn + 1)):
                writer.stdout.readline()  # type: ignore[union-attr]
            writer.send_signal(signal.SIGKILL)
            writer.wait()
        with closing(self.open(tmp_path)) as backend:
            for entry in backend.list("cas/"):
                blob = backend.get(entry.name)
                assert blob is not None
                assert entry.name == f"cas/{sha256(blob).hexdigest()}"
            backend.put(A, b"a")
            assert backend.get(A) == b"a"

    def test_damage_is_a_miss_or_bytes_and_never_a_crash(self, tmp_path: Path) -> None:
        with closing(self.open(tmp_path / "whole")) as backend, backend.batch():
            for number in range(40):
                backend.put(*numbered(number))
        for seed in range(60):
            folder = tmp_path / f"damaged-{seed}"
            shutil.copytree(tmp_path / "whole", folder)
            damage(folder, random.Random(seed))
            self._use(folder)

    def test_full_disk_is_an_error_that_names_the_path(self, tmp_path: Path) -> None:
        with closing(self.open(tmp_path)) as backend:
            backend.put(A, b"a")
        command = [sys.executable, "-c", _FULL, self.kind, str(tmp_path)]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603
        assert str(tmp_path) in said
        assert "b'a'" in said
        with closing(self.open(tmp_path)) as backend:
            assert [entry.name for entry in backend.list()] == [A]

    def test_path_that_is_a_file_is_an_error_that_names_it(self, tmp_path: Path) -> None:
        path = tmp_path / "file"
        path.write_bytes(b"mine")
        with suppress(BackendError):
            self.open(path)
            raise AssertionError
        assert path.read_bytes() == b"mine"

    def test_what_it_lacks_it_says(self, tmp_path: Path) -> None:
        with closing(self.open(tmp_path)) as backend:
            assert backend.lacks <= VERBS
            assert all(callable(getattr(backend, verb)) for verb in VERBS - backend.lacks)

    def _writer(self, path: Path, first: int, last: int) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", _WRITER, self.kind, str(path), str(first), str(last)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603

    def _use(self, folder: Path) -> None:
        with closing(self.open(folder)) as backend:
            for number in range(40):
                name, _ = numbered(number)
                found = backend.get(name)
                assert found is None or isinstance(found, bytes)
                backend.has(name)
            with suppress(BackendError):
                list(backend.list())
            with suppress(BackendError):
                backend.delete(numbered(0)[0])
                backend.put(A, b"a")
        with closing(self.open(folder)) as backend:
            backend.put(B, b"b")
            assert backend.get(B) == b"b"
            assert B in [entry.name for entry in backend.list()]


def damage(folder: Path, rolls: random.Random) -> None:
    """Flip bits, cut short, or empty some of the files below `folder`."""
    files = sorted(file for file in folder.rglob("*") if file.is_file() and file.stat().st_size)
    for file in rolls.sample(files, max(1, len(files) // 4)):
        blob = bytearray(file.read_bytes())
        match rolls.choice(("flip", "flip", "flip head", "cut", "empty", "noise")):
            case "cut":
                del blob[rolls.randrange(len(blob)) :]
            case "empty":
                blob.clear()
            case "noise":
                start = rolls.randrange(len(blob))
                blob[start : start + 5_000] = rolls.randbytes(len(blob[start : start + 5_000]))
            case how:
                for _ in range(8):
                    blob[rolls.randrange(min(len(blob), 4_096 if how == "flip head" else len(blob)))] ^= 1
        file.write_bytes(blob)
