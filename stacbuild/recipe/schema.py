"""Every table that a user may write, as a struct; what stands here is what `check` accepts.

Keys are kebab-case in TOML and snake_case here (the exception: names that users choose). A field's default is the
default of the language. What recipe.md names and is not built yet stands in `names.py`, not here.
"""

from __future__ import annotations

from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType, field


class Table(Struct, rename="kebab", forbid_unknown_fields=True, omit_defaults=False, kw_only=True, frozen=True):
    """Base of all tables: kebab-case keys, unknown keys refused."""


class Catalog(Table, frozen=True):
    """`[catalog]`: what the root document says."""

    id: str
    title: str | None = None
    description: str | None = None
    stac_version: Literal["1.1.0"] = "1.1.0"


class TableSource(Table, frozen=True, tag_field="kind", tag="table"):
    """`[sources.NAME]` of kind `table`: records in csv, tsv, json, ndjson files (.gz, .zst too)."""

    path: str | list[str]
    key: str | list[str]
    missing: list[str] = []
    format: Literal["csv", "tsv", "json", "ndjson"] | None = None
    """None: told from the file's name."""
    encoding: str = "utf-8"
    delimiter: str | None = None


class Rule(Table, frozen=True):
    """Where one value comes from: exactly one of `from`, `template`, `value`; then lookup → as → scale → offset."""

    from_: str | None = field(default=None, name="from")
    template: str | None = None
    value: Any = UNSET
    lookup: str | None = None
    as_: Literal["string", "integer", "number", "boolean", "datetime", "date", "array", "object"] | None = field(
        default=None, name="as"
    )
    format: str | None = None
    scale: float | None = None
    offset: float | None = None
    default: Any = UNSET
    required: bool = True


class Geometry(Table, frozen=True):
    """`geometry` of a mapping: exactly one of `wkt`, `lon` with `lat`, `bbox`, `geojson`, `value`."""

    wkt: str | None = None
    lon: str | None = None
    lat: str | None = None
    bbox: str | list[str] | None = None
    geojson: str | None = None
    value: dict[str, Any] | None = None
    crs: str | None = None
    """`EPSG:32633`, or a template: `EPSG:{proj:epsg}`."""
    default: dict[str, Any] | Literal["null"] | UnsetType = UNSET


class Mapping(Table, frozen=True):
    """`[mappings.NAME]`: target on the left, where it comes from on the right; a bare string is a field's path."""

    id: str | Rule
    geometry: Geometry
    datetime: str | Rule | None = None
    start_datetime: str | Rule | None = field(default=None, name="start_datetime")
    end_datetime: str | Rule | None = field(default=None, name="end_datetime")
    properties: dict[str, str | Rule] = {}
    assets: dict[str, dict[str, str | Rule]] = {}
    stac_extensions: Rule | None = field(default=None, name="stac_extensions")
    collection: str | Rule | None = None
    """With a pattern as target: the collection that the record goes to."""
    lookups: dict[str, dict[str, Any]] = {}


class Collection(Table, frozen=True):
    """`[collections.ID]`: a target."""

    from_: list[str] = field(name="from")
    mapping: str | None = None
    title: str | None = None
    description: str | None = None
    license: str = "other"
    keywords: list[str] = []
    providers: list[dict[str, Any]] = []
    summaries: list[str] = []
    extent: dict[str, Any] = {}
    on_duplicate: Literal["error"] = "error"


class Validation(Table, frozen=True):
    """`[validation]`."""

    level: Literal["strict", "warn", "off"] = "strict"
    missing_schemas: Literal["warn", "fail"] = "warn"
    schemas: list[str] | dict[str, str] = []
    """Folders laid out by URL (`https/host/path` or `host/path`), or URL → file."""


class StacJsonOutput(Table, frozen=True, tag_field="kind", tag="stac-json"):
    """`[outputs.NAME]` of kind `stac-json`: catalog.json, a folder a collection, a file an item."""

    path: str
    layout: str = "{collection}/{id}/{id}.json"
    links: Literal["relative", "absolute"] = "relative"
    base_url: str | None = None
    indent: int = 2
    collections: list[str] | None = None


class NdjsonOutput(Table, frozen=True, tag_field="kind", tag="ndjson"):
    """`[outputs.NAME]` of kind `ndjson`: one item a line, ordered by id."""

    path: str
    base_url: str | None = None
    collections: list[str] | None = None


class Cache(Table, frozen=True):
    """`[cache]`: where results are remembered."""

    backend: Literal["embedded", "filesystem"] = "embedded"
    path: str = ".stacbuild/cache"


class Build(Table, frozen=True):
    """`[build]`: how, never what: nothing here is in a key."""

    jobs: int = 0
    executor: Literal["serial", "processes"] = "processes"
    max_failures: int | str = "0%"
    max_deletions: int | str = "10%"


class Log(Table, frozen=True):
    """`[log]`."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    file: str | None = None


Source = TableSource
Output = StacJsonOutput | NdjsonOutput


class Document(Table, frozen=True):
    """A whole recipe."""

    catalog: Catalog
    sources: dict[str, Source] = {}
    mappings: dict[str, Mapping] = {}
    collections: dict[str, Collection] = {}
    validation: Validation = Validation()
    outputs: dict[str, Output] = {}
    cache: Cache = Cache()
    build: Build = Build()
    log: Log = Log()
