"""Which tables take a key: what to tell whoever wrote it into another one. Read from the structs of `schema.py`."""

from __future__ import annotations

from functools import cache
from typing import Any, get_args, get_origin

from msgspec import Struct
from msgspec.structs import fields

from stacbuild.recipe import schema
from stacbuild.recipe.lines import Path

MANY = 3
"""Tables that a hint names; a key of more of them is no hint."""


def home(key: str, path: Path) -> str | None:
    """Return the hint that says where a key belongs which the table at `path` does not take; None if there is none."""
    tables = homes().get(key, {})
    kinds = tables.get(path[0] if path else "", [])
    if kinds and all(kinds):
        several = len(kinds) > 1
        names = " and ".join(f"`{kind}`" for kind in kinds)
        return f"only kind{'s' * several} {names} take{'s' * (not several)} `{key}`"
    heads = [_head(table) for table in tables if not path or table != path[0]]
    return f"`{key}` belongs into {' or '.join(heads)}" if 0 < len(heads) <= MANY else None


def _head(table: str) -> str:
    return f"[{table}.NAME]" if table in named() else f"[{table}]"


@cache
def homes() -> dict[str, dict[str, list[str]]]:
    """Return key → the tables that take it → those of their kinds that do; "" for a table without kinds."""
    found: dict[str, dict[str, list[str]]] = {}
    for table in fields(schema.Document):
        for kind in _structs(table.type):
            for key in kind.__struct_encode_fields__:
                tag = kind.__struct_config__.tag
                found.setdefault(key, {}).setdefault(table.encode_name, []).append(str(tag or ""))
    return found


@cache
def named() -> frozenset[str]:
    """Return the tables of which users name the entries: `[sources.NAME]` and the like."""
    of_tables = (table for table in fields(schema.Document) if get_origin(table.type) is dict)
    return frozenset(table.encode_name for table in of_tables if _structs(table.type))


def _structs(type_: Any) -> list[type[Struct]]:
    """Return the structs that a table, or its entries, may be."""
    inner = get_args(type_)[-1] if get_origin(type_) is dict else type_
    return [part for part in get_args(inner) or (inner,) if isinstance(part, type) and issubclass(part, Struct)]
