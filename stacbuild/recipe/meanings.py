"""What tables and keys of a recipe mean, read from where it stands: the text below a field in `schema.py`.

For the reference page, editors and `explain`; no build needs it. Never holds a list of keys of its own.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from functools import cache
from textwrap import dedent
from typing import get_args

from msgspec import Struct
from msgspec.structs import fields


@cache
def meanings(kind: type[Struct]) -> dict[str, str]:
    """Return key, as it is written in a recipe, → its meaning; a key without one is left out."""
    told = _told(kind)
    return {field.encode_name: told[field.name] for field in fields(kind) if field.name in told}


def _told(kind: type[Struct]) -> dict[str, str]:
    """Return attribute → the text below it, in the class and those that it is made from."""
    found: dict[str, str] = {}
    for part in reversed(kind.__mro__):
        if issubclass(part, Struct) and part is not Struct:
            found |= dict(_texts(part))
    return found


def _texts(kind: type) -> Iterator[tuple[str, str]]:
    try:
        source = inspect.getsource(kind)
    except OSError:  # installed without its texts
        return
    (tree,) = ast.parse(dedent(source)).body
    assert isinstance(tree, ast.ClassDef)
    for field, below in zip(tree.body, tree.body[1:], strict=False):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                yield name, " ".join(text.split())


def structs(kind: type[Struct]) -> Iterator[type[Struct]]:
    """Yield a struct and all that its fields lead to, each once, in the order of the fields."""
    seen: dict[type[Struct], None] = {kind: None}
    for one in (todo := [kind]):
        found = [part for field in fields(one) for part in _structs_in(field.type) if part not in seen]
        seen |= dict.fromkeys(found)
        todo += dict.fromkeys(found)
    yield from seen


def _structs_in(type_: object) -> Iterator[type[Struct]]:
    if isinstance(type_, type) and issubclass(type_, Struct):
        yield type_
    for inner in get_args(type_):
        yield from _structs_in(inner)
