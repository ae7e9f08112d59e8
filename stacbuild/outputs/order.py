"""Lines in the order of ids, made of documents that lie in the order in which they came, in bounded memory.

Where both orders are about the same, the store is read along. Where not, lines go to an unnamed file in the order of
the store, so that each chunk is read once, and come back one by one in the order of ids.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from stacbuild.outputs.base import Item
from stacbuild.outputs.laid import Laid

PIECE_BYTES: Final = 1 << 20
"""Bytes that are handed on together."""

_LONG: Final = 1 << 16
"""Bytes that are handed on alone: to join them would cost more than to write them by themselves."""

_VISITS: Final = 3
"""Each chunk may be come back to so often before a file is cheaper."""


def in_order(items: list[Item], line: Callable[[Item], bytes], scratch: Path) -> Iterator[bytes]:
    """Yield `line` of each item, in the order of `items`.

    Args:
        items: in the order that is wanted.
        line: makes an item's bytes; reads the item's chunk.
        scratch: a folder for the unnamed file.
    """
    if _visits(items) <= _VISITS * len({item.blob for item in items}):
        yield from map(line, items)
        return
    with Laid(scratch, len(items)) as laid:
        for number in along_the_store(items):
            laid.put(number, line(items[number]))
        laid.settle()
        yield from map(laid.get, range(len(items)))


def _visits(items: list[Item]) -> int:
    """Return how often the next item lies in another chunk than the one before it."""
    visits, before = 0, b""
    for item in items:
        visits += item.blob is not before
        before = item.blob
    return visits


def along_the_store(items: Sequence[Item]) -> list[int]:
    """Return the positions of items in the order in which their documents lie, so that each chunk is read once."""
    return sorted(range(len(items)), key=[(item.blob, item.ordinal) for item in items].__getitem__)


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
