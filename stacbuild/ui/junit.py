"""`check` as JUnit XML: a suite a recipe, a case a problem; a recipe without problems is one case that passes. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from stacbuild.report import CheckReport

_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, even escaped."""


class _Case(NamedTuple):
    name: str
    code: str = ""
    message: str = ""
    text: str = ""


def lines(report: CheckReport) -> list[str]:
    """Return the document's lines."""
    suites = [(recipe, _cases(report, recipe)) for recipe in report.recipes or [report.recipe]]
    failed = sum(bool(case.code) for _, cases in suites for case in cases)
    head = f'name="stacbuild check" tests="{sum(len(cases) for _, cases in suites)}" failures="{failed}"'
    return [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f"<testsuites {head}>",
        *(line for recipe, cases in suites for line in _suite(recipe, cases)),
        "</testsuites>",
    ]


def _cases(report: CheckReport, recipe: str) -> list[_Case]:
    mine = [told for told in report.problems if told.get("recipe", recipe) == recipe]
    failures = [told for told in report.failures if told.get("recipe", recipe) == recipe]
    cases = [*map(_of_problem, mine), *map(_of_failure, failures)]
    return cases or [_Case("recipe")]


def _of_problem(told: dict[str, Any]) -> _Case:
    at = told.get("at")
    place = f"{at['file']}:{at['line']}:{at['column']}" if isinstance(at, dict) else str(at or "")
    return _case(told, place, told.get("message") or "")


def _of_failure(told: dict[str, Any]) -> _Case:
    where = (told.get("source") or {}).get("where") or ""
    path = f" at {told['path']}" if told.get("path") else ""
    return _case(told, str(told.get("at") or where), f"{told.get('message') or ''}{path}")


def _case(told: dict[str, Any], place: str, message: str) -> _Case:
    code = str(told.get("code") or "SB000")
    text = "\n".join([place, message, *([f"hint: {told['hint']}"] if told.get("hint") else [])]).strip()
    return _Case(f"{code} {place}".strip(), code, message, text)


def _suite(recipe: str, cases: list[_Case]) -> list[str]:
    failed = sum(bool(case.code) for case in cases)
    return [
        f'  <testsuite name={_quoted(recipe)} tests="{len(cases)}" failures="{failed}" errors="0" skipped="0">',
        *(line for case in cases for line in _lines(recipe, case)),
        "  </testsuite>",
    ]


def _lines(recipe: str, case: _Case) -> list[str]:
    head = f"    <testcase classname={_quoted(recipe)} name={_quoted(case.name)}"
    if not case.code:
        return [f"{head}/>"]
    failure = f"<failure type={_quoted(case.code)} message={_quoted(case.message)}>{_escaped(case.text)}</failure>"
    return [f"{head}>", f"      {failure}", "    </testcase>"]


def _escaped(text: str) -> str:
    plain = _ILLEGAL.sub("\ufffd", text)
    return plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _quoted(text: str) -> str:
    inner = _escaped(text).replace('"', "&quot;").replace("\n", "&#10;").replace("\r", "&#13;").replace("\t", "&#9;")
    return f'"{inner}"'
