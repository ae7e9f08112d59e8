"""Every rule of the recipe language that a type cannot say, by the struct of the table that it is about.

A rule looks at the keys of a table that are good (`good`) or at what is written (`raw`), so that one bad key hides no
other. What is between outputs stands in `load.py`. Never reads a file: what a path points at is for who opens it.
"""

from __future__ import annotations

import codecs
import fnmatch
import re
from collections.abc import Callable, Iterable
from typing import Any

from msgspec import Struct

from stacbuild.recipe import names, schema
from stacbuild.recipe.lines import Draft, Path, Sheet
from stacbuild.recipe.names import TIMES

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
GLOB = re.compile(r"[*?\[]")
PIECE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
FOLDER_FIRST = re.compile(r"(?:[^{}/]+/)*\{collection\}/")
CRS = re.compile(r"(?:[A-Za-z][A-Za-z0-9_]*:)?[A-Za-z0-9]*\d[A-Za-z0-9]*")
DIRECTIVE = re.compile(r"%(:?.)", re.DOTALL)
SHARE = re.compile(r"(\d+(?:\.\d+)?)\s*%")
BOXES = (4, 6)


# ---- one table -------------------------------------------------------------------------------------------------------


def within_table(sheet: Sheet, draft: Draft) -> None:
    """Note what is wrong with a table as a whole, or with values of a right type."""
    rule = RULES.get(draft.kind)
    if rule is not None:
        rule(sheet, draft)


def _at(draft: Draft, *names_: str) -> Path:
    return (*draft.path, *names_)


def _say(draft: Draft, key: str) -> str:
    return names.subject(_at(draft, key), len(draft.path))


def _bad(sheet: Sheet, draft: Draft, key: str, what: str, hint: str | None = None, *, code: str = "SB103") -> None:
    sheet.find(code, _at(draft, key), f"{_say(draft, key)} {what}", hint)


def _filled(sheet: Sheet, draft: Draft, *keys: str) -> None:
    """Note texts that are empty or hold control characters, alone or in a list."""
    for key in keys:
        value = draft.good.get(key)
        entries = [value] if isinstance(value, str) else value if isinstance(value, list) else []
        if any(isinstance(entry, str) and not entry.strip() for entry in entries):
            _bad(sheet, draft, key, "must not be empty")
        elif any(isinstance(entry, str) and CONTROL.search(entry) for entry in entries):
            _bad(sheet, draft, key, "must not hold control characters")
        elif value == []:
            _bad(sheet, draft, key, "must not be an empty list")


def _exactly_one(sheet: Sheet, draft: Draft, keys: Iterable[str], what: str) -> None:
    options = list(keys)
    given = [key for key in options if key in draft.raw]
    whole = names.place(draft.path)
    if len(given) > 1:
        sheet.find(
            "SB105", _at(draft, given[1]), f"{whole}: {names.listed(given)} exclude each other", "keep one of them"
        )
    elif not given and not set(draft.raw) & names.LATER_KEYS.get(draft.kind.__name__, frozenset()):
        sheet.find(
            "SB104", draft.path, f"{whole} does not say where {what} from", f"write one of {names.listed(options)}"
        )


def _document(sheet: Sheet, draft: Draft) -> None:
    for table in names.SINGULAR:
        for name in sheet.entries(table):
            if not name.strip() or CONTROL.search(name):
                what = "must not be empty" if not name.strip() else "must not hold control characters"
                sheet.find("SB103", (*draft.path, table, name), f"a name in [{table}] {what}")


def _table_source(sheet: Sheet, draft: Draft) -> None:
    _filled(sheet, draft, "path", "key")
    good = draft.good
    paths = good.get("path", [])
    for path in [paths] if isinstance(paths, str) else paths:
        if "://" in path:
            _bad(sheet, draft, "path", "names a URL: a table over the network is not available yet", code="SB110")
        elif re.search(r"\.(?:geo)?parquet$", path, re.IGNORECASE):
            _bad(sheet, draft, "path", "names a Parquet file: not available yet", code="SB110")
    if len(good.get("delimiter") or "x") != 1:
        _bad(sheet, draft, "delimiter", f"must be one character, got {names.shown(good['delimiter'])}")
    if not _is_encoding(good.get("encoding", "utf-8")):
        what = f"names no encoding: {names.shown(good['encoding'])}"
        _bad(sheet, draft, "encoding", what, 'for example "utf-8", "latin-1", "cp1252"', code="SB102")


def _is_encoding(name: str) -> bool:
    try:
        "".encode(name)
        return codecs.lookup(name) is not None
    except (LookupError, ValueError):
        return False


def _rule(sheet: Sheet, draft: Draft) -> None:
    _exactly_one(sheet, draft, ("from", "template", "value"), "its value comes")
    _filled(sheet, draft, "from")
    good = draft.good
    _template(sheet, draft, "template")
    lookups = sheet.entries(*draft.path[:2], "lookups")
    if good.get("lookup") is not None and good["lookup"] not in lookups:
        hint = names.did_you_mean(good["lookup"], lookups, "there is")
        what = f"names no lookup of the mapping: {names.shown(good['lookup'])}"
        _bad(
            sheet, draft, "lookup", what, hint or f"write a table [mappings.{draft.path[1]}.lookups.NAME]", code="SB102"
        )
    _format(sheet, draft, good.get("format"), good.get("as"))
    if good.get("as") not in (None, "number", "integer"):
        for key in ("scale", "offset"):
            if key in draft.raw:
                _bad(sheet, draft, key, f'needs as = "number", not "{good["as"]}"', code="SB105")


def _format(sheet: Sheet, draft: Draft, form: str | None, kind: str | None) -> None:
    if form is None:
        return
    timed = kind in ("datetime", "date") or (kind is None and draft.path[-1] in TIMES)
    unknown = sorted(set(DIRECTIVE.findall(form)) - names.DIRECTIVES)
    if not timed and "as" not in draft.raw:
        _bad(sheet, draft, "format", 'needs as = "datetime" or as = "date"', code="SB104")
    elif not timed and kind is not None:
        _bad(sheet, draft, "format", f'is for as = "datetime" or "date", not "{kind}"', code="SB105")
    elif form not in ("iso", "unix", "unix-ms") and "%" not in form:
        what = f'must be "iso", "unix", "unix-ms" or a strptime format like "%d/%m/%Y", got {names.shown(form)}'
        _bad(sheet, draft, "format", what, _form_hint(form), code="SB102")
    elif unknown or re.search(r"(?<!%)(?:%%)*%$", form):
        _bad(sheet, draft, "format", f"holds no strptime directive: `%{names.clip(unknown[0]) if unknown else ''}`")


def _form_hint(form: str) -> str | None:
    words = "write %Y for YYYY, %m for MM, %d for DD" if re.search("yyyy|mm|dd", form, re.IGNORECASE) else None
    return _close(form, ("iso", "unix", "unix-ms")) or words


def _close(name: str, known: tuple[str, ...]) -> str | None:
    meant = names.close(name, known)
    return f"did you mean `{meant}`?" if meant else None


def _template(sheet: Sheet, draft: Draft, key: str) -> None:
    text = draft.good.get(key)
    for match in PIECE.finditer(text) if isinstance(text, str) else ():
        alone = match.group() in ("{", "}")
        if alone or (match.group(1) is not None and not match.group(1).strip()):
            what = f"holds a `{match.group()}` alone" if alone else "names no field between `{` and `}`"
            hint = "a field stands as {path}; a brace itself is `{{` or `}}`"
            _bad(sheet, draft, key, f"{what}, at character {match.start() + 1}", hint, code="SB111")
            return


def _geometry(sheet: Sheet, draft: Draft) -> None:
    raw, good = draft.raw, draft.good
    options = ["wkt", "lon" if "lon" in raw or "lat" not in raw else "lat", "bbox", "geojson", "value"]
    _exactly_one(sheet, draft, options, "it comes")
    if ("lon" in raw) != ("lat" in raw):
        missing, given = ("lat", "lon") if "lon" in raw else ("lon", "lat")
        sheet.find("SB104", _at(draft, given), f"{_say(draft, given)} needs `{missing}` beside it")
    _filled(sheet, draft, "wkt", "lon", "lat", "bbox", "geojson")
    if isinstance(good.get("bbox"), list) and len(good["bbox"]) != 4:  # noqa: PLR2004
        what = f"must be one column, or four: west, south, east, north; got {len(good['bbox'])}"
        _bad(sheet, draft, "bbox", what)
    crs = good.get("crs")
    _template(sheet, draft, "crs")
    if crs is not None and "{" not in crs and "}" not in crs and not CRS.fullmatch(crs.strip()):
        what = f'must be like "EPSG:32633", or a template like "EPSG:{{proj:epsg}}", got {names.shown(crs)}'
        _bad(sheet, draft, "crs", what)
    for key in ("value", "default"):
        if isinstance(good.get(key), dict):
            _geojson(sheet, draft, key, good[key])


def _geojson(sheet: Sheet, draft: Draft, key: str, value: dict[str, Any]) -> None:
    if value.get("type") not in names.GEOMETRIES or not isinstance(value.get("coordinates"), list):
        hint = 'as in { type = "Point", coordinates = [24.9, 60.2] }'
        _bad(sheet, draft, key, "must be a GeoJSON geometry with `type` and `coordinates`", hint)


def _mapping(sheet: Sheet, draft: Draft) -> None:
    given = {key for key in TIMES if key in draft.raw}
    _filled(sheet, draft, "id", *TIMES)
    if not given:
        hint = "write `datetime`, or `start_datetime` and `end_datetime`"
        sheet.find("SB104", draft.path, f"{names.place(draft.path)}: `datetime` is missing", hint)
    elif given in ({"start_datetime"}, {"end_datetime"}, {"datetime", "start_datetime"}, {"datetime", "end_datetime"}):
        one = min(given - {"datetime"})
        other = "end_datetime" if one == "start_datetime" else "start_datetime"
        sheet.find("SB104", _at(draft, one), f"{_say(draft, one)} needs `{other}` beside it")
    for name, asset in sheet.entries(*draft.path, "assets").items():
        if isinstance(asset, dict) and "href" not in asset:
            path = _at(draft, "assets", name)
            sheet.find("SB104", path, f"{names.place(path)}: `href` is missing", 'as in href = "column"')
    rule = draft.good.get("stac_extensions")
    if isinstance(rule, schema.Rule) and not _is_texts(rule.value):
        hint = 'as in stac_extensions = { value = ["https://…/schema.json"] }'
        _bad(sheet, draft, "stac_extensions", "must be a constant list of URLs", hint)


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(entry, str) and entry for entry in value)


def _collection(sheet: Sheet, draft: Draft) -> None:
    name = draft.path[-1]
    if GLOB.search(name):
        sheet.find("SB110", draft.path, f"{names.place(draft.path)}: a pattern as target is not available yet")
    _filled(sheet, draft, "from", "license")
    _known(sheet, draft, "from", draft.good.get("from", []), "sources")
    if draft.good.get("mapping") is not None:
        _known(sheet, draft, "mapping", [draft.good["mapping"]], "mappings")
    elif "mapping" not in draft.raw:
        _needs_mapping(sheet, draft)
    for index, provider in enumerate(draft.good.get("providers", [])):
        if not isinstance(provider.get("name"), str) or not provider["name"].strip():
            path = _at(draft, "providers", str(index))
            sheet.find("SB104", path, f"{names.subject(path, 2)}: `name` is missing", 'as in { name = "Us" }')
    _extent(sheet, draft, draft.good.get("extent", {}))


def _known(sheet: Sheet, draft: Draft, key: str, written: list[str], table: str) -> None:
    known = sheet.entries(table)
    for index, name in enumerate(written):
        path = _at(draft, key, str(index)) if key == "from" else _at(draft, key)
        what = names.SINGULAR[table]
        if name not in known and name.strip():
            hint = names.did_you_mean(name, known, "there is") or f"there is no [{table}.NAME]"
            sheet.find("SB102", path, f"{names.place(draft.path)}: unknown {what} {names.shown(name)}", hint)
        elif name in written[:index]:
            sheet.find("SB105", path, f"{names.place(draft.path)}: {what} {names.shown(name)} is named twice")


def _needs_mapping(sheet: Sheet, draft: Draft) -> None:
    for name in draft.good.get("from", []):
        if sheet.entries("sources", name).get("kind") == "table":
            message = f"{names.place(draft.path)}: `mapping` is missing: source '{names.clip(name)}' gives records"
            known = sheet.entries("mappings")
            hint = f"there is: {names.listed(known)}" if known else "write a table [mappings.NAME] and name it here"
            sheet.find("SB104", draft.path, message, hint)
            return


def _extent(sheet: Sheet, draft: Draft, extent: dict[str, Any]) -> None:
    for key, value in extent.items():
        path = _at(draft, "extent", key)
        entries = value if isinstance(value, list) and value and isinstance(value[0], list) else [value]
        if key not in ("bbox", "interval"):
            hint = names.did_you_mean(key, ("bbox", "interval"), "it takes")
            sheet.find("SB101", path, f"unknown key `{names.clip(key)}` in {names.place(path[:-1])}", hint)
        elif not all(_is_box(entry) if key == "bbox" else _is_interval(entry) for entry in entries):
            what = "4 or 6 numbers" if key == "bbox" else 'two moments, as in ["2024-01-01T00:00:00Z", ".."]'
            sheet.find("SB103", path, f"{names.subject(path, 2)} must be {what}, or a list of such")


def _is_box(value: Any) -> bool:
    numbers = isinstance(value, list) and all(type(entry) in (int, float) for entry in value)
    return numbers and len(value) in BOXES


def _is_interval(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(isinstance(entry, str) for entry in value)  # noqa: PLR2004


def _validation(sheet: Sheet, draft: Draft) -> None:
    schemas = draft.good.get("schemas", [])
    for key in schemas if isinstance(schemas, dict) else ():
        if not re.match(r"https?://.", key):
            message = f"[validation]: {names.shown(key)} in 'schemas' must be a URL"
            sheet.find("SB103", _at(draft, "schemas", key), message, 'as in { "https://…/schema.json" = "file.json" }')
    if not all(isinstance(entry, str) and entry.strip() for entry in schemas):
        _bad(sheet, draft, "schemas", "must not hold an empty path")


def _build(sheet: Sheet, draft: Draft) -> None:
    if draft.good.get("jobs", 0) < 0:
        _bad(sheet, draft, "jobs", "must be 0 (one a core) or more")
    for key in ("max-failures", "max-deletions"):
        value = draft.good.get(key, 0)
        share = SHARE.fullmatch(value.strip()) if isinstance(value, str) else None
        if (isinstance(value, int) and value < 0) or (isinstance(value, str) and (not share or float(share[1]) > 100)):  # noqa: PLR2004
            hint = "remove the quotes" if str(value).isdigit() else None
            _bad(sheet, draft, key, f'must be a number or a share like "5%", got {names.shown(value)}', hint)


def _output(sheet: Sheet, draft: Draft) -> None:
    _filled(sheet, draft, "path", "collections")
    good = draft.good
    url = good.get("base-url")
    if url is not None and not re.fullmatch(r"https?://[^\s/?#]+(?:/[^\s?#]*)?", url):
        _bad(sheet, draft, "base-url", "must be a URL that begins with http:// or https://, without ? and #")
    path = good.get("path", "x")
    if "://" in path:
        _bad(sheet, draft, "path", "must be a path of this machine, not a URL")
    allowed = ("collection",) if draft.kind is schema.NdjsonOutput else ()
    _placeholders(sheet, draft, "path", path, allowed)
    if allowed and path.endswith(("/", "\\")):
        _bad(sheet, draft, "path", "must name a file, not a folder", 'as in "dist/{collection}.ndjson"')


def _placeholders(sheet: Sheet, draft: Draft, key: str, text: str, allowed: tuple[str, ...]) -> None:
    for name in dict.fromkeys(re.findall(r"\{([^{}]*)\}", text)):
        if name not in allowed:
            takes = " ".join(f"{{{one}}}" for one in allowed)
            what = f"takes {takes}, not {{{names.clip(name)}}}" if allowed else f"takes no {{{names.clip(name)}}}"
            _bad(sheet, draft, key, what, _close(name, allowed), code="SB102")
    if re.search("[{}]", re.sub(r"\{[^{}]*\}", "", text)):
        _bad(sheet, draft, key, "holds a brace alone", code="SB111")


def _stac_json(sheet: Sheet, draft: Draft) -> None:
    _output(sheet, draft)
    good = draft.good
    layout = good.get("layout", "{collection}/{id}.json")
    _placeholders(sheet, draft, "layout", layout, names.LAYOUT_NAMES)
    if "{id}" not in layout:
        _bad(sheet, draft, "layout", "must hold {id}: each item is a file of its own")
    if not layout.endswith(".json"):
        _bad(sheet, draft, "layout", "must end in .json")
    if layout.startswith("/") or {"..", ".", ""} & set(layout.split("/")) or CONTROL.search(layout) or "\\" in layout:
        _bad(sheet, draft, "layout", "must stay in the output's folder: names and `/` only")
    globs = good.get("collections") or ["*"]
    taken = [name for name in sheet.entries("collections") if any(fnmatch.fnmatchcase(name, glob) for glob in globs)]
    if len(taken) > 1 and "{id}" in layout and not FOLDER_FIRST.match(layout):
        what = "must have {collection} as a folder of its own before {id} and dates: there are several collections"
        _bad(sheet, draft, "layout", what, 'as in "{collection}/{year}/{id}.json"')
    if good.get("links") == "absolute" and "base-url" not in draft.raw:
        _bad(sheet, draft, "links", 'needs `base-url` when it is "absolute"', code="SB104")
    if not 0 <= good.get("indent", 0) <= 16:  # noqa: PLR2004
        _bad(sheet, draft, "indent", "must be from 0 to 16")


RULES: dict[type[Struct], Callable[[Sheet, Draft], None]] = {
    schema.Document: _document,
    schema.Catalog: lambda sheet, draft: _filled(sheet, draft, "id"),
    schema.TableSource: _table_source,
    schema.Rule: _rule,
    schema.Geometry: _geometry,
    schema.Mapping: _mapping,
    schema.Collection: _collection,
    schema.Validation: _validation,
    schema.StacJsonOutput: _stac_json,
    schema.NdjsonOutput: _output,
    schema.Cache: lambda sheet, draft: _filled(sheet, draft, "path"),
    schema.Build: _build,
    schema.Log: lambda sheet, draft: _filled(sheet, draft, "file"),
}
