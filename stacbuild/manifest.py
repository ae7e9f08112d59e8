"""An output's manifest: path, size and SHA-256 of every file, beside the output, so that lost memory can be restored.

    <base>/.stacbuild-manifest/<output>/00, 01, …     NDJSON sorted by path, a part about 10,000 files

A pure function of the output's files: no times, no history. Which part a file is in follows from the hash of its path.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from stacbuild import files

FOLDER: Final = ".stacbuild-manifest"
FILES_A_PART: Final = 10_000


class Row(msgspec.Struct, frozen=True):
    """A file: path relative to the output's base, bytes, SHA-256 in hex."""

    path: str
    size: int
    sha256: str


class Parts(NamedTuple):
    """How a manifest is cut: into `number` parts."""

    number: int

    def of(self, path: str) -> int:
        """Return the part that the file `path` is in."""
        return int.from_bytes(hashlib.sha256(path.encode()).digest()[:4], "big") % self.number

    def name(self, part: int) -> str:
        """Return the file name of a part."""
        return f"{part:02d}"


def parts(file_count: int) -> Parts:
    """Return how many parts so many files take."""
    return Parts(max(1, -(-file_count // FILES_A_PART)))


def paths(output: str, file_count: int) -> list[str]:
    """Return where the parts of the manifest of `output` are, relative to its base, when it has so many files."""
    cut = parts(file_count)
    return [f"{FOLDER}/{output}/{cut.name(part)}" for part in range(cut.number)]


def folder(base: Path, output: str) -> Path:
    """Return where the manifest of `output` is."""
    return base / FOLDER / output


def write(base: Path, output: str, count: int, row: Callable[[int], Row], touched: set[str] | None) -> None:
    """Bring the manifest to `count` rows, sorted by path; `row` gives each.

    Only parts with a path in `touched` are written (None: all). No rows, no manifest.
    """
    if not count:
        remove(base, output)
        return
    cut = parts(count)
    where = folder(base, output)
    present = {path.name for path in where.iterdir()} if where.is_dir() else set()
    names = {cut.name(number) for number in range(cut.number)}
    numbers = range(cut.number) if touched is None or present != names else sorted({cut.of(path) for path in touched})
    members: dict[int, list[int]] = {part: [] for part in numbers}
    for number in range(count):
        members.get(cut.of(row(number).path), []).append(number)
    for part, some in members.items():
        path = str(where / cut.name(part))
        files.put(files.write_beside(path, (msgspec.json.encode(row(number)) + b"\n" for number in some)), path)
    for name in present - names:
        (where / name).unlink(missing_ok=True)


def read(base: Path, output: str) -> list[Row]:
    """Return the rows of the manifest of `output`; none where there is no manifest. Damaged lines are passed over."""
    where = folder(base, output)
    rows: list[Row] = []
    with contextlib.suppress(OSError):
        for path in sorted(where.iterdir()):
            for line in path.read_bytes().splitlines():
                with contextlib.suppress(msgspec.DecodeError):
                    rows.append(msgspec.json.decode(line, type=Row))
    return [row for row in rows if not row.path.startswith("/") and ".." not in row.path.split("/")]


def remove(base: Path, output: str) -> None:
    """Remove the manifest of `output`, and its folder where it was the last."""
    where = folder(base, output)
    with contextlib.suppress(OSError):
        for path in where.iterdir():
            path.unlink()
    for empty in (where, where.parent):
        with contextlib.suppress(OSError):
            empty.rmdir()
