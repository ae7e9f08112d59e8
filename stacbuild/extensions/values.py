"""Values of an extension's configuration: constants, and texts with `{path}` of the item put in. PURE."""

from __future__ import annotations

import re
from typing import Any

from stacbuild.failures import ItemError

_PIECE = re.compile(r"\{\{|\}\}|\{([^{}]+)\}")


def rendered(value: Any, item: dict[str, Any], where: str) -> Any:
    """Return a value with the item's fields put into its texts; `{{` is a brace.

    Args:
        value: any JSON value; texts in it may be templates.
        item: where `{properties.platform}` and the like are looked up; a bare name is looked up in properties too.
        where: JSON Pointer, for errors.

    Raises:
        ItemError: SB235, the item has no such field.
    """
    if isinstance(value, str):
        return _text(value, item, where)
    if isinstance(value, dict):
        return {name: rendered(member, item, where) for name, member in value.items()}
    if isinstance(value, list):
        return [rendered(member, item, where) for member in value]
    return value


def _text(text: str, item: dict[str, Any], where: str) -> str:
    def put(match: re.Match[str]) -> str:
        if match.group(1) is None:
            return match.group()[0]
        found = field(item, match.group(1))
        if found is None or isinstance(found, dict | list):
            raise ItemError("SB235", f"the item has no text or number in '{match.group(1)}'", where)
        return found if isinstance(found, str) else str(found)

    return _PIECE.sub(put, text) if "{" in text or "}" in text else text


def field(item: dict[str, Any], path: str) -> Any:
    """Return what stands at a dotted path of an item, or of its properties; None: nothing."""
    for value in (item, item.get("properties", {})):
        if path in value:
            return value[path]
        found: Any = value
        for part in re.split(r"(?<!\\)\.", path):
            found = found.get(part.replace("\\.", ".")) if isinstance(found, dict) else None
        if found is not None:
            return found
    return None
