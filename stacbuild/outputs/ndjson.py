"""The `ndjson` output: one item a line, ordered by id; a file a collection, or one for all. Never touches the disk."""

from __future__ import annotations

from collections.abc import Iterator

from stacbuild.outputs.base import ALONE, Standing, View, Wanted
from stacbuild.outputs.item_files import ItemFiles


class Ndjson(ItemFiles):
    """Lines of items."""

    kind = "ndjson"

    def content(self, view: View, wanted: Wanted, standing: Standing = ALONE) -> Iterator[bytes]:
        """Yield the lines of a file in pieces."""
        return self.lines(view, wanted, standing, after=b"\n")
