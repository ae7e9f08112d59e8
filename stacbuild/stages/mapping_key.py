"""What of a recipe and its surroundings the items of a mapping depend on, by name, for its key. PURE.

Never in it: where a file lies; rules name tables and functions, here stands the digest of what is in them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from stacbuild.recipe import schema, zones
from stacbuild.stages.beside import Beside, table_name
from stacbuild.stages.geometry import platform_versions
from stacbuild.stages.versions import version_of


def ingredients(spec: schema.Mapping, beside: Beside) -> dict[str, Any]:
    """Return the mapping as written, its lookups apart, digests of files and code, and versions of libraries."""
    mapping = _said(msgspec.to_builtins(spec))
    lookups = mapping.pop("lookups", {})
    if not spec.only:
        del mapping["only"]
    found = {"mapping": mapping, "lookups": lookups, "platform": _platform(spec)}
    files: dict[str, str] = {}
    functions: dict[str, str] = {}
    for where, rule in _rules(mapping):
        if isinstance(rule.get("lookup"), dict):
            files[where] = beside.tables[table_name(msgspec.convert(rule.pop("lookup"), schema.LookupFile))].digest
        if "function" in rule:
            functions[where] = beside.code[rule.pop("function")].digest
    return found | ({"lookup-files": files} if files else {}) | ({"functions": functions} if functions else {})


def reason(mapping: str, ingredient: str) -> tuple[str, str]:
    """Return the reason code for a change of an ingredient, and where in the recipe it stands."""
    return {
        "lookups": ("lookup-changed", f"{mapping}.lookups"),
        "lookup-files": ("lookup-changed", mapping),
        "functions": ("plugin-changed", mapping),
        "platform": ("stage-revised", "libraries that the mapping uses"),
    }.get(ingredient, ("mapping-changed", mapping))


def _platform(spec: schema.Mapping) -> list[str]:
    zone_data = [version_of("tzdata")] if zones.is_named(spec.timezone) else []
    return [*platform_versions(spec.geometry), *zone_data]


def _said(value: Any) -> Any:
    """Return a mapping's tables without the keys that nobody set: None and an empty table are how those look."""
    if not isinstance(value, dict):
        return value
    return {name: _said(member) for name, member in value.items() if member is not None}


def _rules(mapping: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the rules of a mapping that name something beside the recipe, each with its place, dotted."""
    for name in ("id", "collection", "datetime", "start_datetime", "end_datetime", "stac_extensions"):
        if isinstance(mapping.get(name), dict):
            yield name, mapping[name]
    for name, rule in mapping.get("properties", {}).items():
        if isinstance(rule, dict):
            yield f"properties.{name}", rule
    for name, asset in mapping.get("assets", {}).items():
        for key, rule in asset.items():
            if isinstance(rule, dict):
                yield f"assets.{name}.{key}", rule
