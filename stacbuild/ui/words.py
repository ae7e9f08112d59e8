"""Reports in words: each kind of report to the lines that stdout gets. Pure but for the source lines of frames.

BuildReport → built.py    StatusReport, WhyReport → stale.py    CheckReport → checked.py    ExplainReport → explained.py
DiffReport → differing.py    LockReport, VerifyReport → verified.py    The small ones are here.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from stacbuild.events import many
from stacbuild.failures import Exit
from stacbuild.report import (
    BuildReport,
    CheckReport,
    CleanReport,
    CompletionReport,
    DiffReport,
    ExplainReport,
    FilterReport,
    GcReport,
    InitReport,
    LockReport,
    LsReport,
    PullReport,
    SchemaReport,
    StatusReport,
    ValidateReport,
    VerifyReport,
    WhyReport,
)
from stacbuild.ui import begun, built, checked, differing, explained, pulled, scrub, sifted, stale, validated, verified
from stacbuild.ui.counts import count, duration, size

if TYPE_CHECKING:
    from stacbuild.ui.paint import Paint

Report = (
    BuildReport
    | StatusReport
    | WhyReport
    | LsReport
    | CleanReport
    | GcReport
    | DiffReport
    | InitReport
    | CheckReport
    | ExplainReport
    | CompletionReport
    | SchemaReport
    | LockReport
    | VerifyReport
    | ValidateReport
    | PullReport
    | FilterReport
)


class Style(NamedTuple):
    """How words are wanted: colours, secrets, how much to say, and in which form `check` says it."""

    paint: Paint
    redact: scrub.Change
    verbosity: int = 0
    form: str = "full"


def of(report: Report, style: Style) -> list[str]:
    """Return the lines of a report."""
    if style.form == "junit":  # a document: whoever reads it wants all of it
        return _lines(scrub.for_screen(report, style.redact), style)
    if style.verbosity < -1 or (style.verbosity < 0 and _is_well(report)):
        return []
    ours = _ours(report, style)
    return _lines(scrub.for_screen(report, style.redact), style) if ours is None else ours


def _ours(report: Report, style: Style) -> list[str] | None:
    """Return the lines of what we wrote ourselves, which has line ends in it and no secrets; None for the others."""
    match report:
        case CompletionReport():
            return report.script.rstrip("\n").split("\n")
        case ExplainReport():
            return explained.lines(report, style.paint)
        case SchemaReport():
            return json.dumps(report.schema, indent=2, ensure_ascii=False).split("\n")
        case InitReport() if report.document is not None and not report.written:
            return begun.lines(report, style.paint)
        case _:
            return None


def _lines(report: Report, style: Style) -> list[str]:  # noqa: C901, PLR0911, PLR0912 - one a kind
    match report:
        case BuildReport():
            return built.lines(report, style.paint, style.verbosity)
        case StatusReport():
            return stale.status(report, style.paint)
        case WhyReport():
            return stale.why(report, style.paint)
        case LsReport():
            return _ls(report)
        case CleanReport():
            return _clean(report, style)
        case GcReport():
            return [_gc(report)]
        case InitReport():
            return begun.lines(report, style.paint)
        case DiffReport():
            return differing.lines(report, style.paint, whole=style.verbosity > 0)
        case PullReport():
            return pulled.lines(report, style.paint, style.verbosity)
        case ValidateReport():
            return validated.lines(report, style.paint, style.verbosity)
        case FilterReport():
            return sifted.lines(report, style.paint, style.verbosity)
        case CheckReport():
            return checked.lines(report, style.paint, form=style.form)
        case LockReport():
            return verified.locked(report, style.paint)
        case VerifyReport():
            return verified.verified(report, style.paint)
        case _:
            return []


def _is_well(report: Report) -> bool:  # noqa: PLR0911 - one a kind
    match report:
        case BuildReport():
            silent = not (report.failures.get("count") or report.held_back or report.warnings)
            return report.exit is Exit.OK and silent and report.mode != "dry-run"
        case CleanReport() | GcReport():
            return report.exit is Exit.OK and not report.dry_run and not getattr(report, "kept", None)
        case CheckReport():
            return report.exit is Exit.OK and not report.warnings
        case PullReport():
            return report.exit is Exit.OK and not report.counts["unusable"]
        case ValidateReport() | FilterReport():
            return report.exit is Exit.OK and not report.failures["listed"]
        case InitReport():
            return bool(report.written) and not report.doubts and not report.failures
        case LockReport() | VerifyReport():
            return report.exit is Exit.OK
        case _:
            return False


def _ls(report: LsReport) -> list[str]:
    return [*report.targets, *(str(file.get("path", "")) for file in report.files)]


def _clean(report: CleanReport, style: Style) -> list[str]:
    paint = style.paint
    listed = report.removed if report.dry_run or style.verbosity > 0 else []
    done = "would remove" if report.dry_run else "removed"
    tail = "" if report.dry_run else f" ({duration(report.seconds)})"
    edited = [path for path in report.kept if path not in set(report.linked)]
    kept = [f"{paint.warn('kept')} {path}: edited since it was built" for path in edited]
    hint = [f"  = hint: to remove {'it' if len(kept) == 1 else 'them'} too: stacbuild clean --force"] if kept else []
    hint += [f"{paint.warn('kept')} {path}: a symbolic link leads there" for path in report.linked]
    head = f"{done} {many(len(report.removed), 'file')}{tail}" if report.removed else "nothing to remove"
    return [*(f"  {path}" for path in listed), *kept, *hint, head]


def _gc(report: GcReport) -> str:
    entries = report.entries.get("before", 0), report.entries.get("after", 0)
    volume = report.bytes.get("before", 0), report.bytes.get("after", 0)
    kept = f"{count(entries[1])} kept, {size(volume[1])}"
    if entries[0] == entries[1] and volume[0] == volume[1]:
        return f"nothing to drop ({kept})"
    done = "would drop" if report.dry_run else "dropped"
    dropped = many(entries[0] - entries[1], "entry")
    return f"{done} {dropped}, {size(volume[0] - volume[1])} ({kept})"
