"""Records of json and ndjson: objects, whole or one a line; nulls at the top and `missing` words are taken out.

A line of ndjson that cannot be read is a bad record; a json document that is wrong as a whole is an unreadable file.
Never keeps more than a line of ndjson; json is read whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from stacbuild.failures import ItemError
from stacbuild.recipe.schema import TableSource
from stacbuild.sources import json_document
from stacbuild.sources.base import NONE_KNOWN, KeysByMark, Raw, unread
from stacbuild.sources.ignoring import ignore_of
from stacbuild.sources.json_object import canonical_again, object_of
from stacbuild.sources.keyed import key_of
from stacbuild.sources.text import mark_of


def ndjson(lines: Iterator[bytes], source: TableSource, known: KeysByMark = NONE_KNOWN) -> Iterator[Raw]:
    """Yield a record a line; blank lines are none."""
    return records(json_document.lines(lines), source, known)


def array(blocks: Iterable[bytes], source: TableSource, known: KeysByMark = NONE_KNOWN) -> Iterator[Raw]:
    """Yield the elements of the array, the features of the FeatureCollection, or the one object.

    Raises:
        SourceUnreadable: empty, larger than WHOLE_LIMIT, or not a whole array or object.
    """
    return records(json_document.records(json_document.whole(blocks)), source, known)


def records(texts: Iterable[tuple[int, bytes]], source: TableSource, known: KeysByMark = NONE_KNOWN) -> Iterator[Raw]:
    """Yield a record of each (line, text); those that are known by their bytes are not decoded."""
    missing, key, ignore = frozenset(source.missing), key_of(source.key), ignore_of(source.ignore)
    for ordinal, (line, text) in enumerate(texts):
        mark = mark_of(text)
        if (name := known.get(mark)) is not None:
            yield Raw(ordinal, line, b"", name, None, None, mark, again=True)
            continue
        try:
            record = _record(text, missing, source.encoding)
            ignore(record)
            blob = canonical_again(record)
            named = key(record, blob)
        except ItemError as bad:
            yield unread(ordinal, line, text, bad)
        else:
            yield Raw(ordinal, line, blob, named, None, record, mark)


def _record(text: bytes, missing: frozenset[str], encoding: str) -> dict[str, Any]:
    record = object_of(text, encoding)
    if missing:
        take_out(record, missing)
    if b"null" in text or missing:
        record = {name: value for name, value in record.items() if value is not None}
    return record


def take_out(value: dict[str, Any], missing: frozenset[str]) -> None:
    """Turn the members that are a word of `missing` into null, in objects within objects too."""
    for name, member in value.items():
        if isinstance(member, str):
            if member in missing:
                value[name] = None
        elif isinstance(member, dict):
            take_out(member, missing)
