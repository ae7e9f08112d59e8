"""Who is told what happens during a command: stderr, as lines or as JSON, and the log file. A watcher for the engine.

It must not raise: a stderr that nobody reads and a log that cannot be written are no reason to stop a build.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from stacbuild.events import Began, Ended, Event, Message, Progress
from stacbuild.ui import frames, jsonlines, out, scrub
from stacbuild.ui.bars import Bars
from stacbuild.ui.eventsfile import EventsFile
from stacbuild.ui.jsonlines import LEVELS, LogFile
from stacbuild.ui.paint import Paint, is_terminal
from stacbuild.ui.terminal import EVERY_ELSEWHERE, EVERY_ON_TERMINAL, Lines

if TYPE_CHECKING:
    from stacbuild.failures import Exit, Problem
    from stacbuild.recipe.load import Recipe

LEAST = {-1: 40, 0: 30, 1: 20}
"""Verbosity → the level from which messages are shown; above it all, below it none."""


class Watch:
    """Fans events out. Call it with an event; `close` it in the end."""

    def __init__(self, *, verbosity: int, progress: str, as_json: bool, paint: Paint, redact: scrub.Change) -> None:
        self._redact, self._paint, self._as_json = redact, paint, as_json
        self._least = LEAST.get(verbosity, 0 if verbosity > 0 else 100)
        self._stages = progress != "none" and verbosity >= 0
        self._lines = Lines(
            self._say,
            paint,
            every=EVERY_ON_TERMINAL if is_terminal(sys.stderr) else EVERY_ELSEWHERE,
            least=self._least,
            stages=self._stages,
        )
        self._bars = self._open_bars(progress)
        self._verbosity = verbosity
        self._log: LogFile | None = None
        self._events: EventsFile | None = None

    def __call__(self, event: Event) -> None:
        """Tell an event."""
        if self._events is not None:
            self._events.event(event)
        if self._log is not None:
            self._log.write(jsonlines.message_of(event))
        if self._bars is not None:
            self._bars(event)
        if not self._as_json:
            if self._bars is None or not isinstance(event, Progress):
                self._lines(event)
        elif self._is_shown(event):
            out.write_error(jsonlines.line(jsonlines.message_of(event), self._redact))

    def _open_bars(self, progress: str) -> Bars | None:
        """Return bars where somebody looks who can see them; else progress is lines, whatever was asked for."""
        wanted = progress in ("auto", "bar") and self._stages and not self._as_json
        if not wanted or not is_terminal(sys.stderr) or os.environ.get("TERM", "dumb") in ("dumb", "unknown"):
            return None
        return Bars(sys.stderr, colour=self._paint.on)

    def events_to(self, path: Path, command: str) -> None:
        """Write what follows to a file of events."""
        self._events = EventsFile(path, command, self._redact, self._warn)

    def log_to(self, recipe: Recipe) -> None:
        """Write what follows to the recipe's log, if it wants one."""
        settings = recipe.document.log
        if settings.file and self._log is None:
            level = "debug" if self._verbosity > 1 else settings.level
            path = Path(recipe.root, settings.file)
            self._log = LogFile(path, level, self._redact, self._warn)

    def note(self, text: str) -> None:
        """Say something that is not wrong but worth a line."""
        if self._as_json:
            out.write_error(jsonlines.line(Message("info", "cli", text), self._redact))
        elif self._verbosity >= 0:
            self._say(text)

    def problem(self, problem: Problem, source: str | None = None) -> None:
        """Say what stops the command, with the line that it is about."""
        self._end_bars()
        context: dict[str, object] = {"code": problem.code}
        context |= {"at": str(problem.at)} if problem.at else {}
        context |= {"hint": problem.hint} if problem.hint else {}
        message = Message("error", "cli", problem.message, context)
        if self._events is not None:
            self._events.problem(problem)
        if self._log is not None:
            self._log.write(message)
        if self._as_json:
            out.write_error(jsonlines.line(message, self._redact))
        else:
            self._say(frames.frame(problem, self._paint, source))

    def finished(self, command: str, exit_: Exit) -> None:
        """Note in the log and among the events how a command ended."""
        self._end_bars()
        if self._events is not None:
            self._events.finished(int(exit_))
        if self._log is not None:
            self._log.write(Message("info", "cli", f"{command}: exit {int(exit_)}", {"exit": int(exit_)}))

    def traceback(self, text: str, *, shown: bool) -> Path | None:
        """Keep a traceback in the log, show it if wanted; return where it was written."""
        message = Message("error", "cli", "traceback", {"traceback": text})
        if shown and self._as_json:
            out.write_error(jsonlines.line(message, self._redact))
        elif shown:
            self._say(text.rstrip("\n"))
        return self._log.path if self._log is not None and self._log.write(message) else None

    def close(self) -> None:
        """Take the bars away, close the log and the events."""
        self._end_bars()
        if self._events is not None:
            self._events.close()
        if self._log is not None:
            self._log.close()

    def _is_shown(self, event: Event) -> bool:
        if isinstance(event, Began | Progress | Ended):
            return self._stages and not isinstance(event, Progress)
        return LEVELS.get(jsonlines.message_of(event).level, 0) >= self._least

    def _warn(self, text: str) -> None:
        self(Message("warning", "cli", text))

    def _end_bars(self) -> None:
        if self._bars is not None:
            self._bars.close()

    def _say(self, text: str) -> None:
        said = self._redact(text)
        if self._bars is None or not self._bars.above(said):
            out.write_error(said + "\n")
