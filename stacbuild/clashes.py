"""Keys that several records share, and ids that several inputs share: all of them fail, whoever came first.

Found by eight bytes a name; names are compared only where these agree. Never reads a source.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import xxhash
from msgspec import Struct

from stacbuild.listing import SourceListing
from stacbuild.model import Input
from stacbuild.recipe.schema import Document
from stacbuild.trace import Memory

Shared = dict[str, list[str]]
"""Key → where it stands, each `file:line`."""

Place = tuple[str, str, int]
"""Source, file and line of an input."""

SharedIds = dict[str, list[Place]]
"""Id → where it stands, in the order in which `first` and `last` choose."""


class Clashes(Struct):
    """What is shared: keys by source, ids by collection."""

    keys: dict[str, Shared]
    ids: dict[str, SharedIds]


def find(memory: Memory, listings: list[SourceListing], document: Document) -> Clashes:
    """Return what is shared; what the memory knows, where no source moved. `document` has targets, no patterns."""
    moved = {listing.name for listing in listings if listing.changed}
    shifted = {listing.name for listing in listings if listing.shifted}
    rows = _Rows(memory, listings)
    result = Clashes({}, {})
    for listing in listings:
        known = memory.head.sources.get(listing.name)
        fresh = known is not None and listing.name not in moved
        fresh = fresh and not (known and known.duplicates and listing.shifted)
        result.keys[listing.name] = known.duplicates if known and fresh else _keys(rows, listing)
    known_ids = {name: _known(memory, document, name, moved, shifted) for name in document.collections}
    unsure = {name for name, ids in known_ids.items() if ids is None}
    found = _ids(rows, unsure, result.keys) if unsure else {}
    for name, spec in document.collections.items():
        ids = known_ids[name]
        result.ids[name] = _ordered(found.get(name, {}), spec.from_) if ids is None else ids
    return result


def _known(memory: Memory, document: Document, name: str, moved: set[str], shifted: set[str]) -> SharedIds | None:
    """Return the shared ids of a collection that the memory is sure of, else None."""
    fed = memory.head.collections.get(name)
    sources = document.collections[name].from_
    if fed is None or fed.sources != sources or not moved.isdisjoint(sources):
        return None
    return fed.duplicates if not fed.duplicates or shifted.isdisjoint(sources) else None


def _keys(rows: _Rows, listing: SourceListing) -> Shared:
    """Return the keys that records share; an item has none, its id is for `on-duplicate`."""
    if listing.source.gives == "items":
        return {}
    found = _several(lambda: rows.keys_of(listing))
    return {key: sorted(f"{file}:{line}" for _, file, line in places) for (_, key), places in sorted(found.items())}


def _ids(rows: _Rows, collections: set[str], keys: dict[str, Shared]) -> dict[str, SharedIds]:
    found: dict[str, SharedIds] = {}
    for (collection, identity), places in sorted(_several(lambda: rows.ids_of(collections, keys)).items()):
        found.setdefault(collection, {})[identity] = places
    return found


def _ordered(ids: SharedIds, sources: list[str]) -> SharedIds:
    """Return the places of each id by position in `from`, file and line."""
    rank = {name: number for number, name in enumerate(sources)}
    return {one: sorted(places, key=lambda p: (rank.get(p[0], -1), p[1], p[2])) for one, places in ids.items()}


Name = tuple[str, str]
"""Collection and id; or "" and a key."""


class _Rows:
    """Goes over all inputs, as often as asked, holding one group."""

    def __init__(self, memory: Memory, listings: list[SourceListing]) -> None:
        self._memory, self._listings = memory, listings

    def _rows(self, listing: SourceListing) -> Iterator[tuple[Place, Input]]:
        for shard in listing.shards:
            for group in shard.groups:
                inputs = self._memory.group(group.entry).inputs if group.packed is None else group.inputs()
                for row in inputs:
                    if row.fault is None:
                        yield (listing.name, shard.shard.name, group.entry.line + row.line), row

    def keys_of(self, listing: SourceListing) -> Iterator[tuple[Name, Place]]:
        """Yield the keys of a source, each with its place."""
        for place, row in self._rows(listing):
            yield ("", row.key), place

    def ids_of(self, collections: set[str], shared: dict[str, Shared]) -> Iterator[tuple[Name, Place]]:
        """Yield the ids of some collections; records whose key is shared have none."""
        for listing in self._listings:
            if collections.isdisjoint(target for group in listing.groups() for target in listing.fed(group.entry)):
                continue
            keys = shared[listing.name]
            for place, row in self._rows(listing):
                for target, identity, _ in listing.targets(row):
                    if identity is not None and target in collections and row.key not in keys:
                        yield (target, identity), place


def _several(rows: Callable[[], Iterator[tuple[Name, Place]]]) -> dict[Name, list[Place]]:
    """Return the names that stand more than once, with their places."""
    seen: set[int] = set()
    suspects: set[int] = set()
    for name, _ in rows():
        mark = _mark(name)
        (suspects if mark in seen else seen).add(mark)
    if not suspects:
        return {}
    places: dict[Name, list[Place]] = {}
    for name, place in rows():
        if _mark(name) in suspects:
            places.setdefault(name, []).append(place)
    return {name: many for name, many in places.items() if len(many) > 1}


def _mark(name: Name) -> int:
    return xxhash.xxh3_64_intdigest("\0".join(name).encode())
