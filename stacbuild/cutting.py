"""The records of files, read and cut into groups by content. Runs in any process; the same file gives the same groups.

Where a group ends depends on its records' keys alone, so that an insertion moves one or two groups. Never compares with
the memory: `listing` does; never asks what a change means: `plan` does.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Container, Iterator, Sequence
from itertools import chain, islice
from typing import Any, Final

import msgspec
import xxhash
from msgspec import Struct

from stacbuild import canon
from stacbuild.amends import Amends, Formers
from stacbuild.cuts import FileRead, GroupListing, RunFile, ToRead
from stacbuild.failures import Fault, ItemError, fault_of
from stacbuild.model import Input, Names, Stamp
from stacbuild.naming import feeds_of, named
from stacbuild.recipe.load import Recipe
from stacbuild.routing import Routes
from stacbuild.row_files import GroupEntry, Rows
from stacbuild.sealed import MemoryLostError
from stacbuild.sources.base import WHOLE_FILE, Part, Raw, Shard, SourceUnreadable
from stacbuild.sources.registry import kind_of, recognising
from stacbuild.sources.stamps import packed_stamp_of, stamp_of
from stacbuild.spool import Spooled
from stacbuild.stages.beside import beside

_CUT_MASK: Final = 0xFF
_GROUP_AT_MOST: Final = 1024
_TOLD_EVERY: Final = 8192
_pack = msgspec.msgpack.Encoder().encode


class _RunRead(Struct):
    """What was read of a run until now: its groups, and the records since the last."""

    found: FileRead
    rows: list[Input] = []
    blobs: list[bytes] = []
    keys: set[str] = set()

    def add(self, rows: list[Input], blobs: list[bytes]) -> None:
        """Take the records of a file."""
        self.rows += rows
        self.blobs += blobs
        self.keys.update(row.key for row in rows)


Known = Callable[[Shard, Part, set[int]], list[GroupListing]]
"""Gives the groups of a piece of a file that need not be read; the set is for what it gave of this file already."""


class Cutter:
    """Reads the files of one source."""

    def __init__(
        self,
        recipe: Recipe,
        routes: Routes,
        name: str,
        *,
        rows: Rows | None = None,
        put: Callable[[list[bytes]], Spooled] | None = None,
        rooted: Container[bytes] = frozenset(),
        known: Known | None = None,
        told: Callable[[int], None] | None = None,
    ) -> None:
        """Take the source and what is to be done on the way.

        Args:
            recipe: where the source is.
            routes: its tables.
            name: the source.
            rows: of the memory, where records may be found again by their bytes.
            put: writes records to the spool; None: nothing is to be worked on.
            rooted: the roots of groups whose records nobody will ask for.
            known: which pieces of files need not be read.
            told: is called with the number of records read since it was called before.
        """
        self._source, self._name, self._routes = recipe.document.sources[name], name, routes
        self._kind, self._feeds = kind_of(self._source), feeds_of(recipe.document, name)
        self._tables = [feed.table for feed in self._feeds]
        self._rows = rows
        self._put, self._rooted, self._known = put, rooted, known
        self._told, self._untold = told, 0
        self._order_counts = bool(beside(recipe.document).code)
        self._formers = Formers()

    def read(self, shard: Shard, stamp: Stamp | None, seen_ns: int, before: Sequence[GroupEntry] = ()) -> FileRead:
        """Return what a file holds that had `stamp` when it was looked at; one that changes meanwhile is read again.

        Args:
            shard: the file.
            stamp: what was seen of it.
            seen_ns: when that was.
            before: the groups that it had; records that stand there as they stood are not decoded.
        """
        if shard.trouble is not None:
            return FileRead([], stamp, seen_ns, shard.trouble)
        was = self._recognised(self._had(before) or [])
        for _ in range(2):
            try:
                groups = list(self._groups(shard, was))
            except SourceUnreadable as error:
                return FileRead([], stamp, seen_ns, Fault("fetch", error.code, error.message, "", error.hint))
            again = stamp_of(shard.file)
            if again == stamp:
                return FileRead(groups, stamp, seen_ns)
            stamp, seen_ns = again, time.time_ns()
        return FileRead([], stamp, seen_ns, _restless(shard.name))

    def read_run(self, one: ToRead, refused: Fault | None = None) -> FileRead:
        """Return the records of a run of files as one group, or more where keys repeat; what is the same is not read.

        A file that cannot be read keeps the records that it had.

        Args:
            one: the run.
            refused: why no file can be read.
        """
        had, read = self._had(one.before), _RunRead(FileRead([], None, one.seen_ns))
        was = _by_file(had or [])
        for file in one.files:
            old = was.get(file.name, [])
            if file.same and had is not None:
                rows, blobs = old, [b""] * len(old)
            else:
                rows, blobs = self._read_one(one, file, old, read.found, refused)
            if not read.keys.isdisjoint(row.key for row in rows):
                self._end(read, one)
            read.add(rows, blobs)
        self._end(read, one)
        return read.found

    def _end(self, read: _RunRead, one: ToRead) -> None:
        """Make a group of the records of a run that were read since the last."""
        if read.rows:
            group = self._group(Shard(one.name, one.file), WHOLE_FILE[0], read.rows, read.blobs, 0, 0)
            read.found.groups.append(group)
            read.rows, read.blobs, read.keys = [], [], set()

    def _read_one(
        self, one: ToRead, file: RunFile, old: list[Input], found: FileRead, refused: Fault | None
    ) -> tuple[list[Input], list[bytes]]:
        """Return the inputs of a file of a run with their records; `found` takes what is said of it."""
        shard = Shard(file.name, f"{one.file}/{file.name}", named=False)
        base, stamp, fault = os.path.dirname(file.name), file.stamp, refused  # noqa: PTH120  posix text
        was = {row.raw: row for row in old if one.trusted and row.raw and row.fault is None}
        for _ in range(2) if refused is None else ():
            try:
                raws = list(self._read(shard, 0, was if recognising(self._source) else {}))
            except SourceUnreadable as error:
                fault = Fault("fetch", error.code, error.message, "", error.hint)
                break
            again = packed_stamp_of(shard.at)
            if again == stamp:
                if stamp != file.stamp:
                    found.unsure.append(file.name)
                rows = [_again(raw, was, 0) if raw.again else self._input(raw, base, 0) for raw in raws]
                for row in rows:
                    row.file = file.name
                return rows, [raw.blob for raw in raws]
            stamp = again
        found.faults[file.name] = fault or _restless(file.name)
        return old, [b""] * len(old)

    def _had(self, before: Sequence[GroupEntry]) -> list[list[Input]] | None:
        """Return the inputs of groups that a file had; None where the memory is damaged, as others find."""
        self._formers = Formers()
        if self._rows is None:
            return None
        with contextlib.suppress(MemoryLostError):
            self._formers = Formers(self._rows, before)
            return self._formers.inputs
        return None

    def _recognised(self, groups: list[list[Input]]) -> dict[bytes, Input]:
        """Return inputs by the marks of their bytes, where records of the source are known by these."""
        if recognising(self._source) is None:
            return {}
        return {row.raw: row for rows in groups for row in rows if row.raw and row.fault is None}

    def _read(self, shard: Shard, first: int, was: dict[bytes, Input]) -> Iterator[Raw]:
        recognises = recognising(self._source)
        if not was or recognises is None:
            return self._kind.read(shard, self._source, first)
        return recognises.recognise(shard, self._source, {mark: row.key for mark, row in was.items()})

    def _groups(self, shard: Shard, was: dict[bytes, Input]) -> Iterator[GroupListing]:
        taken: set[int] = set()
        raws: Iterator[Raw] | None = None
        for part in self._kind.parts(shard, self._source):
            known = self._known(shard, part, taken) if self._known is not None else []
            if known:
                raws = None
                self._tell(part.records or 0)
                yield from known
            else:
                raws = raws or self._read(shard, part.first, was)
                yield from self._cut(shard, part, islice(raws, part.records), was)
        self._tell(0, now=True)

    def _tell(self, records: int, *, now: bool = False) -> None:
        self._untold += records
        if self._told is not None and (now or self._untold >= _TOLD_EVERY):
            self._told(self._untold)
            self._untold = 0

    def _cut(self, shard: Shard, part: Part, raws: Iterator[Raw], was: dict[bytes, Input]) -> Iterator[GroupListing]:
        base = os.path.dirname(shard.name)  # noqa: PTH120  shard names are posix text, not paths of this machine
        rows: list[Input] = []
        blobs: list[bytes] = []
        first = line = 0
        for raw in raws:
            if not rows:
                first, line = raw.ordinal, raw.line
            rows.append(_again(raw, was, line) if raw.again else self._input(raw, base, line))
            blobs.append(raw.blob)
            if len(rows) >= _GROUP_AT_MOST or xxhash.xxh3_64_intdigest(rows[-1].key.encode()) & _CUT_MASK == 0:
                yield self._group(shard, part, rows, blobs, first, line)
                rows, blobs = [], []
        if rows:
            yield self._group(shard, part, rows, blobs, first, line)

    def _group(
        self, shard: Shard, part: Part, rows: list[Input], blobs: list[bytes], first: int, line: int
    ) -> GroupListing:
        root = xxhash.xxh3_128_digest(_pack([_rooted(row) for row in rows]))
        faults = sum(row.fault is not None for row in rows)
        entry = GroupEntry(self._name, shard.name, root, inputs=len(rows), faults=faults, first=first, line=line)
        entry.part = part.digest
        entry.targets = sorted({target for row in rows for _, _, target in row.names if target})
        entry.untaken = sum(row.fault is None and all(target == "" for _, _, target in row.names) for row in rows)
        self._tell(len(rows))
        known = root in self._rooted
        spooled = self._put(blobs) if self._put is not None and not known else None
        amends = None if known else self._amended(rows)
        names = None if known or amends is not None else self.names(rows)
        moved = rows if amends is None or amends.shifted else [rows[at] for at in amends.moved]
        return GroupListing(entry, _pack(moved), spooled, names, amends=amends)

    def _amended(self, rows: list[Input]) -> Amends | None:
        """Return which group some inputs amend; None where the memory is damaged, as others find."""
        with contextlib.suppress(MemoryLostError):
            return self._formers.amended(rows)
        return None

    def names(self, rows: list[Input]) -> Names:
        """Return the marks of the keys of some inputs, and of their ids in each collection that they go to."""
        good = [row for row in rows if row.fault is None]
        keys = b"" if self._source.gives == "items" else b"".join(mark_of("", row.key) for row in good)
        named = ((target, name) for row in good for target, name, _ in targets_of(self._tables, row))
        return Names(keys, b"".join(mark_of(target, name) for target, name in named if name is not None))

    def _input(self, raw: Raw, base: str, line: int) -> Input:
        digest = canon.digest(raw.blob)
        fault = raw.fault
        if fault is None and raw.key is None:
            wanted = getattr(self._source, "key", "id")
            text = f"no value in key {wanted!r}"
            fault = Fault("fetch", "SB491", text, "", 'every record needs one; key = "*" takes the whole record')
        if fault is not None:
            return Input("!" + digest.hex(), digest, raw.line - line, [], fault)
        assert raw.key is not None
        record, names = self._record(raw), list[tuple[str | None, bytes | None, str | None]]()
        for feed in self._feeds:
            try:
                target = feed.target(self._routes, record)
            except ItemError as error:
                names.append((None, None, ""))
                fault = fault_of("transform", error)
            else:
                names.append(named(feed, target, record, digest, base))
        if fault is not None and all(target == "" for _, _, target in names):
            return Input("!" + digest.hex(), digest, raw.line - line, [], fault)
        return Input(raw.key, digest, raw.line - line, names, None, raw.mark)

    def _record(self, raw: Raw) -> Any:
        """Return a record as stages will see it; functions of users are the only ones that can tell its order."""
        if raw.record is None or self._order_counts:
            return canon.decode(raw.blob)
        return raw.record


def _by_file(groups: list[list[Input]]) -> dict[str, list[Input]]:
    """Return the inputs of groups of a block by their files."""
    found: dict[str, list[Input]] = {}
    for row in chain.from_iterable(groups):
        found.setdefault(row.file, []).append(row)
    return found


def _restless(name: str) -> Fault:
    text = f"{name} changed while it was read, twice"
    return Fault("fetch", "SB490", text, "", "build again when its writer is done")


def _rooted(row: Input) -> tuple[Any, ...]:
    """Return what the root of its group is of; where it stands counts where its group has several files."""
    known = (row.key, row.digest, row.names, row.fault)
    return (*known, row.file, row.line) if row.file else known


def _again(raw: Raw, was: dict[bytes, Input], line: int) -> Input:
    """Return the input of a record that stands there as it stood."""
    old = was[raw.mark]
    return Input(old.key, old.digest, raw.line - line, old.names, None, raw.mark)


def targets_of(tables: list[str], row: Input) -> Iterator[tuple[str, str | None, bytes]]:
    """Yield the collections that an input goes to, with its id and input digest there; `tables` read its source."""
    for table, (identity, placed, target) in zip(tables, row.names, strict=False):
        if target != "":
            yield table if target is None else target, identity, placed or row.digest


def mark_of(collection: str, name: str) -> bytes:
    """Return the mark of an id in a collection, or of a key in none (""): equal names have equal marks."""
    return xxhash.xxh3_64_digest(f"{collection}\0{name}".encode())
