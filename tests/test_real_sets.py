"""Every set of real data beside the repository builds: what fails of it is a row of a table here, with its cause."""

import json
from collections import Counter
from pathlib import Path

import pytest
from kitchen import Kitchen, ran

DATA = Path(__file__).parents[2] / "shared/data"

pytestmark = pytest.mark.skipif(not (DATA / "items").is_dir(), reason="the real data is not beside this repository")

EXPLAINED = {
    ("earthsearch-cop-dem-glo-30", "SB301", ""): (10, "asked for with few fields: no geometry, links, assets"),
    ("earthsearch-sentinel-2-c1-l2a", "SB301", ""): (10, "asked for with few fields: no geometry, links, assets"),
    ("earthsearch-sentinel-2-l1c", "SB301", "/properties"): (5, "s2:sequence is no field of sentinel-2/v1.0.0"),
    ("earthsearch-sentinel-2-l2a", "SB301", "/properties"): (6, "s2:sequence is no field of sentinel-2/v1.0.0"),
    ("pc-aster-l1t", "SB301", "/assets"): (10, "band names outside the list of eo"),
    ("pc-landsat-8-c2-l2", "SB301", ""): (34, "asked for without bbox"),
    ("pc-landsat-8-c2-l2", "SB301", "/assets"): (9, "assets without href"),
    ("stactools-landsat", "SB229", "/stac_version"): (10, "STAC 0.7.0"),
    ("stactools-landsat", "SB301", "/properties"): (5, "sun azimuth below 0; fields of eo before 1.0"),
    ("stactools-landsat", "SB301", "/type"): (1, "a Feature under a Collection's extension"),
    ("stactools-planet", "SB301", "/properties"): (1, "proj:epsg_code, which projection does not know"),
}
"""(set, code, first part of the pointer) → items that fail so, and why: all of it stands in the data."""


def drop(folder, path, **source):
    """Return a kitchen that takes over every item of some files, each into the collection that it names."""
    kitchen = Kitchen(folder, None)
    kitchen.recipe |= {
        "sources": {"drop": {"kind": "stac-items", "path": path, **source}},
        "mappings": {},
        "collections": {"*": {"from": ["drop"], "on-duplicate": "last"}},
        "validation": {"schemas": [str(DATA / "schemas")]},
    }
    kitchen.save()
    return kitchen


def reasons(kitchen):
    """Return how many items fail for which reason: (set, code, first part of the pointer) → number."""
    found = set()
    for failure in kitchen.failures():
        if failure.get("severity", "error") == "error":
            name = Path(failure["source"]["where"].rpartition(":")[0]).name.partition(".")[0]
            path = "/".join(failure["path"].split("/")[:2])
            found.add((name, failure["code"], path, failure["source"]["where"]))
    return Counter(one[:3] for one in found)


def test_every_set_of_items_builds_and_each_failure_has_its_cause(tmp_path):
    kitchen = drop(tmp_path, str(DATA / "items/*.ndjson"))
    report = kitchen.build(exit_=1)
    assert reasons(kitchen) == {place: number for place, (number, _) in EXPLAINED.items()}
    lines = sum(len(path.read_bytes().splitlines()) for path in (DATA / "items").glob("*.ndjson"))
    assert report["stages"]["fetch"]["ran"] == lines
    untaken = next(warning for warning in report["warnings"] if warning["code"] == "SB705")
    assert "22 of its inputs" in untaken["message"]
    assert report["items"]["total"] + report["items"]["failed"] + 22 == lines
    assert kitchen.build(exit_=1)["stages"]["transform"]["ran"] == 0


def test_items_are_taken_over_as_they_are_but_for_links_collection_and_version(tmp_path):
    kitchen = drop(tmp_path, str(DATA / "items/pgstac-naip.ndjson"))
    kitchen.recipe["catalog"]["stac-version"] = "keep"
    kitchen.save()
    kitchen.build()
    given = {item["id"]: item for item in map(json.loads, (DATA / "items/pgstac-naip.ndjson").open())}
    written = {item["id"]: item for item in kitchen.items("naip")}
    assert written.keys() == given.keys()
    for name, item in written.items():
        other = given[name] | {"links": [], "collection": "naip"}
        assert item | {"links": []} == other


@pytest.mark.parametrize(("name", "items"), [("1000-sentinel-2-items", 1000), ("naip", 5), ("aster-l1t-subset", 5)])
def test_every_file_of_stac_geoparquet_builds(tmp_path, name, items):
    kitchen = drop(tmp_path, str(DATA / f"parquet/{name}.parquet"))
    assert kitchen.build()["items"]["total"] == items
    assert ran(kitchen.build()) == {}


def test_features_of_maxar_build_as_records(tmp_path):
    kitchen = Kitchen(tmp_path, None)
    kitchen.recipe["sources"] = {
        "tiles": {"kind": "table", "path": str(DATA / "geojson/maxar/*/*.geojson"), "key": "*"}
    }
    kitchen.recipe["mappings"]["plain"] = {
        "id": {"template": "{properties.catalog_id}-{properties.quadkey}"},
        "geometry": {"geojson": "geometry"},
        "datetime": "properties.datetime",
        "properties": {"gsd": "properties.gsd", "platform": "properties.platform"},
        "assets": {"visual": {"href": "properties.visual"}},
    }
    kitchen.recipe["collections"]["one"] = {"from": ["tiles"], "mapping": "plain", "on-duplicate": "first"}
    kitchen.save()
    features = sum(len(json.loads(path.read_bytes())["features"]) for path in DATA.glob("geojson/maxar/*/*.geojson"))
    report = kitchen.build()
    assert report["items"]["total"] + report["items"]["dropped"] == features
    assert ran(kitchen.build()) == {}


def test_the_table_of_hazard_datasets_builds(tmp_path):
    kitchen = Kitchen(tmp_path, None)
    kitchen.recipe["sources"] = {
        "hazards": {"kind": "table", "path": str(DATA / "csv/climate-risk-hazard.csv"), "key": "*"}
    }
    kitchen.recipe["mappings"]["plain"] = {
        "id": {"template": "{subcategory}: {title_collection}: {title_item}"},
        "geometry": {"bbox": "bbox"},
        "datetime": {"value": "2024-01-01T00:00:00Z"},
        "properties": {"title": "title_item", "license": "license"},
    }
    kitchen.recipe["collections"]["one"] = {"from": ["hazards"], "mapping": "plain"}
    kitchen.save()
    report = kitchen.build(exit_=1)
    assert (report["items"]["total"], report["items"]["failed"]) == (80, 12)
    assert {failure["code"] for failure in kitchen.failures()} == {"SB201"}
    assert all("no value in 'subcategory'" in failure["message"] for failure in kitchen.failures())
