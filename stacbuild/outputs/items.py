"""The items of a collection, packed: each is an `Item` while it is looked at. PURE.

An `Item` with all that it holds takes 0.4 KB, and a build has one for each item, in each worker that writes. Packed it
is 0.1 KB: text one after the other, numbers in columns, and each chunk's digest once.
"""

from __future__ import annotations

from abc import abstractmethod
from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Any, Final, TypeVar, overload

import msgspec
from msgspec import Struct

from stacbuild.outputs.parquet.moments import LAST

Member = TypeVar("Member")

_ORDINAL_BITS: Final = 32
_ORDINAL: Final = (1 << _ORDINAL_BITS) - 1


class Item(Struct, frozen=True, order=True, gc=False, array_like=True):
    """An item that the catalog holds: what writers need without its document, and where that lies."""

    id: str
    digest: bytes
    blob: bytes
    ordinal: int
    size: int
    links: int
    when: str
    title: str | None
    local: bool
    moment: int = LAST
    above: str = ""
    """The folder of its source that it hangs below (`Folder.name`), where such trees are kept; "" where none is."""


class _Rest(Struct, array_like=True, gc=False):
    """What is not in a column of its own."""

    digest: bytes
    size: int
    links: int
    when: str
    title: str | None
    local: bool
    above: str


_rest_of = msgspec.msgpack.Decoder(_Rest).decode
_pack = msgspec.msgpack.Encoder().encode


class Made(Sequence[Member]):
    """A sequence whose members are made each time that they are asked for."""

    @abstractmethod
    def at(self, number: int) -> Member:
        """Return the member with a number."""

    @overload
    def __getitem__(self, number: int) -> Member: ...
    @overload
    def __getitem__(self, number: slice) -> list[Member]: ...
    def __getitem__(self, number: Any) -> Any:
        """Return a member, or some of them."""
        some = range(len(self))[number]
        return list(map(self.at, some)) if isinstance(number, slice) else self.at(some)

    def __iter__(self) -> Iterator[Member]:
        """Yield them."""
        return map(self.at, range(len(self)))


class Items(Made[Item]):
    """Items by id; of equal ids the one that came first is first."""

    def __init__(self, items: Iterable[Item]) -> None:
        """Take items in any order, one by one."""
        ids: list[str] = []
        rest: list[bytes] = []
        places, moments = array("Q"), array("q")
        numbers: dict[bytes, int] = {}
        for item in items:
            ids.append(item.id)
            rest.append(_pack((item.digest, item.size, item.links, item.when, item.title, item.local, item.above)))
            places.append(numbers.setdefault(item.blob, len(numbers)) << _ORDINAL_BITS | item.ordinal)
            moments.append(item.moment)
        order = sorted(range(len(ids)), key=ids.__getitem__)
        self._ids = _Texts([ids[at].encode() for at in order])
        self._rest = _Texts([rest[at] for at in order])
        self._places = array("Q", [places[at] for at in order])
        self._moments = array("q", [moments[at] for at in order])
        self._blobs = _Texts(list(numbers))  # any of them, as it came, would hold on to the memory around it
        self._shared: dict[Any, Any] = {}
        """Equal values of items that are looked at are one object."""

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._places)

    def at(self, number: int) -> Item:
        """Return the item with a number."""
        place, share = self._places[number], self._shared.setdefault
        rest, blob = _rest_of(self._rest[number]), self._blobs[place >> _ORDINAL_BITS]
        return Item(
            self._ids[number].decode(),
            rest.digest,
            share(blob, blob),
            place & _ORDINAL,
            rest.size,
            rest.links,
            share(rest.when, rest.when),
            rest.title,
            rest.local,
            self._moments[number],
            share(rest.above, rest.above),
        )

    def chunk(self, number: int) -> int:
        """Return which chunk an item lies in, as a number of this collection."""
        return self._places[number] >> _ORDINAL_BITS

    def place(self, number: int) -> tuple[bytes, int]:
        """Return where an item lies: by it items are brought in the order in which the store has them."""
        place = self._places[number]
        return self._blobs[place >> _ORDINAL_BITS], place & _ORDINAL


class _Texts:
    """Pieces of text, one after the other."""

    def __init__(self, pieces: list[bytes]) -> None:
        self._all, self._ends = b"".join(pieces), array("Q", accumulate(map(len, pieces), initial=0))

    def __getitem__(self, number: int) -> bytes:
        """Return the piece with a number."""
        return self._all[self._ends[number] : self._ends[number + 1]]
