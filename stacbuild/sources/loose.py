"""STAC documents wherever they lie: files of any form, all .json below a folder, standard input. For filters.

A file is an object, an array, a FeatureCollection, a list of Collections, or NDJSON; .gz and .zst too. What is in a
text is told by who decodes it. Never keeps more than a document of NDJSON; other forms are read whole.
"""

from __future__ import annotations

import gzip
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final

import msgspec
from msgspec import Struct

from stacbuild.sources import json_document, text
from stacbuild.sources.base import SourceUnreadable

STDIN: Final = "-"
LINES: Final = {".ndjson", ".jsonl", ".geojsonl"}
_OURS: Final = ".stacbuild"
_BLOCK: Final = 1 << 20
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


class Place(Struct, frozen=True):
    """A file as it was named, or as it was found below a folder that was."""

    name: str
    file: Path | None
    """None: standard input."""
    named: bool = True


def places(names: list[str], base: Path) -> Iterator[Place]:
    """Yield the files that names stand for, those of folders by name; what is not there too."""
    for name in names:
        if name == STDIN:
            yield Place("-", None)
        elif (base / name).is_dir():
            yield from _below(name, base)
        else:
            yield Place(name, base / name)


def _below(name: str, base: Path) -> Iterator[Place]:
    for here, folders, files in os.walk(base / name):
        folders[:] = sorted(folder for folder in folders if not folder.startswith("."))
        for file in sorted(files):
            if file.endswith(".json") and not file.startswith(_OURS):
                found = Path(here, file)
                yield Place(f"{name.rstrip('/')}/{found.relative_to(base / name).as_posix()}", found, named=False)


def texts(place: Place, *, lines: bool = False) -> Iterator[tuple[int, bytes]]:
    """Yield (line or number from 1, text) of each document of a file; the number is 0 if it is the only one.

    Args:
        place: where it lies.
        lines: it is NDJSON, whatever its name says.

    Raises:
        SourceUnreadable: at once, or after some documents.
    """
    try:
        if lines or (place.file is not None and text.inner_suffix(place.file) in LINES):
            yield from json_document.lines(text.lines(blocks(place, "utf-8")))
        elif place.file is None:
            yield from _of_lines(text.lines(blocks(place, "utf-8")))
        else:
            yield from _of_whole(json_document.whole(text.blocks(place.file, "utf-8")))
    except SourceUnreadable as error:
        hint = "is it NDJSON? then name it .ndjson" if error.code == "SB417" else error.hint
        raise SourceUnreadable(error.code, error.message, hint) from error


def _of_whole(document: json_document.Document) -> Iterator[tuple[int, bytes]]:
    collections = _collections(document)
    if collections is not None:
        yield from enumerate(collections, 1)
        return
    found = list(json_document.records(document))
    if len(found) == 1 and found[0][1] == document:
        yield 0, bytes(document)
    else:
        yield from found


class _Listing(Struct):
    collections: list[msgspec.Raw]
    type: Any = None


def _collections(document: json_document.Document) -> list[bytes] | None:
    """Return the Collections of a list of them, as an API answers with; None: it is something else."""
    if b'"collections"' not in document:
        return None
    try:
        listing = msgspec.json.decode(document, type=_Listing)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return None if listing.type is not None else [bytes(one) for one in listing.collections]


# ---- standard input --------------------------------------------------------------------------------------------------


def blocks(place: Place, encoding: str) -> Iterator[bytes]:
    """Yield a file or standard input as UTF-8, in pieces; decompressed by name, standard input by how it begins.

    Raises:
        SourceUnreadable: at once, or after some pieces.
    """
    if place.file is not None:
        yield from text.blocks(place.file, encoding)
        return
    try:
        yield from text.of_stream(stdin(), encoding)
    except (OSError, EOFError) as error:
        raise SourceUnreadable("SB413", f"standard input is damaged: {error}", "was it cut off?") from error


def stdin() -> IO[bytes]:
    """Return standard input, decompressed."""
    import sys  # noqa: PLC0415  here only

    return _opened(io.BufferedReader(sys.stdin.buffer, _BLOCK))  # type: ignore[arg-type]


def _opened(stream: io.BufferedReader) -> IO[bytes]:
    head = stream.peek(4)[:4]
    if head.startswith(_GZIP):
        return io.BufferedReader(gzip.GzipFile(fileobj=stream))
    if head == _ZSTD:
        import zstandard  # noqa: PLC0415  only where it is compressed

        return io.BufferedReader(zstandard.ZstdDecompressor().stream_reader(stream, read_across_frames=True))
    return stream


def _of_lines(lines: Iterator[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield the documents of standard input: NDJSON if its first line is a whole document."""
    before: list[bytes] = []
    for line in lines:
        before.append(line)
        if not line.isspace():
            break
    rest = json_document.lines([*before]) if before and _is_whole(before[-1]) else None
    if rest is None:
        yield from _of_whole(json_document.whole([*before, *lines]))
        return
    first = next(rest)
    following = next((line for line in lines if not line.isspace()), None)
    if following is None:
        yield from _of_whole(first[1].strip())
        return
    yield first
    yield from ((number, line) for number, line in enumerate([following], first[0] + 1))
    yield from ((number, line) for number, line in enumerate(lines, first[0] + 2) if not line.isspace())


def _is_whole(line: bytes) -> bool:
    try:
        msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True
