"""The forms that items are written in, told by a name's suffix: NDJSON, a FeatureCollection, one Item, a folder.

A file is written beside and renamed, so that half of it is never seen; one that is there is not overwritten unasked.
Lines are taken one at a time: none of the forms holds them.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, Final, Literal, NamedTuple

import xxhash

from stacbuild import files
from stacbuild.failures import ItemError, Problem, UsageError
from stacbuild.filters.rows import Refuse, named, pieces
from stacbuild.outputs import document, names
from stacbuild.sources import loose
from stacbuild.sources.base import PARQUET
from stacbuild.sources.text import inner_suffix

Form = Literal["ndjson", "json", "geojson", "parquet", "folder"]
STDOUT: Final = "-"
_BY_SUFFIX: Final[dict[str, Form]] = {
    **dict.fromkeys(loose.LINES, "ndjson"),
    ".json": "json",
    ".geojson": "geojson",
    **dict.fromkeys(PARQUET, "parquet"),
}
_COMPRESSED: Final = (".gz", ".zst")
_HEAD: Final = b'{"type":"FeatureCollection","features":['
_TAIL: Final = b"\n]}\n"


class Target(NamedTuple):
    """Where items are written, and how; `path` None: standard output."""

    path: Path | None
    form: Form
    force: bool = False


def target_of(name: str, form: Form | None, base: Path, *, force: bool) -> Target:
    """Return the target that a user names.

    Args:
        name: a path, relative to `base`, or `-`.
        form: what the user says that it is; None: as the name says.
        base: the folder that relative names start from.
        force: what is there may be overwritten.

    Raises:
        UsageError: SB550, something is there already; SB551, its form cannot be told.
    """
    if name == STDOUT:
        if form in ("folder", "parquet"):
            raise UsageError(Problem("SB551", f"a {form} cannot be written to standard output", hint="name a path"))
        return Target(None, form or "ndjson")
    path = base / name
    found = form or _told(name, path)
    if found in ("parquet", "folder") and path.suffix.lower() in _COMPRESSED:
        text = f"{name}: a {found} is not compressed as a whole"
        raise UsageError(Problem("SB551", text, hint=f"leave {path.suffix} out of its name"))
    if not force and _is_taken(path, found):
        hint = "name another, or overwrite with --force"
        raise UsageError(Problem("SB550", f"{name} is there already", hint=hint))
    return Target(path, found, force)


def _told(name: str, path: Path) -> Form:
    if name.endswith("/") or path.is_dir():
        return "folder"
    form = _BY_SUFFIX.get(inner_suffix(path))
    if form is None:
        hint = "known are .ndjson, .json, .geojson (also .gz, .zst), .parquet, and a folder, with / at its end; or --to"
        raise UsageError(Problem("SB551", f"the form of {name} cannot be told from its name", hint=hint))
    return form


def _is_taken(path: Path, form: Form) -> bool:
    """Tell whether something is there that would be lost; a device or a pipe is written to."""
    if form == "folder" and path.is_dir():
        return any(path.iterdir())
    return os.path.lexists(path) and not _is_special(path)


def _is_special(path: Path) -> bool:
    return path.exists() and not path.is_file() and not path.is_dir()


# ---- writing ---------------------------------------------------------------------------------------------------------


def deliver(target: Target, lines: Iterator[bytes], stdout: IO[bytes] | None, refuse: Refuse) -> None:
    """Write items.

    Args:
        target: where and how.
        lines: each item as one line.
        stdout: standard output, if that is where.
        refuse: is told which items cannot be written.

    Raises:
        SurroundingsError: the disk refuses.
    """
    if target.path is None:
        assert stdout is not None
        for piece in _PIECES[target.form](lines):
            stdout.write(piece)
    elif target.form == "folder":
        _folder(target, lines, refuse)
    else:
        _file(target.path, _bytes(target, lines, refuse))


def _bytes(target: Target, lines: Iterator[bytes], refuse: Refuse) -> Iterator[bytes]:
    assert target.path is not None
    if target.form == "parquet":
        return pieces(lines, target.path, refuse)
    return _compressed(_PIECES[target.form](lines), target.path.suffix.lower())


def _file(path: Path, content: Iterator[bytes]) -> None:
    if _is_special(path):
        with path.open("wb") as stream:
            stream.writelines(content)
    else:
        files.put(files.write_beside(os.path.abspath(path), content), str(path))  # noqa: PTH100  a link stays one


def _ndjson(lines: Iterator[bytes]) -> Iterator[bytes]:
    return (line + b"\n" for line in lines)


def _geojson(lines: Iterator[bytes]) -> Iterator[bytes]:
    yield _HEAD
    between = b"\n"
    for line in lines:
        yield between + line
        between = b",\n"
    yield _TAIL


def _json(lines: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the Item if there is one only, else a FeatureCollection."""
    first, second = next(lines, None), next(lines, None)
    if first is not None and second is None:
        yield document.pretty(first, 2)
        return
    head = [line for line in (first, second) if line is not None]
    yield from _geojson(line for some in (head, lines) for line in some)


_PIECES: Final[dict[Form, Callable[[Iterator[bytes]], Iterator[bytes]]]] = {
    "ndjson": _ndjson,
    "json": _json,
    "geojson": _geojson,
}


def _compressed(pieces: Iterator[bytes], suffix: str) -> Iterator[bytes]:
    """Yield pieces compressed as a suffix says; the same pieces give the same bytes."""
    if suffix == ".gz":
        import zlib  # noqa: PLC0415  only where it is asked for

        deflate: Any = zlib.compressobj(6, zlib.DEFLATED, 16 + zlib.MAX_WBITS)  # a header without name and time
    elif suffix == ".zst":
        import zstandard  # noqa: PLC0415

        deflate = zstandard.ZstdCompressor().compressobj()
    else:
        yield from pieces
        return
    for piece in pieces:
        yield deflate.compress(piece)
    yield deflate.flush()


# ---- a folder --------------------------------------------------------------------------------------------------------


def _folder(target: Target, lines: Iterator[bytes], refuse: Refuse) -> None:
    """Write a file an item: `<collection>/<id>.json`, or `<id>.json` where it has none."""
    assert target.path is not None
    place = Path(os.path.abspath(target.path))  # noqa: PTH100  a link stays one
    made = place.parent / f"{files.ATTEMPT}{os.getpid()}-{xxhash.xxh3_64_hexdigest(str(place).encode())}"
    try:
        for line, way in _ways(lines, refuse):
            files.put(files.write_beside(f"{made}/{way}", [document.pretty(line, 2)]), f"{made}/{way}")
        _move(made, place)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _ways(lines: Iterator[bytes], refuse: Refuse) -> Iterator[tuple[bytes, str]]:
    taken: set[int] = set()
    for line in lines:
        said = named(line)
        folder = names.names([said.folder])[said.folder] + "/" if said.folder else ""
        way = f"{folder}{names.names([said.id])[said.id]}.json"
        mark = xxhash.xxh3_64_intdigest(names.fold(way).encode())
        if mark in taken:
            text = f"an item before it has the file {way}, or one that differs in case only"
            refuse(said.told(), ItemError("SB552", text, "/id", "write another form, or give them other ids"))
        else:
            taken.add(mark)
            yield line, way


def _move(made: Path, place: Path) -> None:
    """Bring a folder to its place; where one is, its files are replaced and others stay."""
    made.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(OSError):
        made.rename(place)  # nothing is there, or an empty folder
        return
    for here, _, found in os.walk(made):
        for name in sorted(found):
            new = place / Path(here).relative_to(made) / name
            new.parent.mkdir(parents=True, exist_ok=True)
            Path(here, name).replace(new)
