"""Groups whose records were edited in place: the same keys, ids and targets, in the same order, as a group had before.

Of such a group only the pairs of records that moved are decoded, worked on and written; the others stay where they
stand. Who reads the file looks the old ones up. Any doubt, and all of it is looked at. Never decides what is stale:
`plan` does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Final, NamedTuple

import msgspec
import xxhash
from msgspec import Raw, Struct

from stacbuild.model import Group, Input, Pair, Tally
from stacbuild.row_files import GroupEntry, Inputs, Rows
from stacbuild.sealed import decoded
from stacbuild.splices import Splice, spliced

Span = tuple[int, int]
"""Where something stands in rows as they were written whole, and how many bytes it has."""


class Had(Struct, array_like=True):
    """What a collection had of a group of which some records are others."""

    moved: dict[str, tuple[Span, bytes]]
    """Key of each record that is another → where its pair stands, and that pair."""
    built: bytes
    """What the root of the group is of, of the pairs of the others: a list, packed."""


class Amends(Struct, array_like=True):
    """That a group is one that its file had, but for some records."""

    number: int
    """Which of the groups that the file had."""
    moved: list[int]
    """Positions of the records that are others now."""
    shifted: bool = False
    """Some stand at another distance, in lines, from the group's first; what follows is not known then."""
    inputs: list[Span] = []
    """Where the inputs of the records that moved stand in the rows."""
    pairs: dict[str, Had] = {}


# --- who reads a file

HELD: Final = 16 << 20
"""Bytes; unpacked they are some four times as many."""


class Formers:
    """The groups that a file had; `inputs` are of each of them.

    Their rows are held where they are no more than HELD bytes as they are stored, else read again when asked for.
    """

    def __init__(self, rows: Rows | None = None, entries: Sequence[GroupEntry] = ()) -> None:
        """Read the inputs of groups.

        Raises:
            MemoryLostError: rows are missing or damaged.
        """
        hold = sum(entry.length for entry in entries) <= HELD
        self._rows, self._entries = rows, entries
        self._held: dict[int, _Rows] = {}
        self.inputs: list[list[Input]] = []
        for number in range(len(entries)):
            found = self._read(number)
            self.inputs.append(decoded(found.now, _inputs_of).inputs)
            if hold:
                self._held[number] = found
        self._by_keys = {_keys_of(some): number for number, some in enumerate(self.inputs)}

    def _read(self, number: int) -> _Rows:
        assert self._rows is not None
        entry = self._entries[number]
        written = self._rows.written(entry)
        return _Rows(written, spliced(written, self._rows.splices(entry)) if entry.splices is not None else written)

    def amended(self, rows: list[Input]) -> Amends | None:
        """Return which of the groups some inputs amend; None: none, or some of them cannot be read.

        Raises:
            MemoryLostError: rows are missing or damaged.
        """
        number = self._by_keys.get(_keys_of(rows)) if self._by_keys else None
        before = [] if number is None else self.inputs[number]
        moved = None if number is None else _moved(before, rows)
        if number is None or moved is None:
            return None
        if any(was.line != now.line for was, now in zip(before, rows, strict=True)):
            return Amends(number, moved, shifted=True)
        found = self._held.get(number) or self._read(number)
        places, pairs = _looked_up(found, {rows[at].key for at in moved})
        return Amends(number, moved, inputs=[places[at] for at in moved], pairs=pairs)


class _Rows(NamedTuple):
    """Packed rows as they were written whole, and as they are now."""

    written: bytes
    now: bytes


def _keys_of(rows: list[Input]) -> bytes:
    return xxhash.xxh3_128_digest(_pack([row.key for row in rows]))


def _moved(old: list[Input], rows: list[Input]) -> list[int] | None:
    """Return at which positions records are others; None: in their keys, ids, targets or files too, or some fail."""
    moved = []
    for at, (was, now) in enumerate(zip(old, rows, strict=True)):
        if was is now:
            continue
        if was.key != now.key or was.file != now.file or was.fault is not None or now.fault is not None:
            return None
        if was.names != now.names and _named(was) != _named(now):
            return None
        if was.digest != now.digest or was.names != now.names:
            moved.append(at)
    return moved


def _named(row: Input) -> list[tuple[str | None, str | None]]:
    """Return the ids and targets of an input."""
    return [(identity, target) for identity, _, target in row.names]


class _Name(Struct, array_like=True, gc=False):
    """The beginning of a `Version`."""

    id: str
    digest: bytes


class _Lean(Struct, array_like=True, gc=False):
    """A `Pair` of which is decoded what the root of its group is of."""

    key: str
    input: Raw
    id: Raw
    marks: Raw
    fault: Raw
    verdict: Raw
    now: _Name | None
    live: bool
    kept: _Name | None


class _Leans(Struct, array_like=True):
    """A `Group` of which is decoded what its root is of."""

    inputs: Raw
    pairs: dict[str, list[_Lean]]


class _Elements(Struct, array_like=True):
    """A `Group` of which no input and no pair is decoded."""

    inputs: list[Raw]
    pairs: dict[str, list[Raw]]


_inputs_of = msgspec.msgpack.Decoder(Inputs).decode
_leans_of = msgspec.msgpack.Decoder(_Leans).decode
_elements_of = msgspec.msgpack.Decoder(_Elements).decode
_bytes_of = msgspec.msgpack.Decoder(list[bytes]).decode
_pair_of = msgspec.msgpack.Decoder(Pair).decode
_pack: Final = msgspec.msgpack.Encoder().encode


def _looked_up(found: _Rows, moved: set[str]) -> tuple[list[Span], dict[str, Had]]:
    """Return where the inputs of a group stand, and what each collection had of it; `moved` are keys."""
    before = _elements_of(found.written)
    now = before if found.now is found.written else _elements_of(found.now)
    inputs, pairs = _placed(before)
    leans = _leans_of(found.now).pairs
    return inputs, {name: _had(pairs[name], now.pairs[name], leans[name], moved) for name in pairs}


def _had(spans: list[Span], raws: list[Raw], leans: list[_Lean], moved: set[str]) -> Had:
    """Return what a collection had of a group, whose pairs stand in `spans`."""
    mine, others = dict[str, tuple[Span, bytes]](), list[bytes]()
    for number, lean in enumerate(leans):
        if lean.key in moved:
            mine[lean.key] = spans[number], bytes(raws[number])
        elif (found := lean.now if lean.live else lean.kept) is not None:
            others.append(b"%b\0%b" % (found.id.encode(), found.digest))
    return Had(mine, _pack(others))


def _placed(group: _Elements) -> tuple[list[Span], dict[str, list[Span]]]:
    """Return where the inputs of packed rows stand, and the pairs of each collection."""
    inputs, end = _spans(group.inputs, _head(2))
    pairs, end = dict[str, list[Span]](), end + _head(len(group.pairs))
    for name, some in group.pairs.items():
        pairs[name], end = _spans(some, end + len(_pack(name)))
    return inputs, pairs


def _spans(elements: list[Raw], begin: int) -> tuple[list[Span], int]:
    """Return where the elements of a packed list stand that begins somewhere, and where it ends."""
    sizes = [memoryview(one).nbytes for one in elements]
    *begins, end = accumulate(sizes, initial=begin + _head(len(elements)))
    return [*zip(begins, sizes, strict=True)], end


def _head(count: int) -> int:
    """Return how many bytes stand before the elements of a list or map (MessagePack, formats array and map)."""
    return 1 if count < 1 << 4 else 3 if count < 1 << 16 else 5


# --- who plans and settles


class Rest(Struct):
    """What a group was that is amended: its entry, and what its collections had of the records that moved."""

    entry: GroupEntry
    amends: Amends

    def old(self) -> dict[str, dict[str, Pair]]:
        """Return the pairs of the records that moved."""
        return {
            name: {key: _pair_of(blob) for key, (_, blob) in had.moved.items()}
            for name, had in self.amends.pairs.items()
        }

    def built(self, name: str, renewed: Iterable[Pair]) -> list[bytes]:
        """Return what the root of the group is of in a collection, in order."""
        versions = (version for pair in renewed if (version := pair.built) is not None)
        now = [version.id.encode() + b"\0" + version.digest for version in versions]
        had = self.amends.pairs.get(name)
        return sorted([*now, *(_bytes_of(had.built) if had is not None else ())])

    def splices(self, inputs: list[Input], renewed: dict[str, list[Pair]]) -> list[Splice]:
        """Return what is put into the rows: inputs and pairs of the records that moved."""
        amends = self.amends
        rows = zip(amends.inputs, inputs, strict=True)
        pairs = ((amends.pairs[name].moved[pair.key][0], pair) for name, some in renewed.items() for pair in some)
        return [Splice(*span, _pack(one)) for some in (rows, pairs) for span, one in some]


def put_in(inputs: list[Input], amends: Amends, moved: list[Input]) -> list[Input]:
    """Return the inputs of a group that is amended with those that moved in their places."""
    now = dict(zip(amends.moved, moved, strict=True))
    return [now.get(at, row) for at, row in enumerate(inputs)]


def exchanged(group: Group, rest: Rest, inputs: list[Input], renewed: dict[str, list[Pair]]) -> Group:
    """Return a group that is amended, with the inputs and pairs of the records that moved."""
    now = put_in(group.inputs, rest.amends, inputs)
    return Group(now, {name: [*_with(pairs, renewed.get(name, []))] for name, pairs in group.pairs.items()})


def _with(pairs: list[Pair], renewed: list[Pair]) -> Iterator[Pair]:
    now = {pair.key: pair for pair in renewed}
    return (now.get(pair.key, pair) for pair in pairs)


def same(one: Tally, other: Tally) -> bool:
    """Tell whether pairs that are exchanged for others leave the tally of their group as it is, but for its root."""
    return one == msgspec.structs.replace(other, root=one.root)
