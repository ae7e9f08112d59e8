"""What of the recipe language is not built yet.

A name leaves these tables when it is built: it then stands in `schema.py` (a test holds that none is in both).
"""

from __future__ import annotations

from typing import Any

LATER_KEYS: dict[str, frozenset[str]] = {
    "TableSource": frozenset({"http"}),
    "StacItemsSource": frozenset({"http"}),
    "StacCatalogSource": frozenset({"http"}),
    "Cache": frozenset({"remote", "max-size", "trust", "write"}),
    "Build": frozenset({"refresh"}),
}
"""Struct → keys of the language that are not built yet."""

LATER_VALUES: dict[tuple[str, str], tuple[str, ...]] = {
    ("sources", "kind"): ("stac-api", "json-api", "raster", "stactools", "pgstac"),
    ("outputs", "kind"): ("pgstac",),
    ("Catalog", "stac-version"): ("1.0.0",),
    ("Cache", "backend"): ("redis", "redis:", "rediss:", "http:", "https:", "s3:"),
    ("Build", "executor"): ("dask",),
}
"""(Struct or table, key) → values that are not built yet; one that ends in a colon stands for a URL's scheme."""

HINTS: dict[tuple[str, str], str] = {
    ("Build", "refresh"): "no source over the network is available yet either",
}
"""(Struct, key) → what to do until the key is built."""

LATER_SHAPES: dict[tuple[str, str], tuple[type, str]] = {
    ("Collection", "mapping"): (dict, "a mapping of one collection alone"),
}
"""(Struct, key) → a type of value that is not built yet, and what it is called."""


def is_later(owner: str, key: str, value: Any) -> bool:
    """Tell whether a value belongs to the language and is not built yet."""
    later = LATER_VALUES.get((owner, key), ())
    return isinstance(value, str) and (value in later or (f"{value.partition('://')[0]}:" in later and "://" in value))
