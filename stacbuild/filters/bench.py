"""A stage of a recipe over pieces: compiled as for a build, of a recipe that has one collection with that stage alone.

`transform` gives hrefs as the ndjson output does; `extend` and `patch` leave them as they are, and read local files
from the folder of the file that the item stands in. Writes nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from stacbuild import canon
from stacbuild.failures import Fault, ItemError, fault_of
from stacbuild.filters.reading import ITEMS, RECORDS, Piece
from stacbuild.jobs import Chunk, Job, Outcome
from stacbuild.model import Version
from stacbuild.outputs import document as documents
from stacbuild.outputs.item_files import Hrefs, collection_link
from stacbuild.packing import unpack
from stacbuild.recipe.schema import Collection, Document, NdjsonOutput, StacItemsSource, TableSource, Validation
from stacbuild.stages.beside import beside
from stacbuild.stages.mapping import Mapper
from stacbuild.work import Bench, Tools, in_order

Finish = Callable[[bytes, Version, str], bytes]
"""(line, what it is, its collection) → line."""

DEFAULT: Final = "items"
"""The collection of items of which nobody says another."""

_HELD: Final = 64
"""Compiled recipes that are held: a mapping may name a collection for each record."""


class Made(NamedTuple):
    """What came of a piece: a line, or none; its faults, warnings too; whether a patch dropped it; which it matched."""

    line: bytes | None
    faults: tuple[Fault, ...] = ()
    dropped: bool = False
    hits: tuple[str, ...] = ()


class Stand(NamedTuple):
    """Where a piece is worked on: from which folder files are read, what hrefs start from, and its collection."""

    root: str
    base: str
    collection: str


class Benches:
    """The benches of one stage, each for a folder and a collection."""

    def __init__(self, document: Document, spec: Collection, start: int, stand: Callable[[Piece], Stand]) -> None:
        """Take what a recipe says.

        Args:
            document: the recipe, furnished.
            spec: the collection, with nothing but what the stage reads.
            start: the number of the stage among those of the collection.
            stand: says where a piece is worked on; may raise ItemError.
        """
        sources = {RECORDS: TableSource(path="", key="*"), ITEMS: StacItemsSource(path="")}
        self._document = msgspec.structs.replace(
            document, sources=sources, outputs={}, validation=Validation(level="off")
        )
        self._spec, self._start, self._stand = spec, start, stand
        self._held: dict[tuple[str, str], Bench] = {}
        self.finish: Finish | None = None
        """Makes of a line what an output would; None: it stays."""

    def made(self, pieces: list[Piece]) -> list[Made]:
        """Return what comes of each piece."""
        made: list[Made | None] = [None] * len(pieces)
        stands: dict[Stand, list[int]] = {}
        for at, piece in enumerate(pieces):
            try:
                stands.setdefault(self._stand(piece), []).append(at)
            except ItemError as error:
                made[at] = Made(None, (fault_of("transform", error),))
        for stand, places in stands.items():
            for at, one in zip(places, self._run(stand, [pieces[at] for at in places]), strict=True):
                made[at] = one
        return [one for one in made if one is not None]

    def _run(self, stand: Stand, pieces: list[Piece]) -> list[Made]:
        blobs = [_filled(piece.blob) if self._start else piece.blob for piece in pieces]
        jobs = [
            Job(stand.collection, blob, piece.source, stand.base, canon.digest(blob), self._start)
            for piece, blob in zip(pieces, blobs, strict=True)
        ]
        result = self._bench(stand).run(Chunk(0, jobs))
        lines = unpack(result.packed) if result.packed else []
        return [self._made(outcome, lines, stand.collection) for outcome in result.outcomes]

    def _bench(self, stand: Stand) -> Bench:
        key = stand.root, stand.collection
        if key not in self._held:
            if len(self._held) >= _HELD:
                self._held.clear()
            document = msgspec.structs.replace(self._document, collections={stand.collection: self._spec})
            self._held[key] = Bench(Tools(document, (), {}, stand.root))
        return self._held[key]

    def _made(self, outcome: Outcome, lines: list[bytes], collection: str) -> Made:
        hits = tuple(hit for some in outcome.hits for hit in some)
        if outcome.fault is not None:
            drop = outcome.fault.drop
            return Made(None, () if drop else (outcome.fault,), drop, hits)
        line = lines[outcome.ordinals[-1]]
        if self.finish is not None and outcome.version is not None:
            line = self.finish(line, outcome.version, collection)
        return Made(line, tuple(note for notes in outcome.notes for note in notes), hits=hits)


def of_mapping(document: Document, root: Path, name: str, collection: str | None, base_url: str | None) -> Benches:
    """Return who transforms records and items by a mapping.

    Args:
        document: the recipe, furnished.
        root: its folder.
        name: the mapping's.
        collection: of all items; None: what the mapping names, or an item says, or the recipe has for the mapping.
        base_url: what relative hrefs are made absolute with.
    """
    mapper = Mapper(document.mappings[name], DEFAULT, beside(document))
    known = collection or _only_one(document, name)
    asks = collection is None and document.mappings[name].collection is not None

    def stand(piece: Piece) -> Stand:
        found = collection
        if asks or (collection is None and piece.source == ITEMS):
            record = canon.decode(piece.blob)
            upstream = record.get("collection") if piece.source == ITEMS else None
            found = mapper.collection(record) or (upstream if isinstance(upstream, str) and upstream else None)
        return Stand(str(root), _base(piece, root), found or known or DEFAULT)

    benches = Benches(document, Collection(from_=[RECORDS, ITEMS], mapping=name), 0, stand)
    benches.finish = _as_ndjson(root, base_url)
    return benches


def _as_ndjson(root: Path, base_url: str | None) -> Finish:
    """Return what makes of a line that of the ndjson output: with its structural link, and hrefs in its form."""
    rewrite = Hrefs("", NdjsonOutput(path="", base_url=base_url), str(root), _unheard)

    def finish(line: bytes, version: Version, collection: str) -> bytes:
        links = documents.packed([collection_link(collection, base_url)])
        linked = documents.with_links(line, version.links, links)
        return documents.with_hrefs(linked, rewrite) if version.local else linked

    return finish


def of_stage(document: Document, root: Path, spec: Collection) -> Benches:
    """Return who extends or patches items as `spec` says; hrefs stay as they are."""

    def stand(piece: Piece) -> Stand:
        folder = root if piece.place.file is None else Path(os.path.abspath(piece.place.file)).parent  # noqa: PTH100  as written
        return Stand(str(folder), "", DEFAULT)

    benches = Benches(document, spec, 1, stand)
    benches.finish = lambda line, version, _: line if version.links > 0 else documents.with_links_as_written(line)
    return benches


def straight(pieces: list[Piece]) -> list[Made]:
    """Return the items as they are."""
    return [Made(line_of(canon.decode(piece.blob))) for piece in pieces]


def line_of(item: dict[str, Any]) -> bytes:
    """Return an item as one line, its members in the order in which a build writes them; none is put in."""
    members = canon.encode_members(item)
    line = b"{" + b",".join([members[name] for name in in_order(members)]) + b"}"
    return documents.with_links_as_written(line) if item.get("links") else line


def _filled(blob: bytes) -> bytes:
    """Return an item with the objects that a stage counts on: no `assets` or `links`, or null, are empty ones."""
    if b'"assets":{' in blob and b'"links":[' in blob and b"null" not in blob:
        return blob
    item = canon.decode(blob)
    return canon.encode({**item, "assets": item.get("assets") or {}, "links": item.get("links") or []})


def _only_one(document: Document, mapping: str) -> str | None:
    """Return the one collection of the recipe that has the mapping; None: several have it, or a pattern, or none."""
    found = [name for name, spec in document.collections.items() if spec.mapping == mapping]
    return found[0] if len(found) == 1 and "*" not in found[0] else None


def _base(piece: Piece, root: Path) -> str:
    """Return the folder of a record's file relative to the recipe's; standard input stands in the recipe's."""
    if piece.place.file is None:
        return ""
    folder = os.path.relpath(piece.place.file.parent, root).replace(os.sep, "/")
    return "" if folder == "." else folder


def _unheard(problem: object) -> None:
    """Take no notice: that hrefs without a base URL are relative to the recipe's folder is said in the help."""
    del problem
