"""The parts of a file of many items: pieces that follow from their marks, whatever the rest of the file is. PURE.

What is remembered of them is in columns, a few dozen bytes a part: a large file has thousands.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from msgspec import Struct

_PLACE: Final = struct.Struct("<QQ")


class Part(NamedTuple):
    """A piece of a file."""

    mark: bytes
    """16 bytes that move when anything does that decides the piece's bytes, wherever it stands."""
    offset: int
    size: int
    facts: bytes = b""
    """What an output wants to know of it when it is copied; nobody else looks at it."""


class Parts(Struct, array_like=True):
    """The parts of a file in columns: mark (16 bytes), offset and size (16), facts."""

    marks: bytes
    places: bytes
    facts: list[bytes]
    sums: bytes = b""
    """Of the whole file, as `checksums` has them."""

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.facts)

    def __iter__(self) -> Iterator[Part]:
        """Yield them in the order in which they were noted."""
        places = _PLACE.iter_unpack(self.places)
        for number, ((offset, size), facts) in enumerate(zip(places, self.facts, strict=True)):
            yield Part(self.marks[number * 16 : number * 16 + 16], offset, size, facts)


NO_PARTS: Final = Parts(b"", b"", [])


def in_columns(parts: list[Part], sums: bytes) -> Parts:
    """Return the parts of a file with some checksums in columns."""
    places = b"".join([_PLACE.pack(part.offset, part.size) for part in parts])
    return Parts(b"".join([part.mark for part in parts]), places, [part.facts for part in parts], sums)


class Remembered(Struct, array_like=True):
    """The parts of a file whose bytes have the SHA-256 `digest`."""

    digest: bytes
    parts: Parts


class Former(Struct, array_like=True):
    """The parts of a file that stands as it was delivered, as long as its stat (32 bytes) is this one."""

    stat: bytes
    parts: Parts


class Shared(Struct, array_like=True):
    """A share of a file, which stands at `path`."""

    path: str
    parts: Parts
