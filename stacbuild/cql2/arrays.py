"""a_equals, a_contains, a_containedBy and a_overlaps: lists as sets, order and repetition apart.

Unknown where one side is no list, or one of its named members is missing. Null inside an item's list is a value like
others, true is not 1, and 1 is 1.0.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stacbuild.cql2.compare import frozen
from stacbuild.cql2.nodes import Get, Node, want

Sets = frozenset[Any]

PREDICATES: dict[str, Callable[[Sets, Sets], bool]] = {
    "a_equals": lambda left, right: left == right,
    "a_contains": lambda left, right: left >= right,
    "a_containedby": lambda left, right: left <= right,
    "a_overlaps": lambda left, right: not left.isdisjoint(right),
}


def related(name: str, left: Node, right: Node) -> Node:
    """Return an array predicate.

    Raises:
        FilterError: one side can never be a list.
    """
    for part in (left, right):
        want(part, ("list",), name)
    test, first, second = PREDICATES[name], _members(left), _members(right)

    def relate(item: dict[str, Any]) -> bool | None:
        one, other = first(item), second(item)
        return None if one is None or other is None else test(one, other)

    return Node("condition", relate)


def _members(part: Node) -> Get:
    if part.fixed:
        fixed = _set(part.value)
        return lambda _: fixed
    get = part.get
    return lambda item: _set(get(item))


def _set(value: Any) -> Sets | None:
    return frozenset(map(frozen, value)) if type(value) is list else None
