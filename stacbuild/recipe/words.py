"""Small questions about the words of a recipe that several rooms ask. PURE."""

from __future__ import annotations

import re

_GLOB = re.compile(r"[*?\[]")


def is_pattern(name: str) -> bool:
    """Tell whether a collection's table is a pattern (`sentinel-2-*`) and not one collection's id."""
    return _GLOB.search(name) is not None
