"""Files of many items, written beside their places by workers: a kind of task. The parent renames them.

A worker reads rows and chunks by itself, so that hardly anything goes to it and the parent does nothing an item. It
names its files after the parent's process: whose death lets the next build sweep them. Never touches what is there.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import Struct

from stacbuild import files
from stacbuild.execute.base import Executor, Kind
from stacbuild.failures import Problem
from stacbuild.making import Made, make
from stacbuild.model import LeftOut
from stacbuild.outputs.base import Output, Wanted
from stacbuild.outputs.registry import open_outputs
from stacbuild.parts import Former, Parts
from stacbuild.profiling import Span, Spans, now
from stacbuild.recipe.schema import Document
from stacbuild.rows import RowsWriter
from stacbuild.store import MissingChunksError, open_store
from stacbuild.trace import GroupEntry, RowFiles
from stacbuild.view import Catalog
from stacbuild.workshop import Workshop

WORTH: Final = 5_000
"""Items to be written, each as often as it is; below, what starting workers costs is more than they bring."""

COST: Final = {"geoparquet": 4}
"""What an item costs in outputs of a kind, others being 1: dear files come first, so that the last end together."""


class Tools(Struct, frozen=True):
    """What a worker needs to write any file of a build."""

    document: Document
    root: Path
    scratch: Path
    """The memory's folder: rows are read there, unnamed files made."""
    entries: list[GroupEntry]
    owner: int
    """The process that the files are named after."""
    profiled: bool


class Ask(Struct, array_like=True):
    """A file to be written."""

    number: int
    output: str
    wanted: Wanted
    documents: dict[str, dict[str, Any]] | None
    """The collections' documents that stand in it, where it has any."""
    former: Former | None = None
    """What parts of it may be copied from."""


class Given(Struct, array_like=True):
    """A file that stands beside its place, and what was said of it."""

    number: int
    beside: str
    digest: bytes
    size: int
    left: list[LeftOut]
    warnings: list[Problem]
    parts: Parts
    spans: Spans | None = None


class Due(NamedTuple):
    """A file of many items that is to be made."""

    output: Output
    wanted: Wanted
    former: Former | None


class _Writer:
    """Writes files in a worker."""

    def __init__(self, tools: Tools) -> None:
        spec = tools.document.cache
        store = open_store(spec.backend, tools.root / spec.path, joined=True)
        rows = RowFiles(tools.scratch)
        self._outputs = {output.name: output for output in open_outputs(tools.document.outputs, tools.root)}
        self._view = Catalog(tools.document, tools.root, tools.scratch, tools.entries, rows, store, None)
        self._tools = tools

    def write(self, ask: Ask) -> Given:
        """Write one file.

        Raises:
            SurroundingsError: the disk refuses.
            MissingChunksError: the store lacks documents.
        """
        begin, view, output = now(), self._view, self._outputs[ask.output]
        wanted = msgspec.structs.replace(ask.wanted, documents=ask.documents)
        made = make(output, view, wanted, ask.former, self._tools.owner)
        warnings, view.warnings = view.warnings, []
        facts: dict[str, int | str] = {"file": wanted.path, "bytes": made.attempt.size, "copied": made.copied}
        span = Span(f"write {output.name}", begin, now(), facts)
        spans = Spans(os.getpid(), [span]) if self._tools.profiled else None
        return Given(ask.number, *made.attempt, made.left, warnings, made.parts, spans)


def _open(tools: Tools, seat: int) -> Callable[[Ask], Given]:
    del seat
    return _Writer(tools).write


FILES: Final = Kind("write files", _open, Ask, Given, ahead=1)
"""Files of many items."""


class Writers:
    """Lets the workers of a build write; `shop` and `rows` say of what."""

    def __init__(self, shop: Workshop, executor: Executor, rows: RowsWriter) -> None:
        self._shop, self._executor, self._rows = shop, executor, rows

    def worth(self, view: Catalog, files: Sequence[Due]) -> bool:
        """Tell whether it takes less time to let workers write some files."""
        if self._executor.jobs <= 1 or len(files) <= 1:
            return False
        return sum(_items(view, one) for one in files) >= WORTH

    def written(self, view: Catalog, due: Sequence[Due]) -> Generator[Made]:
        """Yield files that stand beside their places, in the order of `due`; whatever ends it leaves none of them.

        Raises:
            SurroundingsError: the disk refuses.
            MissingChunksError: the store lacks documents.
        """
        self._rows.flush()
        waiting: dict[int, Given] = {}
        done = 0
        try:
            for given in self._executor.map(FILES, self._tools(view), self._asks(view, due)):
                waiting[given.number] = given
                while done in waiting:
                    done += 1
                    yield self._taken(view, waiting.pop(done - 1))
        except MissingChunksError as missing:
            self._shop.store.lost |= missing.digests
            raise
        finally:
            if done < len(due):
                self._executor.close()
                _drop(due[done:])

    def end(self) -> None:
        """Let go of the workers: what is left is for this process, which may take the memory that they had."""
        self._executor.close()

    def _taken(self, view: Catalog, given: Given) -> Made:
        self._shop.profile.take(given.spans)
        for problem in given.warnings:
            view.warn(problem)
        return Made(files.Attempt(given.beside, given.digest, given.size), given.left, given.parts)

    def _tools(self, view: Catalog) -> Tools:
        shop = self._shop
        return Tools(shop.document, shop.recipe.root, shop.folder, view.entries, os.getpid(), shop.profile.on)

    def _asks(self, view: Catalog, due: Sequence[Due]) -> Iterator[Ask]:
        """Yield the tasks, the dearest first, but files of one collection together: a worker reads its rows once."""
        whole = [one._replace(wanted=msgspec.structs.replace(one.wanted, part=None)) for one in due]
        costs = [_items(view, one) * COST.get(one.output.kind, 1) for one in whole]
        for number in sorted(range(len(due)), key=lambda n: (-costs[n], due[n].wanted.collection)):
            output, wanted, former = due[number]
            documents = output.documents_in(view, wanted)
            yield Ask(number, output.name, whole[number].wanted, documents, former)


def _items(view: Catalog, due: Due) -> int:
    """Return how many items a file holds."""
    if due.wanted.part is not None:
        return sum(map(len, due.wanted.part.values()))
    names = [due.wanted.collection] if due.wanted.collection else due.output.takes(view.names())
    return sum(map(view.roster.count, names))


def _drop(due: Sequence[Due]) -> None:
    """Remove files that stand beside their places and will not be put there: no worker is at them any more."""
    for one in due:
        with contextlib.suppress(OSError):
            Path(files.beside(f"{one.output.base}/{one.wanted.path}")).unlink(missing_ok=True)
