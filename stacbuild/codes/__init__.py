"""Every error, warning and reason code in words: the tables of all rooms, put together. Decides nothing.

A room that gives codes of its own has a table CODES (code → what it means and what to do) and a line in `tables`; codes
of commands, memory and disk, whose rooms give one or two, stand in `listed.py`, reasons in `reasons.py`. The reference
pages and `explain` read from here only.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Final

from msgspec import Struct

ABOUT: Final = {
    "SB0": "the command line and the process",
    "SB1": "the recipe",
    "SB2": "making an item of a record",
    "SB3": "validation",
    "SB4": "reading a source",
    "SB5": "targets and what is asked of them",
    "SB6": "disk, store, memory, lock",
    "SB7": "a warning: it stops nothing",
}
REASON: Final = "why something is stale"


class Explanation(Struct, frozen=True, omit_defaults=True):
    """A code in words; `example` is a few lines of recipe, record or command line."""

    code: str
    about: str
    meaning: str
    example: str | None = None


def tables() -> dict[str, Mapping[str, str]]:
    """Return every table of codes by the room that it stands in."""
    from stacbuild.codes import listed, reasons  # noqa: PLC0415  what explains is loaded when asked
    from stacbuild.extensions import base as extensions  # noqa: PLC0415
    from stacbuild.recipe import names  # noqa: PLC0415
    from stacbuild.sources import base  # noqa: PLC0415
    from stacbuild.stages import items, judge, mapping, migrate_old, patch  # noqa: PLC0415

    rooms = (listed, reasons, names, base, extensions, items, migrate_old, mapping, patch, judge)
    return {room.__name__: room.CODES for room in rooms}


def explanations() -> dict[str, Explanation]:
    """Return code → its explanation, error codes first, each kind in order."""
    from stacbuild.codes.examples import EXAMPLES  # noqa: PLC0415

    meanings = {code: text for table in tables().values() for code, text in table.items()}
    order = sorted(meanings, key=lambda code: (not code.startswith("SB"), code))
    return {code: Explanation(code, about(code), meanings[code], EXAMPLES.get(code)) for code in order}


def about(code: str) -> str:
    """Return what a code is about in a few words."""
    return ABOUT.get(code[:3], REASON)


def spelled(word: str) -> str:
    """Return a code as it is written: `sb204` and `204` are SB204, `Mapping Changed` is mapping-changed."""
    plain = word.strip().removeprefix("error[").removeprefix("warning[").rstrip("]:")
    if plain.isdecimal():
        return f"SB{plain}"
    return plain.upper() if plain[:2].lower() == "sb" else plain.lower().replace("_", "-").replace(" ", "-")


def near(word: str) -> list[str]:
    """Return the codes that an unknown one may mean, likeliest first."""
    known, code = list(explanations()), spelled(word)
    alike = difflib.get_close_matches(code, known, n=4, cutoff=0.6)
    parts = [name for name in known if code and code in name]
    return list(dict.fromkeys([*parts, *alike]))[:4]
