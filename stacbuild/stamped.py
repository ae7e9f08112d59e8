"""What the memory has of files that are not ours: of sources, of lookups, of what items depend on. Values only."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from stacbuild.blocks import BlockMemory
from stacbuild.model import Stamp


class ShardMemory(Struct, array_like=True):
    """A source file as last listed: its stamp, when it was looked at, whether it could be read."""

    stamp: Stamp | None
    seen_ns: int
    trouble: str | None = None
    """Why it could not be read the last time, or None."""
    within: str = ""
    """The collection of its items that name none."""


class FileMemory(Struct, array_like=True):
    """A file that items depend on besides their records: its stamp, when it was looked at, its SHA-256 then."""

    stamp: Stamp | None
    seen_ns: int
    digest: bytes


class SourceMemory(Struct, array_like=True):
    """A source as last listed."""

    place: bytes
    """Digest of what says where its inputs are: when it changes, removals are ordered by the recipe."""
    names: bytes
    """Digest of all that the listing's columns depend on."""
    shards: dict[str, ShardMemory]
    duplicates: dict[str, list[str]] = {}
    """Keys that several records share → where they stand."""
    pages: str = ""
    """Where the documents that name its files are remembered; "" if there are none."""
    tree: bytes = b""
    """Digest of what these say, and of what stands below which."""
    blocks: dict[str, BlockMemory] = {}
    """Its small files."""

    def troubles(self) -> Iterator[tuple[str, str]]:
        """Yield each file that could not be read the last time, and why."""
        yield from ((name, known.trouble) for name, known in self.shards.items() if known.trouble is not None)
        for block in self.blocks.values():
            yield from block.troubles.items()


class LookupMemory(Struct, array_like=True):
    """A lookup's file as last read: its stamp, when it was looked at, the digest of its entries."""

    stamp: Stamp | None
    seen_ns: int
    digest: str
