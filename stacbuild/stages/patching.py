r"""What a patch does to a document, by dotted paths: set, append, remove. PURE: the document given is not changed.

In a path `*` stands for every member of an object or element of an array that is there, in a name for any text
(`s2:*`), a number for an element, `\.` and `\*` for a dot and a star in a name. Setting makes the objects that are
missing on the way, but none for `*`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from stacbuild import canon
from stacbuild.failures import ItemError
from stacbuild.recipe.words import has_star, stands_for
from stacbuild.stages.paths import kind_of, pointer, split

ANY: Final = "*"
MISSING: Any = type("Missing", (), {"__repr__": lambda _: "MISSING", "__slots__": ()})()
"""Stands for what is not there, before a change or after it."""

Change = Callable[[Any, str], Any]
"""(what stands at a place, JSON Pointer of it) → what shall stand there."""


def set_at(document: Any, path: str, value: Any) -> Any:
    """Return the document with `value` at a path; raises ItemError SB241 where something is in the way."""
    return _changed(document, split(path), lambda old, _: _as(value, old), "", make=True)


def append_at(document: Any, path: str, values: list[Any]) -> Any:
    """Return the document with those of `values` at the end of the array at a path that it does not hold."""

    def append(old: Any, where: str) -> Any:
        held = [] if old is MISSING or old is None else old
        if not isinstance(held, list):
            raise ItemError("SB241", f"nothing can be appended to {kind_of(held)}", where, "`append` is for arrays")
        known = {canon.encode(value) for value in held}
        new = [value for value in values if canon.encode(value) not in known]
        return [*held, *new] if new else old

    return _changed(document, split(path), append, "", make=True)


def remove_at(document: Any, path: str) -> Any:
    """Return the document without what stands at a path; what is not there is no error."""
    return _changed(document, split(path), lambda _, __: MISSING, "", make=False)


def _as(value: Any, old: Any) -> Any:
    """Return `old` where it is the same value, so that nothing counts as changed."""
    same = old is not MISSING and type(old) is type(value) and canon.encode(old) == canon.encode(value)
    return old if same else value


def _changed(value: Any, steps: list[str], change: Change, where: str, *, make: bool) -> Any:
    if not steps:
        return change(value, where)
    step, below = steps[0], steps[1:]
    if has_star(step):
        return _each(value, step, below, change, where, make=make)
    if isinstance(value, list) and step.isdecimal():
        return _element(value, int(step), below, change, where, make=make)
    if value is MISSING or value is None:
        value = MISSING if not make else {}
    if not isinstance(value, dict):
        if value is MISSING or not make:
            return value
        raise ItemError("SB241", f"'{step}' cannot be set in {kind_of(value)}", where, "an object is wanted there")
    name = step.replace("\\*", "*")
    return _member(value, name, below, change, f"{where}{pointer(name)}", make=make)


def _member(value: dict[str, Any], name: str, below: list[str], change: Change, where: str, *, make: bool) -> Any:
    old = value.get(name, MISSING)
    new = _changed(old, below, change, where, make=make)
    if new is old:
        return value
    if new is MISSING:
        return {other: member for other, member in value.items() if other != name}
    return {**value, name: new}


def _element(value: list[Any], at: int, below: list[str], change: Change, where: str, *, make: bool) -> Any:
    if at >= len(value):
        return value
    new = _changed(value[at], below, change, f"{where}/{at}", make=make)
    return value if new is value[at] else [*value[:at], *([] if new is MISSING else [new]), *value[at + 1 :]]


def _each(value: Any, step: str, below: list[str], change: Change, where: str, *, make: bool) -> Any:
    if isinstance(value, dict):
        for name in [name for name in value if stands_for(step, name)]:
            value = _member(value, name, below, change, f"{where}{pointer(name)}", make=make)
    elif isinstance(value, list) and step == ANY:
        new = [_changed(one, below, change, f"{where}/{at}", make=make) for at, one in enumerate(value)]
        if any(one is not old for one, old in zip(new, value, strict=True)):
            value = [one for one in new if one is not MISSING]
    return value
