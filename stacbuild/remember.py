"""What a build leaves to the next one: the head of the memory, made of what was planned, settled, delivered."""

from __future__ import annotations

from msgspec import Struct

from stacbuild.deliver import Delivery
from stacbuild.listing import SourceListing
from stacbuild.looking import mark, marks_in
from stacbuild.plan import Plan
from stacbuild.settle import Settler
from stacbuild.sources.pages import pack
from stacbuild.trace import CollectionMemory, FileMemory, Head, Memory, OutputMemory, ShardMemory, SourceMemory
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
    for number, listing in enumerate(plan.listings):
        shards = {shard.shard.name: shard.memory for shard in listing.shards}
        for source, name in unreadable:
            if source == listing.name:
                shards[name] = ShardMemory(None, 0, f"{name} changed or went away while it was read")
        place = listing.place
        if plan.options.targeted and listing.before is not None:
            place = listing.before.place
        duplicates = plan.clashes.keys.get(listing.name, {})
        pages = _pages(memory, listing, number)
        tree = b"" if listing.crawl is None else listing.crawl.tree
        result[listing.name] = SourceMemory(place, listing.names, shards, duplicates, pages, tree)
    return result


def _pages(memory: Memory, listing: SourceListing, number: int) -> str:
    """Return where the documents are remembered that name a source's files; they are written if they moved."""
    if listing.crawl is None:
        return ""
    before = memory.head.sources.get(listing.name)
    if before is not None and before.pages and not listing.crawl.moved:
        return before.pages
    return memory.write_pages(number, memory.head.generation + 1, pack(listing.crawl.pages))
