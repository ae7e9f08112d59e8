"""A folder of item files by the hundred, with its recipe, for tests of sources of very many files."""

import json
import shutil
import time

from kitchen import Kitchen

from stacbuild.sources.stamps import SLACK_NS

MANY = 300


def item(name, **properties):
    return {
        "type": "Feature",
        "stac_version": "1.1.0",
        "id": name,
        "geometry": {"type": "Point", "coordinates": [1, 2]},
        "bbox": [1, 2, 1, 2],
        "properties": {"datetime": "2024-01-01T00:00:00Z", **properties},
        "links": [],
        "assets": {},
    }


def settle():
    """Wait until what was written cannot move any more under the stamps that it has."""
    time.sleep(2 * SLACK_NS / 1e9)


def a_kitchen(folder, path="data/**/*.json"):
    kitchen = Kitchen(folder, rows=None, sources={"files": {"kind": "stac-items", "path": path}})
    kitchen.recipe["mappings"] = {}
    kitchen.recipe["collections"] = {"one": {"from": ["files"], "title": "One"}}
    kitchen.recipe["validation"] = {"level": "off"}
    kitchen.save()
    return kitchen


def put(kitchen, path, name=None, **properties):
    """Write an item into the file data/`path`.json."""
    return kitchen.write(f"data/{path}.json", json.dumps(item(name or path.replace("/", "-"), **properties)))


def as_if_new(kitchen, folder):
    """Build the same from nothing elsewhere and compare what is written."""
    other = a_kitchen(folder, kitchen.recipe["sources"]["files"]["path"])
    shutil.copytree(kitchen / "data", other / "data", symlinks=True)
    other.build()
    assert kitchen.tree("dist") == other.tree("dist")
    shutil.rmtree(folder)


def mapped(kitchen, value):
    kitchen.recipe["mappings"] = {"m": {"properties": {"told": {"value": value}}}}
    kitchen.recipe["collections"]["one"]["mapping"] = "m"
    kitchen.save()


def many(folder):
    """Return a folder of many files, folders of few, and an empty one, built once."""
    kitchen = a_kitchen(folder)
    for number in range(MANY):
        put(kitchen, f"many/{number:04}")
    for number in range(60):
        put(kitchen, f"few/{number % 30:02}/{number}")
    (kitchen / "data/empty").mkdir()
    settle()
    kitchen.build()
    return kitchen
