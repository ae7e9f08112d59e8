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
    paths = good.get("path", [])
    for path in [paths] if isinstance(paths, str) else paths:
        if "://" in path:
            bad(sheet, draft, "path", "names a URL: a table over the network is not available yet", code="SB110")
        elif re.search(r"\.(?:geo)?parquet$", path, re.IGNORECASE):
            bad(sheet, draft, "path", "names a Parquet file: not available yet", code="SB110")
    if len(good.get("delimiter") or "x") != 1:
        bad(sheet, draft, "delimiter", f"must be one character, got {names.shown(good['delimiter'])}")
    if not _is_encoding(good.get("encoding", "utf-8")):
        what = f"names no encoding: {names.shown(good['encoding'])}"
        bad(sheet, draft, "encoding", what, 'for example "utf-8", "latin-1", "cp1252"', code="SB102")


def _is_encoding(name: str) -> bool:
    try:
        "".encode(name)
        return codecs.lookup(name) is not None
    except (LookupError, ValueError):
        return False
