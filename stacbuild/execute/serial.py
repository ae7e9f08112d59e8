"""Tasks done one after the other in this process, which has seat 0."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from stacbuild.execute.base import Asked, Given, Kind


class Serial:
    """An executor without processes of its own."""

    jobs = 1

    def __init__(self) -> None:
        self._open: list[tuple[str, Any, Callable[[Any], Any]]] = []

    def map(self, kind: Kind[Asked, Given], tools: Any, tasks: Iterable[Asked]) -> Iterator[Given]:
        """Yield the result of each task in order."""
        for task in tasks:
            yield self._ready(kind, tools)(task)

    def _ready(self, kind: Kind[Asked, Given], tools: Any) -> Callable[[Asked], Given]:
        """Return what does tasks of `kind` with `tools`: it is got ready once."""
        for name, known, run in self._open:
            if name == kind.name and known is tools:
                return run
        run = kind.open(tools, 0)
        self._open.append((kind.name, tools, run))
        return run

    def drain(self) -> Iterator[Any]:
        """Yield nothing: what was begun has been given up with it."""
        return iter(())

    def close(self) -> None:
        """Let go of what was made ready."""
        self._open.clear()
