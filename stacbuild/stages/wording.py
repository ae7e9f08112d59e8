"""Schema errors in words that a person can act on. PURE.

A validator says which keyword of a schema failed; a person wants to know what in the item is wrong and what to write
there. Of anyOf and oneOf the branch is told that the item was meant for: the one that it breaks least.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from stacbuild.failures import Fault
from stacbuild.stages.paths import excerpt, kind_of, pointer

LONGEST = 300
"""Characters of a message."""
_LISTED = 8
"""Names or values of a list that are shown."""
_BRANCHING = ("anyOf", "oneOf")
_UTC = r"(\+00:00|Z)$"
"""The pattern of STAC's moments: where the format is wrong too, that says it better."""

_WORDS = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "an integer",
    "null": "null",
    "number": "a number",
    "object": "an object",
    "string": "text",
}
_SMALL, _LARGE = "must be {} or more", "must be {} or less"


def faults_in(errors: Iterable[Any], url: str) -> Iterator[Fault]:
    """Yield a fault for each error of a validator.

    Args:
        errors: of jsonschema-rs: message, instance, instance_path, schema_path and kind.
        url: of the schema that they break.
    """
    leaves = [leaf for error in errors for leaf in _leaves(error)]
    no_moments = {_place(leaf) for leaf in leaves if leaf.kind.name == "format"}
    for leaf in leaves:
        if not (_place(leaf) in no_moments and _pattern_of(leaf) == _UTC):
            path, message, hint = _told(leaf)
            schema = f"schema {url}"
            yield Fault("validate", "SB301", _cut(message), path, f"{hint}; {schema}" if hint else schema)


def formats_in(errors: Iterable[Any], url: str, formats: str) -> Iterator[Fault]:
    """Yield a warning for each text that is not of a format which `validation.formats` does not assert."""
    told: set[str] = set()
    for leaf in (leaf for error in errors for leaf in _all_leaves(error)):
        is_free = leaf.kind.name == "format" and (formats == "off" or leaf.kind.format != "date-time")
        if is_free and _place(leaf) not in told:
            told.add(_place(leaf))
            message, _ = _format(leaf)
            yield Fault("validate", "SB305", _cut(message), _place(leaf), f"schema {url}", warning=True)


def _all_leaves(error: Any) -> Iterator[Any]:
    branches = error.kind.context if error.kind.name in _BRANCHING else []
    for branch in branches:
        for inner in branch:
            yield from _all_leaves(inner)
    if not branches:
        yield error


def reason_in(error: Exception) -> str:
    """Return why a schema does not compile, in one line."""
    return _cut(next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__))


def _place(error: Any, *below: str) -> str:
    return pointer(*(str(part) for part in error.instance_path), *below)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _shown(value: Any) -> str:
    """Return a value for a message: text in quotes, all else as JSON; cut."""
    return excerpt(value) if isinstance(value, str) else excerpt(value)[1:-1]


# ---- which branch ----------------------------------------------------------------------------------------------------


def _leaves(error: Any) -> Iterator[Any]:
    """Yield the errors that say most: those of the branch that the item was meant for, or the error itself."""
    branches = error.kind.context if error.kind.name in _BRANCHING else []
    if not branches or not all(branches) or _is_time(error) or _is_place(error):
        yield error
        return
    meant = [branch for branch in branches if not _is_other(branch)]
    if not meant and len(branches) > 1:
        yield error
        return
    for inner in min(meant or branches, key=_badness):
        yield from _leaves(inner)


def _is_other(branch: list[Any]) -> bool:
    """Return whether a branch is for something else: another `type`, a list for an object, what must not be there."""
    return any(error.kind.name in ("not", "falseSchema") or _names_kind(error) or _is_alien(error) for error in branch)


def _names_kind(error: Any) -> bool:
    """Return whether the member `type` has another value than the one that this branch is for."""
    return bool(error.instance_path) and error.instance_path[-1] == "type" and error.kind.name in ("enum", "const")


def _is_alien(error: Any) -> bool:
    """Return whether a list, an object or a scalar stands where the branch wants one of the others."""
    if error.kind.name != "type":
        return False
    return isinstance(error.instance, dict | list) != bool({"array", "object"} & set(error.kind.types))


def _badness(branch: list[Any]) -> tuple[int, int]:
    """Order branches: few errors first, then those that were followed deepest."""
    return len(branch), -max(len(error.instance_path) for error in branch)


# ---- what is said ----------------------------------------------------------------------------------------------------


def _told(error: Any) -> tuple[str, str, str | None]:
    """Return JSON Pointer, message and hint of an error."""
    if error.kind.name in _BRANCHING:
        if _is_time(error):
            return _time(error)
        if _is_place(error):
            return _place(error, "bbox"), "geometry is null, so there must be no bbox", None
        kinds = [inner for branch in error.kind.context for inner in branch if _names_kind(inner)]
        if kinds and isinstance(error.instance, dict) and error.instance.get("type") is not None:
            options = list(dict.fromkeys(_shown(option) for inner in kinds for option in _options(inner)))
            return _place(kinds[0]), f"'type' must be {_either(options)}, not {_shown(kinds[0].instance)}", None
    return (_place(error), *_said(error))


def _options(error: Any) -> list[Any]:
    options = error.kind.options if error.kind.name == "enum" else [error.kind.expected_value]
    return [option for option in options if option != "GeometryCollection"]  # GeoJSON has it, STAC does not


def _said(error: Any) -> tuple[str, str | None]:
    """Return message and hint for an error."""
    if error.kind.name in _BRANCHING:
        return _branching(error)
    say = _SAY.get(error.kind.name)
    return say(error) if say is not None else (str(error.message), None)


def _name(error: Any) -> str:
    """Return what an error is about: the last name in its path."""
    names = [str(part) for part in error.instance_path if not isinstance(part, int)]
    last = error.instance_path[-1] if error.instance_path else None
    if isinstance(last, int):
        return f"entry {last} of '{names[-1]}'" if names else f"entry {last}"
    return f"'{last}'" if last is not None else "the item"


def _is_time(error: Any) -> bool:
    """Return whether an error is STAC's rule that an item has a datetime or both ends."""
    branches = [{getattr(inner.kind, "property", "") for inner in branch} for branch in error.kind.context]
    return isinstance(error.instance, dict) and any({"start_datetime", "end_datetime"} & names for names in branches)


def _is_place(error: Any) -> bool:
    """Return whether an error is STAC's rule that an item has a geometry with a bbox, or neither."""
    item = error.instance
    return isinstance(item, dict) and "bbox" in item and item.get("geometry", item) is None


def _branching(error: Any) -> tuple[str, str | None]:
    if not all(error.kind.context):
        return f"{_name(error)} fits several of the forms that exclude each other", None
    forms = "; or ".join(dict.fromkeys(", ".join(_said(inner)[0] for inner in branch) for branch in error.kind.context))
    return f"{_name(error)} fits none of the forms that it may have: {forms}", None


def _time(error: Any) -> tuple[str, str, str | None]:
    absent = [name for name in ("start_datetime", "end_datetime") if name not in error.instance]
    if "datetime" not in error.instance:
        hint = "map datetime; null is allowed beside start_datetime and end_datetime"
        return _place(error), "'datetime' is missing in the item's properties", hint
    needed = f"{' and '.join(absent)} {'are' if len(absent) > 1 else 'is'} needed"
    hint = f"map datetime, or {' and '.join(absent)}"
    return _place(error, "datetime"), f"datetime is null, so {needed}", hint


def _type(error: Any) -> tuple[str, str | None]:
    wanted = [_WORDS.get(name, name) for name in sorted(error.kind.types, key=lambda name: (name == "null", name))]
    value = error.instance
    found = f"{kind_of(value)}, {_shown(value)}" if type(value) in (str, int, float) else kind_of(value)
    hint = None
    if isinstance(value, str) and {"number", "integer"} & set(error.kind.types):
        hint = f'as = "{"integer" if "number" not in error.kind.types else "number"}" in the mapping makes it one'
    return f"{_name(error)} must be {_either(wanted)}, not {found}", hint


def _either(words: list[str]) -> str:
    shown = words[:_LISTED] + ([f"{len(words) - _LISTED} others"] if len(words) > _LISTED else [])
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} or {shown[-1]}"


def _required(error: Any) -> tuple[str, str | None]:
    missing = error.kind.property
    path = error.schema_path
    where = {(): "the item", ("properties",): "the item's properties"}.get(tuple(error.instance_path), _name(error))
    if len(path) > 2 and path[-3] in ("dependencies", "dependentSchemas"):  # noqa: PLR2004
        beside = str(path[-2])
        return f"'{beside}' needs '{missing}' beside it", None
    return f"'{missing}' is missing in {where}", None


def _enum(error: Any) -> tuple[str, str | None]:
    options = [_shown(option) for option in error.kind.options]
    return f"{_name(error)} must be {_either(options)}, not {_shown(error.instance)}", None


def _const(error: Any) -> tuple[str, str | None]:
    return f"{_name(error)} must be {_shown(error.kind.expected_value)}, not {_shown(error.instance)}", None


def _pattern_of(error: Any) -> str | None:
    """Return the pattern that text does not match; None too where matching was given up."""
    return getattr(error.kind, "pattern", None)


def _pattern(error: Any) -> tuple[str, str | None]:
    pattern = _pattern_of(error)
    if pattern is None:
        return f"{_name(error)} is {_shown(error.instance)}, which the schema's pattern takes too long to match", None
    if pattern == _UTC:
        return f"{_name(error)} must be in UTC and end in Z, got {_shown(error.instance)}", _MOMENT
    return f"{_name(error)} is {_shown(error.instance)}, which does not match the pattern {pattern}", None


_MOMENT = 'as = "datetime" in the mapping writes it so'


def _format(error: Any) -> tuple[str, str | None]:
    if error.kind.format == "date-time":
        return f"{_name(error)} is {_shown(error.instance)}, not a moment as in 2024-01-31T12:00:00Z", _MOMENT
    return f"{_name(error)} is {_shown(error.instance)}, not of the format {error.kind.format}", None


def _forbidden(error: Any) -> tuple[str, str | None]:
    if list(error.instance_path) == ["collection"]:
        return "'collection' is there without a link of rel 'collection'", None
    if error.schema_path and error.schema_path[-1] == "additionalProperties":
        return f"{_name(error)} has a member that it may not have: {_shown(error.instance)}", None
    schema = getattr(error.kind, "schema", None)
    if not isinstance(schema, dict) or not schema:
        return f"{_name(error)} is not allowed here", None
    if set(schema) == {"required"} and isinstance(error.instance, dict):
        return f"{_name(error)} must not have {_either([f'{name!r}' for name in schema['required']])}", None
    return f"{_name(error)} must not be of the form {_shown(schema)}", None


def _unexpected(error: Any) -> tuple[str, str | None]:
    names = [f"'{name}'" for name in sorted(error.kind.unexpected)]
    return f"{_name(error)} may not have {_either(names)}", None


def _limit(form: str) -> Callable[[Any], tuple[str, str | None]]:
    def say(error: Any) -> tuple[str, str | None]:
        value = error.instance
        found = f"has {len(value)}" if isinstance(value, dict | list) else f"is {_shown(value)}"
        return f"{_name(error)} {form.format(error.kind.limit)}, but {found}", None

    return say


def _too_short(error: Any) -> tuple[str, str | None]:
    if error.instance == "":
        return f"{_name(error)} must not be empty", None
    return _limit("must have {} or more characters")(error)


def _twice(error: Any) -> tuple[str, str | None]:
    return f"{_name(error)} holds an entry twice", None


def _named(error: Any) -> tuple[str, str | None]:
    return f"a member of {_name(error)} has a name that is not allowed: {error.kind.error.message}", None


def _contains(error: Any) -> tuple[str, str | None]:
    return f"{_name(error)} has no entry of the form that one must have", None


_SAY: dict[str, Callable[[Any], tuple[str, str | None]]] = {
    "type": _type,
    "required": _required,
    "enum": _enum,
    "const": _const,
    "pattern": _pattern,
    "format": _format,
    "not": _forbidden,
    "falseSchema": _forbidden,
    "additionalProperties": _unexpected,
    "unevaluatedProperties": _unexpected,
    "minimum": _limit(_SMALL),
    "maximum": _limit(_LARGE),
    "exclusiveMinimum": _limit("must be greater than {}"),
    "exclusiveMaximum": _limit("must be less than {}"),
    "minItems": _limit("must have {} or more entries"),
    "maxItems": _limit("must have {} or fewer entries"),
    "minProperties": _limit("must have {} or more members"),
    "maxProperties": _limit("must have {} or fewer members"),
    "minLength": _too_short,
    "maxLength": _limit("must have {} or fewer characters"),
    "uniqueItems": _twice,
    "contains": _contains,
    "propertyNames": _named,
}
"""Keyword → the function that says what it means; others keep the validator's own words."""
