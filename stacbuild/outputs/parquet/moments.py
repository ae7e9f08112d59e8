"""Moments as Parquet keeps them: microseconds from 1970 in UTC. PURE."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any, Final

COLUMNS: Final = (
    "datetime", "start_datetime", "end_datetime", "created", "updated", "published", "unpublished", "expires",
)  # fmt: skip
"""Properties that are moments in STAC: timestamps, where every value of the column is one."""

LAST: Final = 2**63 - 1
"""The moment of an item without one: after all others."""

_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND: Final = dt.timedelta(microseconds=1)
_RFC3339: Final = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:[.,](\d+))?(?:[Zz]|([+-]\d\d:\d\d))", re.ASCII)
_DIGITS: Final = 6


def of(properties: Mapping[str, Any]) -> int:
    """Return when an item is, by its properties; LAST where they do not tell."""
    texts = (properties.get(name) for name in ("datetime", "start_datetime"))
    found = (near(text) for text in texts if isinstance(text, str))
    return next((moment for moment in found if moment is not None), LAST)


def exact(text: str) -> int | None:
    """Return the moment of RFC 3339 text; None if it is none, or finer than a microsecond."""
    found = _RFC3339.fullmatch(text)
    if found is None or (found[3] or "")[_DIGITS:].strip("0"):
        return None
    return _micros(f"{found[1]}T{found[2]}.{(found[3] or '0')[:_DIGITS].ljust(_DIGITS, '0')}{found[4] or '+00:00'}")


def near(text: str) -> int | None:
    """Return the moment that text names: cut to a microsecond, UTC without a zone, midnight without a time of day."""
    moment = exact(text)
    return _micros(text) if moment is None else moment


def written(moment: int) -> str:
    """Return RFC 3339 text of a moment."""
    whole = _EPOCH + moment * _MICROSECOND
    return whole.strftime("%Y").rjust(4, "0") + whole.strftime("-%m-%dT%H:%M:%S.%fZ")


def _micros(text: str) -> int | None:
    try:
        found = dt.datetime.fromisoformat(text)
        since = (found if found.tzinfo else found.replace(tzinfo=dt.UTC)) - _EPOCH
    except (ValueError, OverflowError):
        return None
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
