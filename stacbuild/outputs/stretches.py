"""Items of a file cut into stretches by content: a stretch is made, copied and marked as one. PURE.

Where a stretch ends follows from the ids in it alone, so that an item that comes or goes moves the one that it is in.
Stretches are short: in the order of ids, neighbours lie anywhere in the store, and a chunk is read for each.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import xxhash

from stacbuild.outputs.base import Item

LONGEST: Final = 128
_ENDS: Final = 0x1F
"""A stretch ends with an id whose hash ends in five zero bits: after 32 items on an average."""


class Stretch(NamedTuple):
    """Items that follow one another, and the mark of what comes of them."""

    items: list[Item]
    mark: bytes


def stretches(items: list[Item], made: bytes) -> Iterator[Stretch]:
    """Yield the stretches of `items`.

    Args:
        items: in the order of the file.
        made: all that decides their bytes besides themselves.
    """
    for stretch in _cut(items):
        digests = b"".join([item.digest for item in stretch])
        yield Stretch(stretch, xxhash.xxh3_128_digest(made + digests))


def _cut(items: list[Item]) -> Iterator[list[Item]]:
    start, hashed = 0, xxhash.xxh3_64_intdigest
    for end, item in enumerate(items, 1):
        if not hashed(item.id.encode()) & _ENDS or end - start == LONGEST:
            yield items[start:end]
            start = end
    if start < len(items):
        yield items[start:]
