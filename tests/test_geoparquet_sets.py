"""Output `geoparquet`: every set of real data goes through a build into a table and comes back, twice the same bytes.

What may differ between an item of the catalog and what is read back of its row, in all sets:
members that are null and such that are missing (the format keeps no difference); how a number or a moment is written
(`alike`); members of an Item that are not STAC's own, which are properties then; a missing `stac_extensions`, which is
an empty list; a missing `bbox`, which is that of the geometry. Nothing else.
"""

import json
from pathlib import Path

import pytest
from parquet_kitchen import TABLE, alike, back
from test_geoparquet_items import items
from test_real_sets import DATA, drop

TOP = {
    "type",
    "stac_version",
    "stac_extensions",
    "id",
    "geometry",
    "bbox",
    "properties",
    "links",
    "assets",
    "collection",
}

pytestmark = pytest.mark.skipif(not (DATA / "items").is_dir(), reason="the real data is not beside this repository")
SETS = sorted([*(DATA / "items").glob("*.ndjson"), *(DATA / "parquet").glob("*.parquet")])


def expected(item, found):
    """Return an item as its row gives it back, but for what `alike` takes for equal."""
    foreign = {name: item[name] for name in item.keys() - TOP}
    box = {} if item.get("bbox") or item["geometry"] is None else {"bbox": found["bbox"]}
    kept = {name: value for name, value in item.items() if name in TOP} | box
    return alike({"stac_extensions": []} | kept | {"properties": foreign | item["properties"]})


def refused(kitchen):
    return [failure for failure in kitchen.failures() if failure["stage"] == "write"]


def kitchen_of(folder, path):
    kitchen = drop(folder, path)
    kitchen.recipe["validation"]["level"] = "off"
    kitchen.recipe["outputs"] = {"lines": kitchen.recipe["outputs"]["lines"], "table": TABLE}
    kitchen.save()
    return kitchen


@pytest.mark.parametrize("set_", SETS, ids=lambda path: path.stem)
def test_every_set_comes_back(tmp_path, set_):
    kitchen = kitchen_of(tmp_path, str(set_))
    if kitchen.ask("build")["items"]["total"] == 0:
        pytest.skip("older than any STAC that is built")
    assert refused(kitchen) == []
    for lines in (kitchen / "dist").glob("*.ndjson"):
        found = back(kitchen, lines.stem)
        for item in map(json.loads, lines.read_bytes().splitlines()):
            other = found.pop(item["id"])
            assert alike(other) == expected(item, other)
        assert not found


def test_all_sets_stand_in_one_file_that_is_the_same_again(tmp_path):
    kitchen = kitchen_of(tmp_path, str(DATA / "items/*.ndjson"))
    kitchen.recipe["outputs"] = {
        "lines": {"kind": "ndjson", "path": "dist/all.ndjson"},
        "table": {**TABLE, "path": "dist/all.parquet"},
    }
    kitchen.save()
    total = kitchen.ask("build")["items"]["total"]
    first = (kitchen / "dist/all.parquet").read_bytes()
    found = {(item.get("collection"), item["id"]): item for item in items(Path(tmp_path, "dist/all.parquet"))}
    assert len(found) == total > 2000
    for line in (kitchen / "dist/all.ndjson").read_bytes().splitlines():
        item = json.loads(line)
        other = found[item["collection"], item["id"]]
        assert alike(other) == expected(item, other)
    (kitchen / "dist/all.parquet").unlink()
    kitchen.ask("build")
    assert (kitchen / "dist/all.parquet").read_bytes() == first
