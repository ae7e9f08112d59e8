"""The catalog as rows and aggregates, for outputs: items in order, documents without links. Reads, never writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from stacbuild import aggregate
from stacbuild.failures import Fault, ItemError, Problem
from stacbuild.model import Facts, Group, LeftOut, Version
from stacbuild.outputs.base import Item
from stacbuild.recipe.schema import STAC_VERSION, Document
from stacbuild.settle import root_of
from stacbuild.stages.paths import put
from stacbuild.store import Store
from stacbuild.trace import GroupEntry

_fold_of = msgspec.msgpack.Decoder(aggregate.Fold).decode


class Catalog:
    """A view over the groups of a build."""

    def __init__(
        self,
        document: Document,
        scratch: Path,
        entries: list[GroupEntry],
        load: Callable[[GroupEntry], Group],
        store: Store,
    ) -> None:
        self._document, self._entries, self._load, self._store = document, entries, load, store
        self.scratch = scratch
        self.warnings: list[Problem] = []
        self._left: list[LeftOut] = []
        self._held: tuple[str, list[Item]] | None = None
        self._folds: dict[str, aggregate.Fold] = {}
        self._states: dict[str, bytes] = {}
        self._documents: dict[str, dict[str, Any]] = {}

    def names(self) -> list[str]:
        """Return the collections' ids in order."""
        return sorted(self._document.collections)

    def items(self, collection: str) -> list[Item]:
        """Return a collection's items by id; the last collection asked for is held."""
        if self._held is None or self._held[0] != collection:
            self._held = None
            self._held = (collection, self._read_items(collection))
        return self._held[1]

    def _read_items(self, collection: str) -> list[Item]:
        live: list[Item] = []
        kept: list[Item] = []
        shared: dict[Any, Any] = {}
        for built in self._built(collection):
            for version, is_live in built:
                (live if is_live else kept).append(_item(version, shared))
        if kept:
            taken = {item.id for item in live}
            live += [item for item in kept if item.id not in taken]
        live.sort()
        return live

    def _built(self, collection: str) -> Iterator[list[tuple[Version, bool]]]:
        """Yield the versions of each group, with whether its input is there."""
        for entry in self._entries:
            tally = entry.tallies.get(collection)
            if tally is not None and tally.live + tally.kept:
                pairs = self._load(entry).pairs.get(collection, [])
                yield [(one, pair.live and bool(entry.shard)) for pair in pairs if (one := pair.built) is not None]

    def state(self, collection: str) -> bytes:
        """Return a digest that moves when the set of items or one of their bytes does."""
        if collection not in self._states:
            self._states[collection] = root_of(self._entries, collection)
        return self._states[collection]

    def fold(self, collection: str) -> aggregate.Fold:
        """Return the merged facts of a collection's items."""
        if collection not in self._folds:
            result = aggregate.Fold()
            for entry in self._entries:
                tally = entry.tallies.get(collection)
                if tally is not None and tally.fold:
                    aggregate.merge(result, _fold_of(tally.fold))
            self._folds[collection] = result
        return self._folds[collection]

    def read(self, item: Item) -> bytes:
        """Return an item's line: its members in the order in which they are written."""
        return self._store.documents(item.blob)[item.ordinal]

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
        if collection not in self._documents:
            self._documents[collection] = self._collection(collection, self.fold(collection))
        return self._documents[collection]

    def parts(self, collection: str, part_of: Callable[[str], str]) -> dict[str, dict[str, Any]]:
        """Return a collection's document for each part of its items: extent, summaries and assets are of that part.

        Args:
            collection: its id.
            part_of: an item's date → its part.
        """
        folds: dict[str, aggregate.Fold] = {}
        fields = self._document.collections[collection].summaries
        for built in self._built(collection):
            facts: dict[str, list[Facts]] = {}
            for version, _ in built:
                facts.setdefault(part_of(version.when), []).append(version.facts)
            for part, some in facts.items():
                aggregate.merge(folds.setdefault(part, aggregate.Fold()), aggregate.fold(some, fields))
        return {part: self._silent(collection, total) for part, total in folds.items()}

    def told(self, collection: str) -> dict[str, Any]:
        """Return a collection's document as far as its items do not matter."""
        return self._silent(collection, aggregate.Fold())

    def _silent(self, collection: str, total: aggregate.Fold) -> dict[str, Any]:
        """Return a document over some items only: what is odd about it is said of the whole."""
        said = len(self.warnings)
        try:
            return self._collection(collection, total)
        finally:
            del self.warnings[said:]

    def _collection(self, collection: str, total: aggregate.Fold) -> dict[str, Any]:
        spec = self._document.collections[collection]
        found, left_out = aggregate.summaries(total, spec.summaries)
        for field in left_out:
            text = f"collection '{collection}': {field} has more than {aggregate.VALUES_AT_MOST} values: not summarised"
            self.warn(Problem("SB701", text, hint="take it out of `summaries`"))
        facts: dict[str, Any] = {
            "type": "Collection",
            "stac_version": STAC_VERSION,
            "id": collection,
            "title": spec.title or collection,
            "description": spec.description or spec.title or collection,
            "license": spec.license,
            "extent": self._extent(collection, total),
        }
        optional = {
            "keywords": spec.keywords,
            "providers": spec.providers,
            "summaries": found,
            "item_assets": aggregate.item_assets(total),
        }
        document = {**facts, **{name: value for name, value in optional.items() if value}}
        for path, value in spec.set.items():
            put(document, path, value)
        return document

    def _extent(self, collection: str, total: aggregate.Fold) -> dict[str, Any]:
        given = self._document.collections[collection].extent
        box = given.get("bbox") or aggregate.bbox(total)
        if box is None:
            box = aggregate.WORLD
            text = f"collection '{collection}' has no item with a footprint: its extent is the world"
            self.warn(Problem("SB702", text, hint=f"set [collections.{collection}] extent"))
        times = given.get("interval") or aggregate.interval(total)
        boxes = box if isinstance(box[0], list) else [box]
        intervals = times if isinstance(times[0], list) else [times]
        return {"spatial": {"bbox": boxes}, "temporal": {"interval": intervals}}


def _item(version: Version, shared: dict[Any, Any]) -> Item:
    """Return what writers need of a version; equal values are one object, since there are as many as items."""
    return Item(
        version.id,
        version.digest,
        shared.setdefault(version.blob, version.blob),
        version.ordinal,
        shared.setdefault(version.size, version.size),
        shared.setdefault(version.links, version.links),
        shared.setdefault(version.when, version.when),
        version.title,
        version.local,
    )
