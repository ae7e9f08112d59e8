"""Which columns are times, and in which format. PURE."""

from __future__ import annotations

import re
from typing import Any, Final

from stacbuild.failures import ItemError
from stacbuild.init.sample import Column
from stacbuild.stages.values import converter

_DAYS: Final = ("%d/%m/%Y", "%m/%d/%Y", "%Y/%m/%d", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%d/%m/%y", "%m/%d/%y")
_WORDS: Final = ("%d %b %Y", "%d-%b-%Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%d %b %Y %H:%M:%S")
_CLOCKS: Final = ("", " %H:%M:%S", " %H:%M", "T%H:%M:%S", " %H:%M:%S.%f", " %I:%M:%S %p", " %I:%M %p")
_TEXTS: Final = (
    "iso",
    *(f"{day}{clock}" for day in _DAYS for clock in _CLOCKS),
    *_WORDS,
    "%Y%m%dT%H%M%S",
    "%Y%m%dT%H%M%SZ",
    "%Y%m%d_%H%M%S",
)
_NUMBERS: Final = {8: ("%Y%m%d",), 14: ("%Y%m%d%H%M%S",), 10: ("unix",), 13: ("unix-ms",)}
"""Digits of a number that is a time → what it may mean."""

_FEWEST_DIGITS: Final = 4
"""Digits that a time has at least, as 1/2/24."""

_NAMES: Final = re.compile(
    r"date|time|acq|sens|stamp|day|start|begin|end|stop|creat|updat|modif|captur|observ|publ|when|epoch|utc"
)
_SCORES: Final = (
    (r"^(.*[._:])?datetime$", 100),
    (r"acqui|sensing|captur|observ|image_?date", 90),
    (r"timestamp", 70),
    (r"start|begin|from", 45),
    (r"end|stop|finish", 40),
    (r"creat|updat|modif|publ|ingest|process|upload|insert", 10),
    (r"date", 60),
    (r"time", 50),
)
_START: Final = re.compile(r"(start|begin|from)", re.IGNORECASE)
_ENDS: Final = ("end", "stop", "finish", "to", "ending")


def format_of(column: Column) -> str | None:
    """Return the format that all values of a column are times in, or None."""
    texts = [str(value) for value in column.values if isinstance(value, str | int) and not isinstance(value, bool)]
    if not texts or len(texts) < len(column.values):
        return None
    head = texts[:5]
    if any(sum(char.isdigit() for char in text) < _FEWEST_DIGITS for text in head):
        return None
    digits = all(text.isdecimal() for text in texts)
    if digits and not _NAMES.search(column.name.lower()):
        return None
    forms = _NUMBERS.get(len(head[0]), ()) if digits else _TEXTS
    return next((form for form in forms if _fits(column.values[:5], form) and _fits(column.values, form)), None)


def _fits(values: list[Any], form: str) -> bool:
    convert = converter("datetime", form, "")
    try:
        return all(_plausible(convert(value)) for value in values)
    except ItemError:
        return False


def _plausible(moment: Any) -> bool:
    return isinstance(moment, str) and "1900" <= moment[:4] <= "2200"


def is_ambiguous(column: Column, form: str) -> bool:
    """Tell whether days and months of a column may be meant the other way round."""
    other = form.replace("%d", "\0").replace("%m", "%d").replace("\0", "%m")
    return form[:2] in ("%d", "%m") and "%m" in form and other != form and _fits(column.values, other)


def score(column: Column) -> int:
    """Return how much a column's name says that it is the time of the item."""
    name = column.path.lower()
    return next((points for pattern, points in _SCORES if re.search(pattern, name)), 30)


def other_end(column: Column, times: list[Column]) -> Column | None:
    """Return the column of the end that belongs to a column of a beginning."""
    names = {time.path.lower(): time for time in times}
    for end in _ENDS:
        found = names.get(_START.sub(end, column.path.lower()))
        if found is not None and found is not column and _START.search(column.path):
            return found
    return None
