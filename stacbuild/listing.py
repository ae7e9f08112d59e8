"""What the sources hold now: stat first, read only what may have changed, cut into groups by content.

A file whose stamp did not move keeps its groups. Of a file that was read again, groups with the same inputs are
recognised by their root and keep their rows too. Never writes; never asks what a change means: `plan` does.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from itertools import groupby, islice
from typing import Final

import msgspec
import xxhash
from msgspec import Struct

from stacbuild import canon, keys
from stacbuild.failures import Fault, ItemError, fault_of
from stacbuild.model import Input, Names, Stamp
from stacbuild.naming import Feed, feeds_of, named
from stacbuild.recipe.load import Recipe
from stacbuild.recipe.schema import Source, StacCatalogSource
from stacbuild.recipe.words import is_pattern
from stacbuild.routing import Routes
from stacbuild.sources.base import Part, Raw, Shard, SourceUnreadable
from stacbuild.sources.crawl import Crawl
from stacbuild.sources.pages import unpack
from stacbuild.sources.registry import crawled, kind_of
from stacbuild.sources.stamps import is_settled, stamp_of
from stacbuild.spool import Spool
from stacbuild.trace import GroupEntry, Memory, ShardMemory, SourceMemory

_CUT_MASK: Final = 0xFF
_GROUP_AT_MOST: Final = 1024
_pack = msgspec.msgpack.Encoder().encode
_inputs_of = msgspec.msgpack.Decoder(list[Input]).decode


class GroupListing(Struct):
    """A group as listed: `entry` has its root and place; `packed` its inputs, None where the memory has them."""

    entry: GroupEntry
    packed: bytes | None = None
    spooled: tuple[int, int] | None = None
    """Where its records are in the spool."""
    names: Names | None = None
    """The marks of its inputs' names; None where the memory has them."""
    known: GroupEntry | None = None
    """The memory's entry of it, where it was recognised unread, by the piece of the file that it stands in."""

    def inputs(self) -> list[Input]:
        """Return the inputs of a group that was read."""
        assert self.packed is not None
        return _inputs_of(self.packed)


class ShardListing(Struct):
    """A source file as listed; `trouble` says why it could not be read, its groups are then those of before."""

    shard: Shard
    memory: ShardMemory
    groups: list[GroupListing]
    read: bool
    trouble: Fault | None = None

    moved: bool = False
    """It was read and holds something else than before, or could not be read."""


class SourceListing(Struct):
    """A source as listed. `vanished` are groups of before that no file has any more, or not as they were."""

    name: str
    source: Source
    feeds: list[str]
    """The recipe's tables that read it, in the order of an input's `names`."""
    place: bytes
    names: bytes
    before: SourceMemory | None
    shards: list[ShardListing]
    vanished: list[GroupEntry]
    crawl: Crawl | None = None
    """What its files say of one another, where they do."""
    shifted: bool = False
    """Records that are as they were stand in another file or at another line."""

    @property
    def changed(self) -> bool:
        """Tell whether its inputs are, or may be, others than before."""
        return self.before is None or bool(self.vanished) or any(g.packed is not None for g in self.groups())

    def groups(self) -> Iterator[GroupListing]:
        """Yield the groups of all its files in order."""
        for shard in self.shards:
            yield from shard.groups

    def targets(self, row: Input) -> Iterator[tuple[str, str | None, bytes]]:
        """Yield the collections that an input goes to, with its id and input digest there."""
        for table, (identity, placed, target) in zip(self.feeds, row.names, strict=False):
            if target != "":
                yield table if target is None else target, identity, placed or row.digest

    def fed(self, entry: GroupEntry) -> set[str]:
        """Return the collections that a group's inputs go to."""
        return {table for table in self.feeds if not is_pattern(table)} | set(entry.targets)

    def shard(self, name: str) -> Shard:
        """Return the file called `name`."""
        return next(shard.shard for shard in self.shards if shard.shard.name == name)


def list_sources(
    recipe: Recipe, memory: Memory, *, reread: bool, told: Callable[[str, int], None], spool: Spool | None = None
) -> list[SourceListing]:
    """Return what every source that feeds a collection holds now, ordered by name.

    Args:
        recipe: where the sources are.
        memory: what they held before.
        reread: read every file, whatever its stamp says.
        told: is called with a source's name and the number of records read so far.
        spool: takes the records of groups that the memory does not know; None: nothing is to be worked on.
    """
    document = recipe.document
    names = sorted({name for collection in document.collections.values() for name in collection.from_})
    routes = Routes(recipe)
    return [_list_source(recipe, routes, name, memory, reread=reread, told=told, spool=spool) for name in names]


def _list_source(
    recipe: Recipe,
    routes: Routes,
    name: str,
    memory: Memory,
    *,
    reread: bool,
    told: Callable[[str, int], None],
    spool: Spool | None,
) -> SourceListing:
    document, source = recipe.document, recipe.document.sources[name]
    feeds = feeds_of(document, name)
    tables = [feed.table for feed in feeds]
    settings = {
        "fetch": kind_of(source).fetch_settings(source),
        "names": {feed.table: [feed.namer.id_settings, feed.salt] for feed in feeds},
        "tables": sorted(document.collections) if any(is_pattern(table) for table in tables) else [],
    }
    listing = SourceListing(
        name=name,
        source=source,
        feeds=tables,
        place=keys.settings({"path": kind_of(source).place(source), "fetch": settings["fetch"]}),
        names=keys.settings(settings),
        before=memory.head.sources.get(name),
        shards=[],
        vanished=[],
    )
    reader = _Reader(listing, routes, feeds, told, spool)
    if crawls := crawled(source):
        listing.crawl = crawls.crawl(source, recipe.root, unpack(memory.pages(name)), reread=reread)
    shards = listing.crawl.shards if listing.crawl else kind_of(source).shards(source, recipe.root)
    reader.read(shards, _entries(memory, name), reread=reread)
    _hang(listing)
    return listing


def _hang(listing: SourceListing) -> None:
    """Note which document each group hangs below now, whether it was read or not."""
    keep = isinstance(listing.source, StacCatalogSource) and listing.source.keep_tree
    for shard in listing.shards if listing.crawl is not None else ():
        for group in shard.groups:
            group.entry.above = shard.shard.page if keep else ""


def _entries(memory: Memory, source: str) -> list[GroupEntry]:
    return [entry for entry in memory.head.groups if entry.source == source]


class _Reader:
    """Fills one source's listing."""

    def __init__(
        self,
        listing: SourceListing,
        routes: Routes,
        feeds: list[Feed],
        told: Callable[[str, int], None],
        spool: Spool | None,
    ) -> None:
        self._listing, self._routes, self._told, self._spool = listing, routes, told, spool
        self._feeds = feeds
        self._spare: dict[bytes, list[GroupEntry]] = {}
        self._pieces: dict[tuple[str, bytes], list[list[GroupEntry]]] = {}
        self._count = 0

    def read(self, shards: list[Shard], entries: list[GroupEntry], *, reread: bool) -> None:
        before = self._listing.before
        known = before.shards if before is not None and before.names == self._listing.names and not reread else {}
        by_shard: dict[str, list[GroupEntry]] = {}
        for entry in entries:
            by_shard.setdefault(entry.shard, []).append(entry)
        seen = time.time_ns()
        stamps = {shard.name: stamp_of(shard.file) for shard in shards if not shard.above}
        fresh = {s.name for s in shards if not s.above and _is_fresh(known.get(s.name), s, stamps[s.name])}
        same_names = before is not None and before.names == self._listing.names
        for name, theirs in by_shard.items():
            if name not in fresh and same_names:
                for entry in theirs:
                    self._spare.setdefault(entry.root, []).append(entry)
                if not reread:
                    self._keep_pieces(theirs)
        for shard in shards:
            mine = by_shard.get(shard.name, [])
            if shard.above:
                self._listing.shards.append(self._page(shard))
            elif shard.name in fresh:
                groups = [GroupListing(entry) for entry in mine]
                self._listing.shards.append(ShardListing(shard, known[shard.name], groups, read=False))
            else:
                self._listing.shards.append(self._read(shard, stamps[shard.name], seen, mine))
        kept = {id(group.entry) for group in self._listing.groups() if group.packed is None}
        self._listing.vanished = [e for e in entries if id(e) not in kept and not self._matched(e)]

    def _page(self, shard: Shard) -> ShardListing:
        """Return a document that names other files and holds no records, as the crawl found it."""
        assert self._listing.crawl is not None
        page, read = self._listing.crawl.pages[shard.name], shard.name in self._listing.crawl.read
        trouble = shard.trouble
        memory = ShardMemory(page.stamp, page.seen_ns, trouble.message if trouble else None)
        return ShardListing(shard, memory, [], read=read, trouble=trouble, moved=read)

    def _keep_pieces(self, entries: list[GroupEntry]) -> None:
        """Keep what the memory knows of pieces of a file; a folder is part of what their rows depend on."""
        ordered = sorted((entry for entry in entries if entry.part), key=lambda entry: entry.first)
        for (name, part), groups in groupby(ordered, key=lambda entry: (entry.shard, entry.part)):
            self._pieces.setdefault((os.path.dirname(name), part), []).append(list(groups))  # noqa: PTH120  posix text

    def _matched(self, entry: GroupEntry) -> bool:
        """Tell whether an entry was recognised in a file that was read again."""
        return entry.root in self._spare and all(entry is not spare for spare in self._spare[entry.root])

    def _read(self, shard: Shard, stamp: Stamp | None, seen: int, mine: list[GroupEntry]) -> ShardListing:
        for _ in range(2):
            try:
                groups = list(self._groups(shard))
            except SourceUnreadable as error:
                return self._unreadable(shard, mine, Fault("fetch", error.code, error.message, "", error.hint))
            again = stamp_of(shard.file)
            if again == stamp:
                for group in sorted(groups, key=lambda group: group.known is None):
                    self._match(group)
                moved = any(group.packed is not None for group in groups)
                memory = ShardMemory(stamp, seen, within=shard.within)
                return ShardListing(shard, memory, groups, read=True, moved=moved)
            stamp, seen = again, time.time_ns()
        text = f"{shard.name} changed while it was read, twice"
        return self._unreadable(shard, mine, Fault("fetch", "SB490", text, "", "build again when its writer is done"))

    def _unreadable(self, shard: Shard, mine: list[GroupEntry], fault: Fault) -> ShardListing:
        mine = [entry for entry in mine if not self._matched(entry)]
        for entry in mine:
            spare = self._spare.get(entry.root, [])
            self._spare[entry.root] = [other for other in spare if other is not entry]
        groups = [GroupListing(entry) for entry in mine]
        return ShardListing(shard, ShardMemory(None, 0, fault.message), groups, read=True, trouble=fault, moved=True)

    def _match(self, group: GroupListing) -> None:
        """Let a group take over the memory's entry for it, if there is one that no other group took."""
        spare = self._spare.get(group.entry.root)
        if not spare:
            return
        group.names = None
        old = group.known or spare[0]
        self._spare[group.entry.root] = [other for other in spare if other is not old]
        place = group.entry.shard, group.entry.first, group.entry.line
        self._listing.shifted = self._listing.shifted or place != (old.shard, old.first, old.line)
        old.shard, old.first, old.line = place
        old.part = group.entry.part
        group.entry, group.packed, group.spooled = old, None, None

    def _groups(self, shard: Shard) -> Iterator[GroupListing]:
        """Yield the groups of a file; of pieces that the memory knows without reading them."""
        kind, source = kind_of(self._listing.source), self._listing.source
        taken: set[int] = set()
        raws: Iterator[Raw] | None = None
        for part in kind.parts(shard, source):
            if known := self._known(shard, part, taken):
                raws = None
                yield from known
            else:
                raws = raws or kind.read(shard, source, part.first)
                yield from self._cut(shard, part, islice(raws, part.records))
        self._told(self._listing.name, self._count)

    def _known(self, shard: Shard, part: Part, taken: set[int]) -> list[GroupListing]:
        """Return the groups of a piece that the memory knows, as they stand now; `taken` are those that others are."""
        pieces = self._pieces.get((os.path.dirname(shard.name), part.digest), [])  # noqa: PTH120  posix text
        for old in pieces:
            whole = sum(entry.inputs for entry in old) == part.records
            if whole and not any(id(entry) in taken or self._matched(entry) for entry in old):
                taken.update(map(id, old))
                self._count += part.records or 0
                return [_moved_to(entry, shard, part.first - old[0].first) for entry in old]
        return []

    def _cut(self, shard: Shard, part: Part, raws: Iterator[Raw]) -> Iterator[GroupListing]:
        base = os.path.dirname(shard.name)  # noqa: PTH120  shard names are posix text, not paths of this machine
        rows: list[Input] = []
        blobs: list[bytes] = []
        first = line = 0
        for raw in raws:
            if not rows:
                first, line = raw.ordinal, raw.line
            rows.append(self._input(raw, base, line))
            blobs.append(raw.blob)
            if len(rows) >= _GROUP_AT_MOST or xxhash.xxh3_64_intdigest(rows[-1].key.encode()) & _CUT_MASK == 0:
                yield self._group(shard, part, rows, blobs, first, line)
                rows, blobs = [], []
        if rows:
            yield self._group(shard, part, rows, blobs, first, line)

    def _group(
        self, shard: Shard, part: Part, rows: list[Input], blobs: list[bytes], first: int, line: int
    ) -> GroupListing:
        root = xxhash.xxh3_128_digest(_pack([(row.key, row.digest, row.names, row.fault) for row in rows]))
        faults = sum(row.fault is not None for row in rows)
        entry = GroupEntry(
            self._listing.name, shard.name, root, inputs=len(rows), faults=faults, first=first, line=line
        )
        entry.part = part.digest
        entry.targets = sorted({target for row in rows for _, _, target in row.names if target})
        entry.untaken = sum(row.fault is None and all(target == "" for _, _, target in row.names) for row in rows)
        self._count += len(rows)
        if self._count % 8192 < len(rows):
            self._told(self._listing.name, self._count)
        spooled = self._spool.put(blobs) if self._spool is not None and not self._spare.get(root) else None
        return GroupListing(entry, _pack(rows), spooled, marks_of(self._listing, rows))

    def _input(self, raw: Raw, base: str, line: int) -> Input:
        digest = canon.digest(raw.blob)
        fault = raw.fault
        if fault is None and raw.key is None:
            wanted = getattr(self._listing.source, "key", "id")
            text = f"no value in key {wanted!r}"
            fault = Fault("fetch", "SB491", text, "", 'every record needs one; key = "*" takes the whole record')
        if fault is not None:
            return Input("!" + digest.hex(), digest, raw.line - line, [], fault)
        record = canon.decode(raw.blob)
        assert raw.key is not None
        names: list[tuple[str | None, bytes | None, str | None]] = []
        for feed in self._feeds:
            try:
                target = feed.target(self._routes, record)
            except ItemError as error:
                names.append((None, None, ""))
                fault = fault_of("transform", error)
            else:
                names.append(named(feed, target, record, digest, base))
        if fault is not None and all(target == "" for _, _, target in names):
            return Input("!" + digest.hex(), digest, raw.line - line, [], fault)
        return Input(raw.key, digest, raw.line - line, names)


def marks_of(listing: SourceListing, rows: list[Input]) -> Names:
    """Return the marks of the keys of some inputs, and of their ids in each collection that they go to."""
    good = [row for row in rows if row.fault is None]
    keys_ = b"" if listing.source.gives == "items" else b"".join(mark_of("", row.key) for row in good)
    named_ = (mark_of(target, name) for row in good for target, name, _ in listing.targets(row) if name is not None)
    return Names(keys_, b"".join(named_))


def mark_of(collection: str, name: str) -> bytes:
    """Return the mark of an id in a collection, or of a key in none (""): equal names have equal marks."""
    return xxhash.xxh3_64_digest(f"{collection}\0{name}".encode())


def _moved_to(entry: GroupEntry, shard: Shard, rows: int) -> GroupListing:
    """Return a known group as it stands `rows` further on in `shard`; the memory's own entry stays as it is."""
    first, line = entry.first + rows, entry.line + rows
    moved_entry = msgspec.structs.replace(entry, shard=shard.name, first=first, line=line)
    return GroupListing(moved_entry, known=entry)


def _is_fresh(known: ShardMemory | None, shard: Shard, stamp: Stamp | None) -> bool:
    """Tell whether a file need not be read: the same, and what its records are of is the same too."""
    return known is not None and known.within == shard.within and not moved(known, stamp)


def moved(known: ShardMemory | None, stamp: Stamp | None) -> bool:
    """Tell whether a file must be read: never seen, unreadable, another stamp, or seen while it could move."""
    if known is None or known.stamp is None or stamp is None or known.stamp != stamp:
        return True
    return not is_settled(stamp, known.seen_ns)
