"""An extension: the tide at the hour of a scene, of a table for each harbour."""

from collections.abc import Iterator
from typing import Any

import msgspec

from stacbuild.extensions.base import Context

HIGHEST = 20
"""Metres that no tide is higher than."""


class Config(msgspec.Struct, forbid_unknown_fields=True):
    """What its table in the recipe may say; a wrong value is told with its key."""

    folder: str
    decimals: int = 2


class Tides:
    """Puts `tide:height` into scenes of harbours that have a table."""

    name = "tides"
    schema = None  # or the URL of a JSON Schema, which items then declare
    Config = Config

    def apply(self, item: dict[str, Any], config: Config, ctx: Context) -> dict[str, Any]:
        """Return the item with the tide; the same item, table and files give the same tide."""
        properties = item["properties"]
        table = f"{config.folder}/{properties['harbour']}.txt"
        if not ctx.exists(table):  # when the table comes, the item is made again
            return item
        with ctx.open(table) as stream:  # when it changes, too
            heights = dict(line.split() for line in stream.read().decode().splitlines())
        height = heights.get(properties["datetime"][:13])
        if height is not None:
            properties["tide:height"] = round(float(height), config.decimals)
        return item

    def check(self, item: dict[str, Any]) -> Iterator[tuple[str, str]]:
        """Yield what is wrong with an item that no schema says: it then fails."""
        height = item["properties"].get("tide:height")
        if height is not None and abs(height) > HIGHEST:
            yield "/properties/tide:height", f"no tide is {height} metres high"
