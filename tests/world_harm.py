"""What befalls a world besides edits: parts made small, death at any change of the file system, bits that flip."""

import contextlib
import importlib
import os
import signal
import sqlite3
import sys
from unittest import mock

from world_disk import STATE

SMALL = {"_CUT_MASK": 3, "_ENDS": 1, "CHUNK_JOBS": 5, "BATCH_PAIRS": 11, "TOGETHER": 2}
"""Constants of the engine that are made small: groups of about four records, runs of two, chunks of five, batches of
eleven; two documents of one chunk take it to a worker whole."""


@contextlib.contextmanager
def small_parts():
    """Make parts small, so that few records have many, and leave the disk's own cache alone."""
    importlib.import_module("stacbuild.build")
    with mock.patch.object(os, "sync"), mock.patch.object(os, "fsync"), contextlib.ExitStack() as stack:
        for name, value in SMALL.items():
            rooms = [
                room for title, room in sys.modules.items() if title.startswith("stacbuild.") and name in vars(room)
            ]
            assert rooms, f"no room has {name} any more"
            for room in rooms:
                stack.enter_context(mock.patch.object(room, name, value))
        yield


@contextlib.contextmanager
def dying_at(number):
    """Kill this process, -9, at the `number`-th rename, removal or new folder."""
    left = [number]

    def deadly(call):
        def counted(*args, **more):
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*args, **more)

        return counted

    with contextlib.ExitStack() as stack:
        for name in ("replace", "rename", "unlink", "remove", "mkdir", "rmdir", "sync"):
            stack.enter_context(mock.patch.object(os, name, deadly(getattr(os, name))))
        yield


def flip_a_blob(folder, pick):
    """Flip one bit of one entry of the store, of either backend; tell whether there was one."""
    base = folder / STATE / "cache"
    database = base / "embedded" / "cache.db"
    if database.exists():
        with contextlib.closing(sqlite3.connect(database)) as connection, connection:
            rows = connection.execute("SELECT rowid, value FROM Cache ORDER BY key").fetchall()
            if rows:
                row, value = rows[pick % len(rows)]
                connection.execute("UPDATE Cache SET value = ? WHERE rowid = ?", (flipped(value, pick), row))
        return bool(rows)
    found = sorted(path for path in base.rglob("*") if path.is_file() and path.stat().st_size)
    if found:
        path = found[pick % len(found)]
        path.write_bytes(flipped(path.read_bytes(), pick))
    return bool(found)


def flipped(blob, pick):
    """Return `blob` with one bit changed."""
    at = (pick * 7919) % len(blob)
    return blob[:at] + bytes([blob[at] ^ 1 << pick % 8]) + blob[at + 1 :]
