"""The extensions that are built in. One is a file of its own, its struct in `recipe/schema.py`, and a line here."""

from __future__ import annotations

import importlib
from typing import Any

from stacbuild.recipe import schema

_BUILT_IN: dict[type, tuple[str, str]] = {
    schema.AlternateAssets: ("alternate_assets", "AlternateAssets"),
    schema.Fields: ("fields", "Fields"),
}
"""Table of the recipe → module and class; imported when a recipe names it."""


def built_in(table: Any) -> Any:
    """Return the extension of a table of the recipe; None where that is a plug-in's."""
    place = _BUILT_IN.get(type(table))
    if place is None:
        return None
    module = importlib.import_module(f"stacbuild.extensions.{place[0]}")
    return getattr(module, place[1])()
