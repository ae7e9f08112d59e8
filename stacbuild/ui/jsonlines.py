"""Events and errors as JSON lines: the log file, and stderr with `--log-format json`.

A line is `{"timestamp", "level", "module", "message", "context"}`, without secrets. A log that cannot be written costs
one warning, never the command.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TextIO

import msgspec

from stacbuild.events import Began, Ended, Event, Message, Progress, Waiting
from stacbuild.ui import scrub

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def message_of(event: Event) -> Message:
    """Return an event as a line for the log."""
    context = {key: value for key, value in msgspec.to_builtins(event).items() if key != "type"}
    match event:
        case Message():
            return event
        case Began(stage):
            return Message("debug", "build", f"{stage} begins", {"event": "began", **context})
        case Progress(stage):
            return Message("debug", "build", f"{stage} goes on", {"event": "progress", **context})
        case Ended(stage, _, text):
            return Message(
                "info", "build", f"{stage}: {text}" if text else f"{stage} is done", {"event": "ended", **context}
            )
        case Waiting(holder):
            return Message("warning", "build", f"waiting for another build: {holder}", {"event": "waiting", **context})


def line(message: Message, redact: scrub.Change) -> str:
    """Return one JSON line."""
    document: dict[str, Any] = {
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": message.level,
        "module": message.module,
        "message": message.text,
        "context": message.context,
    }
    return msgspec.json.encode(scrub.for_json(document, redact)).decode() + "\n"


class LogFile:
    """The log of a recipe; made when the first line is written."""

    def __init__(self, path: Path, level: str, redact: scrub.Change, warn: Callable[[str], None]) -> None:
        self.path = path
        self._least = LEVELS[level]
        self._redact, self._warn = redact, warn
        self._stream: TextIO | None = None
        self._broken = False

    def write(self, message: Message) -> bool:
        """Append a line if its level matters; return whether it is in the file."""
        if self._broken or LEVELS.get(message.level, 0) < self._least:
            return False
        try:
            self._append(line(message, self._redact))
        except OSError as error:
            self._broken = True
            self._warn(f"the log cannot be written: {self.path}: {error.strerror}")
        return not self._broken

    def _append(self, text: str) -> None:
        if self._stream is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._stream = self.path.open("a", encoding="utf-8")
        self._stream.write(text)
        self._stream.flush()

    def close(self) -> None:
        """Close the file."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None
