"""Groups that the memory has of files that have to be read again, until what was read is found to be one of them.

Never reads a file or a row.
"""

from __future__ import annotations

import os
from itertools import groupby

import msgspec

from stacbuild.cuts import GroupListing
from stacbuild.row_files import GroupEntry
from stacbuild.sources.base import Part, Shard


class Spares:
    """The groups of one source that nothing was found to be yet."""

    def __init__(self) -> None:
        self._by_root: dict[bytes, list[GroupEntry]] = {}
        self.pieces: dict[tuple[str, bytes], list[list[GroupEntry]]] = {}
        """Folder and digest of each piece of a file → the groups of each such piece."""

    def roots(self) -> frozenset[bytes]:
        """Return the roots of all that were ever here."""
        return frozenset(self._by_root)

    def add(self, entries: list[GroupEntry], *, pieces: bool) -> None:
        """Take the groups of a file; with `pieces` also those of its pieces together."""
        for entry in entries:
            self._by_root.setdefault(entry.root, []).append(entry)
        if pieces:
            self._keep_pieces(entries)

    def _keep_pieces(self, entries: list[GroupEntry]) -> None:
        """Keep what the memory knows of pieces of a file; a folder is part of what their rows depend on."""
        ordered = sorted((entry for entry in entries if entry.part), key=lambda entry: entry.first)
        for (name, part), groups in groupby(ordered, key=lambda entry: (entry.shard, entry.part)):
            self.pieces.setdefault(_piece(name, part), []).append(list(groups))

    def taken(self, entry: GroupEntry) -> bool:
        """Tell whether an entry was here and is no more."""
        return entry.root in self._by_root and not self._has(entry)

    def _has(self, entry: GroupEntry) -> bool:
        return any(entry is spare for spare in self._by_root.get(entry.root, ()))

    def take(self, entry: GroupEntry) -> None:
        """Take an entry away."""
        spare = self._by_root.get(entry.root, [])
        self._by_root[entry.root] = [other for other in spare if other is not entry]

    def match(self, group: GroupListing) -> bool:
        """Let a group take over the memory's entry for it, if there is one, and tell whether it stood elsewhere."""
        spare = self._by_root.get(group.entry.root)
        if not spare:
            return False
        old = group.known or spare[0]
        self.take(old)
        place = group.entry.shard, group.entry.first, group.entry.line
        shifted = place != (old.shard, old.first, old.line)
        old.shard, old.first, old.line = place
        old.part, old.run = group.entry.part, group.entry.run
        group.entry, group.packed, group.names = old, None, None
        return shifted

    def amend(self, groups: list[GroupListing], before: list[GroupEntry]) -> None:
        """Note which of the groups that a file had others amend: these did not vanish."""
        for group in groups:
            if group.packed is not None and group.amends is not None:
                former = before[group.amends.number]
                if self._has(former):
                    self.take(former)
                    group.former = former
                    group.entry.stand_as(former)

    def piece(self, shard: Shard, part: Part, taken: set[int]) -> list[GroupListing]:
        """Return the groups of a piece that the memory knows, as they stand now; `taken` are those that others are."""
        for old in self.pieces.get(_piece(shard.name, part.digest), ()):
            whole = sum(entry.inputs for entry in old) == part.records
            if whole and not any(id(entry) in taken or self.taken(entry) for entry in old):
                taken.update(map(id, old))
                return [_moved_to(entry, shard, part.first - old[0].first) for entry in old]
        return []


def _piece(file: str, digest: bytes) -> tuple[str, bytes]:
    return os.path.dirname(file), digest  # noqa: PTH120  posix text


def _moved_to(entry: GroupEntry, shard: Shard, rows: int) -> GroupListing:
    """Return a known group as it stands `rows` further on in `shard`; the memory's own entry stays as it is."""
    first, line = entry.first + rows, entry.line + rows
    moved_entry = msgspec.structs.replace(entry, shard=shard.name, first=first, line=line)
    return GroupListing(moved_entry, known=entry)
