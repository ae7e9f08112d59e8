"""One chunk of work, start to end: stages over its jobs. Runs in any process; returns values, writes nothing.

A bench is what a worker needs to know of a recipe, compiled once. One bad item costs that item: its fault is its
outcome, the others go on.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import xxhash
from msgspec import Struct

from stacbuild import aggregate, canon
from stacbuild.failures import Fault, ItemError, fault_of
from stacbuild.jobs import Chunk, ChunkResult, Job, Known, Outcome, Renewed
from stacbuild.model import Version
from stacbuild.outputs.parquet import moments
from stacbuild.outputs.parquet.rows import STEADY
from stacbuild.packing import Documents, pack
from stacbuild.pipeline import Pipeline, pipelines
from stacbuild.profiling import Stopwatch, Timed, now
from stacbuild.reading import Reader
from stacbuild.recipe.schema import Document
from stacbuild.spool import record_at
from stacbuild.stages import hrefs
from stacbuild.stages.base import Origin
from stacbuild.stages.beside import beside
from stacbuild.stages.changed import Moved, moved
from stacbuild.stages.judge import Judge, Verdict
from stacbuild.stages.partly import Again, Made, Partly
from stacbuild.times import Times


class Tools(Struct, frozen=True):
    """What a worker is started with: plain values that can be sent to it."""

    document: Document
    schema_folders: tuple[str, ...]
    schema_files: dict[str, str]
    root: str = "."
    """The recipe's folder, absolute; own schemas stand below it or are named from it."""
    times: Times | None = None
    """When contents were first seen; None where nobody asks."""
    profiled: bool = False
    """Results are to come with their spans."""
    spool: tuple[int, ...] = ()
    """Descriptors of the spool's files."""


Judging = Callable[[dict[str, Any], Moved | None, Callable[[], dict[str, Any]] | None], Verdict]
"""(item, in what it is not as a sound one; None: that is not known; what gives all of it) → verdict."""


class Bench:
    """A recipe's stages, compiled when first needed."""

    def __init__(self, tools: Tools) -> None:
        beside(tools.document).load()
        self._document = tools.document
        self._lines: dict[str, Pipeline] = pipelines(tools.document)
        self._works: dict[str, list[Any]] = {}
        self._partly: dict[tuple[str, Again], Callable[[bytes, bytes], Made | None]] = {}
        self._judge: Judging | None = None
        self._tools, self._root = tools, Path(tools.root)
        self._packed: list[Documents] = []
        self._watch = Stopwatch() if tools.profiled else None

    def run(self, chunk: Chunk) -> ChunkResult:
        """Return what came of every job of `chunk`."""
        begin, documents = now(), list[bytes]()
        self._packed = [Documents(packed) for packed in chunk.packed]
        with contextlib.redirect_stdout(sys.stderr):  # what plug-ins print is no result of ours
            outcomes = [self._guarded(job, documents) for job in chunk.jobs]
        times = [] if self._tools.times is None else self._tools.times.noted()
        result = ChunkResult(chunk.number, pack(documents) if documents else b"", outcomes, times)
        if self._watch is not None:
            result.spans = self._watch.lap(begin, "chunk", number=chunk.number, items=len(outcomes))
        return result

    def _guarded(self, job: Job, documents: list[bytes]) -> Outcome:
        kept = len(documents)
        try:
            made = None if job.partly is None else self._made_partly(job, job.partly)
            return self._job(job, documents) if made is None else self._of_made(job, made, documents)
        except Exception as error:  # noqa: BLE001  one bad item costs that item, whatever it does
            del documents[kept:]
            line = self._lines[job.collection]
            stage = line.stages[min(job.start, len(line.stages) - 1)].name
            text = f"{type(error).__name__}: {error}"[:500]
            return Outcome(fault=Fault(stage, "SB299", f"unexpected error, please report it: {text}"))

    def _job(self, job: Job, documents: list[bytes]) -> Outcome:
        line = self._lines[job.collection]
        works = self._compiled(job.collection)
        outcome = Outcome([], [], notes=[], files=[], hits=[])
        said: list[ItemError] = []
        reader, hits = Reader(self._root), list[str]()
        value, members, times = canon.decode(self._document_of(job)), dict[str, bytes](), self._tools.times
        origin = Origin(job.source, job.base, said.append, reader, hits.append, times)
        digest, written = job.input, Line(b"", 0, b"")
        for number in range(job.start, len(line.stages)):
            try:
                made = works[number](value, origin)
                members = canon.encode_members(made, value, members)
            except ItemError as error:
                outcome.fault = fault_of(line.stages[number].name, error)
                _note(outcome, reader, hits)
                if outcome.ordinals and outcome.fault.drop:  # the stage before may be the last one some day
                    outcome.version = version_of(value, digest, outcome.ordinals[-1], written, line.summaries)
                return outcome
            except canon.CanonError as error:
                outcome.fault = Fault(line.stages[number].name, "SB298", f"the item is not JSON: {error}")
                _note(outcome, reader, hits)
                return outcome
            _note(outcome, reader, hits)
            value, before, digest = made, digest, canon.digest(canon.whole(members))
            if digest != before or not outcome.ordinals:
                written = line_of(members)
                documents.append(written.text)
            outcome.digests.append(digest)
            outcome.ordinals.append(len(documents) - 1)
            outcome.notes.append(_notes(line.stages[number].name, said))
            if job.known and digest == job.known[number - job.start]:
                outcome.as_before = True
                return outcome
        if job.start == len(line.stages) and job.bare:
            written = line_of(canon.encode_members(value))
            documents.append(written.text)
            outcome.ordinals.append(len(documents) - 1)
        if outcome.ordinals:
            outcome.version = version_of(value, digest, outcome.ordinals[-1], written, line.summaries)
        if line.judged and digest != job.judged:
            verdict = self._judged(job, value, members)
            outcome.state, outcome.faults = verdict.state, verdict.faults
        return outcome

    def _made_partly(self, job: Job, known: Known) -> Made | None:
        """Return what extensions make of an item, some of which are applied; None: all have to be, on the whole."""
        place = (job.collection, known.again)
        if place not in self._partly:
            self._partly[place] = self._timed("extend", Partly(self._document, *place).made)
        try:
            return self._partly[place](self._document_of(job), self._packed[known.place[0]][known.place[1]])
        except Exception:  # noqa: BLE001  all of them, on the whole item, say what is wrong with it
            return None

    def _of_made(self, job: Job, made: Made, documents: list[bytes]) -> Outcome:
        """Return the outcome of a job of which some extensions were applied: its last stage."""
        line = self._lines[job.collection]
        digest, written = canon.digest(canon.whole(made.members)), line_of(made.members)
        documents.append(written.text)
        outcome = Outcome([digest], [len(documents) - 1], [()], [()], notes=[()])
        if told_as_before(made.moved, line.summaries):
            outcome.renewed = Renewed(len(written.text), written.links, profile_of(made.item))
        else:
            hrefs = None if job.partly is None else job.partly.hrefs()
            outcome.version = version_of(made.item, digest, len(documents) - 1, written, line.summaries, hrefs)
        if line.judged and digest != job.judged:
            differs = made.moved if job.sound is not None else None
            item = with_link(made.item) if differs is not None and "links" in differs.names else made.item
            verdict = self._judging()(item, differs, lambda: with_link(canon.decode(written.text)))
            outcome.state, outcome.faults = verdict.state, verdict.faults
        return outcome

    def _document_of(self, job: Job) -> bytes:
        if job.place is not None:
            return self._packed[job.place[0]][job.place[1]]
        return job.document if job.span is None else record_at(self._tools.spool, job.span)

    def _judged(self, job: Job, item: dict[str, Any], members: dict[str, bytes]) -> Verdict:
        """Return the verdict on an item; of what is in it as in one that is known to be sound, nothing is asked."""
        changed = None
        if job.sound is not None and members:
            changed = differing(members, self._packed[job.sound[0]][job.sound[1]])
        return self._judging()(with_link(item), changed, None)

    def _compiled(self, collection: str) -> list[Any]:
        works = self._works.get(collection)
        if works is None:
            stages = self._lines[collection].stages
            works = [self._timed(stage.name, stage.work(self._document, collection)) for stage in stages]
            self._works[collection] = works
        return works

    def _judging(self) -> Judging:
        if self._judge is None:
            self._judge = self._timed("validate", open_judge(self._tools).judge_changed)
        return self._judge

    def _timed(self, name: str, work: Timed) -> Timed:
        return work if self._watch is None else self._watch.timed(name, work)


def _note(outcome: Outcome, reader: Reader, hits: list[str]) -> None:
    """Take down what a stage read and which patches the item matched there."""
    outcome.files.append(reader.noted())
    outcome.hits.append(tuple(hits))
    hits.clear()


def _notes(stage: str, said: list[ItemError]) -> tuple[Fault, ...]:
    """Return the warnings that a stage gave, and make room for those of the next."""
    notes = tuple(fault_of(stage, warning, warning=True) for warning in said) if said else ()
    said.clear()
    return notes


def open_judge(tools: Tools) -> Judge:
    """Return the judge of a recipe: its schema folders first, then the user's store, then the core schemas."""
    from pathlib import Path  # noqa: PLC0415

    from stacbuild.stages.schemas import SchemaStore  # noqa: PLC0415

    folders = [Path(folder) for folder in tools.schema_folders]
    files = {url: Path(file) for url, file in tools.schema_files.items()}
    spec, root = tools.document.validation, Path(tools.root)
    extra = {glob: [root / file for file in named] for glob, named in spec.extra.items()}
    own = [file for named in extra.values() for file in named]
    store = SchemaStore(folders, files, root=root, own=own)
    return Judge(store, missing=spec.missing_schemas, formats=spec.formats, engine=spec.engine, extra=extra)


def with_link(item: dict[str, Any]) -> dict[str, Any]:
    """Return the item as NDJSON writes it: with its collection link."""
    href = f"./{item['collection']}/collection.json"
    link = {"rel": "collection", "href": href, "type": "application/json"}
    return {**item, "links": [link, *item.get("links", [])]}


ORDER: Final[tuple[str, ...]] = (
    "type",
    "stac_version",
    "stac_extensions",
    "id",
    "geometry",
    "bbox",
    "properties",
    "links",
    "assets",
    "collection",
)
"""The order of an item's members as written; others follow, sorted."""

_KNOWN: Final[frozenset[str]] = frozenset(ORDER)
_NO_LINKS: Final = b'"links":[]'


class Line(NamedTuple):
    """An item as one line in the order in which it is written, `Version.links` and `Version.bulk` of it."""

    text: bytes
    links: int
    bulk: bytes


def line_of(members: dict[str, bytes]) -> Line:
    """Return an item as a line, of what `encode_members` gave."""
    if "links" not in members:
        members = {**members, "links": _NO_LINKS}
    names = in_order(members)
    parts, at = [members[name] for name in names], names.index("links")
    place = 1 + sum(map(len, parts[:at])) + at + len(_NO_LINKS) - 1
    bulk = xxhash.xxh3_128_digest(b",".join([members[name] for name in STEADY if name in members]))
    return Line(b"{" + b",".join(parts) + b"}", place if parts[at] == _NO_LINKS else -place, bulk)


def differing(members: dict[str, bytes], line: bytes) -> Moved | None:
    """Return in what an item is otherwise than in a line that `line_of` gave; None: it has other members."""
    own = members if "links" in members else {**members, "links": _NO_LINKS}
    return moved(own, canon.members_of(line))


def in_order(members: Mapping[str, Any]) -> list[str]:
    """Return the names of an item's members in the order in which they are written."""
    names = [name for name in ORDER if name in members]
    return names if len(names) == len(members) else [*names, *sorted(members.keys() - _KNOWN)]


def version_of(
    item: dict[str, Any],
    digest: bytes,
    ordinal: int,
    line: Line,
    summarised: list[str],
    hrefs: tuple[bool, bytes] | None = None,
) -> Version:
    """Return the version that `item` is; its chunk's digest is not known yet.

    `hrefs` is what is known of its assets and links, where these are as they were: `local`, and `assets` of its facts.
    """
    properties = item["properties"]
    title = properties.get("title")
    moment = properties.get("datetime") or properties.get("start_datetime") or ""
    local, assets = (_has_local(item), None) if hrefs is None else hrefs
    return Version(
        id=item["id"],
        digest=digest,
        blob=b"",
        ordinal=ordinal,
        size=len(line.text),
        links=line.links,
        when=str(moment)[:10],
        title=title if isinstance(title, str) else None,
        local=local,
        moment=moments.of(properties),
        profile=profile_of(item),
        facts=aggregate.facts(item, summarised, assets),
        bulk=line.bulk,
    )


_TOLD: Final = frozenset(("title", "datetime", "start_datetime", "end_datetime"))


def told_as_before(moved: Moved | None, summarised: list[str]) -> bool:
    """Tell whether a version tells the same of an item in which something moved, but for what `Renewed` has."""
    return moved is not None and moved.names <= _RENEWED and not moved.properties({*_TOLD, *summarised})


_RENEWED: Final = frozenset(("properties", "stac_extensions"))


def _has_local(item: dict[str, Any]) -> bool:
    parts = (*item.get("assets", {}).values(), *item.get("links", ()))
    return any(map(is_local, [part.get("href") for part in parts]))


def profile_of(item: dict[str, Any]) -> tuple[str, ...]:
    """Return what decides by which schemas an item is judged: its STAC version and extensions."""
    declared = item.get("stac_extensions") or []
    return (str(item.get("stac_version")), *sorted({str(url) for url in declared}))


def is_local(href: Any) -> bool:
    """Tell whether `href` is one that writers have to look at: a path, or a local file's URL."""
    return isinstance(href, str) and (not hrefs.is_url(href) or href.startswith("file:///"))
