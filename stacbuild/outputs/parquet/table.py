"""Items as the bytes of one stac-geoparquet file, in bounded memory, row group by row group.

A row group's bytes follow from its items and the columns of the file. One that stands in a file already is copied, or
brought to other columns. Of the others (1) along the store, items become rows; (2) in the order of the file, rows
become Arrow batches, and it is found out what they are; (3) what all row groups are decides the columns, and they are
written. Where only properties of a row group's items changed, its rows are made without the other columns, the steady
ones, and these are copied. An item that no table can hold is told and left out.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final, NamedTuple

import xxhash

from stacbuild.failures import ItemError
from stacbuild.outputs.base import ALONE, Share, Standing
from stacbuild.outputs.parquet import kept, metadata, rows
from stacbuild.outputs.parquet.assembling import Assembly, Options, lively, single
from stacbuild.outputs.parquet.batches import Read, Reader, Waiting, conformed
from stacbuild.outputs.parquet.facts import NOTHING, Facts, Layout, keeps, layout, same_steady, together, with_steady
from stacbuild.outputs.parquet.kept import About, Found
from stacbuild.outputs.parquet.lines import Entry, Lines
from stacbuild.parts import Part

__all__ = ["Entry", "Options", "Refused", "Table"]

COLUMNS_AT_MOST: Final = 2_000
"""With more, properties are names of things, not of fields, and stand in one column as JSON text."""
BATCH_ROWS: Final = 1_024
BATCH_BYTES: Final = 16 << 20
"""Bytes of the items of a batch. Where a batch ends decides where a page of its columns may: batches of a fixed count
end where they did when items grew a little."""
FEW: Final = 1_000
"""A file of fewer rows is made in one go, and nothing of it is remembered."""
ROOM: Final = 32 << 20
"""Bytes of batches that wait in memory."""

Documents = Callable[[], dict[str, dict[str, Any]]]


class Refused(NamedTuple):
    """An item that is left out, and why."""

    collection: str
    id: str
    error: ItemError


class _Group(NamedTuple):
    """A row group that is to be: its items by number, and the mark of what it follows from."""

    numbers: list[int]
    mark: bytes


class _Made(NamedTuple):
    """A row group that was read."""

    read: list[Read]
    facts: Facts


class _Plan(NamedTuple):
    """What a file is to be."""

    groups: list[_Group]
    facts: Facts
    layout: Layout


_NOTHING: Final = _Plan([], NOTHING, layout(NOTHING))


class Table:
    """One file in the making. Once it is made, `refused` says what is left out, `texts` which columns are JSON text."""

    def __init__(self, entries: list[Entry], scratch: Path, options: Options) -> None:
        self._entries = sorted(entries, key=lambda one: (one.item.moment, one.item.id, one.collection))
        self._scratch, self._options = scratch, options
        self._lines = Lines(self._entries, scratch)
        self._late: dict[int, ItemError] = {}
        self._gathered = False
        self._found: dict[bytes, Found] = {}
        self._made: dict[bytes, _Made] = {}
        self._formers: dict[bytes, Found] = {}
        """Mark of a row group → one that stands and has its steady columns."""
        self._spoilt: set[bytes] = set()
        """Marks of row groups that stand somewhere, but not as they can be taken over."""
        self.texts: list[str] = []

    @property
    def refused(self) -> list[Refused]:
        """What is left out, and why."""
        both = {**self._lines.refused, **self._late}
        return [Refused(self._entries[n].collection, self._entries[n].item.id, both[n]) for n in sorted(both)]

    def pieces(self, documents: Documents, standing: Standing = ALONE) -> Iterator[bytes]:
        """Yield the file's bytes.

        Args:
            documents: gives the collections' documents.
            standing: what stands already.
        """
        with self._opened():
            self._refuse_known(standing)
            plan = self._settled(standing)
            shape = plan.layout.shape
            self.texts = [name for name, member in shape.items() if member == "json"]
            self.texts += ["properties"] if self._gathered else []
            about = metadata.metadata(plan.facts, shape, documents(), plan.layout.places())
            schema = plan.layout.schema().with_metadata(about)
            if self._is_small(plan):
                yield single(self._conformed(plan.groups[0], plan.layout, schema), schema, self._options)
                return
            yield from self._assembled(plan, schema, standing)
            self._note(plan, standing)

    def _is_small(self, plan: _Plan) -> bool:
        """Tell whether a file is one row group of few rows, of which nothing stands."""
        first = plan.groups[0].mark if len(plan.groups) == 1 and len(self._entries) < FEW else b""
        return first in self._made and first not in self._formers

    def share(self, share: Share, standing: Standing) -> Iterator[bytes]:
        """Yield a file with those row groups of a share that stand nowhere; nothing, if an item is found to be refused.

        Its columns are what is known of those of the whole file: `pieces` takes from it what it can.
        """
        with self._opened():
            self._refuse_known(standing)
            plan = self._other_columns(standing, share) if share.again else self._shared(standing, share)
            standing.note(Part(kept.LAYOUTS, 0, 0, b"".join(self._layouts(plan))))
            if plan.groups:
                yield from self._assembled(plan, plan.layout.schema(), standing)

    def _layouts(self, plan: _Plan) -> set[bytes]:
        """Return the digests of the columns that the row groups of a share stand in."""
        return {found.kept.layout for found in self._found.values()} | ({plan.layout.digest} if plan.groups else set())

    def _shared(self, standing: Standing, share: Share) -> _Plan:
        """Return the row groups of a share that stand nowhere, in columns as far as they are known."""
        plan = self._settled(standing, share)
        facts = together([plan.facts, *kept.facts_of(standing)])
        return _Plan([group for group in plan.groups if group.mark in self._made], facts, layout(facts))

    def _other_columns(self, standing: Standing, share: Share) -> _Plan:
        """Return the row groups of a share that do not stand in the columns of the file; none if one stands nowhere."""
        groups = self._cut(None)
        there = [self._is_there(group, standing) for group in groups]
        if not all(there):
            return _NOTHING
        self._gather(groups)
        facts = together(self._facts(group) for group in groups)
        plan = _Plan(groups, facts, layout(facts))
        mine = self._cut(share)
        self._spoil(plan._replace(groups=mine))
        spoilt = [group for group in mine if group.mark in self._spoilt]
        self._make(spoilt)
        self._made |= {group.mark: self._read(group) for group in spoilt}
        return plan._replace(groups=[group for group in mine if not self._stands(group, plan.layout)])

    def _stands(self, group: _Group, final: Layout) -> bool:
        found = self._found.get(group.mark)
        return found is not None and found.kept.layout == final.digest

    def _opened(self) -> ExitStack:
        stack = ExitStack()
        stack.enter_context(self._lines)
        stream = tempfile.TemporaryFile(dir=self._scratch)  # noqa: SIM115  the stack closes it
        self._waiting = Waiting(stack.enter_context(stream), ROOM)
        return stack

    # --- which row groups there are, and what they are

    def _settled(self, standing: Standing, share: Share | None = None) -> _Plan:
        """Return what the file, or a share of it, is to be; row groups that have to be made are read."""
        while True:
            groups = self._cut(share)
            missing = [group for group in groups if not self._is_there(group, standing)]
            self._formers |= {g.mark: found for g in missing if (found := self._former(g, standing)) is not None}
            before = len(self._lines.refused)
            self._make(missing)
            if len(self._lines.refused) > before:
                if share is not None:
                    return _NOTHING
                continue
            self._gather(groups)
            self._made |= {group.mark: self._read(group) for group in missing}
            facts = together(self._facts(group) for group in groups)
            plan = _Plan(groups, facts, layout(facts))
            if not self._spoil(plan):
                return plan

    def _cut(self, share: Share | None) -> list[_Group]:
        """Return the row groups of the file, or of a share of it."""
        size, refused = self._options.group_rows, self._lines.refused
        sound = [number for number in range(len(self._entries)) if number not in refused]
        first, end = 0, -(-len(sound) // size)
        if share is not None:
            first, end = end * share.number // share.of, end * (share.number + 1) // share.of
        cuts = [sound[at * size : at * size + size] for at in range(first, end)]
        return [_Group(numbers, self._mark(numbers)) for numbers in cuts]

    def _mark(self, numbers: list[int]) -> bytes:
        entries = map(self._entries.__getitem__, numbers)
        names = [b"%b\0%b\0%b" % (e.collection.encode(), e.item.id.encode(), e.item.digest) for e in entries]
        return xxhash.xxh3_128_digest(self._options.made + b"".join(names))

    def _bulk(self, numbers: list[int]) -> bytes:
        """Return the mark of the steady columns of some rows; b"" where nobody knows."""
        entries = list(map(self._entries.__getitem__, numbers))
        if not all(entry.item.bulk for entry in entries):
            return b""
        names = [b"%b\0%b\0%b" % (e.collection.encode(), e.item.id.encode(), e.item.bulk) for e in entries]
        return xxhash.xxh3_128_digest(self._options.made + b"bulk" + b"".join(names))

    def _former(self, group: _Group, standing: Standing) -> Found | None:
        """Return a row group that stands and has the steady columns of this one, cut into the same batches."""
        found = kept.former(standing, self._bulk(group.numbers))
        sizes = map(len, self._batches(group.numbers))
        return found if found is not None and found.kept.batches == list(sizes) else None

    def _is_there(self, group: _Group, standing: Standing) -> bool:
        mark = group.mark
        if mark not in self._made and mark not in self._found and mark not in self._spoilt:
            found = kept.find(standing, mark)
            if found is not None:
                self._found[mark] = found
        return mark in self._made or mark in self._found

    def _gather(self, groups: list[_Group]) -> None:
        """Find out whether there are so many properties that they are one column."""
        found = [self._found.get(group.mark) for group in groups]
        some = zip(groups, found, strict=True)
        names = [self._names(group) if one is None else one.kept.facts.names for group, one in some]
        self._gathered = len(set[str]().union(*names)) > COLUMNS_AT_MOST

    def _names(self, group: _Group) -> set[str]:
        """Return the names of the cells of a row group that is made."""
        names, former = self._lines.names(group.numbers), self._formers.get(group.mark)
        return names if former is None else names | former.kept.facts.names & {*rows.STEADY}

    def _make(self, groups: list[_Group]) -> None:
        """Make the rows of row groups."""
        for whole in (True, False):
            some = (group for group in groups if (group.mark not in self._formers) == whole)
            self._lines.make((number for group in some for number in group.numbers), lively=not whole)

    def _facts(self, group: _Group) -> Facts:
        found = self._found.get(group.mark)
        return self._made[group.mark].facts if found is None else found.kept.facts

    def _spoil(self, plan: _Plan) -> bool:
        """Tell whether row groups have to be made though they stand somewhere; these are no longer taken for found."""
        spoilt = [group.mark for group in plan.groups if self._is_spoilt(group, plan.layout)]
        for mark in spoilt:
            self._found.pop(mark, None)
        self._spoilt.update(spoilt)
        return bool(spoilt)

    def _is_spoilt(self, group: _Group, final: Layout) -> bool:
        found = self._found.get(group.mark)
        if found is None:
            return False
        known = found.kept
        if known.gathered != self._gathered:
            return True
        if known.layout == final.digest:
            return False
        return known.weight > kept.WEIGHT_AT_MOST or not keeps(known.facts, found.layout(), final)

    def _read(self, group: _Group) -> _Made:
        """Return the batches of a row group and what its rows are by themselves; without columns that stand already."""
        former = self._formers.get(group.mark)
        reader = Reader(() if former is None else rows.STEADY)
        read = [self._waiting.put(reader.read(n, self._taken(n))) for n in self._batches(group.numbers)]
        if former is not None and any(one.batch is None for one in read):
            return self._read_whole(group)
        some = frozenset(reader.there), frozenset(reader.untimed), frozenset(self._names(group))
        facts = Facts(reader.shape, *some, *self._lines.spread(group.numbers))
        return _Made(read, facts if former is None else with_steady(facts, former.kept.facts))

    def _read_whole(self, group: _Group) -> _Made:
        """Return the batches of a row group of which rows without steady columns were made."""
        del self._formers[group.mark]
        self._make([group])
        return self._read(group)

    def _taken(self, numbers: list[int]) -> list[bytes]:
        lines = [self._lines.get(number) for number in numbers]
        return [rows.gathered(line) for line in lines] if self._gathered else lines

    def _batches(self, numbers: list[int]) -> Iterator[list[int]]:
        """Yield the items of each batch of a row group."""
        batch: list[int] = []
        size = 0
        for number in numbers:
            more = self._entries[number].item.size
            if batch and (size + more > BATCH_BYTES or len(batch) >= BATCH_ROWS):
                yield batch
                batch, size = [], 0
            batch.append(number)
            size += more
        yield batch

    # --- the file

    def _assembled(self, plan: _Plan, schema: Any, standing: Standing) -> Iterator[bytes]:
        assembly = Assembly(plan.layout, schema, self._options, standing)
        yield assembly.begin()
        for group in plan.groups:
            found = self._found.get(group.mark)
            if found is not None and found.kept.stay:
                self._tell(group)
            if found is None:
                yield from self._anew(assembly, group, plan.layout, schema)
            elif self._stands(group, plan.layout):
                yield from assembly.copy(found, found.about(self._bulk(group.numbers)))
            else:
                yield assembly.add(kept.recast(standing, found, schema), found.about(self._bulk(group.numbers)))
        yield assembly.end()

    def _anew(self, assembly: Assembly, group: _Group, final: Layout, schema: Any) -> Iterator[bytes]:
        """Yield a row group that stands nowhere, or of which the steady columns do."""
        former = self._formers.get(group.mark)
        if former is not None:
            if same_steady(former.layout(), final):
                batches = self._conformed(group, final, lively(schema))
                if self._late.keys().isdisjoint(group.numbers):
                    if former.kept.stay:
                        self._tell(group)
                    yield from assembly.renew(former, batches, self._about(group))
                    return
            self._made[group.mark] = self._read_whole(group)
            for number in group.numbers:
                self._late.pop(number, None)
        yield assembly.add(self._conformed(group, final, schema), self._about(group))

    def _tell(self, group: _Group) -> None:
        """Tell of hrefs that stay relative in a row group of which no item is looked at."""
        some = (self._entries[number] for number in group.numbers)
        for hrefs in (entry.hrefs for entry in some if entry.item.local and entry.hrefs is not None):
            hrefs.tell()

    def _conformed(self, group: _Group, final: Layout, schema: Any) -> list[Any]:
        """Return the batches of a row group as the file has them; without rows that cannot be so."""
        made = []
        for read in self._made[group.mark].read:
            shape = {name: final.shape[name] for name in schema.names}
            result = conformed(read, self._waiting.get(read), self._taken, shape, schema)
            self._late |= {read.numbers[at]: error for at, error in result.refused.items()}
            made.append(result.batch)
        return made

    def _about(self, group: _Group) -> About:
        made = self._made[group.mark]
        sure = self._late.keys().isdisjoint(group.numbers) and all(one.batch is not None for one in made.read)
        weight = sum(self._entries[number].item.size for number in group.numbers)
        former = self._formers.get(group.mark)
        stay = self._lines.stay(group.numbers) if former is None else former.kept.stay
        return About(group.mark, self._bulk(group.numbers), made.facts, self._gathered, weight, stay, sure)

    # --- what is remembered of the whole

    def _refuse_known(self, standing: Standing) -> None:
        """Take over what is known of items that no row can be made of: without them it is told what stands where."""
        for number, error in kept.refused_of(standing, self._entries):
            self._lines.refused[number] = error

    def _note(self, plan: _Plan, standing: Standing) -> None:
        standing.note(Part(kept.FACTS, 0, 0, kept.packed(plan.facts)))
        if self._lines.refused:
            some = [(self._entries[number], error) for number, error in self._lines.refused.items()]
            standing.note(Part(kept.REFUSED, 0, 0, kept.refusals(some)))
