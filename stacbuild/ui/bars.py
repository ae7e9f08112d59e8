"""Progress as bars on a terminal: one for each stage and source at work, with the time that is left.

Bars come when a stage has lasted a while, so that a short build shows none and does not load rich; they go without a
trace when it ends, also when it is interrupted. Never: decides what is told as lines, writes where nobody looks.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, TextIO

from stacbuild.events import Began, Ended, Event, Progress
from stacbuild.recipe.lines import printable
from stacbuild.ui.counts import count

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich import progress

AFTER = 0.5
"""Seconds that a stage must last before it gets a bar."""
A_SECOND = 4
"""How often bars are drawn."""
WIDEST = 24
"""Columns of a bar's name."""
WORDS = {"list": "reading", "work": "working", "write": "writing", "check": "checking", "verify": "hashing"}


class Bars:
    """Turns events of stages into bars on `stream`. Call it with an event; `close` it before anything else is said."""

    def __init__(self, stream: TextIO, *, colour: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream, self._colour, self._clock = stream, colour, clock
        self._began: dict[str, float] = {}
        self._tasks: dict[tuple[str, str], progress.TaskID] = {}
        self._shown: progress.Progress | None = None

    def __call__(self, event: Event) -> None:
        """Draw what an event says, if it is about a stage."""
        match event:
            case Began(stage):
                self._began[stage] = self._clock()
            case Progress(stage, done, total, part):
                if self._clock() - self._began.setdefault(stage, self._clock()) >= AFTER:
                    self._draw(stage, part, done, total)
            case Ended(stage):
                self._end(stage)

    def _draw(self, stage: str, part: str, done: int, total: int | None) -> None:
        if self._shown is None:
            self._shown = _bars(self._stream, colour=self._colour)
            self._shown.start()
        place = (stage, part)
        told = f"{count(done)}/{count(total)}" if total else count(done)
        most = max(total, done) if total else None
        if place not in self._tasks:
            name = f"{WORDS.get(stage, stage)} {part}".strip()
            self._tasks[place] = self._shown.add_task(printable(name), total=most, told=told)
            self._shown.reset(self._tasks[place], completed=done)  # what was done before is no measure of speed
        self._shown.update(self._tasks[place], completed=done, total=most, told=told)
        if total and done >= total and part:
            self._shown.remove_task(self._tasks.pop(place))

    def _end(self, stage: str) -> None:
        self._began.pop(stage, None)
        for place in [place for place in self._tasks if place[0] == stage]:
            task = self._tasks.pop(place)
            if self._shown is not None:
                self._shown.remove_task(task)
        if not self._tasks:
            self.close()

    def above(self, text: str) -> bool:
        """Print lines above the bars; False if there are none, then they are printed as usual."""
        if self._shown is None:
            return False
        from rich.text import Text  # noqa: PLC0415  loaded already

        self._shown.console.print(Text.from_ansi(text), soft_wrap=True)
        return True

    def close(self) -> None:
        """Take the bars away and give the cursor back."""
        shown, self._shown = self._shown, None
        self._tasks.clear()
        if shown is not None:
            shown.stop()


class _Patient:
    """A stream that is written to as long as it takes it: a terminal that went away stops no build."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except (OSError, ValueError):
            return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except (OSError, ValueError):
            return

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _bars(stream: TextIO, *, colour: bool) -> progress.Progress:
    from rich.console import Console  # noqa: PLC0415  only a terminal that waits for something gets here
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415
    from rich.table import Column  # noqa: PLC0415

    file: Any = _Patient(stream)
    console = Console(file=file, force_terminal=True, no_color=not colour, highlight=False, markup=False, emoji=False)
    name = Column(no_wrap=True, overflow="ellipsis", max_width=WIDEST)
    return Progress(
        TextColumn("{task.description}", markup=False, table_column=name),
        BarColumn(bar_width=None, table_column=Column(ratio=1, min_width=3)),
        TextColumn("{task.fields[told]}", markup=False, table_column=Column(no_wrap=True, justify="right")),
        TimeRemainingColumn(compact=True, table_column=Column(no_wrap=True)),
        console=console,
        refresh_per_second=A_SECOND,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
