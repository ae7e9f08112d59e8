"""Tasks done by processes of this machine.

Workers are new interpreters, so they hold no lock and of their parent's files only those that they are given, and never
import the program that called us; each has a socket to its parent and ends when that does, which is also what happens
when the parent is killed. A worker that dies is replaced and its task given out once more; a task that kills its worker
twice is taken apart if its kind can be, so that one bad item costs that item.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import pickle
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from stacbuild.execute.base import Asked, Given, Kind, nothing
from stacbuild.execute.serial import Serial
from stacbuild.execute.worker import GET_READY, RAISED, READY
from stacbuild.failures import Problem, SurroundingsError

_MAIN: Final = "import sys; from stacbuild.execute.worker import live; live(int(sys.argv[1]), int(sys.argv[2]))"

_DRAIN_SECONDS: Final = 10.0

_encode_into = msgspec.msgpack.Encoder().encode_into


class _Line(Struct):
    """A kind of task with its tools, as workers know it: by a number."""

    number: int
    kind: Kind[Any, Any]
    tools: Any
    ready: bytes
    """What is sent to a worker before its first task."""
    result_of: Callable[[Any], Any]


class _Task(Struct, eq=False):
    """A task on its way; `asked` is None of what a worker answers when it has got ready for a line."""

    line: _Line
    asked: Any
    round: int
    deaths: int = 0


class _Worker:
    """A process, its socket, and what it has not answered yet."""

    def __init__(self, seat: int, inherit: Sequence[int]) -> None:
        self.seat = seat
        ours, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-c", _MAIN, str(theirs.fileno()), str(seat)],
                pass_fds=[theirs.fileno(), *inherit],
                stdin=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": _search_path()},
            )
        self.connection = Connection(ours.detach())
        self.tasks: deque[_Task] = deque()
        self._known: set[int] = set()

    def give(self, task: _Task) -> None:
        line = task.line
        if line.number not in self._known:
            self._known.add(line.number)
            self.tasks.append(_Task(line, None, task.round))
            self._send(line.ready)
        self.tasks.append(task)
        message = bytearray([line.number])
        _encode_into(task.asked, message, 1)
        self._send(message)

    def _send(self, message: bytes | bytearray) -> None:
        with contextlib.suppress(OSError):  # it died: that is seen when its answer is waited for
            self.connection.send_bytes(message)

    def answer(self) -> tuple[_Task, Any] | None:
        """Return a task with its result, or with the exception that it ended in; None where it has only got ready.

        Raises:
            EOFError, OSError: it died.
        """
        blob = memoryview(self.connection.recv_bytes())
        task = self.tasks.popleft()
        if blob[0] == READY:
            return None
        if blob[0] == RAISED:
            return task, pickle.loads(blob[1:])  # noqa: S301
        return task, task.line.result_of(blob[1:])

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
    """An executor over `jobs` worker processes with seats from 1 on, started when there is work for them."""

    def __init__(self, jobs: int, inherit: Callable[[], Sequence[int]] = nothing) -> None:
        self.jobs = jobs
        self._inherit = inherit
        self._workers: list[_Worker] = []
        self._serial = Serial()
        self._lines: list[_Line] = []
        self._round = 0

    def map(self, kind: Kind[Asked, Given], tools: Any, tasks: Iterable[Asked]) -> Iterator[Given]:
        """Yield the result of each task as it comes."""
        source = iter(tasks)
        line = self._line(kind, tools)
        first = [] if line is not None else list(itertools.islice(source, kind.few + 1))
        if line is None and len(first) <= kind.few:
            yield from self._serial.map(kind, tools, first)
            return
        line = line or self._new_line(kind, tools)
        self._round += 1
        waiting = deque(_Task(line, task, self._round) for task in first)
        coming = (_Task(line, task, self._round) for task in source)
        while True:
            self._fill(waiting, coming, kind.ahead)
            if not any(worker.tasks for worker in self._workers):
                return
            yield from self._collect(waiting)

    def drain(self) -> Iterator[Any]:
        """Yield the results of the tasks that were given out, for a few seconds at the most."""
        waiting: deque[_Task] = deque()
        end = time.monotonic() + _DRAIN_SECONDS
        while any(worker.tasks for worker in self._workers) and time.monotonic() < end:
            yield from self._collect(waiting, end - time.monotonic())

    def _line(self, kind: Kind[Asked, Given], tools: Any) -> _Line | None:
        """Return the line of a kind with these very tools, if workers were told of it."""
        return next((line for line in self._lines if line.kind == kind and line.tools is tools), None)

    def _new_line(self, kind: Kind[Asked, Given], tools: Any) -> _Line:
        number = len(self._lines) + 1
        ready = bytes([GET_READY]) + pickle.dumps((number, kind, tools))
        self._lines.append(_Line(number, kind, tools, ready, msgspec.msgpack.Decoder(kind.given).decode))
        return self._lines[-1]

    def _fill(self, waiting: deque[_Task], coming: Iterator[_Task], ahead: int) -> None:
        for depth in range(1, ahead + 1):
            for number in range(self.jobs):
                if number < len(self._workers) and len(self._workers[number].tasks) >= depth:
                    continue
                task = waiting.popleft() if waiting else next(coming, None)
                if task is None:
                    return
                if number >= len(self._workers):
                    self._workers.append(self._started())
                self._workers[min(number, len(self._workers) - 1)].give(task)

    def _started(self) -> _Worker:
        taken = {worker.seat for worker in self._workers}
        seat = next(seat for seat in itertools.count(1) if seat not in taken)
        return _Worker(seat, self._inherit())

    def _collect(self, waiting: deque[_Task], seconds: float | None = None) -> Iterator[Any]:
        """Yield the results of this round that workers have; what is left of a round that was given up is dropped."""
        busy = {worker.connection: worker for worker in self._workers if worker.tasks}
        for connection in wait(list(busy), seconds):
            worker = busy[connection]  # type: ignore[index]
            try:
                answer = worker.answer()
            except (EOFError, OSError):
                yield from self._died(worker, waiting)
                continue
            if answer is not None and answer[0].round == self._round:
                yield _result(answer[1])

    def _died(self, worker: _Worker, waiting: deque[_Task]) -> Iterator[Any]:
        worker.end()
        self._workers.remove(worker)
        task = worker.tasks.popleft()
        if task.asked is None:
            text = f"a worker process ended before it began (status {worker.process.returncode})"
            raise SurroundingsError(Problem("SB606", text, hint='[build] executor = "serial" does without workers'))
        waiting.extendleft(one for one in reversed(worker.tasks) if one.asked is not None and one.round == self._round)
        task.deaths += 1
        if task.round == self._round and task.deaths == 1:
            waiting.appendleft(task)
        elif task.round == self._round:
            yield self._without_worker(task)

    def _without_worker(self, task: _Task) -> Any:
        """Return the result of a task that killed two workers."""
        kind = task.line.kind
        if kind.parts is None or kind.joined is None:
            return _lost(kind, task.asked)
        parts = kind.parts(task.asked)
        return kind.joined(task.asked, [self._alone(_Task(task.line, part, task.round)) for part in parts])

    def _alone(self, task: _Task) -> Any:
        """Return the result of a task in a worker of its own."""
        worker = self._started()
        worker.give(task)
        try:
            answer = worker.answer() or worker.answer()
        except (EOFError, OSError):
            return _lost(task.line.kind, task.asked)
        finally:
            worker.end()
        assert answer is not None, "a worker gets ready once"
        return _result(answer[1])

    def close(self) -> None:
        """End the workers."""
        for worker in self._workers:
            worker.end()
        self._workers = []
        self._lines = []
        self._serial.close()


def _result(found: Any) -> Any:
    if isinstance(found, Exception):
        raise found
    return found


def _lost(kind: Kind[Any, Any], asked: Any) -> Any:
    """Return the result of a task that nobody can do."""
    if kind.lost is not None:
        return kind.lost(asked)
    text = f"worker processes died twice when they were to {kind.name} (out of memory?)"
    raise SurroundingsError(Problem("SB609", text, hint="fewer --jobs need less memory"))
