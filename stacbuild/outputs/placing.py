"""Where the items of one collection stand in a tree: the file of each, and the document that links to it.

Paths follow a layout; a part with a date in it makes a sub-catalog. PURE.
"""

from __future__ import annotations

import itertools
import posixpath
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

import xxhash

from stacbuild.outputs import names
from stacbuild.outputs.base import Item
from stacbuild.outputs.kept_tree import Node, Skeleton

CATALOG, COLLECTION, LIST, README = "catalog.json", "collection.json", "collections.json", "README.md"
DOCUMENTS: Final = (CATALOG, COLLECTION, LIST, README)

_DATES: Final = ("{year}", "{month}", "{day}")


class Tree(NamedTuple):
    """Where one collection's documents stand, below the top."""

    collection: str
    state: bytes
    folder: str
    paths: list[str]
    """The file of each item, in the items' order; below the output's base as in `Wanted`."""
    items: dict[str, list[int]]
    """Folder of a document with item links → positions of those items in order."""
    parts: dict[str, list[str]]
    """Folder of a collection or sub-catalog → the sub-catalogs of dates right below it."""
    told: dict[str, str]
    """Folder of a source's tree that is kept → what moves when the links do that its document has of them."""

    def hung(self, folder: str, items: list[Item]) -> str:
        """Return what moves when the links do to what is right below `folder`."""
        below = sorted(self.parts.get(folder, ()))
        told = [f"{self.paths[n]}\0{items[n].title or items[n].id}" for n in self.items.get(folder, ())]
        return xxhash.xxh3_128_hexdigest("\0".join([*below, "", *told]).encode())


class Layout:
    """A layout, below the folder `top` of an output's base."""

    def __init__(self, layout: str, top: str) -> None:
        self._layout, self._top = layout, top
        self._deep = layout.count("/")
        parts = layout.split("/")[:-1]
        self._dated = [number for number, part in enumerate(parts) if any(date in part for date in _DATES)]

    def tree(self, name: str, state: bytes, folder: str, items: list[Item], kept: Skeleton | None) -> Tree:
        """Return where the items of a collection stand whose document is in `folder`; `kept`: among its sources'."""
        tree = Tree(name, state, folder, self._paths(name, folder, items, kept), {}, {}, {})
        for position, path in enumerate(tree.paths):
            self._hang(tree, position, path[len(self._top) + 1 :], kept)
        if kept is not None:
            _tell(tree, items, kept)
        return tree

    def standing(self, folder: str, item: Item, held: Callable[[str], bytes | None]) -> str | None:
        """Return the path of an item that stands in the tree of a collection whose document is in `folder`.

        None where that cannot be told of the item alone: whether its name has a mark depends on the others'.
        """
        paths = [f"{self._top}/{self._stem(folder, folder, item).replace('{id}', n)}" for n in names.either(item.id)]
        found = [path for path in paths if held(path) is not None]
        return found[0] if len(found) == 1 else None

    def _stem(self, above: str, folder: str, item: Item) -> str:
        """Return the layout with all that is known of an item but its name; `above` stands for its collection first."""
        stem = _dated(self._layout, item.when).replace("{collection}", above, 1)
        return stem.replace("{collection}", posixpath.basename(folder))

    def parent(self, kept: Skeleton | None, folder: str, path: str) -> str:
        """Return the document that links to the item at `path`, whose collection's document stands in `folder`."""
        parts = self.sub_catalogs(path)
        if parts:
            return f"{parts[-1]}/{CATALOG}"
        return f"{folder}/{COLLECTION}" if kept is None else self._node(kept, path).document

    def sub_catalogs(self, path: str) -> list[str]:
        """Return the folders of `path` that are sub-catalogs: those that a date of the layout names."""
        parts = path.split("/")
        deeper = len(parts) - 1 - self._deep
        return ["/".join(parts[: number + 1 + deeper]) for number in self._dated]

    def _paths(self, name: str, folder: str, items: list[Item], kept: Skeleton | None) -> list[str]:
        """Return the path of each item: its id is escaped among those of its folder."""
        stems: dict[tuple[str, str], list[int]] = {}
        places: dict[str, tuple[str, str]] = {}
        for position, item in enumerate(items):
            if item.above not in places:
                places[item.above] = _place(kept, name, item.above, folder)
            above, node = places[item.above]
            stems.setdefault((self._stem(above, folder, item), node), []).append(position)
        paths = [""] * len(items)
        for (stem, node), positions in stems.items():
            below = () if kept is None else [one.id for one in kept.nodes[node].below]
            taken = [*_taken(stem, DOCUMENTS), *_taken(stem, below)]
            found = names.names((items[position].id for position in positions), taken)
            for position in positions:
                paths[position] = f"{self._top}/{stem.replace('{id}', found[items[position].id])}"
        return paths

    def _hang(self, tree: Tree, position: int, path: str, kept: Skeleton | None) -> None:
        """Hang an item below the document that links to it: its innermost sub-catalog, else the one above those."""
        home = tree.folder if kept is None else self._node(kept, path).folder
        chain = [home, *self.sub_catalogs(path)]
        tree.items.setdefault(chain[-1], []).append(position)
        for above, below in itertools.pairwise(chain):
            known = tree.parts.setdefault(above, [])
            if below not in known:
                known.append(below)

    def _node(self, kept: Skeleton, path: str) -> Node:
        """Return the node that the item at `path` hangs on."""
        folder = "/".join(path.split("/")[: path.count("/") - self._deep + 1])
        return kept.nodes.get(folder) or kept.apart[folder]


def _tell(tree: Tree, items: list[Item], kept: Skeleton) -> None:
    """Note what moves when the links of the documents do that a tree is kept with."""
    for here in sorted(kept.nodes.keys() & (tree.items.keys() | tree.parts.keys())):
        hasher = xxhash.xxh3_128("\0".join([*sorted(tree.parts.get(here, ())), ""]).encode())
        for position in tree.items.get(here, ()):
            hasher.update(f"{tree.paths[position]}\0{items[position].title}\0".encode())
        tree.told[here] = hasher.hexdigest()


def _place(kept: Skeleton | None, collection: str, above: str, folder: str) -> tuple[str, str]:
    """Return the folder for items of a collection that hung below `above` upstream, and the node that they hang on."""
    if kept is None:
        return folder, ""
    node = kept.stands(collection, above)
    return kept.items_folder(collection, node), node.folder


def _taken(stem: str, others: Iterable[str]) -> Iterator[str]:
    """Yield what an id may not be, so that its file or folder is not called like one of `others`."""
    for part in stem.split("/"):
        before, mark, after = part.partition("{id}")
        for name in others if mark else ():
            if name.startswith(before) and name.endswith(after) and len(name) > len(before) + len(after):
                yield name[len(before) : len(name) - len(after)]


def _dated(layout: str, when: str) -> str:
    """Return the layout with the parts of a date, `undated` where there is none."""
    year, month, day = when[:4], when[5:7], when[8:10]
    for name, value in zip(_DATES, (year, month, day), strict=True):
        layout = layout.replace(name, value or "undated")
    return layout
