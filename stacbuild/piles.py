"""Files of sources read in other processes: piles go there, what each held comes back."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from msgspec import Struct

from stacbuild.cuts import FileRead, ToRead
from stacbuild.cutting import Cutter
from stacbuild.execute.base import Kind
from stacbuild.failures import Fault
from stacbuild.profiling import Span, Spans, now
from stacbuild.recipe.load import Recipe
from stacbuild.routing import Routes
from stacbuild.row_files import RowFiles
from stacbuild.sources.base import Shard
from stacbuild.spool import Spool
from stacbuild.stages.beside import beside


class Pile(Struct, array_like=True):
    """Files of one source that are read by one process, one after the other."""

    number: int
    source: str
    files: list[ToRead]


class PileRead(Struct, array_like=True):
    """What the files of a pile held, in their order."""

    number: int
    reads: list[FileRead]
    spans: Spans | None = None
    """What it took, where somebody asked."""


class PileTools(NamedTuple):
    """What a process needs to read files of a recipe's sources.

    Attributes:
        recipe: with what stands beside it.
        rooted: source → the roots of groups whose records nobody will ask for.
        descriptors: the files of the spool by seat; none where nothing is to be worked on.
        rows: the folder of the memory's rows.
        profiled: results are to come with their spans.
    """

    recipe: Recipe
    rooted: dict[str, frozenset[bytes]]
    descriptors: tuple[int, ...]
    rows: Path
    profiled: bool


def _open(tools: PileTools, seat: int) -> Callable[[Pile], PileRead]:
    beside(tools.recipe.document).load()
    routes, cutters = Routes(tools.recipe), dict[str, Cutter]()
    put, rows = Spool(tools.descriptors, seat).put if tools.descriptors else None, RowFiles(tools.rows)

    def run(pile: Pile) -> PileRead:
        begin = now()
        cutter = cutters.get(pile.source)
        if cutter is None:
            rooted = tools.rooted.get(pile.source, frozenset())
            cutter = cutters[pile.source] = Cutter(tools.recipe, routes, pile.source, rows=rows, put=put, rooted=rooted)
        reads = [cutter.read_run(one) if one.files else _read(cutter, one) for one in pile.files]
        return PileRead(pile.number, reads, _spans(pile, begin) if tools.profiled else None)

    return run


def _spans(pile: Pile, begin: int) -> Spans:
    facts: dict[str, int | str] = {"source": pile.source, "files": len(pile.files)}
    return Spans(os.getpid(), [Span("read", begin, now(), facts)])


def _read(cutter: Cutter, one: ToRead) -> FileRead:
    shard = Shard(one.name, Path(one.file), one.named, one.within)
    return cutter.read(shard, one.stamp, one.seen_ns, one.before)


def _parts(pile: Pile) -> list[Pile]:
    return [Pile(pile.number, pile.source, [one]) for one in pile.files]


def _joined(pile: Pile, results: list[PileRead]) -> PileRead:
    return PileRead(pile.number, [read for result in results for read in result.reads])


def _lost(pile: Pile) -> PileRead:
    """Return that the files of a pile cannot be read: who tries dies."""
    text = "the worker process that read it died, twice (out of memory?)"
    fault = Fault("fetch", "SB494", text, "", "its items stay as they were last built")
    return PileRead(pile.number, [FileRead([], one.stamp, one.seen_ns, fault) for one in pile.files])


PILES: Final = Kind("read sources", _open, Pile, PileRead, few=1, parts=_parts, joined=_joined, lost=_lost)
"""Piles of files."""
