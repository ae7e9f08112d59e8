"""`check` as annotations of GitHub: workflow commands that a runner shows at the lines they speak of. Pure.

    ::error file=stacbuild.toml,line=12,col=1,endColumn=10,title=SB101::unknown key `page-sise`%0Adid you mean …

A step shows ten of them, so nine are given and the tenth says how many more there are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stacbuild.ui import frames

if TYPE_CHECKING:
    from stacbuild.report import CheckReport

AT_MOST = 9


def lines(report: CheckReport) -> list[str]:
    """Return the annotations of a report: problems, failures, warnings."""
    found = [
        *(_annotation("error", told) for told in report.problems),
        *(_annotation("error", _of_failure(failure)) for failure in report.failures),
        *(
            _annotation("warning", {"code": w.code, "message": w.message, "hint": w.hint, "at": w.at})
            for w in report.warnings
        ),
    ]
    more = len(found) - AT_MOST
    return [*found[:AT_MOST], *([f"::error title=stacbuild check::and {more} more"] if more > 0 else [])]


def _of_failure(failure: dict[str, Any]) -> dict[str, Any]:
    where = f" at {failure['path']}" if failure.get("path") else ""
    at = failure.get("at") or (failure.get("source") or {}).get("where")
    return {**failure, "message": f"{failure.get('message', '')}{where}", "at": at}


def _annotation(level: str, told: dict[str, Any]) -> str:
    problem = frames.problem_of(told)
    places: dict[str, Any] = {}
    if problem.at is not None:
        at = problem.at
        places = {"file": at.file, "line": at.line, "col": at.column}
        places["endColumn"] = at.column + at.length if at.column else 0
    properties = {**{name: value for name, value in places.items() if value}, "title": problem.code}
    listed = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
    text = "\n".join([problem.message, *([problem.hint] if problem.hint else [])])
    return f"::{level} {listed}::{_text(text)}"


def _text(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _text(text).replace(":", "%3A").replace(",", "%2C")
