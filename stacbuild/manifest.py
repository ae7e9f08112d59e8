"""An output's manifest: path, size and SHA-256 of every file, beside the output, so that lost memory can be restored.

    <base>/.stacbuild-manifest/<output>/00, 01, …     NDJSON sorted by path, a part about 10,000 files

A pure function of the output's files: no times, no history. Which part a file is in follows from the hash of its path.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import xxhash

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

    def names(self) -> list[str]:
        """Return the file names of all parts."""
        return [self.name(part) for part in range(self.number)]

    def name(self, part: int) -> str:
        """Return the file name of a part."""
        return f"{part:02d}"


_row_of: Final = msgspec.json.Decoder(Row).decode


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


def write(base: Path, output: str, held: list[str], row: Callable[[int], Row]) -> list[bytes]:
    """Write the manifest of what is held: paths in order; `row` gives what is said of each. No rows, no manifest.

    Returns what its parts are known by.
    """
    if not held:
        remove(base, output)
        return []
    where, marks = folder(base, output), []
    for name, blob in contents(held, row):
        _put(where / name, blob)
        marks.append(_mark(blob))
    for name in _present(where) - set(parts(len(held)).names()):
        (where / name).unlink(missing_ok=True)
    return marks


def edit(
    base: Path, output: str, marks: Sequence[bytes], told: Mapping[str, Row | None], count: int
) -> list[bytes] | None:
    """Write anew the parts that say something of files that moved, and return what all parts are known by.

    Args:
        base: the output's.
        output: its name.
        marks: what its parts were known by when they were written.
        told: what is to be said of files that moved; None: nothing any more.
        count: how many files the output has now.

    Returns None, and writes nothing, where the parts are not as they were, or are to be cut otherwise.
    """
    cut, where, result = parts(count), folder(base, output), list(marks)
    if not count or len(marks) != cut.number or _present(where) != set(cut.names()):
        return None
    moved: dict[int, dict[str, Row | None]] = {}
    for path, row in told.items():
        moved.setdefault(cut.of(path), {})[path] = row
    new: dict[int, bytes] = {}
    for part, rows in moved.items():
        blob = (where / cut.name(part)).read_bytes()
        if _mark(blob) != marks[part]:
            return None
        new[part] = _edited(blob, rows)
    for part, blob in sorted(new.items()):
        _put(where / cut.name(part), blob)
        result[part] = _mark(blob)
    return result


def _edited(blob: bytes, told: dict[str, Row | None]) -> bytes:
    """Return a part with other lines for some files; of the lines that stay hardly any is decoded."""
    lines = blob.splitlines(keepends=True)
    for path, row in told.items():
        at = bisect_left(lines, path, key=_path_of)
        stands = at < len(lines) and _path_of(lines[at]) == path
        lines[at : at + stands] = [] if row is None else [_line(row)]
    return b"".join(lines)


def _path_of(line: bytes) -> str:
    return _row_of(line).path


def _line(row: Row) -> bytes:
    return msgspec.json.encode(row) + b"\n"


def _mark(blob: bytes) -> bytes:
    return xxhash.xxh3_128_digest(blob)


def _put(path: Path, blob: bytes) -> None:
    files.put(files.write_beside(str(path), [blob]), str(path))


def _present(where: Path) -> set[str]:
    return {path.name for path in where.iterdir()} if where.is_dir() else set()


def contents(held: list[str], row: Callable[[int], Row]) -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of each part of a manifest."""
    cut = parts(len(held))
    members: list[list[int]] = [[] for _ in range(cut.number if held else 0)]
    for number, path in enumerate(held):
        members[cut.of(path)].append(number)
    for part, some in enumerate(members):
        yield cut.name(part), b"".join(_line(row(number)) for number in some)


def wrong(base: Path, output: str, held: list[str], row: Callable[[int], Row]) -> Iterator[tuple[str, bool]]:
    """Yield the name of each part that does not say what it shall, and whether anything stands there."""
    where = folder(base, output)
    shall = dict(contents(held, row))
    present = _present(where)
    for part in sorted({*shall, *present}):
        if part not in present:
            yield part, False
        elif part not in shall or not (where / part).is_file() or (where / part).read_bytes() != shall[part]:
            yield part, True


def read(base: Path, output: str) -> list[Row]:
    """Return the rows of the manifest of `output`; none where there is no manifest. Damaged lines are passed over."""
    where = folder(base, output)
    rows: list[Row] = []
    with contextlib.suppress(OSError):
        for path in sorted(where.iterdir()):
            for line in path.read_bytes().splitlines():
                with contextlib.suppress(msgspec.DecodeError):
                    rows.append(msgspec.json.decode(line, type=Row))
    return [row for row in rows if _is_row(row)]


def _is_row(row: Row) -> bool:
    """Tell whether a line is one that a build writes: it names no file outside, and has a digest."""
    inside = not row.path.startswith("/") and ".." not in row.path.split("/")
    return inside and _DIGEST.fullmatch(row.sha256) is not None


_DIGEST: Final = re.compile("[0-9a-f]{64}")


def remove(base: Path, output: str) -> None:
    """Remove the manifest of `output`, and its folder where it was the last."""
    where = folder(base, output)
    with contextlib.suppress(OSError):
        for path in where.iterdir():
            path.unlink()
    for empty in (where, where.parent):
        with contextlib.suppress(OSError):
            empty.rmdir()
