"""What JSON values look like, merged over all items of a file: of these shapes columns are made. PURE.

A shape is a word for a scalar, `[shape]` for a list, `{name: shape}` for an object. Merging is associative and
commutative:

| one | other | merged |
| --- | --- | --- |
| anything | null, or missing | the one |
| int | float | float |
| wide: an integer beyond 2^53 | int | wide |
| wide | float | json |
| int beyond 64 bits | anything | json |
| list | list | list of what their members merge to |
| object | object | object with the members of both; json if there are more than KEYS_AT_MOST |
| any others that differ | | json |

`json` is a column of JSON text. What no column can be is that too: objects without members, lists whose members
differ in kind, what stands deeper than DEEPEST.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from typing import Any, Final

from stacbuild.sources.geoparquet import IN_LIST

Shape = Any
"""A word, `[Shape]` or `{name: Shape}`."""
Path = tuple[str, ...]

KEYS_AT_MOST: Final = 1_000
"""Members of one object over all items; with more, they are names of things, not of fields."""
DEEPEST: Final = 24
EXACT: Final = 2**53
_INT64: Final = 2**63


def shape_of(value: Any) -> Shape:
    """Return the shape of a JSON value."""
    match value:
        case list():
            return [reduce(merged, map(shape_of, value), "null")]
        case dict():
            return limited({name: shape_of(member) for name, member in value.items()})
        case bool():
            return "bool"
        case int():
            return "int" if -EXACT <= value <= EXACT else "wide" if -_INT64 <= value < _INT64 else "json"
        case _:
            return {float: "float", str: "text"}.get(type(value), "null")


def merged(one: Shape, other: Shape) -> Shape:
    """Return what a column is that holds values of both shapes."""
    if other in (one, "null"):
        return one
    if one == "null":
        return other
    if isinstance(one, dict) and isinstance(other, dict):
        return limited({**one, **{name: merged(one.get(name, "null"), member) for name, member in other.items()}})
    if isinstance(one, list) and isinstance(other, list):
        return [merged(one[0], other[0])]
    if isinstance(one, str) and isinstance(other, str):
        return {frozenset({"int", "float"}): "float", frozenset({"int", "wide"}): "wide"}.get(
            frozenset({one, other}), "json"
        )
    return "json"


def limited(members: dict[str, Shape]) -> Shape:
    """Return the shape of an object with these members."""
    return members if len(members) <= KEYS_AT_MOST else "json"


def shallow(shape: Shape, depth: int = 0) -> Shape:
    """Return a column's shape with `json` for what stands too deep in it."""
    if not isinstance(shape, dict | list):
        return shape
    if depth >= DEEPEST:
        return "json"
    if isinstance(shape, list):
        return [shallow(shape[0], depth + 1)]
    return {name: shallow(member, depth + 1) for name, member in shape.items()}


def settled(shape: Shape, depth: int = 0) -> Shape:
    """Return a shape as a column can be: without what is always null, and with `json` for what no column can be."""
    if isinstance(shape, dict):
        members = {name: settled(member, depth + 1) for name, member in sorted(shape.items()) if member != "null"}
        return members if members and depth < DEEPEST else "json"
    if isinstance(shape, list):
        inner = "text" if shape[0] == "null" else settled(shape[0], depth + 1)
        return "json" if inner == "json" or depth >= DEEPEST else [inner]
    return "int" if shape == "wide" else shape


def json_places(shape: Shape, path: Path = ()) -> Iterator[Path]:
    """Yield the paths at which there is JSON text."""
    if shape == "json":
        yield path
    elif isinstance(shape, dict):
        for name, member in shape.items():
            yield from json_places(member, (*path, name))
    elif isinstance(shape, list):
        yield from json_places(shape[0], (*path, IN_LIST))


def as_text(value: Any, shape: Shape, encode: Any) -> Any:
    """Return a value with JSON text in place of what has the shape `json`."""
    if value is None:
        return None
    if shape == "json":
        return encode(value).decode()
    if isinstance(shape, dict) and isinstance(value, dict):
        return {name: as_text(member, shape.get(name, "null"), encode) for name, member in value.items()}
    if isinstance(shape, list) and isinstance(value, list):
        return [as_text(member, shape[0], encode) for member in value]
    return value
