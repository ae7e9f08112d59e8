"""Empty STAC documents to fill in: valid as they are, with a place for what most of them say. PURE."""

from __future__ import annotations

from typing import Any, Final

VERSION: Final = "1.1.0"

CATALOG: Final[dict[str, Any]] = {
    "type": "Catalog",
    "stac_version": VERSION,
    "id": "my-catalog",
    "title": "My catalog",
    "description": "What this catalog holds, and for whom.",
    "links": [],
}
COLLECTION: Final[dict[str, Any]] = {
    "type": "Collection",
    "stac_version": VERSION,
    "id": "my-collection",
    "title": "My collection",
    "description": "What this collection holds, and for whom.",
    "keywords": [],
    "license": "other",
    "providers": [{"name": "My organisation", "roles": ["host"], "url": "https://example.com"}],
    "extent": {
        "spatial": {"bbox": [[-180.0, -90.0, 180.0, 90.0]]},
        "temporal": {"interval": [["2024-01-01T00:00:00Z", None]]},
    },
    "links": [],
}
ITEM: Final[dict[str, Any]] = {
    "type": "Feature",
    "stac_version": VERSION,
    "stac_extensions": [],
    "id": "my-item",
    "geometry": {
        "type": "Polygon",
        "coordinates": [[[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0], [-1.0, -1.0]]],
    },
    "bbox": [-1.0, -1.0, 1.0, 1.0],
    "properties": {"title": "My item", "datetime": "2024-01-01T00:00:00Z"},
    "links": [],
    "assets": {
        "data": {
            "href": "./my-item.tif",
            "type": "image/tiff; application=geotiff; profile=cloud-optimized",
            "roles": ["data"],
        }
    },
}
TEMPLATES: Final = {"catalog": CATALOG, "collection": COLLECTION, "item": ITEM}
