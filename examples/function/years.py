"""Spans of years that stand in a table as text: `1983-2016`, or `2050` alone."""

from __future__ import annotations

from typing import Any


def first(record: dict[str, Any]) -> str:
    """Return the first day of the record's years."""
    return f"{_years(record)[0]}-01-01"


def last(record: dict[str, Any]) -> str:
    """Return the last second of the record's years."""
    return f"{_years(record)[-1]}-12-31T23:59:59Z"


def _years(record: dict[str, Any]) -> list[str]:
    """Return one year or two."""
    return [year.strip() for year in record["years"].split("-")]
