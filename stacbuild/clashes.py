"""Keys that several records share, and ids that several inputs share: all of them fail, whoever came first.

Found by eight bytes a name; names are compared only where these agree. Never reads a source.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import xxhash
from msgspec import Struct

from stacbuild.listing import SourceListing
from stacbuild.model import Input
from stacbuild.trace import Memory

Shared = dict[str, list[str]]
"""Name → where it stands, each `file:line`."""


class Clashes(Struct):
    """What is shared: keys by source, ids by collection."""

    keys: dict[str, Shared]
    ids: dict[str, Shared]


def find(memory: Memory, listings: list[SourceListing], feeds: dict[str, list[str]]) -> Clashes:
    """Return what is shared; what the memory knows, where no source moved. `feeds` are a collection's sources."""
    moved = {listing.name for listing in listings if listing.changed}
    rows = _Rows(memory, listings)
    result = Clashes({}, {})
    for listing in listings:
        known = memory.head.sources.get(listing.name)
        fresh = known is not None and listing.name not in moved
        result.keys[listing.name] = known.duplicates if known and fresh else _several(rows.keys_of(listing))
    for name, sources in feeds.items():
        fed = memory.head.collections.get(name)
        fresh = fed is not None and moved.isdisjoint(sources)
        result.ids[name] = fed.duplicates if fed and fresh else _several(rows.ids_of(name, result.keys))
    return result


class _Rows:
    """Goes over all inputs, as often as asked, holding one group."""

    def __init__(self, memory: Memory, listings: list[SourceListing]) -> None:
        self._memory, self._listings = memory, listings

    def _rows(self, listing: SourceListing) -> Iterator[tuple[str, int, Input]]:
        for shard in listing.shards:
            for group in shard.groups:
                inputs = self._memory.group(group.entry).inputs if group.packed is None else group.inputs()
                for row in inputs:
                    yield shard.shard.name, group.entry.line, row

    def keys_of(self, listing: SourceListing) -> Callable[[], Iterator[tuple[str, str]]]:
        """Return what goes over the keys of a source, each with its place."""

        def run() -> Iterator[tuple[str, str]]:
            for shard, line, row in self._rows(listing):
                if row.fault is None:
                    yield row.key, f"{shard}:{line + row.line}"

        return run

    def ids_of(self, collection: str, shared: dict[str, Shared]) -> Callable[[], Iterator[tuple[str, str]]]:
        """Return what goes over the ids of a collection; records whose key is shared have none."""

        def run() -> Iterator[tuple[str, str]]:
            for listing in self._listings:
                number = listing.feeds.index(collection) if collection in listing.feeds else -1
                for shard, line, row in self._rows(listing) if number >= 0 else ():
                    name = None if row.fault is not None else row.names[number][0]
                    if name is not None and row.key not in shared[listing.name]:
                        yield name, f"{shard}:{line + row.line}"

        return run


def _several(rows: Callable[[], Iterator[tuple[str, str]]]) -> Shared:
    """Return the names that stand more than once, with their places."""
    seen: set[int] = set()
    suspects: set[int] = set()
    for name, _ in rows():
        mark = xxhash.xxh3_64_intdigest(name.encode())
        (suspects if mark in seen else seen).add(mark)
    if not suspects:
        return {}
    places: Shared = {}
    for name, place in rows():
        if xxhash.xxh3_64_intdigest(name.encode()) in suspects:
            places.setdefault(name, []).append(place)
    return {name: sorted(many) for name, many in sorted(places.items()) if len(many) > 1}
