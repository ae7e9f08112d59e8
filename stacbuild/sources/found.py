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
    named: set[str] = set()
    names: set[str] = set()
    for one in _paths(path):
        found = _expand(one, root)
        names.update(found)
        named.update(found if _is_literal(one, root) else ())
    return [Shard(name, root / name, name in named) for name in _each_once(sorted(names), root)]


def missing_paths(path: str | list[str], root: Path) -> list[str]:
    """Return the paths, as they are written, that are no file or match none."""
    return [one for one in _paths(path) if not any((root / name).is_file() for name in _expand(one, root))]


def _paths(path: str | list[str]) -> list[str]:
    return [path] if isinstance(path, str) else path


def _is_literal(path: str, root: Path) -> bool:
    return not glob.has_magic(path) or (root / path).is_file()


def _expand(path: str, root: Path) -> list[str]:
    """Return the names, relative to `root`, that `path` stands for."""
    if _is_literal(path, root):
        return [_name(path, root)]
    found = glob.glob(path, root_dir=root, recursive=True)  # noqa: PTH207  unlike Path.glob it skips hidden files
    return [_name(name, root) for name in found if not _is_ours(name) and (root / name).is_file()]


def _name(path: str, root: Path) -> str:
    return Path(os.path.relpath(root / path, root)).as_posix()


def _is_ours(name: str) -> bool:
    return any(part.startswith(_OURS) for part in Path(name).parts)


def _each_once(names: list[str], root: Path) -> Iterator[str]:
    """Yield the names but those that reach a file of an earlier name through a linked folder."""
    real: dict[Path, Path] = {}
    seen: set[Path] = set()
    for name in names:
        file = root / name
        if file.parent not in real:
            real[file.parent] = file.parent.resolve()
        if (place := real[file.parent] / file.name) not in seen:
            seen.add(place)
            yield name
