"""Groups whose records were edited in place: the same keys, ids and targets, in the same order, as a group had before.

Of such a group only the pairs of records that moved are decoded, worked on and written; the others stay where they
stand. Who reads the file looks the old ones up. Any doubt, and all of it is looked at. Never decides what is stale:
`plan` does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Final

import msgspec
import xxhash
from msgspec import Raw, Struct

from stacbuild.model import Group, Input, Pair, Tally
from stacbuild.splices import Splice, spliced
from stacbuild.trace import GroupEntry, Rows

Span = tuple[int, int]
"""Where something stands in rows as they were written whole, and how many bytes it has."""


class Former(Struct, array_like=True):
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
    pairs: dict[str, Former] = {}


# --- who reads a file


class Formers:
    """The inputs of the groups that a file had, and where the rest of these stands."""

    def __init__(self, rows: Rows | None = None, groups: Iterable[tuple[GroupEntry, list[Input]]] = ()) -> None:
        self._rows = rows
        self._by_keys = {_keys_of(some): (number, entry, some) for number, (entry, some) in enumerate(groups)}

    def amended(self, rows: list[Input]) -> Amends | None:
        """Return which of the groups some inputs amend; None: none, or some of them cannot be read.

        Raises:
            MemoryLostError: what is remembered of that group is missing or damaged.
        """
        found = self._by_keys.get(_keys_of(rows)) if self._by_keys else None
        moved = None if found is None else _moved(found[2], rows)
        if found is None or moved is None or self._rows is None:
            return None
        number, entry, before = found
        if any(was.line != now.line for was, now in zip(before, rows, strict=True)):
            return Amends(number, moved, shifted=True)
        places, pairs = _looked_up(self._rows, entry, {rows[at].key for at in moved})
        return Amends(number, moved, inputs=[places[at] for at in moved], pairs=pairs)


def _keys_of(rows: list[Input]) -> bytes:
    return xxhash.xxh3_128_digest(_pack([row.key for row in rows]))


def _moved(old: list[Input], rows: list[Input]) -> list[int] | None:
    """Return at which positions records are others; None: in their keys, ids, targets or files too, or some fail."""
    moved = []
    for at, (was, now) in enumerate(zip(old, rows, strict=True)):
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


class Lean(Struct, array_like=True, gc=False):
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

    def built(self) -> bytes:
        """Return what the root of its group is of; b"" where the catalog holds nothing of it."""
        found = self.now if self.live else self.kept
        return b"" if found is None else found.id.encode() + b"\0" + found.digest


class _Group(Struct, array_like=True):
    """A `Group` of which nothing is decoded yet."""

    inputs: Raw
    pairs: Raw


_group_of = msgspec.msgpack.Decoder(_Group).decode
_pairs_of = msgspec.msgpack.Decoder(dict[str, Raw]).decode
_raws_of = msgspec.msgpack.Decoder(list[Raw]).decode
_leans_of = msgspec.msgpack.Decoder(list[Lean]).decode
_bytes_of = msgspec.msgpack.Decoder(list[bytes]).decode
_pair_of = msgspec.msgpack.Decoder(Pair).decode
_pack: Final = msgspec.msgpack.Encoder().encode


def _looked_up(rows: Rows, entry: GroupEntry, moved: set[str]) -> tuple[list[Span], dict[str, Former]]:
    """Return where the inputs of a group stand, and what each collection had of it; `moved` are keys."""
    written, splices = rows.written(entry), rows.splices(entry)
    inputs, pairs = _spans(written)
    now = _pairs_of(_group_of(spliced(written, splices) if splices else written).pairs)
    return inputs, {name: _former(pairs[name], blob, moved) for name, blob in now.items()}


def _former(spans: list[Span], blob: Raw, moved: set[str]) -> Former:
    leans = _leans_of(blob)
    at = [number for number, lean in enumerate(leans) if lean.key in moved]
    raws = _raws_of(blob) if at else []
    others = (lean.built() for lean in leans if lean.key not in moved)
    return Former({leans[n].key: (spans[n], bytes(raws[n])) for n in at}, _pack([one for one in others if one]))


def _spans(rows: bytes) -> tuple[list[Span], dict[str, list[Span]]]:
    """Return where the inputs of packed rows stand, and the pairs of each collection."""
    group = _group_of(rows)
    pairs, found = _pairs_of(group.pairs), dict[str, list[Span]]()
    at = len(rows) - sum(len(_pack(name)) + _size(blob) for name, blob in pairs.items())
    for name, blob in pairs.items():
        at += len(_pack(name))
        found[name] = _elements(blob, at)
        at += _size(blob)
    return _elements(group.inputs, len(rows) - _size(group.pairs) - _size(group.inputs)), found


def _elements(blob: Raw, begin: int) -> list[Span]:
    """Return where the elements of a packed list stand that begins somewhere."""
    sizes = [*map(_size, _raws_of(blob))]
    first = begin + _size(blob) - sum(sizes)
    return [*zip(accumulate(sizes, initial=first), sizes, strict=False)]


def _size(blob: Raw) -> int:
    return memoryview(blob).nbytes


# --- who plans and settles


class Rest(Struct):
    """What a group was that is amended: its entry, and what its collections had of the records that moved."""

    entry: GroupEntry
    amends: Amends

    def old(self) -> dict[str, dict[str, Pair]]:
        """Return the pairs of the records that moved."""
        return {
            name: {key: _pair_of(blob) for key, (_, blob) in former.moved.items()}
            for name, former in self.amends.pairs.items()
        }

    def built(self, name: str, renewed: Iterable[Pair]) -> list[bytes]:
        """Return what the root of the group is of in a collection, in order."""
        versions = (version for pair in renewed if (version := pair.built) is not None)
        now = [version.id.encode() + b"\0" + version.digest for version in versions]
        return sorted(_bytes_of(self.amends.pairs[name].built) + now)

    def splices(self, inputs: Sequence[Input], renewed: dict[str, list[Pair]]) -> list[Splice]:
        """Return what is put into the rows: inputs of all records, and the pairs of those that moved."""
        amends = self.amends
        rows = ((span, inputs[at]) for span, at in zip(amends.inputs, amends.moved, strict=True))
        pairs = ((amends.pairs[name].moved[pair.key][0], pair) for name, some in renewed.items() for pair in some)
        return [Splice(*span, _pack(one)) for some in (rows, pairs) for span, one in some]


def exchanged(group: Group, inputs: list[Input], renewed: dict[str, list[Pair]]) -> Group:
    """Return a group with other inputs, of which some pairs are others."""
    return Group(inputs, {name: [*_with(pairs, renewed.get(name, []))] for name, pairs in group.pairs.items()})


def _with(pairs: list[Pair], renewed: list[Pair]) -> Iterator[Pair]:
    now = {pair.key: pair for pair in renewed}
    return (now.get(pair.key, pair) for pair in pairs)


def same(one: Tally, other: Tally) -> bool:
    """Tell whether pairs that are exchanged for others leave the tally of their group as it is, but for its root."""
    return one == msgspec.structs.replace(other, root=one.root)
