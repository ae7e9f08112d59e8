"""Kinds of tasks for tests of executors: workers import them from here."""

import os
import signal
import time

from msgspec import Struct

from stacbuild.execute.base import Kind
from stacbuild.failures import Problem, SurroundingsError


class Errand(Struct, array_like=True):
    """What is to be done with `numbers`."""

    what: str
    numbers: list[int] = []
    path: str = ""


class Done(Struct, array_like=True):
    numbers: list[int]
    seat: int = 0
    pid: int = 0
    said: str = ""


def _open(tools, seat):
    if tools == "refuse":
        raise SurroundingsError(Problem("SB607", "no tools today"))
    if tools == "die":
        os.kill(os.getpid(), signal.SIGKILL)

    def run(errand):
        return Done(_DO[errand.what](errand), seat, os.getpid(), f"{tools}")

    return run


def _die_once(errand):
    """Die unless somebody did before."""
    try:
        os.close(os.open(errand.path, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return errand.numbers
    return _die(errand)


def _die(errand):
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(60)
    return []


def _die_of_odd(errand):
    return _die(errand) if any(number % 2 for number in errand.numbers) else errand.numbers


def _refuse(errand):
    raise SurroundingsError(Problem("SB602", f"cannot do {errand.numbers}", hint="do another"))


def _break(errand):
    class OwnError(Exception):
        pass

    raise OwnError("nobody can pickle me")


def _print(errand):
    print("to nobody")
    return errand.numbers


def _read(errand):
    return list(os.pread(errand.numbers[0], 100, 0))


_DO = {
    "square": lambda errand: [number**2 for number in errand.numbers],
    "die-once": _die_once,
    "die": _die,
    "die-of-odd": _die_of_odd,
    "refuse": _refuse,
    "break": _break,
    "print": _print,
    "read": _read,
}


def _parts(errand):
    return [Errand(errand.what, [number], errand.path) for number in errand.numbers]


def _joined(errand, results):
    return Done([number for result in results for number in result.numbers])


def _lost(errand):
    return Done([-number for number in errand.numbers])


ERRANDS = Kind("run errands", _open, Errand, Done)
FEW = ERRANDS._replace(few=2)
LOSABLE = ERRANDS._replace(lost=_lost)
PARTABLE = LOSABLE._replace(parts=_parts, joined=_joined)
