"""What outputs hold: as they were last delivered, and which files are not so any more. Looks, never touches."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Final

import xxhash

from stacbuild import files, manifest
from stacbuild.delivered import NO_WANT, Delivered
from stacbuild.files import NO_STAT, State
from stacbuild.report import Reason
from stacbuild.sealed import MemoryLostError
from stacbuild.sheets import Ledger, ledger_of
from stacbuild.trace import Memory

_FEW: Final = 8
"""With fewer files a folder on an average, a mark a folder is no less than what it stands for."""


class Inspected:
    """What an output held when last delivered, and which of its files are not so any more."""

    def __init__(self, load: Callable[[], Ledger], count: int, *, restored: bool = False) -> None:
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
    def rows(self) -> Ledger:
        """Its files.

        Raises:
            MemoryLostError: what is remembered of them is missing or damaged.
        """
        return self._load()

    def reasons(self) -> list[Reason]:
        """Return why the output is stale as far as its files say so."""
        codes = {State.MISSING: "output-missing", State.EDITED: "output-edited"}
        return [Reason(codes.get(state, "output-edited"), path) for path, state in sorted(self.bad.items())]


def of_rows(rows: Ledger, *, restored: bool = False) -> Inspected:
    """Return what an output holds that is known already."""
    return Inspected(lambda: rows, rows.count, restored=restored)


def inspect(memory: Memory, name: str, base: Path) -> Inspected | None:
    """Return what output `name` holds and what of it is wrong, by the memory or else by its manifest."""
    known = memory.head.outputs.get(name)
    if known is not None and not memory.lost:
        moved = known.folders.keys() - _same(base, known.folders)
        if known.folders and not moved:
            return Inspected(lambda: _loaded(memory, name), known.count)
        with contextlib.suppress(MemoryLostError):
            return _looked_at(of_rows(_loaded(memory, name)), f"{base}/", moved)
    rows = memory.delivered(name)
    restored = rows is None
    if rows is None:
        rows = from_manifest(manifest.read(base, name))
        if not rows.paths:
            return None
    return _looked_at(of_rows(ledger_of(rows), restored=restored), f"{base}/", set())


def _loaded(memory: Memory, name: str) -> Ledger:
    rows = memory.ledger(name)
    if rows is None:
        raise MemoryLostError(f"what output '{name}' holds is missing or damaged")
    return rows


def _looked_at(found: Inspected, top: str, folders: set[str]) -> Inspected:
    """Note which files of an output are not as they were, of those in some folders; of all where there are none."""
    for rows, numbers in _of_folders(found.rows, folders):
        for number in numbers:
            _look(found, top, rows, number)
    return found


def _of_folders(rows: Ledger, folders: set[str]) -> Iterator[tuple[Delivered, range]]:
    if not folders:
        yield from ((some, range(len(some.paths))) for some in rows.all())
    for folder in sorted(folders):
        yield from ((rows.rows(sheet), numbers) for sheet, numbers in rows.within(folder))


def _look(found: Inspected, top: str, rows: Delivered, number: int) -> None:
    path, stat = rows.paths[number], rows.stamp(number)
    if files.stat_of(top + path) == stat:
        return
    seen = files.state(top + path, rows.digest(number), stat, ours=False)
    if seen.state is State.SAME:
        found.stats[path] = seen.stat
    else:
        found.bad[path] = seen.state


# --- folder by folder


def folder_marks(rows: Ledger, before: dict[str, bytes], moved: set[str]) -> dict[str, bytes]:
    """Return the mark of each folder that has files of an output; nothing where they have few, as a stat tells more.

    Args:
        rows: what the output holds.
        before: the marks that it had; none are known if that is empty.
        moved: the folders in which a row is another since.
    """
    if rows.count < _FEW * sum(sheet.folders for sheet in rows.sheets):
        return {}
    if not before:
        every = ((path.rpartition("/"), some.stamp(n)) for some in rows.all() for n, path in enumerate(some.paths))
        folders = itertools.groupby(every, key=lambda one: one[0][0])
        return {folder: _mark([(name, stamp) for (_, _, name), stamp in some]) for folder, some in folders}
    marks = {folder: mark for folder, mark in before.items() if folder not in moved}
    found = {folder: _of_folder(rows, folder) for folder in moved}
    return marks | {folder: _mark(entries) for folder, entries in found.items() if entries}


def _of_folder(rows: Ledger, folder: str) -> list[tuple[str, bytes]]:
    """Return names and stamps of the files right in a folder, in order."""
    spans = [(rows.rows(sheet), numbers) for sheet, numbers in rows.within(folder)]
    return [(some.paths[n].rpartition("/")[2], some.stamp(n)) for some, numbers in spans for n in numbers]


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
    rows = [*{row.path: row for row in rows}.values()]
    digests = b"".join(bytes.fromhex(row.sha256) for row in rows)
    return Delivered([row.path for row in rows], NO_STAT * len(rows), digests, NO_WANT * len(rows))
