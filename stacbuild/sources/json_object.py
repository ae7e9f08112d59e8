"""One text as a JSON object: what is none says why, in words for whoever wrote it. Never changes what stands there."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec

from stacbuild import canon
from stacbuild.failures import ItemError
from stacbuild.sources.text import LIMIT, Cut, not_text, too_large

_decode = msgspec.json.Decoder().decode
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def object_of(text: bytes, encoding: str) -> dict[str, Any]:
    """Return the object that `text` is.

    Raises:
        ItemError: larger than LIMIT, not text in `encoding`, not JSON, no object, or nested too deep.
    """
    if isinstance(text, Cut) or len(text) > LIMIT:
        raise too_large()
    try:
        record = _decode(text)
    except UnicodeDecodeError as error:
        raise not_text(encoding) from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise _not_json(text, encoding) from error
    if not isinstance(record, dict):
        raise _not_object(record)
    if _brackets(text) > canon.MAX_DEPTH and _is_deep(text, record):
        raise _too_deep()
    return record


def canonical(record: dict[str, Any], encode: Callable[[Any], bytes] = canon.encode) -> bytes:
    """Return the canonical bytes of a record; raise ItemError if it has none."""
    try:
        return encode(record)
    except canon.CanonError as error:
        raise ItemError("SB408", f"the record has no canonical form: {error}") from error


def canonical_again(record: dict[str, Any]) -> bytes:
    """Return the canonical bytes of a record that `object_of` gave; raise ItemError if it has none."""
    return canonical(record, canon.encode_decoded)


def _not_json(text: bytes, encoding: str) -> ItemError:
    """Return why `text` is not JSON, by the standard library, whose words and columns are better."""
    try:
        json.loads(text.rstrip().decode(), parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        return ItemError("SB406", f"not JSON: {error.msg} (character {error.pos + 1})")
    except UnicodeDecodeError:
        return not_text(encoding)
    except RecursionError:
        return _too_deep()
    except ValueError as error:
        return ItemError("SB406", f"not JSON: {error}", hint="write null where there is no number")
    return ItemError("SB408", "not JSON that can be written: half a surrogate pair, or a number out of range")


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")


def _not_object(value: Any) -> ItemError:
    names = {str: "a text", list: "an array", bool: "a boolean", int: "a number", float: "a number"}
    return ItemError("SB407", f"{names.get(type(value), 'null')}, not an object", hint="a record is { … }")


def _too_deep() -> ItemError:
    return ItemError("SB408", f"nested more than {canon.MAX_DEPTH} deep")


def _brackets(text: bytes) -> int:
    return text.count(b"[") + text.count(b"{")


def _is_deep(text: bytes, record: dict[str, Any]) -> bool:
    """Return whether `text` is nested too deep: pairs of brackets are taken away, a level at a time."""
    left = text.translate(None, _NOT_BRACKETS)
    for _ in range(canon.MAX_DEPTH):
        fewer = left.replace(b"[]", b"").replace(b"{}", b"")
        if len(fewer) == len(left):
            break
        left = fewer
    if not left:
        return False
    try:  # deep, or brackets in texts: look at each value
        canon.refuse_not_numbers(record)
    except canon.CanonError:
        return True
    return False
