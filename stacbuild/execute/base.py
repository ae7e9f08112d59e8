"""What an executor is: chunks in, results out, in any order, never more in flight than memory allows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from stacbuild.work import Chunk, ChunkResult, Tools


class Executor(Protocol):
    """Works on chunks. Use `map` as often as needed, then `close`."""

    def map(self, chunks: Iterable[Chunk]) -> Iterator[ChunkResult]:
        """Yield the result of each chunk, in any order; `chunks` is drawn from as room comes free."""

    def drain(self) -> Iterator[ChunkResult]:
        """Yield what is still being worked on, taking no more; for a build that is told to end."""

    def close(self) -> None:
        """End the workers."""


def open_executor(kind: str, jobs: int, tools: Tools) -> Executor:
    """Return the executor of `kind` (serial or processes) with `jobs` workers at the most."""
    if kind == "serial" or jobs <= 1:
        from stacbuild.execute.serial import Serial  # noqa: PLC0415

        return Serial(tools)
    from stacbuild.execute.processes import Processes  # noqa: PLC0415

    return Processes(tools, jobs)
