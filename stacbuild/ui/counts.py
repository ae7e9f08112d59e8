"""Numbers as people read them: `812,344 items`, `0.08 s`, `3.2 MB`. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

MINUTE, HOUR = 60, 3600


def count(number: int) -> str:
    """Return a number with separators."""
    return f"{number:,}"


def share(part: int, whole: int) -> str:
    """Return a share in per cent, 100 only when it is all."""
    return f"{100 * part // whole}%"


def duration(seconds: float) -> str:
    """Return `0.08 s`, `2 min 5 s`, `1 h 4 min`."""
    if seconds < 10:  # noqa: PLR2004 - below, hundredths matter
        return f"{seconds:.2f} s"
    whole = round(seconds)
    if whole < MINUTE:
        return f"{whole} s"
    if whole < HOUR:
        return f"{whole // MINUTE} min {whole % MINUTE} s"
    return f"{count(whole // HOUR)} h {whole % HOUR // MINUTE} min"


def size(number: int) -> str:
    """Return bytes in decimal units."""
    amount = float(number)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:  # noqa: PLR2004 - decimal units
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:,.1f} TB"


def tally(counts: Mapping[str, object], names: tuple[str, ...]) -> str:
    """Return `1 added, 4 unchanged`: the counts that are not nothing, in the order of names."""
    told = ((name, counts.get(name)) for name in names)
    return ", ".join(f"{count(number)} {name}" for name, number in told if isinstance(number, int) and number)
