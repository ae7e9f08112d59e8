"""The extensions that are built in: each a file, its struct in `recipe/extension_tables.py`, and a line here."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from stacbuild.extensions.base import Reach
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
    return _loaded(*place)


def reach_of(table: Mapping[str, Any]) -> Reach | None:
    """Return how far the extension of a table goes, which is JSON; None: nobody knows."""
    place = next((place for kind, place in _BUILT_IN.items() if _use(kind) == table.get("use")), None)
    if place is None:
        return None
    extension = _loaded(*place)
    reach: Reach | None = extension.reach(table) if hasattr(extension, "reach") else None
    return reach


def _use(kind: Any) -> Any:
    """Return what names a kind of extension in the recipe."""
    return kind.__struct_config__.tag


def _loaded(module: str, name: str) -> Any:
    return getattr(importlib.import_module(f"stacbuild.extensions.{module}"), name)()
