"""The ready recipes that come with stacbuild: their names, what they are of, and copies of them. Never overwrites."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath
from typing import Final

RECIPE: Final = "stacbuild.toml"


def names() -> dict[str, str]:
    """Return the ready recipes by name, each with the first line of its README."""
    folders = (each for each in _folder().iterdir() if each.is_dir() and (each / RECIPE).is_file())
    return {folder.name: _title(folder) for folder in sorted(folders, key=lambda folder: folder.name)}


def contents(name: str) -> dict[str, bytes]:
    """Return path → bytes of every file of a ready recipe."""
    return dict(sorted(_files(_folder() / name, PurePosixPath()).items()))


def _folder() -> Traversable:
    return files("stacbuild") / "ready"


def _title(folder: Traversable) -> str:
    try:
        text = (folder / "README.md").read_text("utf-8")
    except OSError:
        return ""
    return text.partition("\n")[0].lstrip("# ").strip()


def _files(folder: Traversable, above: PurePosixPath) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for each in folder.iterdir():
        path = above / each.name
        if each.name.startswith((".", "__")) or each.name == "dist":
            continue
        if each.is_dir():
            found |= _files(each, path)
        else:
            found[path.as_posix()] = each.read_bytes()
    return found
