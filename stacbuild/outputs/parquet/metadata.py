"""What a stac-geoparquet file says of itself: GeoParquet 1.1 (`geo`), stac-geoparquet 1.1, and places of JSON text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from stacbuild.outputs.parquet.facts import Facts
from stacbuild.outputs.parquet.rows import PROJECTED
from stacbuild.outputs.parquet.shapes import Path
from stacbuild.outputs.parquet.wkb import Bounds
from stacbuild.sources.geoparquet import JSON_TEXT

_encode = msgspec.json.Encoder(order="sorted").encode
_FLAT: Final = ("xmin", "ymin", "xmax", "ymax")


def _described(kinds: Iterable[str], bounds: Bounds | None) -> dict[str, Any]:
    """Return what GeoParquet says of the column `geometry`."""
    covering = {"bbox": {corner: ["bbox", corner] for corner in _FLAT}}
    facts = {"encoding": "WKB", "geometry_types": sorted(kinds), "covering": covering}
    return facts if bounds is None else {**facts, "bbox": list(bounds)}


def metadata(
    facts: Facts, names: Iterable[str], collections: dict[str, dict[str, Any]], texts: list[Path]
) -> dict[bytes, bytes]:
    """Return the key-value metadata of a file.

    Args:
        facts: of its rows.
        names: its columns.
        collections: documents by id.
        texts: where it holds JSON text.
    """
    columns = {"geometry": _described(facts.kinds, facts.bounds)}
    if PROJECTED in names:
        columns[PROJECTED] = {"encoding": "WKB", "geometry_types": [], "crs": None}
    geo = {"version": "1.1.0", "primary_column": "geometry", "columns": columns}
    stac = {"version": "1.1.0", "collections": collections}
    found = {b"geo": _encode(geo), b"stac-geoparquet": _encode(stac)}
    return {**found, JSON_TEXT.encode(): _encode(texts)} if texts else found
