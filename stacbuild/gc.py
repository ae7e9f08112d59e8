"""Drops from the store what no recent build needs; never what the current version of a recipe in this folder refers to.

Every memory in the folder is a root: other recipes share the store. Never touches outputs or memory.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from stacbuild import keys
from stacbuild.report import GcReport
from stacbuild.sealed import MemoryLostError
from stacbuild.store import TIMES, inputs_of
from stacbuild.trace import Memory
from stacbuild.workshop import Workshop

MAX_AGE: Final = 14 * 86400.0
"""Seconds that a result which nothing refers to is kept by default: last week's edit is undone for nothing."""


class _Entry(Struct):
    name: str
    size: int
    used: float
    alive: bool


def gc(shop: Workshop, *, max_size: int | None, max_age: float | None, dry_run: bool) -> GcReport:
    """Drop what is not referred to and older than `max_age` seconds, then the oldest until `max_size` bytes are left.

    The caller holds the lock.
    """
    entries = list(_entries(shop))
    oldest = time.time() - (MAX_AGE if max_age is None else max_age)
    drop = [entry for entry in entries if not entry.alive and entry.used < oldest]
    size = sum(entry.size for entry in entries) - sum(entry.size for entry in drop)
    if max_size is not None:
        dropped = {entry.name for entry in drop}
        rest = sorted((e for e in entries if not e.alive and e.name not in dropped), key=lambda e: (e.used, e.name))
        for entry in rest:
            if size <= max_size:
                break
            drop.append(entry)
            size -= entry.size
    if not dry_run:
        # Segments first: a result whose chunk is gone is a miss, a chunk without results is only litter.
        for entry in sorted(drop, key=lambda entry: not entry.name.startswith("ac/")):
            shop.store.backend.delete(entry.name)
    before = sum(entry.size for entry in entries)
    return GcReport(
        shop.recipe.name,
        {"before": len(entries), "removed": len(drop), "after": len(entries) - len(drop)},
        {"before": before, "removed": before - size, "after": size},
        dry_run=dry_run,
    )


def _entries(shop: Workshop) -> Iterator[_Entry]:
    blobs, results, inputs, files = _referred_to(shop)
    alive: set[str] = {f"cas/{blob.hex()}" for blob in blobs}
    for name, segment in shop.store.segments():
        if any(result.key in results for result in segment.results):
            alive.add(name)
            alive.add(f"cas/{segment.blob.hex()}")
        elif not segment.results and not inputs.isdisjoint(inputs_of(segment)):
            alive.add(name)
    alive.update(name for name, digest in shop.store.files() if digest in files)
    for entry in list(shop.store.backend.list()):
        yield _Entry(entry.name, entry.size, entry.used, entry.name in alive or entry.name.startswith(TIMES))


def _referred_to(shop: Workshop) -> tuple[set[bytes], set[bytes], set[bytes], set[bytes]]:
    """Return the chunks, keys and inputs that the current rows of every recipe in this folder stand on; and its files.

    Of the files those are returned, by SHA-256, that the store says something of.
    """
    told = {digest for _, digest in shop.store.files()}
    files: set[bytes] = set()
    blobs: set[bytes] = set()
    results: set[bytes] = set()
    inputs: set[bytes] = set()
    folder = shop.folder.parent
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        memory = Memory(path)
        try:
            _add(memory, blobs, results, inputs)
            files.update(digest for digest in _delivered(memory) if digest in told)
        except MemoryLostError:
            continue
        finally:
            memory.close()
    return blobs, results, inputs, files


def _delivered(memory: Memory) -> Iterator[bytes]:
    """Yield the SHA-256 of every file that a recipe's outputs hold."""
    for name in memory.head.outputs:
        rows = memory.delivered(name)
        yield from (rows.digest(number) for number in range(len(rows.paths))) if rows is not None else ()


def _add(memory: Memory, blobs: set[bytes], results: set[bytes], inputs: set[bytes]) -> None:
    contexts = memory.head.contexts
    for entry in memory.head.groups:
        group = memory.group(entry)
        inputs.update(row.digest for row in group.inputs)
        for pairs in group.pairs.values():
            for pair in pairs:
                incoming = pair.input
                for mark in pair.marks:
                    results.add(keys.stage_key(contexts[mark.context].digest, incoming))
                    incoming = mark.digest
                for version in (pair.now, pair.kept):
                    if version is not None:
                        blobs.add(version.blob)
                if pair.verdict is not None and pair.now is not None:
                    results.add(keys.stage_key(contexts[pair.verdict.context].digest, pair.now.digest))
