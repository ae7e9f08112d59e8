"""Values made fit to be shown: no secrets, nothing that steers a terminal, nothing that UTF-8 cannot say. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from stacbuild.recipe.lines import printable

Change = Callable[[str], str]
Report = TypeVar("Report", bound=msgspec.Struct)


def each(value: Any, change: Change) -> Any:
    """Return a JSON value with every string in it changed; keys of objects too."""
    match value:
        case str():
            return change(value)
        case dict():
            return {each(key, change): each(entry, change) for key, entry in value.items()}
        case list() | tuple():
            return [each(entry, change) for entry in value]
        case _:
            return value


def for_json(value: Any, redact: Change) -> Any:
    """Return a struct or value as JSON values without secrets."""
    return each(msgspec.to_builtins(value), lambda text: _encodable(redact(text)))


def for_screen(report: Report, redact: Change) -> Report:
    """Return a report whose strings are each one harmless line without secrets."""
    plain = each(msgspec.to_builtins(report), lambda text: printable(redact(text)))
    return msgspec.convert(plain, type(report))


def _encodable(text: str) -> str:
    """Escape what has no UTF-8: bytes of a path that are none, lone surrogates of a record."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode()
    return text
