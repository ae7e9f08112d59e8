"""Groups whose records were edited in place: the same keys, ids and targets, in the same order, as a group had before.

Of such a group only the pairs of records that moved are decoded, worked on and counted; the others go from the old rows
to the new ones as bytes. Any doubt, and all of it is looked at. Never decides what is stale: `plan` does.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import xxhash
from msgspec import Raw, Struct

from stacbuild.model import Input, Pair, Tally
from stacbuild.trace import GroupEntry, Rows


class Amends(Struct, array_like=True):
    """That a group is one that its file had, but for some records."""

    number: int
    """Which of the groups that the file had."""
    moved: list[int]
    """Positions of the records that are others now."""
    shifted: bool
    """Some stand at another distance, in lines, from the group's first."""


class Formers:
    """The inputs of the groups that a file had."""

    def __init__(self, groups: list[list[Input]]) -> None:
        self._by_keys = {_keys_of(rows): (number, rows) for number, rows in enumerate(groups)}

    def amended(self, rows: list[Input]) -> Amends | None:
        """Return which of the groups some inputs amend; None: none, or some of them cannot be read."""
        found = self._by_keys.get(_keys_of(rows)) if self._by_keys else None
        moved = None if found is None else _moved(found[1], rows)
        if found is None or moved is None:
            return None
        shifted = any(was.line != now.line for was, now in zip(found[1], rows, strict=True))
        return Amends(found[0], moved, shifted)


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


# --- rows of which most stay


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
    pairs: dict[str, Raw]


class Rest(Struct):
    """What a group was that is amended: its entry, and of each collection its pairs, undecoded and lean."""

    entry: GroupEntry
    raw: dict[str, list[Raw]]
    lean: dict[str, list[Lean]]
    places: dict[str, dict[str, int]]
    """Collection → key of each record that moved → which of the pairs is its."""

    def old(self) -> dict[str, dict[str, Pair]]:
        """Return the pairs of the records that moved."""
        return {
            name: {key: _pair_of(self.raw[name][at]) for key, at in places.items()}
            for name, places in self.places.items()
        }

    def pairs(self, name: str, renewed: Iterable[Pair]) -> list[Raw | Pair]:
        """Return the pairs of a collection, those that are new in their places."""
        found: list[Raw | Pair] = [*self.raw[name]]
        for pair in renewed:
            found[self.places[name][pair.key]] = pair
        return found

    def whole(self, name: str, renewed: Iterable[Pair]) -> list[Pair]:
        """Return the same, all of them decoded."""
        return [pair if isinstance(pair, Pair) else _pair_of(pair) for pair in self.pairs(name, renewed)]

    def built(self, name: str, renewed: Iterable[Pair]) -> list[bytes]:
        """Return what the root of the group is of, for each pair of a collection."""
        found = [lean.built() for lean in self.lean[name]]
        for pair in renewed:
            version = pair.built
            found[self.places[name][pair.key]] = (
                b"" if version is None else version.id.encode() + b"\0" + version.digest
            )
        return [one for one in found if one]


_group_of = msgspec.msgpack.Decoder(_Group).decode
_raws_of = msgspec.msgpack.Decoder(list[Raw]).decode
_leans_of = msgspec.msgpack.Decoder(list[Lean]).decode
_pair_of = msgspec.msgpack.Decoder(Pair).decode


def rest(rows: Rows, entry: GroupEntry, moved: set[str]) -> Rest:
    """Return what a group was; `moved` are the keys of the records that are others now."""
    pairs = rows.read(entry, _group_of).pairs
    lean = {name: _leans_of(blob) for name, blob in pairs.items()}
    places = {name: {one.key: at for at, one in enumerate(some) if one.key in moved} for name, some in lean.items()}
    return Rest(entry, {name: _raws_of(blob) for name, blob in pairs.items()}, lean, places)


def packed(inputs: bytes, pairs: dict[str, list[Raw | Pair]]) -> bytes:
    """Return the rows of a group, as `Group` is encoded."""
    return _pack([Raw(inputs), pairs])


_pack = msgspec.msgpack.Encoder().encode


def same(one: Tally, other: Tally) -> bool:
    """Tell whether pairs that are exchanged for others leave the tally of their group as it is, but for its root."""
    root = one.root
    return one == msgspec.structs.replace(other, root=root)
