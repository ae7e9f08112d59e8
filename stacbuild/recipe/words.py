"""Small questions about the words of a recipe that several rooms ask. PURE."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_GLOB = re.compile(r"[*?\[]")
_STAR: Final = re.compile(r"(?<!\\)\*")


def is_pattern(name: str) -> bool:
    """Tell whether a collection's table is a pattern (`sentinel-2-*`) and not one collection's id."""
    return _GLOB.search(name) is not None


def has_star(step: str) -> bool:
    r"""Tell whether a step of a patch's path stands for many names: it has a `*` that is not written `\*`."""
    return _STAR.search(step) is not None


def stands_for(step: str, name: str) -> bool:
    r"""Tell whether a step of a patch's path stands for a name: `*` for any text, also none, `\*` for a star."""
    return _pattern(step).fullmatch(name) is not None


@lru_cache(maxsize=1024)
def _pattern(step: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part.replace("\\*", "*")) for part in _STAR.split(step)), re.DOTALL)
