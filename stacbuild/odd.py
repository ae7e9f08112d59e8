"""What failures are told from: of a group the inputs and pairs about which anything is odd, without their versions.

It stands beside the rows, so that a build that lists what fails need not read a million of them. Never reads a file.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from stacbuild.model import Group, Pair
from stacbuild.row_files import GroupEntry, Rows

NAME: Final = ""
"""Under which it stands among a group's shares; no collection is called so."""

_pack = msgspec.msgpack.Encoder().encode
_group_of = msgspec.msgpack.Decoder(Group).decode


def packed(group: Group) -> bytes:
    """Return what is odd about a group."""
    pairs = {name: [_bare(pair) for pair in some if is_odd(pair)] for name, some in group.pairs.items()}
    keys = {pair.key for some in pairs.values() for pair in some}
    inputs = [row for row in group.inputs if row.fault is not None or row.key in keys]
    return _pack(Group(inputs, pairs))


def reader(rows: Rows) -> Callable[[GroupEntry], Group]:
    """Return what reads what is odd about a group; it raises MemoryLostError where that is missing or damaged."""
    return lambda entry: _group_of(rows.shares(entry)[NAME])


def is_odd(pair: Pair) -> bool:
    """Tell whether anything is odd about a pair."""
    failed = pair.fault is not None and not pair.fault.drop
    told = pair.verdict is not None and bool(pair.verdict.faults)
    return failed or told or pair.kept is not None or any(mark.notes for mark in pair.marks)


def _bare(pair: Pair) -> Pair:
    return msgspec.structs.replace(pair, now=None)
