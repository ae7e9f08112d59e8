"""The `stac-json` output: catalog.json, a folder a collection with collection.json, one file an item.

Paths follow `layout`; a part with a date in it makes a sub-catalog. Never touches the disk.
"""

from __future__ import annotations

import itertools
import os
import posixpath
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import xxhash

from stacbuild import canon, keys
from stacbuild.outputs import document, names, readme
from stacbuild.outputs.base import Item, Rank, Table, View, Wanted, split_base, taken
from stacbuild.outputs.order import pieces
from stacbuild.recipe.schema import StacJsonOutput

JSON: Final = "application/json"
GEOJSON: Final = "application/geo+json"
MARKDOWN: Final = "text/markdown"
PARQUET: Final = "application/vnd.apache.parquet"
MIRROR: Final = "collection-mirror"
"""The role of an asset with all items of a collection (stac-geoparquet), and what it is called."""
_DATES: Final = ("{year}", "{month}", "{day}")
_CATALOG, _LIST, _README = "catalog.json", "collections.json", "README.md"
_DOCUMENTS: Final = (_CATALOG, "collection.json", _LIST, _README)


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
    """Folder of a collection or sub-catalog → the sub-catalogs right below it."""


class StacJson:
    """A tree of STAC documents."""

    kind = "stac-json"
    documents = True

    def __init__(self, name: str, spec: StacJsonOutput, root: Path) -> None:
        self.name, self.path, self._spec = name, spec.path, spec
        self.base, self._top = split_base(root, spec.path)
        self._root = str(root)
        self._tree_held: Tree | None = None
        self.gives_items = spec.items
        self._table: Table | None = None
        self.settings = self._settings()
        drawn = {key: getattr(spec, key) for key in ("layout", "links", "base_url", "indent")}
        self._item_settings = keys.settings({"kind": self.kind, "revision": 1, **drawn, "path": self._top})
        """Digest of what decides an item's bytes: what is told of collections does not."""

    def _settings(self) -> bytes:
        settings = {**msgspec.to_builtins(self._spec), "path": self._top}
        if self._table is not None:
            settings["mirror"] = os.path.relpath(os.path.join(self._root, self._table.path), self.base)  # noqa: PTH118  text
        return keys.settings({"kind": self.kind, "revision": 1, **settings})

    def name_table(self, table: Table) -> None:
        """Take the output whose file each collection names as its mirror."""
        self._table = table
        self.settings = self._settings()

    def takes(self, names: list[str]) -> list[str]:
        """Return which collections it takes."""
        return taken(self._spec.collections, names)

    # --- which files

    def files(self, view: View) -> Iterator[Wanted]:
        """Yield every document of the tree."""
        folders = self._folders(view)
        titles = [[name, folders[name], _title(view, name)] for name in folders]
        yield self._wanted(_CATALOG, Rank.ROOT, "", [view.catalog(), titles])
        if self._spec.collections_file:
            told = [[folder, view.document(name), self._mirror(view, name, "")] for name, folder in folders.items()]
            yield self._wanted(_LIST, Rank.ROOT, "", told)
        if self._spec.readme:
            yield self._wanted(_README, Rank.ROOT, "", [readme.text(self._page(view))])
        for collection, folder in folders.items():
            state = view.state(collection).hex() if self._spec.items else ""
            if self._spec.items:
                yield from self._members_of(view, collection, state)
            facts = [state, view.document(collection), self._mirror(view, collection, "")]
            yield self._wanted(f"{folder}/collection.json", Rank.COLLECTION, collection, facts)

    def _members_of(self, view: View, collection: str, state: str) -> Iterator[Wanted]:
        """Yield the files of a collection's items and sub-catalogs."""
        tree = self._tree(view, collection)
        for path, item in zip(tree.paths, view.items(collection), strict=True):
            yield Wanted(path, self._item_want(item, path), Rank.DATA, collection, item)
        facts = [state, _title(view, collection), view.catalog()["stac_version"]]
        for part in sorted(tree.parts.keys() | tree.items.keys()):
            if part != tree.folder:
                yield self._wanted(f"{part}/catalog.json", Rank.PART, collection, facts)

    def _wanted(self, path: str, rank: Rank, collection: str, facts: list[Any]) -> Wanted:
        blob = msgspec.json.encode(facts, order="sorted")
        return Wanted(f"{self._top}/{path}", xxhash.xxh3_128_digest(self.settings + blob), rank, collection)

    def _item_want(self, item: Item, path: str) -> bytes:
        return xxhash.xxh3_128_digest(item.digest + self._item_settings + path.encode())

    def _folders(self, view: View) -> dict[str, str]:
        return names.names(self.takes(view.names()), (_CATALOG, _LIST, _README))

    def _tree(self, view: View, collection: str) -> Tree:
        state = view.state(collection)
        held = self._tree_held
        if held is None or held.collection != collection or held.state != state:
            folder = self._folders(view)[collection]
            paths = self._paths(view, collection, folder)
            held = self._tree_held = Tree(collection, state, folder, paths, {}, {})
            self._hang(held)
        return held

    def _paths(self, view: View, collection: str, folder: str) -> list[str]:
        """Return the path of each item: its id is escaped among those of its folder."""
        items = view.items(collection)
        stems: dict[str, list[int]] = {}
        for position, item in enumerate(items):
            stem = _dated(self._spec.layout, item.when).replace("{collection}", folder)
            stems.setdefault(stem, []).append(position)
        paths = [""] * len(items)
        for stem, positions in stems.items():
            found = names.names((items[position].id for position in positions), _taken(stem))
            for position in positions:
                paths[position] = f"{self._top}/{stem.replace('{id}', found[items[position].id])}"
        return paths

    def _hang(self, tree: Tree) -> None:
        """Hang each item below the document that links to it: its innermost sub-catalog, else the collection."""
        for position, path in enumerate(tree.paths):
            chain = [tree.folder, *self._dated_folders(path[len(self._top) + 1 :])]
            tree.items.setdefault(chain[-1], []).append(position)
            for above, below in itertools.pairwise(chain):
                known = tree.parts.setdefault(above, [])
                if below not in known:
                    known.append(below)

    def _dated_folders(self, path: str) -> list[str]:
        """Return the folders of `path` that are sub-catalogs: those that a date of the layout names."""
        parts = path.split("/")
        return [
            "/".join(parts[: number + 1])
            for number, part in enumerate(self._spec.layout.split("/")[:-1])
            if any(date in part for date in _DATES)
        ]

    def read_back(self, path: str) -> Iterator[tuple[dict[str, Any], str]]:
        """Yield the document in a file, and its folder relative to the recipe's."""
        file = self.base / path
        if file.suffix == ".json":
            folder = os.path.relpath(file.parent, self._root).replace(os.sep, "/")
            yield canon.decode(file.read_bytes()), "" if folder == "." else folder

    # --- what is in them

    def content(self, view: View, wanted: Wanted) -> Iterator[bytes]:
        """Yield a document's bytes."""
        path = wanted.path[len(self._top) + 1 :]
        if wanted.item is not None:
            yield self._item(view, self._tree(view, wanted.collection), wanted.item, path)
        elif wanted.rank is Rank.ROOT:
            yield from self._root_document(view, path)
        elif wanted.rank is Rank.COLLECTION:
            yield from self._collection(view, wanted.collection, path)
        else:
            yield from self._part(view, wanted.collection, path)

    def _href(self, folder: str, target: str) -> str:
        base_url = self._spec.base_url
        if self._spec.links == "absolute" and base_url is not None:
            return names.url(base_url, target)
        return names.relative(folder, target)

    def _item(self, view: View, tree: Tree, item: Item, path: str) -> bytes:
        here = posixpath.dirname(path)
        home = f"{tree.folder}/collection.json"
        parts = self._dated_folders(path)
        parent = f"{parts[-1]}/catalog.json" if parts else home
        links = [*self._above(here, parent), document.link("collection", self._href(here, home), JSON)]
        links.extend(self._self(here, path, GEOJSON))
        line = document.with_links(view.read(item), item.links, document.packed(links))
        if item.local:
            folder = str(self.base.joinpath(self._top, here))
            line = document.with_hrefs(line, document.href_from(folder, self._root))
        return document.pretty(line, self._spec.indent)

    def _above(self, here: str, parent: str) -> list[dict[str, str]]:
        root = document.link("root", self._href(here, "catalog.json"), JSON)
        return [root, document.link("parent", self._href(here, parent), JSON)]

    def _self(self, here: str, path: str, media_type: str) -> list[dict[str, str]]:
        absolute = self._spec.links == "absolute"
        return [document.link("self", self._href(here, path), media_type)] if absolute else []

    def _root_document(self, view: View, path: str) -> Iterator[bytes]:
        if path == _LIST:
            yield from document.listed(self._listed(view), self._spec.indent)
        elif path == _README:
            yield readme.text(self._page(view)).encode()
        else:
            yield self._catalog(view)

    def _catalog(self, view: View) -> bytes:
        links = [document.link("root", self._href("", _CATALOG), JSON)]
        if self._spec.base_url is not None:
            links.append(document.link("self", names.url(self._spec.base_url, _CATALOG), JSON))
        if self._spec.readme:
            links.append(document.link("describedby", self._href("", _README), MARKDOWN))
        for name, folder in self._folders(view).items():
            href = self._href("", f"{folder}/collection.json")
            links.append(document.link("child", href, JSON, _title(view, name)))
        return document.document({**view.catalog(), "links": links}, self._spec.indent)

    def _collection(self, view: View, collection: str, path: str) -> Iterator[bytes]:
        here = posixpath.dirname(path)
        facts = self._facts(view, collection, here, [*self._above(here, _CATALOG), *self._self(here, path, JSON)])
        if not self._spec.items:
            yield document.document(facts, self._spec.indent)
            return
        members = self._members(self._tree(view, collection), view.items(collection), here)
        yield from pieces(document.with_members(facts, members, self._spec.indent))

    def _facts(self, view: View, collection: str, here: str, links: list[dict[str, str]]) -> dict[str, Any]:
        """Return a collection's document as it stands in the folder `here`, with `links` before its own."""
        facts = view.document(collection)
        rewrite = document.href_from(str(self.base.joinpath(self._top, here)), self._root)
        found = {**facts, "links": [*links, *(_moved(link, rewrite) for link in facts.get("links", []))]}
        if "assets" in facts:
            found["assets"] = {name: _moved(asset, rewrite) for name, asset in facts["assets"].items()}
        mirror = self._mirror(view, collection, here)
        if mirror is not None:
            asset = {"href": mirror, "type": PARQUET, "title": "All items as GeoParquet", "roles": [MIRROR]}
            found["assets"] = {**found.get("assets", {}), MIRROR: asset}
        return found

    def _mirror(self, view: View, collection: str, here: str) -> str | None:
        """Return the href of the table that holds a collection whole, from the folder `here` of the tree."""
        path = None if self._table is None else self._table.path_of(view, collection)
        if self._table is None or path is None:
            return None
        way = os.path.relpath(self._table.base / path, self.base / self._top).replace(os.sep, "/")
        within = not way.startswith("../")
        return self._href(here, way) if within else names.relative(here, way).removeprefix("./")

    def _listed(self, view: View) -> Iterator[dict[str, Any]]:
        """Yield the collections as they stand in the plain list: with a link to their documents, not to their items."""
        for collection, folder in self._folders(view).items():
            path = f"{folder}/collection.json"
            rel = "self" if self._spec.links == "absolute" else "canonical"
            own = document.link(rel, self._href("", path), JSON)
            yield self._facts(view, collection, "", [*self._above("", _CATALOG), own])

    def _page(self, view: View) -> readme.Page:
        url = self._spec.base_url
        told = [self._told(view, collection, folder) for collection, folder in self._folders(view).items()]
        home = _CATALOG if url is None else names.url(url, _CATALOG)
        return readme.Page(view.catalog(), home, self._spec.items, told)

    def _told(self, view: View, collection: str, folder: str) -> readme.Told:
        facts, count = view.document(collection), view.fold(collection).count
        mirror = self._mirror(view, collection, "")
        href = names.relative("", f"{folder}/collection.json")
        return readme.Told(
            _title(view, collection), href, count, str(facts.get("license", "")), facts.get("extent"), mirror
        )

    def _part(self, view: View, collection: str, path: str) -> Iterator[bytes]:
        here = posixpath.dirname(path)
        tree = self._tree(view, collection)
        above = next(folder for folder, parts in tree.parts.items() if here in parts)
        parent = f"{above}/{'collection' if above == tree.folder else 'catalog'}.json"
        own = [*self._above(here, parent), *self._self(here, path, JSON)]
        title = posixpath.basename(here)
        facts = {
            "type": "Catalog",
            "stac_version": view.catalog()["stac_version"],
            "id": here.replace("/", "-"),
            "title": title,
            "description": f"{_title(view, collection)}: {title}",
            "links": own,
        }
        members = self._members(tree, view.items(collection), here)
        return pieces(document.with_members(facts, members, self._spec.indent))

    def _members(self, tree: Tree, items: list[Item], here: str) -> Iterator[dict[str, str]]:
        """Yield the links of a collection or sub-catalog to what is right below it."""
        for part in sorted(tree.parts.get(here, [])):
            href = self._href(here, f"{part}/catalog.json")
            yield document.link("child", href, JSON, posixpath.basename(part))
        for position in tree.items.get(here, []):
            item, href = items[position], self._href(here, tree.paths[position][len(self._top) + 1 :])
            yield document.link("item", href, GEOJSON, item.title or item.id)


def _moved(part: dict[str, Any], rewrite: Callable[[str], str]) -> dict[str, Any]:
    """Return an asset or a link with its href as it is written."""
    href = part.get("href")
    return {**part, "href": rewrite(href)} if isinstance(href, str) else part


def _title(view: View, collection: str) -> str:
    return str(view.document(collection).get("title", collection))


def _taken(stem: str) -> Iterator[str]:
    """Yield what an id may not be, so that its file or folder is not called like one of our documents."""
    for part in stem.split("/"):
        before, mark, after = part.partition("{id}")
        for name in _DOCUMENTS if mark else ():
            if name.startswith(before) and name.endswith(after) and len(name) > len(before) + len(after):
                yield name[len(before) : len(name) - len(after)]


def _dated(layout: str, when: str) -> str:
    """Return the layout with the parts of a date, `undated` where there is none."""
    year, month, day = when[:4], when[5:7], when[8:10]
    for name, value in zip(_DATES, (year, month, day), strict=True):
        layout = layout.replace(name, value or "undated")
    return layout
