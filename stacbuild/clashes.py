"""Keys that several records share, and ids that several inputs share: all of them fail, whoever came first.

Found by eight bytes a name; names are compared only where these agree. Never reads a source.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from msgspec import Struct

from stacbuild.cuts import GroupListing
from stacbuild.listed import SourceListing
from stacbuild.model import Input, Names
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
    moved = {listing.name for listing in listings if listing.renamed}
    shifted = {listing.name for listing in listings if listing.shifted}
    groups = _Groups(memory, listings)
    result = Clashes({}, {})
    for listing in listings:
        known = memory.head.sources.get(listing.name)
        fresh = known is not None and listing.name not in moved
        fresh = fresh and not (known and known.duplicates and listing.shifted)
        result.keys[listing.name] = known.duplicates if known and fresh else _keys(groups, listing)
    known_ids = {name: _known(memory, document, name, moved, shifted) for name in document.collections}
    unsure = {name for name, ids in known_ids.items() if ids is None}
    found = _ids(groups, unsure, result.keys) if unsure else {}
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


def _keys(groups: _Groups, listing: SourceListing) -> Shared:
    """Return the keys that records share; an item has none, its id is for `on-duplicate`."""
    if listing.source.gives == "items":
        return {}

    def names(one: _Listed) -> Iterator[tuple[Name, Place]]:
        return ((("", row.key), place) for place, row in groups.rows(one))

    found = _several(lambda: groups.with_keys(listing), names)
    return {key: sorted(f"{file}:{line}" for _, file, line in places) for (_, key), places in sorted(found.items())}


def _ids(groups: _Groups, collections: set[str], keys: dict[str, Shared]) -> dict[str, SharedIds]:
    """Return the ids that inputs share; records whose key is shared have none."""

    def names(one: _Listed) -> Iterator[tuple[Name, Place]]:
        for place, row in groups.rows(one):
            if row.key not in keys[one.listing.name]:
                for target, identity, _ in one.listing.targets(row):
                    if identity is not None and target in collections:
                        yield (target, identity), place

    found: dict[str, SharedIds] = {}
    for (collection, identity), places in sorted(_several(lambda: groups.with_ids(collections), names).items()):
        found.setdefault(collection, {})[identity] = places
    return found


def _ordered(ids: SharedIds, sources: list[str]) -> SharedIds:
    """Return the places of each id by position in `from`, file and line."""
    rank = {name: number for number, name in enumerate(sources)}
    return {one: sorted(places, key=lambda p: (rank.get(p[0], -1), p[1], p[2])) for one, places in ids.items()}


Name = tuple[str, str]
"""Collection and id; or "" and a key."""


class _Listed(NamedTuple):
    """A group where it stands now, and the marks of those of its names that are asked for."""

    listing: SourceListing
    file: str
    group: GroupListing
    marks: bytes


class _Groups:
    """The groups of all sources, of which names are marks of eight bytes until two are the same."""

    def __init__(self, memory: Memory, listings: list[SourceListing]) -> None:
        self._memory, self._listings = memory, listings

    def _listed(self, listing: SourceListing) -> Iterator[tuple[str, GroupListing, Names]]:
        for shard in listing.shards:
            for group in shard.groups:
                names = self._memory.names(group.entry) if group.names is None else group.names
                yield shard.shard.name, group, names

    def with_keys(self, listing: SourceListing) -> Iterator[_Listed]:
        """Yield the groups of a source with the marks of their keys."""
        return (_Listed(listing, file, group, names.keys) for file, group, names in self._listed(listing))

    def with_ids(self, collections: set[str]) -> Iterator[_Listed]:
        """Yield the groups of the sources that feed some of `collections` with the marks of their ids."""
        for listing in self._listings:
            if not collections.isdisjoint(target for group in listing.groups() for target in listing.fed(group.entry)):
                yield from (_Listed(listing, file, group, names.ids) for file, group, names in self._listed(listing))

    def rows(self, one: _Listed) -> Iterator[tuple[Place, Input]]:
        """Yield the inputs of a group with their places."""
        entry = one.group.entry
        inputs = one.group.inputs(self._memory)
        return (
            ((one.listing.name, row.file or one.file, entry.line + row.line), row)
            for row in inputs
            if row.fault is None
        )


def _several(
    groups: Callable[[], Iterator[_Listed]], names: Callable[[_Listed], Iterator[tuple[Name, Place]]]
) -> dict[Name, list[Place]]:
    """Return the names that stand more than once, with their places; only groups that may have one are read."""
    suspects = _twice(one.marks for one in groups())
    places: dict[Name, list[Place]] = {}
    for one in groups() if suspects else ():
        if not suspects.isdisjoint(array("Q", one.marks)):
            for name, place in names(one):
                places.setdefault(name, []).append(place)
    return {name: many for name, many in places.items() if len(many) > 1}


def _twice(marks: Iterable[bytes]) -> set[int]:
    """Return the marks that stand more than once."""
    seen: set[int] = set()
    twice: set[int] = set()
    for packed in marks:
        some = array("Q", packed)
        mine = set(some)
        if len(mine) < len(some) or not seen.isdisjoint(mine):
            twice.update(mark for mark, number in Counter(some).items() if number > 1 or mark in seen)
        seen |= mine
    return twice
