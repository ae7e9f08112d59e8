"""What the memory has and no source lists any more: which of it leaves, which stays, which is held back. PURE.

Never decides what becomes of the items: `settle` does.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from stacbuild.listed import SourceListing
from stacbuild.model import Input, Pair
from stacbuild.recipe.schema import Document
from stacbuild.row_files import GroupEntry
from stacbuild.trace import Memory

DELETIONS_ALWAYS_ALLOWED: Final = 100
"""So many removals are never held back, whatever the share."""


class Gone(Struct):
    """Inputs of one source that are no longer listed. `held`: too many at once, so that nothing is deleted."""

    source: str
    inputs: list[Input]
    pairs: dict[str, list[Pair]]
    known: int
    held: bool = False
    ordered: bool = False
    """The recipe's own change removes them: no limit."""
    kept: dict[str, list[Pair]] = {}
    """Pairs of collections whose items stay when their inputs vanish."""
    stay: list[GroupEntry] = []
    """Groups of such pairs as an earlier build has left them."""
    above: dict[str, str] = {}
    """Key of an input → the document of its source that it hung below, where such trees are kept."""


class _Rows(Struct):
    """The rows of groups that no file of a source has as they were: inputs by key, pairs by collection and key."""

    inputs: dict[str, Input] = {}
    pairs: dict[str, dict[str, Pair]] = {}
    above: dict[str, str] = {}
    """As `Gone.above`."""


class Vanished:
    """What vanished from the sources, with its rows until they are let go."""

    def __init__(self, document: Document, memory: Memory, listings: list[SourceListing]) -> None:
        self._document, self._memory = document, memory
        self._rows = {listing.name: self._rows_of(listing) for listing in listings}

    def let_go(self) -> None:
        """Forget the rows."""
        self._rows.clear()

    def pairs(self, source: str) -> dict[str, dict[str, Pair]]:
        """Return the pairs of a source that vanished, by collection and key."""
        return self._rows[source].pairs

    def _rows_of(self, listing: SourceListing) -> _Rows:
        found = _Rows()
        for entry in listing.vanished:
            group = self._memory.group(entry)
            found.inputs.update((row.key, row) for row in group.inputs)
            found.above.update((row.key, entry.above) for row in group.inputs if entry.above)
            for collection, rows in group.pairs.items():
                found.pairs.setdefault(collection, {}).update((row.key, row) for row in rows)
        return found

    def gone(self, listing: SourceListing, deletions: float, *, held: bool) -> Gone:
        """Return the inputs of a source that no file of it has.

        Args:
            listing: the source.
            deletions: how many may vanish, as in `Options`.
            held: nothing is to be deleted, however little it is.
        """
        vanished = self._rows[listing.name]
        inputs = dict(vanished.inputs)
        listed: set[str] = set()
        for group in listing.groups():
            if group.packed is not None and inputs:
                listed.update(row.key for row in group.inputs(self._memory) if row.key in inputs)
        stay = [entry for entry in listing.vanished if self._stays(entry, listed)]
        for key in listed.union(*(self._keys(entry) for entry in stay)):
            inputs.pop(key, None)
        pairs = {
            collection: [row for key, row in rows.items() if key in inputs]
            for collection, rows in vanished.pairs.items()
        }
        kept = {name: [p for p in rows if p.built is not None] for name, rows in pairs.items() if self._keeps(name)}
        pairs = {name: rows for name, rows in pairs.items() if name not in kept}
        known = sum(entry.inputs for entry in self._memory.head.groups if entry.source == listing.name)
        gone = Gone(listing.name, list(inputs.values()), pairs, known, kept=kept, stay=stay, above=vanished.above)
        gone.ordered = listing.before is not None and listing.before.place != listing.place
        empty = not any(True for _ in listing.groups())
        if inputs and any(pairs.values()):
            too_many = len(inputs) > limit(deletions, known)
            too_many = too_many or (empty and _allowed(deletions, known) < known)
            gone.held = held or (too_many and not gone.ordered)
        return gone

    def _keeps(self, collection: str) -> bool:
        spec = self._document.collections.get(collection)
        return spec is not None and spec.keep_removed

    def _stays(self, entry: GroupEntry, listed: set[str]) -> bool:
        """Tell whether a group of kept items is as it shall be: none of its inputs is there again."""
        if entry.shard or not entry.tallies or not all(map(self._keeps, entry.tallies)):
            return False
        return not listed or listed.isdisjoint(self._keys(entry))

    def _keys(self, entry: GroupEntry) -> set[str]:
        return {row.key for row in self._memory.inputs(entry)}


def limit(allowed: float, known: int) -> float:
    """Return how many may vanish at once: a share of `known` if `allowed` is a float, else the number itself."""
    return max(DELETIONS_ALWAYS_ALLOWED, _allowed(allowed, known))


def _allowed(allowed: float, known: int) -> float:
    return allowed * known if isinstance(allowed, float) else allowed
