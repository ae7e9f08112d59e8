"""`validate` in words: a line a fault, a line a schema that could not be asked, and one for all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stacbuild.events import many
from stacbuild.report import ValidateReport
from stacbuild.ui.counts import count, duration

if TYPE_CHECKING:
    from stacbuild.ui.paint import Paint

UNASKED = ("SB302", "SB303", "SB306")
"""Codes of schemas that could not be asked: told once each, not once a document."""
SHOWN = 100
"""Faults that are shown; -v shows all that the report holds."""


def lines(report: ValidateReport, paint: Paint, verbosity: int = 0) -> list[str]:
    """Return the lines of `validate`."""
    unasked = [failure for failure in report.failures["listed"] if _is_unasked(failure)]
    listed = [failure for failure in report.failures["listed"] if not _is_unasked(failure)]
    good = [f"{file['path']}: {file['verdict']}" for file in report.files] if verbosity > 0 else []
    return [
        *good,
        *faults(listed, paint, verbosity),
        *_unasked(unasked, paint),
        _summary(report, paint),
    ]


def faults(listed: list[dict[str, Any]], paint: Paint, verbosity: int) -> list[str]:
    """Return a line a failure, of many the first ones."""
    shown = listed if verbosity > 0 else listed[:SHOWN]
    hidden = len(listed) - len(shown)
    more = [f"and {count(hidden)} more; -v shows them, --failures FILE lists all"] if hidden else []
    return [*(_fault(failure, paint) for failure in shown), *more]


def _is_unasked(failure: dict[str, Any]) -> bool:
    return failure["code"] in UNASKED and failure.get("severity") == "warning"


def _unasked(failures: list[dict[str, Any]], paint: Paint) -> list[str]:
    """Return a line for each schema that could not be asked, however many documents declare it."""
    told: dict[str, list[dict[str, Any]]] = {}
    for failure in failures:
        told.setdefault(failure["message"], []).append(failure)
    found, hints = [], set()
    for message, some in sorted(told.items()):
        where = some[0]["source"]["where"] + (f" and {count(len(some) - 1)} more" if len(some) > 1 else "")
        hint = "" if some[0]["hint"] in hints else f" ({some[0]['hint']})"
        hints.add(some[0]["hint"])
        found.append(f"{paint.warn('unchecked')}[{some[0]['code']}]: {message}, declared by {where}{hint}")
    return found


def _fault(failure: dict[str, Any], paint: Paint) -> str:
    word = paint.warn("warning") if failure.get("severity") == "warning" else paint.bad("error")
    at = f" {failure['path']}:" if failure["path"] else ""
    hint = f" ({failure['hint']})" if failure["hint"] else ""
    return f"{failure['source']['where']}: {word}[{failure['code']}]:{at} {failure['message']}{hint}"


def _summary(report: ValidateReport, paint: Paint) -> str:
    said = [f"{count(number)} {name}" for name, number in report.documents.items() if name != "total" and number] or [
        "nothing to judge"
    ]
    text = ", ".join(said)
    coloured = paint.bad(text) if report.documents["invalid"] else paint.good(text)
    documents, files = many(report.documents["total"], "document"), many(len(report.files), "file")
    return f"{documents} in {files}: {coloured} ({duration(report.seconds)})"
