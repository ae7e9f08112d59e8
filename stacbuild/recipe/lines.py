"""Where each key of a TOML text stands, what was found at keys, and the frame in which an error shows it.

`tomllib` tells no positions, so this scans the text again, trusting that `tomllib` has accepted it: only keys, brackets
and strings are understood, values are stepped over. Never reads files, never judges a recipe.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, Literal, NamedTuple

from msgspec import Struct

from stacbuild.failures import Problem

Path = tuple[str, ...]
Part = tuple[str, int, int]
"""A name of a key as it is meant, the offset at which it is written, and how long it is as written."""

BLANK = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
SPACES = re.compile(r"[ \t]*")
NAME = re.compile(r"""[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'""")
STRING = re.compile(
    r'''"""(?:\\.|[^\\])*?""""{0,2}|\'\'\'.*?\'\'\'\'{0,2}|"(?:[^"\\\n]|\\.)*"|'[^'\n]*\'''',
    re.DOTALL,
)
SCALAR = re.compile(r"""[^,\[\]{}\s#"']+(?: \d[^,\]}\s#]*)?""")
"""A number, a boolean or a date; a date may have its time behind one space."""

WIDEST = 110
"""Columns of a source line that a frame shows; of a longer one, those around the key."""
LONGEST_HINT = 70
"""A longer hint gets a line of its own in a frame."""

Finding = tuple[str, Path, str, str | None]
"""A problem before its line is known: code, path of the key, message, hint."""


class Draft(NamedTuple):
    """A table under judgement: as written, and those of its keys whose values have the right type."""

    kind: type[Struct]
    raw: dict[str, Any]
    good: dict[str, Any]
    path: Path


class Sheet:
    """One recipe under judgement, and what was found."""

    def __init__(self, raw: dict[str, Any], name: str, included: tuple[str, ...] = ()) -> None:
        """Take the tables as written, the file's name, and the paths of included files from the recipe's folder."""
        self.raw, self.name, self.included = raw, name, included
        self.findings: list[Finding] = []
        self.warnings: list[Finding] = []
        self.drafts: dict[Path, Draft] = {}

    def find(self, code: str, path: Path, message: str, hint: str | None = None) -> None:
        """Note a problem at a key."""
        self.findings.append((code, path, message, hint))

    def entries(self, *path: str) -> dict[str, Any]:
        """Return a table as written; empty if there is none."""
        table: Any = self.raw
        for name in path:
            table = table.get(name) if isinstance(table, dict) else None
        return table if isinstance(table, dict) else {}

    def drafts_of(self, table: str) -> Iterator[Draft]:
        """Yield the drafts of a table of tables."""
        return (draft for path, draft in self.drafts.items() if path[:1] == (table,) and len(path) == 2)  # noqa: PLR2004


class Lines:
    """Positions of the keys of one TOML text; scanned when first asked, as good recipes never ask."""

    def __init__(self, text: str) -> None:
        """Take a text that `tomllib` accepts, without its BOM."""
        self._text = text.replace("\r\n", "\n")

    def __repr__(self) -> str:
        return f"Lines({len(self._text)} characters)"

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(match.end() for match in re.finditer("\n", self._text))]

    @cached_property
    def _found(self) -> dict[Path, tuple[int, int]]:
        return _Scan(self._text).run()

    def find(self, path: Sequence[str]) -> tuple[int, int, int] | None:
        """Return line and column (from 1) and length of a key, or of a list's entry ("0", "1", …); None if unknown."""
        place = self._found.get(tuple(path))
        if place is None:
            return None
        offset, length = place
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1, length

    def nearest(self, path: Sequence[str]) -> tuple[int, int, int] | None:
        """Return the place of the key, else of the nearest table around it."""
        places = (self.find(path[:end]) for end in range(len(path), 0, -1))
        return next((place for place in places if place), None)


class _Lost(Exception):  # noqa: N818 - it is not an error that anybody sees
    """The text is not what the scanner understands; what was found until here stands."""


class _Scan:
    """One pass over a text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.offset = 0
        self.found: dict[Path, tuple[int, int]] = {}
        self.counts: dict[Path, int] = {}
        """How many tables an array of tables has so far."""

    def run(self) -> dict[Path, tuple[int, int]]:
        table: Path = ()
        try:
            while self.step(BLANK) is not None and self.offset < len(self.text):
                if self.text[self.offset] == "[":
                    table = self.header()
                else:
                    self.pair(table)
        except (_Lost, RecursionError):
            pass
        return self.found

    def step(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.offset)
        if match is None:
            raise _Lost
        self.offset = match.end()
        return match.group()

    def ahead(self, text: str) -> bool:
        return self.text.startswith(text, self.offset)

    def key(self) -> list[Part]:
        parts: list[Part] = []
        while not parts or self.ahead("."):
            self.offset += 1 if parts else 0
            self.step(SPACES)
            start = self.offset
            written = self.step(NAME)
            parts.append((_meant(written), start, len(written)))
            self.step(SPACES)
        return parts

    def header(self) -> Path:
        many = self.ahead("[[")
        self.offset += 2 if many else 1
        parts = self.key()
        self.offset += 2 if many else 1
        path = self.mark((), parts)
        if not many:
            return path
        count = self.counts.get(path, 0)
        self.counts[path] = count + 1
        self.found[*path, str(count)] = self.found[path] if count == 0 else parts[-1][1:]
        return (*path, str(count))

    def mark(self, table: Path, parts: list[Part]) -> Path:
        """Note the place of each name; the first mention of a table stands until the table itself comes."""
        path = table
        for index, (name, offset, length) in enumerate(parts):
            path = (*path, name)
            last = index == len(parts) - 1
            if last and path not in self.counts:
                self.found[path] = offset, length
            self.found.setdefault(path, (offset, length))
            if not last and path in self.counts:
                path = (*path, str(self.counts[path] - 1))
        return path

    def pair(self, table: Path) -> None:
        path = self.mark(table, self.key())
        if not self.ahead("="):
            raise _Lost
        self.offset += 1
        self.step(SPACES)
        self.value(path)

    def value(self, path: Path) -> None:
        match self.text[self.offset : self.offset + 1]:
            case "[":
                self.entries(path)
            case "{":
                self.pairs(path)
            case '"' | "'":
                self.step(STRING)
            case _:
                self.step(SCALAR)

    def entries(self, path: Path) -> None:
        index = 0
        while self.more("]"):
            start = self.offset
            self.value((*path, str(index)))
            written = self.text[start : self.offset].split("\n", 1)[0]
            self.found[*path, str(index)] = start, len(written)
            index += 1

    def pairs(self, path: Path) -> None:
        while self.more("}"):
            self.pair(path)

    def more(self, closer: str) -> bool:
        """Step over the opening bracket or a comma; false, and behind the bracket, if nothing follows."""
        if self.offset == len(self.text):
            raise _Lost
        if self.text[self.offset] in "[{,":
            self.offset += 1
        self.step(BLANK)
        if self.ahead(","):
            self.offset += 1
            self.step(BLANK)
        if not self.ahead(closer):
            return True
        self.offset += 1
        return False


def _meant(written: str) -> str:
    if written[0] not in "\"'":
        return written
    if "\\" not in written:
        return written[1:-1]
    return str(tomllib.loads(f"key = {written}")["key"])


def concise(problem: Problem) -> str:
    """Return a problem as one line: `stacbuild.toml:12:1: SB101 …`."""
    hint = f" ({problem.hint})" if problem.hint else ""
    place = f"{problem.at}: " if problem.at else ""
    return printable(f"{place}{problem.code} {problem.message}{hint}")


def frame(problem: Problem, source_line: str | None, severity: Literal["error", "warning"] = "error") -> str:
    """Return a problem as people read it: the sentence, the place, the line with the key underlined, the hint."""
    head = f"{severity}[{problem.code}]: {printable(problem.message)}"
    if problem.at is None:
        return "\n".join([head, *_hint_line(problem.hint, 1)])
    width = len(str(problem.at.line))
    lines = [head, f"{' ' * width}--> {printable(str(problem.at))}"]
    if source_line is None or not problem.at.column:
        return "\n".join([*lines, *_hint_line(problem.hint, width)])
    return "\n".join([*lines, *_excerpt(problem, source_line, width)])


def _excerpt(problem: Problem, source_line: str, width: int) -> list[str]:
    if problem.at is None:
        return []
    shown, column = _window(source_line.rstrip("\r\n"), problem.at.column)
    before = printable(shown[: column - 1])
    marked = printable(shown[column - 1 : column - 1 + problem.at.length])
    beside = problem.hint if problem.hint and len(problem.hint) <= LONGEST_HINT else None
    gutter = " " * width + " |"
    return [
        gutter,
        f"{problem.at.line:>{width}} | {printable(shown)}".rstrip(),
        f"{gutter} {' ' * _cells(before)}{'^' * max(_cells(marked), 1)}{f' {beside}' if beside else ''}",
        *([] if beside else _hint_line(problem.hint, width)),
    ]


def _hint_line(hint: str | None, width: int) -> list[str]:
    return [f"{' ' * width} = hint: {printable(hint)}"] if hint else []


def _window(line: str, column: int) -> tuple[str, int]:
    """Return the part of a long line around a column, and the column in that part."""
    if len(line) <= WIDEST:
        return line, column
    start = max(0, min(column - 1 - WIDEST // 3, len(line) - WIDEST))
    head, tail = "…" if start else "", "…" if start + WIDEST < len(line) else ""
    return head + line[start : start + WIDEST] + tail, column - start + len(head)


def printable(text: str) -> str:
    """Return text without characters that could steer a terminal; a tab becomes a space."""
    if text.isprintable():
        return text
    return "".join(" " if char == "\t" else char if char.isprintable() else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii") if char != "\n" else "\\n"


def _cells(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    return sum(_width(char) for char in text)


def _width(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
