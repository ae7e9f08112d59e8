"""The kinds of outputs there are. A kind is a file of its own and a line here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from stacbuild.outputs.base import Output
from stacbuild.outputs.geoparquet import GeoParquet
from stacbuild.outputs.item_collection import ItemCollection
from stacbuild.outputs.ndjson import Ndjson
from stacbuild.outputs.stac_json import StacJson
from stacbuild.recipe.schema import GeoParquetOutput, ItemCollectionOutput, NdjsonOutput, StacJsonOutput

KINDS: dict[type, Callable[[str, Any, Path], Output]] = {
    StacJsonOutput: StacJson,
    NdjsonOutput: Ndjson,
    ItemCollectionOutput: ItemCollection,
    GeoParquetOutput: GeoParquet,
}


def open_outputs(specs: dict[str, Any], root: Path) -> list[Output]:
    """Return the outputs of a recipe, ordered by name."""
    return [KINDS[type(specs[name])](name, specs[name], root) for name in sorted(specs)]
