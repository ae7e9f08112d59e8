"""The programs that users own open what a build writes, off the network, and see what is there."""

import asyncio
import importlib
import json
import shutil
import socket
import subprocess
import sys
import warnings
from pathlib import Path

import pystac
import pytest
import tiles
from pystac.validation import RegisteredValidator
from pystac.validation.stac_validator import JsonSchemaSTACValidator
from sameness import tabled
from validators import recursively, schema_at, serve

from stacbuild.stages.schemas import SchemaStore

ALL = sorted(tiles.NAMES + tiles.ODD)
EXTRA = "not installed: pip install 'stacbuild[test,programs]'"


def program(name):
    """Return a module, or skip the test where it is not installed."""
    return pytest.importorskip(name, reason=EXTRA)


@pytest.fixture(scope="module")
def dist(tmp_path_factory):
    """Return the folder of the outputs; the recipe's folder, with the rasters, is above."""
    program("rasterio")
    return tiles.built(tmp_path_factory.mktemp("programs") / "here") / "dist"


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    def refused(*_):
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refused)


@pytest.fixture
def store():
    """Return the schemas: those that come along, and all that are beside the repository."""
    if not tiles.SCHEMAS.is_dir():
        pytest.skip("the schemas of extensions are not beside this repository")
    return SchemaStore([tiles.SCHEMAS], {})


# --- the tree


def test_pystac_walks_the_whole_tree_and_every_link_leads_to_what_it_says(dist):
    catalog = pystac.Catalog.from_file(str(dist / "site/catalog.json"))
    seen = []
    for root, _, items in catalog.walk():
        assert root.get_root() is catalog
        for item in items:
            assert item.get_parent() is root
            assert item.get_root() is catalog
            assert item.get_collection().id == item.collection_id
            seen.append(item.id)
    assert sorted(seen) == ALL
    assert [child.id for child in catalog.get_children()] == ["odd", "tiles"]
    collection = catalog.get_child("tiles")
    assert [link.title for link in collection.get_child_links()] == ["2023", "2024"]
    assert collection.extent.temporal.intervals[0][1].isoformat() == "2024-02-29T00:00:00+00:00"
    assert collection.summaries.get_range("gsd").maximum == tiles.CELL


def test_pystac_finds_each_document_valid_by_the_schemas_of_its_extensions(dist, store):
    class Local(JsonSchemaSTACValidator):
        def _get_schema(self, schema_uri):
            return self.schema_cache.setdefault(schema_uri, schema_at(store, schema_uri))

    before = RegisteredValidator.get_validator()
    RegisteredValidator.set_validator(Local())
    try:
        catalog = pystac.Catalog.from_file(str(dist / "site/catalog.json"))
        assert catalog.validate_all() == len(ALL)
        for child in catalog.get_children():
            child.validate()
    finally:
        RegisteredValidator.set_validator(before)


def test_pystac_moves_the_tree_to_another_place(dist, tmp_path):
    shutil.copytree(dist / "site", tmp_path / "moved")
    catalog = pystac.Catalog.from_file(str(tmp_path / "moved/catalog.json"))
    catalog.normalize_and_save(str(tmp_path / "again"), pystac.CatalogType.SELF_CONTAINED)
    again = pystac.Catalog.from_file(str(tmp_path / "again/catalog.json"))
    assert sorted(item.id for item in again.get_items(recursive=True)) == ALL


def test_pystac_client_opens_the_tree_from_the_disk(dist):
    client = program("pystac_client").Client
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says that a catalog of files is no API
        found = client.from_file(str(dist / "site/catalog.json"))
        assert sorted(one.id for one in found.get_collections()) == ["odd", "tiles"]
        assert sorted(item.id for item in found.get_items(recursive=True)) == ALL


def test_rustac_walks_a_tree(dist):
    # of tiles alone: it undoes percent encoding twice, and finds no file of an id that had to be encoded
    rustac = program("rustac")

    async def walked():
        root = await rustac.read(str(dist / "site/tiles/collection.json"))
        return [item["id"] async for _, _, items in rustac.walk(root) for item in items]

    assert sorted(asyncio.run(walked())) == tiles.NAMES


def test_the_reference_validator_finds_the_whole_tree_valid(dist, monkeypatch):
    program("stac_validator")
    if not tiles.SCHEMAS.is_dir():
        pytest.skip("the schemas of extensions are not beside this repository")
    told = recursively(dist / "site/catalog.json", [tiles.SCHEMAS], monkeypatch)
    assert [one for one in told if not one["valid_stac"]] == []
    assert sum(one["asset_type"] == "ITEM" for one in told) == len(ALL)
    assert sum(one["asset_type"] == "COLLECTION" for one in told) == 2


NO_SELF = {"check_links_self", "check_links_title"}
"""Advice that is not taken: a tree that may be moved has no `self`, and its `root` link no title."""


@pytest.mark.parametrize(
    ("path", "advice"),
    [("site/catalog.json", NO_SELF), ("site/tiles/collection.json", NO_SELF), ("site/tiles/2024/t3.json", set())],
)
def test_stac_check_finds_documents_valid_and_has_little_to_advise(dist, store, monkeypatch, path, advice):
    lint = program("stac_check.lint")
    serve(importlib.import_module("stac_validator.utilities"), store, monkeypatch)
    linter = lint.Linter(str(dist / path))
    assert (linter.valid_stac, linter.error_msg) == (True, "")
    assert linter.geometry_errors_msg == []
    assert set(linter.create_best_practices_dict()) == advice


OF_THE_PROFILE = {
    "PTL-CNF-001": "documents declare the profile's own schema",
    "PTL-CNF-004": "the versions of extensions that the profile pins",
    "PTL-EXT-000": "a schema that it does not carry was not fetched",
    "PTL-FIL-001": "AGENTS.md and README.md in every folder",
    "PTL-FIL-002": "a link to AGENTS.md",
    "PTL-FIL-003": "a link to README.md in every folder",
    "PTL-AST-001": "odd items' assets have no roles",
    "PTL-AST-003": "odd items' assets lie elsewhere",
    "PTL-AST-006": "the rasters are no COGs",
    "PTL-AST-007": "a collection's own data asset",
    "PTL-AST-008": "odd items' assets have no roles",
    "PTL-PRV-001": "odd has no provider",
    "PTL-DAT-005": "a bbox across the antimeridian, which it does not know",
    "PTL-VIZ-001": "thumbnails",
    "PTL-MIR-001": "a mirror called items.parquet",
}
"""What rashid asks for beyond STAC and the catalog does not have: the profile Portolan."""


def test_rashid_finds_no_fault_but_that_the_catalog_is_not_of_its_profile(dist):
    program("rashid")
    words = ["check", str(dist / "site"), "--json", "--extensions", "--data-scope", "local", "--all"]
    rashid = Path(sys.executable).with_name("rashid")
    done = subprocess.run([rashid, *words], capture_output=True, text=True, check=False, timeout=120)
    report = json.loads(done.stdout)
    assert report["files_checked"] >= len(ALL) + 3
    found = {finding["rule_id"]: finding["message"] for finding in report["findings"]}
    assert {rule: text for rule, text in found.items() if rule not in OF_THE_PROFILE} == {}


def test_pystac_reads_the_plain_list_of_collections(dist):
    listed = json.loads((dist / "site/collections.json").read_bytes())
    assert [pystac.Collection.from_dict(one).id for one in listed] == ["odd", "tiles"]


# --- the files of many items


def test_geopandas_reads_the_item_collection(dist):
    frame = program("geopandas").read_file(dist / "tiles.geojson")
    assert list(frame["id"]) == tiles.NAMES
    assert frame.crs.to_epsg() == 4326
    metres = frame.to_crs(32633).geometry.bounds
    for number in range(4):
        assert (metres.minx[number], metres.maxy[number]) == pytest.approx(tiles.place(number), abs=0.1)


def test_gdal_makes_one_raster_of_the_item_collection(dist, monkeypatch):
    rasterio = program("rasterio")
    monkeypatch.chdir(dist.parent)  # hrefs are relative to the recipe's folder
    with rasterio.open('STACIT:"dist/tiles.geojson":asset=data') as mosaic:
        assert mosaic.crs.to_epsg() == 32633
        assert mosaic.read(1).tolist() == tiles.mosaic()


def test_pystac_reads_the_item_collection(dist):
    assert [item.id for item in pystac.ItemCollection.from_file(str(dist / "odd.geojson"))] == tiles.ODD


def test_duckdb_reads_the_lines(dist):
    duckdb = program("duckdb")
    query = "SELECT id, properties.\"proj:epsg\" FROM read_json_auto(?, format = 'newline_delimited') ORDER BY id"
    with duckdb.connect() as connection:
        rows = connection.execute(query, [str(dist / "tiles.ndjson")]).fetchall()
    assert rows == [(name, 32633) for name in tiles.NAMES]


@pytest.mark.parametrize("name", ["tiles.ndjson", "odd.ndjson", "tiles.geojson", "odd.geojson"])
def test_rustac_reads_the_lines_and_the_item_collection(dist, name):
    assert read_by_rustac(str(dist / name)).keys() == lines_of(dist, name.partition(".")[0]).keys()


# --- the tables

TABLES = ["tiles", "odd"]


def table_of(dist, name):
    return str(dist / f"site/{name}/items.parquet")


def lines_of(dist, name):
    """Return the items of a collection by id, as the lines have them."""
    items = [json.loads(line) for line in (dist / f"{name}.ndjson").read_bytes().splitlines()]
    return {item["id"]: tabled(item) for item in items}


@pytest.mark.parametrize("name", TABLES)
def test_each_collection_names_its_table_and_it_is_there(dist, name):
    collection = pystac.Collection.from_file(str(dist / f"site/{name}/collection.json"))
    (mirror,) = [one for one in collection.assets.values() if one.roles == ["collection-mirror"]]
    assert mirror.media_type == "application/vnd.apache.parquet"
    assert Path(mirror.get_absolute_href()).resolve() == Path(table_of(dist, name)).resolve()


def test_stac_geoparquet_gives_the_same_items(dist):
    # of tiles: a bbox that is null, or with height beside others without, it cannot read
    arrow = program("stac_geoparquet.arrow")
    table = program("pyarrow.parquet").read_table(table_of(dist, "tiles"))
    found = {item["id"]: tabled(item) for item in arrow.stac_table_to_items(table)}
    assert found == lines_of(dist, "tiles")


def read_by_rustac(path):
    rustac = program("rustac")

    async def reading():
        return await rustac.read(path)

    return {item["id"]: tabled(item) for item in asyncio.run(reading())["features"]}


def test_rustac_gives_the_same_items(dist):
    assert read_by_rustac(table_of(dist, "tiles")) == lines_of(dist, "tiles")


def test_rustac_gives_odd_items_but_for_heights_and_empty_members(dist):
    found, lines = read_by_rustac(table_of(dist, "odd")), lines_of(dist, "odd")
    assert found.keys() == lines.keys()
    lines["a/b"]["geometry"]["coordinates"].pop()
    for name in ("a/b", "span"):
        assert found[name] | {"stac_extensions": []} == lines[name]


def test_duckdb_reads_the_table_with_geometries(dist):
    query = """SELECT id, "proj:epsg", datetime, bbox.xmin, typeof(geometry)
        FROM read_parquet(?) WHERE datetime >= '2024-01-01' ORDER BY id"""
    with program("duckdb").connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        rows = connection.execute(query, [table_of(dist, "tiles")]).fetchall()
    assert [row[:2] for row in rows] == [(name, 32633) for name in tiles.NAMES[1:]]
    assert rows[0][2].isoformat() == "2024-01-01T00:00:00+00:00"
    assert rows[0][3] == lines_of(dist, "tiles")["t1"]["bbox"][0]
    assert {row[4].partition("(")[0] for row in rows} == {"GEOMETRY"}


@pytest.mark.parametrize("name", TABLES)
def test_geopandas_reads_the_table(dist, name):
    frame = program("geopandas").read_parquet(table_of(dist, name))
    assert sorted(frame["id"]) == sorted(lines_of(dist, name))
    assert frame.crs == "OGC:CRS84"
    assert list(frame.geometry.isna()) == [one == "nowhere" for one in frame["id"]]


# --- the pixels


def test_odc_stac_loads_the_pixels(dist):
    load = program("odc.stac").load
    collection = pystac.Collection.from_file(str(dist / "site/tiles/collection.json"))
    found = load(collection.get_items(recursive=True), groupby="id", bands=["data"])
    assert found.odc.crs.epsg == 32633
    assert found.data.max(dim="time").values.tolist() == tiles.mosaic()


def test_stackstac_stacks_the_pixels_by_proj_epsg(dist, monkeypatch):
    stackstac = program("stackstac")
    monkeypatch.chdir(dist.parent)  # hrefs are relative to the recipe's folder
    items = json.loads((dist / "tiles.geojson").read_bytes())["features"]
    stack = stackstac.stack(items, assets=["data"], rescale=False)
    assert stack.attrs["crs"] == "epsg:32633"
    assert stack.max(dim="time").squeeze("band").values.tolist() == tiles.mosaic()
