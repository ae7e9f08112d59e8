"""Which columns are the hrefs of assets, and what lies there by its name. PURE."""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

from stacbuild.init.sample import Column

TYPES: Final = {
    "tif": "image/tiff; application=geotiff",
    "tiff": "image/tiff; application=geotiff",
    "jp2": "image/jp2",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "json": "application/json",
    "geojson": "application/geo+json",
    "xml": "application/xml",
    "html": "text/html",
    "txt": "text/plain",
    "csv": "text/csv",
    "pdf": "application/pdf",
    "zip": "application/zip",
    "nc": "application/netcdf",
    "h5": "application/x-hdf5",
    "hdf5": "application/x-hdf5",
    "hdf": "application/x-hdf",
    "laz": "application/vnd.laszip",
    "las": "application/vnd.las",
    "gpkg": "application/geopackage+sqlite3",
    "parquet": "application/vnd.apache.parquet",
    "zarr": "application/vnd+zarr",
}
_URL: Final = re.compile(r"(https?|s3|gs|az|abfs|ftp)://\S+", re.IGNORECASE)
_FILE: Final = re.compile(rf"[^\s:;,|]+\.({'|'.join(TYPES)}|vrt|img|safe|dat|tar|gz)", re.IGNORECASE)
_NAME: Final = re.compile(r"[ _.:-]*(href|url|uri|link|path|file|filename|location)s?$", re.IGNORECASE)
_THUMBNAIL: Final = re.compile(r"thumb|preview|quick|browse", re.IGNORECASE)
_METADATA: Final = re.compile(r"meta|xml|json|mtl|sidecar|manifest", re.IGNORECASE)


class Asset(Struct):
    """An asset: its name, the column of its href, media type, role; `required` where every record has it."""

    name: str
    path: str
    type: str | None
    role: str
    required: bool


def is_href(column: Column) -> bool:
    """Tell whether all values of a column are URLs or names of files."""
    texts = [value for value in column.values if isinstance(value, str)]
    if not texts or len(texts) < len(column.values):
        return False
    return all(_URL.fullmatch(text) or _FILE.fullmatch(text) for text in texts)


def find(columns: list[Column]) -> list[Asset]:
    """Return the assets that the columns hold."""
    found: list[Asset] = []
    for column in columns:
        if is_href(column):
            names = {asset.name for asset in found}
            name = _named(column)
            while name in names:
                name += "_"
            found.append(Asset(name, column.path, _type(column), _role(column), column.filled))
    return found


def _named(column: Column) -> str:
    words = [_NAME.sub("", column.name.strip()), *reversed(column.path.split(".")[:-1])]
    names = (re.sub(r"[^A-Za-z0-9_-]+", "_", word).strip("_").lower() for word in words)
    return next(filter(None, names), "data")


def _type(column: Column) -> str | None:
    """Return the media type if all names end alike."""
    ends = {re.sub(r"[?#].*", "", str(value)).rsplit(".", 1)[-1].lower() for value in column.values}
    return TYPES.get(ends.pop()) if len(ends) == 1 else None


def _role(column: Column) -> str:
    kind = _type(column) or ""
    if _THUMBNAIL.search(column.name):
        return "thumbnail"
    return "metadata" if _METADATA.search(column.name) or kind in ("application/xml", "application/json") else "data"
