"""Writes the files that hold items of a sample again, to nowhere, and compares with what was delivered and is there.

What a file is to be is asked of its output, as in a build; outputs that are not up to date are left out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from stacbuild import files
from stacbuild.delivered import Delivered
from stacbuild.differences import Difference, differences
from stacbuild.outputs.base import Item, Output, Wanted
from stacbuild.report import SamplePart, Wrong
from stacbuild.store import MissingChunksError
from stacbuild.view import Catalog
from stacbuild.workshop import Workshop

SHOWN_AT_MOST: Final = 32 << 20
"""Bytes of a file of which it is told where it differs."""

_TOLD_AT_MOST: Final = 50

Ids = dict[str, set[str]]


class _Again(Catalog):
    """The catalog as it was built, but for the items that were made again: those are read from here."""

    lines: dict[bytes, bytes]

    def read(self, item: Item) -> bytes:
        """Return an item's line."""
        return self.lines.get(item.digest) or super().read(item)


def compare_files(shop: Workshop, lines: dict[bytes, bytes], ids: Ids, part: SamplePart) -> None:
    """Note each file with one of `ids` (collection → ids) in it that does not come out as it was delivered."""
    if not any(ids.values()):
        return
    head = shop.memory.head
    places = (shop.recipe.root, shop.folder)
    view = _Again(shop.document, *places, head.groups, shop.memory, shop.store, shop.upstream, shop.times)
    view.lines = lines
    for output in shop.outputs:
        rows = _rows(shop, output)
        if rows is None:
            part.skipped[f"output '{output.name}', which is not up to date"] = 1
        else:
            part.wrong += _compare(shop, output, view, rows, ids, part)


def _rows(shop: Workshop, output: Output) -> Delivered | None:
    before = shop.memory.head.outputs.get(output.name)
    if before is None or before.pending or before.path != shop.place(output) or before.settings != output.settings:
        return None
    if before.root != shop.output_root(output, shop.memory.head.groups):
        return None
    return shop.memory.delivered(output.name)


def _compare(
    shop: Workshop, output: Output, view: Catalog, rows: Delivered, ids: Ids, part: SamplePart
) -> Iterator[Wrong]:
    numbers = {path: number for number, path in enumerate(rows.paths)}
    for wanted in output.files(view):
        number = numbers.get(wanted.path)
        if number is None or not _concerned(wanted, output, view, ids):
            continue
        part.files += 1
        wrong = _file(shop, output, view, wanted, rows.digest(number))
        if wrong is not None:
            yield wrong


def _concerned(wanted: Wanted, output: Output, view: Catalog, ids: Ids) -> bool:
    """Tell whether a file holds an item of the sample, or is a document above one."""
    if wanted.item is not None:
        return wanted.item.id in ids.get(wanted.collection, ())
    names = [wanted.collection] if wanted.collection else output.takes(view.names())
    return any(ids.get(name) for name in names)


def _file(shop: Workshop, output: Output, view: Catalog, wanted: Wanted, promised: bytes) -> Wrong | None:
    path = output.base / wanted.path
    shown = path.relative_to(shop.recipe.root).as_posix() if path.is_relative_to(shop.recipe.root) else str(path)
    target, hasher = f"output:{output.name}", hashlib.sha256()
    held, size = [], 0
    try:
        for piece in output.content(view, wanted):
            hasher.update(piece)
            size += len(piece)
            held.append(piece if size <= SHOWN_AT_MOST else b"")
    except MissingChunksError:
        return Wrong(target, "unknown", shown, "it holds other items too, which the store has lost")
    if hasher.digest() == promised == files.digest_of(str(path)):
        return None
    if hasher.digest() == promised:
        return Wrong(target, "edited", shown, "it holds other bytes than were written")
    told = _differences(path, b"".join(held)) if size <= SHOWN_AT_MOST else []
    return Wrong(target, "differs", shown, "written again, it holds other bytes", told)


def _differences(path: Path, after: bytes) -> list[Any]:
    """Return where a JSON document differs; of lines of them where the first one does that differs."""
    try:
        before = path.read_bytes() if path.is_file() and path.stat().st_size <= SHOWN_AT_MOST else b""
        if path.suffix not in (".ndjson", ".jsonl"):
            return _told(differences(msgspec.json.decode(before), msgspec.json.decode(after)))
        pairs = enumerate(zip(before.splitlines(), after.splitlines(), strict=False))
        for number, (was, is_) in pairs:
            if was != is_:
                found = differences(msgspec.json.decode(was), msgspec.json.decode(is_))
                return _told([Difference(f"/{number}{one.path}", one.before, one.after) for one in found])
    except (OSError, msgspec.DecodeError):
        pass
    return []


def _told(found: list[Difference]) -> list[Any]:
    return list(msgspec.to_builtins(found[:_TOLD_AT_MOST]))
