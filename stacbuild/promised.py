"""Whether outputs and store are what builds promised: every file and every chunk is read and hashed. Mends nothing.

What was promised of files the memory says, or, where it is lost, the manifests; of chunks, the rows of the memory, or,
where it is lost, each chunk's own name.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from stacbuild import canon, deliver, files, manifest
from stacbuild.delivered import Delivered
from stacbuild.events import Progress, Watcher, nobody
from stacbuild.held import from_manifest
from stacbuild.outputs.base import Output
from stacbuild.report import OutputsPart, StorePart, Wrong
from stacbuild.sealed import MemoryLostError
from stacbuild.workshop import Workshop

TOLD_EVERY: Final = 256
"""Files between two events of progress."""

FOREIGN_AT_MOST: Final = 1000
"""Files of others that are listed."""


# --- outputs


def outputs(shop: Workshop, watch: Watcher = nobody) -> OutputsPart:
    """Return how many files of outputs are as they were written, and which are not."""
    part = OutputsPart(0, [])
    held: list[_Held] = []
    for output in shop.outputs:
        found = _held(shop, output)
        if found is None:
            told = "it was never built" if output.name not in shop.memory.head.outputs else "nobody knows what it held"
            part.wrong.append(Wrong(f"output:{output.name}", "unbuilt", _shown(shop, output.base), told))
            continue
        held.append(found)
        part.restored = part.restored or found.restored
        _compare(shop, found, part, watch)
        part.wrong += _manifest(shop, found)
    part.foreign = sorted(_foreign(shop, held))[:FOREIGN_AT_MOST]
    return part


class _Held(NamedTuple):
    """What an output was left with: where, by the memory or by the manifest."""

    name: str
    base: Path
    rows: Delivered
    manifest: list[manifest.Row]
    restored: bool


def _held(shop: Workshop, output: Output) -> _Held | None:
    before = shop.memory.head.outputs.get(output.name)
    base = output.base if before is None else Path(os.path.normpath(shop.recipe.root / before.path))
    rows = shop.memory.delivered(output.name)
    listed = manifest.read(base, output.name)
    if rows is not None:
        return _Held(output.name, base, rows, listed, restored=False)
    if not listed or (before is None and shop.taken(output)):
        return None
    return _Held(output.name, base, from_manifest(listed), listed, restored=True)


def _compare(shop: Workshop, held: _Held, part: OutputsPart, watch: Watcher) -> None:
    for number, path in enumerate(held.rows.paths):
        if number % TOLD_EVERY == 0:
            watch(Progress("verify", number, len(held.rows.paths), held.name))
        full = held.base / path
        if files.digest_of(str(full)) == held.rows.digest(number):
            part.files += 1
        else:
            what, told = _state(full)
            part.wrong.append(Wrong(f"output:{held.name}", what, _shown(shop, full), told))


def _state(path: Path) -> tuple[str, str]:
    """Return what is wrong with a file, as a word for programs and one for people."""
    link = " (a symbolic link stands there)" if path.is_symlink() else ""
    if not path.exists():
        return "missing", f"it is not there{link}"
    if not path.is_file():
        return "edited", f"no file stands there, but something else{link}"
    if not os.access(path, os.R_OK):
        return "unreadable", f"it cannot be read{link}"
    return "edited", f"it holds other bytes than were written{link}"


def _manifest(shop: Workshop, held: _Held) -> Iterator[Wrong]:
    """Yield the parts of a manifest that are not what they shall be: that follows from the files alone."""
    listed = sorted(held.manifest, key=lambda row: row.path)
    rows = (lambda number: listed[number]) if held.restored else lambda number: deliver.manifest_row(held.rows, number)
    for name, there in manifest.wrong(held.base, held.name, held.rows.paths, rows):
        path = _shown(shop, manifest.folder(held.base, held.name) / name)
        what, told = ("damaged", "says something else") if there else ("missing", "is not there")
        yield Wrong(f"output:{held.name}", f"manifest-{what}", path, f"this part of the manifest {told}")


def _foreign(shop: Workshop, held: list[_Held]) -> Iterator[str]:
    """Yield the files in the folders of outputs that no build wrote: they are served, or copied, with the others."""
    ours = {os.path.normpath(one.base / path) for one in held for path in one.rows.paths}
    tops = {one.base / path.split("/")[0] for one in held for path in one.rows.paths if "/" in path}
    for base in {one.base for one in held}:
        for folder in (base / manifest.FOLDER).glob("*"):
            ours.update(os.path.normpath(base / row.path) for row in manifest.read(base, folder.name))
    for top in tops:
        for here, _, names in os.walk(top):
            if manifest.FOLDER not in Path(here).parts:
                full = (os.path.normpath(Path(here, name)) for name in names)
                yield from (_shown(shop, Path(path)) for path in full if path not in ours)


def _shown(shop: Workshop, path: Path) -> str:
    return os.path.relpath(path, shop.recipe.root).replace(os.sep, "/")


# --- the store


def store(shop: Workshop, watch: Watcher = nobody) -> StorePart:
    """Return how many chunks that the catalog stands on are whole, and which are not."""
    try:
        needed = _needed(shop)
    except MemoryLostError:
        needed = None
    if needed is None or shop.memory.empty:
        return _all_chunks(shop)
    part = StorePart(0, [])
    for number, (blob, items) in enumerate(sorted(needed.items())):
        watch(Progress("verify", number, len(needed), "store"))
        _chunk(shop, part, blob, f"{items} item{'' if items == 1 else 's'} of the catalog lie in it")
    return part


def _needed(shop: Workshop) -> Counter[bytes]:
    """Return the chunks that hold the items of the catalog, and how many each."""
    needed: Counter[bytes] = Counter()
    for entry in shop.memory.head.groups:
        for pairs in shop.memory.group(entry).pairs.values():
            needed.update(version.blob for pair in pairs if (version := pair.built) is not None)
    return needed


def absent(shop: Workshop) -> set[bytes]:
    """Return the chunks that the memory's rows stand on and the store does not have; none are read."""
    known = set[bytes]()
    try:
        for entry in shop.memory.head.groups:
            for pairs in shop.memory.group(entry).pairs.values():
                known.update(one.blob for pair in pairs for one in (pair.now, pair.kept) if one is not None)
    except MemoryLostError:
        return set()
    return {blob for blob in known if not shop.store.backend.has(f"cas/{blob.hex()}")}


def _all_chunks(shop: Workshop) -> StorePart:
    part = StorePart(0, [], known=False)
    if (shop.recipe.root / shop.document.cache.path).is_dir():
        for entry in list(shop.store.backend.list("cas/")):
            blob = bytes.fromhex(entry.name.removeprefix("cas/"))
            _chunk(shop, part, blob, "what lies in it is not known, as the memory is lost")
    return part


def _chunk(shop: Workshop, part: StorePart, blob: bytes, told: str) -> None:
    """Read one chunk; one that is damaged stays as it is, since to read is not to mend."""
    found = shop.store.backend.get(f"cas/{blob.hex()}")
    if found is not None and canon.digest(found) == blob:
        part.chunks += 1
    else:
        part.wrong.append(Wrong(f"chunk:{blob.hex()}", "missing" if found is None else "damaged", None, told))
