"""What a recipe names and a sample of its records has not, tables that nothing names, and secrets that are written.

They are slips that fail nothing. A rule with `required = false` over a misspelt column leaves its property out of every
item, and no record fails. Never: a problem; an optional field may well be in none of the first records.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from stacbuild.recipe import schema
from stacbuild.recipe.extension_tables import PlugIn
from stacbuild.recipe.load import Recipe
from stacbuild.recipe.names import about, clip, close
from stacbuild.report import Caution
from stacbuild.stages.paths import begins, fields

_TIMES: Final = ("id", "datetime", "start_datetime", "end_datetime", "collection")
_ASKED: Final = ("where", "from", "lookup", "lookups", "function")
"""Keys whose values are looked for, and not written."""
_PUBLISHED: Final = (
    "take it out; a variable that is no secret has a name that does not end in token, key, secret, password"
)

Field = tuple[tuple[str, ...], str]
"""Where in a mapping a field is read, and its path in the record."""


def absent(recipe: Recipe, source: str, names: set[str]) -> Iterator[Caution]:
    """Yield a warning for each field that a source's mappings read and none of its records has.

    Args:
        recipe: what names them.
        source: its name.
        names: its columns, and the members that the records tried have; none of them means that there was no record.
    """
    used = {table.mapping for table in recipe.document.collections.values() if source in table.from_ and table.mapping}
    for mapping in sorted(used) if names else ():
        told: set[str] = set()
        for place, path in _fields(recipe.document.mappings[mapping]):
            if path in told or begins(path, names):
                continue
            told.add(path)
            meant = close(path, names)
            hint = f"did you mean `{clip(meant)}`?" if meant else "if the name is right, nothing is wrong"
            text = f"mapping '{mapping}': no record of the sample of source '{source}' has '{clip(path)}'"
            yield Caution("SB722", text, hint, str(recipe.at("mappings", mapping, *place)))


def idle(recipe: Recipe) -> Iterator[Caution]:
    """Yield a warning for each patch and extension that no collection names."""
    document = recipe.document
    for kind, key in (("extension", "extensions"), ("patch", "patches")):
        named = {name for collection in document.collections.values() for name in _named(collection, key)}
        for name in sorted(getattr(document, key).keys() - named):
            hint = f'a collection names what it is for: {key} = ["{clip(name)}"] in [collections.ID]'
            yield Caution("SB723", f"{kind} '{clip(name)}' is named by no collection", hint, str(recipe.at(key, name)))


def shown(recipe: Recipe) -> Iterator[Caution]:
    """Yield a warning for each text that holds a secret of the recipe and goes into what is written."""
    document = recipe.document
    for kind in ("catalog", "mappings", "extensions", "patches", "collections"):
        table = getattr(document, kind)
        yield from _shown(recipe, (kind,), {} if table is None else msgspec.to_builtins(_written(table)))
    for name, output in document.outputs.items():
        yield from _shown(recipe, ("outputs", name), {"base-url": getattr(output, "base_url", None)})


def _written(tables: Any) -> Any:
    """Return tables without plug-ins, whose settings may be for themselves alone."""
    if not isinstance(tables, dict):
        return tables
    return {name: table for name, table in tables.items() if not isinstance(table, PlugIn)}


def _shown(recipe: Recipe, place: tuple[str, ...], value: Any) -> Iterator[Caution]:
    if isinstance(value, dict):
        for name, member in value.items():
            if name not in _ASKED:
                yield from _shown(recipe, (*place, name), member)
    elif isinstance(value, list):
        for number, member in enumerate(value):
            yield from _shown(recipe, (*place, str(number)), member)
    elif isinstance(value, str) and recipe.redact(value) != value:
        text = recipe.redact(f"{about(place)} holds a secret, and what is written shows it")
        yield Caution("SB724", text, _PUBLISHED, str(recipe.at(*place)))


def _named(collection: schema.Collection, key: str) -> list[str]:
    """Return what a collection names for its items and for itself."""
    return [*getattr(collection, key), *getattr(collection, f"collection_{key}", [])]


def _fields(spec: schema.Mapping) -> Iterator[Field]:
    for name in _TIMES:
        yield from _of_rule((name,), getattr(spec, name))
    for name, rule in spec.properties.items():
        yield from _of_rule(("properties", name), rule)
    for asset, rules in spec.assets.items():
        for name, rule in rules.items():
            yield from _of_rule(("assets", asset, name), rule)
    if spec.geometry is not None:
        yield from _of_geometry(spec.geometry)


def _of_rule(place: tuple[str, ...], rule: str | schema.Rule | None) -> Iterator[Field]:
    if isinstance(rule, str):
        yield place, rule
    elif rule is not None and rule.template is not None:
        yield from (((*place, "template"), path) for path in fields(rule.template))
    elif rule is not None and rule.from_ is not None:
        paths = [rule.from_] if isinstance(rule.from_, str) else rule.from_
        yield from (((*place, "from"), path) for path in paths)


def _of_geometry(spec: schema.Geometry) -> Iterator[Field]:
    for name in ("wkt", "wkb", "lon", "lat", "bbox", "geojson"):
        value = getattr(spec, name)
        paths = [value] if isinstance(value, str) else value or []
        yield from ((("geometry", name), path) for path in paths)
