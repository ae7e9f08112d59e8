"""A condition's tree to one function of an item: a table of operators, each with the room that builds it.

What the parser takes and we do not know is an error here, when the recipe is read, and never one of an item's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stacbuild.cql2 import arithmetic, arrays, compare, logic, moments, names, spatial, text
from stacbuild.cql2.nodes import WORDS, Kind, Node, constant, want
from stacbuild.cql2.parse import MAX_DEPTH, FilterError, parsed, shown

Filter = Callable[[dict[str, Any]], bool | None]
"""Item → True, False, or None for unknown; only True selects."""

Build = Callable[[str, list[Node]], Node]

_SCALARS: dict[type, Kind] = {bool: "truth", int: "number", float: "number", str: "text"}
_MANY = 1000
"""Arguments that AND and OR take at most."""


def compile_filter(condition: str) -> Filter:
    """Return the function that a condition, CQL2 text or CQL2 JSON, is of an item.

    Raises:
        FilterError: it is no CQL2, or no condition, or asks for what there is not.
    """
    root = _built(parsed(condition), 0)
    if root.kind not in ("any", "condition", "truth"):
        raise FilterError(f"it is {WORDS[root.kind]} and no condition", "as in eo:cloud_cover < 10")
    return logic.truth(root)


def asks_shapely(condition: str) -> bool:
    """Tell whether the answers of a condition depend on the library that compares geometries.

    Raises:
        FilterError: it is no CQL2.
    """
    return spatial.is_spatial(parsed(condition))


def check_filter(condition: str) -> FilterError | None:
    """Return what is wrong with a condition, None when nothing is; its text is the message."""
    try:
        compile_filter(condition)
    except FilterError as error:
        return error
    return None


def _built(tree: Any, depth: int) -> Node:
    if depth > MAX_DEPTH:
        raise FilterError(f"the condition is nested more than {MAX_DEPTH} deep")
    if type(tree) in _SCALARS:
        return constant(_SCALARS[type(tree)], tree)
    if type(tree) is list:
        return _list([_built(member, depth + 1) for member in tree])
    if tree is None:
        raise FilterError("NULL stands in IS NULL and IS NOT NULL only", "in place of a = NULL write a IS NULL")
    for key, build in _LITERALS.items():
        if key in tree:
            return build(tree, depth)
    raise FilterError(f"an object with {_listed(tree)} means nothing in CQL2 JSON")


def _list(members: list[Node]) -> Node:
    for member in members:
        want(member, ("number", "text", "truth", "list"), "a list")
    if all(member.fixed for member in members):
        return constant("list", [member.value for member in members])
    gets = [member.get for member in members]

    def read(item: dict[str, Any]) -> list[Any] | None:
        values = [get(item) for get in gets]
        return None if None in values else values

    return Node("list", read)


def _property(tree: dict[str, Any], _: int) -> Node:
    name = tree["property"]
    if not isinstance(name, str) or not name:
        raise FilterError("`property` in CQL2 JSON takes a name")
    return Node("any", names.getter(name), timed=names.is_moment(name))


def _interval(tree: dict[str, Any], depth: int) -> Node:
    ends = tree["interval"]
    if not isinstance(ends, list):
        raise FilterError("`interval` in CQL2 JSON takes a list of two")
    return moments.interval([_built(end, depth + 1) for end in ends])


def _operation(tree: dict[str, Any], depth: int) -> Node:
    name, arguments = tree["op"], tree.get("args")
    if not isinstance(name, str) or not isinstance(arguments, list):
        raise FilterError("`op` in CQL2 JSON takes a name, and `args` a list")
    known = _OPERATORS.get(name.lower())
    if known is None:
        raise _unknown(name)
    build, least, most = known
    if not least <= len(arguments) <= most:
        count = f"{least}" if least == most else f"{least} or more"
        raise FilterError(f"`{name}` takes {count} argument{'s' if most > 1 else ''}, and has {len(arguments)}")
    if name.lower() == "in" and isinstance(arguments[1], list):
        arguments = [arguments[0], *arguments[1]]
    return build(name.lower(), [_built(argument, depth + 1) for argument in arguments])


def _logic(name: str, parts: list[Node]) -> Node:
    for part in parts:
        want(part, ("condition", "truth"), name.upper())
    if name == "not":
        return logic.negated(parts[0])
    return logic.all_of(parts) if name == "and" else logic.any_of(parts)


_LITERALS: dict[str, Callable[[dict[str, Any], int], Node]] = {
    "op": _operation,
    "property": _property,
    "timestamp": lambda tree, _: moments.literal("timestamp", tree["timestamp"]),
    "date": lambda tree, _: moments.literal("date", tree["date"]),
    "interval": _interval,
    "bbox": lambda tree, _: spatial.box(tree["bbox"]),
    "type": lambda tree, _: spatial.literal(tree),
}
"""Member of an object by which CQL2 JSON tells what it is → what builds it."""


def _pairs(build: Callable[[str, Node, Node], Node]) -> Build:
    return lambda name, parts: build(name, parts[0], parts[1])


_OPERATORS: dict[str, tuple[Build, int, int]] = {
    "and": (_logic, 1, _MANY),
    "or": (_logic, 1, _MANY),
    "not": (_logic, 1, 1),
    "isnull": (lambda _, parts: logic.is_null(parts[0]), 1, 1),
    "between": (lambda _, parts: compare.between(*parts), 3, 3),
    "in": (lambda _, parts: compare.within(parts[0], parts[1:]), 2, 2),
    "like": (lambda _, parts: text.like(*parts), 2, 2),
    "casei": (lambda _, parts: text.casei(*parts), 1, 1),
    "accenti": (lambda _, parts: text.accenti(*parts), 1, 1),
    **{name: (_pairs(compare.compared), 2, 2) for name in compare.OPERATORS},
    **{name: (_pairs(arithmetic.computed), 2, 2) for name in arithmetic.OPERATIONS},
    **{name: (_pairs(moments.related), 2, 2) for name in moments.PREDICATES},
    **{name: (_pairs(spatial.related), 2, 2) for name in spatial.PREDICATES},
    **{name: (_pairs(arrays.related), 2, 2) for name in arrays.PREDICATES},
}
"""Operator, in small letters → what builds it, and how many arguments it takes."""


def _unknown(name: str) -> FilterError:
    from difflib import get_close_matches  # noqa: PLC0415  for bad recipes only

    meant = {"lower": "casei", "upper": "casei", "s_dwithin": "s_intersects"}.get(name.lower())
    close = [meant] if meant else get_close_matches(name.lower(), _OPERATORS, n=1, cutoff=0.6)
    hint = f"did you mean {close[0]}(…)?" if close else "functions are casei, accenti, and those of s_…, t_… and a_…"
    return FilterError(f"there is no function `{shown(name)}`", hint)


def _listed(tree: dict[str, Any]) -> str:
    return ", ".join(f"`{shown(name)}`" for name in sorted(tree)[:4]) or "no members"
