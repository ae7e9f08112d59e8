"""Takes files of outputs away: what no output holds any more, and what killed builds left. Documents go first.

Nothing is taken away through a symbolic link unless it is as we wrote it, and no folder that holds anything else.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from stacbuild import files, manifest
from stacbuild.sheets import Ledger

Kept = frozenset[str]
"""Full paths of files that outputs hold."""


def take_away(base: Path, name: str, rows: Ledger, kept: Kept) -> int:
    """Remove every file of an output that the recipe has no more, and its manifest; return how many there were."""
    removed = remove_files(base, rows.paths(), kept)
    manifest.remove(base, name)
    files.remove_empty([base], base)
    return removed


def clear_up(left: dict[str, set[str]], kept: Kept) -> None:
    """Remove what a build that was killed left behind: unfinished files, and files that no output holds now.

    Args:
        left: base folder → paths below it that the build was about to touch.
        kept: every file that an output holds.
    """
    for base, paths in left.items():
        folders = {os.path.dirname(f"{base}/{path}") for path in paths}  # noqa: PTH120
        files.sweep_attempts(folders)
        remove_files(Path(base), [path for path in paths if os.path.lexists(f"{base}/{path}")], kept)
        files.remove_empty([Path(folder) for folder in folders], Path(base))


def remove_files(base: Path, paths: Iterable[str], kept: Kept, untouched: Kept = frozenset()) -> int:
    """Remove files below `base` that are not in `kept`, and the folders that they leave empty; return how many.

    Through a link, as where an output's folder is one, only those `untouched` since we wrote them go.
    """
    removed, folders = 0, []
    for path in sorted(paths, key=_removal_order):
        full = os.path.normpath(base / path)
        if full not in kept and (path in untouched or not through_link(base, path)):
            removed += files.remove(full)
            folders.append((base / path).parent)
    files.remove_empty(folders, base)
    return removed


def _removal_order(path: str) -> tuple[int, str]:
    """Return what puts documents before the files that they link to."""
    name = path.rsplit("/", 1)[-1]
    rank = {"catalog.json": 0, "collections.json": 0, "README.md": 0, "collection.json": 1}.get(name, 2)
    return (rank, path)


def through_link(base: Path, path: str) -> bool:
    """Tell whether a folder between `base` and the file is a symbolic link."""
    here = base
    for part in path.split("/")[:-1]:
        here = here / part
        if here.is_symlink():
            return True
    return False
