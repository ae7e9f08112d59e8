"""The JSON Schema of the recipe for editors: draft-07, made from the structs of `schema.py`, so that both say the same.

A table of several kinds is judged by `if` and `then`, never `oneOf`: an editor then tells the one key that is wrong.
Says less than `check`, which knows names and what is between tables; refuses nothing that `check` takes in one file.
"""

from __future__ import annotations

from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec
from msgspec import NODEFAULT, UNSET, Struct, UnsetType
from msgspec.structs import FieldInfo, fields

from stacbuild.recipe import schema
from stacbuild.recipe.meanings import meanings

Json = dict[str, Any]
DIALECT = "http://json-schema.org/draft-07/schema#"
TITLE = "Recipe of stacbuild"
LATE = r"\$\{|\{matrix\."
"""What a text holds that is known only when the recipe is read."""
OPEN: Json = {"additionalProperties": True}
"""Said where keys are told further in, as else tombi warns of them."""
PLAIN: dict[Any, str] = {str: "string", int: "integer", float: "number", bool: "boolean"}


def recipe_schema() -> Json:
    """Return the JSON Schema of a recipe."""
    definitions: dict[str, Json] = {}
    whole = _struct(schema.Document, definitions)
    needed = whole.pop("required")
    return {
        "$schema": DIALECT,
        "title": TITLE,
        "x-tombi-toml-version": "v1.0.0",
        **whole,
        "anyOf": [{"required": needed, **OPEN}, {"required": ["include"], **OPEN}],
        "definitions": dict(sorted(definitions.items())),
    }


def _struct(kind: type[Struct], definitions: dict[str, Json]) -> Json:
    """Return the schema of a table."""
    hints, told = get_type_hints(kind), meanings(kind)
    tag, tag_field = kind.__struct_config__.tag, kind.__struct_config__.tag_field
    properties: dict[str, Json] = {tag_field: {"const": tag}} if tag_field else {}
    for field in fields(kind):
        keys = _of(hints[field.name], definitions)
        if "$ref" in keys:  # what stands beside a reference is not looked at
            keys = {"allOf": [keys]}
        properties[field.encode_name] = {"description": told.get(field.encode_name, ""), **keys, **_default(field)}
    needed = [*([tag_field] if tag_field else []), *(field.encode_name for field in fields(kind) if field.required)]
    return {
        "description": (kind.__doc__ or "").strip(),
        "type": "object",
        "properties": properties,
        **({"required": needed} if needed else {}),
        "additionalProperties": False,
    }


def _default(field: FieldInfo) -> Json:
    if field.default in (NODEFAULT, UNSET, None) or isinstance(field.default, Struct):
        return {}
    return {"default": msgspec.to_builtins(field.default)}


def _of(type_: Any, definitions: dict[str, Json]) -> Json:
    """Return the schema of a value."""
    parts = [part for part in parts_of(type_) if part not in (type(None), UnsetType)]
    kinds = [part for part in parts if isinstance(part, type) and issubclass(part, Struct)]
    if len(kinds) > 1:
        return _kinds(kinds, definitions)
    if kinds and kinds[0].__struct_config__.tag_field:
        return _kinds(kinds, definitions)
    if Any in parts:
        return {}
    return _either([_part(part, definitions) for part in parts])


def parts_of(type_: Any) -> tuple[Any, ...]:
    """Return the members of a union, else the type alone."""
    return get_args(type_) if get_origin(type_) not in (None, list, dict, Literal) else (type_,)


def _part(part: Any, definitions: dict[str, Json]) -> Json:
    match get_origin(part):
        case None if part in PLAIN:
            return {"type": PLAIN[part]}
        case None:
            return _reference(part, definitions)
        case origin if origin is list:
            return {"type": "array", "items": _of(get_args(part)[0], definitions)}
        case origin if origin is dict:
            return {"type": "object", "additionalProperties": _of(get_args(part)[1], definitions)}
    return {"type": "string", "anyOf": [{"enum": list(get_args(part))}, {"pattern": LATE}]}


def _reference(kind: type[Struct], definitions: dict[str, Json]) -> Json:
    if kind.__name__ not in definitions:
        definitions[kind.__name__] = {}
        definitions[kind.__name__] = _struct(kind, definitions)
    return {"$ref": f"#/definitions/{kind.__name__}"}


def _either(parts: list[Json]) -> Json:
    """Return the schema of a value that has one of several types, each told by `type` alone."""
    first, *rest = parts
    if not rest:
        return first
    if all(set(part) == {"type"} for part in parts):
        names = [part["type"] for part in parts]
        return {"type": [name for name in names if name != "integer" or "number" not in names]}
    return _told_by_type(parts)


def _told_by_type(parts: list[Json]) -> Json:
    names = list(dict.fromkeys(part.get("type", "object") for part in parts))
    plain = {"type": names, **OPEN}
    more = [part for part in parts if set(part) != {"type"}]
    cases = [{"if": {"type": part.get("type", "object"), **OPEN}, "then": part} for part in more]
    return {**plain, **cases[0]} if len(cases) == 1 else {**plain, "allOf": cases}


def _kinds(kinds: list[type[Struct]], definitions: dict[str, Json]) -> Json:
    """Return the schema of a table whose `kind` says what it is; of an open kind nothing is known."""
    tag = str(kinds[0].__struct_config__.tag_field)
    others = "." if any(getattr(kind, "open", False) for kind in kinds) else LATE
    kinds = [kind for kind in kinds if not getattr(kind, "open", False)]
    names = [str(kind.__struct_config__.tag) for kind in kinds]
    described = "; ".join(f"`{name}`: {_summary(kind)}" for name, kind in zip(names, kinds, strict=True))
    choice = {"type": "string", "description": described, "anyOf": [{"enum": names}, {"pattern": others}]}
    cases = [
        {
            "if": {"properties": {tag: {"const": name}}, "required": [tag]},
            "then": _reference(kind, definitions),
        }
        for name, kind in zip(names, kinds, strict=True)
    ]
    return {"type": "object", "properties": {tag: choice}, "required": [tag], **OPEN, "allOf": cases}


def _summary(kind: type[Struct]) -> str:
    """Return what a kind is, without the words that name it."""
    return (kind.__doc__ or "").strip().rpartition("`: ")[2].rstrip(".")
