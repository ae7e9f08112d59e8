"""The rules of `[outputs.NAME]`, each for itself; what is between outputs stands in `claims.py`."""

from __future__ import annotations

import re

from stacbuild.recipe import names, schema
from stacbuild.recipe.judging import bad, filled, matching, placeholders
from stacbuild.recipe.lines import Draft, Sheet

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
SUFFIXES: dict[type, str] = {
    schema.NdjsonOutput: ".ndjson",
    schema.ItemCollectionOutput: ".geojson",
    schema.GeoParquetOutput: ".parquet",
}
"""Kinds that write files of many items, and what these are called."""
FOLDER_FIRST = re.compile(r"(?:[^{}/]+/)*\{collection\}/")


def output(sheet: Sheet, draft: Draft) -> None:
    """Judge what all outputs that are files have in common."""
    filled(sheet, draft, "path", "collections")
    good = draft.good
    url = good.get("base-url")
    if url is not None and not re.fullmatch(r"https?://[^\s/?#]+(?:/[^\s?#]*)?", url):
        bad(sheet, draft, "base-url", "must be a URL that begins with http:// or https://, without ? and #")
    path = good.get("path", "x")
    if "://" in path:
        bad(sheet, draft, "path", "must be a path of this machine, not a URL")
    suffix, dates = SUFFIXES.get(draft.kind), draft.kind is schema.GeoParquetOutput
    allowed = ("collection", *(("year", "month") if dates else ())) if suffix else ()
    placeholders(sheet, draft, "path", path, allowed)
    if suffix and path.endswith(("/", "\\")):
        bad(sheet, draft, "path", "must name a file, not a folder", f'as in "dist/{{collection}}{suffix}"')


def stac_json(sheet: Sheet, draft: Draft) -> None:
    """Judge an output of kind `stac-json`."""
    output(sheet, draft)
    good = draft.good
    layout = good.get("layout", "{collection}/{id}.json")
    placeholders(sheet, draft, "layout", layout, names.LAYOUT_NAMES)
    if "{id}" not in layout:
        bad(sheet, draft, "layout", "must hold {id}: each item is a file of its own")
    if not layout.endswith(".json"):
        bad(sheet, draft, "layout", "must end in .json")
    if layout.startswith("/") or {"..", ".", ""} & set(layout.split("/")) or CONTROL.search(layout) or "\\" in layout:
        bad(sheet, draft, "layout", "must stay in the output's folder: names and `/` only")
    taken = matching(sheet.entries("collections"), good.get("collections") or ["*"])
    if len(taken) > 1 and "{id}" in layout and not FOLDER_FIRST.match(layout):
        what = "must have {collection} as a folder of its own before {id} and dates: there are several collections"
        bad(sheet, draft, "layout", what, 'as in "{collection}/{year}/{id}.json"')
    elif not layout.startswith("{collection}/") and (tree := _kept_tree(sheet, taken)) is not None:
        what = f"must begin with {{collection}}/: it stands for the folders of source '{names.clip(tree)}'"
        bad(sheet, draft, "layout", what, 'as in "{collection}/{id}.json"', code="SB105")
    if good.get("links") == "absolute" and "base-url" not in draft.raw:
        bad(sheet, draft, "links", 'needs `base-url` when it is "absolute"', code="SB104")
    if not 0 <= good.get("indent", 0) <= 16:  # noqa: PLR2004
        bad(sheet, draft, "indent", "must be from 0 to 16")
    if good.get("mirror") is not None:
        _mirror(sheet, draft, good["mirror"], taken)


def _kept_tree(sheet: Sheet, collections: list[str]) -> str | None:
    """Return the first source of some collections of which the tree is kept; None where there is none."""
    feeding = [sheet.entries("collections", name).get("from") for name in collections]
    sources = {name for some in feeding if isinstance(some, list) for name in some if isinstance(name, str)}
    tables = {name: sheet.entries("sources", name) for name in sorted(sources)}
    kept = (name for name, one in tables.items() if one.get("keep-tree") is True and _kind(one) == "stac-catalog")
    return next(kept, None)


def _mirror(sheet: Sheet, draft: Draft, name: str, taken: list[str]) -> None:
    """Judge the table that collections of a tree name as their mirror."""
    tables = [one for one, table in sheet.entries("outputs").items() if _kind(table) == "geoparquet"]
    if name not in tables:
        hint = names.did_you_mean(name, tables, "there is") or 'write one: [outputs.NAME] with kind = "geoparquet"'
        bad(sheet, draft, "mirror", f"names no output of kind geoparquet: {names.shown(name)}", hint, code="SB102")
        return
    table = sheet.entries("outputs", name)
    path, globs = table.get("path"), table.get("collections") or ["*"]
    if isinstance(path, str) and re.search(r"\{(?:year|month)\}", path):
        what = f"names {names.shown(name)}, which is cut by date: no file of it holds a whole collection"
        bad(sheet, draft, "mirror", what, "name a table without {year} in its path")
    elif isinstance(globs, list) and all(isinstance(glob, str) for glob in globs):
        held = matching(sheet.entries("collections"), globs)
        without = next((one for one in taken if one not in held), None)
        if without is not None:
            what = f"names {names.shown(name)}, which does not take collection {names.shown(without)}"
            bad(sheet, draft, "mirror", what, "let both outputs take the same collections")
    for one in taken:
        other = next(
            (key for key, asset in sheet.entries("collections", one, "assets").items() if _mirrors(asset)), None
        )
        if other is not None:
            path = ("collections", one, "assets", other)
            text = (
                f"{names.place(path)} is a collection-mirror, and output '{names.clip(draft.path[1])}' writes the one"
            )
            sheet.find("SB105", path, text, "take it out, or `mirror` out of the output")


def _mirrors(asset: object) -> bool:
    roles = asset.get("roles") if isinstance(asset, dict) else None
    return isinstance(roles, list) and "collection-mirror" in roles


def _kind(table: object) -> object:
    return table.get("kind") if isinstance(table, dict) else None


def geoparquet(sheet: Sheet, draft: Draft) -> None:
    """Judge an output of kind `geoparquet`."""
    output(sheet, draft)
    good = draft.good
    path = good.get("path", "")
    if "{month}" in path and "{year}" not in path:
        what = "must have {year} where it has {month}: months of all years would go into one file"
        bad(sheet, draft, "path", what, 'as in "dist/{collection}/{year}-{month}.parquet"')
    if good.get("row-group-size", 1) < 1:
        bad(sheet, draft, "row-group-size", "must be at least 1")
    if good.get("hrefs") == "absolute" and "base-url" not in draft.raw:
        bad(sheet, draft, "hrefs", 'needs `base-url` when it is "absolute"', code="SB104")
