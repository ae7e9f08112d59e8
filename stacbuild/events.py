"""What happens during a command, told to whoever watches; the core never prints.

An event is a value. A watcher is a function of one event; it must not raise. `ui` turns events into lines.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct


class Message(Struct, frozen=True, tag=True):
    """A line for the log; `level` is debug, info, warning or error; `module` says which room speaks."""

    level: str
    module: str
    text: str
    context: dict[str, object] = {}


class Began(Struct, frozen=True, tag=True):
    """A stage of the build begins; `total` counts what it will look at, or is None."""

    stage: str
    total: int | None = None


class Progress(Struct, frozen=True, tag=True):
    """`done` of `total` so far; `part` is the source that is read or the output that is written."""

    stage: str
    done: int
    total: int | None = None
    part: str = ""


class Ended(Struct, frozen=True, tag=True):
    """A stage of the build is over; `text` says what came of it in a few words."""

    stage: str
    done: int
    text: str = ""


class Waiting(Struct, frozen=True, tag=True):
    """Another build holds the lock; `holder` says who (pid, host, since)."""

    holder: str


Event = Message | Began | Progress | Ended | Waiting
Watcher = Callable[[Event], None]


def nobody(event: Event) -> None:
    """Watch nothing."""
    del event


def many(number: int, noun: str) -> str:
    """Return `1 item`, `2 items`."""
    if number == 1:
        return f"1 {noun}"
    return f"{number:,} {noun[:-1]}ies" if noun.endswith("ry") else f"{number:,} {noun}s"
