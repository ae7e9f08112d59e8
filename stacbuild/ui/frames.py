"""Problems as frames: the sentence, the place, the line of the file with its key underlined, the hint."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from stacbuild.failures import At, Problem
from stacbuild.recipe import lines

if TYPE_CHECKING:
    from stacbuild.ui.paint import Paint

FAR = 100_000
"""Lines of a file that are looked through for the one to show."""


def frame(
    problem: Problem, paint: Paint, severity: Literal["error", "warning"] = "error", root: Path | None = None
) -> str:
    """Return the frame of a problem; the place's file is looked for in `root`."""
    text = lines.frame(problem, _source_line(problem.at, root), severity)
    head, rest = text[: len(severity)], text[len(severity) :]
    return (paint.bad if severity == "error" else paint.warn)(head) + rest


def problem_of(told: dict[str, Any]) -> Problem:
    """Return the problem that a report tells as `{"code", "message", "hint", "at"}`; `at` is text or an object."""
    at = told.get("at")
    place = At(**at) if isinstance(at, dict) else _place(at, told.get("length") or 1) if at else None
    return Problem(told.get("code") or "SB000", told.get("message") or "", place, told.get("hint"))


def told(problem: Problem) -> dict[str, Any]:
    """Return a problem as reports tell it."""
    at, length = (str(problem.at), problem.at.length) if problem.at else (None, 1)
    return {"code": problem.code, "message": problem.message, "hint": problem.hint, "at": at, "length": length}


def _place(text: str, length: int) -> At:
    file, *numbers = text.rsplit(":", 2)
    if len(numbers) == 2 and not numbers[0].isdecimal():  # noqa: PLR2004 - a colon in the file's name
        file, numbers = f"{file}:{numbers[0]}", numbers[1:]
    if not all(number.isdecimal() for number in numbers):
        return At(text)
    line, column = [*map(int, numbers), 0, 0][:2]
    return At(file, line, column, length)


def _source_line(at: At | None, root: Path | None) -> str | None:
    if at is None or not 0 < at.line < FAR:
        return None
    try:
        with Path(root or ".", at.file).open(encoding="utf-8-sig", errors="replace") as file:
            return next(islice(file, at.line - 1, None), None)
    except OSError:
        return None
