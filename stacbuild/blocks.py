"""Small files that lie in a row, as one block: names and stamps in columns, so that they cost bytes and no objects.

    <folder>/files-<n>     the columns of blocks, each compressed; immutable; the head says which stand where

A block is the files of a folder, or of several where they have few. It is cut into *runs* by names alone, so that one
file more moves one or two of them; the records of a run are one group. Never looks at a file of a source.
"""

from __future__ import annotations

import os
from collections.abc import Container, Iterable, Iterator
from pathlib import Path
from typing import Final, Self, TypeVar

import xxhash
from msgspec import Struct

from stacbuild import sealed
from stacbuild.delivered import STAMP

LARGE: Final = 32 << 10
"""A file with more bytes is no part of a block."""

UNSURE: Final = bytes(STAMP.size)
"""Stands for the stamp of a file that has to be read again, whatever stat says: no file has it."""

_CUT_MASK: Final = 0xFF
_RUN_AT_MOST: Final = 512
_FILES_AT_MOST: Final = 12
_BETWEEN: Final = "\0"

Key = TypeVar("Key")


class Run(Struct, array_like=True):
    """Files of a block that lie side by side: their names, and their stamps of 32 bytes each."""

    names: list[str]
    stamps: bytes

    @property
    def digest(self) -> bytes:
        """What moves when one of them may have."""
        return _digest(_joined(self.names), self.stamps)

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Yield name and stamp of each file."""
        for number, name in enumerate(self.names):
            yield name, self.stamps[number * STAMP.size : (number + 1) * STAMP.size]


class Block(Struct, array_like=True):
    """Files of a source, sorted; `names` (relative to the recipe's folder) are joined by NUL."""

    name: str
    """The first folder that it has files of; ends in a slash, as no file's name does."""
    names: bytes
    stamps: bytes

    @property
    def mark(self) -> bytes:
        """What moves when a file comes, goes or has another stamp."""
        return _digest(self.names, self.stamps)

    @property
    def count(self) -> int:
        """How many files it has."""
        return len(self.stamps) // STAMP.size

    def runs(self) -> Iterator[Run]:
        """Yield its files in runs; where they are cut depends on their names alone."""
        names, start = _split(self.names), 0
        for end, name in enumerate(names, 1):
            if _ends(name) or end - start >= _RUN_AT_MOST:
                yield self._run(names, start, end)
                start = end
        if start < len(names):
            yield self._run(names, start, len(names))

    def _run(self, names: list[str], start: int, end: int) -> Run:
        return Run(names[start:end], self.stamps[start * STAMP.size : end * STAMP.size])


def _ends(name: str) -> bool:
    """Tell whether a run ends with a file."""
    return xxhash.xxh3_64_intdigest(name.encode(errors="surrogateescape")) & _CUT_MASK == 0


def block_of(name: str, names: list[str], stamps: Iterable[bytes]) -> Block:
    """Return the block of some files, given in order."""
    return Block(name, _joined(names), b"".join(stamps))


def without(block: Block, unsure: Container[str]) -> Block:
    """Return a block without the stamps of some of its files, so that they are read again."""
    mine = (run.files() for run in block.runs())
    stamps = (UNSURE if name in unsure else stamp for files in mine for name, stamp in files)
    return Block(block.name, block.names, b"".join(stamps))


def _joined(names: list[str]) -> bytes:
    return _BETWEEN.join(names).encode(errors="surrogateescape")


def _split(names: bytes) -> list[str]:
    return names.decode(errors="surrogateescape").split(_BETWEEN) if names else []


def _digest(names: bytes, stamps: bytes) -> bytes:
    hasher = xxhash.xxh3_128(names)
    hasher.update(b"\0")
    hasher.update(stamps)
    return hasher.digest()


# --- in the memory


class BlockMemory(Struct, array_like=True):
    """A block as last listed: its mark, and where its columns stand."""

    mark: bytes
    count: int
    """Files that it has."""
    file: int
    offset: int
    length: int
    check: bytes
    names: int
    """Length of its names, unpacked; its stamps follow."""
    troubles: dict[str, str] = {}
    """File → why it could not be read the last time."""


def read(folder: Path, name: str, known: BlockMemory) -> Block:
    """Return the columns of a block.

    Raises:
        MemoryLostError: they are missing or damaged.
    """
    columns = sealed.unpacked(_raw(folder, known), bytes)
    return Block(name, columns[: known.names], columns[known.names :])


def _raw(folder: Path, known: BlockMemory) -> bytes:
    return sealed.piece(folder / f"files-{known.file}", known.offset, known.length, known.check)


def write(folder: Path, generation: int, new: dict[Key, tuple[Block, dict[str, str]]]) -> dict[Key, BlockMemory]:
    """Write the columns of blocks durably and return where they stand.

    Args:
        folder: the memory's.
        generation: the number of the file.
        new: whatever the block is known by → a block, and which of its files cannot be read, and why.
    """
    import zstandard  # noqa: PLC0415  a no-op never gets here

    compress = zstandard.ZstdCompressor(level=-1, write_content_size=True).compress
    found: dict[Key, BlockMemory] = {}
    with _Writer(folder, generation) as writer:
        for key, (block, troubles) in new.items():
            place = writer.add(compress(block.names + block.stamps))
            found[key] = BlockMemory(block.mark, block.count, *place, len(block.names), troubles)
    return found


def drawn_together(folder: Path, generation: int, known: list[BlockMemory]) -> None:
    """Write the columns of old blocks into one file, where they stand in many."""
    if len({one.file for one in known}) <= _FILES_AT_MOST:
        return
    with _Writer(folder, generation, "ab") as writer:
        for one in known:
            if one.file != generation:
                one.file, one.offset, one.length, one.check = writer.add(_raw(folder, one))


class _Writer:
    """Writes pieces one after the other; durable when it is left."""

    def __init__(self, folder: Path, generation: int, mode: str = "wb") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._generation = generation
        self._stream = (folder / f"files-{generation}").open(mode)

    def __enter__(self) -> Self:
        return self

    def add(self, blob: bytes) -> tuple[int, int, int, bytes]:
        place = self._generation, self._stream.tell(), len(blob), xxhash.xxh3_64_digest(blob)
        self._stream.write(blob)
        return place

    def __exit__(self, *_: object) -> None:
        with self._stream as stream:
            stream.flush()
            os.fsync(stream.fileno())
