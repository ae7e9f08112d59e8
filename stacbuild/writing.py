"""Files of many items, written beside their places by workers: a kind of task. The parent renames them.

A worker reads rows and chunks by itself, so that hardly anything goes to it and the parent does nothing an item. It
names its files after the parent's process: whose death lets the next build sweep them. Never touches what is there.
"""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from itertools import chain, groupby
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import Struct

from stacbuild import files
from stacbuild.execute.base import Executor, Kind
from stacbuild.failures import Problem
from stacbuild.making import Made, make, make_share, share_path
from stacbuild.model import LeftOut
from stacbuild.outputs.base import InParts, InShares, Output, Share, Wanted
from stacbuild.outputs.registry import open_outputs
from stacbuild.parts import Former, Parts, Shared
from stacbuild.profiling import Span, Spans, now
from stacbuild.recipe.schema import Document
from stacbuild.row_files import GroupEntry, RowFiles
from stacbuild.rows import RowsWriter
from stacbuild.store import MissingChunksError, open_store
from stacbuild.view import Catalog
from stacbuild.workshop import Workshop

WORTH: Final = 5_000
"""Items to be written, each as often as it is; below, what starting workers costs is more than they bring."""

ALONG: Final = 25_000
"""Items whose lines are laid down together."""
VISITS: Final = 2
"""If chunks of the store would be read so often on an average, it costs less to lay their lines down."""

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
    shares: list[Shared] = []
    """The shares of it that were made."""
    share: Share | None = None
    """The share of it that is to be made, instead of all."""
    along: list[str] = []
    """Files of the same collection that are asked for one after the other, this among them: what lies together in the
    store goes to several of them."""


class Given(Struct, array_like=True):
    """A file that stands beside its place, and what was said of it."""

    number: int
    beside: str
    digest: bytes
    size: int
    left: list[LeftOut]
    warnings: list[Problem]
    parts: Parts
    share: Share | None = None
    spans: Spans | None = None


class Due(NamedTuple):
    """A file of many items that is to be made."""

    output: Output
    wanted: Wanted
    former: Former | None
    moved: int | None = None
    """About how many items of it are new; None: all."""

    @property
    def place(self) -> str:
        """Where it is to be."""
        return f"{self.output.base}/{self.wanted.path}"


class _Writer:
    """Writes files in a worker."""

    def __init__(self, tools: Tools) -> None:
        spec = tools.document.cache
        store = open_store(spec.backend, tools.root / spec.path, joined=True)
        rows = RowFiles(tools.scratch)
        self._outputs = {output.name: output for output in open_outputs(tools.document.outputs, tools.root)}
        self._view = Catalog(tools.document, tools.root, tools.scratch, tools.entries, rows, store, None)
        self._tools = tools
        self._along: tuple[str, str, list[str]] = ("", "", [])

    def write(self, ask: Ask) -> Given:
        """Write one file, or a share of it.

        Raises:
            SurroundingsError: the disk refuses.
            MissingChunksError: the store lacks documents.
        """
        begin, view, output = now(), self._view, self._outputs[ask.output]
        wanted = msgspec.structs.replace(ask.wanted, documents=ask.documents)
        self._lay(output, ask)
        made = self._made(output, msgspec.structs.replace(ask, wanted=wanted))
        warnings, view.warnings = view.warnings, []
        facts: dict[str, int | str] = {"file": wanted.path, "bytes": made.attempt.size, "copied": made.copied}
        facts |= {} if ask.share is None else {"share": ask.share.number}
        span = Span(f"write {output.name}", begin, now(), facts)
        spans = Spans(os.getpid(), [span]) if self._tools.profiled else None
        return Given(ask.number, *made.attempt, made.left, warnings, made.parts, ask.share, spans)

    def _lay(self, output: Output, ask: Ask) -> None:
        """Read the documents of files that are asked for one after the other once, where that saves much."""
        along = (ask.output, ask.wanted.collection, ask.along)
        if along == self._along or not isinstance(output, InParts):
            return
        self._along, view = along, self._view
        parts = output.items_of(view, ask.wanted.collection, ask.along) if ask.along else []
        items = list(chain.from_iterable(parts))
        visits, chunks = sum(len({item.blob for item in part}) for part in parts), len({item.blob for item in items})
        view.lay(items if visits > VISITS * chunks else ())

    def _made(self, output: Output, ask: Ask) -> Made:
        view, wanted, owner = self._view, ask.wanted, self._tools.owner
        if ask.share is None or not isinstance(output, InShares):
            return make(output, view, wanted, ask.former, ask.shares, owner)
        place = f"{output.base}/{wanted.path}", wanted
        return make_share(output, view, place, ask.share, ask.former, ask.shares, owner)


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
        if self._executor.jobs <= 1 or sum(_items(view, one) for one in files) < WORTH:
            return False
        return len(files) > 1 or bool(self._counts(view, files))

    def written(self, view: Catalog, due: Sequence[Due]) -> Generator[Made]:
        """Yield files that stand beside their places, in the order of `due`; whatever ends it leaves none of them.

        Raises:
            SurroundingsError: the disk refuses.
            MissingChunksError: the store lacks documents.
        """
        self._rows.flush()
        waiting: dict[int, Given] = {}
        done, counts = 0, self._counts(view, due)
        try:
            for given in self._given(view, due, counts):
                waiting[given.number] = given
                while done in waiting:
                    done += 1
                    taken = self._taken(view, waiting.pop(done - 1))
                    yield Made(files.Attempt(taken.beside, taken.digest, taken.size), taken.left, taken.parts)
        except MissingChunksError as missing:
            self._shop.store.lost |= missing.digests
            raise
        finally:
            if done < len(due):
                self._executor.close()
                _drop(one.place for one in due[done:])
            _drop(share_path(due[number].place, one) for number in counts for one in _shares(counts[number]))

    def _counts(self, view: Catalog, due: Sequence[Due]) -> dict[int, int]:
        """Return in how many shares files are made: no more than it takes to give each worker as much to do."""
        costs = [_cost(view, one) for one in due]
        most = {
            n: one.output.shares(_items(view, one)) for n, one in enumerate(due) if isinstance(one.output, InShares)
        }
        one_share = sum(costs) / self._executor.jobs
        counts = {number: min(count, math.ceil(costs[number] / one_share)) for number, count in most.items()}
        return {number: count for number, count in counts.items() if count > 1}

    def _given(self, view: Catalog, due: Sequence[Due], counts: dict[int, int]) -> Iterator[Given]:
        """Yield files as they are made; those of which shares are made first come last."""
        tools, asks = self._tools(view), list(self._asks(view, due))
        whole = [ask for ask in asks if ask.number in counts]
        shares: dict[int, list[Given]] = {ask.number: [] for ask in whole}
        first = (one for ask in asks for one in (_in_shares(ask, counts[ask.number]) if ask in whole else [ask]))
        for given in self._executor.map(FILES, tools, first):
            if given.share is None:
                yield given
                continue
            self._shop.profile.take(given.spans)
            shares[given.number].append(given)
        again = [ask for ask in whole if not _agree(due[ask.number].output, shares[ask.number])]
        asked = (one for ask in again for one in _in_shares(_with(ask, shares), counts[ask.number], again=True))
        for given in self._executor.map(FILES, tools, asked):
            self._shop.profile.take(given.spans)
            shares[given.number].insert(0, given)
        yield from self._executor.map(FILES, tools, [_with(ask, shares) for ask in whole])

    def _taken(self, view: Catalog, given: Given) -> Given:
        """Return a file that a worker made; what it said of it, and its shares, is noted, in the order of files."""
        self._shop.profile.take(given.spans)
        for problem in given.warnings:
            view.warn(problem)
        return given

    def end(self) -> None:
        """Let go of the workers: what is left is for this process, which may take the memory that they had."""
        self._executor.close()

    def _tools(self, view: Catalog) -> Tools:
        shop = self._shop
        return Tools(shop.document, shop.recipe.root, shop.folder, view.entries, os.getpid(), shop.profile.on)

    def _asks(self, view: Catalog, due: Sequence[Due]) -> Iterator[Ask]:
        """Yield the tasks, the dearest first, but files of one collection together: a worker reads its rows once."""
        whole = [one._replace(wanted=msgspec.structs.replace(one.wanted, part=None)) for one in due]
        costs = [_items(view, one) * COST.get(one.output.kind, 1) for one in whole]
        order = sorted(range(len(due)), key=lambda n: (-costs[n], due[n].wanted.collection))
        along = _along([due[number] for number in order])
        for number, paths in zip(order, along, strict=True):
            one = due[number]
            documents = one.output.documents_in(view, one.wanted)
            few = one.wanted.items is not None
            yield Ask(number, one.output.name, whole[number].wanted, documents, one.former, along=[] if few else paths)


def _along(due: Sequence[Due]) -> Iterator[list[str]]:
    """Yield for each file the paths of those that are to be made with it, of parts of one collection, up to ALONG."""
    for _, some in groupby(due, key=lambda one: (one.output.name, one.wanted.collection or one.wanted.path)):
        run: list[str] = []
        items = 0
        for one in some:
            held = sum(map(len, (one.wanted.part or {}).values()))
            if run and items + held > ALONG:
                yield from _each(run)
                run, items = [], 0
            run, items = [*run, one.wanted.path], items + held
        yield from _each(run)


def _each(run: list[str]) -> list[list[str]]:
    """Return for each file of a run those that are made with it."""
    return [run if len(run) > 1 else []] * len(run)


def _items(view: Catalog, due: Due) -> int:
    """Return how many items a file holds."""
    if due.wanted.part is not None:
        return sum(map(len, due.wanted.part.values()))
    names = [due.wanted.collection] if due.wanted.collection else due.output.takes(view.names())
    return sum(map(view.roster.count, names))


def _cost(view: Catalog, due: Due) -> int:
    """Return what a file costs, in items of the cheapest outputs; of one that stands, what is about to be made anew."""
    items, output = _items(view, due), due.output
    if due.moved is not None and isinstance(output, InShares):
        items = min(items, max(due.moved, 1) * -(-items // max(output.shares(items), 1)))
    return items * COST.get(output.kind, 1)


def _shares(count: int) -> Iterator[Share]:
    """Yield all shares that a file may have."""
    return (Share(number, count, again) for again in (False, True) for number in range(count))


def _in_shares(ask: Ask, count: int, *, again: bool = False) -> Iterator[Ask]:
    """Yield the tasks of which each makes a share of a file."""
    for number in range(count):
        yield msgspec.structs.replace(ask, share=Share(number, count, again))


def _with(ask: Ask, shares: dict[int, list[Given]]) -> Ask:
    """Return the task with the shares that were made."""
    return msgspec.structs.replace(ask, shares=[Shared(one.beside, one.parts) for one in shares[ask.number]])


def _agree(output: Output, shares: list[Given]) -> bool:
    return not isinstance(output, InShares) or output.agree([one.parts for one in shares])


def _drop(places: Iterable[str]) -> None:
    """Remove what stands beside places and will not be put there: no worker is at it any more."""
    for place in places:
        with contextlib.suppress(OSError):
            Path(files.beside(place)).unlink(missing_ok=True)
