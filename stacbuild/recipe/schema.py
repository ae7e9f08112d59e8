"""Every table that a user may write, as a struct; what stands here is what `check` accepts (extensions: beside it).

Keys are kebab-case in TOML and snake_case here (the exception: names that users choose). A field's default is the
default of the language; the text below a field is its meaning, as the reference page and editors show it. What
recipe.md names and is not built yet stands in `later.py`, not here.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final, Literal

from msgspec import UNSET, UnsetType, field

from stacbuild.recipe.extension_tables import Extension
from stacbuild.recipe.table import Code, File, Table

STAC_VERSION: Final = "1.1.0"
"""What every document says that is made here: root, collections, items of records."""


class Catalog(Table, frozen=True):
    """`[catalog]`: what the root document says."""

    id: str
    """The id of the root catalog."""
    title: str | None = None
    """A short name for people."""
    description: str | None = None
    """What the catalog holds, in CommonMark; without it the title, else the id."""
    stac_version: Literal["1.1.0", "keep"] = "1.1.0"
    """What older items are migrated to; `"keep"` leaves items as they are. The catalog and collections are 1.1.0."""


class TableSource(Table, frozen=True, tag_field="kind", tag="table"):
    """`[sources.NAME]` of kind `table`: records in csv, tsv, json, ndjson files (.gz, .zst too) and Parquet."""

    gives: ClassVar[Literal["records", "items"]] = "records"
    path: File | list[File]
    """The files: csv, tsv, json or ndjson, each also as `.gz` or `.zst`, or Parquet; a glob or a list of them."""
    key: str | list[str]
    """The column, or columns, that identify a record; `"*"`: the record's digest."""
    missing: list[str] = []
    """Words that stand for no value, besides an empty cell and null."""
    format: Literal["csv", "tsv", "json", "ndjson", "parquet"] | None = None
    """How the files are written; without it, told from each file's name."""
    encoding: str = "utf-8"
    """The encoding of csv and tsv files."""
    delimiter: str | None = None
    """The one character between a row's cells; without it the format's own."""
    ignore: list[str] = []
    """Fields that do not count: taken out of each record first, as if they were not there."""


class StacItemsSource(Table, frozen=True, tag_field="kind", tag="stac-items"):
    """`[sources.NAME]` of kind `stac-items`: STAC Items in files of any form (.gz, .zst too)."""

    gives: ClassVar[Literal["records", "items"]] = "items"
    path: File | list[File]
    """The files: an Item, a FeatureCollection, an array, ndjson (also `.gz`, `.zst`), or GeoParquet; a glob or a list
    of them."""
    ignore: list[str] = []
    """Paths of what is taken out of each item first: `links`, `properties.updated`, `assets.*.href?query`."""


class StacCatalogSource(Table, frozen=True, tag_field="kind", tag="stac-catalog"):
    """`[sources.NAME]` of kind `stac-catalog`: the Items of a static catalog on this machine, found from its root."""

    gives: ClassVar[Literal["records", "items"]] = "items"
    href: File
    """The catalog's root: the path of its `catalog.json`, or of a `collection.json`."""
    ignore: list[str] = []
    """Paths of what is taken out of each item first: `properties.updated`, `assets.*.href?query`. The links that say
    where it stands in its catalog never count."""
    follow_external: bool = False
    """Whether links to files outside of the root's folder are followed; without it they are counted and told."""
    keep_tree: bool = False
    """Whether outputs of kind `stac-json` keep its folders: the catalogs above and below its collections, and
    collections within collections. Other outputs have none."""


class LookupFile(Table, frozen=True):
    """`lookup` of a rule as a table: entries in a file."""

    file: File
    """The file: csv, tsv, json or ndjson, also as `.gz` or `.zst`."""
    key: str
    """The column with what stands in the record; no two rows may have the same."""
    value: str | None = None
    """The column with what it becomes; without it the whole row, as an object."""


class Rule(Table, frozen=True):
    """Where one value comes from: exactly one of `from`, `template`, `value`, `function`.

    Then lookup → split → join → as → scale → offset.
    """

    from_: str | list[str] | None = field(default=None, name="from")
    r"""A field of the record, as a dotted path; `'a\.b'` is one name with a dot. Several give a list of values."""
    template: str | None = None
    """Text with fields in braces, as in `{mission}_{scene_id}`; `{{` is a brace."""
    value: Any = UNSET
    """A constant of any type."""
    function: Code | None = None
    """A function of yours that is called with the record, as `file.py:name` or `package.module:name`."""
    lookup: str | LookupFile | None = None
    """A table of the mapping under `lookups`, or in a file, in which the value is looked up."""
    split: str | None = None
    """The text between the parts of a value, which becomes a list of them; empty parts are left out."""
    join: str | None = None
    """The text put between the entries of a list, which becomes text; fields that are missing are left out."""
    as_: Literal["string", "integer", "number", "boolean", "datetime", "date", "array", "object"] | None = field(
        default=None, name="as"
    )
    """The type that the value is read as, of a list each entry; without it, it stays as it is (csv gives texts)."""
    format: str | None = None
    """For dates: a strptime format, `iso` (the default), `unix` or `unix-ms`."""
    scale: float | None = None
    """A number that the value is multiplied by."""
    offset: float | None = None
    """A number that is then added."""
    default: Any = UNSET
    """What stands for a missing value."""
    required: bool = True
    """Whether a record without the value fails; `false` leaves the field out."""


class Geometry(Table, frozen=True):
    """`geometry` of a mapping: exactly one of `wkt`, `wkb`, `lon` with `lat`, `bbox`, `geojson`, `value`."""

    wkt: str | None = None
    """The field with WKT."""
    wkb: str | None = None
    """The field with WKB, as hexadecimal or base64 text (so Parquet's binary columns are read); EWKB says its crs."""
    lon: str | None = None
    """The field with the longitude of a point; with `lat`."""
    lat: str | None = None
    """The field with the latitude of a point; with `lon`."""
    bbox: str | list[str] | None = None
    """Four fields, west, south, east, north; or one field with 4 or 6 numbers."""
    geojson: str | None = None
    """The field with a GeoJSON geometry, as a table or as JSON text."""
    value: dict[str, Any] | None = None
    """A constant GeoJSON geometry."""
    crs: str | None = None
    """The coordinate system of the source, as in `EPSG:32633`, or a template: `EPSG:{proj:epsg}`."""
    default: dict[str, Any] | Literal["null"] | UnsetType = UNSET
    """A GeoJSON geometry for records that have none, or `"null"`."""


class Mapping(Table, frozen=True):
    """`[mappings.NAME]`: target on the left, where it comes from on the right; a bare string is a field's path."""

    id: str | Rule | None = None
    """The item's id; needed for records."""
    geometry: Geometry | None = None
    """Where the item's geometry comes from; its bbox follows. Needed for records."""
    datetime: str | Rule | None = None
    """The item's moment; with a start and an end instead it is null."""
    start_datetime: str | Rule | None = field(default=None, name="start_datetime")
    """The beginning of a span of time; with `end_datetime`."""
    end_datetime: str | Rule | None = field(default=None, name="end_datetime")
    """The end of a span of time; with `start_datetime`."""
    properties: dict[str, str | Rule] = {}
    """Each property of the item: its name, and where its value comes from."""
    assets: dict[str, dict[str, str | Rule]] = {}
    """Each asset of the item: its key, and its fields (`href` is needed)."""
    stac_extensions: Rule | None = field(default=None, name="stac_extensions")
    """The URLs of the extensions' schemas: `{ value = ["https://…"] }`."""
    collection: str | Rule | None = None
    """With a pattern as target: the collection that the record goes to."""
    timezone: str | None = None
    """The zone of moments that name none, as `Europe/Helsinki` or `+03:00`; without it UTC."""
    only: bool = False
    """Over items: `true` starts from nothing but id, geometry and times, where else all stays that is not named."""
    lookups: dict[str, dict[str, Any]] = {}
    """Tables that rules look values up in: what stands in the record = what it becomes."""


class Patch(Table, frozen=True):
    """`[patches.NAME]`: a change of the items that a condition selects, or of all."""

    where: str | None = None
    """CQL2: the items that it is for; a property that an item has not is unknown, never true. Without it all."""
    set: dict[str, Any] = {}
    """Quoted dotted path → the value that shall stand there; `*` is every member or element that is there, in a name
    any text, as in `"properties.s2:*"`."""
    append: dict[str, list[Any]] = {}
    """Quoted dotted path → values that shall stand in the array there, behind those that it holds."""
    remove: list[str] = []
    """Dotted paths of what is taken away, with `*` likewise."""
    drop: bool = False
    """Whether the items are left out of the catalog."""
    updated: bool = False
    """Whether `updated` of the items that it changes is when that was first seen; with the extension `timestamps` of a
    collection it always is."""


class Collection(Table, frozen=True):
    """`[collections.ID]`: a target."""

    from_: list[str] = field(name="from")
    """The sources whose items it takes."""
    mapping: str | None = None
    """The mapping that makes items of records."""
    title: str | None = None
    """A short name for people."""
    description: str | None = None
    """What the collection holds, in CommonMark; without it the title, else the id."""
    license: str | None = None
    """An SPDX identifier, or `other`, which is the default where no collection upstream says another."""
    keywords: list[str] = []
    """Words to find it by."""
    providers: list[dict[str, Any]] = []
    """Who made, hosts or licenses the data, each with a `name`."""
    assets: dict[str, dict[str, Any]] = {}
    """Assets of the collection itself, as a thumbnail: name → `href`, `type`, `roles`, `title` and so on."""
    summaries: list[str] = []
    """The properties of which the values, or their range, are told; extent and item_assets always are."""
    extent: dict[str, Any] = {}
    """`bbox` and `interval`: what is given here stands instead of what the items say. Of several, the whole is put
    before its parts; `..` is an open end."""
    where: str | None = None
    """CQL2: only items for which it is true are taken; a property that an item has not is unknown, never true."""
    set: dict[str, Any] = {}
    """Any other fields of the collection's document, each by its dotted path; `links` are put to those of the tree."""
    keep_removed: bool = False
    """Whether an item stays that its source has no more."""
    patches: list[str] = []
    """The patches that are applied to its items, in this order, after the extensions."""
    extensions: list[str] = []
    """The extensions that are applied to its items, in this order."""
    collection_extensions: list[str] = []
    """The extensions that are applied to the collection's own document, in this order."""
    on_duplicate: Literal["error", "first", "last"] = "error"
    """What is done when items share an id: all fail, or the first or last by `from`, file and line is taken."""


class Validation(Table, frozen=True):
    """`[validation]`: how items are judged."""

    level: Literal["strict", "warn", "off"] = "strict"
    """What an invalid item is: a failure (`strict`), written and reported (`warn`), or not looked for (`off`)."""
    missing_schemas: Literal["warn", "fail"] = "warn"
    """What is done with an item whose schema is not at hand: `warn` writes it unchecked, `fail` fails it."""
    schemas: list[File] | dict[str, File] = []
    """Folders laid out by URL (`https/host/path` or `host/path`), or URL → file. Looked in before the user's store."""
    engine: Literal["fast", "stac-valid", "stac-validator"] = "fast"
    """Who judges: `fast` (compiled schemas), or `stac-valid` (the reference library; formerly `stac-validator`)."""
    formats: Literal["datetime", "all", "off"] = "datetime"
    """The JSON Schema formats that are errors: `date-time` alone, all, or none; those of others are warnings."""
    extra: dict[str, list[File]] = {}
    """Own schemas that a collection's items must keep too: collection id or glob → files."""


class StacJsonOutput(Table, frozen=True, tag_field="kind", tag="stac-json"):
    """`[outputs.NAME]` of kind `stac-json`: catalog.json, a folder a collection, a file an item."""

    path: File
    """The folder of the tree."""
    layout: str = "{collection}/{id}/{id}.json"
    """An item's file in it; takes `{collection}`, `{id}`, `{year}`, `{month}` and `{day}`."""
    links: Literal["relative", "absolute"] = "relative"
    """How links between the files are written; `absolute` needs `base-url`."""
    base_url: str | None = None
    """The URL that the tree is served under."""
    indent: int = 2
    """Blanks that nested values are indented by; 0: none, on one line."""
    items: bool = True
    """Whether each item is a file of the tree; `false`: the documents only, without links to items."""
    mirror: str | None = None
    """The output of kind `geoparquet` whose file each collection names as its asset; it takes all of them, and is not
    cut by date."""
    collections_file: bool = False
    """Whether there is also collections.json, a plain list of the collections."""
    readme: bool = False
    """Whether there is also README.md: what the catalog holds, and how to open it."""
    collections: list[str] | None = None
    """The collections that it takes, as ids or globs; without it all."""


class NdjsonOutput(Table, frozen=True, tag_field="kind", tag="ndjson"):
    """`[outputs.NAME]` of kind `ndjson`: one item a line, ordered by id."""

    path: File
    """The file; with `{collection}` one for each."""
    base_url: str | None = None
    """The URL that relative hrefs are made absolute with."""
    hrefs: Literal["absolute", "as-is"] = "absolute"
    """Local hrefs: `absolute`, below `base-url`, and relative to the recipe's folder with a warning where there is
    none; `as-is`, relative to the recipe's folder."""
    collections: list[str] | None = None
    """The collections that it takes, as ids or globs; without it all."""


class ItemCollectionOutput(Table, frozen=True, tag_field="kind", tag="item-collection"):
    """`[outputs.NAME]` of kind `item-collection`: a GeoJSON FeatureCollection, items by id."""

    path: File
    """The file; with `{collection}` one for each."""
    base_url: str | None = None
    """The URL that relative hrefs are made absolute with."""
    hrefs: Literal["absolute", "as-is"] = "absolute"
    """Local hrefs: `absolute`, below `base-url`, and relative to the recipe's folder with a warning where there is
    none; `as-is`, relative to the recipe's folder."""
    collections: list[str] | None = None
    """The collections that it takes, as ids or globs; without it all."""


class GeoParquetOutput(Table, frozen=True, tag_field="kind", tag="geoparquet"):
    """`[outputs.NAME]` of kind `geoparquet`: stac-geoparquet, a row an item, by moment and id."""

    path: File
    """The file; with `{collection}` one for each; with `{year}` or `{month}` cut by date, so that only what changed is
    written again."""
    compression: Literal["zstd", "snappy", "gzip", "none"] = "zstd"
    """How pages are compressed."""
    row_group_size: int = 10_000
    """Rows of a row group: what a reader takes at once, and what is held in memory."""
    base_url: str | None = None
    """The URL that relative hrefs are made absolute with."""
    hrefs: Literal["absolute", "as-is"] | None = None
    """Local hrefs: `absolute`, below `base-url`; `as-is`, relative to the recipe's folder. Without it `absolute` where
    there is a `base-url`."""
    collections: list[str] | None = None
    """The collections that it takes, as ids or globs; without it all."""


class Cache(Table, frozen=True):
    """`[cache]`: where results are remembered."""

    backend: Literal["embedded", "filesystem"] = "embedded"
    """`embedded`: one SQLite file; `filesystem`: a file an entry, for a shared disk."""
    path: File = ".stacbuild/cache"
    """Its folder."""


class Build(Table, frozen=True):
    """`[build]`: how the work is done; nothing of what is built depends on it."""

    jobs: int = 0
    """Workers at once; 0: one a core."""
    executor: Literal["serial", "processes"] = "processes"
    """Where work is done: in worker processes, or in this one (`serial`)."""
    max_failures: int | str = "0%"
    """Failed items, as a number or a share, above which the build exits 1."""
    max_deletions: int | str = "10%"
    """Items of a source, as a number or a share, that may vanish at once; of more nothing is deleted."""


class Log(Table, frozen=True):
    """`[log]`: what is told, and where."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """The least that is told."""
    file: File | None = None
    """A file that gets the log as JSON lines."""


Source = TableSource | StacItemsSource | StacCatalogSource
Output = StacJsonOutput | NdjsonOutput | ItemCollectionOutput | GeoParquetOutput


class Document(Table, frozen=True, kw_only=True):
    """A whole recipe."""

    # `include` and `matrix` are empty when it is read: nothing may depend on how a recipe is written.
    include: list[str] = []
    """Files of which the tables are put to those of this one, key by key; paths in them are relative to them."""
    matrix: dict[str, list[str | int | float | dict[str, str | int | float]]] = {}
    """Axes: an entry with `{matrix.AXIS}` in its name is copied for each value."""
    catalog: Catalog
    """What the root document says."""
    sources: dict[str, Source] = {}
    """Where records and items come from."""
    mappings: dict[str, Mapping] = {}
    """How records become items."""
    extensions: dict[str, Extension] = {}
    """What is put into items besides, configured once and used by name."""
    patches: dict[str, Patch] = {}
    """Changes of items by selection, used by name."""
    collections: dict[str, Collection] = {}
    """The targets: which collections shall exist, of which sources."""
    validation: Validation = Validation()
    """How items are judged."""
    outputs: dict[str, Output] = {}
    """What is written, and where."""
    cache: Cache = Cache()
    """Where results are remembered."""
    build: Build = Build()
    """How the work is done; changes nothing of what is built."""
    log: Log = Log()
    """What is told, and where."""
