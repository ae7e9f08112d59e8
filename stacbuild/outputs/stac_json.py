"""The `stac-json` output: catalog.json, a folder a collection with collection.json, one file an item.

Paths follow `layout`; a part with a date in it makes a sub-catalog. Where the tree of a source is kept, its folders
stand for `{collection}`. Never touches the disk but to read back.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
import xxhash

from stacbuild import canon, keys
from stacbuild.checksums import read_as_written
from stacbuild.outputs import document, names, readme
from stacbuild.outputs.base import (
    ALONE,
    NOTHING,
    Before,
    Item,
    Rank,
    Standing,
    Table,
    View,
    Wanted,
    split_base,
    taken,
)
from stacbuild.outputs.kept_tree import OF_COLLECTIONS, Node, Skeleton
from stacbuild.outputs.order import pieces
from stacbuild.outputs.placing import CATALOG, DOCUMENTS, LIST, README, Layout, Tree
from stacbuild.recipe.schema import StacJsonOutput

JSON: Final = "application/json"
GEOJSON: Final = "application/geo+json"
MARKDOWN: Final = "text/markdown"
PARQUET: Final = "application/vnd.apache.parquet"
MIRROR: Final = "collection-mirror"
"""The role of an asset with all items of a collection (stac-geoparquet), and what it is called."""


class StacJson:
    """A tree of STAC documents."""

    kind = "stac-json"
    documents = True

    def __init__(self, name: str, spec: StacJsonOutput, root: Path) -> None:
        self.name, self.path, self._spec = name, spec.path, spec
        self.base, self._top = split_base(root, spec.path)
        self._root = str(root)
        self._layout = Layout(spec.layout, self._top)
        self._is_apart = spec.layout.startswith("{collection}/")
        """The files of a collection are those below its folder."""
        self._tree_held: Tree | None = None
        self._kept_held: tuple[View, Skeleton | None] | None = None
        self._titles: dict[tuple[str, bytes], str] = {}
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
        return self.files_but(view, NOTHING)

    def files_but(self, view: View, before: Before) -> Iterator[Wanted]:
        """Yield every document of the tree but those of collections that stand as they are."""
        folders = self._folders(view)
        kept = self._kept(view)
        titles: list[Any] = [[name, folders[name], _title(view, name)] for name in folders]
        if kept is not None:
            titles = self._below(view, kept.root)
        yield self._wanted(CATALOG, Rank.ROOT, "", [view.catalog(), titles])
        if self._spec.collections_file:
            told = [[folder, view.document(name), self._mirror(view, name, "")] for name, folder in folders.items()]
            yield self._wanted(LIST, Rank.ROOT, "", told)
        if self._spec.readme:
            yield self._wanted(README, Rank.ROOT, "", [readme.text(self._page(view))])
        if kept is not None:
            yield from self._kept_files(view, kept)
            return
        for collection, folder in folders.items():
            state = view.state(collection).hex() if self._spec.items else ""
            facts = [state, view.document(collection), self._mirror(view, collection, "")]
            wanted = self._wanted(f"{folder}/collection.json", Rank.COLLECTION, collection, facts)
            if self._is_apart and before.unmoved(wanted, f"{self._top}/{folder}/"):
                continue
            if self._is_apart and (some := self._in_place(wanted, folder, before)):
                yield from some
                continue
            if self._spec.items:
                yield from self._members_of(view, collection, state)
            yield wanted

    def _in_place(self, wanted: Wanted, folder: str, before: Before) -> list[Wanted]:
        """Return the files of a collection that move with some items that stay where they are; none if others may."""
        moved, linked = before.moved(wanted.collection) or (), before.digest(wanted.path)
        paths = [self._layout.standing(folder, item, before.digest) for item in moved]
        known = [(path, item) for path, item in zip(paths, moved, strict=True) if path is not None]
        if not moved or linked is None or len(known) < len(moved) or not before.stay(f"{self._top}/{folder}/"):
            return []
        items = [Wanted(path, self._item_want(one, path), Rank.DATA, wanted.collection, one) for path, one in known]
        return [*items, msgspec.structs.replace(wanted, linked=linked)]

    def _members_of(self, view: View, collection: str, state: str) -> Iterator[Wanted]:
        """Yield the files of a collection's items and sub-catalogs."""
        tree = self._tree(view, collection)
        kept = self._kept(view)
        for path, item in zip(tree.paths, view.items(collection), strict=True):
            above = "" if kept is None else f"\0{self._layout.parent(kept, tree.folder, path[len(self._top) + 1 :])}"
            yield Wanted(path, self._item_want(item, path + above), Rank.DATA, collection, item)
        facts = [_title(view, collection), view.catalog()["stac_version"]]
        for part in sorted(tree.parts.keys() | tree.items.keys()):
            if part != tree.folder and (kept is None or part not in kept.nodes):
                told = state if kept is not None else tree.hung(part, view.items(collection))
                yield self._wanted(f"{part}/catalog.json", Rank.PART, collection, [told, *facts])

    def _wanted(self, path: str, rank: Rank, collection: str, facts: list[Any]) -> Wanted:
        blob = msgspec.json.encode(facts, order="sorted")
        return Wanted(f"{self._top}/{path}", xxhash.xxh3_128_digest(self.settings + blob), rank, collection)

    def _item_want(self, item: Item, where: str) -> bytes:
        return xxhash.xxh3_128_digest(item.digest + self._item_settings + where.encode())

    def _folders(self, view: View) -> dict[str, str]:
        kept = self._kept(view)
        if kept is not None:
            return {name: kept.homes[name].folder for name in self.takes(view.names())}
        return names.names(self.takes(view.names()), (CATALOG, LIST, README))

    def _tree(self, view: View, collection: str) -> Tree:
        state = view.state(collection)
        held = self._tree_held
        if held is None or held.collection != collection or held.state != state:
            folder = self._folders(view)[collection]
            items = view.items(collection)
            held = self._tree_held = self._layout.tree(collection, state, folder, items, self._kept(view))
        return held

    def read_back(self, path: str) -> Iterator[tuple[dict[str, Any], str]]:
        """Yield the document in a file, and its folder relative to the recipe's."""
        file = self.base / path
        if file.suffix == ".json":
            folder = os.path.relpath(file.parent, self._root).replace(os.sep, "/")
            yield canon.decode(file.read_bytes()), "" if folder == "." else folder

    # --- the trees of sources that are kept

    def _kept(self, view: View) -> Skeleton | None:
        """Return where the documents stand if a tree is kept; None where each collection is right below the root."""
        if self._kept_held is None or self._kept_held[0] is not view:
            collections = self.takes(view.names())
            trees = view.trees(collections)
            places = {name: view.places(name) for name in collections} if trees else {}
            kept = Skeleton(trees, places, DOCUMENTS, self._spec.layout) if trees else None
            self._kept_held = (view, kept)
        return self._kept_held[1]

    def _kept_files(self, view: View, kept: Skeleton) -> Iterator[Wanted]:
        """Yield the items, and the documents above them but the root, where a tree is kept."""
        told: dict[str, list[Any]] = {}
        for collection in self.takes(view.names()) if self._spec.items else ():
            yield from self._members_of(view, collection, view.state(collection).hex())
            for folder, digest in self._tree(view, collection).told.items():
                told.setdefault(folder, []).append([collection, digest])
        for node in kept.nodes.values():
            if node.above is None:
                continue
            facts: list[Any] = [node.above.document, self._below(view, node), told.get(node.folder, [])]
            if node.collection:
                facts += [view.document(node.collection), self._mirror(view, node.collection, "")]
            else:
                facts.append([node.id, node.digest.hex(), view.catalog()["stac_version"]])
            wanted = self._wanted(node.document, Rank.COLLECTION, node.collection, facts)
            yield msgspec.structs.replace(wanted, turn=node.turn)

    def _below(self, view: View, node: Node) -> list[list[str]]:
        """Return the paths and titles of the nodes below one."""
        return [[one.document, self._node_title(view, one)] for one in node.below]

    def _node_title(self, view: View, node: Node) -> str:
        if node.collection:
            return _title(view, node.collection)
        key = node.said, node.digest
        if key not in self._titles:
            self._titles[key] = str(view.said(node.said).get("title") or node.id)
        return self._titles[key]

    def _kept_document(self, view: View, node: Node) -> Iterator[bytes]:
        """Yield the document of a collection, or of a Catalog of a source, with links to what hangs below it."""
        assert node.above is not None
        here, path = node.folder, node.document
        own = [*self._above(here, node.above.document), *self._self(here, path, JSON)]
        facts = self._facts(view, node.collection, here, own) if node.collection else self._said(view, node, own)
        return pieces(document.with_members(facts, self._kept_members(view, node), self._spec.indent))

    def _said(self, view: View, node: Node, own: list[dict[str, str]]) -> dict[str, Any]:
        """Return the document of a Catalog of a source."""
        said = {k: v for k, v in view.said(node.said).items() if not (node.lowered and k in OF_COLLECTIONS)}
        title = self._node_title(view, node)
        facts = {
            **said,
            "description": said.get("description") or title,
            "type": "Catalog",
            "stac_version": view.catalog()["stac_version"],
        }
        rewrite = document.href_from(str(self.base.joinpath(self._top, node.folder)), self._root)
        links = [*own, *(document.moved(link, rewrite) for link in said.get("links", []))]
        return {**facts, "id": node.id, "links": links}

    def _kept_members(self, view: View, node: Node) -> Iterator[dict[str, str]]:
        """Yield the links of a document to what is right below it."""
        for path, title in self._below(view, node):
            yield document.link("child", self._href(node.folder, path), JSON, title)
        for collection in node.guests if self._spec.items else ():
            yield from self._members(self._tree(view, collection), view.items(collection), node.folder)

    # --- what is in them

    def documents_in(self, view: View, wanted: Wanted) -> None:
        """Return None: no file holds many items."""
        del view, wanted

    def content(self, view: View, wanted: Wanted, standing: Standing = ALONE) -> Iterator[bytes]:
        """Yield a document's bytes."""
        del standing
        path = wanted.path[len(self._top) + 1 :]
        if wanted.item is not None:
            yield self._item(view, self._folders(view)[wanted.collection], wanted.item, path)
        elif wanted.rank is Rank.ROOT:
            yield from self._root_document(view, path)
        elif wanted.rank is Rank.COLLECTION and (kept := self._kept(view)) is not None:
            yield from self._kept_document(view, kept.nodes[posixpath.dirname(path)])
        elif wanted.rank is Rank.COLLECTION:
            yield from self._collection(view, wanted, path)
        else:
            yield from self._part(view, wanted.collection, path)

    def _href(self, folder: str, target: str) -> str:
        base_url = self._spec.base_url
        if self._spec.links == "absolute" and base_url is not None:
            return names.url(base_url, target)
        return names.relative(folder, target)

    def _item(self, view: View, folder: str, item: Item, path: str) -> bytes:
        here = posixpath.dirname(path)
        home = f"{folder}/collection.json"
        parent = self._layout.parent(self._kept(view), folder, path)
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
        if path == LIST:
            yield from document.listed(self._listed(view), self._spec.indent)
        elif path == README:
            yield readme.text(self._page(view)).encode()
        else:
            yield self._catalog(view)

    def _catalog(self, view: View) -> bytes:
        links = [document.link("root", self._href("", CATALOG), JSON)]
        if self._spec.base_url is not None:
            links.append(document.link("self", names.url(self._spec.base_url, CATALOG), JSON))
        if self._spec.readme:
            links.append(document.link("describedby", self._href("", README), MARKDOWN))
        kept = self._kept(view)
        below = [[f"{folder}/collection.json", _title(view, name)] for name, folder in self._folders(view).items()]
        for path, title in below if kept is None else self._below(view, kept.root):
            links.append(document.link("child", self._href("", path), JSON, title))
        return document.document({**view.catalog(), "links": links}, self._spec.indent)

    def _collection(self, view: View, wanted: Wanted, path: str) -> Iterator[bytes]:
        here, collection = posixpath.dirname(path), wanted.collection
        facts = self._facts(view, collection, here, [*self._above(here, CATALOG), *self._self(here, path, JSON)])
        if not self._spec.items:
            yield document.document(facts, self._spec.indent)
            return
        if wanted.linked and (standing := read_as_written(self.base / wanted.path, wanted.linked)) is not None:
            yield document.with_links_of(facts, standing, self._spec.indent)
            return
        members = self._members(self._tree(view, collection), view.items(collection), here)
        yield from pieces(document.with_members(facts, members, self._spec.indent))

    def _facts(self, view: View, collection: str, here: str, links: list[dict[str, str]]) -> dict[str, Any]:
        """Return a collection's document as it stands in the folder `here`, with `links` before its own."""
        facts = view.document(collection)
        rewrite = document.href_from(str(self.base.joinpath(self._top, here)), self._root)
        found = {**facts, "links": [*links, *(document.moved(link, rewrite) for link in facts.get("links", []))]}
        if "assets" in facts:
            found["assets"] = {name: document.moved(asset, rewrite) for name, asset in facts["assets"].items()}
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
            above = None if (kept := self._kept(view)) is None else kept.homes[collection].above
            parent = CATALOG if above is None else above.document
            yield self._facts(view, collection, "", [*self._above("", parent), own])

    def _page(self, view: View) -> readme.Page:
        url = self._spec.base_url
        told = [self._told(view, collection, folder) for collection, folder in self._folders(view).items()]
        home = CATALOG if url is None else names.url(url, CATALOG)
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
        tree, kept = self._tree(view, collection), self._kept(view)
        above = next(folder for folder, parts in tree.parts.items() if here in parts)
        parent = f"{above}/{'collection' if above == tree.folder else 'catalog'}.json"
        if kept is not None and above in kept.nodes:
            parent = kept.nodes[above].document
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


def _title(view: View, collection: str) -> str:
    return str(view.document(collection).get("title", collection))
