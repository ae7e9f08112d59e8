"""Time zones by name or offset, from the IANA data of the `tzdata` package: the same on every machine.

Never asks the machine for its zone or its own zone data.
"""

from __future__ import annotations

import datetime as dt
import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

_OFFSET = re.compile(r"([+-])([01]\d|2[0-3]):?([0-5]\d)")


@cache
def names() -> tuple[str, ...]:
    """Return the names of all zones."""
    return tuple(_package().joinpath("zones").read_text("ascii").split())


def zone(name: str) -> dt.tzinfo | None:
    """Return the zone that `Europe/Helsinki`, `+03:00`, `UTC` or `Z` means; None if there is none."""
    if name in ("UTC", "Z"):
        return dt.UTC
    match = _OFFSET.fullmatch(name)
    if match is not None:
        ahead = dt.timedelta(hours=int(match[2]), minutes=int(match[3]))
        return dt.timezone(-ahead if match[1] == "-" else ahead)
    return _named(name) if name in names() else None


@cache
def _named(name: str) -> dt.tzinfo:
    from zoneinfo import ZoneInfo  # noqa: PLC0415  few recipes have zones

    with _package().joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


def is_named(name: str | None) -> bool:
    """Return whether a zone has a name, so that its moments depend on the zone data."""
    return name is not None and name not in ("UTC", "Z") and _OFFSET.fullmatch(name) is None


def _package() -> Traversable:
    from importlib.resources import files  # noqa: PLC0415

    return files("tzdata")
