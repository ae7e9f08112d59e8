"""Extension `timestamps`: `created` and `updated` of the item's metadata, which the core knows.

`updated` is the newest time that the item itself tells; else when its content (without these two) was first seen, which
the store keeps, so that the same content has the same time however often it is made. `created` is when the item, by
collection and id, was first seen, unless it says so itself. With SOURCE_DATE_EPOCH that is the time of whatever is seen
for the first time. No key knows of any of it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from stacbuild import canon
from stacbuild.extensions.base import Context
from stacbuild.extensions.values import field
from stacbuild.failures import ItemError
from stacbuild.recipe.extension_tables import Timestamps as Settings
from stacbuild.times import Times, key_of


class Timestamps:
    """Sets `created` and `updated`; applied behind all other extensions of a collection."""

    name = "timestamps"
    revision = 1

    def apply(self, item: dict[str, Any], config: Settings, ctx: Context) -> dict[str, Any]:
        """Return the item with both times."""
        if ctx.times is None:
            raise ItemError("SB231", "extension 'timestamps' is for items that are built")
        told = _newest(item, config)
        updated = _updated(item, told, ctx.times)
        found = {"updated": updated, "created": _created(item, updated, ctx.times)}
        return {**item, "properties": {**item["properties"], **found}}


def _newest(item: dict[str, Any], config: Settings) -> str | None:
    """Return the newest of the times that an item tells, as it writes it."""
    told = [value for path in config.from_ for value in [field(item, path)] if _moment(value) is not None]
    return max(told, key=lambda value: (_seconds(value), value)) if told else None


def _updated(item: dict[str, Any], told: str | None, times: Times) -> str:
    rest = {name: value for name, value in item["properties"].items() if name not in ("created", "updated")}
    content = canon.encode({**item, "properties": rest})
    key = key_of(b"updated", content, (told or "").encode())
    if told is not None and not times.fixed and times.seen(key) is None:
        return told
    return _text(times.first(key))


def _created(item: dict[str, Any], updated: str, times: Times) -> str:
    own = item["properties"].get("created")
    if _moment(own) is not None:
        return str(own)
    key = key_of(b"created", str(item.get("collection", "")).encode(), item["id"].encode())
    first = times.first(key, _seconds(updated))
    return updated if first >= _seconds(updated) else _text(first)


def _moment(value: Any) -> datetime | None:
    """Return a moment with a zone that a text is; None: it is none."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) and "T" in value else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None


def _seconds(value: str) -> int:
    found = _moment(value)
    assert found is not None
    return int(found.timestamp())


def _text(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
