"""Rows of which little is another: what is put in the place of some of their bytes stands apart. PURE.

Places are counted in the rows as they were written whole, so that of two splices in one place the later counts.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct


class Splice(Struct, array_like=True, frozen=True, gc=False):
    """`blob` stands for the `size` bytes from `at` on."""

    at: int
    size: int
    blob: bytes


def spliced(rows: bytes, splices: Iterable[Splice]) -> bytes:
    """Return rows with some of their bytes exchanged; `splices` are in order and do not overlap."""
    pieces, end, whole = list[bytes | memoryview](), 0, memoryview(rows)
    for one in splices:
        pieces += (whole[end : one.at], one.blob)
        end = one.at + one.size
    return b"".join([*pieces, whole[end:]])


def joined(before: Iterable[Splice], now: Iterable[Splice]) -> list[Splice]:
    """Return what was exchanged before and is now, in order."""
    found = {one.at: one for one in before} | {one.at: one for one in now}
    return [found[at] for at in sorted(found)]
