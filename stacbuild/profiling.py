"""`build --profile FILE`: where the time of a build went, as a trace that chrome://tracing and Perfetto open.

    [{"name": "process_name", "ph": "M", "pid": 7, "args": {"name": "build"}},
     {"name": "settle", "ph": "X", "ts": 12.5, "dur": 3.25, "pid": 7, "tid": 7, "args": {"items": 250}}, …]

A span is what one process did without a break; one that lies within another is drawn below it. Times are microseconds
since the build began, of a clock that all processes of a machine share (`time.perf_counter`), so that the spans of
workers stand where they belong. A line a span, at once on its way to the file: of a build that was killed the trace
has no end, which both programs take. Nothing of it is ever in a result; who does not ask pays for nothing.

The format: https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, Final, Protocol, TextIO, TypeVar

import msgspec
from msgspec import Struct

from stacbuild.failures import Problem, SurroundingsError

now: Final = time.perf_counter_ns

_NEXT: Final = ",\n"

Timed = TypeVar("Timed", bound=Callable[..., Any])


class Span(Struct, array_like=True):
    """What was done from one moment to another, in nanoseconds of the machine's clock."""

    name: str
    begin: int
    end: int
    facts: dict[str, int | str] = {}


class Spans(Struct, array_like=True):
    """The spans of another process, which ride along with its results."""

    process: int
    spans: list[Span]


class Profile(Protocol):
    """Takes spans down."""

    on: bool
    """Whether anybody asked; workers are told by it."""

    def over(self, name: str, **facts: int | str) -> AbstractContextManager[object]:
        """Return a context whose time is a span of this process."""

    def take(self, spans: Spans | None) -> None:
        """Take the spans of another process."""


class _Nobody:
    """Takes nothing down."""

    on = False
    _nothing: AbstractContextManager[object] = nullcontext()

    def over(self, name: str, **facts: int | str) -> AbstractContextManager[object]:
        del name, facts
        return self._nothing

    def take(self, spans: Spans | None) -> None:
        del spans


NO_PROFILE: Final[Profile] = _Nobody()


class _File:
    """A trace that is being written; a disk that refuses costs one warning, and the rest of the trace."""

    on = True

    def __init__(self, stream: TextIO, warn: Callable[[OSError], None]) -> None:
        self._stream, self._warn, self._refused = stream, warn, False
        self._began, self._me, self._known = now(), os.getpid(), list[int]()
        self._write("[\n")
        self._introduce(self._me)

    @contextmanager
    def over(self, name: str, **facts: int | str) -> Iterator[None]:
        begin = now()
        try:
            yield
        finally:
            self._span(self._me, Span(name, begin, now(), facts))

    def take(self, spans: Spans | None) -> None:
        if spans is not None:
            self._introduce(spans.process)
            for span in spans.spans:
                self._span(spans.process, span)

    def end(self) -> None:
        """Write the span of the whole, which is the last."""
        self._span(self._me, Span("build", self._began, now()), after="\n]\n")

    def _introduce(self, process: int) -> None:
        if process not in self._known:
            self._known.append(process)
            number = len(self._known) - 1
            self._tell(process, "process_name", name=f"worker {number}" if number else "build")
            self._tell(process, "process_sort_index", sort_index=number)
            self._tell(process, "thread_name", name="main")

    def _tell(self, process: int, what: str, **said: int | str) -> None:
        self._line({"name": what, "ph": "M", "pid": process, "tid": process, "args": said})

    def _span(self, process: int, span: Span, after: str = _NEXT) -> None:
        begin, lasted = (span.begin - self._began) / 1000, (span.end - span.begin) / 1000
        place = {"ts": begin, "dur": lasted, "pid": process, "tid": process}
        self._line({"name": span.name, "ph": "X", **place, "args": span.facts}, after)

    def _line(self, event: dict[str, Any], after: str = _NEXT) -> None:
        self._write(msgspec.json.encode(event).decode() + after)

    def _write(self, text: str) -> None:
        if not self._refused:
            try:
                self._stream.write(text)
            except OSError as error:
                self._refused = True
                self._warn(error)

    def close(self) -> None:
        """Bring what is written to the file."""
        try:
            self._stream.close()
        except OSError as error:
            if not self._refused:
                self._warn(error)


@contextmanager
def profile_to(path: Path | None, warn: Callable[[str], None]) -> Iterator[Profile]:
    """Yield what takes the spans of a build down in the file at `path`; None: nobody asked.

    Raises:
        SurroundingsError: the file cannot be opened; who asks for a trace wants it.
    """
    if path is None:
        yield NO_PROFILE
        return
    try:
        stream = path.open("w", encoding="utf-8")
    except OSError as error:
        text, hint = f"--profile: cannot write {path}: {error.strerror}", "name a file in a folder that is there"
        raise SurroundingsError(Problem("SB006", text, hint=hint)) from None
    file = _File(stream, lambda error: warn(f"the profile cannot be written: {path}: {error.strerror}"))
    try:
        yield file
    finally:
        file.end()
        file.close()


class Stopwatch:
    """Adds up, in a worker, what the stages of a chunk took: items take turns, so one after the other is drawn."""

    def __init__(self) -> None:
        self._spent: dict[str, list[int]] = {}

    def timed(self, name: str, work: Timed) -> Timed:
        """Return `work`, whose time counts as that of `name`."""
        spent = self._spent.setdefault(name, [0, 0])

        def run(*given: Any, **named: Any) -> Any:
            begin = now()
            try:
                return work(*given, **named)
            finally:
                spent[0] += now() - begin
                spent[1] += 1

        return run  # type: ignore[return-value]

    def lap(self, begin: int, name: str, **facts: int | str) -> Spans:
        """Return the span of a chunk since `begin`, and below it its stages; begin anew."""
        spans, at = [Span(name, begin, now(), facts)], begin
        for stage, spent in self._spent.items():
            lasted, count = spent
            if count:
                spans.append(Span(stage, at, at + lasted, {"items": count}))
                at += lasted
            spent[:] = 0, 0
        return Spans(os.getpid(), spans)
