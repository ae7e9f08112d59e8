"""What the documents of a source say of themselves, as ours may say it, and which stands below which.

It is migrated, with hrefs as in the store; members of a wrong type are left out: what stands in a stranger's document
breaks no document of ours. Reads at most what the memory has of the documents; never the documents.
"""

from __future__ import annotations

import contextlib
import posixpath
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from stacbuild import canon, keys
from stacbuild.failures import ItemError
from stacbuild.listed import SourceListing
from stacbuild.outputs.base import Folder, Tree
from stacbuild.recipe.schema import Document, StacCatalogSource
from stacbuild.routing import Routes
from stacbuild.sources.pages import Page, unpack
from stacbuild.stages.hrefs import stored
from stacbuild.stages.migrate import migrate
from stacbuild.trace import Memory

_TYPES: Final[dict[str, type]] = {
    "title": str,
    "description": str,
    "license": str,
    "keywords": list,
    "providers": list,
    "summaries": dict,
    "extent": dict,
    "assets": dict,
    "item_assets": dict,
    "links": list,
    "stac_extensions": list,
}
_OURS: Final = ("type", "stac_version", "id")
_BOX: Final = (4, 6)


class Stated(NamedTuple):
    """What a Collection says: canonical JSON, and its file's folder relative to the recipe's."""

    blob: bytes
    base: str

    @property
    def digest(self) -> str:
        """Return a digest that moves when what is said does."""
        return keys.join(self.blob, self.base.encode()).hex()


def stated(pages: dict[str, Page]) -> dict[str, Stated]:
    """Return what each Collection among a source's documents says, by its id; of several the first."""
    found: dict[str, Stated] = {}
    for name, page in pages.items():
        if page.kind == "Collection" and page.id and page.about:
            found.setdefault(page.id, Stated(page.about, posixpath.dirname(name)))
    return found


def facts(told: Stated | None) -> dict[str, Any]:
    """Return what a Collection says, for the document of ours that stands for it; nothing where there is none."""
    if told is None:
        return {}
    said = canon.decode(told.blob)
    with contextlib.suppress(ItemError):  # of a version that cannot be raised: what it says stays as it says it
        said = migrate(said)
    found: dict[str, Any] = {name: value for name, value in said.items() if isinstance(value, _TYPES.get(name, object))}
    for name in _OURS:
        found.pop(name, None)
    if "assets" in found:
        assets = {key: asset for key, asset in found["assets"].items() if _has(asset, "href")}
        found["assets"] = {key: _placed(asset, told.base) for key, asset in assets.items()}
    if "item_assets" in found:
        found["item_assets"] = {key: one for key, one in found["item_assets"].items() if isinstance(one, dict)}
    for name, kind in (("providers", dict), ("stac_extensions", str)):
        if name in found:
            found[name] = [one for one in found[name] if isinstance(one, kind)]
    if "links" in found:
        found["links"] = [_placed(link, told.base) for link in found["links"] if _has(link, "href", "rel")]
    return found


def _has(part: Any, *names: str) -> bool:
    """Tell whether a part of a document has texts under all of `names`: readers refuse a document where it has not."""
    return isinstance(part, dict) and all(isinstance(part.get(name), str) for name in names)


def boxes(said: dict[str, Any]) -> list[Any] | None:
    """Return the boxes of a stated extent; None where it has none that are."""
    found = _listed(said, "spatial", "bbox")
    return found if found and all(_is_box(box) for box in found) else None


def intervals(said: dict[str, Any]) -> list[Any] | None:
    """Return the intervals of a stated extent; None where it has none that are."""
    found = _listed(said, "temporal", "interval")
    return found if found and all(_is_interval(one) for one in found) else None


def _listed(said: dict[str, Any], part: str, name: str) -> list[Any]:
    within = said.get("extent", {}).get(part)
    found = within.get(name) if isinstance(within, dict) else None
    return found if isinstance(found, list) else []


def _is_box(box: Any) -> bool:
    return isinstance(box, list) and len(box) in _BOX and all(type(number) in (int, float) for number in box)


def _is_interval(interval: Any) -> bool:
    ends = interval if isinstance(interval, list) else []
    return len(ends) == 2 and all(end is None or isinstance(end, str) for end in ends)  # noqa: PLR2004  a start, an end


def _placed(part: dict[str, Any], base: str) -> dict[str, Any]:
    href = part.get("href")
    return {**part, "href": stored(href, base)} if isinstance(href, str) and href else part


# --- trees that are kept


def named(source: str, page: str) -> str:
    """Return the name of a document among those of all sources."""
    return f"{source}\0{page}"


def folders(source: str, pages: dict[str, Page]) -> list[Folder]:
    """Return the Catalogs and Collections of a source, each after the one above it."""
    above_all = {name: page for name, page in pages.items() if page.kind in ("Catalog", "Collection")}
    top = posixpath.dirname(next(iter(pages), ""))
    full = _full(above_all)
    return [
        Folder(
            named(source, name),
            named(source, page.above) if page.above in above_all else "",
            posixpath.relpath(name, top or "."),
            page.id or posixpath.basename(posixpath.dirname(name)) or "catalog",
            page.kind == "Collection",
            name not in full,
            keys.join(page.about, posixpath.dirname(name).encode(errors="surrogatepass")),
        )
        for name, page in above_all.items()
    ]


def _full(pages: dict[str, Page]) -> set[str]:
    """Return the names of Collections and of documents that lead to an Item or a Collection, over any others."""
    full: set[str] = set()
    for name, page in pages.items():
        here = name if page.held or page.kind == "Collection" else ""
        while here and here not in full:
            full.add(here)
            here = pages[here].above if here in pages else ""
    return full


class Upstream:
    """What the sources of a recipe say, as last listed; before that, as the memory has it."""

    def __init__(self, document: Document, routes: Routes, memory: Memory) -> None:
        self._document, self._routes, self._memory = document, routes, memory
        self._pages: dict[str, dict[str, Page]] = {}
        self._stated: dict[str, dict[str, Stated]] = {}
        self._trees: dict[str, bytes] = {}

    def take(self, listings: Iterable[SourceListing]) -> None:
        """Take what was listed."""
        crawls = {listing.name: listing.crawl for listing in listings if listing.crawl is not None}
        self._pages = {source: crawl.pages for source, crawl in crawls.items()}
        self._trees = {source: crawl.tree for source, crawl in crawls.items()}
        self._stated = {}

    def collections(self, source: str) -> Iterable[str]:
        """Return the ids of the collections among a source's documents."""
        return self._stated_in(source)

    def stated(self, name: str) -> Stated | None:
        """Return what a target of a pattern says of itself in the first of its sources that has it."""
        owner = self._routes.owner(name)
        if owner not in self._routes.patterns:
            return None
        sources = self._document.collections[owner].from_
        found = (self._stated_in(source).get(name) for source in sources)
        catalogs = (self._catalog(source, name) for source in sources if self._keeps(source))
        return next((told for some in (found, catalogs) for told in some if told is not None), None)

    def _stated_in(self, source: str) -> dict[str, Stated]:
        if source not in self._stated:
            self._stated[source] = stated(self._pages_of(source))
        return self._stated[source]

    def _pages_of(self, source: str) -> dict[str, Page]:
        if source not in self._pages:
            self._pages[source] = unpack(self._memory.pages(source))
        return self._pages[source]

    def _catalog(self, source: str, name: str) -> Stated | None:
        """Return what a Catalog says that Items name as their collection, and that is one where the tree is kept."""
        pages = self._pages_of(source).items()
        found = (Stated(page.about, posixpath.dirname(file)) for file, page in pages if _may_be(page, name))
        return next(found, None)

    def _keeps(self, source: str) -> bool:
        spec = self._document.sources.get(source)
        return isinstance(spec, StacCatalogSource) and spec.keep_tree

    # --- trees

    def told(self, folder: str) -> Stated | None:
        """Return what the document says that is called so among those of all sources."""
        source, _, name = folder.partition("\0")
        page = self._pages_of(source).get(name)
        return Stated(page.about, posixpath.dirname(name)) if page is not None and page.about else None

    def trees(self, document: Document, collections: Iterable[str]) -> list[Tree]:
        """Return the trees of the sources of some collections of `document`, those named first in `from` first."""
        feeding = self._feeding(document, collections)
        return [
            Tree(
                frozenset(names),
                frozenset(name for name in names if self._is_named(name)),
                folders(source, self._pages_of(source)),
            )
            for source, names in feeding.items()
        ]

    def _is_named(self, collection: str) -> bool:
        """Tell whether items name their collection themselves: a pattern made it, and no mapping says another."""
        owner = self._routes.owner(collection)
        mapping = self._document.collections[owner].mapping if owner in self._routes.patterns else None
        return owner in self._routes.patterns and (
            mapping is None or self._document.mappings[mapping].collection is None
        )

    def digests(self, document: Document, collections: Iterable[str]) -> dict[str, bytes]:
        """Return a digest of each tree that `trees` gives, by its source: it moves when the tree does."""
        known = self._memory.head.sources
        return {
            source: self._trees[source] if source in self._trees else known[source].tree if source in known else b""
            for source in self._feeding(document, collections)
        }

    def _feeding(self, document: Document, collections: Iterable[str]) -> dict[str, list[str]]:
        """Return the sources of some collections of which the trees are kept, each with what it feeds of them."""
        feeding: dict[str, list[str]] = {}
        for name in collections:
            for source in filter(self._keeps, document.collections[name].from_):
                feeding.setdefault(source, []).append(name)
        return feeding


def _may_be(page: Page, name: str) -> bool:
    return page.kind == "Catalog" and page.id == name and bool(page.above) and bool(page.about)
