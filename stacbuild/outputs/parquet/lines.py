"""The rows of a file's items: made along the store, so that each chunk is read once, taken up in any order.

Of each row that is made is noted what its row group has to know of it; what no row can be made of is refused.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Protocol, Self

from stacbuild import freed
from stacbuild.failures import ItemError
from stacbuild.outputs.items import Item, Items, Made
from stacbuild.outputs.laid import Laid
from stacbuild.outputs.order import along_the_store
from stacbuild.outputs.parquet import rows
from stacbuild.outputs.parquet.facts import around
from stacbuild.outputs.parquet.wkb import Bounds, Footprint

_NOWHERE: Final = -1
"""A row without a geometry."""
_NO_BOUNDS: Final = (float("nan"),) * 4


class Spread(NamedTuple):
    """Which types of geometries there are, and where they lie."""

    kinds: frozenset[str]
    bounds: Bounds | None


class Hrefs(Protocol):
    """What rewrites the local hrefs of items."""

    stay: bool
    """One stayed relative since this was last set."""

    def tell(self) -> None:
        """Warn that some stay relative, the first time."""


class Entry(NamedTuple):
    """An item of a file, what makes its line, and what rewrites its hrefs there."""

    collection: str
    item: Item
    line: Callable[[Item], bytes]
    hrefs: Hrefs | None = None


class Members(NamedTuple):
    """Items of a collection that stand in a file: some of `items`, by their numbers."""

    collection: str
    items: Items
    numbers: Sequence[int]
    line: Callable[[Item], bytes]
    hrefs: Hrefs | None = None


class Entries(Made[Entry]):
    """The items of a file, collection by collection; an `Entry` is made when it is asked for."""

    def __init__(self, members: Sequence[Members]) -> None:
        """Take the items of each collection."""
        self._members = members
        self._starts = [*accumulate((len(one.numbers) for one in members), initial=0)]

    def __len__(self) -> int:
        """Return how many there are."""
        return self._starts[-1]

    def at(self, number: int) -> Entry:
        """Return the entry with a number."""
        at = bisect_right(self._starts, number) - 1
        one = self._members[at]
        return Entry(one.collection, one.items.at(one.numbers[number - self._starts[at]]), one.line, one.hrefs)


class Ordered(Made[Entry]):
    """Entries in the order of a table, and in which order the store has them."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        """Put entries in order: by moment, id, collection. Each of them is looked at once."""
        self._entries = entries
        collections, ids, places = list[str](), list[str](), list[tuple[bytes, int]]()
        moments, blobs = array("q"), dict[bytes, bytes]()
        for entry in entries:
            item = entry.item
            collections.append(entry.collection)
            ids.append(item.id)
            moments.append(item.moment)
            places.append((blobs.setdefault(item.blob, item.blob), item.ordinal))
        order: Sequence[int] = range(len(entries))
        for keys in (collections, ids, moments):  # equal ones stay as they are, and ids mostly are in order
            order = sorted(order, key=keys.__getitem__)
        self._order = array("I", order)
        self._turns = array("I", bytes(4 * len(entries)))
        for turn, number in enumerate(along_the_store(places[at] for at in order)):
            self._turns[number] = turn

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._order)

    def at(self, number: int) -> Entry:
        """Return the entry with a number."""
        return self._entries[self._order[number]]

    def along_the_store(self, numbers: Iterable[int]) -> array[int]:
        """Return some numbers in the order in which the store has their documents."""
        return array("I", sorted(numbers, key=self._turns.__getitem__))


class Lines:
    """The rows of `entries`, by their numbers; they lie in an unnamed file in `scratch` while this is entered."""

    def __init__(self, entries: Ordered, scratch: Path) -> None:
        self._entries, self._laid = entries, Laid(scratch, len(entries))
        self._made = bytearray(len(entries))
        self._sets: dict[tuple[str, ...], int] = {}
        """Names of the cells of rows → the number of that set of names: there are few."""
        self._names = array("L", bytes(array("L").itemsize * len(entries)))
        self._kinds: dict[str, int] = {}
        self._kind = array("h", [_NOWHERE]) * len(entries)
        self._bounds = array("d", _NO_BOUNDS) * len(entries)
        self._stay: set[int] = set()
        self.refused: dict[int, ItemError] = {}

    def make(self, numbers: Iterable[int]) -> None:
        """Make the rows of items that are not made yet."""
        wanted = (number for number in numbers if not self._made[number] and number not in self.refused)
        for number in self._entries.along_the_store(wanted):
            try:
                row = rows.row_of(self._line(number))
            except ItemError as error:
                self.refused[number] = error
                continue
            self._made[number] = True
            self._laid.put(number, row.line)
            self._names[number] = self._sets.setdefault(tuple(row.names), len(self._sets))
            if row.shape is not None:
                self._note(number, row.shape)
        self._laid.settle()
        freed.give_back()

    def _line(self, number: int) -> bytes:
        _, item, line, hrefs = self._entries[number]
        if hrefs is None or not item.local:
            return line(item)
        hrefs.stay = False
        blob = line(item)
        if hrefs.stay:
            self._stay.add(number)
        return blob

    def _note(self, number: int, shape: Footprint) -> None:
        self._kind[number] = self._kinds.setdefault(shape.name, len(self._kinds))
        if shape.bounds is not None:
            self._bounds[number * 4 : number * 4 + 4] = array("d", shape.bounds)

    def get(self, number: int) -> bytes:
        """Return the row of an item."""
        return self._laid.get(number)

    def size(self, number: int) -> int:
        """Return how long the row of an item is."""
        return self._laid.sizes[number]

    def names(self, numbers: Iterable[int]) -> set[str]:
        """Return the names of the cells of some rows."""
        sets = list(self._sets)
        return set[str]().union(*(sets[one] for one in {self._names[number] for number in numbers}))

    def stay(self, numbers: Sequence[int]) -> bool:
        """Tell whether hrefs of some rows stay relative."""
        return bool(self._stay) and not self._stay.isdisjoint(numbers)

    def spread(self, numbers: Iterable[int]) -> Spread:
        """Return what geometries some rows have."""
        kinds, bounds = list(self._kinds), None
        seen = set()
        for number in numbers:
            seen.add(self._kind[number])
            one = self._bounds[number * 4 : number * 4 + 4]
            if one[0] == one[0]:  # not NaN
                bounds = around(bounds, (one[0], one[1], one[2], one[3]))
        return Spread(frozenset(kinds[kind] for kind in seen - {_NOWHERE}), bounds)

    def __enter__(self) -> Self:
        """Return it."""
        self._laid.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of the rows."""
        self._laid.__exit__(kind, error, trace)
