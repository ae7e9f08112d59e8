"""The `geoparquet` output: items as rows of stac-geoparquet files: one a collection, one for all, or cut by date.

Never touches the disk, and is never read as if it were the catalog: Parquet cannot tell null from missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial
from itertools import chain
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import msgspec
import xxhash

from stacbuild import keys
from stacbuild.failures import Problem
from stacbuild.outputs import document, names
from stacbuild.outputs.base import (
    ALONE,
    NOTHING,
    Before,
    Item,
    Rank,
    Share,
    Standing,
    View,
    Wanted,
    split_base,
    taken,
)
from stacbuild.outputs.item_files import Hrefs, collection_link
from stacbuild.outputs.parquet.kept import LAYOUTS
from stacbuild.outputs.parquet.table import Entry, Options, Table
from stacbuild.parts import Parts
from stacbuild.recipe.schema import GeoParquetOutput
from stacbuild.stages.versions import version

REVISION: Final = 2
"""Raised when the same items come out as other bytes."""
MEDIA_TYPE: Final = "application/vnd.apache.parquet"
UNDATED: Final = "undated"

_LEVELS: Final = {"zstd": 3, "gzip": 6}


class Linking(NamedTuple):
    """What decides the hrefs of a file."""

    path: str
    base_url: str | None
    hrefs: Literal["absolute", "as-is"]
    collections: list[str] | None


class _Part(NamedTuple):
    """A file of a date: a hash over what is in it, and collection → the items."""

    state: Any
    items: dict[str, list[Item]]


_Paths = dict[str, frozenset[str]]
"""Collection → files of it."""


class _Cut(NamedTuple):
    """The items of a collection by the files that they go to."""

    view: View
    collection: str
    files: dict[str, list[Item]]


class GeoParquet:
    """Tables of items."""

    kind = "geoparquet"
    documents = True
    gives_items = False

    def __init__(self, name: str, spec: GeoParquetOutput, root: Path) -> None:
        self.name, self.path, self._spec = name, spec.path, spec
        self.base, self._pattern = split_base(root, spec.path)
        self._root = str(root)
        self._parted = any(mark in self._pattern for mark in ("{year}", "{month}"))
        hrefs = spec.hrefs or ("as-is" if spec.base_url is None else "absolute")
        self._links = Linking(spec.path, spec.base_url, hrefs, spec.collections)
        self._patterns: tuple[View, dict[str, str]] | None = None
        self._cut_held: _Cut | None = None
        self._held: dict[str, tuple[bytes, dict[str, dict[str, Any] | None]]] = {}
        facts = {**msgspec.to_builtins(spec), "hrefs": hrefs, "path": self._pattern}
        made = {"kind": self.kind, "revision": REVISION, "levels": _LEVELS, "pyarrow": version("pyarrow")}
        self.settings = keys.settings({**made, **facts})

    def takes(self, names: list[str]) -> list[str]:
        """Return which collections it takes."""
        return taken(self._spec.collections, names)

    def read_back(self, path: str) -> Iterator[tuple[dict[str, Any], str]]:
        """Yield nothing: rows are not the items that they were made of to the last byte."""
        del path
        yield from ()

    # --- which files

    def path_of(self, view: View, collection: str) -> str | None:
        """Return the file below `base` that holds a collection whole; None where it is cut by date."""
        return None if self._parted else self._pattern_of(view, collection)

    def _pattern_of(self, view: View, collection: str) -> str:
        """Return the path of a collection's files, with the parts of a date still to be put in."""
        held = self._patterns
        if held is None or held[0] is not view:
            found = names.names(self.takes(view.names()))
            held = view, {name: self._pattern.replace("{collection}", folder) for name, folder in found.items()}
            self._patterns = held
        return held[1][collection]

    def files(self, view: View) -> Iterator[Wanted]:
        """Yield the file of each collection, or of each date of it; or those of all."""
        return self.files_but(view, NOTHING)

    def files_but(self, view: View, before: Before) -> Iterator[Wanted]:
        """Yield the same, but of files by date, where nothing but some items of them moved, only those with these."""
        touched = self._touched(view, before) if self._parted else None
        collections = self.takes(view.names())
        if "{collection}" not in self._pattern:
            yield from self._of(view, collections, "", touched)
            return
        for name in collections:
            yield from self._of(view, [name], name, touched)

    def _of(self, view: View, collections: list[str], only: str, touched: _Paths | None) -> Iterator[Wanted]:
        if not self._parted:
            facts = [[view.state(name).hex(), view.document(name)] for name in collections]
            pattern = self._pattern_of(view, only) if only else self._pattern
            yield Wanted(pattern, self._want(facts), Rank.DATA, only, many=True)
            return
        for path, part in sorted(self._by_date(view, collections, touched).items()):
            held = {name: [item.id for item in items] for name, items in part.items.items()}
            yield Wanted(path, part.state.digest(), Rank.DATA, only, many=True, part=held, items=part.items)

    def _by_date(self, view: View, collections: list[str], touched: _Paths | None) -> dict[str, _Part]:
        """Return what each file of a date holds; with `touched` only of those that are named there."""
        parts: dict[str, _Part] = {}
        for name in collections:
            told = msgspec.json.encode(view.told(name), order="sorted")
            files = self._cut(view, name) if touched is None else self._some(view, name, touched[name])
            for path, items in files.items():
                state, held = parts.setdefault(path, _Part(xxhash.xxh3_128(self.settings), {}))
                state.update(told)
                held[name] = items
                for item in items:
                    state.update(b"%b\0%b" % (item.id.encode(), item.digest))
        return parts

    def _touched(self, view: View, before: Before) -> _Paths | None:
        """Return the files by date of each collection with items that moved; all others stay. None: others may not."""
        paths: _Paths = {}
        for name in self.takes(view.names()):
            if (moved := before.moved(name)) is None or view.keeps(name):
                return None
            part_of = self._part_of(view, name)
            paths[name] = frozenset(part_of(item.when) for item in moved)
        every = frozenset[str]().union(*paths.values())
        if not before.stay_but(every):
            return None
        return paths if "{collection}" in self._pattern else dict.fromkeys(paths, every)

    def _some(self, view: View, collection: str, paths: frozenset[str]) -> dict[str, list[Item]]:
        """Return what some files have of a collection; its documents there are made at the same go."""
        some = view.of_dates(collection, self._part_of(view, collection), paths) if paths else {}
        documents = {path: one.document for path, one in some.items()}
        self._held[collection] = self._state(view, collection), {**dict.fromkeys(paths), **documents}
        return {path: one.items for path, one in some.items()}

    def _cut(self, view: View, collection: str) -> dict[str, list[Item]]:
        """Return the items of each file of a date; those of the last collection asked for are held."""
        held = self._cut_held
        if held is None or held.view is not view or held.collection != collection:
            self._cut_held = None
            found: dict[str, list[Item]] = {}
            part_of = self._part_of(view, collection)
            for item in view.items(collection):
                found.setdefault(part_of(item.when), []).append(item)
            held = self._cut_held = _Cut(view, collection, found)
        return held.files

    def _part_of(self, view: View, collection: str) -> Callable[[str], str]:
        """Return what gives the file of a date, of a collection."""
        return partial(_dated, self._pattern_of(view, collection))

    def items_of(self, view: View, collection: str, paths: Sequence[str]) -> list[list[Item]]:
        """Return the items of some files of a collection that is cut by date."""
        files = self._cut(view, collection)
        return [files.get(path, []) for path in paths]

    def _want(self, facts: Any) -> bytes:
        return xxhash.xxh3_128_digest(self.settings + msgspec.json.encode(facts, order="sorted"))

    # --- what is in them

    def content(self, view: View, wanted: Wanted, standing: Standing = ALONE) -> Iterator[bytes]:
        """Yield a file's bytes in pieces."""
        table, known = self._table(view, wanted), wanted.documents
        yield from table.pieces(lambda: self.documents_in(view, wanted) if known is None else known, standing)
        for one in table.refused:
            view.leave_out(one.collection, one.id, one.error)
        for name in ("assets", "properties"):
            if name in table.texts:
                view.warn(_too_many(self.name, wanted.path, name))

    def shares(self, items: int) -> int:
        """Return how many shares a file of so many items can have at most: row groups."""
        return -(-items // self._spec.row_group_size)

    def share(self, view: View, wanted: Wanted, share: Share, standing: Standing) -> Iterator[bytes]:
        """Yield a file with some row groups of a file."""
        yield from self._table(view, wanted).share(share, standing)
        view.left_out()

    def agree(self, shares: Sequence[Parts]) -> bool:
        """Tell whether the row groups of all shares stand in the same columns."""
        told = b"".join(part.facts for parts in shares for part in parts if part.mark == LAYOUTS)
        return told == told[:16] * (len(told) // 16)

    def _table(self, view: View, wanted: Wanted) -> Table:
        collections = [wanted.collection] if wanted.collection else self.takes(view.names())
        entries = list(chain.from_iterable(self._entries(view, name, wanted) for name in collections))
        spec = self._spec
        options = Options(spec.compression, _LEVELS.get(spec.compression), spec.row_group_size, self.settings)
        return Table(entries, view.scratch, options)

    def _entries(self, view: View, collection: str, wanted: Wanted) -> list[Entry]:
        rewrite = Hrefs(self.name, self._links, self._root, view.warn)
        line = self._line(view, collection, rewrite)
        return [Entry(collection, item, line, rewrite, view.read) for item in self._items(view, collection, wanted)]

    def _items(self, view: View, collection: str, wanted: Wanted) -> list[Item]:
        """Return the items of a collection that go to a file."""
        if not self._parted:
            return view.items(collection)
        if wanted.items is not None:
            return wanted.items.get(collection, [])
        return self._cut(view, collection).get(wanted.path, [])

    def _line(self, view: View, collection: str, rewrite: Hrefs) -> Callable[[Item], bytes]:
        links = document.packed([collection_link(collection, self._spec.base_url)])

        def line(item: Item) -> bytes:
            blob = document.with_links(view.read(item), item.links, links)
            return document.with_hrefs(blob, rewrite) if item.local else blob

        return line

    def documents_in(self, view: View, wanted: Wanted) -> dict[str, dict[str, Any]]:
        """Return the collections as a file has them: of one that is cut by date, as its items there are."""
        collections = [wanted.collection] if wanted.collection else self.takes(view.names())
        if not self._parted:
            return {name: {"links": [], **view.document(name)} for name in collections}
        found = {name: self._part(view, name, wanted.path) for name in collections}
        return {name: {"links": [], **document} for name, document in found.items() if document is not None}

    def _part(self, view: View, collection: str, path: str) -> dict[str, Any] | None:
        """Return a collection's document for one of its files; None where that has no item of it.

        The first that is asked for is made alone, since often it is the only one; the second with all others, which
        takes hardly longer.
        """
        state, part_of = self._state(view, collection), self._part_of(view, collection)
        held = self._held.get(collection)
        if held is None or held[0] != state:
            held = self._held[collection] = state, {path: None, **view.parts(collection, part_of, path)}
        elif path not in held[1]:
            held = self._held[collection] = state, {path: None, **view.parts(collection, part_of)}
        return held[1][path]

    def _state(self, view: View, collection: str) -> bytes:
        """Return what moves when a document of a part of a collection may."""
        return view.state(collection) + msgspec.json.encode(view.told(collection), order="sorted")


def _too_many(output: str, path: str, name: str) -> Problem:
    """Return the warning that a file's assets or properties are no columns."""
    text = f"output '{output}': {path}: {name} have so many different keys that they are one column of JSON text"
    hint = "other programs want a column for each: use one key for what is the same of each item"
    return Problem("SB741", text, hint=hint)


@lru_cache(1 << 14)
def _dated(pattern: str, when: str) -> str:
    """Return a path with the parts of a date, UNDATED where there is none."""
    return pattern.replace("{year}", when[:4] or UNDATED).replace("{month}", when[5:7] or UNDATED)
