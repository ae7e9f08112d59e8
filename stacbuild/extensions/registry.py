"""The extensions that are built in: each a file, its struct in `recipe/extension_tables.py`, and a line here."""

from __future__ import annotations

import importlib
from typing import Any

from stacbuild.recipe import extension_tables as tables

_BUILT_IN: dict[type, tuple[str, str]] = {
    tables.AlternateAssets: ("alternate_assets", "AlternateAssets"),
    tables.Dgeo: ("dgeo", "Dgeo"),
    tables.Eo: ("eo", "Eo"),
    tables.Fields: ("fields", "Fields"),
    tables.FileInfo: ("file", "File"),
    tables.ProjCompat: ("proj_compat", "ProjCompat"),
    tables.Processing: ("processing", "Processing"),
    tables.Projection: ("projection", "Projection"),
    tables.Raster: ("raster", "Raster"),
    tables.Scientific: ("scientific", "Scientific"),
    tables.Timestamps: ("timestamps", "Timestamps"),
    tables.Version: ("version", "Version"),
    tables.View: ("view", "View"),
}
"""Table of the recipe → module and class; imported when a recipe names it."""


def built_in(table: Any) -> Any:
    """Return the extension of a table of the recipe; None where that is a plug-in's."""
    place = _BUILT_IN.get(type(table))
    if place is None:
        return None
    module = importlib.import_module(f"stacbuild.extensions.{place[0]}")
    return getattr(module, place[1])()
