"""The rows of an output's files in sheets, each of some hundred that lie side by side: read where they are asked for.

    <folder>/delivered-<n>-<output>    which sheets an output has, in the order of folders, then names
    <folder>/sheets-<n>-<output>       their rows, each sheet compressed; immutable

A sheet in which nothing moved stays where it stands, unread. Never looks at a file of an output.
"""

from __future__ import annotations

import os
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple, Self

import msgspec
import xxhash
from msgspec import Struct

from stacbuild import sealed
from stacbuild.delivered import NO_WANT, Delivered, joined, placed

LARGEST: Final = 512
"""Rows that a sheet has at most."""

_FILES_AT_MOST: Final = 12
_AFTER_SLASH: Final = chr(ord("/") + 1)

_pack = msgspec.msgpack.Encoder().encode
_rows_of = msgspec.msgpack.Decoder(Delivered).decode


class Sheet(Struct, array_like=True):
    """What is known of a sheet unread."""

    first: str
    """The path of its first file."""
    count: int
    unknown: bool
    """Of some file it is not known what it was made from."""
    folders: int
    """Of how many folders it has files."""
    file: str = ""
    """Where it stands; "" where that is nowhere."""
    offset: int = 0
    length: int = 0
    check: bytes = b""


class Found(NamedTuple):
    """The row of a file: where it stands, and what it says."""

    sheet: int
    number: int
    stat: bytes
    digest: bytes
    want: bytes


class Ledger:
    """The rows of an output. Sheets in which a file is looked for are held, until `let_go`."""

    def __init__(self, sheets: list[Sheet], read: Callable[[Sheet], Delivered]) -> None:
        self.sheets = sheets
        self.keys = [placed(sheet.first) for sheet in sheets]
        self.count = sum(sheet.count for sheet in sheets)
        self._read = read
        self._held: dict[int, tuple[Delivered, dict[str, int]]] = {}

    def rows(self, sheet: int) -> Delivered:
        """Return the rows of a sheet.

        Raises:
            MemoryLostError: they are missing or damaged.
        """
        return self._held[sheet][0] if sheet in self._held else self._read(self.sheets[sheet])

    def all(self) -> Iterator[Delivered]:
        """Yield the rows of all files, sheet by sheet."""
        return map(self.rows, range(len(self.sheets)))

    def paths(self) -> Iterator[str]:
        """Yield the path of each file."""
        for rows in self.all():
            yield from rows.paths

    def whole(self) -> Delivered:
        """Return all rows, by path."""
        rows = joined([*self.all()])
        return rows.chosen(sorted(range(len(rows.paths)), key=rows.paths.__getitem__))

    def sheet_of(self, path: str) -> int:
        """Return the sheet that has a file, or would have it."""
        return max(bisect_right(self.keys, placed(path)) - 1, 0)

    def find(self, path: str) -> Found | None:
        """Return the row of a file, or None if there is none."""
        if not self.sheets:
            return None
        sheet = self.sheet_of(path)
        rows, numbers = self.numbered(sheet)
        number = numbers.get(path)
        if number is None:
            return None
        return Found(sheet, number, rows.stamp(number), rows.digest(number), rows.want(number))

    def numbered(self, sheet: int) -> tuple[Delivered, dict[str, int]]:
        """Return the rows of a sheet, which is held from now on, and path → which of them is of that file."""
        if sheet not in self._held:
            rows = self.rows(sheet)
            self._held[sheet] = rows, {path: number for number, path in enumerate(rows.paths)}
        return self._held[sheet]

    def let_go(self) -> None:
        """Let go of the sheets that are held."""
        self._held = {}

    def below(self, folder: str) -> Iterator[tuple[int, range]]:
        """Yield each sheet with files below `folder`, which ends in a slash, and which of its rows these are."""
        return self._between(folder, f"{folder[:-1]}{_AFTER_SLASH}")

    def within(self, folder: str) -> Iterator[tuple[int, range]]:
        """Yield each sheet with files right in `folder`, and which of its rows these are."""
        key = f"{folder}/" if folder else ""
        return self._between(f"{key}\0", f"{key}\1")

    def _between(self, low: str, high: str) -> Iterator[tuple[int, range]]:
        """Yield sheets and rows from one place to another; only those at the ends are read."""
        end = bisect_left(self.keys, high)
        for sheet in range(max(bisect_right(self.keys, low) - 1, 0), end):
            start, stop = 0, self.sheets[sheet].count
            if self.keys[sheet] < low:
                start = bisect_left(self.numbered(sheet)[0].paths, low, key=placed)
            if sheet + 1 == end:
                stop = bisect_left(self.numbered(sheet)[0].paths, high, key=placed)
            if start < stop:
                yield sheet, range(start, stop)


def ledger_of(rows: Delivered) -> Ledger:
    """Return a ledger of rows that stand nowhere yet, in any order."""
    order = sorted(range(len(rows.paths)), key=lambda number: placed(rows.paths[number]))
    pieces = [rows.chosen(order[start : start + LARGEST]) for start in range(0, len(order), LARGEST)]
    by_first = {piece.paths[0]: piece for piece in pieces}
    return Ledger([sheet_of(piece) for piece in pieces], lambda sheet: by_first[sheet.first])


def sheet_of(rows: Delivered) -> Sheet:
    """Return what is known of a sheet with some rows, which stands nowhere yet."""
    folders = {path.rpartition("/")[0] for path in rows.paths}
    unknown = any(rows.want(number) == NO_WANT for number in range(len(rows.paths)))
    return Sheet(rows.paths[0], len(rows.paths), unknown, len(folders))


# --- in the memory


def read(folder: Path, sheet: Sheet) -> Delivered:
    """Return the rows of a sheet.

    Raises:
        MemoryLostError: they are missing or damaged.
    """
    return sealed.unpacked(_raw(folder, sheet), _rows_of)


def _raw(folder: Path, sheet: Sheet) -> bytes:
    return sealed.piece(folder / f"sheets-{sheet.file}", sheet.offset, sheet.length, sheet.check)


class Writer:
    """Writes sheets to a file of their own in the memory's folder; they are durable when it is left."""

    def __init__(self, folder: Path, name: str) -> None:
        import zstandard  # noqa: PLC0415  a no-op never gets here

        self.folder, self._name = folder, name
        self._compress = zstandard.ZstdCompressor(level=-1, write_content_size=True).compress

    def __enter__(self) -> Self:
        """Open the file."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._stream = (self.folder / f"sheets-{self._name}").open("wb")
        return self

    def __exit__(self, *_: object) -> None:
        """Make what was added durable."""
        with self._stream as stream:
            stream.flush()
            os.fsync(stream.fileno())

    def add(self, rows: Delivered) -> Sheet:
        """Write a sheet and return where it stands."""
        return self._put(sheet_of(rows), self._compress(_pack(rows)))

    def draw_together(self, sheets: list[Sheet]) -> list[Sheet]:
        """Return the sheets; those of many files are written into this one."""
        if len({sheet.file for sheet in sheets}) <= _FILES_AT_MOST:
            return sheets
        return [one if one.file == self._name else self._put(one, _raw(self.folder, one)) for one in sheets]

    def ledger(self, sheets: list[Sheet]) -> Ledger:
        """Return the ledger of sheets that stand in the memory's folder, once this is left."""
        return Ledger(sheets, lambda sheet: read(self.folder, sheet))

    def _put(self, sheet: Sheet, blob: bytes) -> Sheet:
        where = self._stream.tell()
        self._stream.write(blob)
        return Sheet(
            sheet.first,
            sheet.count,
            sheet.unknown,
            sheet.folders,
            self._name,
            where,
            len(blob),
            xxhash.xxh3_64_digest(blob),
        )
