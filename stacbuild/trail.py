"""The trail of a build's patches: which items each of them hit, a line each, in changes.ndjson. Writes one file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec
from msgspec import Struct

from stacbuild import files
from stacbuild.stages.patch import CHANGED, DROPPED

_encode = msgspec.json.Encoder().encode


class Hit(Struct, frozen=True, order=True):
    """A patch that selected an item: a line of changes.ndjson."""

    target: str
    patch: str
    change: str
    """changed, dropped, or matched: it selected the item, and nothing was to be done."""


def hit(collection: str, identity: str | None, name: str) -> Hit:
    """Return the line of one of `Mark.hits`."""
    kinds = {CHANGED: "changed", DROPPED: "dropped"}
    kind = kinds.get(name[-1:])
    target = f"item:{collection}/{identity}" if identity is not None else f"collection:{collection}"
    return Hit(target, name if kind is None else name[:-1], kind or "matched")


def write(path: Path, hits: Iterable[Hit]) -> None:
    """Write changes.ndjson, ordered by target; an empty file says that the last build patched nothing."""
    lines = [_encode(one) + b"\n" for one in sorted(hits)]
    files.put(files.write_beside(str(path), lines or [b""]), str(path))
