"""Names and words of the recipe language: error codes, and how an error says it.

Never decides what is wrong: that is found by `load.py` and `checks.py`, which ask here for the words.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, Literal, get_args, get_origin

from msgspec import UnsetType

from stacbuild.recipe.extension_tables import From
from stacbuild.recipe.homes import home
from stacbuild.recipe.later import HINTS, LATER_KEYS, LATER_SHAPES, is_later
from stacbuild.recipe.lines import Finding, Path, printable

CODES: dict[str, str] = {
    "SB100": "The recipe cannot be read as TOML. Either there is no such file, or it is not UTF-8, or the line shown "
    "breaks a rule of TOML 1.0.",
    "SB101": "A key is not one that this table knows. Keys are kebab-case; the names of STAC fields keep their own "
    "spelling.",
    "SB102": "A value names something that does not exist: a kind, a source, a mapping, a lookup, or a word that is "
    "not among the allowed ones. The hint lists what there is.",
    "SB103": "A value has the wrong type or cannot be meant. The message says what is expected and what stands there.",
    "SB104": "A key that is needed is missing. It belongs into the table that is shown.",
    "SB105": "Keys of one table exclude each other. Keep one of them and remove the others.",
    "SB106": "A string refers to an environment variable that is not set, or the reference is not well formed. Write "
    "`${NAME}`, or `${NAME:-default}` for one that may be missing; `$${` is a literal `${`.",
    "SB107": "Outputs would overwrite one another, the recipe, the memory or a source. Give each output a path of its "
    "own.",
    "SB113": "A file that `include` names cannot be used: it is not there, cannot be read, or includes the file that "
    "names it. Its path is relative to the file that it is written in.",
    "SB114": "A key is set in two files of the recipe. Includes are put together key by key and no file wins over "
    "another: keep one of both.",
    "SB115": "The matrix cannot be applied. An entry that holds `{matrix.AXIS}` is copied for each value, so its name "
    "must hold it too and differ in each copy; outside of such entries it may stand in lists only.",
    "SB110": "This part of the recipe language is not available yet. Nothing else is wrong with it.",
    "SB111": "A template is not well formed. What stands between braces is a field's path, `{{` is a brace, and each "
    "`{` needs its `}`.",
}
"""Code → what it means and what to do, in two sentences."""

Slot = tuple[str, str]
"""A struct, and a key of it."""
WANTED: dict[Slot, str] = {
    ("Build", "max-failures"): 'a number or a share like "5%"',
    ("Build", "max-deletions"): 'a number or a share like "5%"',
    ("Geometry", "default"): 'a GeoJSON geometry or "null"',
    ("Validation", "schemas"): "a list of folders or a table of URL = file",
    ("Rule", "lookup"): 'the name of a lookup or a table like { file = "m.csv", key = "code", value = "name" }',
    ("Mapping", "stac_extensions"): 'a table like { value = ["https://…"] }',
}
"""(Struct, key) → what must stand there, where the type alone says it badly."""

SHAPES: dict[tuple[str, str], str] = {
    ("Build", "max-failures"): 'as in 5, or "5%"',
    ("Build", "max-deletions"): 'as in 5, or "5%"',
    ("Rule", "lookup"): 'as in lookup = "missions"',
    ("Mapping", "geometry"): 'as in geometry = { wkt = "footprint" }',
    ("Mapping", "stac_extensions"): 'as in { value = ["https://…/schema.json"] }',
    (
        "Mapping",
        "lookups",
    ): 'as in missions = { S2A = "sentinel-2a" }; a file is named in the rule: lookup = { file = … }',
    ("Validation", "extra"): 'as in extra = { "boreal-*" = ["ours.schema.json"] }',
    ("Collection", "set"): 'as in set = { "sci:doi" = "10.1000/x" }',
    ("AlternateAssets", "alternates"): 'as in alternates.mirror = { href = "https://…/{path}" }',
    ("Dgeo", "assets"): 'as in assets.data = { cid = { from = "properties.cid" } }',
    ("Eo", "assets"): 'as in assets.red = { bands = [{ common-name = "red" }] }',
    ("Raster", "assets"): 'as in assets.data = { bands = [{ data-type = "uint16", nodata = 0 }] }',
    ("Patch", "append"): 'a path is quoted, as in append = { "properties.tags" = ["a"] }',
}
"""(Struct, key) → what to write where a value has a wrong type."""

NEEDED: dict[tuple[str, str], str] = {
    ("Document", "catalog"): 'begin with [catalog] and id = "…"',
    ("Catalog", "id"): 'give the catalog an id, as in id = "boreal"',
    ("TableSource", "path"): 'name the file, as in path = "data/scenes.csv"',
    ("TableSource", "key"): 'name the column that identifies a record; "*" is the record\'s digest',
    ("StacItemsSource", "path"): 'name the files, as in path = "drop/**/*.json"',
    ("StacCatalogSource", "href"): 'name its root, as in href = "incoming/catalog.json"',
    ("Mapping", "id"): 'say where the id comes from, as in id = "scene_id"',
    ("Rule", "lookup"): 'as in lookup = "missions"',
    ("Mapping", "geometry"): 'as in geometry = { wkt = "footprint" } or { lon = "x", lat = "y" }',
    ("LookupFile", "file"): 'name the file, as in file = "missions.csv"',
    ("LookupFile", "key"): 'name the column with what stands in the record, as in key = "code"',
    ("Collection", "from"): 'name its sources, as in from = ["scenes"]',
    ("AlternateAssets", "alternates"): 'as in alternates.mirror = { href = "https://…/{path}" }',
    ("Alternate", "href"): 'as in href = "https://mirror.example.com/{path}"',
    ("Raster", "assets"): 'as in assets.data = { bands = [{ data-type = "uint16", nodata = 0 }] }',
    ("From", "from"): 'as in { from = "properties.cid" }',
    ("StacJsonOutput", "path"): 'name the folder, as in path = "dist/site"',
    ("NdjsonOutput", "path"): 'name the file, as in path = "dist/{collection}.ndjson"',
    ("ItemCollectionOutput", "path"): 'name the file, as in path = "dist/{collection}.geojson"',
    ("GeoParquetOutput", "path"): 'name the file, as in path = "dist/{collection}.parquet"',
}
"""(Struct, key) → what to write where a key is missing."""

OF_RECORDS = ("table", "json-api")
"""Kinds of sources that give records, of which a mapping makes items; all others give items."""
SPOKEN = {"true": "true", "yes": "true", "on": "true", "false": "false", "no": "false", "off": "false"}
"""How people say true and false elsewhere."""
LAYOUT_NAMES = ("collection", "id", "year", "month", "day")
GEOMETRIES = ("Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon")
TIMES = ("datetime", "start_datetime", "end_datetime")
DIRECTIVES = frozenset("aAwdbBmyYHIMSfzZjUWcxXGuV%") | {":z"}
"""What strptime knows behind a `%`."""
SINGULAR = {
    "sources": "source",
    "mappings": "mapping",
    "collections": "collection",
    "outputs": "output",
    "extensions": "extension",
    "patches": "patch",
}
WITHIN = {"properties": "property", "assets": "asset", "lookups": "lookup"}
LONGEST = 48
"""Characters of a user's value that a message shows; a longer one is described."""


def close(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that was probably meant."""
    from difflib import get_close_matches  # noqa: PLC0415 - loaded for bad recipes only

    options = {option.casefold().replace("_", "-"): option for option in known}
    found = get_close_matches(name.casefold().replace("_", "-"), options, n=1, cutoff=0.6)
    return options[found[0]] if found else None


def did_you_mean(name: str, known: Collection[str], what: str) -> str | None:
    """Return the hint for an unknown name: the close one, else what there is."""
    meant = close(name, known)
    if meant is not None:
        return f"did you mean `{clip(meant)}`?"
    return f"{what}: {listed(known)}" if known else None


def listed(names: Collection[str]) -> str:
    """Return names as a sentence shows them, the first twelve of many."""
    some = [f"`{clip(name)}`" for name in names][:12]
    more = [f"and {len(names) - len(some)} more"] if len(names) > len(some) else []
    return " and ".join(some) if len(names) == 2 else ", ".join([*some, *more])  # noqa: PLR2004


def clip(text: str) -> str:
    """Return a name as a message shows it."""
    return printable(text if len(text) <= LONGEST else text[:LONGEST] + "…")


def shown(value: Any) -> str:
    """Return a value as a message shows it: short ones whole, others by what they are, never a part of one."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return f'"{printable(value)}"' if len(value) <= LONGEST else f"a text of {len(value)} characters"
        case dict():
            return "a table"
        case list():
            return "a list" if value else "an empty list"
        case _:
            return str(value)


def place(path: Path) -> str:
    """Return what a table is called: `source 'landsat'`, `[build]`, `property 'gsd' of mapping 'scenes'`."""
    if not path:
        return "the recipe"
    if path[0] not in SINGULAR or len(path) == 1:
        return f"[{'.'.join(clip(name) for name in path)}]"
    whole = f"{SINGULAR[path[0]]} '{clip(path[1])}'"
    inner = path[2:]
    if len(inner) > 1 and inner[0] in WITHIN:
        whole = f"{WITHIN[inner[0]]} '{clip(inner[1])}' of {whole}"
        inner = inner[2:]
    return f"{key_of(inner)} of {whole}" if inner else whole


def key_of(path: Path) -> str:
    """Return what a key in a table is called: `'path'`, `entry 2 of 'path'`."""
    names = list(path)
    entries = ""
    while len(names) > 1 and names[-1].isdigit():
        entries += f"entry {int(names.pop()) + 1} of "
    return f"{entries}'{clip('.'.join(names))}'"


def subject(path: Path, depth: int) -> str:
    """Return the beginning of a sentence about the key at `path` in the table at its first `depth` names."""
    table = place(path[:depth])
    return key_of(path[depth:]) if not depth else f"{table}: {key_of(path[depth:])}"


def about(path: Path) -> str:
    """Return the beginning of a sentence about a key of which only the path is known."""
    depth = len(path) - 1
    while depth > 1 and path[depth].isdigit():
        depth -= 1
    return subject(path, depth)


# ---- what is wrong, as findings --------------------------------------------------------------------------------------


def unknown_key(name: str, value: Any, kind: str, known: Collection[str], path: Path) -> Finding:
    """Return the problem of a key that its table does not take."""
    within = f" in {place(path)}" if path else ""
    if name in LATER_KEYS.get(kind, ()):
        what = f"[{name}]" if not path and name != "include" else f"`{name}`{within}"
        return "SB110", (*path, name), f"{what} is not available yet", HINTS.get((kind, name))
    if not path and not isinstance(value, dict):
        near = "did you mean `include`?" if close(name, ["include"]) else None
        advice = near or home(name, path) or "write the table that it belongs into above it"
        return "SB101", (name,), f"unknown key `{clip(name)}` outside of all tables", advice
    hint = (home(name, path) if close(name, known) is None else None) or did_you_mean(name, known, "it takes")
    return "SB101", (*path, name), f"unknown {'key' if path else 'table'} `{clip(name)}`{within}", hint


def missing_key(name: str, kind: str, path: Path) -> Finding:
    """Return the problem of a key that its table needs."""
    message = f"{place(path)}: `{name}` is missing" if path else f"[{name}] is missing"
    return "SB104", path, message, NEEDED.get((kind, name))


def wrong_kind(value: dict[str, Any], tag: str, known: Collection[str], path: Path) -> Finding:
    """Return the problem of a table whose `kind` is missing or unknown."""
    written = value.get(tag)
    if tag not in value:
        return "SB104", path, f"{place(path)}: `{tag}` is missing", f"write {alternatives(known, f'{tag} = ')}"
    if is_later(path[0], tag, written):
        return (
            "SB110",
            (*path, tag),
            f"{place(path)}: kind `{written}` is not available yet",
            f"there is: {listed(known)}",
        )
    if not isinstance(written, str):
        return "SB103", (*path, tag), f"{place(path)}: '{tag}' must be a text in quotes, got {shown(written)}", None
    hint = did_you_mean(written, known, "there is")
    return (
        "SB102",
        (*path, tag),
        f"{place(path)}: unknown {'extension' if tag == 'use' else tag} {shown(written)}",
        hint,
    )


def wrong_value(value: Any, type_: Any, path: Path, kind: str, depth: int) -> Finding:
    """Return the problem of a value that has not the type of its key.

    Args:
        value: as written.
        type_: what the struct takes.
        path: of the value; may go on behind the key, into its tables and lists.
        kind: the struct's name.
        depth: how many names of the path lead to the struct's table.
    """
    slot = (kind, path[depth])
    about = subject(path, depth)
    later = LATER_SHAPES.get(slot)
    if later and isinstance(value, later[0]):
        return "SB110", path, f"{about} cannot be {later[1]}: not available yet", None
    if is_later(*slot, value):
        return "SB110", path, f"{about}: {shown(value)} is not available yet", HINTS.get(slot)
    wanted = WANTED.get(slot) if len(path) == depth + 1 else None
    words = choices(type_)
    if kind == "Document" and len(path) == 2 and not isinstance(value, dict | list):  # noqa: PLR2004 - [sources] itself
        hint = f"write [{path[0]}.NAME] above it" if path[0] in SINGULAR else None
        return "SB103", path, f"{about} must be a table, got {shown(value)}", hint
    code = "SB102" if words and isinstance(value, str) and wanted is None else "SB103"
    message = f"{about} must be {wanted or wanted_by(type_)}, got {shown(value)}"
    return code, path, message, _advice(value, type_, slot, words)


def _advice(value: Any, type_: Any, slot: Slot, words: list[str]) -> str | None:  # noqa: PLR0911 - one a mistake
    takes = [get_origin(option) or option for option in _parts(type_)]
    if slot in SHAPES:
        return SHAPES[slot]
    if slot[0] == "Document" and not (isinstance(value, list) and value and isinstance(value[0], dict)):
        return f"write [{slot[1]}{'.NAME' if slot[1] in SINGULAR else ''}] and its keys below it"
    match value:
        case str():
            return _advice_on_text(value, takes, words)
        case _ if _rules(takes):
            return "a constant is written { value = … }"
        case [_] if str in takes:
            return "remove the brackets"
        case [dict(), *_] if dict in takes or _tables(takes):
            return "a table has one pair of brackets: [name], not [[name]]"
        case int() | float() if str in takes:
            return "put it in quotes"
    return None


def _advice_on_text(value: str, takes: list[Any], words: list[str]) -> str | None:
    if words:
        meant = close(value, words)
        return f"did you mean `{meant}`?" if meant else None
    number = {int, float} & set(takes) and value.replace(".", "", 1).removeprefix("-").isdigit()
    if bool in takes and value.casefold() in SPOKEN and value not in ("true", "false"):
        return f"write {SPOKEN[value.casefold()]}, without quotes"
    if number or (bool in takes and value in ("true", "false")):
        return "remove the quotes"
    if From in takes and str not in takes and not number:
        more = ", and a constant stands in brackets" if list in takes else ""
        return f"a field is named so: {{ from = {shown(value) if len(value) <= LONGEST else '…'} }}{more}"
    if list in takes:
        return f"put it in brackets, as in [{shown(value) if len(value) <= LONGEST else '…'}]"
    return None


def _parts(type_: Any) -> list[Any]:
    inner = get_args(type_) if get_origin(type_) not in (dict, list, Literal) else ()
    return [part for part in inner or (type_,) if part not in (type(None), UnsetType)]


def _tables(takes: Iterable[Any]) -> bool:
    return any(hasattr(part, "__struct_config__") for part in takes)


def _rules(takes: list[Any]) -> bool:
    return str in takes and _tables(takes) and From not in takes


def choices(type_: Any) -> list[str]:
    """Return the words that a key takes, if it takes only such."""
    found = [get_args(part) for part in _parts(type_)]
    return [str(word) for words in found for word in words] if all(map(_is_literal, _parts(type_))) else []


def _is_literal(type_: Any) -> bool:
    return get_origin(type_) is Literal


TYPE_WORDS: dict[Any, str] = {
    str: "a text in quotes",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    dict: "a table",
}


def wanted_by(type_: Any) -> str:
    """Return what a type takes, in the words of a user."""
    parts = _parts(type_)
    if _rules(parts):
        return 'the name of a field or a table like { from = "…" }'
    if {int, float} <= set(parts):
        parts.remove(int)
    return " or ".join(dict.fromkeys(_part_words(part) for part in parts))


def _part_words(part: Any) -> str:
    if _is_literal(part):
        return alternatives([str(word) for word in get_args(part)])
    if get_origin(part) is list:
        entry = get_args(part)[0]
        words = {str: "a list of texts", int: "a list of whole numbers", int | float: "a list of numbers"}
        return words.get(entry, "a list of tables" if get_origin(entry) is dict else "a list")
    if part is From:
        return 'a table like { from = "…" }'
    return TYPE_WORDS.get(get_origin(part) or part, "a table")


def alternatives(words: Collection[str], before: str = "") -> str:
    """Return words as `"a", "b" or "c"`."""
    quoted = [f'{before}"{word}"' for word in words]
    return " or ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)
