"""Source `stac-catalog`: the Items of a static catalog, found by its links from the root document on.

An Item of no collection is of the nearest Collection above it. Links that only say where an Item stands in its catalog
are no part of it. Never migrates, maps or validates; never goes over the network.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from stacbuild.recipe.schema import StacCatalogSource
from stacbuild.sources import found
from stacbuild.sources.base import WHOLE_FILE, Part, Raw, Shard, SourceUnreadable
from stacbuild.sources.crawl import Crawl
from stacbuild.sources.crawl import crawl as walk
from stacbuild.sources.pages import PAGING, STRUCTURAL, Page

REVISION: Final = 1
"""Raised when the same file gives other items."""

_NOT_OURS: Final = STRUCTURAL | PAGING


def crawl(source: StacCatalogSource, root: Path, known: dict[str, Page], *, reread: bool) -> Crawl:
    """Return what the catalog holds; documents that `known` has and whose stamp did not move are not read."""
    name = found.name_of(source.href, root)
    return walk(name, root, known, follow=source.follow_external, reread=reread)


def shards(source: StacCatalogSource, root: Path) -> list[Shard]:
    """Return the documents and items of the catalog by name; reads all its documents above items."""
    return crawl(source, root, {}, reread=True).shards


def missing_paths(source: StacCatalogSource, root: Path) -> list[str]:
    """Return the root's path if it is no file."""
    return [] if os.path.isfile(root / source.href) else [source.href]  # noqa: PTH113  a NUL in it is an error of isfile


def place(source: StacCatalogSource) -> Any:
    """Return where the root lies, as it is written."""
    return source.href


def fetch_settings(source: StacCatalogSource) -> dict[str, Any]:
    """Return what of the source's table decides its items, but where they lie."""
    return {"revision": REVISION, "ignore": sorted(set(source.ignore)), "external": source.follow_external}


def parts(shard: Shard, source: StacCatalogSource) -> Sequence[Part]:
    """Return the one piece of a file."""
    del shard, source
    return WHOLE_FILE


def read(shard: Shard, source: StacCatalogSource, first: int = 0) -> Iterator[Raw]:
    """Yield the item of a file; a Catalog or Collection has none.

    Raises:
        SourceUnreadable: at once, when the file cannot be read.
    """
    del first
    if shard.trouble is not None:
        raise SourceUnreadable(shard.trouble.code, shard.trouble.message, shard.trouble.hint)
    if not shard.above:
        from stacbuild.sources import stac_items  # noqa: PLC0415  a build of nothing reads nothing

        linked = shard._replace(named=True)  # as an item: a Catalog in its place is told, not passed over
        yield from stac_items.documents(linked, source.ignore, lambda item: _settle(item, shard.within))


def _settle(item: dict[str, Any], collection: str) -> None:
    """Give an item its collection, and take out the links that say where it stands."""
    if collection and item.get("collection") in (None, ""):
        item["collection"] = collection
    links = item.get("links")
    if isinstance(links, list):
        item["links"] = [link for link in links if not (isinstance(link, dict) and _is_structural(link))]


def _is_structural(link: dict[str, Any]) -> bool:
    rel = link.get("rel")
    return isinstance(rel, str) and rel in _NOT_OURS
