"""The files that `path` of a source stands for, each with its stamp, folder by folder: small ones in blocks.

They are those of `found.shards`; here a folder is read once, and a file costs no more than its stat. Never looks into
a file.
"""

from __future__ import annotations

import contextlib
import errno
import fnmatch
import glob
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path, PurePath
from typing import Final

import xxhash
from msgspec import Struct

from stacbuild.blocks import LARGE, UNSURE, Block, block_of
from stacbuild.delivered import STAMP
from stacbuild.sources import found
from stacbuild.sources.base import PARQUET, Shard

_MANY: Final = 64
"""A folder with as many files is a block of its own."""

_FILES_A_BLOCK: Final = 256
_AT_MOST: Final = 1024

_NOT_THERE: Final = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
"""What the system says where there is none; anything else may be otherwise the next time."""

_pack = STAMP.pack


class _Folder(Struct):
    """What is wanted of a folder: files that the recipe names, and those that a pattern's last part matches."""

    named: set[str]
    patterns: set[str]


class _Files(Struct):
    """What was found in a folder: small files with their stamps, by name, and the names of others."""

    small: list[tuple[str, bytes]]
    alone: list[str]


KnownIn = Callable[[str], list[str]]
"""Gives the small files that stood in a folder when it was last read."""


def scan(path: str | list[str], root: Path, known: KnownIn = lambda _: []) -> Iterator[Shard | Block]:
    """Yield the files of `path`: those that are named, or not small, as they are, the others in blocks.

    Of a folder that cannot be read nobody knows that files are gone: those that are `known` are to be read.
    """
    pending, seen = _Pending(), dict[tuple[int, int], list[str]]()
    wanted = _folders(path, root)
    for name in sorted(wanted):
        folder, at = wanted[name], f"{root}/{name}"
        files = _files(at, name, folder, known)
        if (place := _place(at)) is not None:
            for earlier in seen.setdefault(place, []):
                _leave_out(files, folder, name, _found(f"{root}/{earlier}", earlier, wanted[earlier]))
            seen[place].append(name)
        yield from (found.shard(name + file, root, named=True) for file in sorted(folder.named))
        yield from (found.shard(name + file, root, named=False) for file in sorted(files.alone))
        yield from pending.add(name, files.small)
    yield from pending.end()


def missing_paths(path: str | list[str], root: Path) -> list[str]:
    """Return the paths, as they are written, that are no file or match none; no folder is read further than needed."""
    paths = [path] if isinstance(path, str) else path
    return [one for one in paths if not (found.is_file(one, root) or _matches_any(one, root))]


def _matches_any(pattern: str, root: Path) -> bool:
    above, last = _split(pattern)
    matches = _matcher({last})
    for folder in _matching(above, root):
        with contextlib.suppress(OSError), os.scandir(f"{root}/{folder}") as entries:
            if any(matches(entry.name) and _is_a_file(entry) for entry in entries):
                return True
    return False


class _Pending:
    """Files of folders that have few, until they are a block."""

    def __init__(self) -> None:
        self._name, self._names, self._stamps = "", list[str](), list[bytes]()

    def add(self, folder: str, files: list[tuple[str, bytes]]) -> Iterator[Block]:
        """Take the files of a folder and yield the blocks that are whole with it."""
        if not files:
            return
        many = len(files) >= _MANY
        if many:
            yield from self.end()
        self._name = self._name or folder or "./"
        self._names += [name for name, _ in files]
        self._stamps += [stamp for _, stamp in files]
        if many or len(self._names) >= _AT_MOST or _ends(folder, len(files)):
            yield from self.end()

    def end(self) -> Iterator[Block]:
        """Yield the block of what is left."""
        if self._names:
            yield block_of(self._name, self._names, self._stamps)
        self._name, self._names, self._stamps = "", [], []


def _ends(folder: str, files: int) -> bool:
    """Tell whether a block ends with a folder: by its name, so that one folder more moves one block or two."""
    return xxhash.xxh3_64_intdigest(folder.encode(errors="surrogateescape")) % _FILES_A_BLOCK < files


# --- which folders


def _folders(path: str | list[str], root: Path) -> dict[str, _Folder]:
    """Return the folders to be read, each with what is wanted of it."""
    wanted: dict[str, _Folder] = {}
    for one in [path] if isinstance(path, str) else path:
        if found.is_literal(one, root):
            folder, _, file = found.name_of(one, root).rpartition("/")
            wanted.setdefault(_slashed(folder), _Folder(set(), set())).named.add(file)
        else:
            above, last = _split(one)
            for name in _matching(above, root):
                wanted.setdefault(name, _Folder(set(), set())).patterns.add(last)
    return wanted


def _split(pattern: str) -> tuple[str, str]:
    """Return what a pattern says of folders and what of files; `**` at its end is all files below."""
    above, last = os.path.split(pattern)
    return (pattern, "*") if last == "**" else (above, last)


def _matching(above: str, root: Path) -> Iterator[str]:
    """Yield the folders that the part of a pattern for folders matches, as shards name them."""
    if not glob.has_magic(above):
        folders = iter([above])
    elif set(PurePath(above).parts) == {"**"}:  # glob leaves out the folder that it starts from
        folders = iter(["", *glob.iglob(f"{above}/", root_dir=root, recursive=True)])  # noqa: PTH207  skips hidden ones
    else:
        folders = glob.iglob(f"{above}/", root_dir=root, recursive=True)  # noqa: PTH207  skips hidden ones
    for folder in folders:
        if not found.is_ours(folder):
            yield _slashed(found.name_of(folder, root) if folder else "")


def _slashed(folder: str) -> str:
    return "" if folder in ("", ".") else f"{folder}/"


# --- the files of a folder


def _files(at: str, folder: str, wanted: _Folder, known: KnownIn = lambda _: []) -> _Files:
    """Return the files of a folder that patterns match and that are not named."""
    files = _Files([], [])
    if not wanted.patterns:
        return files
    try:
        with os.scandir(at) as entries:
            _look(entries, folder, wanted, files)
    except OSError as error:
        names = [] if error.errno in _NOT_THERE else known(folder)
        return _Files([(name, UNSURE) for name in sorted(names)], [])
    files.small.sort()
    return files


def _look(entries: Iterator[os.DirEntry[str]], folder: str, wanted: _Folder, files: _Files) -> None:
    matches, named, small = _matcher(wanted.patterns), wanted.named, files.small
    for entry in entries:
        name = entry.name
        if not matches(name) or name in named:
            continue
        try:
            if not entry.is_file():
                continue
            stat = entry.stat()
        except OSError as error:
            if error.errno not in _NOT_THERE:  # of a folder whose files may not be looked at
                small.append((folder + name, UNSURE))
            continue
        if stat.st_size > LARGE or _has_pieces(name) or not found.is_text(folder + name):
            files.alone.append(name)
        else:
            small.append((folder + name, _pack(stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino)))


def _is_a_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:  # a link that leads in a circle
        return False


def _matcher(patterns: set[str]) -> Callable[[str], object]:
    """Return what tells whether one of some patterns matches a name; those of hidden files begin with a dot."""
    texts = (("" if one.startswith(".") else r"(?!\.)") + fnmatch.translate(one) for one in sorted(patterns))
    return re.compile(rf"(?!{re.escape(found.OURS)})(?:{'|'.join(texts)})").match


def _has_pieces(name: str) -> bool:
    """Tell whether a file has pieces that are read alone."""
    return not name.endswith(".json") and _PIECES.search(name) is not None


_PIECES: Final = re.compile(rf"(?:{'|'.join(map(re.escape, PARQUET))})(?:\.gz|\.zst)?\Z", re.IGNORECASE)


# --- folders that are reached twice


def _place(at: str) -> tuple[int, int] | None:
    try:
        stat = os.stat(at)  # noqa: PTH116  there may be very many
    except OSError:
        return None
    return stat.st_dev, stat.st_ino


def _found(at: str, name: str, folder: _Folder) -> set[str]:
    """Return the names of the files that are found in a folder."""
    files = _files(at, name, folder)
    return folder.named | set(files.alone) | {small[len(name) :] for small, _ in files.small}


def _leave_out(files: _Files, folder: _Folder, name: str, taken: set[str]) -> None:
    """Leave out the files that were found already through another name of their folder."""
    folder.named -= taken
    files.alone = [file for file in files.alone if file not in taken]
    files.small = [small for small in files.small if small[0][len(name) :] not in taken]
