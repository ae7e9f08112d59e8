"""Lines in the order of ids, made of documents that lie in the order in which they came, in bounded memory.

Where both orders are about the same, the store is read along. Where not, lines go to an unnamed file in the order of
the store, so that each chunk is read once, and come back one by one in the order of ids.
"""

from __future__ import annotations

import os
import tempfile
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Final

from stacbuild.outputs.base import Item

PIECE_BYTES: Final = 1 << 20
"""Bytes that are handed on together."""

_VISITS: Final = 3
"""Each chunk may be come back to so often before a file is cheaper."""


def in_order(items: list[Item], line: Callable[[Item], bytes], scratch: Path) -> Iterator[bytes]:
    """Yield `line` of each item, in the order of `items`, in pieces.

    Args:
        items: in the order that is wanted.
        line: makes an item's bytes; reads the item's chunk.
        scratch: a folder for the unnamed file.
    """
    if _visits(items) <= _VISITS * len({item.blob for item in items}):
        yield from pieces(line(item) for item in items)
        return
    with tempfile.TemporaryFile(dir=scratch) as stream:
        offsets, sizes = _spool(items, line, stream)
        stream.flush()
        yield from pieces(os.pread(stream.fileno(), sizes[n], offsets[n]) for n in range(len(items)))


def _visits(items: list[Item]) -> int:
    """Return how often the next item lies in another chunk than the one before it."""
    visits, before = 0, b""
    for item in items:
        visits += item.blob is not before
        before = item.blob
    return visits


def _spool(items: list[Item], line: Callable[[Item], bytes], stream: IO[bytes]) -> tuple[array[int], array[int]]:
    offsets, sizes = array("Q", bytes(8 * len(items))), array("Q", bytes(8 * len(items)))
    end = 0
    for number in sorted(range(len(items)), key=lambda number: (items[number].blob, items[number].ordinal)):
        blob = line(items[number])
        stream.write(blob)
        offsets[number], sizes[number] = end, len(blob)
        end += len(blob)
    return offsets, sizes


def pieces(lines: Iterator[bytes]) -> Iterator[bytes]:
    """Yield `lines` joined to about PIECE_BYTES."""
    held: list[bytes] = []
    size = 0
    for line in lines:
        held.append(line)
        size += len(line)
        if size >= PIECE_BYTES:
            yield b"".join(held)
            held, size = [], 0
    if held:
        yield b"".join(held)
