"""STAC files as they lie in folders: which files hold items, and of which collections. Looks at a few of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from stacbuild import canon
from stacbuild.recipe.schema import StacItemsSource
from stacbuild.sources import stac_items, text
from stacbuild.sources.base import Shard, SourceUnreadable

SUFFIXES: Final = (".json", ".geojson", ".ndjson", ".jsonl", ".geojsonl", ".parquet")
FILES: Final = 50
"""Files that are looked into."""
ITEMS: Final = 100
"""Items of each that are looked at."""
LISTED: Final = 100_000
"""Files of a folder that are listed."""
_OURS: Final = ("dist", "__pycache__", "node_modules")


class Found(Struct):
    """What was found in files: how many hold items, how many were looked into, the collections that items name."""

    files: list[Path]
    looked: int
    collections: set[str | None]
    whole: bool
    """All that there is was looked at."""


def below(folder: Path) -> list[Path]:
    """Return the files below a folder by name, without hidden ones and what builds write."""
    found: list[Path] = []
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in _OURS)
        found += [Path(here, name) for name in sorted(names) if not name.startswith(".")]
        if len(found) > LISTED:
            break
    return found


def find(files: list[Path]) -> Found:
    """Return which of the first files hold STAC items."""
    likely = [file for file in files if text.inner_suffix(file) in SUFFIXES]
    found = Found([], 0, set(), whole=len(likely) <= FILES)
    for file in likely[:FILES]:
        found.looked += 1
        items = list(islice(_items(file), ITEMS + 1))
        if items:
            found.files.append(file)
            found.whole = found.whole and len(items) <= ITEMS
            found.collections |= {_collection(item) for item in items}
    return found


def _collection(item: dict[str, Any]) -> str | None:
    name = item.get("collection")
    return name if isinstance(name, str) and name else None


def _items(file: Path) -> Iterator[dict[str, Any]]:
    source = StacItemsSource(path=file.name)
    try:
        for raw in islice(stac_items.read(Shard(file.name, file, named=False), source), ITEMS + 1):
            item = canon.decode(raw.blob) if raw.fault is None else None
            if isinstance(item, dict) and item.get("type") == "Feature" and "stac_version" in item:
                yield item
    except SourceUnreadable:
        return
