"""What outputs hold: as they were last delivered, and which files are not so any more. Looks, never touches."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Final

import xxhash

from stacbuild import files, manifest
from stacbuild.delivered import Delivered
from stacbuild.files import NO_STAT, State
from stacbuild.report import Reason
from stacbuild.sealed import MemoryLostError
from stacbuild.trace import Memory

NO_WANT: Final = bytes(16)
"""Of a file of which it is not known what it was made from."""

_FEW: Final = 8
"""With fewer files a folder on an average, a mark a folder is no less than what it stands for."""


class Inspected:
    """What an output held when last delivered, and which of its files are not so any more."""

    def __init__(self, load: Callable[[], Delivered], count: int, *, restored: bool = False) -> None:
        """Begin with nothing wrong.

        Args:
            load: gives its rows; is called once they are asked for.
            count: how many these are.
            restored: they are from the manifest: what the files were made from is not known.
        """
        self._load, self.count, self.restored = load, count, restored
        self.bad: dict[str, State] = {}
        """Path → missing or edited."""
        self.stats: dict[str, bytes] = {}
        """Path → stat now, where it moved though the bytes did not."""

    @cached_property
    def rows(self) -> Delivered:
        """Its files.

        Raises:
            MemoryLostError: what is remembered of them is missing or damaged.
        """
        return self._load()

    def reasons(self) -> list[Reason]:
        """Return why the output is stale as far as its files say so."""
        codes = {State.MISSING: "output-missing", State.EDITED: "output-edited"}
        return [Reason(codes.get(state, "output-edited"), path) for path, state in sorted(self.bad.items())]


def of_rows(rows: Delivered, *, restored: bool = False) -> Inspected:
    """Return what an output holds that is known already."""
    return Inspected(lambda: rows, len(rows.paths), restored=restored)


def inspect(memory: Memory, name: str, base: Path) -> Inspected | None:
    """Return what output `name` holds and what of it is wrong, by the memory or else by its manifest."""
    known = memory.head.outputs.get(name)
    same = _same(base, known.folders) if known is not None and not memory.lost else frozenset[str]()
    if known is not None and known.folders and same == known.folders.keys():
        return Inspected(lambda: _loaded(memory, name), known.count)
    rows = memory.delivered(name)
    restored = rows is None
    if rows is None:
        rows = from_manifest(manifest.read(base, name))
        if not rows.paths:
            return None
    return _looked_at(of_rows(rows, restored=restored), f"{base}/", frozenset[str]() if restored else same)


def _loaded(memory: Memory, name: str) -> Delivered:
    rows = memory.delivered(name)
    if rows is None:
        raise MemoryLostError(f"what output '{name}' holds is missing or damaged")
    return rows


def _looked_at(found: Inspected, top: str, same: frozenset[str]) -> Inspected:
    """Note which files of an output are not as they were, of all but those in folders that are the same."""
    rows = found.rows
    for number, path in enumerate(rows.paths):
        if same and path.rpartition("/")[0] in same:
            continue
        stat = rows.stats[number * 32 : number * 32 + 32]
        if files.stat_of(top + path) == stat:
            continue
        seen = files.state(top + path, rows.digest(number), stat, ours=False)
        if seen.state is State.SAME:
            found.stats[path] = seen.stat
        else:
            found.bad[path] = seen.state
    return found


# --- folder by folder


def folder_marks(rows: Delivered) -> dict[str, bytes]:
    """Return the mark of each folder that has files of an output; nothing where they have few, as a stat tells more."""
    numbers: dict[str, list[int]] = {}
    for number, path in enumerate(rows.paths):
        numbers.setdefault(path.rpartition("/")[0], []).append(number)
    if len(rows.paths) < _FEW * len(numbers):
        return {}
    return {folder: _mark([_entry(rows, folder, number) for number in some]) for folder, some in numbers.items()}


def _entry(rows: Delivered, folder: str, number: int) -> tuple[str, bytes]:
    name = rows.paths[number][len(folder) + 1 :] if folder else rows.paths[number]
    return name, rows.stats[number * 32 : number * 32 + 32]


def _mark(entries: list[tuple[str, bytes]]) -> bytes:
    """Return what moves when a file of a folder comes, goes or has another stamp; `entries` are in order of names."""
    hasher = xxhash.xxh3_128("\0".join([name for name, _ in entries]).encode(errors="surrogateescape"))
    hasher.update(b"".join([stamp for _, stamp in entries]))
    return hasher.digest()


def _same(base: Path, folders: dict[str, bytes]) -> frozenset[str]:
    """Return the folders in which the files are those that they had, and no others."""
    return frozenset(folder for folder, mark in folders.items() if _mark(_entries(f"{base}/{folder}")) == mark)


def _entries(folder: str) -> list[tuple[str, bytes]]:
    """Return the names of what is no folder in a folder, with their stamps; none where it cannot be read."""
    found = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if not entry.is_dir(follow_symlinks=False):
                    stat = entry.stat(follow_symlinks=False)
                    found.append((entry.name, files.packed(stat)))
    except OSError:
        return []
    found.sort()
    return found


def from_manifest(rows: list[manifest.Row]) -> Delivered:
    """Return what an output holds as its manifest has it: what the files were made from is not known."""
    rows = sorted(rows, key=lambda row: row.path)
    digests = b"".join(bytes.fromhex(row.sha256) for row in rows)
    return Delivered([row.path for row in rows], NO_STAT * len(rows), digests, NO_WANT * len(rows))
