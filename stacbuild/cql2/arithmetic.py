"""`+`, `-`, `*`, `/`, `%`, `div` and `^` of numbers; what has no finite result is unknown.

`div` and `%` cut towards zero, as SQL does: -7 div 2 is -3 and -7 % 2 is -1.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

from stacbuild.cql2.nodes import Node, constant, want
from stacbuild.cql2.parse import FilterError

Number = int | float


def _quotient(left: Number, right: Number) -> Number:
    if type(left) is int and type(right) is int:
        size = abs(left) // abs(right)
        return size if (left < 0) == (right < 0) else -size
    return math.trunc(left / right)


def _rest(left: Number, right: Number) -> Number:
    if type(left) is int and type(right) is int:
        size = abs(left) % abs(right)
        return -size if left < 0 else size
    return math.fmod(left, right)


OPERATIONS: dict[str, Callable[[Any, Any], Number]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": _rest,
    "div": _quotient,
    "^": math.pow,
}


def computed(name: str, left: Node, right: Node) -> Node:
    """Return an operation on two numbers.

    Raises:
        FilterError: one of them can never be a number, or two fixed ones have no result.
    """
    want(left, ("number",), name)
    want(right, ("number",), name)
    operate, first, second = OPERATIONS[name], left.get, right.get
    if left.fixed and right.fixed:
        result = _result(operate, left.value, right.value)
        if result is None:
            raise FilterError(f"{left.value} {name} {right.value} has no result")
        return constant("number", result)
    return Node("number", lambda item: _result(operate, first(item), second(item)))


def _result(operate: Callable[[Any, Any], Number], left: Any, right: Any) -> Number | None:
    if type(left) not in (int, float) or type(right) not in (int, float):
        return None
    try:
        result = operate(left, right)
    except (ArithmeticError, ValueError):
        return None
    return None if type(result) is float and not math.isfinite(result) else result
