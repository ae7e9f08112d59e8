"""Files of outputs that are not as they were written: what stands there, beside what a build writes there.

Only JSON documents are compared; of other files it is said that they were edited. Reads; writes nothing.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from stacbuild.differences import differences
from stacbuild.files import State
from stacbuild.held import Inspected
from stacbuild.outputs.base import Output, Wanted
from stacbuild.report import ItemDiff
from stacbuild.store import MissingChunksError
from stacbuild.view import Catalog
from stacbuild.workshop import Workshop

LARGEST: Final = 64 * 1024 * 1024
"""Bytes of a file that is compared."""


def files(shop: Workshop, names: Collection[str]) -> Iterator[ItemDiff]:
    """Yield the edited and missing files of the outputs called `names`, by path."""
    held = shop.inspect()
    for output in shop.outputs:
        found = held.get(output.name)
        if output.name in names and found is not None and found.bad:
            yield from _of(shop, output, found)


def _of(shop: Workshop, output: Output, found: Inspected) -> Iterator[ItemDiff]:
    view = Catalog(
        shop.document,
        shop.recipe.root,
        shop.folder,
        shop.memory.head.groups,
        shop.memory,
        shop.store,
        shop.upstream,
        shop.times,
    )
    wanted = {each.path: each for each in output.files(view) if each.path in found.bad}
    for path, state in sorted(found.bad.items()):
        missing = state is State.MISSING
        one = ItemDiff(
            f"output:{output.name}",
            "missing" if missing else "edited",
            [],
            file=os.path.normpath(f"{shop.place(output)}/{path}"),
        )
        if not missing and path in wanted:
            _compare(one, output, view, wanted[path])
        yield one


def _compare(one: ItemDiff, output: Output, view: Catalog, wanted: Wanted) -> None:
    there = _document(Path(output.base, wanted.path))
    if there is None:
        return
    try:
        written = msgspec.json.decode(b"".join(output.content(view, wanted)))
    except MissingChunksError:
        one.lost = True
    except msgspec.DecodeError:  # not one document: lines
        return
    else:
        one.changes = msgspec.to_builtins(differences(there, written))


def _document(file: Path) -> Any:
    """Return the JSON document of a file, or None where it is none that can be compared."""
    try:
        if file.stat().st_size > LARGEST:
            return None
        return msgspec.json.decode(file.read_bytes())
    except (OSError, msgspec.DecodeError, RecursionError):
        return None
