r"""Values of an extension's configuration, for one document: constants, templates, and what stands in its fields. PURE.

A text is a template: `{path}` is a field of the document, `{{` a brace. `{ from = "path" }` is the value of a field as
it is; `{ value = … }` a constant that is nothing else. Paths are dotted; an exact key wins over a walk; `\.` is a dot
inside a name; a number selects from a list; a path that the document has not is looked up in its properties.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from msgspec import UNSET

from stacbuild.failures import ItemError
from stacbuild.recipe.extension_tables import From

_PIECE = re.compile(r"\{\{|\}\}|\{([^{}]+)\}")
_DOT = re.compile(r"(?<!\\)\.")


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
    raise _lacking(
        scope, f"no value in '{missing}'", where, "with `default = …` or `required = false` it may be missing"
    )


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
    if "{" not in text and "}" not in text:
        return text
    return "".join([_put(piece, scope, where) if is_path else piece for piece, is_path in pieces(text)])


@lru_cache(maxsize=1024)
def pieces(template: str) -> tuple[tuple[str, bool], ...]:
    """Return a template's pieces in order, each with True where it is a field's path; other braces are text."""
    found: list[tuple[str, bool]] = []
    end = 0
    for match in _PIECE.finditer(template):
        path = match.group(1)
        found += [(template[end : match.start()], False), (match.group()[0], False) if path is None else (path, True)]
        end = match.end()
    found.append((template[end:], False))
    return tuple((text, is_path) for text, is_path in found if text)


def _put(path: str, scope: Mapping[str, Any], where: str) -> str:
    found = field(scope, path)
    if type(found) is str:
        return found
    if found is None or isinstance(found, dict | list):
        raise _lacking(scope, f"no text or number in '{path}'", where)
    return str(found).lower() if isinstance(found, bool) else str(found)


def _lacking(scope: Mapping[str, Any], what: str, where: str, hint: str | None = None) -> ItemError:
    if scope.get("type") == "Collection":
        return ItemError(
            "SB235", f"the collection has {what}", where, "what only items have is for an extension of theirs"
        )
    return ItemError("SB235", f"the item has {what}", where, hint)


def field(scope: Mapping[str, Any], path: str) -> Any:
    """Return what stands at a path of a document, or of its properties; None: nothing, or null."""
    steps = _steps(path)
    found = _walk(scope, steps)
    return _walk(scope.get("properties"), steps) if found is None else found


@lru_cache(maxsize=1024)
def _steps(path: str) -> tuple[tuple[str, str], ...]:
    """Return the names of a path, each with all that remains as one name."""
    names = [name.replace("\\.", ".") for name in _DOT.split(path)]
    return tuple((name, ".".join(names[at:])) for at, name in enumerate(names))


def paths_in(value: Any) -> Iterator[str]:
    """Yield the paths in a configured value, as JSON has it; what is none for whoever takes the value is one here."""
    if isinstance(value, str):
        yield from (piece for piece, is_path in pieces(value) if is_path)
    elif isinstance(value, list):
        for member in value:
            yield from paths_in(member)
    elif isinstance(value, dict):
        named = value.get("from", ())
        yield from [named] if isinstance(named, str) else (path for path in named if isinstance(path, str))
        yield from paths_in([*value.values()])


def members_at(path: str) -> tuple[str, ...]:
    """Return the members of an Item that `field` looks at for a path."""
    return (path,) if path in _ALWAYS else (*_steps(path)[0], "properties")


_ALWAYS: Final = ("id", "type", "collection")
"""Members that an Item has, so that it is not looked further."""


def _walk(value: Any, steps: tuple[tuple[str, str], ...]) -> Any:
    for name, rest in steps:
        if isinstance(value, dict):
            if rest in value:
                return value[rest]
            value = value.get(name)
        elif isinstance(value, list) and name.isascii() and name.isdigit():
            value = value[int(name)] if len(name) < 10 and int(name) < len(value) else None  # noqa: PLR2004
        else:
            return None
    return value
