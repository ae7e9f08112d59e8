r"""Field paths and templates, compiled once to functions of a record.

A path is dotted; an exact key wins over a walk; `\.` is a dot inside a name; a number selects from a list.
A template is text with `{path}` in it; `{{` and `}}` are braces. What is absent, null or NaN is missing: None.
Never: raises for a record, whatever is in it, except ItemError for a value that a template cannot show.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container
from typing import Any

from stacbuild.canon import CanonError, encode
from stacbuild.failures import ItemError

Get = Callable[[dict[str, Any]], Any]
"""A record → the value, None when it is missing."""

_DOT = re.compile(r"(?<!\\)\.")
_PIECE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")


class TemplateError(ValueError):
    """A template whose braces do not close, or with nothing between them; the text says which."""


def split(path: str) -> list[str]:
    r"""Return the names of a dotted path: `a.b\.c` is `["a", "b.c"]`."""
    return [name.replace("\\.", ".") for name in _DOT.split(path)]


def getter(path: str) -> Get:
    """Return the function that reads `path` from a record."""
    names = split(path)
    if len(names) == 1:
        return _key(names[0])
    tails = [".".join(names[start:]) for start in range(len(names))]
    steps = list(zip(names, tails, strict=True))

    def get(record: dict[str, Any]) -> Any:
        value = _walk(record, steps)
        return None if type(value) is float and value != value else value  # noqa: PLR0124 (NaN)

    return get


def begins(path: str, names: Container[str]) -> bool:
    """Tell whether a path begins with one of a record's names, or is one as a whole."""
    return path in names or split(path)[0] in names


def _key(name: str) -> Get:
    def get(record: dict[str, Any]) -> Any:
        value = record.get(name)
        return None if type(value) is float and value != value else value  # noqa: PLR0124 (NaN)

    return get


def _walk(value: Any, steps: list[tuple[str, str]]) -> Any:
    """Follow `steps` of (name, all that remains as one name) into `value`."""
    for name, tail in steps:
        if isinstance(value, dict):
            if tail in value:
                return value[tail]
            value = value.get(name)
        elif isinstance(value, list) and name.isascii() and name.isdigit():
            value = value[int(name)] if len(name) < 10 and int(name) < len(value) else None  # noqa: PLR2004
        else:
            return None
    return value


def pieces(template: str) -> list[tuple[str, bool]]:
    """Return a template's pieces in order, each with True when it is a field's path.

    Raises:
        TemplateError: a brace alone, or `{}`.
    """
    found: list[tuple[str, bool]] = []
    end = 0
    for match in _PIECE.finditer(template):
        found.append((template[end : match.start()], False))
        end = match.end()
        found.append(_piece(template, match))
    found.append((template[end:], False))
    return [(text, is_path) for text, is_path in found if text]


def _piece(template: str, match: re.Match[str]) -> tuple[str, bool]:
    text = match.group()
    if text in ("{{", "}}"):
        return text[0], False
    if match.group(1) is None or not match.group(1).strip():
        raise TemplateError(f"{text!r} at character {match.start() + 1} of template {template!r} names no field")
    return match.group(1), True


def put(document: dict[str, Any], path: str, value: Any) -> None:
    r"""Set what stands at a dotted path of a document that is the caller's own (`\.` is a dot in a name).

    Objects on the way are made, and copied where they are there, so that nothing shared changes.
    """
    *above, last = split(path)
    for name in above:
        inner = document.get(name)
        document[name] = dict(inner) if isinstance(inner, dict) else {}
        document = document[name]
    document[last] = value


def fields(template: str) -> list[str]:
    """Return the field paths that a template names, in order.

    Raises:
        TemplateError: as `pieces`.
    """
    return [text for text, is_path in pieces(template) if is_path]


def renderer(template: str, where: str = "") -> Get:
    """Return the function that fills `template` from a record; None when one of its fields is missing.

    Args:
        template: text with `{path}`.
        where: JSON Pointer of the item's field, for errors.

    Raises:
        TemplateError: as `pieces`.
        ItemError: (from the function) SB213, a field holds a list or an object.
    """
    parts = [(getter(text), text) if is_path else (None, text) for text, is_path in pieces(template)]

    def get(record: dict[str, Any]) -> str | None:
        texts = []
        for read, text in parts:
            if read is None:
                texts.append(text)
                continue
            value = read(record)
            if value is None:
                return None
            texts.append(value if type(value) is str else _shown(value, text, where))
        return "".join(texts)

    return get


def _shown(value: Any, path: str, where: str) -> str:
    shown = as_text(value)
    if shown is None:
        message = f"field '{path}' holds {kind_of(value)}, which a template cannot show"
        raise ItemError("SB213", message, where, "name one of its members, as in {a.b} or {list.0}")
    return shown


def as_text(value: Any) -> str | None:
    """Return a scalar as text: floats in shortest form, `true` and `false`; None for a list or an object."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    return None


def kind_of(value: Any) -> str:
    """Return a JSON value's kind in words, for messages."""
    kinds = ((bool, "true or false"), (str, "text"), (int, "a number"), (float, "a number"), (dict, "an object"))
    if value is None:
        return "null"
    return next((words for kind, words in kinds if isinstance(value, kind)), "a list")


def excerpt(value: Any, size: int = 80) -> str:
    """Return a value in quotes for a message, cut to `size` characters."""
    text = value if isinstance(value, str) else _json_text(value)
    return repr(text if len(text) <= size else text[: size - 1] + "…")


def _json_text(value: Any) -> str:
    try:
        return encode(value).decode()
    except CanonError:
        return repr(value)


def pointer(*names: str) -> str:
    """Return the JSON Pointer (RFC 6901) of these member names."""
    return "".join("/" + name.replace("~", "~0").replace("/", "~1") for name in names)
