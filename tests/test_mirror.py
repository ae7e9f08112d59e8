"""Each collection of a tree names the table that holds its items, when `mirror` says so."""

import json

import pytest
from kitchen import Kitchen, ran, row

TABLE = {"kind": "geoparquet", "path": "dist/{collection}.parquet"}


def kitchen_of(folder, rows=3, table=(), **keys):
    """Return a kitchen with two collections, a table, and a tree with `keys` that names it."""
    kitchen = Kitchen(folder, rows)
    kitchen.recipe["collections"]["a/b"] = {"from": ["rows"], "mapping": "plain"}
    kitchen.recipe["outputs"] = {
        "site": {"kind": "stac-json", "path": "dist/site", "mirror": "table", **keys},
        "table": {**TABLE, **dict(table)},
    }
    kitchen.save()
    return kitchen


def document(kitchen, folder="one"):
    return json.loads((kitchen / f"dist/site/{folder}/collection.json").read_bytes())


def mirrors(found):
    return [asset for asset in found["assets"].values() if "collection-mirror" in asset.get("roles", [])]


@pytest.mark.parametrize("folder", ["one", "a%2Fb"])
def test_each_collection_has_the_table_as_its_one_mirror_and_the_way_to_it_is_right(tmp_path, folder):
    kitchen = kitchen_of(tmp_path)
    kitchen.build()
    (asset,) = mirrors(document(kitchen, folder))
    assert asset["type"] == "application/vnd.apache.parquet"
    assert asset["href"] == f"../../{folder}.parquet"
    assert (kitchen / "dist/site" / folder / asset["href"]).is_file()
    assert ran(kitchen.build()) == {}


@pytest.mark.parametrize(
    ("path", "keys", "expected"),
    [
        ("dist/site/{collection}/items.parquet", {}, "./items.parquet"),
        (
            "dist/site/{collection}/items.parquet",
            {"base-url": "https://x.org/a", "links": "absolute"},
            "https://x.org/a/one/items.parquet",
        ),
        ("dist/{collection}.parquet", {"base-url": "https://x.org/a", "links": "absolute"}, "../../one.parquet"),
        ("tables/all.parquet", {}, "../../../tables/all.parquet"),
    ],
)
def test_the_href_is_absolute_only_where_the_url_of_the_tree_reaches(tmp_path, path, keys, expected):
    kitchen = kitchen_of(tmp_path, table={"path": path}, **keys)
    kitchen.build()
    (asset,) = mirrors(document(kitchen))
    assert asset["href"] == expected


def test_the_list_and_the_page_name_the_table_from_where_they_stand(tmp_path, monkeypatch):
    duckdb = pytest.importorskip("duckdb")
    kitchen = kitchen_of(tmp_path, readme=True, items=False, **{"collections-file": True})
    kitchen.build()
    site = kitchen / "dist/site"
    listed = json.loads((site / "collections.json").read_bytes())
    assert [mirrors(one)[0]["href"] for one in listed] == ["../a%2Fb.parquet", "../one.parquet"]
    page = (site / "README.md").read_text()
    query = page.split("```sql\n")[1].split("```")[0]
    monkeypatch.chdir(site)
    assert query.startswith("FROM '../a%2Fb.parquet'")
    assert duckdb.sql(f"SELECT count(*) FROM ({query.strip().rstrip(';')})").fetchall() == [(3,)]


def test_assets_of_the_recipe_stay_beside_the_mirror(tmp_path):
    kitchen = kitchen_of(tmp_path)
    kitchen.recipe["collections"]["one"]["assets"] = {"thumbnail": {"href": "https://x.org/t.png"}}
    kitchen.save()
    kitchen.build()
    assert sorted(document(kitchen)["assets"]) == ["collection-mirror", "thumbnail"]


def test_tables_are_written_before_what_names_them(tmp_path):
    kitchen = kitchen_of(tmp_path)
    kitchen.recipe["outputs"]["z"] = kitchen.recipe["outputs"].pop("table")
    kitchen.recipe["outputs"]["site"]["mirror"] = "z"
    kitchen.save()
    kitchen.build()
    written = [(kitchen / path).stat().st_mtime_ns for path in ("dist/one.parquet", "dist/site/one/collection.json")]
    assert written == sorted(written)


def test_a_build_of_the_tree_alone_brings_the_table_that_it_names_and_no_other_output(tmp_path):
    kitchen = kitchen_of(tmp_path)
    kitchen.recipe["outputs"]["lines"] = {"kind": "ndjson", "path": "dist/{collection}.ndjson"}
    kitchen.save()
    kitchen.build("output:site")
    assert (kitchen / "dist/one.parquet").is_file()
    assert not (kitchen / "dist/one.ndjson").exists()


def test_another_place_of_the_table_rewrites_the_documents_that_name_it_and_no_item(tmp_path):
    kitchen = kitchen_of(tmp_path)
    kitchen.build()
    kitchen.recipe["outputs"]["table"]["path"] = "dist/t-{collection}.parquet"
    kitchen.save()
    assert not kitchen.ask("status")["fresh"]
    report = kitchen.build()
    assert report["outputs"]["site"]["written"] == 2
    assert mirrors(document(kitchen))[0]["href"] == "../../t-one.parquet"
    assert not (kitchen / "dist/one.parquet").exists()


def test_turning_it_on_and_off_touches_documents_only_and_gives_the_same_bytes(tmp_path):
    kitchen = kitchen_of(tmp_path)
    kitchen.build()
    before = kitchen.tree("dist")
    del kitchen.recipe["outputs"]["site"]["mirror"]
    kitchen.save()
    report = kitchen.build()
    assert (ran(report), report["outputs"]["site"]["written"]) == ({}, 2)
    assert "assets" not in document(kitchen)
    kitchen.recipe["outputs"]["site"]["mirror"] = "table"
    kitchen.save()
    assert ran(kitchen.build()) == {}
    assert kitchen.tree("dist") == before


def test_a_changed_item_changes_the_table_and_leaves_the_way_to_it(tmp_path):
    kitchen = kitchen_of(tmp_path, items=False)
    kitchen.build()
    kitchen.rows([row(0), row(1), row(2, gsd="9")])
    report = kitchen.build()
    assert (report["outputs"]["site"]["written"], report["outputs"]["table"]["written"]) == (0, 2)


def test_pystac_opens_the_catalog_and_finds_the_table(tmp_path):
    pystac = pytest.importorskip("pystac")
    geopandas = pytest.importorskip("geopandas")
    kitchen = kitchen_of(tmp_path)
    kitchen.build()
    collection = pystac.Catalog.from_file(str(kitchen / "dist/site/catalog.json")).get_child("one")
    (asset,) = [one for one in collection.assets.values() if one.has_role("collection-mirror")]
    assert sorted(geopandas.read_parquet(asset.get_absolute_href())["id"]) == ["i0", "i1", "i2"]
