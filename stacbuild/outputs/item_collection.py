"""The `item-collection` output: a GeoJSON FeatureCollection of items, by id, one a line; never held whole.

Read by GDAL's STACIT and GeoJSON drivers, pystac.ItemCollection, geopandas. Never touches the disk.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Final

from stacbuild.outputs.base import ALONE, Standing, View, Wanted
from stacbuild.outputs.item_files import ItemFiles

_HEAD: Final = b'{"type":"FeatureCollection","features":['


class ItemCollection(ItemFiles):
    """Features of items."""

    kind = "item-collection"

    def content(self, view: View, wanted: Wanted, standing: Standing = ALONE) -> Iterator[bytes]:
        """Yield a document in pieces."""
        pieces = self.lines(view, wanted, standing, start=len(_HEAD) - 1, between=b",\n")
        first = next(pieces, b",")
        yield _HEAD + first[1:]
        yield from itertools.chain(pieces, [b"\n]}\n"])
