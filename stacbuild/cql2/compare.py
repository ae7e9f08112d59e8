"""`=`, `<>`, `<`, `<=`, `>`, `>=`, BETWEEN and IN.

Numbers compare with numbers, text with text by code point, true and false with each other; lists and objects are
equal or not and have no order. Values of different kinds: unknown. Moments: `moments.py`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from stacbuild.cql2 import moments
from stacbuild.cql2.logic import all_of, any_of
from stacbuild.cql2.nodes import WORDS, Get, Kind, Node
from stacbuild.cql2.parse import FilterError

Test = Callable[[Any, Any], bool]

OPERATORS: dict[str, Test] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_MIRROR = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_SCALARS: tuple[Kind, ...] = ("number", "text", "truth")
_NUMBERS = (int, float)


def compared(name: str, left: Node, right: Node) -> Node:
    """Return a comparison.

    Raises:
        FilterError: the two can never be compared.
    """
    _refuse(name, left, right)
    if moments.is_temporal(left, right):
        return moments.compared(name, OPERATORS[name], left, right)
    if left.fixed and not right.fixed:
        return compared(_MIRROR[name], right, left)
    if right.fixed and right.kind in _SCALARS:
        return Node("condition", _with_scalar(OPERATORS[name], left.get, right.value))
    ordered = name not in ("=", "<>")
    test, first, second = OPERATORS[name], left.get, right.get
    return Node("condition", lambda item: _tested(test, first(item), second(item), ordered=ordered))


def between(part: Node, low: Node, high: Node) -> Node:
    """Return `part` >= `low` AND `part` <= `high`."""
    return all_of([compared(">=", part, low), compared("<=", part, high)])


def within(part: Node, options: list[Node]) -> Node:
    """Return IN: equal to one of `options`; unknown where it equals none and one of them cannot be compared."""
    values = {option.value for option in options if option.fixed and option.kind == options[0].kind != "moment"}
    if options and not part.timed and len(values) > 1 and all(_is_plain(option, options[0].kind) for option in options):
        _refuse("IN", part, options[0])
        return Node("condition", _among(part.get, values, type_of=options[0].kind))
    return any_of([compared("=", part, option) for option in options])


def _is_plain(option: Node, kind: Kind) -> bool:
    return option.fixed and option.kind == kind and kind in ("number", "text")


def _among(get: Get, values: set[Any], *, type_of: Kind) -> Get:
    types: tuple[type, ...] = (str,) if type_of == "text" else _NUMBERS

    def test(item: dict[str, Any]) -> bool | None:
        value = get(item)
        return value in values if type(value) in types else None

    return test


def _with_scalar(test: Test, get: Get, fixed: Any) -> Get:
    types: tuple[type, ...] = _NUMBERS if type(fixed) in _NUMBERS else (type(fixed),)

    def compare(item: dict[str, Any]) -> bool | None:
        value = get(item)
        return test(value, fixed) if type(value) in types else None

    return compare


def _tested(test: Test, left: Any, right: Any, *, ordered: bool) -> bool | None:
    kind = type(left)
    if kind is type(right) and kind in (str, int, float, bool):
        return test(left, right)
    if kind in _NUMBERS and type(right) in _NUMBERS:
        return test(left, right)
    if kind is type(right) and kind in (list, dict) and not ordered:
        return test(frozen(left), frozen(right))
    return None


def frozen(value: Any) -> Any:
    """Return a JSON value as one that hashes, in which true is not 1 and 1 is 1.0."""
    if type(value) is bool:
        return ("truth", value)
    if type(value) is list:
        return ("list", *map(frozen, value))
    if type(value) is dict:
        return ("object", frozenset((name, frozen(member)) for name, member in value.items()))
    return value


def _refuse(name: str, left: Node, right: Node) -> None:
    """Refuse what can never be true or false, whatever the item."""
    ordered = name not in ("=", "<>", "IN")
    for part in (left, right):
        if part.kind in ("shape", "interval"):
            hint = "geometries are compared by s_equals and its like, intervals by t_equals and its like"
            raise FilterError(f"`{name}` does not compare {WORDS[part.kind]}", hint)
        if ordered and part.kind == "condition":
            hint = "in place of a < b < c write a < b AND b < c"
            raise FilterError(f"`{name}` has a condition on one side, and conditions have no order", hint)
        if ordered and part.kind == "list":
            raise FilterError(f"`{name}` has a list on one side, and lists have no order")
    kinds = {"truth" if part.kind == "condition" else part.kind for part in (left, right)} - {"any"}
    if kinds == {"text", "moment"} or len(kinds) <= 1:
        return
    first, second = (WORDS[part.kind] for part in (left, right))
    raise FilterError(f"`{name}` compares {first} with {second}, which is never true")
