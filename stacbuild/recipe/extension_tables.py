"""The tables of `[extensions.NAME]`, as `schema.py` has those of all else: one struct for each extension built in.

A text is a template with fields of the item: `{properties.platform}`, `{platform}`, in an asset also `{asset}` (its
key) and `{this.href}`. A value that is no text is taken from a field by `{ from = … }`; `{ value = … }` is a constant.
An asset that an item has not is never made.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from msgspec import UNSET, field

from stacbuild.recipe.table import Code, Table


class From(Table, frozen=True):
    """A value of an extension that is taken from the item: `{ from = "properties.cid" }`."""

    from_: str | list[str] = field(name="from")
    """A dotted path in the item; `properties` may be left out, `this` is the asset that is set. Several give a list."""
    default: Any = UNSET
    """What stands for a missing value."""
    required: bool = True
    """Whether an item without the value fails; `false` leaves the field out."""


Text = str | From | None
Number = int | float | From | None
Truth = bool | From | None


class Alternate(Table, frozen=True):
    """`alternates.NAME` of the extension `alternate-assets`: one other place of the same bytes."""

    href: str
    """Where they are: a template with `{path}` (without `..`) and `{name}` of the asset's href, `{asset}`, and the
    item's fields."""
    name: str | None = None
    """What the place is called (`alternate:name`)."""
    title: str | None = None
    """A short name for people: a template as `href`."""
    description: str | None = None
    """More words for people: a template as `href`."""
    fields: dict[str, Any] = {}
    """Other fields of the entry, as of the storage and auth extensions; texts are templates."""


class AlternateAssets(Table, frozen=True, tag_field="use", tag="alternate-assets"):
    """`[extensions.NAME]` with `use = "alternate-assets"`: other places of the same bytes."""

    alternates: dict[str, Alternate]
    """The other places: the same name is the same place in all items."""
    assets: list[str] | None = None
    """The assets that get them; without it all that have an href."""
    own_name: str | None = None
    """What the place of the asset's own href is called."""


class Fields(Table, frozen=True, tag_field="use", tag="fields"):
    """`[extensions.NAME]` with `use = "fields"`: any fields, under any schema."""

    schema: str | None = None
    """The URI of the schema that documents with these fields declare."""
    properties: dict[str, Any] = {}
    """Fields of the item's properties, or of the collection; texts are templates with the item's fields."""
    assets: dict[str, Any] = {}
    """Fields of every asset, likewise."""


class DgeoAsset(Table, frozen=True):
    """`assets.KEY` of the extension `dgeo`: what is said of one asset."""

    cid: Text = None
    """The CID of its bytes (`dgeo:cid`); it must be among those of the item."""
    piece_cid: Text = None
    """The CID of the Filecoin piece that holds it (`dgeo:piece_cid`)."""
    cid_profile: dict[str, Any] = {}
    """How the CID was made (`dgeo:cid_profile`), as in { cid_version = 1, hash_function = "sha2-256" }."""


class Dgeo(Table, frozen=True, tag_field="use", tag="dgeo"):
    """`[extensions.NAME]` with `use = "dgeo"`: content identifiers of decentralised storage."""

    cids: list[str] | From | None = None
    """The CIDs of the item (`dgeo:cids`); without it those that it has, and those of its assets."""
    piece_cids: list[str] | From | None = None
    """The CIDs of Filecoin pieces (`dgeo:piece_cids`); without it as `cids`."""
    assets: dict[str, DgeoAsset] = {}
    """Asset key → what is said of it; `"*"` is every other asset."""
    ownership: Any = None
    """`dgeo:ownership`, of any form. No published schema knows it."""
    licensing: Any = None
    """`dgeo:licensing`, of any form. No published schema knows it."""
    tokenization: Any = None
    """`dgeo:tokenization`, of any form. No published schema knows it."""
    provenance: Any = None
    """`dgeo:provenance`, of any form. No published schema knows it."""
    schema: str = "https://raw.githubusercontent.com/DecentralizedGeo/dgeo-asset/refs/heads/pgstac-variant/json-schema/schema.json"
    """The URI of the schema that items with CIDs declare: it has moved before."""


class FileInfo(Table, frozen=True, tag_field="use", tag="file"):
    """`[extensions.NAME]` with `use = "file"`: checksum and size of assets that are files of this machine."""

    assets: list[str] | None = None
    """The assets that get them; without it all that are local. Others are left alone."""
    checksum: bool = True
    """Whether `file:checksum` is written, as a multihash of SHA-256."""
    size: bool = True
    """Whether `file:size` is written, in bytes."""
    missing: Literal["error", "skip"] = "error"
    """What a file that cannot be read does: the item fails, or the asset stays as it is (`skip`)."""


class ProjectionFields(Table, frozen=True):
    """Fields of the projection extension, of an item or of one asset."""

    code: Text = None
    """The coordinate system (`proj:code`), as in `EPSG:32633`."""
    wkt2: Text = None
    """The same as WKT2 (`proj:wkt2`)."""
    projjson: dict[str, Any] = {}
    """The same as PROJJSON (`proj:projjson`), or `{ from = … }`."""
    geometry: dict[str, Any] = {}
    """The footprint in that system (`proj:geometry`), or `{ from = … }`."""
    bbox: list[int | float] | From | None = None
    """Its bounds in that system (`proj:bbox`): 4 or 6 numbers."""
    centroid: dict[str, Any] = {}
    """`{ lat = …, lon = … }` of its middle in degrees (`proj:centroid`), or `{ from = … }`."""
    shape: list[int] | From | None = None
    """Rows and columns (`proj:shape`)."""
    transform: list[int | float] | From | None = None
    """The affine transform, 6 or 9 numbers (`proj:transform`)."""


class Projection(ProjectionFields, frozen=True, tag_field="use", tag="projection"):
    """`[extensions.NAME]` with `use = "projection"`: coordinate systems and grids of the data.

    Of a collection: `summaries`, and `item_assets`.
    """

    assets: dict[str, ProjectionFields] = {}
    """Asset key → the fields of that asset; `"*"` is every other asset."""
    compute_bbox: bool = False
    """Whether `proj:bbox` is worked out where it is not given: of transform and shape, else of the geometry."""


class ProjCompat(Table, frozen=True, tag_field="use", tag="proj-compat"):
    """`[extensions.NAME]` with `use = "proj-compat"`: `proj:epsg` beside `proj:code`, for programs that know only that.

    The projection extension is then declared as 1.2.0, which knows both. It stands behind `projection`.
    """


class EoFields(Table, frozen=True):
    """Fields of the electro-optical extension that bands and single assets have."""

    common_name: Text = None
    """The common name (`eo:common_name`), as in `red` or `nir`."""
    center_wavelength: Number = None
    """The middle of the band in micrometres (`eo:center_wavelength`)."""
    full_width_half_max: Number = None
    """Its width at half of the maximum in micrometres (`eo:full_width_half_max`)."""
    solar_illumination: Number = None
    """The solar illumination in W/m²/µm (`eo:solar_illumination`)."""


class EoBand(EoFields, frozen=True):
    """One of the `bands` of an asset, for `eo`: it goes to the asset's band of that name, or at that place."""

    name: str | None = None
    """The name of the band; all bands of an asset have one, or none."""
    description: Text = None
    """What the band shows."""


class EoAsset(EoFields, frozen=True):
    """`assets.KEY` of the extension `eo`."""

    cloud_cover: Number = None
    """Clouds in percent (`eo:cloud_cover`)."""
    snow_cover: Number = None
    """Snow and ice in percent (`eo:snow_cover`)."""
    bands: list[EoBand] = []
    """What is said of its bands, in their order."""


class Eo(Table, frozen=True, tag_field="use", tag="eo"):
    """`[extensions.NAME]` with `use = "eo"`: what electro-optical sensors see. Of a collection: `item_assets`."""

    cloud_cover: Number = None
    """Clouds in percent (`eo:cloud_cover`)."""
    snow_cover: Number = None
    """Snow and ice in percent (`eo:snow_cover`)."""
    assets: dict[str, EoAsset] = {}
    """Asset key → the fields of that asset, and its bands; `"*"` is every other asset."""


class RasterFields(Table, frozen=True):
    """Fields of the raster extension, and of the core beside it, that bands and single assets have."""

    data_type: Text = None
    """The type of a value (`data_type`), as in `uint16`."""
    nodata: int | float | str | From | None = None
    """The value that stands for none (`nodata`); `"nan"`, `"inf"` and `"-inf"` are texts."""
    unit: Text = None
    """The unit of the values (`unit`)."""
    statistics: dict[str, Any] = {}
    """`{ minimum = …, maximum = …, … }` of the values (`statistics`), or `{ from = … }`."""
    bits_per_sample: int | From | None = None
    """The bits of a value (`raster:bits_per_sample`)."""
    sampling: Literal["area", "point"] | From | None = None
    """Whether a value is of an area or of a point (`raster:sampling`)."""
    scale: Number = None
    """What a value is multiplied by (`raster:scale`)."""
    offset: Number = None
    """What is then added (`raster:offset`)."""
    spatial_resolution: Number = None
    """The size of a pixel in metres (`raster:spatial_resolution`)."""
    histogram: dict[str, Any] = {}
    """`{ count = …, min = …, max = …, buckets = […] }` (`raster:histogram`), or `{ from = … }`."""


class RasterBand(RasterFields, frozen=True):
    """One of the `bands` of an asset, for `raster`: it goes to the asset's band of that name, or at that place."""

    name: str | None = None
    """The name of the band; all bands of an asset have one, or none."""
    description: Text = None
    """What the band holds."""


class RasterAsset(RasterFields, frozen=True):
    """`assets.KEY` of the extension `raster`."""

    bands: list[RasterBand] = []
    """What is said of its bands, in their order."""


class Raster(Table, frozen=True, tag_field="use", tag="raster"):
    """`[extensions.NAME]` with `use = "raster"`: how the values are to be read. Of a collection: `item_assets`."""

    assets: dict[str, RasterAsset]
    """Asset key → the fields of that asset, and its bands; `"*"` is every other asset."""


class View(Table, frozen=True, tag_field="use", tag="view"):
    """`[extensions.NAME]` with `use = "view"`: angles of sensor, sun and moon. Of a collection: `summaries`."""

    off_nadir: Number = None
    """Between the sensor's nadir and the scene (`view:off_nadir`)."""
    incidence_angle: Number = None
    """Between the vertical of the scene and the sensor (`view:incidence_angle`)."""
    azimuth: Number = None
    """From the scene to the sensor, clockwise from north (`view:azimuth`)."""
    sun_azimuth: Number = None
    """From the scene to the sun, clockwise from north (`view:sun_azimuth`)."""
    sun_elevation: Number = None
    """The sun above the horizon (`view:sun_elevation`)."""
    moon_azimuth: Number = None
    """From the scene to the moon, clockwise from north (`view:moon_azimuth`)."""
    moon_elevation: Number = None
    """The moon above the horizon (`view:moon_elevation`)."""


class Processing(Table, frozen=True, tag_field="use", tag="processing"):
    """`[extensions.NAME]` with `use = "processing"`: how the data were made. Nothing of the build or its clock.

    Of a collection: with the providers that process, else that produce, else in `summaries`.
    """

    expression: dict[str, Any] = {}
    """`{ format = …, expression = … }` of the computation (`processing:expression`)."""
    lineage: Text = None
    """How it was made, in words (`processing:lineage`)."""
    level: Text = None
    """The level of processing (`processing:level`), as in `L2A`."""
    facility: Text = None
    """Where it was made (`processing:facility`)."""
    version: Text = None
    """The version of the processing (`processing:version`)."""
    software: dict[str, str] = {}
    """Programs and their versions (`processing:software`), as in { "our-chain" = "2.1" }."""
    datetime: Text = None
    """When it was made (`processing:datetime`), as the item or you say it: no clock is read."""


class Version(Table, frozen=True, tag_field="use", tag="version"):
    """`[extensions.NAME]` with `use = "version"`: which version of the data this is."""

    version: Text = None
    """The version."""
    deprecated: Truth = None
    """Whether it should be used no more."""
    experimental: Truth = None
    """Whether it may still change."""


class Publication(Table, frozen=True):
    """One of the `publications` of the extension `scientific`."""

    doi: str | None = None
    """Its DOI, without a URL."""
    citation: str | None = None
    """How it is cited."""


class Scientific(Table, frozen=True, tag_field="use", tag="scientific"):
    """`[extensions.NAME]` with `use = "scientific"`: how the data are cited; links `cite-as` are made of the DOIs."""

    doi: Text = None
    """The DOI of the data (`sci:doi`), as in `10.1000/xyz123`, without a URL."""
    citation: Text = None
    """How they are cited (`sci:citation`)."""
    publications: list[Publication] = []
    """What was published on them (`sci:publications`)."""


class Timestamps(Table, frozen=True, tag_field="use", tag="timestamps"):
    """`[extensions.NAME]` with `use = "timestamps"`: `created` and `updated`, applied behind all other extensions.

    What patches change behind it moves `updated` as well.
    """

    from_: list[str] = field(name="from", default_factory=lambda: ["properties.updated"])
    """Fields that tell when an item changed: the newest is `updated`; without one, when it was first seen is."""


class PlugIn(Table, frozen=True, tag_field="use", tag="plug-in"):
    """`[extensions.NAME]` of an extension that is not built in: `use` says where its code is, the rest is its own."""

    open: ClassVar[bool] = True
    """Takes every `use` that no other table takes, and any key."""
    code: Code
    """`plugins/ours.py:Class`, `package.module:Class`, an entry point of `stacbuild.extensions`, or a file's name in
    `~/.config/stacbuild/extensions/`."""
    config: dict[str, Any] = {}
    """What else stands in its table."""


Extension = (
    AlternateAssets
    | Dgeo
    | Eo
    | Fields
    | FileInfo
    | ProjCompat
    | Processing
    | Projection
    | Raster
    | Scientific
    | Timestamps
    | Version
    | View
    | PlugIn
)
