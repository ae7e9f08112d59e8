"""A compiled part of a condition: the function that evaluates it, and what is known of its values beforehand.

Never: evaluates anything by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import msgspec
from msgspec import UNSET

from stacbuild.cql2.parse import FilterError

Get = Callable[[dict[str, Any]], Any]
"""Item → value; None is unknown: missing, null, or of a kind that the operation does not take."""

Kind = Literal["any", "condition", "truth", "number", "text", "moment", "interval", "shape", "list"]
"""What a part gives: `any` is known from the item only, a `condition` is true, false or unknown."""

WORDS: dict[str, str] = {
    "any": "a property",
    "condition": "a condition",
    "truth": "true or false",
    "number": "a number",
    "text": "text",
    "moment": "a moment",
    "interval": "an interval",
    "shape": "a geometry",
    "list": "a list",
}


class Node(msgspec.Struct, frozen=True):
    """A part of a condition."""

    kind: Kind
    get: Get
    value: Any = UNSET
    """What it always gives, where that does not depend on the item."""
    timed: bool = False
    """It is a property that STAC defines as a moment."""

    @property
    def fixed(self) -> bool:
        """Tell whether it gives the same for every item."""
        return self.value is not UNSET


def constant(kind: Kind, value: Any) -> Node:
    """Return the part that gives `value` whatever the item."""
    return Node(kind, lambda _: value, value)


def derived(kind: Kind, function: Callable[[Any], Any], part: Node) -> Node:
    """Return the part that gives `function` of what `part` gives; done once where that is fixed."""
    if part.fixed:
        return constant(kind, function(part.value))
    get = part.get

    def apply(item: dict[str, Any]) -> Any:
        value = get(item)
        return None if value is None else function(value)

    return Node(kind, apply)


def want(part: Node, kinds: tuple[Kind, ...], operator: str) -> None:
    """Refuse a part that can never be of one of `kinds`.

    Raises:
        FilterError: it is of another kind.
    """
    if part.kind != "any" and part.kind not in kinds:
        meant = " or ".join(WORDS[kind] for kind in kinds if kind != "condition" or len(kinds) == 1)
        raise FilterError(f"`{operator}` takes {meant}, not {WORDS[part.kind]}")
