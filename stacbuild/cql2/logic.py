"""AND, OR and NOT by SQL's tables, and IS NULL."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stacbuild.cql2.nodes import Node, constant

Truth = Callable[[dict[str, Any]], bool | None]
"""Item → True, False, or None for unknown."""


def truth(part: Node) -> Truth:
    """Return the function that gives true, false, or None for anything else."""
    get: Truth = part.get
    if part.kind in ("condition", "truth"):
        return get

    def read(item: dict[str, Any]) -> bool | None:
        value = get(item)
        return True if value is True else False if value is False else None

    return read


def all_of(parts: list[Node]) -> Node:
    """Return AND: false if one is false, else unknown if one is unknown."""
    return _joined(parts, decisive=False)


def any_of(parts: list[Node]) -> Node:
    """Return OR: true if one is true, else unknown if one is unknown."""
    return _joined(parts, decisive=True)


def _joined(parts: list[Node], *, decisive: bool) -> Node:
    gets = [truth(part) for part in parts]

    def join(item: dict[str, Any]) -> bool | None:
        result: bool | None = not decisive
        for get in gets:
            value = get(item)
            if value is decisive:
                return decisive
            if value is None:
                result = None
        return result

    return Node("condition", join)


def negated(part: Node) -> Node:
    """Return NOT: not unknown is unknown."""
    get = truth(part)
    return Node("condition", lambda item: None if (value := get(item)) is None else not value)


def is_null(part: Node) -> Node:
    """Return IS NULL, which is never unknown itself."""
    if part.fixed:
        return constant("condition", part.value is None)
    get = part.get
    return Node("condition", lambda item: get(item) is None)
