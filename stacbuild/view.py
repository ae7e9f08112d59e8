"""The catalog as rows and aggregates, for outputs: items in order, documents without links. Reads, never writes."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from operator import attrgetter
from pathlib import Path
from typing import Any

from stacbuild import aggregate, documents
from stacbuild.failures import Fault, ItemError, Problem
from stacbuild.model import LeftOut
from stacbuild.outputs.base import Dated, Item, Tree
from stacbuild.outputs.laid import Laid
from stacbuild.outputs.order import along_the_store
from stacbuild.recipe.schema import STAC_VERSION, Document
from stacbuild.roster import Roster
from stacbuild.row_files import GroupEntry, Rows
from stacbuild.settle import root_of
from stacbuild.store import Store
from stacbuild.times import Seen, Times
from stacbuild.upstream import Upstream, facts


def _forgotten(seen: list[Seen]) -> None:
    """Keep nothing: who only looks sees nothing first."""
    del seen


class Catalog:
    """A view over the groups of a build."""

    def __init__(
        self,
        document: Document,
        root: Path,
        scratch: Path,
        entries: list[GroupEntry],
        rows: Rows,
        store: Store,
        upstream: Upstream | None,
        times: Times | None = None,
        keep: Callable[[list[Seen]], None] = _forgotten,
    ) -> None:
        """Take the recipe, where it stands, what was built, and what says of collections.

        `upstream` is None where no documents are asked for. `times` tells when documents were first seen;
        `keep` takes what was not seen before, ere it is written.
        """
        self._document, self._store = document, store
        self.entries = entries
        self._upstream, self._times, self._keep = upstream, times, keep
        self._root, self.scratch = root, scratch
        self.roster = Roster(entries, rows, scratch)
        self.warnings: list[Problem] = []
        self._left: list[LeftOut] = []
        self._held: tuple[str, list[Item]] | None = None
        self._ready: dict[tuple[bytes, int], int] = {}
        """Place in the store → number among the lines that are laid down."""
        self._laid: Laid | None = None
        self._states: dict[str, bytes] = {}
        self.documents: dict[str, dict[str, Any]] = {}
        """The collections' documents that were asked for."""
        self.read_for: dict[str, list[str]] = {}
        """Collection → files that its document was made from, relative to the recipe's folder."""
        self.unfinished: set[str] = set()
        """Collections whose documents are without an extension that failed."""

    def names(self) -> list[str]:
        """Return the collections' ids in order."""
        return sorted(self._document.collections)

    def items(self, collection: str) -> list[Item]:
        """Return a collection's items by id; the last collection asked for is held."""
        if self._held is None or self._held[0] != collection:
            self._held = None
            self._held = (collection, self.roster.items(collection))
        return self._held[1]

    def let_go(self) -> None:
        """Let go of the items that are held: all is written."""
        self._held = None

    def state(self, collection: str) -> bytes:
        """Return a digest that moves when the set of items or one of their bytes does."""
        if collection not in self._states:
            self._states[collection] = root_of(self.entries, collection)
        return self._states[collection]

    def fold(self, collection: str) -> aggregate.Fold:
        """Return the merged facts of a collection's items."""
        return self.roster.fold(collection)

    def read(self, item: Item) -> bytes:
        """Return an item's line: its members in the order in which they are written."""
        number = self._ready.get((item.blob, item.ordinal)) if self._ready else None
        if number is not None and self._laid is not None:
            return self._laid.get(number)
        return self._store.documents(item.blob)[item.ordinal]

    def lay(self, items: Sequence[Item]) -> None:
        """Read the lines of some items along the store, once, for who reads them in another order; forget others."""
        if self._laid is not None:
            self._laid.close()
        self._ready, self._laid = {}, Laid(self.scratch, len(items)) if items else None
        if self._laid is not None:
            for number in along_the_store(items):
                item = items[number]
                self._laid.put(number, self._store.documents(item.blob)[item.ordinal])
                self._ready[item.blob, item.ordinal] = number
            self._laid.settle()

    def warn(self, problem: Problem) -> None:
        """Note what is odd about what is written."""
        if problem not in self.warnings:
            self.warnings.append(problem)

    def leave_out(self, collection: str, identity: str, error: ItemError) -> None:
        """Note an item that a file cannot hold."""
        self._left.append(
            LeftOut(collection, identity, Fault("write", error.code, error.message, error.path, error.hint))
        )

    def left_out(self) -> list[LeftOut]:
        """Return what was noted since the last time that this was asked, in order."""
        found, self._left = sorted(self._left, key=lambda one: (one.collection, one.id)), []
        return found

    # --- trees that are kept

    def trees(self, collections: list[str]) -> list[Tree]:
        """Return the trees that are kept of the sources of some collections, in the order of precedence."""
        return self._upstream.trees(self._document, collections) if self._upstream is not None else []

    def places(self, collection: str) -> set[str]:
        """Return the folders of such trees that items of a collection hang below; "" for those of others."""
        return self.roster.places(collection)

    def said(self, folder: str) -> dict[str, Any]:
        """Return what a folder of such a tree says of itself."""
        return facts(self._upstream.told(folder) if self._upstream is not None else None)

    # --- documents

    def catalog(self) -> dict[str, Any]:
        """Return the root's document without links."""
        spec = self._document.catalog
        facts = {"type": "Catalog", "stac_version": STAC_VERSION, "id": spec.id}
        if spec.title is not None:
            facts["title"] = spec.title
        return {**facts, "description": spec.description or spec.title or spec.id}

    def document(self, collection: str) -> dict[str, Any]:
        """Return a collection's document: what the recipe says, and what its items do; of links the recipe's only."""
        if collection not in self.documents:
            made = self._made(collection, self.fold(collection))
            for problem in made.odd:
                self.warn(problem)
            self.documents[collection] = made.facts
        return self.documents[collection]

    def keeps(self, collection: str) -> bool:
        """Tell whether a collection has items whose record vanished or fails now."""
        return self.roster.keeps(collection)

    def of_dates(self, collection: str, part_of: Callable[[str], str], only: Container[str]) -> dict[str, Dated]:
        """Return what a collection that keeps no such items has in some parts, read at one go.

        Args:
            collection: its id.
            part_of: an item's date → its part.
            only: the parts that are asked for.
        """
        folds, items = dict[str, aggregate.Fold](), dict[str, list[Item]]()
        fields = self._document.collections[collection].summaries
        for found in self.roster.of_dates(collection, part_of, only):
            for part, some in found.items():
                total = aggregate.fold((facts for _, facts in some), fields)
                aggregate.merge(folds.setdefault(part, aggregate.Fold()), total)
                items.setdefault(part, []).extend(item for item, _ in some)
        return {
            part: Dated(sorted(some, key=attrgetter("id")), self._made(collection, folds[part]).facts)
            for part, some in items.items()
        }

    def parts(
        self, collection: str, part_of: Callable[[str], str], only: str | None = None
    ) -> dict[str, dict[str, Any]]:
        """Return a collection's document for each part of its items: extent, summaries and assets are of that part.

        Args:
            collection: its id.
            part_of: an item's date → its part.
            only: the one part that is asked for; None: all.
        """
        folds: dict[str, aggregate.Fold] = {}
        fields = self._document.collections[collection].summaries
        for found in self.roster.facts(collection, part_of, only):
            for part, some in found.items():
                aggregate.merge(folds.setdefault(part, aggregate.Fold()), aggregate.fold(some, fields))
        return {part: self._made(collection, total).facts for part, total in folds.items()}

    def told(self, collection: str) -> dict[str, Any]:
        """Return a collection's document as far as its items do not matter, and what is asked of them."""
        facts, fields = self._made(collection, aggregate.Fold()).facts, self._document.collections[collection].summaries
        return {**facts, "summaries": fields} if fields else facts

    def _made(self, collection: str, total: aggregate.Fold) -> documents.Made:
        said = facts(self._upstream.stated(collection) if self._upstream is not None else None)
        made = documents.made(self._document, collection, total, self._root, said, self._times)
        if self._times is not None and (seen := self._times.noted()):
            self._keep(seen)
        for problem in made.failed:
            self.unfinished.add(collection)
            self.warn(problem)
        self.read_for[collection] = sorted({*self.read_for.get(collection, []), *made.read})
        return made
