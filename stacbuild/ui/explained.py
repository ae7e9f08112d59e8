"""Codes in words: a paragraph each with its example, or a line each when all are listed. Pure."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stacbuild.report import ExplainReport
    from stacbuild.ui.paint import Paint

WIDTH = 88


def lines(report: ExplainReport, paint: Paint) -> list[str]:
    """Return the lines of `explain`."""
    if report.listing:
        width = max((len(told["code"]) for told in report.codes), default=0)
        return [_listed(told, width, paint) for told in report.codes]
    parts = [_explained(told, paint) for told in report.codes]
    return [line for number, part in enumerate(parts) for line in (*([""] if number else []), *part)]


def _listed(told: dict[str, Any], width: int, paint: Paint) -> str:
    room = WIDTH - width - 2
    return f"{paint.bold(told['code'])}{' ' * (width - len(told['code']))}  {_first(told['meaning'], room)}"


def _first(text: str, width: int) -> str:
    """Return the first sentence of a text, cut where it is long."""
    return textwrap.shorten(text.split(". ", maxsplit=1)[0].rstrip(".") + ".", width, placeholder=" ...")


def _explained(told: dict[str, Any], paint: Paint) -> list[str]:
    text = textwrap.wrap(told["meaning"], WIDTH, initial_indent="  ", subsequent_indent="  ")
    example = [f"    {line}".rstrip() for line in (told.get("example") or "").split("\n")]
    shown = ["", *example] if told.get("example") else []
    return [f"{paint.bold(told['code'])}: {told['about']}", *text, *shown]
