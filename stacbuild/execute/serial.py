"""Chunks worked on one after the other in this process."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from stacbuild.work import Bench, Chunk, ChunkResult, Tools


class Serial:
    """An executor without workers."""

    def __init__(self, tools: Tools) -> None:
        self._bench = Bench(tools)

    def map(self, chunks: Iterable[Chunk]) -> Iterator[ChunkResult]:
        """Yield the result of each chunk in order."""
        return map(self._bench.run, chunks)

    def drain(self) -> Iterator[ChunkResult]:
        """Yield nothing: what was begun has been given up with it."""
        return iter(())

    def close(self) -> None:
        """Do nothing: there is nothing to end."""
