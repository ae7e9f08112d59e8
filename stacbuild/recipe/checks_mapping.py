"""The rules of `[mappings.NAME]`: its own, its geometry's, and those of each rule in it."""

from __future__ import annotations

import re
from typing import Any

from stacbuild.recipe import names, schema, zones
from stacbuild.recipe.judging import at, bad, did_you_mean_one, exactly_one, filled, say, template
from stacbuild.recipe.lines import Draft, Sheet
from stacbuild.recipe.names import TIMES

CRS = re.compile(r"(?:[A-Za-z][A-Za-z0-9_]*:)?[A-Za-z0-9]*\d[A-Za-z0-9]*")
FUNCTION = re.compile(r"[^:]+:[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*", re.ASCII)
DIRECTIVE = re.compile(r"%(:?.)", re.DOTALL)


def rule(sheet: Sheet, draft: Draft) -> None:
    """Judge where one value comes from."""
    exactly_one(sheet, draft, ("from", "template", "value", "function"), "its value comes")
    filled(sheet, draft, "from", "lookup")
    good = draft.good
    template(sheet, draft, "template")
    _function(sheet, draft, good.get("function"))
    _lookup(sheet, draft, good.get("lookup"))
    if good.get("split") == "":
        bad(sheet, draft, "split", "must not be empty", 'the text between the parts, as in split = ";"')
    _format(sheet, draft, good.get("format"), good.get("as"))
    if "value" in draft.raw and "default" in draft.raw:
        bad(sheet, draft, "default", "has no effect: a constant is never missing", "remove it", code="SB105")
    if good.get("as") not in (None, "number", "integer"):
        for key in ("scale", "offset"):
            if key in draft.raw:
                bad(sheet, draft, key, f'needs as = "number", not "{good["as"]}"', code="SB105")


def _function(sheet: Sheet, draft: Draft, written: str | None) -> None:
    if written is not None and not FUNCTION.fullmatch(written):
        hint = 'as in "ours.py:name", a file beside the recipe, or "package.module:name"'
        bad(sheet, draft, "function", f"must name a module and a function, got {names.shown(written)}", hint)


def _lookup(sheet: Sheet, draft: Draft, name: Any) -> None:
    lookups = sheet.entries(*draft.path[:2], "lookups")
    if isinstance(name, str) and name.strip() and name not in lookups:
        hint = names.did_you_mean(name, lookups, "there is")
        what = f"names no lookup of the mapping: {names.shown(name)}"
        bad(
            sheet, draft, "lookup", what, hint or f"write a table [mappings.{draft.path[1]}.lookups.NAME]", code="SB102"
        )


def lookup_file(sheet: Sheet, draft: Draft) -> None:
    """Judge a lookup in a file."""
    filled(sheet, draft, "file", "key", "value")
    if "://" in draft.good.get("file", ""):
        bad(sheet, draft, "file", "names a URL", "download it, and name the file")


def _format(sheet: Sheet, draft: Draft, form: str | None, kind: str | None) -> None:
    if form is None:
        return
    timed = kind in ("datetime", "date") or (kind is None and draft.path[-1] in TIMES)
    unknown = sorted(set(DIRECTIVE.findall(form)) - names.DIRECTIVES)
    if not timed and "as" not in draft.raw:
        bad(sheet, draft, "format", 'needs as = "datetime" or as = "date"', code="SB104")
    elif not timed and kind is not None:
        bad(sheet, draft, "format", f'is for as = "datetime" or "date", not "{kind}"', code="SB105")
    elif form not in ("iso", "unix", "unix-ms") and "%" not in form:
        what = f'must be "iso", "unix", "unix-ms" or a strptime format like "%d/%m/%Y", got {names.shown(form)}'
        bad(sheet, draft, "format", what, _form_hint(form), code="SB102")
    elif unknown or re.search(r"(?<!%)(?:%%)*%$", form):
        bad(sheet, draft, "format", f"holds no strptime directive: `%{names.clip(unknown[0]) if unknown else ''}`")


def _form_hint(form: str) -> str | None:
    words = "write %Y for YYYY, %m for MM, %d for DD" if re.search("yyyy|mm|dd", form, re.IGNORECASE) else None
    return did_you_mean_one(form, ("iso", "unix", "unix-ms")) or words


def geometry(sheet: Sheet, draft: Draft) -> None:
    """Judge the geometry of a mapping."""
    raw, good = draft.raw, draft.good
    options = ["wkt", "wkb", "lon" if "lon" in raw or "lat" not in raw else "lat", "bbox", "geojson", "value"]
    exactly_one(sheet, draft, options, "it comes")
    if ("lon" in raw) != ("lat" in raw):
        missing, given = ("lat", "lon") if "lon" in raw else ("lon", "lat")
        sheet.find("SB104", at(draft, given), f"{say(draft, given)} needs `{missing}` beside it")
    filled(sheet, draft, "wkt", "wkb", "lon", "lat", "bbox", "geojson")
    if isinstance(good.get("bbox"), list) and len(good["bbox"]) != 4:  # noqa: PLR2004
        what = f"must be one column, or four: west, south, east, north; got {len(good['bbox'])}"
        bad(sheet, draft, "bbox", what)
    crs = good.get("crs")
    template(sheet, draft, "crs")
    if crs is not None and "{" not in crs and "}" not in crs and not CRS.fullmatch(crs.strip()):
        what = f'must be like "EPSG:32633", or a template like "EPSG:{{proj:epsg}}", got {names.shown(crs)}'
        bad(sheet, draft, "crs", what)
    for key in ("value", "default"):
        if isinstance(good.get(key), dict):
            _geojson(sheet, draft, key, good[key])


def _geojson(sheet: Sheet, draft: Draft, key: str, value: dict[str, Any]) -> None:
    if value.get("type") not in names.GEOMETRIES or not isinstance(value.get("coordinates"), list):
        hint = 'as in { type = "Point", coordinates = [24.9, 60.2] }'
        bad(sheet, draft, key, "must be a GeoJSON geometry with `type` and `coordinates`", hint)


def mapping(sheet: Sheet, draft: Draft) -> None:
    """Judge a mapping as a whole."""
    filled(sheet, draft, "id", "collection", *TIMES)
    given = {key for key in TIMES if key in draft.raw}
    if given in ({"start_datetime"}, {"end_datetime"}, {"datetime", "start_datetime"}, {"datetime", "end_datetime"}):
        one = min(given - {"datetime"})
        other = "end_datetime" if one == "start_datetime" else "start_datetime"
        sheet.find("SB104", at(draft, one), f"{say(draft, one)} needs `{other}` beside it")
    _timezone(sheet, draft, draft.good.get("timezone"))
    if _makes_items(sheet, draft.path[-1]):
        _whole(sheet, draft)
    if _makes_items(sheet, draft.path[-1]) or draft.good.get("only"):
        _assets(sheet, draft)
    rule = draft.good.get("stac_extensions")
    if isinstance(rule, schema.Rule) and not _is_texts(rule.value):
        hint = 'as in stac_extensions = { value = ["https://…/schema.json"] }'
        bad(sheet, draft, "stac_extensions", "must be a constant list of URLs", hint)


def _timezone(sheet: Sheet, draft: Draft, name: str | None) -> None:
    if name is not None and zones.zone(name) is None:
        hint = did_you_mean_one(name, zones.names()) or 'as in "Europe/Helsinki" or "+03:00"'
        bad(sheet, draft, "timezone", f"names no time zone: {names.shown(name)}", hint, code="SB102")


def _whole(sheet: Sheet, draft: Draft) -> None:
    """Note what an item cannot do without and no record has by itself."""
    for key in ("id", "geometry"):
        if key not in draft.raw:
            sheet.findings.append(names.missing_key(key, "Mapping", draft.path))
    if not set(TIMES) & set(draft.raw):
        hint = "write `datetime`, or `start_datetime` and `end_datetime`"
        sheet.find("SB104", draft.path, f"{names.place(draft.path)}: `datetime` is missing", hint)


def _assets(sheet: Sheet, draft: Draft) -> None:
    for name, asset in sheet.entries(*draft.path, "assets").items():
        if isinstance(asset, dict) and "href" not in asset:
            path = at(draft, "assets", name)
            sheet.find("SB104", path, f"{names.place(path)}: `href` is missing", 'as in href = "column"')


def _makes_items(sheet: Sheet, name: str) -> bool:
    """Return whether a mapping makes items of records, rather than being laid over items only.

    One that no collection uses is for items if there is a source of such.
    """
    tables = [table for table in sheet.entries("collections").values() if isinstance(table, dict)]
    uses = [table.get("from") for table in tables if table.get("mapping") == name]
    sources = [source for use in uses if isinstance(use, list) for source in use]
    kinds = [_kind(sheet, source) for source in (sources if uses else sheet.entries("sources"))]
    return any(kind in names.OF_RECORDS for kind in kinds) or not any(kinds)


def _kind(sheet: Sheet, source: Any) -> str | None:
    kind = sheet.entries("sources", source).get("kind") if isinstance(source, str) else None
    return kind if isinstance(kind, str) else None


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(entry, str) and entry for entry in value)
