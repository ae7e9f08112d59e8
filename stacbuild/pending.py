"""The files of an output that are to be brought, in the order in which they are written. Values only.

Of files by date their items are held as long as they are few: where one month of a catalog changed, no item of the
others is read once more to make its files.
"""

from __future__ import annotations

from typing import Final

import msgspec

from stacbuild.outputs.base import Rank, Wanted

HELD_AT_MOST: Final = 10_000
"""Items; with more, who makes the files finds them again."""


class Pending:
    """Files as they come."""

    def __init__(self) -> None:
        self._files: list[Wanted] = []
        self._items = 0

    def add(self, wanted: Wanted) -> None:
        """Take a file."""
        some = 0 if wanted.items is None else sum(map(len, wanted.items.values()))
        self._items += some
        if some and self._items > HELD_AT_MOST:
            wanted = msgspec.structs.replace(wanted, items=None)
            if self._items - some <= HELD_AT_MOST:
                self._files = [msgspec.structs.replace(one, items=None) for one in self._files]
        self._files.append(wanted)

    def in_order(self) -> list[Wanted]:
        """Return them all: data first, along the store, documents after what they name."""
        return sorted(self._files, key=_order)


def _order(wanted: Wanted) -> tuple[Rank, int, str, bytes, int, str]:
    item = wanted.item
    blob, ordinal = (item.blob, item.ordinal) if item else (b"", 0)
    return (wanted.rank, wanted.turn, wanted.collection, blob, ordinal, wanted.path)
