"""Events as plain lines: one a stage, and one from time to time while it lasts. Never a carriage return."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from stacbuild.events import Began, Ended, Event, Message, Progress, Waiting
from stacbuild.recipe.lines import printable
from stacbuild.ui.counts import count, share
from stacbuild.ui.jsonlines import LEVELS

if TYPE_CHECKING:
    from collections.abc import Callable

    from stacbuild.ui.paint import Paint

EVERY_ON_TERMINAL, EVERY_ELSEWHERE = 2.0, 10.0
LOOKING = ("list", "plan", "check", "verify")
"""Stages that also a build with nothing to do goes through: told only when they last, so that a no-op is one line."""
LASTS = 1.0


class Lines:
    """Turns events into lines.

    Args:
        write: takes a line.
        every: seconds between two lines of progress.
        least: level below which messages are not shown.
        stages: whether stages are told at all.
        clock: seconds, for tests.
    """

    def __init__(
        self,
        write: Callable[[str], None],
        paint: Paint,
        *,
        every: float,
        least: int,
        stages: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._write, self._paint, self._clock = write, paint, clock
        self._every, self._least, self._stages = every, least, stages
        self._told = clock()
        self._began: dict[str, float] = {}

    def __call__(self, event: Event) -> None:
        """Tell one event."""
        match event:
            case Message(level, _, text):
                self._message(level, text)
            case Waiting(holder):
                self._write(self._paint.warn(f"waiting for another build: {printable(holder)}"))
            case Began(stage):
                self._began[stage] = self._clock()
            case Progress(stage, done, total, part):
                self._progress(f"{stage} {part}".strip(), done, total)
            case Ended(stage, done, text):
                self._ended(stage, done, text)

    def _message(self, level: str, text: str) -> None:
        if LEVELS.get(level, 0) < self._least:
            return
        head = {"error": self._paint.bad("error: "), "warning": self._paint.warn("warning: ")}.get(level, "")
        self._write(head + printable(text))

    def _progress(self, stage: str, done: int, total: int | None) -> None:
        now = self._clock()
        if not self._stages or now - self._told < self._every:
            return
        self._told = now
        of = f" of {count(total)} ({share(done, total)})" if total else ""
        self._write(f"{printable(stage)}: {count(done)}{of}")

    def _ended(self, stage: str, done: int, text: str) -> None:
        now = self._clock()
        lasted = now - self._began.pop(stage, now)
        if not (self._stages and done) or (stage in LOOKING and lasted < LASTS):
            return
        self._told = now
        self._write(f"{printable(stage)}: {printable(text) if text else count(done)}")
