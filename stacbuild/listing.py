"""What the sources hold now: stat first, read only what may have changed, see what of it the memory knows.

A file whose stamp did not move keeps its groups. Of a file that was read again, groups with the same inputs are
recognised by their root and keep their rows too. Reading is `cutting`'s, in other processes where there is much of it.
Never writes; never asks what a change means: `plan` does.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import Final

import msgspec
from msgspec import Struct

from stacbuild import blocks, keys, runs
from stacbuild.blocks import UNSURE, Block
from stacbuild.cuts import FileRead, GroupListing, ToRead
from stacbuild.cutting import Cutter
from stacbuild.execute.base import Executor
from stacbuild.failures import Fault
from stacbuild.listed import ShardListing, SourceListing
from stacbuild.model import Stamp
from stacbuild.naming import feeds_of
from stacbuild.piles import PILES, Pile, PileTools
from stacbuild.profiling import NO_PROFILE, Profile
from stacbuild.recipe.load import Recipe
from stacbuild.recipe.schema import StacCatalogSource
from stacbuild.recipe.words import is_pattern
from stacbuild.routing import Routes
from stacbuild.row_files import GroupEntry
from stacbuild.runs import BlockListing
from stacbuild.sources.base import Shard
from stacbuild.sources.pages import unpack
from stacbuild.sources.registry import crawled, kind_of, scanned
from stacbuild.sources.stamps import is_settled, stamp_of
from stacbuild.spares import Spares
from stacbuild.spool import Spool, Spooled, SpoolFiles
from stacbuild.stamped import ShardMemory
from stacbuild.trace import Memory

WORTH: Final = 4 << 20
"""With fewer bytes to be read, starting processes costs more than it brings."""

PILE_BYTES: Final = 2 << 20
PILE_FILES: Final = 256
"""What a process reads at a time, in files that are smaller."""

_pack = msgspec.msgpack.Encoder().encode


class Asked(Struct, frozen=True):
    """What is asked of a listing.

    Attributes:
        told: is called with a source's name and the number of records read so far.
        reread: read every file, whatever its stamp says.
        spool: takes the records of groups that the memory does not know; None: nothing is to be worked on.
        executor: reads where there is much to be read; None: this process does.
        profile: takes down what that took.
        meanwhile: is called, in a thread, where other processes read and this one waits.
    """

    told: Callable[[str, int], None] = lambda _source, _count: None
    reread: bool = False
    spool: SpoolFiles | None = None
    executor: Executor | None = None
    profile: Profile = NO_PROFILE
    meanwhile: Callable[[], None] = lambda: None


def list_sources(recipe: Recipe, memory: Memory, asked: Asked) -> list[SourceListing]:
    """Return what every source that feeds a collection holds now, ordered by name; `memory` is of what they held."""
    document = recipe.document
    names = sorted({name for collection in document.collections.values() for name in collection.from_})
    routes = Routes(recipe)
    readers = [_Reader(recipe, routes, name, memory, asked) for name in names]
    _read_elsewhere(recipe, memory, readers, asked)
    return [reader.finish() for reader in readers]


def _read_elsewhere(recipe: Recipe, memory: Memory, readers: list[_Reader], asked: Asked) -> None:
    """Let other processes read, if there is enough to be read that they can."""
    if asked.executor is None or asked.executor.jobs == 1:
        return
    sizes = accumulate(one.size for reader in readers for one in reader.unread())
    if not any(size >= WORTH for size in sizes):
        return
    rooted = {reader.name: reader.rooted for reader in readers}
    descriptors = asked.spool.descriptors() if asked.spool is not None else ()
    tools = PileTools(recipe, rooted, descriptors, memory.folder, asked.profile.on)
    read: dict[int, tuple[_Reader, Pile]] = {}

    def piles() -> Iterator[Pile]:
        for reader, files in _piles(readers):
            pile = Pile(len(read), reader.name, files)
            read[pile.number] = reader, pile
            yield pile

    beside = threading.Thread(target=asked.meanwhile, daemon=True)
    beside.start()
    for done in asked.executor.map(PILES, tools, piles()):
        asked.profile.take(done.spans)
        reader, pile = read[done.number]
        for one, found in zip(pile.files, done.reads, strict=True):
            reader.take(one, found)
        pile.files = []
    beside.join()


def _piles(readers: list[_Reader]) -> Iterator[tuple[_Reader, list[ToRead]]]:
    """Yield what is to be read in piles of like size, each of files that lie side by side."""
    for reader in readers:
        files: list[ToRead] = []
        size = 0
        for one in reader.unread():
            if files and (size + one.size > PILE_BYTES or len(files) >= PILE_FILES):
                yield reader, files
                files, size = [], 0
            files.append(one)
            size += one.size
        if files:
            yield reader, files


def _begun(recipe: Recipe, name: str, memory: Memory, *, reread: bool) -> SourceListing:
    """Return the listing of a source before any of its files is looked at."""
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
    if crawls := crawled(source):
        listing.crawl = crawls.crawl(source, recipe.root, unpack(memory.pages(name)), reread=reread)
    return listing


class _Reader:
    """Fills one source's listing."""

    def __init__(self, recipe: Recipe, routes: Routes, name: str, memory: Memory, asked: Asked) -> None:
        self.name, self._asked, self._count = name, asked, 0
        self._listing = _begun(recipe, name, memory, reread=asked.reread)
        self._spares = Spares()
        self._reads: dict[tuple[str, int], FileRead] = {}
        self._root, self._folder, self._memory = str(recipe.root), memory.folder, memory
        before = self._listing.before
        self._same = before is not None and before.names == self._listing.names
        self._known_source = before if self._same and not asked.reread else None
        """What the memory has of the source's files; None where all are to be read."""
        self._seen = time.time_ns()
        self._shards, self._blocks = self._found(recipe)
        self._entries = [entry for entry in memory.head.groups if entry.source == name]
        self._look()
        self.rooted = frozenset[bytes]() if asked.reread else self._spares.roots()
        """The roots of groups whose records nobody will ask for, as they are what they were."""
        self._cutter = Cutter(
            recipe,
            routes,
            name,
            rows=memory,
            put=None if asked.spool is None else self._put,
            rooted=self.rooted,
            known=self._spares.piece,
            told=self._tell,
        )

    def _put(self, blobs: list[bytes]) -> Spooled:
        assert self._asked.spool is not None
        return Spool(self._asked.spool.descriptors(), 0).put(blobs)

    def _tell(self, records: int) -> None:
        self._count += records
        self._asked.told(self.name, self._count)

    def _found(self, recipe: Recipe) -> tuple[list[Shard], list[BlockListing]]:
        """Return the source's files: those that are listed one by one, and blocks, with their columns if they moved."""
        crawl, source = self._listing.crawl, self._listing.source
        if crawl is not None:
            return crawl.shards, []
        if (kind := scanned(source)) is None:
            return kind_of(source).shards(source, recipe.root), []
        shards, found = list[Shard](), list[BlockListing]()
        known = self._known_source.blocks if self._known_source is not None else {}
        for one in kind.scan(source, recipe.root, self._known_in):
            if isinstance(one, Shard):
                shards.append(one)
            else:
                old = known.get(one.name)
                same = old is not None and old.mark == one.mark and not old.troubles and UNSURE not in one.stamps
                found.append(BlockListing(one.name, old) if same else BlockListing(one.name, None, one))
        return shards, found

    def _compared(self, block: Block) -> Iterator[list[GroupEntry] | ToRead]:
        """Yield the runs of a block that moved."""
        source = self._listing.before
        known = None if source is None else source.blocks.get(block.name)
        was = runs.before(self._folder, block.name, known, self._by_shard.get(block.name, []))
        return runs.compared(block, self._root, self._seen, was, trusted=self._known_source is not None)

    def _known_in(self, folder: str) -> list[str]:
        """Return the small files that the memory knows in a folder that cannot be read now."""
        source = self._listing.before
        known = source.blocks.items() if source is not None else ()
        files = (
            file for name, one in known for run in blocks.read(self._folder, name, one).runs() for file in run.names
        )
        return [file for file in files if file.rpartition("/")[0] == folder.rstrip("/")]

    def _look(self) -> None:
        """Stat every file that is in no block; note what is known of those that have to be read."""
        self._known_shards = self._known_source.shards if self._known_source is not None else {}
        self._by_shard: dict[str, list[GroupEntry]] = {}
        for entry in self._entries:
            self._by_shard.setdefault(entry.shard, []).append(entry)
        self._stamps = {shard.name: stamp_of(shard.at) for shard in self._shards if not shard.above}
        known = self._known_shards
        stated = (s for s in self._shards if not s.above)
        self._fresh = {s.name for s in stated if _is_fresh(known.get(s.name), s, self._stamps[s.name])}
        self._fresh.update(block.name for block in self._blocks if block.known is not None)
        for name, theirs in self._by_shard.items():
            if name not in self._fresh and self._same:
                self._spares.add(theirs, pieces=self._known_source is not None and not name.endswith("/"))

    def _before(self, shard: Shard) -> list[GroupEntry]:
        """Return the groups that a file had, if its records would still be the same inputs."""
        return self._by_shard.get(shard.name, []) if self._same and not self._asked.reread else []

    # --- what other processes can do

    def unread(self) -> Iterator[ToRead]:
        """Yield the files that any process can read; none where pieces are known, which are given to whoever comes."""
        for shard in self._shards if not self._spares.pieces else ():
            if not shard.above and shard.trouble is None and shard.name not in self._fresh:
                place = (shard.name, str(shard.file), shard.named, shard.within)
                before = [_place(entry) for entry in self._before(shard)]
                yield ToRead(*place, self._stamps[shard.name], self._seen, before)
        for listing in self._blocks:
            compared = self._compared(listing.block) if listing.block is not None else ()
            for run in compared:
                if isinstance(run, ToRead):
                    yield msgspec.structs.replace(run, before=[_place(entry) for entry in run.before])

    def take(self, one: ToRead, read: FileRead) -> None:
        """Take what another process read of a file or run."""
        self._reads[one.name, one.run] = read
        self._tell(sum(group.entry.inputs for group in read.groups))

    # --- what the memory knows

    def finish(self) -> SourceListing:
        """Read what nobody has read, and return what the source holds."""
        for shard in self._shards:
            self._listing.shards.append(self._listed(shard, self._by_shard.get(shard.name, [])))
        self._listing.shards += [self._listed_block(block) for block in self._blocks]
        kept = {id(group.entry) for group in self._listing.groups() if group.packed is None}
        vanished = (entry for entry in self._entries if id(entry) not in kept)
        self._listing.vanished = [entry for entry in vanished if not self._spares.taken(entry)]
        _hang(self._listing)
        return self._listing

    def _listed(self, shard: Shard, mine: list[GroupEntry]) -> ShardListing:
        if shard.above:
            return self._page(shard)
        if shard.name in self._fresh:
            groups = [GroupListing(entry) for entry in mine]
            return ShardListing(shard, self._known_shards[shard.name], groups, read=False)
        read = self._reads.pop((shard.name, 0), None)
        if read is None:
            read = self._cutter.read(shard, self._stamps[shard.name], self._seen, self._before(shard))
        return self._read(shard, read, mine)

    def _listed_block(self, listing: BlockListing) -> ShardListing:
        shard, mine = Shard(listing.name, self._root, named=False), self._by_shard.get(listing.name, [])
        nothing = ShardMemory(None, 0)
        if listing.block is None:
            groups = [GroupListing(entry) for entry in mine]
            return ShardListing(shard, nothing, groups, read=False, block=listing)
        found = enumerate(self._compared(listing.block))
        groups = [group for number, run in found for group in self._listed_run(number, run, listing)]
        first = 0
        for group in groups:
            group.entry.first, first = first, first + group.entry.inputs
        listing.unsure |= runs.unsettled(listing.block, self._seen)
        moved = bool(listing.troubles) or any(group.packed is not None for group in groups)
        return ShardListing(shard, nothing, groups, read=True, moved=moved, block=listing)

    def _listed_run(self, number: int, run: list[GroupEntry] | ToRead, listing: BlockListing) -> list[GroupListing]:
        if not isinstance(run, ToRead):
            for entry in run:
                entry.run = number  # runs before it may have come or gone
            return [GroupListing(entry) for entry in run]
        read = self._reads.pop((run.name, run.run), None) or self._cutter.read_run(run)
        if read.fault is not None:  # who read it died
            read = self._cutter.read_run(run, read.fault)
        listing.troubles.update(read.faults)
        listing.unsure.update(read.unsure, read.faults)
        listing.moved += [file.name for file in run.files if not file.same]
        for group in read.groups:
            group.entry.run = run.run
            self._match(group)
        self._settled(read.groups, run.before)
        return read.groups

    def _page(self, shard: Shard) -> ShardListing:
        """Return a document that names other files and holds no records, as the crawl found it."""
        assert self._listing.crawl is not None
        page, read = self._listing.crawl.pages[shard.name], shard.name in self._listing.crawl.read
        trouble = shard.trouble
        memory = ShardMemory(page.stamp, page.seen_ns, trouble.message if trouble else None)
        return ShardListing(shard, memory, [], read=read, trouble=trouble, moved=read)

    def _read(self, shard: Shard, read: FileRead, mine: list[GroupEntry]) -> ShardListing:
        if read.fault is not None:
            return self._unreadable(shard, mine, read.fault)
        for group in sorted(read.groups, key=lambda group: group.known is None):
            self._match(group)
        self._settled(read.groups, mine)
        moved = any(group.packed is not None for group in read.groups)
        memory = ShardMemory(read.stamp, read.seen_ns, within=shard.within)
        return ShardListing(shard, memory, read.groups, read=True, moved=moved)

    def _unreadable(self, shard: Shard, mine: list[GroupEntry], fault: Fault) -> ShardListing:
        groups = [GroupListing(entry) for entry in mine if not self._spares.taken(entry)]
        for group in groups:
            self._spares.take(group.entry)
        return ShardListing(shard, ShardMemory(None, 0, fault.message), groups, read=True, trouble=fault, moved=True)

    def _match(self, group: GroupListing) -> None:
        """Let a group take over the memory's entry for it, if there is one that no other group took."""
        self._listing.shifted |= self._spares.match(group)

    def _settled(self, groups: list[GroupListing], before: list[GroupEntry]) -> None:
        """Note which groups others amend; all others that are new have inputs and names of their own."""
        self._spares.amend(groups, before)
        for group in groups:
            if group.amends is not None and group.former is None and group.packed is not None:
                self._let_be(group, before[group.amends.number])
            if group.packed is not None and group.former is None and group.names is None:
                group.names = self._cutter.names(group.inputs(self._memory))
            if group.amends is not None and group.amends.shifted:
                self._listing.shifted = True

    def _let_be(self, group: GroupListing, other: GroupEntry) -> None:
        """Let a group be one by itself: what it seemed to amend is another's already."""
        group.packed, group.amends = _pack(group.among(self._memory.inputs(other))), None


def _hang(listing: SourceListing) -> None:
    """Note which document each group hangs below now, whether it was read or not."""
    keep = isinstance(listing.source, StacCatalogSource) and listing.source.keep_tree
    for shard in listing.shards if listing.crawl is not None else ():
        for group in shard.groups:
            group.entry.above = shard.shard.page if keep else ""


def _place(entry: GroupEntry) -> GroupEntry:
    """Return an entry with no more than where its rows stand."""
    place = (entry.file, entry.offset, entry.length, entry.check)
    return GroupEntry(entry.source, entry.shard, entry.root, *place, splices=entry.splices)


def _is_fresh(known: ShardMemory | None, shard: Shard, stamp: Stamp | None) -> bool:
    """Tell whether a file need not be read: the same, and what its records are of is the same too."""
    return known is not None and known.within == shard.within and not moved(known, stamp)


def moved(known: ShardMemory | None, stamp: Stamp | None) -> bool:
    """Tell whether a file must be read: never seen, unreadable, another stamp, or seen while it could move."""
    if known is None or known.stamp is None or stamp is None or known.stamp != stamp:
        return True
    return not is_settled(stamp, known.seen_ns)
