"""Problems as frames: the sentence, the place, the line of the file with its key underlined, the hint."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from stacbuild.failures import At, Problem, StacbuildError
from stacbuild.recipe import lines

if TYPE_CHECKING:
    from stacbuild.ui.paint import Paint

FAR = 100_000
"""Lines of a file that are looked through for the one to show."""


@runtime_checkable
class ShowsLines(Protocol):
    """An error that has read the file, and shows its lines without secrets."""

    def line_of(self, problem: Problem) -> str | None:
        """Return the line that a problem is about."""


def frame(
    problem: Problem, paint: Paint, source: str | None = None, severity: Literal["error", "warning"] = "error"
) -> str:
    """Return the frame of a problem with its source line."""
    text = lines.frame(problem, source, severity)
    head, rest = text[: len(severity)], text[len(severity) :]
    return (paint.bad if severity == "error" else paint.warn)(head) + rest


def source_of(problem: Problem, error: StacbuildError | None, directory: str | None) -> str | None:
    """Return the line that a problem is about: as the recipe's reader saw it, else from the file."""
    if isinstance(error, ShowsLines):
        return error.line_of(problem)
    return _read_line(problem.at, directory)


def problem_of(told: dict[str, Any]) -> Problem:
    """Return the problem that a report tells as `{"code", "message", "hint", "at"}`; `at` is text or an object."""
    at = told.get("at")
    place = At(**at) if isinstance(at, dict) else _place(at, told.get("length") or 1) if at else None
    return Problem(told.get("code") or "SB000", told.get("message") or "", place, told.get("hint"))


def told(problem: Problem) -> dict[str, Any]:
    """Return a problem as JSON tells it."""
    at = str(problem.at) if problem.at else None
    return {"code": problem.code, "message": problem.message, "hint": problem.hint, "at": at}


def _place(text: str, length: int) -> At:
    file, *numbers = text.rsplit(":", 2)
    if len(numbers) == 2 and not numbers[0].isdecimal():  # noqa: PLR2004 - a colon in the file's name
        file, numbers = f"{file}:{numbers[0]}", numbers[1:]
    if not all(number.isdecimal() for number in numbers):
        return At(text)
    line, column = [*map(int, numbers), 0, 0][:2]
    return At(file, line, column, length)


def _read_line(at: At | None, directory: str | None) -> str | None:
    if at is None or not 0 < at.line < FAR:
        return None
    try:
        with Path(directory or ".", at.file).open(encoding="utf-8-sig", errors="replace") as file:
            return next(islice(file, at.line - 1, None), None)
    except OSError:
        return None
