"""The walk over a static catalog from its root: which files are its documents, and which its items. Local files only.

A document whose stamp did not move is not read again: its page of the last walk stands for it, and so it does where it
cannot be read now, so that nothing is deleted because of that. What a link leads to is found by the real path, so that
cycles end. Never recurses, never opens an item.
"""

from __future__ import annotations

import os
import posixpath
import re
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import unquote, urlsplit

import xxhash
from msgspec import Struct, field, structs

from stacbuild.failures import Fault
from stacbuild.sources import pages
from stacbuild.sources.base import Shard, SourceUnreadable
from stacbuild.sources.pages import Page
from stacbuild.sources.stamps import is_settled, stamp_of

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_STAY: Final = "the items below it stay as they were last built; take the link out if they shall go"
_EXAMPLES: Final = 3
_SHOWN: Final = 200


class Place(NamedTuple):
    """A file that a link leads to: its name relative to the recipe's folder, and where it really is."""

    name: str
    real: str


class Links(Struct):
    """Links that were not followed, of one sort: how many, and some of them with the document that they stand in."""

    count: int = 0
    examples: list[str] = []

    def add(self, page: str, href: str) -> None:
        """Count one; of an href what may be a secret is not kept."""
        self.count += 1
        if len(self.examples) < _EXAMPLES:
            shown = re.sub(r"//[^/@]*@", "//", href.partition("?")[0])[:_SHOWN]
            self.examples = [*self.examples, f"{page}: {shown}"]


class Crawl(Struct):
    """What a walk found."""

    shards: list[Shard] = field(default_factory=list)
    """The documents and the items, ordered by name."""
    pages: dict[str, Page] = field(default_factory=dict)
    """The documents by their names, in the order of the walk: to be remembered."""
    read: set[str] = field(default_factory=set)
    """The documents that were read, or tried."""
    moved: bool = False
    """The documents are others than those known, or were looked at again."""
    dangling: Links = field(default_factory=Links)
    """Links to what is not there, or is no file."""
    outside: Links = field(default_factory=Links)
    """Links to files outside of the root's folder."""
    remote: Links = field(default_factory=Links)
    """Links to URLs."""
    bad: Links = field(default_factory=Links)
    """Links that say nowhere to."""
    tree: bytes = b""
    """Digest of what the documents say, and of what stands below which."""


def crawl(name: str, root: Path, known: dict[str, Page], *, follow: bool, reread: bool) -> Crawl:
    """Return what the catalog at `name` holds.

    Args:
        name: its root document, relative to the recipe's folder.
        root: the recipe's folder.
        known: the pages of the last walk.
        follow: go to files outside of the root document's folder too.
        reread: read every document, whatever its stamp says.
    """
    return _Walk(name, root, known, follow=follow, reread=reread).run()


class _Walk:
    def __init__(self, name: str, root: Path, known: dict[str, Page], *, follow: bool, reread: bool) -> None:
        self._name, self._root, self._known = name, root, known
        self._follow, self._reread = follow, reread
        self._base = str(root)
        self._within = os.path.realpath(root / posixpath.dirname(name)) + os.sep
        self._folders: dict[str, str] = {}
        self._seen: set[str] = set()
        self._home = ""
        self._tree = xxhash.xxh3_128()
        self._found = Crawl()

    def run(self) -> Crawl:
        """Go over the tree, a document before what it links to, in the order of its links."""
        todo: list[tuple[Place, str, str]] = [(self._root_place(), "", "")]
        while todo:
            place, collection, above = todo.pop()
            todo.extend(reversed([(*child, place.name) for child in self._visit(place, collection, above)]))
        self._found.shards.sort(key=lambda shard: shard.name)
        others = bool(self._found.read) or self._found.pages.keys() != self._known.keys()
        self._found.moved = self._found.moved or others
        self._found.tree = self._tree.digest()
        return self._found

    def _root_place(self) -> Place:
        real = os.path.realpath(self._root / self._name)
        self._seen.add(real)
        return Place(self._name, real)

    # --- one document

    def _visit(self, place: Place, collection: str, above: str) -> Iterator[tuple[Place, str]]:
        """Take a document in, with its items; yield its children with the collection that they stand in."""
        page, trouble = self._page(place.name)
        is_root = place.name == self._name
        if page.kind == "Item" and trouble is None:
            if is_root:
                trouble = Fault("fetch", "SB427", f"{place.name} is no Catalog or Collection", "", "name its root")
            else:
                self._found.pages[place.name] = page
                self._found.shards.append(
                    Shard(place.name, self._root / place.name, named=False, within=collection, page=above)
                )
                self._stands(page, place.name, above, [])
                return
        self._found.pages[place.name] = page
        self._found.shards.append(
            Shard(place.name, self._root / place.name, within=collection, above=True, trouble=trouble)
        )
        if is_root:
            self._home = page.home
        if page.kind == "Collection" and page.id:
            collection = page.id
        if page.bad:
            self._found.bad.add(place.name, "links")
            self._found.bad.count += page.bad - 1
        items = self._take_items(place.name, page, collection, kept=trouble is not None)
        self._stands(page, place.name, above, items)
        for child in self._places(place.name, page.children, page.odd_children, kept=trouble is not None):
            yield child, collection

    def _take_items(self, name: str, page: Page, collection: str, *, kept: bool) -> list[str]:
        """Take the items of a document in and return their names."""
        items = [item.name for item in self._places(name, page.items, page.odd_items, kept=kept)]
        self._found.shards.extend(
            Shard(item, self._root / item, named=kept, within=collection, page=name) for item in items
        )
        return items

    def _stands(self, page: Page, name: str, above: str, items: list[str]) -> None:
        """Note where a document stands, and what it leads to."""
        held = len(items)
        self._found.moved = self._found.moved or (page.above, page.held) != (above, held)
        page.above, page.held = above, held
        told = "\0".join([name, above, page.kind, page.id, *items, str(len(items)), ""])
        self._tree.update(told.encode(errors="surrogatepass") + page.about)

    def _page(self, name: str) -> tuple[Page, Fault | None]:
        """Return a document's page; where it cannot be read the one of before, and why."""
        known, file = self._known.get(name), self._root / name
        for _ in range(2):
            stamp, seen = stamp_of(file), time.time_ns()
            if known is not None and not self._reread and known.stamp == stamp and _is_fresh(known):
                return known, None
            self._found.read.add(name)
            if stamp is None:
                text = f"{name} is not there, or cannot be reached"
                return _stale(known), Fault("fetch", "SB411", text, "", _STAY)
            try:
                page = pages.read(file, name, stamp, seen)
            except SourceUnreadable as error:
                return _stale(known), Fault("fetch", error.code, error.message, "", error.hint or _STAY)
            if stamp_of(file) == stamp:
                return page, None
        return _stale(known), Fault("fetch", "SB490", f"{name} changed while it was read, twice", "", _STAY)

    # --- where links lead

    def _places(self, page: str, paths: list[str], odd: list[str], *, kept: bool) -> Iterator[Place]:
        """Yield the files that links lead to, each once in a walk; `kept`: also those that are not there."""
        for path in paths:
            yield from self._place(page, path, [path], kept=kept)
        for href in odd:
            yield from self._place(page, href, self._candidates(href, posixpath.dirname(page)), kept=kept)

    def _place(self, page: str, href: str, candidates: list[str], *, kept: bool) -> Iterator[Place]:
        real = None
        for name in candidates:
            if (real := self._real(name)) is not None:
                break
        else:
            if not candidates:
                self._found.remote.add(page, href)
                return
            name = next(filter(self._is_known, candidates), candidates[0])
            if not kept and not self._is_known(name):
                self._found.dangling.add(page, href)
                return
            real = os.path.realpath(f"{self._base}/{name}")
        if real in self._seen:
            return
        if not self._follow and not real.startswith(self._within):
            self._found.outside.add(page, href)
            return
        self._seen.add(real)
        yield Place(name, real)

    def _is_known(self, name: str) -> bool:
        """Tell whether a name was a document's: what stood below it stays where it is not there any more."""
        return name in self._known and self._known[name].kind != "Item"

    def _real(self, name: str) -> str | None:
        """Return where a file really is; None: there is none."""
        path = f"{self._base}/{name}"
        try:
            mode = os.lstat(path).st_mode
            if stat.S_ISLNK(mode):
                mode, real = os.stat(path).st_mode, os.path.realpath(path)  # noqa: PTH116  text is faster by half
            else:
                folder, _, file = path.rpartition("/")
                if folder not in self._folders:
                    self._folders[folder] = os.path.realpath(folder)
                real = f"{self._folders[folder]}/{file}"
        except (OSError, ValueError):
            return None
        return real if stat.S_ISREG(mode) else None

    def _candidates(self, href: str, folder: str) -> list[str]:
        """Return the names that an href with special characters may mean, likeliest first; none for a URL."""
        if self._home and href.startswith(self._home):
            return self._near(href[len(self._home) :], posixpath.dirname(self._name))
        if href.startswith("file:"):
            return [self._own(unquote(urlsplit(href).path))]
        if _URL.match(href) or href.startswith("//"):
            return []
        if href.startswith("/"):
            return [self._own(href), self._own(unquote(href))]
        return self._near(href, folder)

    def _near(self, href: str, folder: str) -> list[str]:
        bare = re.split(r"[?#]", href, maxsplit=1)[0]
        forms = [href, unquote(href), bare, unquote(bare), href.replace("\\", "/")]
        return list(dict.fromkeys(posixpath.normpath(posixpath.join(folder, form)) for form in forms if form))

    def _own(self, path: str) -> str:
        return os.path.relpath(path or "/", self._base).replace(os.sep, "/")


def _is_fresh(page: Page) -> bool:
    return page.stamp is not None and is_settled(page.stamp, page.seen_ns)


def _stale(known: Page | None) -> Page:
    """Return what stands for a document that cannot be read: what was known of it, to be read again."""
    return Page(None, 0) if known is None else structs.replace(known, stamp=None)
