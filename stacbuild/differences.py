"""Where two JSON values differ, as JSON Pointers (RFC 6901). PURE.

Numbers differ when their types do (1 is not 1.0, as in canonical JSON); the order of an object's members says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from msgspec import UNSET, Struct

Pair = tuple[str, Any, Any]


class Difference(Struct, frozen=True):
    """One place that differs. UNSET stands for absent, so that null is not mistaken for it; JSON leaves it out."""

    path: str
    before: Any = UNSET
    after: Any = UNSET


def differences(before: Any, after: Any) -> list[Difference]:
    """Return every place where `after` is not `before`, as deep as it can be told, in the order of paths.

    Lists are compared place by place; a list of plain values or coordinates that has another length is one difference.
    """
    found: list[Difference] = []
    left: list[Pair] = [("", before, after)]
    while left:
        path, was, now = left.pop()
        parts = _parts(path, was, now)
        if parts is not None:
            left += reversed(parts)
        elif was is not now and (type(was) is not type(now) or was != now):
            found.append(Difference(path, was, now))
    return found


def _parts(path: str, was: Any, now: Any) -> list[Pair] | None:
    """Return the members to compare, or None where the values are to be compared as wholes."""
    if isinstance(was, dict) and isinstance(now, dict):
        names = sorted({*was, *now})
        return [(f"{path}/{escaped(name)}", was.get(name, UNSET), now.get(name, UNSET)) for name in names]
    if isinstance(was, list) and isinstance(now, list) and (len(was) == len(now) or _has_objects(was, now)):
        return [(f"{path}/{place}", *both) for place, both in enumerate(zip_longest(was, now, fillvalue=UNSET))]
    return None


def _has_objects(*lists: list[Any]) -> bool:
    def entries() -> Iterator[Any]:
        for each in lists:
            yield from each

    return any(isinstance(entry, dict) for entry in entries())


def escaped(name: str) -> str:
    """Return a member's name as a step of a JSON Pointer."""
    return name.replace("~", "~0").replace("/", "~1")


def leaves_moved(before: Any, after: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    """Yield (path, before, after) of every leaf that differs between two JSON values; None stands for absent."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name in sorted({*before, *after}):
            yield from leaves_moved(before.get(name), after.get(name), (*path, name))
    elif before != after or type(before) is not type(after):
        yield path, before, after
