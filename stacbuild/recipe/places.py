"""Where a key of the effective recipe is written: in which of its files, under which name there, on which line.

The effective recipe is what includes and the matrix make of the files. Never reads files, never judges.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from stacbuild.failures import At
from stacbuild.recipe.lines import Lines, Path


class Text(NamedTuple):
    """One file of a recipe."""

    label: str
    """The file as messages call it."""
    name: str
    """Its path relative to the recipe's folder."""
    lines: Lines

    def at(self, path: Sequence[str]) -> At | None:
        """Return the place of a key in this file, else of the nearest table around it."""
        place = self.lines.nearest(path)
        return At(self.label, *place) if place else None


class Places:
    """The files of one recipe, and which part of the effective recipe comes from which place of which file."""

    def __init__(self) -> None:
        self.texts: list[Text] = []
        """The recipe itself comes first."""
        self._owners: dict[Path, int] = {}
        self._written: dict[Path, Path] = {}

    def __repr__(self) -> str:
        return f"Places({[text.label for text in self.texts]})"

    def own(self, path: Path, number: int) -> None:
        """Note that a key, with all below it that nobody else owns, is of a file."""
        if self._number(path) != number:
            self._owners[path] = number

    def rename(self, written: dict[Path, Path]) -> None:
        """Note under which paths keys of the effective recipe are written."""
        self._written |= written

    def written(self, path: Sequence[str]) -> Path:
        """Return the path under which a key is written."""
        path = tuple(path)
        for end in range(len(path), 0, -1) if self._written else ():
            if path[:end] in self._written:
                return self._written[path[:end]] + path[end:]
        return path

    def owner(self, path: Sequence[str]) -> Text:
        """Return the file that a key, given as it is written, stands in."""
        return self.texts[self._number(tuple(path))]

    def _number(self, path: Path) -> int:
        ends = range(len(path), 0, -1) if self._owners else ()
        return next((self._owners[path[:end]] for end in ends if path[:end] in self._owners), 0)

    def at(self, path: Sequence[str]) -> At | None:
        """Return the place of a key of the effective recipe, else of the nearest table around it."""
        return self.at_written(self.written(path))

    def names(self, dotted: str) -> Path:
        """Return the names of a key that is told with dots between them; names may hold dots of their own."""
        parts = dotted.split(".")
        path: Path = ()
        while parts:
            ends = (end for end in range(len(parts), 0, -1) if self._has((*path, ".".join(parts[:end]))))
            end = next(ends, 1)
            path, parts = (*path, ".".join(parts[:end])), parts[end:]
        return path

    def _has(self, path: Path) -> bool:
        written = self.written(path)
        return self.owner(written).lines.find(written) is not None

    def at_written(self, path: Sequence[str]) -> At | None:
        """Return the place of a key that is given as it is written."""
        return self.owner(path).at(path)
