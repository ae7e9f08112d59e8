"""A process unlike the one that built: without network, with another hash seed, time zone, locale and current folder.

It makes the sample of `verify --sample` again, and tells over a pipe what came of it. What impure code leans on (the
order of a set, the local time, the current folder, a server) is then not as it was. The network is off for all that
goes through Python's sockets; a library that opens its own is not held.
"""

from __future__ import annotations

import errno
import os
import pickle
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from stacbuild.failures import Exit, Problem, StacbuildError, SurroundingsError
from stacbuild.rebuild import Sample, rebuild
from stacbuild.recipe.load import Recipe
from stacbuild.report import SamplePart
from stacbuild.sealed import MemoryLostError
from stacbuild.workshop import Workshop

_MAIN: Final = "from stacbuild.aside import main; main()"
_ASKS: Final = frozenset(
    {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.sendto"}
)
"""What Python tells of before it asks the network."""

_AF_UNIX: Final = 1


class Told(Struct):
    """What the process says at its end: the part of the report, or why there is none."""

    part: SamplePart | None = None
    exit: Exit = Exit.OK
    problems: list[Problem] = []


def sample_aside(recipe: Recipe, sample: Sample) -> SamplePart:
    """Return what came of making a sample again in another process.

    Raises:
        StacbuildError: what it raised.
        SurroundingsError: it died.
    """
    child = subprocess.run(  # noqa: S603
        [sys.executable, "-c", _MAIN],
        input=pickle.dumps((recipe, sample)),
        stdout=subprocess.PIPE,
        env=_unlike(sample.seed),
        cwd="/",
        check=False,
    )
    if child.returncode or not child.stdout:
        how = f"was killed by signal {-child.returncode}" if child.returncode < 0 else "ended before it was done"
        hint = "try a smaller --sample; code of the recipe that ends the process does this too"
        raise SurroundingsError(Problem("SB524", f"the process that made the sample again {how}", hint=hint))
    told = msgspec.json.decode(child.stdout, type=Told)
    if told.part is None:
        kinds = {kind.exit: kind for kind in StacbuildError.__subclasses__()}
        raise kinds.get(told.exit, SurroundingsError)(told.problems)
    return told.part


def _unlike(seed: int) -> dict[str, str]:
    """Return an environment in which what must not matter is otherwise than here."""
    here = os.environ
    hashes = seed % 2**32
    locale = here.get("LC_ALL") or here.get("LC_CTYPE") or here.get("LANG") or "C"
    other = {
        "PYTHONHASHSEED": str(hashes if here.get("PYTHONHASHSEED") != str(hashes) else (hashes + 1) % 2**32),
        "TZ": "STB+11:30" if time.localtime().tm_gmtoff >= 0 else "STB-13:45",
        "LC_ALL": "tr_TR.UTF-8" if locale.startswith(("C", "POSIX")) else "C",
        "PYTHONPATH": os.pathsep.join(_search_path()),
    }
    return {**here, **other}


def _search_path() -> list[str]:
    """Return where this package was imported from, then PYTHONPATH with folders spelled out."""
    given = [os.path.abspath(part) for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part]  # noqa: PTH100
    return [str(Path(__file__).resolve().parents[1]), *given]


# --- in the process


def main() -> None:
    """Make the sample again that stdin names, and say on stdout what came of it. The whole life of the process."""
    pipe = os.dup(1)
    os.dup2(2, 1)  # what plug-ins print is not for our reader
    sys.addaudithook(_refuse_network)
    recipe, sample = pickle.loads(sys.stdin.buffer.read())  # noqa: S301 - from our parent, over a pipe of its own
    told = _told(recipe, sample)
    with os.fdopen(pipe, "wb") as stream:
        stream.write(msgspec.json.encode(told))


def _told(recipe: Recipe, sample: Sample) -> Told:
    try:
        shop = Workshop(recipe)
        try:
            return Told(_rebuilt(shop, sample))
        finally:
            shop.close()
    except StacbuildError as error:
        return Told(exit=error.exit, problems=error.problems)


def _rebuilt(shop: Workshop, sample: Sample) -> SamplePart:
    try:
        return rebuild(shop, sample)
    except MemoryLostError:
        shop.forget()
        return rebuild(shop, sample)


def _refuse_network(event: str, args: tuple[Any, ...]) -> None:
    if event in _ASKS and not (event in ("socket.connect", "socket.sendto") and args[0].family == _AF_UNIX):
        raise OSError(errno.ENETUNREACH, "the network is off while a sample is made again")
