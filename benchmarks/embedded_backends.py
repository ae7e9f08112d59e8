"""Is another embedded library clearly better than diskcache for what the store holds?

200 chunks of 100-400 KB (50 MB, written in batches of ten) and 5,000 blobs of 200-2,000 bytes (in batches of 500):
put, durable at the end of each batch; get in another order; list all names. Beside the two backends of cache_backends
stand what they could be replaced by: a bare sqlite3 table with rowids, and LMDB where it can be imported.

Measured on 2 cores, ext4 on a virtual disk, Python 3.11, diskcache 5.6.3, lmdb 3.0.0; times as long as diskcache:

    sqlite3, rowid table    chunks put 0.95-1.01, get 0.93-0.95    small put 0.44, get 0.66-0.69
    lmdb                    chunks put 0.35-0.39, get 0.48-0.49    small put 0.49-0.60, get 0.25-0.26
    filesystem              chunks put 0.94-1.57, get 0.81-0.84    small put 26-29, get 3.2-3.4

Verdict: none is clearly better for chunks, so diskcache stays. A bare table is no faster, because the sync and the
copy of the bytes are what takes the time. LMDB takes 0.2 ms a chunk instead of 0.6, which is 80 ms of a cold build of
100,000 items, and pays with a fixed map size and with the process: of 60 damaged copies 12 killed the reader with
SIGBUS, where diskcache gives a miss (last table; a damaged blob must never be more than a miss).
"""

import importlib.util
import random
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from cache_backends.base import open_backend
from cache_backends.conformance import damage, numbered

TURNS = 5
DAMAGED = 60
LMDB_SIZE = 1 << 31


class Sqlite:
    """A table of names and bytes, one commit a batch."""

    def __init__(self, path):
        path.mkdir(exist_ok=True)
        self.db = sqlite3.connect(path / "bare.db", isolation_level=None)
        self.db.execute("PRAGMA journal_mode = wal")
        self.db.execute("PRAGMA synchronous = full")
        self.db.execute(
            "CREATE TABLE IF NOT EXISTS blobs (id INTEGER PRIMARY KEY, name TEXT UNIQUE, used REAL, blob BLOB)"
        )

    @contextmanager
    def batch(self):
        self.db.execute("BEGIN IMMEDIATE")
        yield
        self.db.execute("COMMIT")

    def put(self, name, blob):
        self.db.execute("INSERT OR REPLACE INTO blobs (name, used, blob) VALUES (?, ?, ?)", (name, time.time(), blob))

    def get(self, name):
        return self.db.execute("SELECT blob FROM blobs WHERE name = ?", (name,)).fetchone()[0]

    def list(self):
        return iter(self.db.execute("SELECT name, length(blob), used FROM blobs ORDER BY name"))

    def close(self):
        self.db.close()


class Lmdb:
    """A memory-mapped B-tree, one transaction a batch."""

    def __init__(self, path):
        import lmdb  # noqa: PLC0415  an optional comparison

        self.env = lmdb.open(str(path), map_size=LMDB_SIZE)
        self.write = None

    @contextmanager
    def batch(self):
        with self.env.begin(write=True) as self.write:
            yield

    def put(self, name, blob):
        self.write.put(name.encode(), blob)

    def get(self, name):
        with self.env.begin() as read:
            return read.get(name.encode())

    def list(self):
        with self.env.begin() as read:
            yield from ((name, len(blob), 0.0) for name, blob in read.cursor())

    def close(self):
        self.env.close()


def kinds():
    yield "embedded (diskcache)", lambda path: open_backend("embedded", path)
    yield "filesystem", lambda path: open_backend("filesystem", path)
    yield "sqlite3, rowid table", Sqlite
    if importlib.util.find_spec("lmdb"):
        yield "lmdb", Lmdb


def blobs(count, smallest, largest):
    rolls = random.Random(1)
    made = (rolls.randbytes(rolls.randint(smallest, largest)) for _ in range(count))
    return [(f"cas/{sha256(blob).hexdigest()}", blob) for blob in made]


def milliseconds(do):
    start = time.perf_counter()
    do()
    return (time.perf_counter() - start) * 1000


def measure(make, entries, batch):
    """Return the milliseconds of put, get and list in a new folder."""
    folder = Path(tempfile.mkdtemp(prefix="backends-", dir="."))
    backend = make(folder / "store")
    shuffled = random.Random(2).sample(entries, len(entries))

    def put():
        for start in range(0, len(entries), batch):
            with backend.batch():
                for name, blob in entries[start : start + batch]:
                    backend.put(name, blob)

    def get():
        assert all(backend.get(name) == blob for name, blob in shuffled)

    def listed():
        assert sum(1 for _ in backend.list()) == len(entries)

    times = [milliseconds(do) for do in (put, get, listed)]
    backend.close()
    shutil.rmtree(folder)
    return times


def table(title, entries, batch):
    """Print the medians and return the put and get of each kind."""
    size = sum(len(blob) for _, blob in entries) / 1e6
    print(f"\n{title}: {len(entries):,} blobs, {size:.1f} MB, a sync each {batch}; milliseconds, median of {TURNS}")
    print(f"{'':24}{'put':>10}{'get':>10}{'list':>10}")
    found = {}
    turns = {name: [] for name, _ in kinds()}
    for _ in range(TURNS):  # turn by turn, so that a slow minute of the disk hits all
        for name, make in kinds():
            turns[name].append(measure(make, entries, batch))
    for name, times in turns.items():
        found[name] = [statistics.median(column) for column in zip(*times, strict=True)]
        print(f"{name:24}" + "".join(f"{value:10.1f}" for value in found[name]))
    return found


READER = """
import sys
from contextlib import suppress
from pathlib import Path
from cache_backends.conformance import numbered
sys.path.insert(0, sys.argv[1])
import embedded_backends
with suppress(Exception):
    backend = dict(embedded_backends.kinds())[sys.argv[2]](Path(sys.argv[3]))
    for number in range(40):
        with suppress(Exception):
            backend.get(numbered(number)[0])
"""


def deaths(name, make):
    """Return how many of DAMAGED damaged copies kill the process that reads them."""
    with tempfile.TemporaryDirectory(dir=".") as folder:
        backend = make(Path(folder, "whole"))
        with backend.batch():
            for number in range(40):
                backend.put(*numbered(number))
        backend.close()
        Path(folder, "whole", "lock.mdb").unlink(missing_ok=True)  # it is of live readers only
        return sum(dies(name, Path(folder), seed) for seed in range(DAMAGED))


def dies(name, folder, seed):
    copy = folder / str(seed)
    shutil.copytree(folder / "whole", copy)
    damage(copy, random.Random(seed))
    command = [sys.executable, "-c", READER, str(Path(__file__).parent), name, str(copy)]
    return subprocess.run(command, check=False).returncode < 0


def main():
    chunks = table("chunks", blobs(200, 100_000, 400_000), 10)
    small = table("small", blobs(5_000, 200, 2_000), 500)
    ours, *others = chunks
    print(f"\ntimes as long as {ours!r} (below 1: faster)")
    for name in others:
        ratios = [chunks[name][i] / chunks[ours][i] for i in (0, 1)] + [small[name][i] / small[ours][i] for i in (0, 1)]
        print("{:24}chunks put {:5.2f}, get {:5.2f}   small put {:5.2f}, get {:5.2f}".format(name, *ratios))
    print(f"\nreaders killed by {DAMAGED} damaged copies")
    for name, make in kinds():
        print(f"{name:24}{deaths(name, make):4}")


if __name__ == "__main__":
    sys.exit(main())
