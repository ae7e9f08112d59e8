"""Chunks worked on by processes of this machine.

Workers are new interpreters, so they hold no lock and no file of their parent and never import the program that called
us; each has a socket to its parent and ends when that does, which is also what happens when the parent is killed. A
worker that dies is replaced and its chunk given out once more; a chunk that kills its worker twice is taken apart, so
that one bad item costs that item.
"""

from __future__ import annotations

import contextlib
import gc
import itertools
import os
import pickle
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Final

import msgspec

from stacbuild.execute.serial import Serial
from stacbuild.failures import Fault, Problem, SurroundingsError
from stacbuild.work import Bench, Chunk, ChunkResult, Outcome, Tools

_AHEAD: Final = 2
"""Chunks given to a worker at a time: one to work on, one so that it need not wait."""

_FEW: Final = 2
"""With no more chunks than this, starting workers costs more than it brings."""

_MAIN: Final = "import sys; from stacbuild.execute.processes import work; work(int(sys.argv[1]))"

_DRAIN_SECONDS: Final = 10.0

_READY: Final = b"ready"

_pack = msgspec.msgpack.Encoder().encode
_chunk_of = msgspec.msgpack.Decoder(Chunk).decode
_result_of = msgspec.msgpack.Decoder(ChunkResult).decode


def work(descriptor: int) -> None:
    """Work on the chunks that come through a socket until it ends. The whole life of a worker.

    The first message is the tools, pickled: it comes from our parent over a socket that nobody else has.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    connection = Connection(descriptor)
    try:
        bench = Bench(pickle.loads(connection.recv_bytes()))  # noqa: S301
    except (EOFError, OSError):
        return
    connection.send_bytes(_READY)
    gc.freeze()
    gc.set_threshold(200_000, 50, 100)
    inbox: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(connection, inbox), daemon=True).start()
    with contextlib.suppress(OSError):
        while True:
            connection.send_bytes(_pack(bench.run(_chunk_of(inbox.get()))))


def _receive(connection: Connection, inbox: queue.SimpleQueue[bytes]) -> None:
    """Take chunks off the pipe at once, so that parent and worker never wait for each other to read."""
    with contextlib.suppress(EOFError, OSError):
        while True:
            inbox.put(connection.recv_bytes())
    os._exit(0)


class _Worker:
    """A process, its pipe, and the chunks that it has not answered yet."""

    def __init__(self, tools: Tools) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-c", _MAIN, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": _search_path()},
            )
        self.connection = Connection(ours.detach())
        self.chunks: deque[Chunk] = deque()
        self.ready = False
        with contextlib.suppress(OSError):
            self.connection.send_bytes(pickle.dumps(tools))

    def give(self, chunk: Chunk) -> None:
        self.chunks.append(chunk)
        with contextlib.suppress(OSError):
            self.connection.send_bytes(_pack(chunk))

    def answer(self) -> ChunkResult | None:
        """Return the next result; None where the worker only says that it is there.

        Raises:
            EOFError, OSError: it died.
        """
        blob = self.connection.recv_bytes()
        if blob == _READY:
            self.ready = True
            return None
        return _result_of(blob)

    def end(self) -> None:
        self.connection.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def _search_path() -> str:
    """Return PYTHONPATH with the folder that this package was imported from first."""
    here = str(Path(__file__).resolve().parents[2])
    return os.pathsep.join(part for part in (here, os.environ.get("PYTHONPATH", "")) if part)


class Processes:
    """An executor over `jobs` worker processes, started when there is work for them."""

    def __init__(self, tools: Tools, jobs: int) -> None:
        self._tools, self._jobs = tools, jobs
        self._workers: list[_Worker] = []
        self._serial: Serial | None = None
        self._deaths: dict[int, int] = {}

    def map(self, chunks: Iterable[Chunk]) -> Iterator[ChunkResult]:
        """Yield the result of each chunk as it comes."""
        source = iter(chunks)
        first = list(itertools.islice(source, _FEW + 1)) if not self._workers else []
        if not self._workers and len(first) <= _FEW:
            yield from self._here(first)
            return
        waiting = deque(first)
        while True:
            self._fill(waiting, source)
            if not any(worker.chunks for worker in self._workers):
                return
            yield from self._collect(waiting)

    def drain(self) -> Iterator[ChunkResult]:
        """Yield the results of the chunks that were given out, for a few seconds at the most."""
        waiting: deque[Chunk] = deque()
        end = time.monotonic() + _DRAIN_SECONDS
        while any(worker.chunks for worker in self._workers) and time.monotonic() < end:
            yield from self._collect(waiting, end - time.monotonic())

    def _here(self, chunks: list[Chunk]) -> Iterator[ChunkResult]:
        if self._serial is None:
            self._serial = Serial(self._tools)
        yield from self._serial.map(chunks)

    def _fill(self, waiting: deque[Chunk], source: Iterator[Chunk]) -> None:
        for depth in range(1, _AHEAD + 1):
            for number in range(self._jobs):
                if number < len(self._workers) and len(self._workers[number].chunks) >= depth:
                    continue
                chunk = waiting.popleft() if waiting else next(source, None)
                if chunk is None:
                    return
                if number >= len(self._workers):
                    self._workers.append(_Worker(self._tools))
                self._workers[min(number, len(self._workers) - 1)].give(chunk)

    def _collect(self, waiting: deque[Chunk], seconds: float | None = None) -> Iterator[ChunkResult]:
        busy = {worker.connection: worker for worker in self._workers if worker.chunks}
        for connection in wait(list(busy), seconds):
            worker = busy[connection]  # type: ignore[index]
            try:
                result = worker.answer()
            except (EOFError, OSError):
                yield from self._died(worker, waiting)
                continue
            if result is not None:
                worker.chunks.popleft()
                yield result

    def _died(self, worker: _Worker, waiting: deque[Chunk]) -> Iterator[ChunkResult]:
        worker.end()
        self._workers.remove(worker)
        if not worker.ready:
            text = f"a worker process ended before it began (status {worker.process.returncode})"
            raise SurroundingsError(Problem("SB606", text, hint='[build] executor = "serial" does without workers'))
        chunk = worker.chunks.popleft()
        waiting.extendleft(reversed(worker.chunks))
        self._deaths[chunk.number] = self._deaths.get(chunk.number, 0) + 1
        if self._deaths[chunk.number] == 1:
            waiting.appendleft(chunk)
        else:
            yield self._taken_apart(chunk)

    def _taken_apart(self, chunk: Chunk) -> ChunkResult:
        """Work on each job in a worker of its own; a job that kills it has failed."""
        bench = [self._alone(Chunk(chunk.number, [job])) for job in chunk.jobs]
        return _joined(chunk.number, bench)

    def _alone(self, chunk: Chunk) -> ChunkResult:
        worker = _Worker(self._tools)
        worker.give(chunk)
        try:
            return worker.answer() or _result_of(worker.connection.recv_bytes())
        except (EOFError, OSError):
            fault = Fault("transform", "SB297", "the worker process died on this item (out of memory?)")
            return ChunkResult(chunk.number, b"", [Outcome(fault=fault)])
        finally:
            worker.end()

    def close(self) -> None:
        """End the workers."""
        for worker in self._workers:
            worker.end()
        self._workers = []


def _joined(number: int, results: list[ChunkResult]) -> ChunkResult:
    """Return the results of single jobs as the result of one chunk."""
    from stacbuild.store import pack, unpack  # noqa: PLC0415

    documents: list[bytes] = []
    outcomes = []
    for result in results:
        (outcome,) = result.outcomes
        base = len(documents)
        documents.extend(unpack(result.packed) if result.packed else [])
        outcome.ordinals = [base + ordinal for ordinal in outcome.ordinals]
        if outcome.version is not None:
            ordinal = base + outcome.version.ordinal
            outcome.version = msgspec.structs.replace(outcome.version, ordinal=ordinal)
        outcomes.append(outcome)
    times = [seen for result in results for seen in result.times]
    return ChunkResult(number, pack(documents) if documents else b"", outcomes, times)
