"""The rows of a file's items: made along the store, so that each chunk is read once, taken up in any order.

Of each row that is made is noted what its row group has to know of it; what no row can be made of is refused.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Protocol, Self

from stacbuild.failures import ItemError
from stacbuild.outputs.base import Item
from stacbuild.outputs.laid import Laid
from stacbuild.outputs.order import along_the_store
from stacbuild.outputs.parquet import rows
from stacbuild.outputs.parquet.facts import around
from stacbuild.outputs.parquet.wkb import Bounds, Footprint

_NOWHERE: Final = -1
"""A row without a geometry."""
_LIVELY, _WHOLE = 1, 2
"""How much of a row was made."""
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
    """An item of a file, what makes its line, what rewrites its hrefs there, and what gives its line as it is kept."""

    collection: str
    item: Item
    line: Callable[[Item], bytes]
    hrefs: Hrefs | None = None
    kept: Callable[[Item], bytes] | None = None


class Lines:
    """The rows of `entries`, by their numbers; they lie in an unnamed file in `scratch` while this is entered."""

    def __init__(self, entries: Sequence[Entry], scratch: Path) -> None:
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

    def make(self, numbers: Iterable[int], *, lively: bool = False) -> None:
        """Make the rows of items that are not made yet; `lively`: without the columns STEADY."""
        made, level = self._made, _LIVELY if lively else _WHOLE
        wanted = [number for number in numbers if made[number] < level and number not in self.refused]
        for at in along_the_store([self._entries[number].item for number in wanted]):
            number = wanted[at]
            try:
                row = rows.lively_of(self._kept(number)) if lively else rows.row_of(self._line(number))
            except ItemError as error:
                self.refused[number] = error
                continue
            made[number] = level
            self._laid.put(number, row.line)
            self._names[number] = self._sets.setdefault(tuple(row.names), len(self._sets))
            if row.shape is not None:
                self._note(number, row.shape)
        self._laid.settle()

    def _kept(self, number: int) -> bytes:
        _, item, line, _, kept = self._entries[number]
        return (kept or line)(item)

    def _line(self, number: int) -> bytes:
        _, item, line, hrefs, _ = self._entries[number]
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
