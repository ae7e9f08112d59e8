"""What outputs of a catalog look like: links below a URL, layouts, choices of collections, extents and summaries."""

import json

import pystac
import pytest
from kitchen import Kitchen, ran, row


@pytest.fixture
def kitchen(tmp_path):
    return Kitchen(tmp_path)


def test_absolute_links_stand_below_the_base_url(kitchen):
    kitchen.recipe["outputs"]["site"] |= {"links": "absolute", "base-url": "https://example.com/cat/", "indent": 0}
    kitchen.recipe["outputs"]["lines"]["base-url"] = "https://example.com/cat"
    kitchen.save()
    kitchen.build()
    for path, blob in kitchen.tree("dist/site").items():
        document = json.loads(blob)
        assert blob.count(b"\n") == 1
        assert all(link["href"].startswith("https://example.com/cat/") for link in document["links"])
        (own,) = [link["href"] for link in document["links"] if link["rel"] == "self"]
        assert own == f"https://example.com/cat/{path.removeprefix('dist/site/')}"
    assert [link["href"] for item in kitchen.items() for link in item["links"]] == [
        "https://example.com/cat/one/collection.json"
    ] * 3


def test_items_without_a_time_of_their_own_hang_below_their_range(kitchen):
    kitchen.recipe["outputs"]["site"]["layout"] = "{collection}/{year}/{id}.json"
    mapping = kitchen.recipe["mappings"]["plain"]
    del mapping["datetime"]
    mapping["start_datetime"] = {"from": "date", "as": "datetime"}
    mapping["end_datetime"] = {"value": "2030-01-01T00:00:00Z"}
    kitchen.save()
    kitchen.build()
    assert sorted(path for path in kitchen.tree("dist/site") if "2024" in path)[1:] == [
        f"dist/site/one/2024/i{number}.json" for number in range(3)
    ]
    assert pystac.Catalog.from_file(str(kitchen / "dist/site/catalog.json")).validate_all() == 3


def test_outputs_take_the_collections_that_their_globs_name(kitchen):
    for name in ("two-a", "two-b"):
        kitchen.recipe["collections"][name] = {"from": ["rows"], "mapping": "plain"}
    kitchen.recipe["outputs"]["lines"]["collections"] = ["two-*"]
    kitchen.recipe["outputs"]["site"]["collections"] = ["one", "two-b"]
    kitchen.save()
    kitchen.build()
    assert sorted(path for path in kitchen.tree("dist") if path.endswith((".ndjson", "collection.json"))) == [
        "dist/site/one/collection.json",
        "dist/site/two-b/collection.json",
        "dist/two-a.ndjson",
        "dist/two-b.ndjson",
    ]
    assert pystac.Catalog.from_file(str(kitchen / "dist/site/catalog.json")).validate_all() == 6
    kitchen.recipe["outputs"]["site"]["collections"] = ["two-*"]
    kitchen.save()
    document = kitchen.build()
    assert ran(document).keys() <= {"write"}
    assert not (kitchen / "dist/site/one").exists()


def test_assets_that_share_one_field_make_no_item_assets_that_stac_refuses(kitchen):
    kitchen.build()
    collection = kitchen / "dist/site/one/collection.json"
    assert "item_assets" not in json.loads(collection.read_bytes())
    assert pystac.Catalog.from_file(str(kitchen / "dist/site/catalog.json")).validate_all() == 3
    kitchen.recipe["mappings"]["plain"]["assets"]["data"] |= {"title": {"value": "T"}, "roles": {"value": ["data"]}}
    kitchen.save()
    kitchen.build()
    assert json.loads(collection.read_bytes())["item_assets"] == {"data": {"roles": ["data"], "title": "T"}}
    assert pystac.Catalog.from_file(str(kitchen / "dist/site/catalog.json")).validate_all() == 3


def test_an_empty_collection_is_written_with_a_warning_and_is_valid(tmp_path):
    kitchen = Kitchen(tmp_path, rows=0)
    document = kitchen.build()
    assert "SB702" in [warning["code"] for warning in document["warnings"]]
    assert pystac.Catalog.from_file(str(kitchen / "dist/site/catalog.json")).validate_all() == 0
    kitchen.recipe["collections"]["one"]["extent"] = {
        "bbox": [1, 2, 3, 4],
        "interval": ["2024-01-01T00:00:00Z", "2024-02-01T00:00:00Z"],
    }
    kitchen.save()
    assert kitchen.build()["warnings"] == []


def test_an_extent_across_the_antimeridian_is_the_narrow_one(kitchen):
    kitchen.rows([row(0, lon="179.5"), row(1, lon="-179.5"), row(2, lon="178", lat="-3")])
    kitchen.build()
    extent = json.loads((kitchen / "dist/site/one/collection.json").read_bytes())["extent"]
    assert extent["spatial"]["bbox"] == [[178.0, -3.0, -179.5, 1.0]]


def test_more_than_a_hundred_values_are_not_summarised_and_that_is_told(tmp_path):
    kitchen = Kitchen(tmp_path, rows=[row(number, note=f"n{number:03}") for number in range(101)])
    kitchen.recipe["collections"]["one"]["summaries"] = ["note", "gsd", "absent"]
    kitchen.save()
    document = kitchen.build()
    collection = kitchen / "dist/site/one/collection.json"
    assert "SB701" in [warning["code"] for warning in document["warnings"]]
    assert json.loads(collection.read_bytes())["summaries"] == {"gsd": {"minimum": 1, "maximum": 9}}
    kitchen.rows([row(number, note=f"n{number:03}") for number in range(100)])
    assert kitchen.build()["warnings"] == []
    assert len(json.loads(collection.read_bytes())["summaries"]["note"]) == 100


def test_urls_of_every_kind_stay_and_local_files_are_relative(kitchen):
    kitchen.recipe["mappings"]["plain"]["assets"]["data"]["href"] = "note"
    del kitchen.recipe["mappings"]["plain"]["properties"]["note"]
    kitchen.save()
    urls = ["data:text/plain,x", "urn:x:y", "HTTPS://EXAMPLE.com/x", "//host/f.tif", "s3://b/k", "file://host/share/x"]
    local = {
        f"file://{kitchen.folder}/a%20b%23.tif": "a b%23.tif",
        f"{kitchen.folder}/b.tif": "b.tif",
        "c.tif?from=http://x/y": "c.tif?from=http://x/y",
    }
    kitchen.rows([row(number, note=href) for number, href in enumerate([*urls, *local])])
    kitchen.build()
    hrefs = {item["id"]: item["assets"]["data"]["href"] for item in kitchen.items()}
    assert list(hrefs.values()) == [*urls, *local.values()]
    for name, href in hrefs.items():
        file = kitchen / f"dist/site/one/{name}/{name}.json"
        expected = href if href in urls else f"../../../../{href}"
        assert json.loads(file.read_bytes())["assets"]["data"]["href"] == expected
    assert not any(str(kitchen.folder).encode() in blob for blob in kitchen.tree("dist").values())
    kitchen.recipe["outputs"]["lines"]["base-url"] = "https://example.com/x/"
    kitchen.save()
    kitchen.build()
    based = [item["assets"]["data"]["href"] for item in kitchen.items()]
    assert based == [*urls, *(f"https://example.com/x/{href.replace(' ', '%20')}" for href in local.values())]
