"""One build at a time on one memory: a lock that dies with its owner and says who holds it.

flock on a file that is never removed; the text in it is for people. Readers take no lock.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from stacbuild.failures import LockedError, Problem, SurroundingsError


class Holder(msgspec.Struct):
    """Who holds a lock."""

    pid: int
    host: str
    since: str
    command: str

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host} since {self.since} ({self.command})"


@contextlib.contextmanager
def lock(path: Path, *, wait: bool, told: Callable[[str], None]) -> Iterator[None]:
    """Hold the lock at `path` while the context lasts.

    Args:
        path: the lock's file; its folder is made.
        wait: wait while another holds it, else raise.
        told: is called once with who holds it, if somebody does.

    Raises:
        LockedError: another holds it and `wait` is false.
        SurroundingsError: the file cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        text = f"cannot make {path}: {error.strerror}"
        raise SurroundingsError(Problem("SB604", text, hint="the recipe's folder must be writable")) from error
    try:
        _take(descriptor, wait=wait, told=told)
        try:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, msgspec.json.encode(_me()), 0)
            yield
        finally:
            with contextlib.suppress(OSError):
                os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _take(descriptor: int, *, wait: bool, told: Callable[[str], None]) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = _holder(descriptor)
        if not wait:
            problem = Problem("SB605", f"another build is at work: {holder}", hint="leave out --no-wait to wait for it")
            raise LockedError(problem) from None
        told(holder)
        fcntl.flock(descriptor, fcntl.LOCK_EX)


def _holder(descriptor: int) -> str:
    for _ in range(5):
        try:
            return str(msgspec.json.decode(os.pread(descriptor, 4096, 0), type=Holder))
        except msgspec.DecodeError:
            time.sleep(0.01)
    return "a process that has not said its name yet"


def _me() -> Holder:
    now = time.strftime("%Y-%m-%dT%H:%M:%S%z")
    return Holder(os.getpid(), socket.gethostname(), now, " ".join(["stacbuild", *sys.argv[1:2]]))
