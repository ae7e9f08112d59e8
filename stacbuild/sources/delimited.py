"""Records of csv and tsv: a header, then a row a record; empty cells and `missing` words are left out.

Strict: a row is what the header says or it is a bad record, and what follows it is read. Never guesses delimiters,
strips white space or turns text into numbers.
"""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterator
from typing import Final, NamedTuple

from stacbuild import canon
from stacbuild.failures import ItemError
from stacbuild.recipe.schema import TableSource
from stacbuild.sources.base import Raw, SourceUnreadable, unread
from stacbuild.sources.ignoring import ignore_of
from stacbuild.sources.keyed import WHOLE, key_of
from stacbuild.sources.text import LIMIT, Cut, not_text, too_large

_LONGEST_NAMES: Final = 12
"""Columns that an error names."""


class _Row(NamedTuple):
    line: int
    cells: list[str]
    error: ItemError | None
    raw: list[bytes]


def records(lines: Iterator[bytes], source: TableSource, default_delimiter: str) -> Iterator[Raw]:
    """Yield the records below the header; blank lines are none.

    Raises:
        SourceUnreadable: there is no header, or it cannot be used, or `delimiter` is not one character.
    """
    rows = _rows(lines, source.delimiter or default_delimiter)
    header = _header(next(rows, None), source)
    missing, key, ignore = {"", *source.missing}, key_of(source.key), ignore_of(source.ignore)
    for ordinal, row in enumerate(rows):
        line, cells, error, raw = row
        try:
            if error is not None or len(cells) != len(header):
                raise error or _ragged(len(cells), len(header))
            record = {name: cell for name, cell in zip(header, cells, strict=True) if cell not in missing}
            ignore(record)
            blob = _encode(record, source.encoding)
        except ItemError as bad:
            yield unread(ordinal, line, b"".join(raw), bad)
        else:
            yield Raw(ordinal, line, blob, key(record, blob), None, record)


def columns(lines: Iterator[bytes], source: TableSource, default_delimiter: str) -> list[str]:
    """Return the names in the header; raises SourceUnreadable as `records`."""
    return _header(next(_rows(lines, source.delimiter or default_delimiter), None), source)


def _encode(record: dict[str, str], encoding: str) -> bytes:
    try:
        blob = canon.encode(record)
    except canon.CanonError as error:
        bad = next(name for name, cell in record.items() if not _is_text(cell))
        raise not_text(encoding, f"column {bad!r}") from error
    if b"\\u0000" in blob:
        _refuse_nul(record)
    return blob


def _is_text(cell: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in cell)


def _refuse_nul(record: dict[str, str]) -> None:
    for name, cell in record.items():
        if "\0" in cell:
            raise ItemError("SB403", f"column {name!r} holds a NUL character", hint="take it out; no text has it")


def _ragged(cells: int, columns: int) -> ItemError:
    counted = f"{cells} cell{'' if cells == 1 else 's'}"
    hint = "quote cells that hold the delimiter" if cells > columns else "write empty cells for what is missing"
    return ItemError("SB401", f"the row has {counted}, the header {columns}", hint=hint)


# --- rows


def _rows(lines: Iterator[bytes], delimiter: str) -> Iterator[_Row]:
    """Yield the rows that are not blank; where one cannot be read the next begins on the line after it."""
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise SourceUnreadable("SB418", f"`delimiter` {delimiter!r} is not one character that can part cells")
    csv.field_size_limit(LIMIT * 2)  # of the whole process; what is larger than LIMIT never gets there
    feed = _Feed(lines, 0)
    while True:
        reader = csv.reader(feed.texts(), delimiter=delimiter, strict=True)
        try:
            yield from feed.rows(reader)
        except _Broken as broken:
            first = feed.held[0]
            yield _Row(feed.first, [], broken.error, [first])
            feed = _Feed(itertools.chain(feed.held[1:], lines), feed.first)
        else:
            return


class _Broken(Exception):  # noqa: N818  never leaves the module
    """A record that swallowed more than its own line: of a quote left open, or of more than LIMIT bytes."""

    def __init__(self, error: ItemError) -> None:
        super().__init__(error)
        self.error = error


class _Feed:
    """Lines on their way into the csv reader; holds those of the row that is being read."""

    def __init__(self, lines: Iterator[bytes], line: int) -> None:
        self._lines, self._line = lines, line
        self.held: list[bytes] = []
        self._ended = False

    @property
    def first(self) -> int:
        """The number of the first line held."""
        return self._line - len(self.held) + 1

    def texts(self) -> Iterator[str]:
        """Yield the lines as text; what is not UTF-8 as lone surrogates, found when the record is encoded."""
        held, size = self.held, 0
        for line in self._lines:
            self._line += 1
            held.append(line)
            size = size + len(line) if len(held) > 1 else len(line)
            if size > LIMIT or isinstance(line, Cut):
                raise _Broken(too_large())
            try:
                yield line.decode()
            except UnicodeDecodeError:
                yield line.decode(errors="surrogateescape")
        self._ended = True

    def rows(self, reader: Iterator[list[str]]) -> Iterator[_Row]:
        """Yield what `reader` makes of the lines."""
        held = self.held
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                if self._ended or len(held) > 1:
                    raise _Broken(_open_quote() if self._ended else _wrong_quotes(error)) from error
                yield _Row(self.first, [], _wrong_quotes(error), held)
            else:
                if cells:
                    yield _Row(self._line - len(held) + 1, cells, None, held)
            held.clear()


def _open_quote() -> ItemError:
    return ItemError("SB405", "a quote is opened here and never closed", hint='close it; a quote in a cell is ""')


def _wrong_quotes(error: csv.Error) -> ItemError:
    hint = 'a cell with quotes in it is written "so ""quoted"" it is"'
    return ItemError("SB405", f"the quotes of the row do not match: {error}", hint=hint)


# --- header


def _header(row: _Row | None, source: TableSource) -> list[str]:
    if row is None:
        raise SourceUnreadable("SB414", "the file is empty: it has no header", "write the header line, or delete it")
    if row.error is not None:
        raise SourceUnreadable("SB415", f"line {row.line}: the header: {row.error.message}", row.error.hint)
    header = list(row.cells)
    _refuse_bytes(header, row.line, source.encoding)
    _refuse_unnamed(header, row.line)
    _refuse_without_key(header, row.line, source)
    return header


def _refuse_bytes(header: list[str], line: int, encoding: str) -> None:
    if not all(_is_text(name) and "\0" not in name for name in header):
        error = not_text(encoding, "the header")
        raise SourceUnreadable("SB415", f"line {line}: {error.message}", error.hint)


def _refuse_unnamed(header: list[str], line: int) -> None:
    if "" in header:
        text = f"line {line}: column {header.index('') + 1} of the header has no name"
        raise SourceUnreadable("SB415", text, "name it, or take the column out")
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        where = ", ".join(str(index + 1) for index, name in enumerate(header) if name == twice[0])
        text = f"line {line}: the header names {twice[0]!r} more than once (columns {where})"
        raise SourceUnreadable("SB415", text, "give each column a name of its own")


def _refuse_without_key(header: list[str], line: int, source: TableSource) -> None:
    wanted = [source.key] if isinstance(source.key, str) else source.key
    absent = [name for name in wanted if name not in header and name.replace("\\.", ".") not in header]
    if absent and source.key != WHOLE:
        named = ", ".join(header[:_LONGEST_NAMES]) + (", …" if len(header) > _LONGEST_NAMES else "")
        text = f"line {line}: the header has no column {absent[0]!r}, which `key` names"
        raise SourceUnreadable("SB416", text, _delimiter_hint(header, source) or f"the columns are: {named}")


def _delimiter_hint(header: list[str], source: TableSource) -> str | None:
    """Return what to do if the only column looks like several."""
    if len(header) == 1 and source.delimiter is None:
        for sign in (";", "\t", ",", "|"):
            if sign in header[0]:
                return f"is it parted by {sign!r}? then set `delimiter = {_toml(sign)}`"
    return None


def _toml(sign: str) -> str:
    return '"\\t"' if sign == "\t" else f'"{sign}"'
