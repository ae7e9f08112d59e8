"""Kitchens with a geoparquet output: of records, or of items that are given; and what its files hold."""

import json

import pyarrow.parquet as pq
from kitchen import Kitchen
from test_geoparquet_items import alike, items

TABLE = {"kind": "geoparquet", "path": "dist/{collection}.parquet"}
POLYGON = {"type": "Polygon", "coordinates": [[[1, 2], [3, 2], [3, 5], [1, 5], [1, 2]]]}


def an_item(identity, *, when="2024-01-02T03:04:05Z", properties=None, **members):
    """Return an item of collection `one`."""
    return {
        "type": "Feature",
        "stac_version": "1.1.0",
        "id": identity,
        "geometry": POLYGON,
        "bbox": [1, 2, 3, 5],
        "properties": {"datetime": when, **(properties or {})},
        "links": [],
        "assets": {"data": {"href": "https://example.com/a.tif"}},
        "collection": "one",
        **members,
    }


def of_records(folder, rows=3, **spec):
    """Return a kitchen of records with a table."""
    kitchen = Kitchen(folder, rows)
    kitchen.recipe["outputs"]["table"] = {**TABLE, **spec}
    kitchen.save()
    return kitchen


def of_items(folder, some, **spec):
    """Return a kitchen of items as they are given, not judged, with a table."""
    kitchen = Kitchen(folder, None, validation={"level": "off"}, mappings={})
    kitchen.recipe["sources"] = {"items": {"kind": "stac-items", "path": "items.ndjson"}}
    kitchen.recipe["collections"] = {"one": {"from": ["items"]}}
    kitchen.recipe["outputs"] = {"lines": kitchen.recipe["outputs"]["lines"], "table": {**TABLE, **spec}}
    kitchen.save()
    put(kitchen, some)
    return kitchen


def put(kitchen, some):
    kitchen.write("items.ndjson", "".join(json.dumps(item) + "\n" for item in some))


def table(kitchen, name="one"):
    return pq.read_table(kitchen / f"dist/{name}.parquet")


def back(kitchen, name="one"):
    """Return the items of a file by id, as the source `stac-items` reads them."""
    return {item["id"]: item for item in items(kitchen / f"dist/{name}.parquet")}


def same(kitchen, name="one"):
    """Tell whether a file holds the items of the catalog, but for what the format cannot keep (see `alike`)."""
    found = {key: alike(item) for key, item in back(kitchen, name).items()}
    assert found == {item["id"]: alike({"stac_extensions": []} | item) for item in kitchen.items(name)}
    return True


def told(kitchen, name="one", *, key="stac-geoparquet"):
    return json.loads(table(kitchen, name).schema.metadata[key.encode()])
