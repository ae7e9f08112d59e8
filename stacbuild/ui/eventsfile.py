"""`--events FILE`: what happens during a command as JSON lines, each on the disk before the next thing happens.

    {"event": "started", "time": "2026-01-31T12:00:00.000Z", "format": 1, "stacbuild": "0.1.0", "command": "build"}
    {"event": "began",    "time", "stage", "total"}             total: of what, or null
    {"event": "progress", "time", "stage", "done", "total", "part"}    part: the source read, the output written, or ""
    {"event": "ended",    "time", "stage", "done", "text"}
    {"event": "waiting",  "time", "holder"}                     another build holds the lock
    {"event": "message",  "time", "level", "module", "text", "context"}
    {"event": "problem",  "time", "code", "message", "hint", "at"}     what stops the command
    {"event": "finished", "time", "exit"}                       the last line, unless the process was killed

Members may be added, none is renamed. No secrets. A file that cannot be written on costs one warning.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TextIO

import msgspec

import stacbuild
from stacbuild.failures import Problem, SurroundingsError
from stacbuild.ui import frames, scrub
from stacbuild.ui.out import REFUSED

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from stacbuild.events import Event

FORMAT = 1


class EventsFile:
    """An open file of events.

    Raises:
        SurroundingsError: it cannot be opened; who asks for events wants them.
    """

    def __init__(self, path: Path, command: str, redact: scrub.Change, warn: Callable[[str], None]) -> None:
        self._path, self._redact, self._warn = path, redact, warn
        try:
            self._stream: TextIO | None = path.open("w", encoding="utf-8")
        except OSError as error:
            text = f"--events: cannot write {path}: {error.strerror or error}"
            raise SurroundingsError(Problem(REFUSED, text, hint="name a file in a folder that is there")) from None
        self._write("started", {"format": FORMAT, "stacbuild": stacbuild.__version__, "command": command})

    def event(self, event: Event) -> None:
        """Write an event of the engine."""
        members = msgspec.to_builtins(event)
        self._write(members.pop("type").lower(), members)

    def problem(self, problem: Problem) -> None:
        """Write what stops the command."""
        self._write("problem", frames.told(problem))

    def finished(self, exit_: int) -> None:
        """Write how it ended, and close the file."""
        self._write("finished", {"exit": exit_})
        self.close()

    def close(self) -> None:
        """Close the file."""
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()

    def _write(self, name: str, members: dict[str, Any]) -> None:
        if self._stream is None:
            return
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = scrub.for_json({"event": name, "time": now, **members}, self._redact)
        try:
            self._stream.write(msgspec.json.encode(line).decode() + "\n")
            self._stream.flush()
        except OSError as error:
            self._stream = None
            self._warn(f"the events cannot be written: {self._path}: {error.strerror}")
