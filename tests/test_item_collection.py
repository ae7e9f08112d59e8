"""Item collections: one FeatureCollection a collection or for all, by id, hrefs as asked; programs read them."""

import json
import shutil

import pytest
from kitchen import Kitchen, ran, row

PROJECTION = "https://stac-extensions.github.io/projection/v2.0.0/schema.json"
FEATURES = {"kind": "item-collection", "path": "dist/{collection}.geojson"}


def kitchen_of(folder, rows=3, href=None, **spec):
    """Return a kitchen with an item collection; `href` is a template of the items' asset."""
    kitchen = Kitchen(folder, rows)
    kitchen.recipe["outputs"]["features"] = {**FEATURES, **spec}
    if href is not None:
        kitchen.recipe["mappings"]["plain"]["assets"]["data"]["href"] = {"template": href}
    kitchen.save()
    return kitchen


def features(kitchen, name="one"):
    return json.loads((kitchen / f"dist/{name}.geojson").read_bytes())


def codes(report):
    return [warning["code"] for warning in report["warnings"]]


def test_a_collection_is_one_feature_collection_of_the_items_that_ndjson_has_in_order_of_ids(tmp_path):
    kitchen = kitchen_of(tmp_path, [row(number) for number in (10, 2, 1)])
    report = kitchen.build()
    found = features(kitchen)
    assert found.keys() == {"type", "features"}
    assert found["type"] == "FeatureCollection"
    assert [item["id"] for item in found["features"]] == ["i1", "i10", "i2"]
    assert found["features"] == kitchen.items()
    assert report["outputs"]["features"]["written"] == 1
    assert (kitchen / "dist/one.geojson").read_bytes().endswith(b"}\n]}\n")


def test_each_item_has_one_structural_link_as_ndjson_has_it(tmp_path):
    kitchen = kitchen_of(tmp_path, 1, **{"base-url": "https://example.com/here/"})
    kitchen.build()
    (link,) = features(kitchen)["features"][0]["links"]
    assert link["rel"] == "collection"
    assert link["href"] == "https://example.com/here/one/collection.json"


def test_without_items_it_is_an_empty_feature_collection(tmp_path):
    kitchen = kitchen_of(tmp_path, 0)
    kitchen.build()
    assert features(kitchen) == {"type": "FeatureCollection", "features": []}


def test_without_a_collection_in_its_path_all_go_into_one_file(tmp_path):
    kitchen = kitchen_of(tmp_path, 2, path="dist/all.json")
    kitchen.recipe["collections"]["empty"] = {"from": ["rows"], "mapping": "plain", "where": "gsd > 100"}
    kitchen.recipe["collections"]["two"] = {"from": ["rows"], "mapping": "plain"}
    kitchen.save()
    kitchen.build()
    found = json.loads((kitchen / "dist/all.json").read_bytes())["features"]
    ids = [(item["collection"], item["id"]) for item in found]
    assert ids == [("one", "i0"), ("one", "i1"), ("two", "i0"), ("two", "i1")]


@pytest.mark.parametrize(
    ("href", "spec", "expected", "warned"),
    [
        ("https://example.org/{key}.tif", {}, "https://example.org/k0.tif", []),
        ("img/{key}.tif", {}, "img/k0.tif", ["SB706"]),
        ("img/{key}.tif", {"hrefs": "as-is"}, "img/k0.tif", []),
        ("img/{key}%20a.tif", {"base-url": "https://x.org/a"}, "https://x.org/a/img/k0%20a.tif", []),
        ("../up/{key}.tif", {"base-url": "https://x.org/a"}, "../up/k0.tif", ["SB706"]),
    ],
)
def test_hrefs_are_absolute_where_they_can_be_and_a_warning_says_where_not(tmp_path, href, spec, expected, warned):
    kitchen = kitchen_of(tmp_path, 2, href, **spec)
    del kitchen.recipe["outputs"]["lines"]
    kitchen.save()
    report = kitchen.build()
    assert features(kitchen)["features"][0]["assets"]["data"]["href"] == expected
    assert codes(report) == warned


def test_ndjson_takes_hrefs_too(tmp_path):
    kitchen = kitchen_of(tmp_path, 1, "img/{key}.tif")
    kitchen.recipe["outputs"]["lines"] |= {"hrefs": "as-is", "base-url": "https://x.org/a"}
    kitchen.save()
    kitchen.build()
    assert kitchen.items()[0]["assets"]["data"]["href"] == "img/k0.tif"


def test_a_changed_item_is_put_anew_alone_and_a_second_build_does_nothing(tmp_path):
    kitchen = kitchen_of(tmp_path)
    del kitchen.recipe["outputs"]["lines"], kitchen.recipe["outputs"]["site"]
    kitchen.save()
    assert ran(kitchen.build())["write"] == 3
    assert ran(kitchen.build()) == {}
    kitchen.rows([row(0), row(1, gsd="8"), row(2)])
    assert ran(kitchen.build())["write"] == 1
    assert [item["properties"]["gsd"] for item in features(kitchen)["features"]] == [1.0, 8.0, 3.0]


def test_another_title_of_the_collection_does_not_touch_it(tmp_path):
    kitchen = kitchen_of(tmp_path)
    kitchen.build()
    kitchen.recipe["collections"]["one"]["title"] = "Another"
    kitchen.save()
    report = kitchen.build()
    assert report["outputs"]["features"]["written"] == 0
    assert report["outputs"]["site"]["written"] > 0
    assert ran(report) == {}


def test_edited_and_lost_files_are_mended_and_verify_finds_them(tmp_path):
    kitchen = kitchen_of(tmp_path)
    kitchen.build()
    before = kitchen.tree("dist")
    (kitchen / "dist/one.geojson").write_bytes(b"{}")
    assert kitchen.ask("verify", "--outputs")["exit"] != 0
    kitchen.build()
    (kitchen / "dist/one.geojson").unlink()
    kitchen.build()
    assert kitchen.tree("dist") == before
    assert kitchen.ask("verify", "--outputs")["exit"] == 0
    assert kitchen.ask("verify", "--sample", "100%")["exit"] == 0
    (listed,) = kitchen.ask("ls", "output:features")["files"]
    assert listed["path"] == "dist/one.geojson"
    kitchen.run("clean", "output:features")
    assert not (kitchen / "dist/one.geojson").exists()
    assert (kitchen / "dist/one.ndjson").exists()


@pytest.mark.parametrize("spec", [{}, {"base-url": "https://x.org/a"}])
def test_items_that_stay_are_read_back_from_it_when_the_memory_is_lost(tmp_path, spec):
    kitchen = kitchen_of(tmp_path, 3, "img/{key}%23 ä.tif", **spec)
    del kitchen.recipe["outputs"]["lines"], kitchen.recipe["outputs"]["site"]
    kitchen.recipe["collections"]["one"]["keep-removed"] = True
    kitchen.save()
    kitchen.build()
    before = features(kitchen)
    kitchen.rows([row(0)])
    kitchen.build()
    shutil.rmtree(kitchen / ".stacbuild")
    kitchen.build()
    assert features(kitchen) == before


# --- the programs that read it


def test_pystac_reads_it_with_the_same_items(tmp_path):
    pystac = pytest.importorskip("pystac")
    kitchen = kitchen_of(tmp_path)
    kitchen.build()
    found = pystac.ItemCollection.from_file(str(kitchen / "dist/one.geojson"))
    assert [item.id for item in found] == ["i0", "i1", "i2"]
    assert found[0].assets["data"].href == "https://example.com/k0.tif"


def test_geopandas_reads_it_as_a_table_of_the_items(tmp_path):
    geopandas = pytest.importorskip("geopandas")
    kitchen = kitchen_of(tmp_path)
    kitchen.build()
    frame = geopandas.read_file(kitchen / "dist/one.geojson")
    assert list(frame["id"]) == ["i0", "i1", "i2"]
    assert list(frame["gsd"]) == [1.0, 2.0, 3.0]
    assert frame.crs.to_epsg() == 4326
    assert [(point.x, point.y) for point in frame.geometry] == [(10.0, 0.0), (11.0, 1.0), (12.0, 2.0)]


def test_gdal_makes_one_raster_of_its_assets(tmp_path):
    rasterio = pytest.importorskip("rasterio")
    numpy = pytest.importorskip("numpy")
    properties = {
        "proj:code": {"value": "EPSG:4326"},
        "proj:shape": {"value": [4, 4]},
        "proj:transform": {"value": [0.25, 0.0, 10.0, 0.0, -0.25, 1.0, 0.0, 0.0, 1.0]},
    }
    kitchen = kitchen_of(tmp_path, 1, f"file://{tmp_path}/img.tif", path="dist/{collection}.json")
    kitchen.recipe["mappings"]["plain"]["properties"] |= properties
    kitchen.recipe["mappings"]["plain"]["stac_extensions"] = {"value": [PROJECTION]}
    kitchen.recipe["mappings"]["plain"]["geometry"] = {"value": {"type": "Point", "coordinates": [10.5, 0.5]}}
    kitchen.recipe["validation"] = {"level": "off"}
    del kitchen.recipe["outputs"]["lines"]
    kitchen.recipe["outputs"]["features"]["hrefs"] = "as-is"
    kitchen.save()
    place = rasterio.Affine(0.25, 0.0, 10.0, 0.0, -0.25, 1.0)
    raster = numpy.arange(16, dtype="uint8").reshape(1, 4, 4)
    profile = {"driver": "GTiff", "height": 4, "width": 4, "count": 1, "dtype": "uint8", "crs": "EPSG:4326"}
    with rasterio.open(kitchen / "img.tif", "w", transform=place, **profile) as made:
        made.write(raster)
    kitchen.build()
    with rasterio.open(f'STACIT:"{kitchen / "dist/one.json"}":asset=data') as mosaic:
        assert mosaic.crs.to_epsg() == 4326
        assert (mosaic.read() == raster).all()
