"""What outputs hold: as they were last delivered, and which files are not so any more. Looks, never touches."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from msgspec import Struct

from stacbuild import files, manifest
from stacbuild.delivered import Delivered
from stacbuild.files import NO_STAT, State
from stacbuild.report import Reason
from stacbuild.trace import Memory

NO_WANT: Final = bytes(16)
"""Of a file of which it is not known what it was made from."""


class Inspected(Struct):
    """What an output held when last delivered, and which of its files are not so any more."""

    rows: Delivered
    bad: dict[str, State]
    """Path → missing or edited."""
    stats: dict[str, bytes]
    """Path → stat now, where it moved though the bytes did not."""
    restored: bool = False
    """From the manifest: what the files were made from is not known."""

    def reasons(self) -> list[Reason]:
        """Return why the output is stale as far as its files say so."""
        codes = {State.MISSING: "output-missing", State.EDITED: "output-edited"}
        return [Reason(codes.get(state, "output-edited"), path) for path, state in sorted(self.bad.items())]


def inspect(memory: Memory, name: str, base: Path) -> Inspected | None:
    """Return what output `name` holds and what of it is wrong, by the memory or else by its manifest."""
    rows = memory.delivered(name)
    restored = rows is None
    if rows is None:
        rows = from_manifest(manifest.read(base, name))
        if not rows.paths:
            return None
    found = Inspected(rows, {}, {}, restored=restored)
    top = f"{base}/"
    for number, path in enumerate(rows.paths):
        stat = rows.stats[number * 32 : number * 32 + 32]
        if files.stat_of(top + path) == stat:
            continue
        seen = files.state(top + path, rows.digest(number), stat, ours=False)
        if seen.state is State.SAME:
            found.stats[path] = seen.stat
        else:
            found.bad[path] = seen.state
    return found


def from_manifest(rows: list[manifest.Row]) -> Delivered:
    """Return what an output holds as its manifest has it: what the files were made from is not known."""
    rows = sorted(rows, key=lambda row: row.path)
    digests = b"".join(bytes.fromhex(row.sha256) for row in rows)
    return Delivered([row.path for row in rows], NO_STAT * len(rows), digests, NO_WANT * len(rows))
