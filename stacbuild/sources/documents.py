"""Records of json and ndjson: objects, whole or one a line; nulls at the top and `missing` words are taken out.

A line of ndjson that cannot be read is a bad record; a json document that is wrong as a whole is an unreadable file.
Never keeps more than a line of ndjson; json is read whole, up to WHOLE_LIMIT.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from stacbuild import canon
from stacbuild.failures import ItemError
from stacbuild.recipe.schema import TableSource
from stacbuild.sources.base import Raw, SourceUnreadable, unread
from stacbuild.sources.keyed import key_of
from stacbuild.sources.text import LIMIT, Cut, not_text, too_large

WHOLE_LIMIT: Final = 512 * 1024 * 1024
"""Bytes of a json document, decompressed."""

_decode = msgspec.json.Decoder().decode
_split = msgspec.json.Decoder(list[msgspec.Raw]).decode
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{},]', re.DOTALL)
_OPENING: Final = (b"[", b"{")
_LEVELS: Final = {b"[": 1, b"{": 1, b"]": -1, b"}": -1}
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def ndjson(lines: Iterator[bytes], source: TableSource) -> Iterator[Raw]:
    """Yield a record a line; blank lines are none."""
    filled = ((number, line) for number, line in enumerate(lines, 1) if not line.isspace())
    return _records(filled, source)


def array(blocks: Iterable[bytes], source: TableSource) -> Iterator[Raw]:
    """Yield the elements of the array, or the one object.

    Raises:
        SourceUnreadable: empty, larger than WHOLE_LIMIT, or not a whole array or object.
    """
    return _records(enumerate(_elements(_whole(blocks)), 1), source)


def _records(texts: Iterable[tuple[int, bytes]], source: TableSource) -> Iterator[Raw]:
    missing, key = frozenset(source.missing), key_of(source.key)
    for ordinal, (line, text) in enumerate(texts):
        try:
            record = _record(text, missing, source.encoding)
            blob = _encode(record)
            named = key(record, blob)
        except ItemError as bad:
            yield unread(ordinal, line, text, bad)
        else:
            yield Raw(ordinal, line, blob, named, None)


def _record(text: bytes, missing: frozenset[str], encoding: str) -> dict[str, Any]:
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
    if missing:
        _take_out(record, missing)
    if b"null" in text or missing:
        record = {name: value for name, value in record.items() if value is not None}
    return record


def _encode(record: dict[str, Any]) -> bytes:
    try:
        return canon.encode(record)
    except canon.CanonError as error:
        raise ItemError("SB408", f"the record has no canonical form: {error}") from error


def _take_out(value: dict[str, Any], missing: frozenset[str]) -> None:
    """Turn the members that are a word of `missing` into null, in objects within objects too."""
    for name, member in value.items():
        if isinstance(member, str):
            if member in missing:
                value[name] = None
        elif isinstance(member, dict):
            _take_out(member, missing)


# --- what is wrong with a record


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


# --- a document as a whole


def _whole(blocks: Iterable[bytes]) -> bytes:
    parts, size = [], 0
    for block in blocks:
        size += len(block)
        if size > WHOLE_LIMIT:
            text = f"the JSON document is larger than {WHOLE_LIMIT // 2**20} MiB"
            raise SourceUnreadable("SB417", text, "write it as ndjson, one record a line")
        parts.append(block)
    return b"".join(parts).strip()


def _elements(document: bytes) -> Iterable[bytes]:
    if not document:
        raise SourceUnreadable("SB414", "the file is empty: it has no JSON document", "write [] for no records")
    if document[:1] not in _OPENING:
        raise SourceUnreadable("SB417", "not a JSON array or object", 'is it ndjson? then set `format = "ndjson"`')
    array = document if document[:1] == b"[" else b"[" + document + b"]"
    try:
        return map(bytes, _split(array))
    except (msgspec.DecodeError, RecursionError):
        found = _elements_of_bad(array)
    if found is None or not all(map(_is_whole, found)):
        raise _broken(document)
    return found


def _elements_of_bad(document: bytes) -> list[bytes] | None:
    """Return the elements of an array some of which say what JSON does not: NaN, half pairs, too many levels.

    None: its brackets do not match.
    """
    found, depth, start = [], 0, 0
    for token in _TOKEN.finditer(document):
        sign = token.group()
        depth += _LEVELS.get(sign, 0)
        if depth == 1 and sign in _OPENING:
            start = token.end()
        elif (depth == 1 and sign == b",") or depth == 0:
            found.append(document[start : token.start()].strip())
            start = token.end()
        if depth == 0:
            break
    return None if depth or document[start:].strip() else found


def _is_whole(text: bytes) -> bool:
    """Return whether `text` is JSON but for what NaN, half pairs and depth do to it."""
    try:
        json.loads(text.decode(errors="replace"))
    except RecursionError:
        return True
    except ValueError:
        return False
    return True


def _broken(document: bytes) -> SourceUnreadable:
    try:
        json.loads(document.decode(errors="replace"))
    except json.JSONDecodeError as error:
        text = f"line {error.lineno}, column {error.colno}: not a JSON document: {error.msg}"
    except (RecursionError, ValueError) as error:
        text = f"not a JSON document: {error}"
    else:
        text = "not a JSON document"
    return SourceUnreadable("SB417", text, "is it still being written? is it ndjson?")
