"""The life of a worker process: it gets ready for kinds of tasks and does tasks, until its socket ends.

Holds no lock, never writes to outputs or memory, never outlives its parent. Imports what its tasks need when the first
of a kind comes.
"""

from __future__ import annotations

import contextlib
import gc
import os
import pickle
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, Final

import msgspec

GET_READY: Final = 0
"""A message that begins with it holds a kind, its number and tools, pickled; others begin with the number of a kind,
and a task follows."""

READY, DONE, RAISED = 0, 1, 2
"""What answers begin with: nothing follows, a result, a pickled exception."""

_encode_into = msgspec.msgpack.Encoder().encode_into

_Do = Callable[[memoryview], Any]


def live(descriptor: int, seat: int) -> None:
    """Answer the messages that come through a socket until it ends. The whole life of a worker.

    What is pickled comes from our parent over a socket that nobody else has.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    sys.stdout = sys.stderr  # what the code of users prints is no result of ours
    gc.set_threshold(200_000, 50, 100)
    connection = Connection(descriptor)
    inbox: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(connection, inbox), daemon=True).start()
    kinds: dict[int, _Do] = {}
    with contextlib.suppress(OSError):
        while True:
            connection.send_bytes(_answer(kinds, inbox.get(), seat))


def _receive(connection: Connection, inbox: queue.SimpleQueue[bytes]) -> None:
    """Take messages off the socket at once, so that parent and worker never wait for each other to read."""
    with contextlib.suppress(EOFError, OSError):
        while True:
            inbox.put(connection.recv_bytes())
    os._exit(0)


def _answer(kinds: dict[int, _Do], message: bytes, seat: int) -> bytes | bytearray:
    try:
        if message[0] == GET_READY:
            _get_ready(kinds, message, seat)
            return bytes([READY])
        buffer = bytearray(1)
        _encode_into(kinds[message[0]](memoryview(message)[1:]), buffer, 1)
    except Exception as error:  # noqa: BLE001  whatever it is, it is for the parent to say
        return bytes([RAISED]) + _pickled(error)
    buffer[0] = DONE
    return buffer


def _get_ready(kinds: dict[int, _Do], message: bytes, seat: int) -> None:
    number, kind, tools = pickle.loads(memoryview(message)[1:])  # noqa: S301
    run, task_of = kind.open(tools, seat), msgspec.msgpack.Decoder(kind.asked).decode
    kinds[number] = lambda blob: run(task_of(blob))
    gc.collect()
    gc.freeze()


def _pickled(error: Exception) -> bytes:
    """Return an exception as the parent can have it; of one that cannot be pickled what it says."""
    error.add_note("".join(traceback.format_tb(error.__traceback__)))
    try:
        blob = pickle.dumps(error)
        pickle.loads(blob)  # noqa: S301
    except Exception:  # noqa: BLE001  classes of users may do anything
        return pickle.dumps(RuntimeError(f"{type(error).__name__}: {error}"))
    return blob
