"""What `ignore` takes out of a document before it is digested: members, queries of hrefs. Never adds."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

Ignore = Callable[[dict[str, Any]], None]
"""Takes what is ignored out of a document, in place."""

QUERY: Final = "?query"
"""At a path's end: of the URL that stands there the query alone."""

_DOT = re.compile(r"(?<!\\)\.")


def ignore_of(paths: list[str]) -> Ignore:
    r"""Return what takes `paths` out: dotted, `\.` is a dot in a name, `*` is every member or element.

    A name is looked up as it stands first: `proj.shape` is that member if there is one, else `shape` of `proj`.
    """
    compiled = [_path(path) for path in paths]

    def take_out(document: dict[str, Any]) -> None:
        for whole, parts, query in compiled:
            for holder, name in _places(document, [whole] if whole in document else parts):
                if query:
                    holder[name] = _without_query(holder[name])
                else:
                    del holder[name]

    return take_out


def _path(path: str) -> tuple[str, list[str], bool]:
    name = path.removesuffix(QUERY)
    return name, [part.replace("\\.", ".") for part in _DOT.split(name)], name != path


def _places(value: Any, parts: list[str]) -> Iterator[tuple[Any, Any]]:
    """Yield each (object or list, name or index) that the path leads to; lists from their end."""
    first, *rest = parts
    for name in _names(value, first):
        if rest:
            yield from _places(value[name], rest)
        else:
            yield value, name


def _names(value: Any, part: str) -> list[Any]:
    if isinstance(value, dict):
        return list(value) if part == "*" else [part] if part in value else []
    if isinstance(value, list):
        if part == "*":
            return list(range(len(value)))[::-1]
        return [int(part)] if part.isdecimal() and part.isascii() and int(part) < len(value) else []
    return []


def _without_query(value: Any) -> Any:
    """Return a URL without its query; its fragment stays."""
    return re.sub(r"\?[^#]*", "", value, count=1) if isinstance(value, str) else value
