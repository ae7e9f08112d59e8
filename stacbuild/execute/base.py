"""What an executor is: tasks in, results out, in any order, never more in flight than memory allows.

A kind of task is a value: functions and types of some room, which other processes import by their names. Executors know
no kind; who has work hands over its kind with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

Asked = TypeVar("Asked")
Given = TypeVar("Given")


class Kind(NamedTuple, Generic[Asked, Given]):
    """A kind of task. All of it must be found by name in another process: functions and types of modules.

    Attributes:
        name: what it does, for errors ("write a file").
        open: takes the tools (anything that can be pickled) and the number of the process's seat, and returns what does
            one task. Called once in each process, when the first task comes.
        asked: a task, as a msgspec type.
        given: its result, as a msgspec type.
        ahead: how many a process is given at a time; more than one, so that it need not wait for the next.
        few: with no more tasks than this, starting processes costs more than it brings.
        parts: takes apart a task that killed two processes; each part is then done in a process of its own.
        joined: makes the result of a task of those of its parts.
        lost: the result of a task, or part, that kills its process; None: the build ends.
    """

    name: str
    open: Callable[[Any, int], Callable[[Asked], Given]]
    asked: type[Asked]
    given: type[Given]
    ahead: int = 2
    few: int = 0
    parts: Callable[[Asked], list[Asked]] | None = None
    joined: Callable[[Asked, list[Given]], Given] | None = None
    lost: Callable[[Asked], Given] | None = None


class Executor(Protocol):
    """Does tasks. Use `map` as often as needed, one after the other, then `close`."""

    jobs: int
    """Tasks that are done at once."""

    def map(self, kind: Kind[Asked, Given], tools: Any, tasks: Iterable[Asked]) -> Iterator[Given]:
        """Yield the result of each task, in any order; `tasks` is drawn from as room comes free.

        What a task raises is raised here, wherever it was done.
        """

    def drain(self) -> Iterator[Any]:
        """Yield results of the last `map` that are still being worked on, taking no more; for a build that ends."""

    def close(self) -> None:
        """End the processes."""


def nothing() -> Sequence[int]:
    """Return no file descriptors."""
    return ()


def open_executor(kind: str, jobs: int, inherit: Callable[[], Sequence[int]] = nothing) -> Executor:
    """Return the executor of `kind` (serial or processes) with `jobs` processes at the most.

    Args:
        kind: as the recipe says it.
        jobs: how many processes.
        inherit: gives the file descriptors that the processes are to have too, when the first is started.
    """
    if kind == "serial" or jobs <= 1:
        from stacbuild.execute.serial import Serial  # noqa: PLC0415

        return Serial()
    from stacbuild.execute.processes import Processes  # noqa: PLC0415

    return Processes(jobs, inherit)
