"""What a build leaves to the next one: the head of the memory, made of what was planned, settled, delivered."""

from __future__ import annotations

from msgspec import Struct

from stacbuild import blocks
from stacbuild.as_built import CollectionMemory, OutputMemory
from stacbuild.blocks import Block, BlockMemory
from stacbuild.deliver import Delivery
from stacbuild.listed import SourceListing
from stacbuild.looking import mark, marks_in
from stacbuild.plan import Plan
from stacbuild.runs import BlockListing
from stacbuild.settle import Settler
from stacbuild.sources.pages import pack
from stacbuild.stamped import FileMemory, ShardMemory, SourceMemory
from stacbuild.trace import Head, Memory
from stacbuild.workshop import Workshop


class Done(Struct):
    """What a build did."""

    plan: Plan
    settler: Settler
    deliveries: dict[str, Delivery | None]
    """Output → what came of it; None for one that was left alone."""
    held_back: list[str]
    unreadable: set[tuple[str, str]]
    """(source, file) that could not be read again when it was worked on."""


def head(shop: Workshop, done: Done, outputs: dict[str, OutputMemory]) -> Head:
    """Return the head that says what is true after a build."""
    before, entries = shop.memory.head, done.settler.entries
    used = {
        number
        for entry in entries
        for tally in entry.tallies.values()
        for number in (*tally.verdicts, *(n for stage in tally.contexts for n in stage))
    }
    duplicates = done.plan.clashes.ids
    return Head(
        generation=before.generation + 1,
        level=shop.document.validation.level,
        contexts=shop.contexts.used(used),
        sources=sources(shop.memory, done.plan, done.unreadable),
        collections={
            name: CollectionMemory(
                duplicates.get(name, {}), line.summaries, line.sources, shop.document.collections[name].on_duplicate
            )
            for name, line in shop.pipelines.items()
        },
        outputs=outputs,
        groups=entries,
        config=shop.public_config(),
        held_back=done.held_back,
        targeted=done.plan.options.targeted,
        lookups=shop.lookups,
        read_for={name: shop.read_for[name] for name in shop.pipelines if shop.read_for.get(name)},
        index=shop.memory.write_index(shop.store.runs()),
        looked=shop.memory.write_looked(before.generation + 1, files(done.plan, done.settler)),
    )


def files(plan: Plan, settler: Settler) -> dict[str, FileMemory]:
    """Return what is to be remembered of the files that items depend on besides their records."""
    used = {one for entry in settler.entries for one in marks_in(entry.reads)}
    known = {path: file.digest for path, file in plan.looked.known().items()} | settler.files
    return plan.looked.memory((path, digest) for path, digest in sorted(known.items()) if mark(path) in used)


def sources(memory: Memory, plan: Plan, unreadable: set[tuple[str, str]]) -> dict[str, SourceMemory]:
    """Return what is to be remembered of each source: its files' stamps, none for those that must be read again."""
    result = {}
    small = _blocks(memory, plan, unreadable)
    for number, listing in enumerate(plan.listings):
        shards = {shard.shard.name: shard.memory for shard in listing.shards if shard.block is None}
        for source, name in unreadable:
            if source == listing.name and name in shards:
                shards[name] = ShardMemory(None, 0, _went_away(name))
        place = listing.place
        if plan.options.targeted and listing.before is not None:
            place = listing.before.place
        duplicates = plan.clashes.keys.get(listing.name, {})
        pages = _pages(memory, listing, number)
        tree = b"" if listing.crawl is None else listing.crawl.tree
        result[listing.name] = SourceMemory(place, listing.names, shards, duplicates, pages, tree, small[listing.name])
    return result


def _went_away(name: str) -> str:
    return f"{name} changed or went away while it was read"


def _blocks(memory: Memory, plan: Plan, unreadable: set[tuple[str, str]]) -> dict[str, dict[str, BlockMemory]]:
    """Return what is to be remembered of each source's small files; the columns of blocks that moved are written."""
    kept: dict[str, dict[str, BlockMemory]] = {}
    new: dict[tuple[str, str], tuple[Block, dict[str, str]]] = {}
    for listing in plan.listings:
        mine = kept[listing.name] = {}
        gone = {name for source, name in unreadable if source == listing.name}
        for one in (shard.block for shard in listing.shards if shard.block is not None):
            if one.known is not None and not (gone and _has(memory, one, gone)):
                mine[one.name] = one.known
            else:
                new[listing.name, one.name] = _remembered(memory, one, gone)
    generation = memory.head.generation + 1
    for (source, name), known in (blocks.write(memory.folder, generation, new) if new else {}).items():
        kept[source][name] = known
    blocks.drawn_together(memory.folder, generation, [known for some in kept.values() for known in some.values()])
    return kept


def _columns(memory: Memory, one: BlockListing) -> Block:
    if one.block is None:
        assert one.known is not None
        return blocks.read(memory.folder, one.name, one.known)
    return one.block


def _has(memory: Memory, one: BlockListing, files: set[str]) -> bool:
    return any(not files.isdisjoint(run.names) for run in _columns(memory, one).runs())


def _remembered(memory: Memory, one: BlockListing, gone: set[str]) -> tuple[Block, dict[str, str]]:
    """Return the columns of a block, and why files of it could not be read; `gone` could not later on."""
    block = _columns(memory, one)
    mine = gone.intersection(name for run in block.runs() for name in run.names) if gone else set[str]()
    troubles = {name: fault.message for name, fault in one.troubles.items()} | {name: _went_away(name) for name in mine}
    unsure = one.unsure | mine
    return blocks.without(block, unsure) if unsure else block, troubles


def _pages(memory: Memory, listing: SourceListing, number: int) -> str:
    """Return where the documents are remembered that name a source's files; they are written if they moved."""
    if listing.crawl is None:
        return ""
    before = memory.head.sources.get(listing.name)
    if before is not None and before.pages and not listing.crawl.moved:
        return before.pages
    return memory.write_pages(number, memory.head.generation + 1, pack(listing.crawl.pages))
