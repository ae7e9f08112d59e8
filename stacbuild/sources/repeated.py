"""Members that an object of a JSON record names twice: readers differ on which one counts, so `check` says it.

Looks at the head of files only; what cannot be read is told by who reads it. Never changes what a record is.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any

from stacbuild.differences import escaped
from stacbuild.sources.base import Shard, SourceUnreadable

_LINES = {".ndjson", ".jsonl", ".geojsonl"}
_WHOLE = {".json", ".geojson"}


class _Object(dict[str, Any]):
    """An object with the names that it has more than once."""

    twice: tuple[str, ...] = ()


def repeated(text: bytes) -> list[str]:
    """Return the JSON Pointer of every member of a JSON text that is named more than once; none if it is not JSON."""
    try:
        return list(_twice(json.loads(text, object_pairs_hook=_object), ""))
    except (ValueError, RecursionError):
        return []


def in_file(shard: Shard, source: Any, count: int) -> Iterator[tuple[int, str]]:
    """Yield (line, JSON Pointer) for the first `count` records of a json or ndjson file; of another file nothing."""
    try:
        for line, text in islice(_texts(shard, source), count):
            yield from ((line, path) for path in repeated(text))
    except SourceUnreadable:
        return


def _texts(shard: Shard, source: Any) -> Iterator[tuple[int, bytes]]:
    from stacbuild.sources import json_document, text  # noqa: PLC0415  only a check gets here

    suffix = text.inner_suffix(shard.file)
    form = getattr(source, "format", None) or ("ndjson" if suffix in _LINES else "json" if suffix in _WHOLE else "")
    encoding = getattr(source, "encoding", "utf-8")
    if form == "ndjson":
        yield from json_document.lines(text.lines(text.blocks(shard.file, encoding)))
    elif form == "json":
        yield from json_document.records(json_document.whole(text.blocks(shard.file, encoding)))


def _object(pairs: list[tuple[str, Any]]) -> _Object:
    made = _Object(pairs)
    if len(made) < len(pairs):
        made.twice = tuple(name for name, number in Counter(name for name, _ in pairs).items() if number > 1)
    return made


def _twice(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, _Object):
        yield from (f"{path}/{escaped(name)}" for name in value.twice)
        for name, member in value.items():
            yield from _twice(member, f"{path}/{escaped(name)}")
    elif isinstance(value, list):
        for place, member in enumerate(value):
            yield from _twice(member, f"{path}/{place}")
