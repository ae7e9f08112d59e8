"""Chunks of work as a kind of task: what a chunk is done with, and how it is taken apart when it kills its worker."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from stacbuild.execute.base import Kind
from stacbuild.failures import Fault
from stacbuild.jobs import Chunk, ChunkResult, Outcome
from stacbuild.packing import pack, unpack
from stacbuild.work import Bench, Tools


def _open(tools: Tools, seat: int) -> Callable[[Chunk], ChunkResult]:
    del seat
    return Bench(tools).run


def _parts(chunk: Chunk) -> list[Chunk]:
    return [Chunk(chunk.number, [job], chunk.packed) for job in chunk.jobs]


def _joined(chunk: Chunk, results: list[ChunkResult]) -> ChunkResult:
    """Return the results of single jobs as the result of one chunk."""
    documents: list[bytes] = []
    outcomes = []
    for result in results:
        (outcome,) = result.outcomes
        base = len(documents)
        documents.extend(unpack(result.packed) if result.packed else [])
        outcome.ordinals = [base + ordinal for ordinal in outcome.ordinals]
        if outcome.version is not None:
            ordinal = base + outcome.version.ordinal
            outcome.version = msgspec.structs.replace(outcome.version, ordinal=ordinal)
        outcomes.append(outcome)
    times = [seen for result in results for seen in result.times]
    return ChunkResult(chunk.number, pack(documents) if documents else b"", outcomes, times)


def _lost(chunk: Chunk) -> ChunkResult:
    """Return the result of a chunk of one job that kills its worker: that job has failed."""
    fault = Fault("transform", "SB297", "the worker process died on this item (out of memory?)")
    return ChunkResult(chunk.number, b"", [Outcome(fault=fault) for _ in chunk.jobs])


CHUNKS: Final = Kind("work on items", _open, Chunk, ChunkResult, few=2, parts=_parts, joined=_joined, lost=_lost)
"""Chunks of jobs over the tools of a recipe."""
