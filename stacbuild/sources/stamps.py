"""When a file was last seen to be as it is: its stamp, and how long that is not to be trusted. Stats, never reads."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import msgspec

from stacbuild.blocks import UNSURE
from stacbuild.delivered import STAMP
from stacbuild.model import Stamp

SLACK_NS: Final = 20_000_000
"""A file that moved less than this before it was looked at may move again under the same stamp (kernel clock tick)."""


def stamp_of(file: str | Path) -> Stamp | None:
    """Return the stamp of `file`, or None if there is none."""
    try:
        stat = os.stat(file)  # noqa: PTH116  there may be a million, and not each has a path object
    except (OSError, ValueError):  # a NUL in a name that a document gives
        return None
    return Stamp(stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino)


def packed_stamp_of(file: str | Path) -> bytes:
    """Return the stamp of `file` as blocks have it, that of no file if there is none."""
    stamp = stamp_of(file)
    return UNSURE if stamp is None else STAMP.pack(*msgspec.structs.astuple(stamp))


def is_settled(stamp: Stamp, seen_ns: int) -> bool:
    """Tell whether a file that was looked at then cannot have changed since under the same stamp."""
    return max(stamp.mtime_ns, stamp.ctime_ns) + SLACK_NS < seen_ns
