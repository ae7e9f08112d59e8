"""The rules of `[sources.NAME]`. Never reads a file: what a path points at is for who opens it."""

from __future__ import annotations

import codecs
import re

from stacbuild.recipe import names
from stacbuild.recipe.judging import bad, filled
from stacbuild.recipe.lines import Draft, Sheet


def table_source(sheet: Sheet, draft: Draft) -> None:
    """Judge a source of kind `table`."""
    filled(sheet, draft, "path", "key")
    good = draft.good
    _paths(sheet, draft, "a table over the network is not available yet")
    key = good.get("key", [])
    _ignored(sheet, draft, [key] if isinstance(key, str) else key, "a record must keep its key")
    for key in ("delimiter", "encoding"):
        if good.get("format") == "parquet" and key in draft.raw:
            bad(sheet, draft, key, "is of text files: Parquet has none", "take it out", code="SB105")
    if len(good.get("delimiter") or "x") != 1:
        bad(sheet, draft, "delimiter", f"must be one character, got {names.shown(good['delimiter'])}")
    if not _is_encoding(good.get("encoding", "utf-8")):
        what = f"names no encoding: {names.shown(good['encoding'])}"
        bad(sheet, draft, "encoding", what, 'for example "utf-8", "latin-1", "cp1252"', code="SB102")


def stac_items_source(sheet: Sheet, draft: Draft) -> None:
    """Judge a source of kind `stac-items`."""
    filled(sheet, draft, "path")
    _paths(sheet, draft, "items over the network are not available yet")
    _ignored(sheet, draft, ["id"], "an item must keep its id")


def stac_catalog_source(sheet: Sheet, draft: Draft) -> None:
    """Judge a source of kind `stac-catalog`."""
    filled(sheet, draft, "href")
    href = draft.good.get("href", "")
    if "://" in href and not href.startswith("file://"):
        what = "names a URL: a catalog over the network is not available yet"
        bad(sheet, draft, "href", what, "name the file of a copy on this machine", code="SB110")
    elif "://" in href:
        bad(sheet, draft, "href", "names a URL", 'name the file itself, as in "incoming/catalog.json"')
    elif any(mark in href for mark in "*?["):
        bad(sheet, draft, "href", f"is one file, not a pattern: {names.shown(href)}", "write a source for each root")
    _ignored(sheet, draft, ["id"], "an item must keep its id")


def _ignored(sheet: Sheet, draft: Draft, keep: list[str], why: str) -> None:
    """Note entries of `ignore` that are no paths, or that take out what identifies a record."""
    for path in draft.good.get("ignore", []):
        if "" in re.split(r"(?<!\\)\.", path.removesuffix("?query")):
            hint = 'as in "updated", "properties.updated", "assets.*.href?query"'
            bad(sheet, draft, "ignore", f"holds {names.shown(path)}, which has an empty name in it", hint)
        elif path == "*" or any(f"{key}.".startswith(f"{path}.") for key in keep):
            bad(sheet, draft, "ignore", f"holds {names.shown(path)}: {why}")


def _paths(sheet: Sheet, draft: Draft, what: str) -> None:
    """Note paths that no reader of files takes; `what` is said of a URL."""
    paths = draft.good.get("path", [])
    for path in [paths] if isinstance(paths, str) else paths:
        if "://" in path:
            bad(sheet, draft, "path", f"names a URL: {what}", code="SB110")


def _is_encoding(name: str) -> bool:
    try:
        "".encode(name)
        return codecs.lookup(name) is not None
    except (LookupError, ValueError):
        return False
