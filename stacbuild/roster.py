"""Which items collections have, and their shares of the aggregates, as the rows of groups say it. Never writes.

Of the rows of a group only what is asked is decoded. Where groups feed many collections each is read once for all of
them: what it says of each collection is laid aside in an unnamed file, since all of it would not fit into memory.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Container, Iterator
from operator import attrgetter
from pathlib import Path
from typing import IO, Any, Final, Generic, NamedTuple, TypeVar

import msgspec
from msgspec import Raw, Struct

from stacbuild import aggregate
from stacbuild.model import Facts, Version
from stacbuild.outputs.base import Item
from stacbuild.row_files import GroupEntry, Rows
from stacbuild.upstream import named

FEW: Final = 4
"""Collections that groups feed on an average: with more, it pays to read each group once for all."""


class _Seen(Struct, array_like=True, gc=False):
    """A `Version` of which is decoded what is in an `Item`."""

    id: str
    digest: bytes
    blob: bytes
    ordinal: int
    size: int
    links: int
    when: str
    title: str | None
    local: bool
    moment: int
    profile: Raw
    facts: Raw
    bulk: bytes = b""


class _When(Struct, array_like=True, gc=False):
    """The beginning of a `Version`, of which its date is decoded."""

    id: Raw
    digest: Raw
    blob: Raw
    ordinal: Raw
    size: Raw
    links: Raw
    when: str


class _Told(_When, array_like=True, gc=False):
    """A `Version` of which is decoded what aggregates of some items need."""

    title: Raw
    local: Raw
    moment: Raw
    profile: Raw
    facts: Raw
    bulk: Raw = Raw()


Part = TypeVar("Part")


class _Lean(Struct, Generic[Part], array_like=True, gc=False):
    """A `Pair` of which little is decoded."""

    key: Raw
    input: Raw
    id: Raw
    marks: Raw
    fault: Raw
    verdict: Raw
    now: Part | None
    live: bool
    kept: Part | None


class _Group(Struct, array_like=True):
    """A `Group` of which nothing is decoded yet."""

    inputs: Raw
    pairs: dict[str, Raw]


class _Piece(NamedTuple):
    """Where the pairs of a group in one collection are laid aside."""

    entry: GroupEntry
    offset: int
    length: int


_group_of = msgspec.msgpack.Decoder(_Group).decode
_seen_of = msgspec.msgpack.Decoder(list[_Lean[_Seen]]).decode
_told_of = msgspec.msgpack.Decoder(list[_Lean[_Told]]).decode
_whens_of = msgspec.msgpack.Decoder(list[_Lean[_When]]).decode
_whole_of = msgspec.msgpack.Decoder(_Lean[Version]).decode
_raws_of = msgspec.msgpack.Decoder(list[Raw]).decode
_facts_of = msgspec.msgpack.Decoder(Facts).decode
_fold_of = msgspec.msgpack.Decoder(aggregate.Fold).decode


class Roster:
    """The items of the groups of `entries`; `scratch` is a folder for the unnamed file."""

    def __init__(self, entries: list[GroupEntry], rows: Rows, scratch: Path) -> None:
        self._entries, self._rows, self._scratch = entries, rows, scratch
        self._aside: IO[bytes] | None = None
        self._pieces: dict[str, list[_Piece]] = {}
        self._folds: dict[str, aggregate.Fold] = {}

    def count(self, collection: str) -> int:
        """Return about how many items a collection has: those that an input gives and those that are kept."""
        return sum(entry.tallies[collection].live + entry.tallies[collection].kept for entry in self._of(collection))

    def items(self, collection: str) -> list[Item]:
        """Return a collection's items by id."""
        live: list[Item] = []
        kept: list[Item] = []
        shared: dict[Any, Any] = {}
        for entry, blob in self._rows_of(collection):
            above = _above(entry)
            for pair in _seen_of(blob):
                if pair.live and pair.now is not None:
                    (live if entry.shard else kept).append(item_of(pair.now, above, shared))
                elif pair.kept is not None:
                    kept.append(item_of(pair.kept, above, shared))
        if kept:
            taken = {item.id for item in live}
            live += sorted(item for item in kept if item.id not in taken)
        live.sort(key=attrgetter("id"))  # a third of what it takes to compare the items themselves
        return live

    def places(self, collection: str) -> set[str]:
        """Return the folders of kept trees that a collection's items hang below; "" for those of others."""
        return set(map(_above, self._of(collection)))

    def facts(
        self, collection: str, part_of: Callable[[str], str], only: str | None
    ) -> Iterator[dict[str, list[Facts]]]:
        """Yield, group by group, what aggregates need of a collection's items.

        Args:
            collection: its id.
            part_of: an item's date → its part.
            only: the one part that is asked for; None: all.
        """
        for _, blob in self._rows_of(collection):
            found: dict[str, list[Facts]] = {}
            for pair in _told_of(blob):
                told = pair.now if pair.live else pair.kept
                if told is not None and (part := part_of(told.when)) == (only or part):
                    found.setdefault(part, []).append(_facts_of(told.facts))
            yield found

    def of_dates(
        self, collection: str, part_of: Callable[[str], str], only: Container[str]
    ) -> Iterator[dict[str, list[tuple[Item, Facts]]]]:
        """Yield, group by group, the items in some parts of a collection that keeps none, and what aggregates need.

        Args:
            collection: its id.
            part_of: an item's date → its part.
            only: the parts that are asked for.
        """
        shared: dict[Any, Any] = {}
        for entry, blob in self._rows_of(collection):
            parts = [part_of(pair.now.when) if pair.live and pair.now is not None else None for pair in _whens_of(blob)]
            chosen = [(number, part) for number, part in enumerate(parts) if part is not None and part in only]
            raws, found = _raws_of(blob) if chosen else [], dict[str, list[tuple[Item, Facts]]]()
            for number, part in chosen:
                version = _whole_of(raws[number]).now
                assert version is not None
                found.setdefault(part, []).append((item_of(version, _above(entry), shared), version.facts))
            yield found

    def keeps(self, collection: str) -> bool:
        """Tell whether a collection has items whose record vanished or fails now."""
        tallies = ((entry.shard, entry.tallies.get(collection)) for entry in self._entries)
        return any(tally is not None and (tally.kept or not shard) for shard, tally in tallies)

    def fold(self, collection: str) -> aggregate.Fold:
        """Return the merged facts of a collection's items."""
        if collection not in self._folds:
            mixed = self._mixed(collection)
            for entry in self._entries if mixed else self._of(collection):
                self._merge(entry, None if mixed else collection)
            self._folds.setdefault(collection, aggregate.Fold())
        return self._folds[collection]

    def _merge(self, entry: GroupEntry, only: str | None) -> None:
        shares = self._rows.shares(entry)
        for name, tally in entry.tallies.items():
            if tally.live + tally.kept and only in (None, name):
                aggregate.merge(self._folds.setdefault(name, aggregate.Fold()), _fold_of(shares[name]))

    def _of(self, collection: str) -> list[GroupEntry]:
        """Return the groups that have items of a collection."""
        tallies = ((entry, entry.tallies.get(collection)) for entry in self._entries)
        return [entry for entry, tally in tallies if tally is not None and tally.live + tally.kept]

    def _mixed(self, collection: str) -> bool:
        """Tell whether the groups of a collection feed many others too."""
        entries = self._of(collection)
        return sum(len(entry.tallies) for entry in entries) > FEW * len(entries)

    def _rows_of(self, collection: str) -> Iterator[tuple[GroupEntry, bytes | Raw]]:
        """Yield the groups with their encoded pairs."""
        if self._aside is None and not self._mixed(collection):
            for entry in self._of(collection):
                if found := self._rows.read(entry, _group_of).pairs.get(collection):
                    yield entry, found
            return
        aside = self._aside or self._lay_aside()
        for piece in self._pieces.get(collection, ()):
            yield piece.entry, os.pread(aside.fileno(), piece.length, piece.offset)

    def _lay_aside(self) -> IO[bytes]:
        """Read each group once."""
        self._aside = tempfile.TemporaryFile(dir=self._scratch)  # noqa: SIM115  lives as long as this
        end = 0
        for entry in self._entries:
            if not any(tally.live + tally.kept for tally in entry.tallies.values()):
                continue
            for name, blob in self._rows.read(entry, _group_of).pairs.items():
                self._aside.write(blob)
                self._pieces.setdefault(name, []).append(_Piece(entry, end, len(memoryview(blob))))
                end += len(memoryview(blob))
        self._aside.flush()
        return self._aside


def _above(entry: GroupEntry) -> str:
    return named(entry.source, entry.above) if entry.above else ""


def item_of(seen: _Seen | Version, above: str, shared: dict[Any, Any]) -> Item:
    """Return what writers need of a version; equal values are one object, since there are as many as items."""
    return Item(
        seen.id,
        seen.digest,
        shared.setdefault(seen.blob, seen.blob),
        seen.ordinal,
        shared.setdefault(seen.size, seen.size),
        shared.setdefault(seen.links, seen.links),
        shared.setdefault(seen.when, seen.when),
        seen.title,
        seen.local,
        seen.moment,
        above,
        seen.bulk,
    )
