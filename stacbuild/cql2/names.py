r"""What a name in a condition stands for, compiled to a function of an item.

A bare name is a property; those of TOP are the item's own members, as in the filter extension of STAC API. Dotted
names walk (`assets.data.href`, `properties.a.b`), a number selects from a list, an exact key wins over a walk, and a
dot inside a name is `\.`. What is absent or null is None. Never: raises, whatever the item is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

Get = Callable[[dict[str, Any]], Any]

TOP = frozenset(
    ("assets", "bbox", "collection", "geometry", "id", "links", "properties", "stac_extensions", "stac_version", "type")
)
"""Members of an item; every other bare name is a property."""

MOMENTS = frozenset(
    ("created", "datetime", "end_datetime", "expires", "published", "start_datetime", "unpublished", "updated")
)
"""Properties that STAC defines as moments: compared with text they are compared as times."""

_DOT = re.compile(r"(?<!\\)\.")
_INDEX = re.compile(r"[0-9]{1,9}")


def is_moment(name: str) -> bool:
    """Tell whether a name stands for a moment by STAC's own definition."""
    return name.removeprefix("properties.") in MOMENTS


def getter(name: str) -> Get:
    """Return the function that reads what `name` stands for."""
    names = [part.replace("\\.", ".") for part in _DOT.split(name)]
    if names[0] not in TOP:
        names = ["properties", *names]
    if len(names) == 1:
        return lambda item: item.get(names[0])
    if names[0] == "properties" and len(names) == 2:  # noqa: PLR2004
        return _property(names[1])
    first, steps = names[0], [(part, ".".join(names[place:])) for place, part in enumerate(names)][1:]
    return lambda item: _walk(item.get(first), steps)


def _property(name: str) -> Get:
    def get(item: dict[str, Any]) -> Any:
        properties = item.get("properties")
        return properties.get(name) if type(properties) is dict else None

    return get


def _walk(value: Any, steps: list[tuple[str, str]]) -> Any:
    """Follow `steps` of (name, all that remains as one name) into `value`."""
    for name, tail in steps:
        if type(value) is dict:
            if tail in value:
                return value[tail]
            value = value.get(name)
        elif type(value) is list and _INDEX.fullmatch(name):
            value = value[int(name)] if int(name) < len(value) else None
        else:
            return None
    return value
