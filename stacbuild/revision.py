"""What comes of an output's rows in a build: those that stay, those that are put, those that go.

What is not said to stay or put is what shall not be there. Sheets whose rows all stay are taken over unread.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from stacbuild.delivered import Delivered, placed
from stacbuild.sheets import LARGEST, Found, Ledger, Sheet, Writer

_Row = tuple[str, bytes]
"""A path, and what follows it in 80 bytes."""

_TOGETHER: Final = 8 * LARGEST
"""Rows that are held to be cut into sheets, so that sheets that lost most of theirs become one."""


class Revision:
    """The rows of one output. What is noted of them is 80 bytes a file that is put, and its path."""

    def __init__(self, before: Ledger) -> None:
        self._before = before
        self._whole: set[int] = set()
        """Sheets whose rows all stay."""
        self._seen: dict[int, bytearray] = {}
        """Sheet → 1 for each row whose file shall be."""
        self._paths: list[str] = []
        self._packed = bytearray()
        self._gone: list[str] = []
        self.folders: set[str] = set()
        """Once they are written: the folders in which a row is another than before."""

    def stay(self, found: Found) -> bool:
        """Note a file that shall be, and tell whether it was noted already; its row stays as it is, if none is put."""
        if found.sheet in self._whole:
            return True
        if found.sheet not in self._seen:
            self._seen[found.sheet] = bytearray(self._before.sheets[found.sheet].count)
        noted, self._seen[found.sheet][found.number] = self._seen[found.sheet][found.number], 1
        return bool(noted)

    def stay_below(self, folder: str) -> int | None:
        """Note that all files below `folder`, which ends in a slash, stay, and return how many; None: not all can.

        What a build left as it was that was of other things is not known to be as it shall be.
        """
        spans = [*self._before.below(folder)]
        if any(self._unknown(sheet, rows) for sheet, rows in spans):
            return None
        for sheet, rows in spans:
            count = self._before.sheets[sheet].count
            if len(rows) == count:
                self._whole.add(sheet)
            else:
                self._seen.setdefault(sheet, bytearray(count))[rows.start : rows.stop] = b"\1" * len(rows)
        return sum(len(rows) for _, rows in spans)

    def stay_all(self) -> int | None:
        """Note that all files stay, and return how many; None: not all can."""
        if any(sheet.unknown for sheet in self._before.sheets):
            return None
        self._whole.update(range(len(self._before.sheets)))
        return self._before.count

    def _unknown(self, sheet: int, rows: range) -> bool:
        if not self._before.sheets[sheet].unknown:
            return False
        held = self._before.rows(sheet)
        return any(not any(held.want(number)) for number in rows)

    def put(self, path: str, stat: bytes, digest: bytes, want: bytes) -> None:
        """Note the row of a file, in the place of one that it may have had."""
        self._paths.append(path)
        self._packed += stat + digest + want

    def leave(self) -> list[str]:
        """Return the files that shall not be, which are to be removed; their rows go."""
        self._gone = [*self._left()]
        return self._gone

    def _left(self) -> Iterator[str]:
        for sheet in range(len(self._before.sheets)):
            seen = self._seen.get(sheet)
            if sheet in self._whole or (seen is not None and 0 not in seen):
                continue
            paths = self._before.rows(sheet).paths
            yield from paths if seen is None else (path for path, one in zip(paths, seen, strict=True) if not one)

    @property
    def count(self) -> int:
        """About how many files there will be: no less than that."""
        return self._before.count + len(self._paths)

    def written(self, writer: Writer) -> Ledger:
        """Return the rows as they are now, and let go of what was noted; sheets that moved are written."""
        self.folders = {path.rpartition("/")[0] for some in (self._paths, self._gone) for path in some}
        with writer:
            sheets = writer.draw_together([*self._sheets(writer)])
        self._paths, self._packed = [], bytearray()
        return writer.ledger(sheets)

    def _sheets(self, writer: Writer) -> Iterator[Sheet]:
        before, gone = self._before, set(self._gone)
        moved = {before.sheet_of(path) for some in (self._paths, gone) for path in some}
        new = sorted(range(len(self._paths)), key=lambda number: placed(self._paths[number]), reverse=True)
        waiting: list[_Row] = []
        for sheet, known in enumerate(before.sheets):
            if sheet in moved and not waiting and (rows := self._in_place(sheet, new, gone)) is not None:
                yield writer.add(rows)
                continue
            if sheet in moved:
                waiting += self._merged(before.rows(sheet), new, gone)
                end = before.keys[sheet + 1] if sheet + 1 < len(before.keys) else None
                yield from self._cut(waiting, new, end, writer)
                continue
            yield from map(writer.add, _sheets_of(waiting))
            waiting = []
            yield known if known.file else writer.add(before.rows(sheet))
        yield from self._cut(waiting, new, None, writer)
        yield from map(writer.add, _sheets_of(waiting))

    def _in_place(self, sheet: int, new: list[int], gone: set[str]) -> Delivered | None:
        """Return the rows of a sheet with those of `new` before its end in their places; None: not all have one."""
        before, mine = self._before, list[int]()
        end = before.keys[sheet + 1] if sheet + 1 < len(before.keys) else None
        rows, numbers = before.numbered(sheet)
        for number in reversed(new):
            path = self._paths[number]
            if path not in numbers:
                if end is None or placed(path) < end:
                    return None
                break
            mine.append(number)
        if not gone.isdisjoint(numbers):
            return None
        del new[len(new) - len(mine) :]
        return rows.renewed((numbers[self._paths[number]], self._row(number)[1]) for number in mine)

    def _cut(self, waiting: list[_Row], new: list[int], end: str | None, writer: Writer) -> Iterator[Sheet]:
        """Put to `waiting` the rows of `new` that come before `end`, and write what becomes too much of it."""
        while True:
            while new and len(waiting) < _TOGETHER and (end is None or placed(self._paths[new[-1]]) < end):
                waiting.append(self._row(new.pop()))
            if len(waiting) < _TOGETHER:
                return
            yield from map(writer.add, _sheets_of(waiting))
            waiting.clear()

    def _merged(self, rows: Delivered, new: list[int], gone: set[str]) -> list[_Row]:
        """Return the rows of a sheet that moved, with those of `new` (the first one last) that come before its end."""
        held = {
            path: rows.stamp(number) + rows.digest(number) + rows.want(number)
            for number, path in enumerate(rows.paths)
            if path not in gone
        }
        last = placed(rows.paths[-1])
        while new and placed(self._paths[new[-1]]) <= last:
            path, row = self._row(new.pop())
            held[path] = row
        return sorted(held.items(), key=lambda item: placed(item[0]))

    def _row(self, number: int) -> _Row:
        return self._paths[number], bytes(self._packed[number * 80 : number * 80 + 80])


def _sheets_of(rows: list[_Row]) -> Iterator[Delivered]:
    """Yield rows in sheets of about one size."""
    if not rows:
        return
    size = -(-len(rows) // -(-len(rows) // LARGEST))
    for start in range(0, len(rows), size):
        some = rows[start : start + size]
        yield Delivered(
            [path for path, _ in some],
            b"".join([row[:32] for _, row in some]),
            b"".join([row[32:64] for _, row in some]),
            b"".join([row[64:] for _, row in some]),
        )
