"""What the sources of a recipe hold, as listed: files, their groups, what could not be read. Values only."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from stacbuild.cuts import GroupListing
from stacbuild.cutting import targets_of
from stacbuild.failures import Fault
from stacbuild.model import Input
from stacbuild.recipe.schema import Source
from stacbuild.recipe.words import is_pattern
from stacbuild.row_files import GroupEntry
from stacbuild.runs import BlockListing
from stacbuild.sources.base import Shard
from stacbuild.sources.crawl import Crawl
from stacbuild.stamped import ShardMemory, SourceMemory


class ShardListing(Struct):
    """A source file as listed; `trouble` says why it could not be read, its groups are then those of before."""

    shard: Shard
    memory: ShardMemory
    groups: list[GroupListing]
    read: bool
    trouble: Fault | None = None

    moved: bool = False
    """It was read and holds something else than before, or could not be read."""
    block: BlockListing | None = None
    """Of files that are listed together: what of them moved."""

    def troubles(self) -> dict[str, Fault]:
        """Return the files that could not be read, and why."""
        if self.block is not None:
            return self.block.troubles
        return {} if self.trouble is None else {self.shard.name: self.trouble}


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
    def renamed(self) -> bool:
        """Tell whether the keys, ids or targets of its inputs are, or may be, others than before."""
        new = any(group.packed is not None and group.former is None for group in self.groups())
        return self.before is None or bool(self.vanished) or new

    def groups(self) -> Iterator[GroupListing]:
        """Yield the groups of all its files in order."""
        for shard in self.shards:
            yield from shard.groups

    def targets(self, row: Input) -> Iterator[tuple[str, str | None, bytes]]:
        """Yield the collections that an input goes to, with its id and input digest there."""
        return targets_of(self.feeds, row)

    def fed(self, entry: GroupEntry) -> set[str]:
        """Return the collections that a group's inputs go to."""
        return {table for table in self.feeds if not is_pattern(table)} | set(entry.targets)

    def troubles(self) -> Iterator[tuple[str, Fault]]:
        """Yield the files that could not be read, and why."""
        for shard in self.shards:
            yield from sorted(shard.troubles().items())

    def moved_files(self) -> Iterator[str]:
        """Yield the files that were read and hold something else than before, or could not be read."""
        for shard in self.shards:
            if shard.moved:
                yield from [shard.shard.name] if shard.block is None else shard.block.moved
