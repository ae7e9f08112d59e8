"""What identifies a record: the text of its `key`. Never looks at more than the record."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from stacbuild import canon

Key = Callable[[dict[str, Any], bytes], str | None]
"""(record, its canonical bytes) → the text that identifies it; None: a part of it has no value."""

WHOLE = "*"
"""The key that stands for the whole record: its digest in hex."""

_DOT = re.compile(r"(?<!\\)\.")


def key_of(key: str | list[str]) -> Key:
    r"""Return the function that reads `key` from a record.

    A name is looked up as it stands first, then as a dotted path (`\.` is a dot, a number selects from a list). Text
    stays as it is, other values become their canonical JSON. Several names are joined by `|`; in their values `\`
    and `|` get a `\` before them, so that two records have one key only if all parts are equal.
    """
    if key == WHOLE:
        return lambda _, blob: canon.digest(blob).hex()
    if isinstance(key, str):
        return _single(key)
    return _single(key[0]) if len(key) == 1 else _several([_single(name) for name in key])


def top_of(name: str) -> str:
    """Return the member of the record that a path begins with."""
    return _DOT.split(name)[0].replace("\\.", ".")


def _single(name: str) -> Key:
    path = [part.replace("\\.", ".") for part in _DOT.split(name)]

    def read(record: dict[str, Any], _: bytes) -> str | None:
        value = record.get(name)
        if value is None:
            value = _walk(record, path)
        return value or None if isinstance(value, str) else _text(value)

    return read


def _several(parts: list[Key]) -> Key:
    def read(record: dict[str, Any], blob: bytes) -> str | None:
        texts = [part(record, blob) for part in parts]
        if None in texts:
            return None
        return "|".join(text.replace("\\", "\\\\").replace("|", "\\|") for text in texts if text is not None)

    return read


def _walk(value: Any, path: list[str]) -> Any:
    for part in path:
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and part.isdecimal() and part.isascii() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value


def _text(value: Any) -> str | None:
    return None if value is None else canon.encode(value).decode()
