"""Every rule of the recipe language that a type cannot say, by the struct of the table that it is about.

A rule looks at the keys of a table that are good (`good`) or at what is written (`raw`), so that one bad key hides no
other. What is between outputs stands in `load.py`. Never reads a file: what a path points at is for who opens it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fnmatch import fnmatchcase

from msgspec import Struct

from stacbuild.recipe import (
    checks_collection,
    checks_extension,
    checks_mapping,
    checks_output,
    checks_patch,
    checks_source,
    names,
    schema,
)
from stacbuild.recipe import extension_tables as tables
from stacbuild.recipe.judging import at, bad, filled
from stacbuild.recipe.lines import Draft, Sheet

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
SHARE = re.compile(r"(\d+(?:\.\d+)?)\s*%")


def within_table(sheet: Sheet, draft: Draft) -> None:
    """Note what is wrong with a table as a whole, or with values of a right type."""
    rule = RULES.get(draft.kind)
    if rule is not None:
        rule(sheet, draft)


def _document(sheet: Sheet, draft: Draft) -> None:
    for table in names.SINGULAR:
        for name in sheet.entries(table):
            if not name.strip() or CONTROL.search(name):
                what = "must not be empty" if not name.strip() else "must not hold control characters"
                sheet.find("SB103", (*draft.path, table, name), f"a name in [{table}] {what}")


def _validation(sheet: Sheet, draft: Draft) -> None:
    schemas = draft.good.get("schemas", [])
    for key in schemas if isinstance(schemas, dict) else ():
        if not re.match(r"https?://.", key):
            message = f"[validation]: {names.shown(key)} in 'schemas' must be a URL"
            sheet.find("SB103", at(draft, "schemas", key), message, 'as in { "https://…/schema.json" = "file.json" }')
    if not all(isinstance(entry, str) and entry.strip() for entry in schemas):
        bad(sheet, draft, "schemas", "must not hold an empty path")
    for glob, files in draft.good.get("extra", {}).items():
        _extra(sheet, draft, glob, files)


def _extra(sheet: Sheet, draft: Draft, glob: str, files: list[str]) -> None:
    """Judge the schemas that are named for a collection id or glob."""
    where = f"[validation.extra] {names.shown(glob)}"
    if not files or not all(file.strip() for file in files):
        what = "names no file" if not files else "holds an empty path"
        sheet.find("SB103", at(draft, "extra", glob), f"{where} {what}", 'as in ["ours.schema.json"]')
    web = next((file for file in files if re.match(r"[a-z]+://", file)), None)
    if web is not None:
        text = f"{where} must name files, not URLs: {names.shown(web)}"
        sheet.find("SB103", at(draft, "extra", glob), text, "download it, and put it beside the recipe")
    known = sheet.entries("collections")
    if known and not any(re.search(r"[*?\[{]", name) or fnmatchcase(name, glob) for name in known):
        hint = names.did_you_mean(glob, known, "there is")
        sheet.find("SB102", at(draft, "extra", glob), f"{where} is no collection of this recipe", hint)


def _build(sheet: Sheet, draft: Draft) -> None:
    if draft.good.get("jobs", 0) < 0:
        bad(sheet, draft, "jobs", "must be 0 (one a core) or more")
    for key in ("max-failures", "max-deletions"):
        value = draft.good.get(key, 0)
        share = SHARE.fullmatch(value.strip()) if isinstance(value, str) else None
        if (isinstance(value, int) and value < 0) or (isinstance(value, str) and (not share or float(share[1]) > 100)):  # noqa: PLR2004
            hint = "remove the quotes" if str(value).isdigit() else None
            bad(sheet, draft, key, f'must be a number or a share like "5%", got {names.shown(value)}', hint)


RULES: dict[type[Struct], Callable[[Sheet, Draft], None]] = {
    schema.Document: _document,
    schema.Catalog: lambda sheet, draft: filled(sheet, draft, "id"),
    schema.TableSource: checks_source.table_source,
    schema.StacItemsSource: checks_source.stac_items_source,
    schema.StacCatalogSource: checks_source.stac_catalog_source,
    schema.Rule: checks_mapping.rule,
    schema.LookupFile: checks_mapping.lookup_file,
    schema.Geometry: checks_mapping.geometry,
    schema.Mapping: checks_mapping.mapping,
    schema.Collection: checks_collection.collection,
    schema.Patch: checks_patch.patch,
    tables.AlternateAssets: checks_extension.alternate_assets,
    tables.Dgeo: checks_extension.dgeo,
    tables.DgeoAsset: checks_extension.cids,
    tables.Eo: checks_extension.says_something,
    tables.EoAsset: checks_extension.with_bands,
    tables.Fields: checks_extension.says_something,
    tables.FileInfo: checks_extension.file_info,
    tables.From: checks_extension.source,
    tables.Processing: checks_extension.says_something,
    tables.Projection: checks_extension.projection,
    tables.ProjectionFields: checks_extension.projection,
    tables.Publication: checks_extension.doi,
    tables.RasterAsset: checks_extension.with_bands,
    tables.Scientific: checks_extension.scientific,
    tables.Version: checks_extension.says_something,
    tables.View: checks_extension.says_something,
    schema.Validation: _validation,
    schema.StacJsonOutput: checks_output.stac_json,
    schema.NdjsonOutput: checks_output.output,
    schema.ItemCollectionOutput: checks_output.output,
    schema.GeoParquetOutput: checks_output.geoparquet,
    schema.Cache: lambda sheet, draft: filled(sheet, draft, "path"),
    schema.Build: _build,
    schema.Log: lambda sheet, draft: filled(sheet, draft, "file"),
}
