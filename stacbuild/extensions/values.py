r"""Values of an extension's configuration, for one document: constants, templates, and what stands in its fields. PURE.

A text is a template: `{path}` is a field of the document, `{{` a brace. `{ from = "path" }` is the value of a field as
it is; `{ value = … }` a constant that is nothing else. Paths are dotted; an exact key wins over a walk; `\.` is a dot
inside a name; a number selects from a list; a path that the document has not is looked up in its properties.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeVar

from msgspec import UNSET

from stacbuild.failures import ItemError
from stacbuild.recipe.extension_tables import From

_PIECE = re.compile(r"\{\{|\}\}|\{([^{}]+)\}")
_DOT = re.compile(r"(?<!\\)\.")
OTHERS: Final = "*"
"""The asset key of a configuration that stands for every asset that is not named."""
T = TypeVar("T")


def value_of(value: Any, scope: Mapping[str, Any], where: str) -> Any:
    """Return what a configured value is for a document; UNSET: it is left out.

    Args:
        value: a `From`, a table of that form, `{ value = … }`, or any JSON value; texts in it are templates.
        scope: the document, with what else may be named.
        where: JSON Pointer, for errors.

    Raises:
        ItemError: SB235, the document has no such field.
    """
    if isinstance(value, dict):
        if value.keys() == {"value"}:
            return value["value"]
        if "from" in value and value.keys() <= {"from", "default", "required"}:
            value = From(from_=value["from"], **{name: value[name] for name in value if name != "from"})
    return _taken(value, scope, where) if isinstance(value, From) else rendered(value, scope, where)


def _taken(value: From, scope: Mapping[str, Any], where: str) -> Any:
    paths = [value.from_] if isinstance(value.from_, str) else value.from_
    found = [one for path in paths for one in [field(scope, path)] if one is not None]
    if len(found) == len(paths) or (found and not isinstance(value.from_, str) and not value.required):
        return found[0] if isinstance(value.from_, str) else found
    if value.default is not UNSET:
        return value.default
    if not value.required:
        return UNSET
    missing = next(path for path in paths if field(scope, path) is None)
    hint = "with `default = …` or `required = false` it may be missing"
    raise ItemError("SB235", f"the item has no value in '{missing}'", where, hint)


def fields_of(table: Mapping[str, Any], scope: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return name → value for the entries of a table that have one."""
    found = {name: value_of(value, scope, f"{where}/{name}") for name, value in table.items()}
    return {name: value for name, value in found.items() if value is not UNSET}


def prefixed(table: Any, names: Iterable[str], prefix: str, scope: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return prefix + name → value for those of a struct's fields that are given."""
    given = {f"{prefix}{name}": getattr(table, name) for name in names}
    return fields_of({name: value for name, value in given.items() if value not in (None, {}, [])}, scope, where)


def rendered(value: Any, scope: Mapping[str, Any], where: str) -> Any:
    """Return a value with the document's fields put into its texts.

    Raises:
        ItemError: SB235, the document has no such field.
    """
    if isinstance(value, str):
        return _text(value, scope, where)
    if isinstance(value, dict):
        return {name: rendered(member, scope, where) for name, member in value.items()}
    if isinstance(value, list):
        return [rendered(member, scope, where) for member in value]
    return value


def _text(text: str, scope: Mapping[str, Any], where: str) -> str:
    def put(match: re.Match[str]) -> str:
        if match.group(1) is None:
            return match.group()[0]
        found = field(scope, match.group(1))
        if found is None or isinstance(found, dict | list):
            raise ItemError("SB235", f"the item has no text or number in '{match.group(1)}'", where)
        return str(found).lower() if isinstance(found, bool) else str(found)

    return _PIECE.sub(put, text) if "{" in text or "}" in text else text


def field(scope: Mapping[str, Any], path: str) -> Any:
    """Return what stands at a path of a document, or of its properties; None: nothing, or null."""
    names = [name.replace("\\.", ".") for name in _DOT.split(path)]
    found = _walk(scope, names)
    return _walk(scope.get("properties"), names) if found is None else found


def _walk(value: Any, names: list[str]) -> Any:
    for at, name in enumerate(names):
        if isinstance(value, dict):
            rest = ".".join(names[at:])
            if rest in value:
                return value[rest]
            value = value.get(name)
        elif isinstance(value, list) and name.isascii() and name.isdigit():
            value = value[int(name)] if len(name) < 10 and int(name) < len(value) else None  # noqa: PLR2004
        else:
            return None
    return value


# ---- where fields stand ----------------------------------------------------------------------------------------------


def put(document: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    """Return a document with fields set: those of an Item in its properties, of a Collection at its top."""
    if not found:
        return document
    if document["type"] == "Collection":
        return {**document, **found}
    return {**document, "properties": {**document["properties"], **found}}


def at_top(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return where `put` puts a document's fields."""
    return document if document["type"] == "Collection" else document["properties"]


def each_asset(
    document: dict[str, Any],
    tables: Mapping[str, T],
    change: Callable[[dict[str, Any], T, Mapping[str, Any], str], dict[str, Any]],
) -> dict[str, Any]:
    """Return a document with its assets changed of which, or of all others (`*`), a table speaks.

    Args:
        document: an Item or Collection; assets that it has not are not made.
        tables: asset key → what is configured.
        change: (asset, its table, scope, JSON Pointer) → asset. The scope has `asset`, its key, and `this`, itself.
    """
    assets = document.get("assets")
    if not assets or not tables:
        return document
    made = {}
    for key, asset in assets.items():
        table = tables.get(key, tables.get(OTHERS))
        scope = {**document, "asset": key, "this": asset}
        made[key] = asset if table is None else change(asset, table, scope, f"/assets/{key}")
    return {**document, "assets": made}


def speaks_of(document: Mapping[str, Any], prefix: str) -> bool:
    """Tell whether a document has a field with this prefix: in its properties, an asset, or a band of one."""
    places = [at_top(document), *(document.get("assets") or {}).values()]
    lists = [place["bands"] for place in places if isinstance(place.get("bands"), list)]
    bands = [band for bands in lists for band in bands if isinstance(band, dict)]
    return any(name.startswith(prefix) for place in (*places, *bands) for name in place)
