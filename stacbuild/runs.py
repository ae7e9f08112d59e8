"""Blocks of small files as listed: which runs of one that moved stand as they stood, which are to be read, and of what.

A run whose files all have the stamps that the memory has is not looked at. Never reads a file; `cutting` does.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Final, NamedTuple

from msgspec import Struct

from stacbuild import blocks
from stacbuild.blocks import UNSURE, Block, BlockMemory, Run
from stacbuild.cuts import RunFile, ToRead
from stacbuild.delivered import STAMP
from stacbuild.failures import Fault
from stacbuild.row_files import GroupEntry
from stacbuild.sources.stamps import SLACK_NS

_NEVER_READ: Final = (UNSURE, -1)


class BlockListing(Struct):
    """A block as listed; `known`: it has not moved, and its columns were not loaded."""

    name: str
    known: BlockMemory | None
    block: Block | None = None
    unsure: set[str] = set()
    """Files that are to be read again, whatever their stamps say."""
    troubles: dict[str, Fault] = {}
    """Files that could not be read, and why; their records are those of before."""
    moved: list[str] = []
    """Files that were read."""


class _Before(NamedTuple):
    """What the memory has of a block: its runs by digest, its files with their stamps and runs, its groups by run."""

    runs: dict[bytes, int]
    files: dict[str, tuple[bytes, int]]
    groups: dict[int, list[GroupEntry]]


def before(folder: Path, name: str, known: BlockMemory | None, entries: list[GroupEntry]) -> _Before:
    """Return what the memory has of a block.

    Raises:
        MemoryLostError: its columns are missing or damaged.
    """
    old = list(blocks.read(folder, name, known).runs()) if known is not None else []
    files = {file: (stamp, number) for number, run in enumerate(old) for file, stamp in run.files()}
    ordered = sorted(entries, key=lambda entry: (entry.run, entry.first))
    groups = {number: list(some) for number, some in groupby(ordered, key=lambda entry: entry.run)}
    return _Before({run.digest: number for number, run in enumerate(old)}, files, groups)


def compared(
    block: Block, root: str, seen_ns: int, was: _Before, *, trusted: bool
) -> Iterator[list[GroupEntry] | ToRead]:
    """Yield for each run of a block its groups, where none of its files moved, else what is to be read.

    Args:
        block: as it stands.
        root: the folder that its files' names start from.
        seen_ns: when it was looked at.
        was: what the memory has of it.
        trusted: records of files that have not moved are the inputs that they were; else all are read.
    """
    for number, run in enumerate(block.runs()):
        same = was.runs.get(run.digest) if trusted else None
        if same is not None and UNSURE not in run.stamps:
            yield was.groups.get(same, [])
        else:
            files = list(_run_files(run, was, trusted=trusted))
            numbers = sorted({was.files.get(file.name, _NEVER_READ)[1] for file in files})
            groups = [entry for one in numbers for entry in was.groups.get(one, ())]
            yield ToRead(block.name, root, False, "", None, seen_ns, groups, files, number, trusted)  # noqa: FBT003


def _run_files(run: Run, was: _Before, *, trusted: bool) -> Iterator[RunFile]:
    for file, stamp in run.files():
        old, _ = was.files.get(file, _NEVER_READ)
        yield RunFile(file, stamp, trusted and stamp == old != UNSURE)


def unsettled(block: Block, seen_ns: int) -> set[str]:
    """Return the files that may have moved since they were looked at, under the stamps that they had."""
    stamps = list(STAMP.iter_unpack(block.stamps))
    if max(max(mtime, ctime) for _, mtime, ctime, _ in stamps) + SLACK_NS < seen_ns:
        return set()
    files = (file for run in block.runs() for file, _ in run.files())
    return {
        file
        for file, (_, mtime, ctime, _) in zip(files, stamps, strict=True)
        if max(mtime, ctime) + SLACK_NS >= seen_ns
    }
