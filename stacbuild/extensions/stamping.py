"""The rule of `created` and `updated`, for items and collections, of what extensions gave and of what patches changed.

`updated` is the newest time that the document itself tells; else when its content (without these two) was first seen,
which the store keeps, so that the same content has the same time however often it is made. `created` is when the
document, by collection and id, was first seen, unless it says so itself. With SOURCE_DATE_EPOCH that is the time of
whatever is seen for the first time. Reads no clock: `Times` does not either.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from stacbuild import canon
from stacbuild.extensions.places import at_top, put
from stacbuild.extensions.values import field
from stacbuild.failures import ItemError
from stacbuild.times import Times, key_of

_BOTH = ("created", "updated")


def stamped(document: dict[str, Any], paths: Iterable[str], times: Times) -> dict[str, Any]:
    """Return a document with both times; `paths` are its fields that may tell when it changed."""
    told = _newest(document, paths)
    updated = _updated(document, told, times)
    return put(document, {"updated": updated, "created": _created(document, updated, times)})


def again(before: dict[str, Any], after: dict[str, Any], times: Times | None) -> dict[str, Any]:
    """Return a document that patches made of `before`, with `updated` as is right for what it holds now.

    What a patch itself says of `updated` stays, and so does everything where nothing else changed. No time is told for
    what patches do, so that it is when this content was first seen; but never before what the document told.

    Raises:
        ItemError: SB242, nobody knows when contents were first seen.
    """
    old, new = at_top(before).get("updated"), at_top(after).get("updated")
    content, changed = _content(before), _content(after)
    if old != new or content == changed:
        return after
    if times is None:
        hint = "build it, or leave out `updated`"
        raise ItemError("SB242", "`updated` is set in items that are built, where it is kept", "", hint)
    first = times.first(_key(changed))
    told = _moment(old) is not None and times.seen(_key(content)) != _seconds(old)
    return put(after, {"updated": old if told and _seconds(old) > first else _text(first)})


def _newest(document: dict[str, Any], paths: Iterable[str]) -> str | None:
    """Return the newest of the times that a document tells, as it writes it."""
    told = [value for path in paths for value in [_field(document, path)] if _moment(value) is not None]
    return max(told, key=lambda value: (_seconds(value), value)) if told else None


def _field(document: dict[str, Any], path: str) -> Any:
    """Return what stands at a path; what an Item has in its properties a Collection has at its top."""
    return field(document, path.removeprefix("properties.") if document["type"] == "Collection" else path)


def _updated(document: dict[str, Any], told: str | None, times: Times) -> str:
    key = _key(_content(document), told)
    if told is not None and not times.fixed and times.seen(key) is None:
        return told
    return _text(times.first(key))


def _created(document: dict[str, Any], updated: str, times: Times) -> str:
    own = at_top(document).get("created")
    if _moment(own) is not None:
        return str(own)
    first = times.first(_identity(document), _seconds(updated))
    return updated if first >= _seconds(updated) else _text(first)


def _content(document: dict[str, Any]) -> bytes:
    """Return canonical bytes of a document without the two times."""
    if document["type"] == "Collection":
        return canon.encode(_without(document))
    return canon.encode({**document, "properties": _without(document["properties"])})


def _without(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name not in _BOTH}


def _key(content: bytes, told: str | None = None) -> bytes:
    return key_of(b"updated", content, (told or "").encode())


def _identity(document: dict[str, Any]) -> bytes:
    if document["type"] == "Collection":
        return key_of(b"created", document["id"].encode())
    return key_of(b"created", str(document.get("collection", "")).encode(), document["id"].encode())


def _moment(value: Any) -> datetime | None:
    """Return a moment with a zone that a text is; None: it is none."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) and "T" in value else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None


def _seconds(value: Any) -> int:
    found = _moment(value)
    assert found is not None
    return int(found.timestamp())


def _text(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
