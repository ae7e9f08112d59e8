"""Paths of included files, told from the recipe's folder: which keys hold paths, `schema.py` says by their type.

Text only: nothing is looked at. Never touches a URL, an absolute path or what the recipe itself says.
"""

from __future__ import annotations

import os
import posixpath
from functools import cache
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from msgspec import Meta, Struct
from msgspec.structs import fields

from stacbuild.recipe import schema
from stacbuild.recipe.lines import Path
from stacbuild.recipe.places import Places


def relocated(raw: dict[str, Any], places: Places, kind: type[Struct] = schema.Document) -> dict[str, Any]:
    """Return the tables of a recipe with the paths that included files write relative to themselves moved."""
    if all(posixpath.dirname(text.name) == "" for text in places.texts):
        return raw
    return _table(raw, kind, (), places)


def _table(table: dict[str, Any], kind: type[Struct], path: Path, places: Places) -> dict[str, Any]:
    types = types_of(kind)
    return {key: _value(value, types.get(key), (*path, key), places) for key, value in table.items()}


def _value(value: Any, type_: Any, path: Path, places: Places) -> Any:
    match value:
        case dict():
            kind = _kind(value, type_)
            if kind is not None and getattr(kind, "open", False):
                return _plug_in(value, str(kind.__struct_config__.tag_field), path, places)
            if kind is not None:
                return _table(value, kind, path, places)
            inner = _inner(type_, dict)
            return {key: _value(entry, inner, (*path, key), places) for key, entry in value.items()}
        case list():
            inner = _inner(type_, list)
            return [_value(entry, inner, (*path, str(index)), places) for index, entry in enumerate(value)]
        case str():
            form = _form(type_)
            return _moved(value, form, places.owner(places.written(path)).name) if form else value
    return value


def _plug_in(table: dict[str, Any], key: str, path: Path, places: Places) -> dict[str, Any]:
    """Return a table of which only the code is known: what else stands in it is its own."""
    file = places.owner(places.written((*path, key))).name
    return {name: _moved(value, "code", file) if name == key else value for name, value in table.items()}


def _moved(value: str, form: str, file: str) -> str:
    """Return a path of an included file as the recipe would write it."""
    folder = posixpath.dirname(file)
    path, colon, rest = value.rpartition(":") if form == "code" else (value, "", "")
    if not folder or not path.strip() or "://" in value or os.path.isabs(path) or (colon and not path.endswith(".py")):  # noqa: PTH117
        return value
    slash = "/" if path.endswith("/") else ""
    return posixpath.normpath(posixpath.join(folder, path)) + slash + colon + rest


@cache
def types_of(kind: type[Struct]) -> dict[str, Any]:
    """Return key, as it is written, → its type with what is noted of it."""
    hints = get_type_hints(kind, include_extras=True)
    return {field.encode_name: hints[field.name] for field in fields(kind)}


def _kind(table: dict[str, Any], type_: Any) -> type[Struct] | None:
    """Return the struct that a table is, of those that its key takes."""
    kinds = [part for part in _parts(type_) if isinstance(part, type) and issubclass(part, Struct)]
    tags = {kind.__struct_config__.tag: kind for kind in kinds}
    field = kinds[0].__struct_config__.tag_field if kinds else None
    written = table.get(field) if field else None
    if field is None:
        return kinds[0] if kinds else None
    other = next((kind for kind in kinds if getattr(kind, "open", False)), None)
    return tags.get(written, other) if isinstance(written, str) else None


def _inner(type_: Any, container: type) -> Any:
    return next((get_args(part)[-1] for part in _parts(type_) if get_origin(part) is container), None)


def _form(type_: Any) -> str | None:
    """Return what kind of path a key holds; None if it holds none."""
    notes = [note for part in _parts(type_) if get_origin(part) is Annotated for note in part.__metadata__]
    return next((note.extra["local"] for note in notes if isinstance(note, Meta) and note.extra), None)


def _parts(type_: Any) -> tuple[Any, ...]:
    return get_args(type_) if get_origin(type_) not in (dict, list, Annotated) and get_args(type_) else (type_,)
