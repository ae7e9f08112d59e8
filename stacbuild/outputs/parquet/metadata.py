"""What a stac-geoparquet file says of itself: GeoParquet 1.1 (`geo`), stac-geoparquet 1.1, and places of JSON text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from stacbuild.outputs.parquet.rows import PROJECTED
from stacbuild.outputs.parquet.shapes import Path
from stacbuild.outputs.parquet.wkb import Bounds
from stacbuild.sources.geoparquet import JSON_TEXT

_encode = msgspec.json.Encoder(order="sorted").encode
_FLAT: Final = ("xmin", "ymin", "xmax", "ymax")


class Spread:
    """Where the geometries of a file lie and of which types they are."""

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._bounds: Bounds | None = None

    def add(self, name: str, bounds: Bounds | None) -> None:
        """Add a geometry."""
        self._names.add(name)
        held = self._bounds
        if bounds is not None and held is not None:
            low = min(held[0], bounds[0]), min(held[1], bounds[1])
            self._bounds = (*low, max(held[2], bounds[2]), max(held[3], bounds[3]))
        elif bounds is not None:
            self._bounds = bounds

    def described(self) -> dict[str, Any]:
        """Return what GeoParquet says of the column `geometry`."""
        covering = {"bbox": {corner: ["bbox", corner] for corner in _FLAT}}
        facts = {"encoding": "WKB", "geometry_types": sorted(self._names), "covering": covering}
        return facts if self._bounds is None else {**facts, "bbox": list(self._bounds)}


def metadata(
    spread: Spread, names: Iterable[str], collections: dict[str, dict[str, Any]], texts: list[Path]
) -> dict[bytes, bytes]:
    """Return the key-value metadata of a file.

    Args:
        spread: of its geometries.
        names: its columns.
        collections: documents by id.
        texts: where it holds JSON text.
    """
    columns = {"geometry": spread.described()}
    if PROJECTED in names:
        columns[PROJECTED] = {"encoding": "WKB", "geometry_types": [], "crs": None}
    geo = {"version": "1.1.0", "primary_column": "geometry", "columns": columns}
    stac = {"version": "1.1.0", "collections": collections}
    found = {b"geo": _encode(geo), b"stac-geoparquet": _encode(stac)}
    return {**found, JSON_TEXT.encode(): _encode(texts)} if texts else found
