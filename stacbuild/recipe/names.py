"""Names and words of the recipe language: error codes, what is not built yet, and how a place is called.

A name moves from `LATER_KEYS` or `LATER_VALUES` into `schema.py` when it is built (a test holds that none is in both).
Never looks at a recipe.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from difflib import get_close_matches
from typing import Any

from stacbuild.recipe.lines import printable

Path = tuple[str, ...]

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
    "SB110": "This part of the recipe language is not available yet. Nothing else is wrong with it.",
    "SB111": "A template is not well formed. What stands between braces is a field's path, `{{` is a brace, and each "
    "`{` needs its `}`.",
}
"""Code → what it means and what to do, in two sentences."""

LATER_KEYS: dict[str, frozenset[str]] = {
    "Document": frozenset({"include", "matrix", "extensions", "patches"}),
    "TableSource": frozenset({"http", "ignore"}),
    "Rule": frozenset({"split", "join"}),
    "Geometry": frozenset({"wkb"}),
    "Mapping": frozenset({"only", "timezone", "collection", "function"}),
    "Collection": frozenset({"where", "patches", "extensions", "keep-removed", "set", "collection-extensions"}),
    "Validation": frozenset({"engine", "formats", "extra"}),
    "StacJsonOutput": frozenset({"mirror", "collections-file", "readme", "items", "hrefs"}),
    "NdjsonOutput": frozenset({"hrefs"}),
    "Cache": frozenset({"remote", "max-size", "trust", "write"}),
    "Build": frozenset({"refresh"}),
}
"""Struct → keys of the language that are not built yet."""

LATER_VALUES: dict[tuple[str, str], tuple[str, ...]] = {
    ("sources", "kind"): ("stac-api", "stac-catalog", "stac-items", "json-api", "raster", "stactools", "pgstac"),
    ("outputs", "kind"): ("geoparquet", "item-collection", "pgstac"),
    ("Catalog", "stac-version"): ("keep", "1.0.0"),
    ("TableSource", "format"): ("parquet",),
    ("Collection", "on-duplicate"): ("first", "last"),
    ("Cache", "backend"): ("redis", "redis:", "rediss:", "http:", "https:", "s3:"),
    ("Build", "executor"): ("dask",),
}
"""(Struct or table, key) → values that are not built yet; one that ends in a colon stands for a URL's scheme."""

HINTS: dict[tuple[str, str], str] = {
    ("Document", "include"): "put the tables into this file",
    ("Document", "matrix"): "write one table for each value",
    ("Validation", "engine"): 'leave it out: "fast" is what runs',
    ("Validation", "formats"): 'leave it out: "datetime" is what is asserted',
    ("Build", "refresh"): "no source over the network is available yet either",
}
"""(Struct, key) → what to do until the key is built."""

WANTED: dict[tuple[str, str], str] = {
    ("Build", "max-failures"): 'a number or a share like "5%"',
    ("Build", "max-deletions"): 'a number or a share like "5%"',
    ("Geometry", "default"): 'a GeoJSON geometry or "null"',
    ("Validation", "schemas"): "a list of folders or a table of URL = file",
    ("Mapping", "stac_extensions"): 'a table like { value = ["https://…"] }',
}
"""(Struct, key) → what must stand there, where the type alone says it badly."""

SINGULAR = {"sources": "source", "mappings": "mapping", "collections": "collection", "outputs": "output"}
WITHIN = {"properties": "property", "assets": "asset", "lookups": "lookup"}
LONGEST = 48
"""Characters of a user's value that a message shows; a longer one is described."""


def is_later(owner: str, key: str, value: Any) -> bool:
    """Tell whether a value belongs to the language and is not built yet."""
    later = LATER_VALUES.get((owner, key), ())
    return isinstance(value, str) and (value in later or f"{value.partition('://')[0]}:" in later and "://" in value)


def close(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that was probably meant."""
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
    return ", ".join([*some, *more])


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
