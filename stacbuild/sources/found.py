"""The files that `path` of a source stands for. Looks at folders only, never into a file."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from stacbuild.sources.base import Shard

_OURS: Final = ".stacbuild"
"""How the names of our own folders and temporary files begin."""


def shards(path: str | list[str], root: Path) -> list[Shard]:
    """Return the files of `path` by name, each once; a path without wildcards is listed even if nothing is there.

    Wildcards are `*`, `?`, `[…]` and `**`; they match no name that begins with a dot. `root` is the recipe's folder.
    """
    literal: set[str] = set()
    matched: set[str] = set()
    for one in _paths(path):
        if _is_literal(one, root):
            literal.add(_name(one, root))
        else:
            matched.update(_matching(one, root))
    return [Shard(name, root / name, name in literal) for name in _each_once(sorted(literal | matched), root)]


def missing_paths(path: str | list[str], root: Path) -> list[str]:
    """Return the paths, as they are written, that are no file or match none."""
    return [one for one in _paths(path) if not (_is_file(one, root) or next(_matching(one, root), None))]


def named(path: str | list[str]) -> list[str]:
    """Return the paths without wildcards."""
    return sorted({one for one in _paths(path) if not glob.has_magic(one)})


def name_of(path: str, root: Path) -> str:
    """Return a path of the recipe as shards are named: relative to `root`, posix."""
    return _name(path, root)


def _paths(path: str | list[str]) -> list[str]:
    return [path] if isinstance(path, str) else path


def _is_literal(path: str, root: Path) -> bool:
    return not glob.has_magic(path) or _is_file(path, root)


def _is_file(name: str, root: Path) -> bool:
    return os.path.isfile(os.path.join(root, name))  # noqa: PTH113,PTH118  a path object a name takes longer than stat


def _matching(path: str, root: Path) -> Iterator[str]:
    """Yield the names, relative to `root`, of the files that a pattern matches."""
    for name in glob.iglob(path, root_dir=root, recursive=True):  # noqa: PTH207  unlike Path.glob it skips hidden files
        if not _is_ours(name) and _is_file(name, root):
            yield _name(name, root)


def _name(path: str, root: Path) -> str:
    name = os.path.normpath(path)
    if name.startswith(os.pardir) or os.path.isabs(name):  # noqa: PTH117  text
        name = os.path.relpath(root / path, root)  # may lead back into the folder
    return name.replace(os.sep, "/")


def _is_ours(name: str) -> bool:
    return _OURS in name and any(part.startswith(_OURS) for part in Path(name).parts)


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
