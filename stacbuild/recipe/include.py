"""`include`: the tables of several files as those of one, key by key; none wins over another.

What an included file includes comes before it; a file that is included twice counts once. Paths stay as they are
written: `relocate.py` moves them. Reads the files of the recipe and no others; never judges what stands in them.
"""

from __future__ import annotations

import os
import posixpath
from pathlib import Path as File
from typing import Any, NamedTuple

from stacbuild.failures import At, Problem
from stacbuild.recipe.env import BadRecipe, parsed, read
from stacbuild.recipe.lines import Lines, Path
from stacbuild.recipe.names import clip, close, shown, subject
from stacbuild.recipe.places import Places, Text

MOST = 100
"""Files of a recipe."""
RELATIVE = "a path starts at the folder of the file that it is written in"


class Gathered(NamedTuple):
    """The tables of all files of a recipe, as one."""

    raw: dict[str, Any]
    places: Places
    sources: dict[str, str]
    """Label → text."""
    problems: list[Problem]
    whole: bool
    """Whether every file could be read: else names are missing that nobody forgot."""


def gather(path: File) -> Gathered:
    """Return the tables of a recipe with those that it includes.

    Raises:
        BadRecipe: the recipe itself cannot be read.
    """
    reader = _Reader(path.parent)
    reader.take(path, label_of(path), ())
    return Gathered(reader.raw, reader.places, reader.sources, reader.problems, reader.whole)


def label_of(path: File) -> str:
    """Return what messages call a file: its path from the current folder."""
    try:
        return path.relative_to(File.cwd()).as_posix()
    except (ValueError, OSError):
        return path.name


class _Reader:
    """The files that were read, and their tables put together."""

    def __init__(self, root: File) -> None:
        self.root = root
        self.raw: dict[str, Any] = {}
        self.places = Places()
        self.sources: dict[str, str] = {}
        self.problems: list[Problem] = []
        self.whole = True
        self.taken: set[str] = set()

    def take(self, path: File, label: str, chain: tuple[str, ...]) -> None:
        """Put the tables of a file, and before them those that it includes, to the others.

        Raises:
            BadRecipe: the file cannot be read as TOML.
        """
        text = read(path, label, "the included file" if chain else "the recipe")
        tables = parsed(text, label)
        number, name = len(self.places.texts), os.path.relpath(path, self.root).replace(os.sep, "/")
        self.places.texts.append(Text(label, name, Lines(text)))
        self.sources[label] = text
        self.taken.add(_identity(path))
        for entry, at in self.entries(tables.pop("include", []), number):
            self.follow(entry, path.parent, at, (*chain, _identity(path)))
        self.merge(self.raw, tables, number, ())

    def entries(self, value: Any, number: int) -> list[tuple[str, At | None]]:
        """Return the files that an `include` names, and where; what cannot be one is a problem."""
        text = self.places.texts[number]
        if not isinstance(value, list):
            hint = f"put it in brackets, as in [{shown(value)}]" if isinstance(value, str) else None
            self.find("SB103", f"'include' must be a list of texts, got {shown(value)}", text.at(("include",)), hint)
            return []
        found = []
        for index, entry in enumerate(value):
            at = text.at(("include", str(index)))
            if not isinstance(entry, str) or not entry.strip() or "\0" in entry:
                self.find("SB103", f"'include' must be a list of paths, got {shown(entry)} in it", at)
            elif "${" in entry:
                message = f"'include' takes no environment variables: {shown(entry)}"
                self.find("SB103", message, at, "files are put together before `${NAME}` is looked up")
            elif "://" in entry:
                self.find("SB103", f"'include' takes files of this machine, not URLs: {shown(entry)}", at)
            else:
                found.append((entry, at))
        return found

    def follow(self, entry: str, folder: File, at: At | None, chain: tuple[str, ...]) -> None:
        """Take an included file; what is wrong with it is told where it is named, or in its own lines."""
        path = File(os.path.abspath(folder / entry))  # noqa: PTH100 - `resolve` would leave the folder of a link
        identity = _identity(path)
        if identity in chain:
            self.find(
                "SB113", f"'include' goes round: {shown(entry)} leads back to this file", at, "remove it here or there"
            )
        elif identity in self.taken:
            return
        elif len(self.taken) >= MOST:
            self.find("SB113", f"'include': there are more than {MOST} files", at)
        else:
            try:
                self.take(path, self.label(path), chain)
            except BadRecipe as error:
                self.refuse(entry, path, error, at)

    def label(self, path: File) -> str:
        """Return what messages call an included file: its path as the recipe's own is told."""
        beside = os.path.relpath(path, self.root).replace(os.sep, "/")
        return posixpath.normpath(posixpath.join(posixpath.dirname(self.places.texts[0].label), beside))

    def refuse(self, entry: str, path: File, error: BadRecipe, at: At | None) -> None:
        """Note that an included file cannot be read."""
        self.whole = False
        (problem,) = error.problems
        if problem.at is not None and problem.at.line:
            self.problems.append(problem)
            self.sources |= {label: "\n".join(lines) for label, lines in error.sources.items()}
        elif os.path.lexists(path):
            self.find("SB113", f"'include': {shown(entry)}: {problem.message}", at)
        else:
            self.find("SB113", f"'include': there is no file {shown(entry)}", at, self.near(path) or RELATIVE)

    def near(self, path: File) -> str | None:
        """Return the hint that names a file beside the one that is not there; none that is taken already."""
        try:
            beside = sorted(path.parent.glob("*.toml"))[:MOST]
        except OSError:
            return None
        meant = close(path.name, [one.name for one in beside if _identity(one) not in self.taken])
        return f"did you mean `{clip(meant)}`?" if meant else None

    def find(self, code: str, message: str, at: At | None, hint: str | None = None) -> None:
        """Note a problem of an `include`."""
        self.whole = False
        self.problems.append(Problem(code, message, at, hint))

    def merge(self, into: dict[str, Any], tables: dict[str, Any], number: int, path: Path) -> None:
        """Put the keys of a file's table to those that are there."""
        for key, value in tables.items():
            here = (*path, key)
            there = into.get(key)
            if key not in into:
                into[key] = value
                self.places.own(here, number)
            elif isinstance(there, dict) and isinstance(value, dict):
                self.merge(there, value, number, here)
            else:
                self.clash(here, number)

    def clash(self, path: Path, number: int) -> None:
        """Note a key that two files set."""
        there, here = self.places.at(path), self.places.texts[number].at(path)
        message = f"{subject(path, len(path) - 1)} is set in two files, here and in {there}"
        self.problems.append(Problem("SB114", message, here, "keep one of them: no file wins over another"))


def _identity(path: File) -> str:
    return os.path.realpath(path)
