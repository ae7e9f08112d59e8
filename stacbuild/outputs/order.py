"""Lines in the order of ids, made of documents that lie in the order in which they came, in bounded memory.

Where both orders are about the same, the store is read along. Where not, lines go to an unnamed file in the order of
the store, so that each chunk is read once, and come back one by one in the order of ids.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import ne
from pathlib import Path
from typing import Final

from stacbuild.outputs.items import Items
from stacbuild.outputs.laid import Laid

PIECE_BYTES: Final = 1 << 20
"""Bytes that are handed on together."""

_LONG: Final = 1 << 16
"""Bytes that are handed on alone: to join them would cost more than to write them by themselves."""

_VISITS: Final = 3
"""Each chunk may be come back to so often before a file is cheaper."""


def in_order(items: Items, numbers: Sequence[int], line: Callable[[int], bytes], scratch: Path) -> Iterator[bytes]:
    """Yield `line` of some items, in the order of `numbers`.

    Args:
        items: of a collection.
        numbers: of those that are wanted, in the order that is.
        line: makes the bytes of the item with a number; reads the item's chunk.
        scratch: a folder for the unnamed file.
    """
    chunks = array("I", map(items.chunk, numbers))
    visits = sum(map(ne, chunks, chunks[1:]))
    if visits < _VISITS * len(set(chunks)):
        yield from map(line, numbers)
        return
    with Laid(scratch, len(numbers)) as laid:
        for at in along_the_store(map(items.place, numbers)):
            laid.put(at, line(numbers[at]))
        laid.settle()
        yield from map(laid.get, range(len(numbers)))


def along_the_store(places: Iterable[tuple[bytes, int]]) -> array[int]:
    """Return the positions of `places` in the order of the store, so that each chunk is read once."""
    found = list(places)
    return array("I", sorted(range(len(found)), key=found.__getitem__))


def pieces(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Yield `lines` joined to about PIECE_BYTES; long ones as they are."""
    held: list[bytes] = []
    size = 0
    for line in lines:
        if len(line) >= _LONG:
            yield from (b"".join(held), line) if held else (line,)
            held, size = [], 0
            continue
        held.append(line)
        size += len(line)
        if size >= PIECE_BYTES:
            yield b"".join(held)
            held, size = [], 0
    if held:
        yield b"".join(held)
