"""The kinds of sources there are. A kind is a file of its own and a line here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from stacbuild.blocks import Block
from stacbuild.recipe.schema import StacCatalogSource, StacItemsSource, TableSource
from stacbuild.sources import stac_catalog, stac_items, table
from stacbuild.sources.base import KeysByMark, Part, Raw, Shard
from stacbuild.sources.crawl import Crawl
from stacbuild.sources.pages import Page
from stacbuild.sources.scanned import KnownIn


class SourceKind(Protocol):
    """What a kind of source can do; `source` is its table of the recipe."""

    def shards(self, source: Any, root: Path) -> list[Shard]:
        """Return its files, ordered by name; a file named literally is listed even if it is not there."""

    def missing_paths(self, source: Any, root: Path) -> list[str]:
        """Return the paths and patterns of the recipe that nothing answers to."""

    def parts(self, shard: Shard, source: Any) -> Sequence[Part]:
        """Return the pieces of a file that can be read alone, in order; raises SourceUnreadable."""

    def read(self, shard: Shard, source: Any, first: int = 0) -> Iterator[Raw]:
        """Yield a file's records from the piece that holds record `first` on; raises SourceUnreadable."""

    def place(self, source: Any) -> Any:
        """Return, as JSON, where its files lie."""

    def fetch_settings(self, source: Any) -> Any:
        """Return, as JSON, what of its table decides the records; never where they lie."""


class Crawled(Protocol):
    """What a kind whose files name one another can do besides."""

    def crawl(self, source: Any, root: Path, known: dict[str, Page], *, reread: bool) -> Crawl:
        """Return its files and what they say of one another; `known` is of the last time, not read again if same."""


class Scanned(Protocol):
    """What a kind whose files may be small and many can do besides."""

    def scan(self, source: Any, root: Path, known: KnownIn) -> Iterator[Shard | Block]:
        """Yield its files as `shards` does, but small ones in blocks with their stamps.

        `known` gives the files that stood in a folder: of one that cannot be read they are those that there are.
        """


class Recognising(Protocol):
    """What a kind whose records stand in its files as bytes can do besides."""

    def recognise(self, shard: Shard, source: Any, known: KeysByMark) -> Iterator[Raw]:
        """Yield a file's records as `read` does from the first on; those whose bytes are known are not decoded."""


KINDS: dict[type, SourceKind] = {
    TableSource: table,
    StacItemsSource: stac_items,
    StacCatalogSource: stac_catalog,
}
RECOGNISING: dict[type, Recognising] = {TableSource: table, StacItemsSource: stac_items}
CRAWLED: dict[type, Crawled] = {StacCatalogSource: stac_catalog}

SCANNED: dict[type, Scanned] = {StacItemsSource: stac_items}


def kind_of(source: Any) -> SourceKind:
    """Return the kind of a source's table."""
    return KINDS[type(source)]


def crawled(source: Any) -> Crawled | None:
    """Return the kind of a source's table if its files name one another."""
    return CRAWLED.get(type(source))


def scanned(source: Any) -> Scanned | None:
    """Return the kind of a source's table if its files may be small and many."""
    return SCANNED.get(type(source))


def recognising(source: Any) -> Recognising | None:
    """Return the kind of a source's table if its records are known by their bytes."""
    return RECOGNISING.get(type(source))
