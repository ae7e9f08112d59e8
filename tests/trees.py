"""Small static catalogs as files, and a kitchen that clones one: for tests of the source `stac-catalog`."""

import json
import posixpath

from kitchen import Kitchen

UNSET = object()


def link(rel, href, **more):
    return {"rel": rel, "href": href, **more}


def above(kind, name, *links, **fields):
    """Return a Catalog or Collection with its links."""
    document = {"type": kind, "stac_version": "1.1.0", "id": name, "description": f"The {name}", "links": list(links)}
    if kind == "Collection":
        extent = {"spatial": {"bbox": [[-180, -90, 180, 90]]}, "temporal": {"interval": [[None, None]]}}
        document |= {"license": "CC-BY-4.0", "extent": extent}
    return document | fields


def catalog(name, *links, **fields):
    return above("Catalog", name, *links, **fields)


def collection(name, *links, **fields):
    return above("Collection", name, *links, **fields)


def item(name, within=UNSET, note="", links=()):
    """Return an Item, of the collection `within` if that is given."""
    document = {
        "type": "Feature",
        "stac_version": "1.1.0",
        "id": name,
        "geometry": {"type": "Point", "coordinates": [1.0, 2.0]},
        "bbox": [1.0, 2.0, 1.0, 2.0],
        "properties": {"datetime": "2024-01-01T00:00:00Z", "note": note},
        "links": [link("root", "../catalog.json"), link("parent", "./catalog.json"), *links],
        "assets": {"data": {"href": "https://example.com/data.tif"}},
    }
    return document if within is UNSET else document | {"collection": within}


def clone(folder, files, href="in/catalog.json", **source):
    """Return a kitchen that clones the catalog whose files are given as path → document, or bytes."""
    kitchen = Kitchen(folder, None)
    kitchen.recipe["sources"] = {"up": {"kind": "stac-catalog", "href": href, **source}}
    kitchen.recipe["collections"] = {"*": {"from": ["up"]}}
    kitchen.recipe["mappings"] = {}
    kitchen.save()
    put(kitchen, files)
    return kitchen


def put(kitchen, files):
    for path, document in files.items():
        kitchen.write(path, document if isinstance(document, bytes) else json.dumps(document))


def small(count=3):
    """Return a catalog of one collection with items `i0`, `i1`, … in it."""
    links = [link("item", f"./i{number}.json") for number in range(count)]
    return {
        "in/catalog.json": catalog("root", link("root", "./catalog.json"), link("child", "./c/collection.json")),
        "in/c/collection.json": collection("c", link("root", "../catalog.json"), *links),
        **{f"in/c/i{number}.json": item(f"i{number}", "c") for number in range(count)},
    }


def built(kitchen):
    """Return collection → ids of the tree that was written, by following its links."""
    root = json.loads((kitchen / "dist/site/catalog.json").read_bytes())
    found = {}
    for one in (each["href"] for each in root["links"] if each["rel"] == "child"):
        document = json.loads((kitchen / "dist/site" / one).read_bytes())
        folder = posixpath.dirname(one)
        hrefs = [each["href"] for each in document["links"] if each["rel"] == "item"]
        found[document["id"]] = sorted(
            json.loads((kitchen / "dist/site" / folder / href).read_bytes())["id"] for href in hrefs
        )
    return found


def warned(report, code):
    return [each["message"] for each in report["warnings"] if each["code"] == code]
