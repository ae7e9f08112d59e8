"""The files that `path` of a source stands for. Looks at folders only, never into a file."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from stacbuild.failures import Fault
from stacbuild.sources.base import Shard

OURS: Final = ".stacbuild"
"""How the names of our own folders and temporary files begin."""


def shards(path: str | list[str], root: Path) -> list[Shard]:
    """Return the files of `path` by name, each once; a path without wildcards is listed even if nothing is there.

    Wildcards are `*`, `?`, `[…]` and `**`; they match no name that begins with a dot. `root` is the recipe's folder.
    """
    literal: set[str] = set()
    matched: set[str] = set()
    for one in _paths(path):
        if is_literal(one, root):
            literal.add(_name(one, root))
        else:
            matched.update(_matching(one, root))
    return [shard(name, root, named=name in literal) for name in _each_once(sorted(literal | matched), root)]


def shard(name: str, root: Path, *, named: bool) -> Shard:
    """Return the file with a name; one whose name is no text cannot be remembered, and so is not read."""
    at = f"{root}/{name}"
    if is_text(name):
        return Shard(name, at, named)
    shown = os.fsencode(name).decode(errors="backslashreplace")
    text = f"{shown}: the name of this file is not UTF-8"
    return Shard(shown, at, named, trouble=Fault("fetch", "SB412", text, "", "rename it"))


def is_text(name: str) -> bool:
    """Tell whether a name is UTF-8 on the disk."""
    return name.isascii() or name == name.encode(errors="replace").decode()


def named(path: str | list[str]) -> list[str]:
    """Return the paths without wildcards."""
    return sorted({one for one in _paths(path) if not glob.has_magic(one)})


def name_of(path: str, root: Path) -> str:
    """Return a path of the recipe as shards are named: relative to `root`, posix."""
    return _name(path, root)


def _paths(path: str | list[str]) -> list[str]:
    return [path] if isinstance(path, str) else path


def is_literal(path: str, root: Path) -> bool:
    """Tell whether a path is that of one file: it has no wildcards, or a file is called so."""
    return not glob.has_magic(path) or is_file(path, root)


def is_file(name: str, root: Path) -> bool:
    """Tell whether a path is that of a file."""
    return os.path.isfile(os.path.join(root, name))  # noqa: PTH113,PTH118  a path object a name takes longer than stat


def _matching(path: str, root: Path) -> Iterator[str]:
    """Yield the names, relative to `root`, of the files that a pattern matches."""
    folders, plain = _Folders(root), _is_plain(path)
    for name in glob.iglob(path, root_dir=root, recursive=True):  # noqa: PTH207  unlike Path.glob it skips hidden files
        if not is_ours(name) and folders.have(name):
            yield name if plain else _name(name, root)


class _Folders:
    """Says which names are files; a folder is looked at once, as a stat of each of its files would take far longer."""

    def __init__(self, root: Path) -> None:
        self._root, self._at, self._files = root, "", frozenset[str]()

    def have(self, name: str) -> bool:
        """Tell whether a name is that of a file; names of one folder come one after the other."""
        folder, _, file = name.rpartition(os.sep)
        if folder != self._at or not self._files:
            self._at, self._files = folder, self._in(folder)
        return file in self._files

    def _in(self, folder: str) -> frozenset[str]:
        try:
            with os.scandir(os.path.join(self._root, folder)) as found:  # noqa: PTH118  a path object a name takes longer
                return frozenset(entry.name for entry in found if _is_a_file(entry))
        except OSError:
            return frozenset()


def _is_a_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:  # a link that leads in a circle
        return False


def _is_plain(path: str) -> bool:
    """Tell whether the names that a pattern matches are as `_name` would give them."""
    return os.sep == "/" and path == os.path.normpath(path) and not path.startswith(("/", os.pardir))


def _name(path: str, root: Path) -> str:
    name = os.path.normpath(path)
    if name.startswith(os.pardir) or os.path.isabs(name):  # noqa: PTH117  text
        name = os.path.relpath(root / path, root)  # may lead back into the folder
    return name.replace(os.sep, "/")


def is_ours(name: str) -> bool:
    """Tell whether something is in a folder of ours, or a file that is not whole."""
    return OURS in name and any(part.startswith(OURS) for part in Path(name).parts)


def _each_once(names: list[str], root: Path) -> Iterator[str]:
    """Yield the names but those that reach a file of an earlier name through a linked folder."""
    real: dict[str, str] = {}
    seen: set[str] = set()
    for name in names:
        folder, _, file = name.rpartition("/")
        if folder not in real:
            real[folder] = os.path.realpath(root / folder)
        if (place := f"{real[folder]}/{file}") not in seen:
            seen.add(place)
            yield name
