"""A JSON document as a whole, and its elements: read whole, up to WHOLE_LIMIT, and cut without decoding them.

A document that is wrong as a whole is an unreadable file; what is wrong in one element is found by who decodes it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from stacbuild.sources.base import SourceUnreadable

WHOLE_LIMIT: Final = 512 * 1024 * 1024
"""Bytes of a json document, decompressed."""

Document = bytes | bytearray

_split = msgspec.json.Decoder(list[msgspec.Raw]).decode
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{},]', re.DOTALL)
_ARRAY = re.compile(rb"\s*:\s*\[")
_COLLECTION: Final = b'"FeatureCollection"'
_FEATURES: Final = b'"features"'
_OPENING: Final = (b"[", b"{")
_LEVELS: Final = {b"[": 1, b"{": 1, b"]": -1, b"}": -1}


class _Outline(msgspec.Struct):
    type: msgspec.Raw = msgspec.Raw()
    features: msgspec.Raw = msgspec.Raw()


_outline = msgspec.json.Decoder(_Outline).decode


def lines(texts: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that are not blank, with their numbers from 1."""
    return ((number, line) for number, line in enumerate(texts, 1) if not line.isspace())


def records(document: Document) -> Iterator[tuple[int, bytes]]:
    """Yield the features of a FeatureCollection, the elements of an array, or the one object, numbered from 1.

    Raises:
        SourceUnreadable: not a whole array or object.
    """
    found = _features(document) if document[:1] == b"{" else None
    return enumerate(elements(document) if found is None else found, 1)


def whole(blocks: Iterable[bytes]) -> Document:
    """Return the document without white space around it; raise SourceUnreadable if it is larger than WHOLE_LIMIT."""
    document, size = bytearray(), 0  # it grows in place: parts and then their sum would be twice the document
    space = b""
    for block in blocks:
        size += len(block)
        if size > WHOLE_LIMIT:
            text = f"the JSON document is larger than {WHOLE_LIMIT // 2**20} MiB"
            raise SourceUnreadable("SB417", text, "write it as ndjson, one record a line")
        if filled := block.rstrip():
            document += space + filled if document else filled.lstrip()
            space = block[len(filled) :]
        elif document:
            space += block
    return document


def elements(document: Document) -> Iterable[bytes]:
    """Return the elements of the array, or the one object; raise SourceUnreadable if it is neither, or not whole."""
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


def _features(document: Document) -> Iterable[bytes] | None:
    """Return the features of a FeatureCollection; None: it is something else, or wrong as a whole."""
    try:
        outline = _outline(document)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        features = _features_of_bad(document)
        return None if features is None else elements(features)
    array = memoryview(outline.features)
    is_ours = bytes(outline.type) == _COLLECTION and bytes(array[:1]) == b"["
    return map(bytes, _split(array)) if is_ours else None


def _features_of_bad(document: Document) -> bytes | None:
    """Return the array of a FeatureCollection some of whose features say what JSON does not."""
    depth, start, features, ours = 0, 0, None, False
    for token in _TOKEN.finditer(document):
        sign = token.group()
        if depth == 1 and sign == _FEATURES and (opened := _ARRAY.match(document, token.end())):
            start = opened.end() - 1
        ours = ours or (depth == 1 and sign == _COLLECTION)
        depth += _LEVELS.get(sign, 0)
        if start and depth == 1 and sign == b"]":
            features, start = bytes(document[start : token.end()]), 0
    return features if ours and _is_whole(document) else None


def _elements_of_bad(document: Document) -> list[bytes] | None:
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
            found.append(bytes(document[start : token.start()].strip()))
            start = token.end()
        if depth == 0:
            break
    return None if depth or document[start:].strip() else found


def _is_whole(text: Document) -> bool:
    """Return whether `text` is JSON but for what NaN, half pairs and depth do to it."""
    try:
        json.loads(text.decode(errors="replace"))
    except RecursionError:
        return True
    except ValueError:
        return False
    return True


def _broken(document: Document) -> SourceUnreadable:
    try:
        json.loads(document.decode(errors="replace"))
    except json.JSONDecodeError as error:
        text = f"line {error.lineno}, column {error.colno}: not a JSON document: {error.msg}"
    except (RecursionError, ValueError) as error:
        text = f"not a JSON document: {error}"
    else:
        text = "not a JSON document"
    return SourceUnreadable("SB417", text, "is it still being written? is it ndjson?")
