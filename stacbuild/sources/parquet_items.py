"""Rows of stac-geoparquet as Items: lifted properties go back, geometries are GeoJSON, moments are text.

Parquet cannot tell a member that is missing from one that is null, so null members are left out, at any depth, but
`geometry` and `datetime`, of which STAC has null. What a file lacks that every Item has is filled in. Members of an
Item that are not STAC's own come back as properties: the format keeps no difference.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from stacbuild.failures import ItemError
from stacbuild.recipe.schema import StacItemsSource
from stacbuild.sources import items, parquet_file
from stacbuild.sources.base import Raw, SourceUnreadable, unread
from stacbuild.sources.geoparquet import Columns, geometries, geometry_columns, json_texts, with_json
from stacbuild.sources.ignoring import ignore_of
from stacbuild.sources.json_object import canonical
from stacbuild.sources.parquet_values import ITEM, values

OLDEST: Final = "1.0.0"
"""The STAC version of a file that does not say: the format is not older."""

_TOP: Final = ("type", "stac_version", "stac_extensions", "id", "geometry", "bbox", "links", "assets", "collection")
_OF_STAC: Final = frozenset({"stac_version", "stac_extensions", "assets", "links"})
_FLAT: Final = ("xmin", "ymin", "xmax", "ymax")
_DEEP: Final = ("xmin", "ymin", "zmin", "xmax", "ymax", "zmax")


def read(file: Path, source: StacItemsSource, first: int) -> Iterator[Raw]:
    """Yield the Items from the row group of row `first` on; an Item's line is its row's number from 1.

    Raises:
        SourceUnreadable: at once, or after some Items; or the rows are no Items.
    """
    shapes: Columns = {}
    texts: dict[str, list[list[str]]] = {}

    def look(parquet: Any) -> None:
        shapes.update(_columns(parquet))
        texts.update(json_texts(parquet))

    ignore, names = ignore_of(source.ignore), items.Names()
    batches = parquet_file.batches(file, first, look, lambda batch: list(_items(batch, shapes, texts)))
    for start, begins, found in batches:
        names = items.Names() if begins else names
        for ordinal, item in enumerate(found, start):
            try:
                items.refuse_others(item)
                key = names.key(item)
                ignore(item)
                yield Raw(ordinal, ordinal + 1, canonical(item), key, None)
            except ItemError as bad:
                yield unread(ordinal, ordinal + 1, repr(item).encode(errors="replace"), bad)


def _columns(parquet: Any) -> Columns:
    """Return the columns that are geometries, with their encodings; raise SourceUnreadable if rows are no Items."""
    names = parquet.schema_arrow.names
    if "id" not in names or not _OF_STAC & set(names):
        what = "no column `id`" if "id" not in names else "no columns `stac_version`, `assets`, `links`"
        hint = 'read a table that is not STAC with kind = "table" and a mapping'
        raise SourceUnreadable("SB423", f"the rows are no Items: there is {what}", hint)
    return geometry_columns(parquet)


def _items(batch: Any, shapes: Columns, texts: dict[str, list[list[str]]]) -> Iterator[dict[str, Any]]:
    names = batch.schema.names
    columns = [_column(name, batch.column(index), shapes) for index, name in enumerate(names)]
    for index, name in enumerate(names):
        for steps in texts.get(name, ()):
            columns[index] = [with_json(value, steps) for value in columns[index]]
    for row in zip(*columns, strict=True):
        yield _item({name: value for name, value in zip(names, row, strict=True) if value is not None})


def _column(name: str, array: Any, shapes: Columns) -> list[Any]:
    return geometries(array, shapes[name]) if name in shapes else values(array, ITEM)


def _item(row: dict[str, Any]) -> dict[str, Any]:
    """Return the Item of a row, which has no null."""
    top: dict[str, Any] = {"type": "Feature", "stac_version": OLDEST, "geometry": None, "links": [], "assets": {}}
    top |= {name: row.pop(name) for name in _TOP if name in row}
    lifted = row.pop("properties", {})
    top["properties"] = {"datetime": None, **(_object(lifted)), **row}
    if "bbox" in top:
        top["bbox"] = _box(top["bbox"])
    return top


def _object(value: Any) -> dict[str, Any]:
    """Return what an older writer left in a column `properties`, as an object or as JSON text."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {"properties": value}
    return value if isinstance(value, dict) else {"properties": value}


def _box(value: Any) -> Any:
    """Return a box as STAC has it: 4 numbers, or 6 where it has heights."""
    if not isinstance(value, dict):
        return value
    return [value.get(name) for name in (_DEEP if "zmin" in value and "zmax" in value else _FLAT)]
