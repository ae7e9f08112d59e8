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
    """Return the outputs of a recipe in the order in which they are written: by name, those that name others last."""
    mirrors = {name: spec.mirror for name, spec in specs.items() if isinstance(spec, StacJsonOutput) and spec.mirror}
    order = sorted(specs, key=lambda name: (name in mirrors, name))
    opened = {name: KINDS[type(specs[name])](name, specs[name], root) for name in order}
    for name, table in mirrors.items():
        tree, named = opened[name], opened[table]
        if isinstance(tree, StacJson) and isinstance(named, GeoParquet):
            tree.name_table(named)
    return [*opened.values()]
