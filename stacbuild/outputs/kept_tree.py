"""Where the documents of a tree stand that keeps its sources' folders: a node each, and which items hang below it.

A Collection upstream that is a collection of ours stands where it stood, and so do the Catalogs above and below it, and
the items that name it. Items that the recipe gave their collection are below it: with the folders between, where
upstream they were below it; with all folders, where no document upstream is that collection; else right below. Paths
are made of ids. PURE.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import Struct

from stacbuild.outputs import names
from stacbuild.outputs.base import Folder, Tree

LONGEST: Final = 700
"""Bytes of a folder's path; a deeper one begins again at the top, as file systems take some 4,000 of a whole path."""

OF_COLLECTIONS: Final = (
    "extent",
    "license",
    "providers",
    "summaries",
    "keywords",
    "assets",
    "item_assets",
    "stac_extensions",
)
"""What a Catalog of ours does not say that is a Collection upstream, and of which the recipe makes none."""

_DATES: Final = {"{year}": r"\d{4}|undated", "{month}": r"\d{2}|undated", "{day}": r"\d{2}|undated"}


class Node(Struct, eq=False):
    """A document above items: the root, a collection, or a Catalog of a source."""

    id: str
    above: Node | None
    collection: str = ""
    """The collection whose document it is; "" of a Catalog."""
    folder: str = ""
    """Below the top; "" is the top."""
    said: str = ""
    """The folder of a source (`Folder.name`) that it stands for; "" for none."""
    digest: bytes = b""
    lowered: bool = False
    """That is a Collection, and none of ours."""
    mark: str = ""
    """What tells it from others of its id there."""
    below: list[Node] = []
    guests: list[str] = []
    """Collections whose items hang below it, in order."""
    turn: int = 0

    @property
    def document(self) -> str:
        """The path of its document."""
        return posixpath.join(self.folder, "collection.json" if self.collection else "catalog.json")


class Skeleton:
    """The nodes of one output: `nodes` by folder, `homes` by collection."""

    def __init__(self, trees: list[Tree], places: dict[str, set[str]], taken: tuple[str, ...], layout: str) -> None:
        self.root = Node("", None)
        self.homes: dict[str, Node] = {}
        self.nodes: dict[str, Node] = {}
        self.apart: dict[str, Node] = {}
        """By the folder that holds the items of another collection than that which their node is of."""
        self._taken, self._clashing = taken, _pattern(layout)
        self._main: dict[str, Node] = {}
        self._copies: dict[tuple[str, int], Node] = {}
        self._children: dict[tuple[int, bool, str], Node] = {}
        self._every: list[Node] = []
        self._free: set[str] = set()
        """Collections that no document upstream is."""
        self._named = frozenset(name for tree in trees for name in tree.named)
        folders = {folder.name: folder for tree in trees for folder in tree.folders}
        anchors = _anchors(trees, places)
        for tree in trees:
            self._grow(tree, anchors)
        for name in places:
            if name not in self.homes:
                self._free.add(name)
                self.homes[name] = self._child(self.root, name, collection=name)
        self._name()
        hosts = self._take(places)
        bare = [self._main[name] for name, one in folders.items() if one.bare and not one.is_collection]
        self._prune([*self.homes.values(), *hosts, *bare])

    # --- growing

    def _grow(self, tree: Tree, anchors: dict[str, str]) -> None:
        """Put a source's folders to the nodes; those of one id below one node are one, if of two sources."""
        alike = Counter((folder.above, folder.id) for folder in tree.folders if folder.name not in anchors)
        for folder in tree.folders:
            above, name = self._main.get(folder.above, self.root), anchors.get(folder.name)
            if name is not None:
                node = self.homes.get(name) or self._child(above, name, collection=name)
                self.homes[name] = node
            elif not folder.above:
                node = self.root
            else:
                mark = folder.place if alike[folder.above, folder.id] > 1 else ""
                node = self._child(above, folder.id, mark=mark)
            if node is not self.root and not node.said:
                node.said, node.digest, node.lowered = folder.name, folder.digest, folder.is_collection
            self._main[folder.name] = node

    def _child(self, above: Node, identity: str, *, collection: str = "", mark: str = "") -> Node:
        key = (id(above), bool(collection), f"{identity}\0{mark}")
        if key not in self._children:
            node = self._children[key] = Node(identity, above, collection, mark=mark)
            above.below.append(node)
            self._every.append(node)
        return self._children[key]

    # --- paths

    def _name(self) -> None:
        """Give every node its folder: its id, with a mark where that is not one of its own there."""
        todo = [self.root]
        while todo:
            above = todo.pop()
            ids = {node.id for node in above.below}
            taken = [*self._taken, *(one for one in ids if self._clashing.fullmatch(names.escape(one)[0]))]
            found = names.names(sorted(ids), taken)
            shared = Counter(node.id for node in above.below)
            for node in above.below:
                alone = shared[node.id] == 1 or node.collection
                node.folder = _path(above.folder, found[node.id] if alone else _marked(node.id, node.mark))
            todo.extend(above.below)

    # --- items

    def stands(self, collection: str, place: str) -> Node:
        """Return the node that items of a collection hang below which hung below the folder `place` upstream."""
        home, node = self.homes[collection], self._main.get(place)
        if node is None or node is self.root:
            return home
        if collection in self._named:
            return node
        if collection in self._free:
            return self._copy(collection, node)
        above: Node | None = node
        while above is not None and above is not home:
            above = above.above
        return home if above is None else node

    def _copy(self, collection: str, node: Node) -> Node:
        """Return what stands for a node below a collection that no document upstream is."""
        chain: list[Node] = []
        here: Node | None = node
        while here is not None and here is not self.root and (collection, id(here)) not in self._copies:
            chain.append(here)
            here = here.above
        last = self._copies.get((collection, id(here)), self.homes[collection])
        for one in reversed(chain):
            folder = _path(self.homes[collection].folder, one.folder)
            copy = Node(one.id, last, folder=folder, said=one.said, digest=one.digest, lowered=one.lowered)
            last.below.append(copy)
            last = self._copies[collection, id(one)] = copy
        return last

    def items_folder(self, collection: str, node: Node) -> str:
        """Return the folder for items of a collection that hang below a node, apart from those at home there."""
        here: Node | None = node
        while here is not None and not here.collection:
            here = here.above
        if node.guests == [collection] or (here is not None and here.collection == collection):
            return node.folder
        folder = _path(node.folder, _marked(collection, "items"))
        self.apart[folder] = node
        return folder

    def _take(self, places: dict[str, set[str]]) -> list[Node]:
        """Note which collections' items hang below which node, and return those nodes."""
        every: dict[int, Node] = {}
        for collection, some in places.items():
            hosts = {id(node): node for node in (self.stands(collection, place) for place in some)}
            every |= hosts
            for node in hosts.values():
                node.guests.append(collection)
        return [*every.values()]

    # --- what is there

    def _prune(self, kept: Iterable[Node]) -> None:
        """Leave the nodes that something hangs below, and order what each leads to by id."""
        alive = {id(self.root)}
        for node in kept:
            here: Node | None = node
            while here is not None and id(here) not in alive:
                alive.add(id(here))
                here = here.above
        for node in self._walk():
            node.below = sorted((one for one in node.below if id(one) in alive), key=lambda one: (one.id, one.folder))
        walked = [*self._walk()]
        for turn, node in enumerate(reversed(walked)):
            node.turn = turn
            self.nodes[node.folder] = node

    def _walk(self) -> Iterator[Node]:
        """Yield each node before what is below it; what is below one follows it without a gap."""
        todo = [self.root]
        while todo:
            node = todo.pop()
            yield node
            todo.extend(reversed(node.below))


def _anchors(trees: list[Tree], places: dict[str, set[str]]) -> dict[str, str]:
    """Return which folder of each source is which collection: a Collection of its id, else a Catalog below the root."""
    found: dict[str, str] = {}
    for tree in trees:
        mine: dict[str, Folder] = {}
        wanted = tree.collections & places.keys()
        for folder in sorted(tree.folders, key=lambda folder: not folder.is_collection):
            if folder.id in wanted and (folder.is_collection or folder.above):
                mine.setdefault(folder.id, folder)
        found.update((folder.name, name) for name, folder in mine.items())
    return found


def _pattern(layout: str) -> re.Pattern[str]:
    """Return what the folders of a layout right below `{collection}` are called, but for those of items."""
    part = layout.partition("/")[2].partition("/")[0] if layout.count("/") > 1 else "{id}"
    if "{id}" in part:
        return re.compile(r"(?!)")
    pieces = re.split(r"(\{[a-z]+\})", part)
    made = (f"(?:{_DATES[one]})" if one in _DATES else re.escape(one) for one in pieces)
    return re.compile("".join(made), re.IGNORECASE)


def _path(above: str, name: str) -> str:
    """Return the path of folder `name`; where it is too long, one that begins at the top."""
    path = posixpath.join(above, name)
    return path if len(path) <= LONGEST else f"~{hashlib.sha256(path.encode()).hexdigest()[:16]}"


def _marked(identity: str, mark: str) -> str:
    digest = hashlib.sha256(f"{identity}\0{mark}".encode()).hexdigest()
    return f"{names.escape(identity)[0]}~{digest[:8]}"
