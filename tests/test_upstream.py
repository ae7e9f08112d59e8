"""What collections upstream say of themselves: targets of patterns say it too, where the table is silent."""

import json

import pytest
from kitchen import ran
from trees import catalog, clone, collection, item, link, put, small

EO = "https://stac-extensions.github.io/eo/v1.1.0/schema.json"
SAID = {
    "title": "Scenes",
    "description": "All *scenes*",
    "license": "CC-BY-4.0",
    "keywords": ["a", "b"],
    "providers": [{"name": "Them"}],
    "summaries": {"gsd": [10]},
    "assets": {"thumb": {"href": "./thumb.png", "type": "image/png"}},
    "item_assets": {"data": {"title": "The data", "roles": ["data"]}},
    "sci:doi": "10.1000/x",
}


def stated(**fields):
    """Return the files of a catalog whose collection says a lot."""
    files = small()
    files["in/c/collection.json"] |= {**SAID, **fields}
    return files


def written(kitchen, name="c"):
    return json.loads((kitchen / f"dist/site/{name}/collection.json").read_bytes())


def test_a_target_of_a_pattern_says_what_its_collection_says_upstream(tmp_path):
    kitchen = clone(tmp_path, stated())
    kitchen.build()
    document = written(kitchen)
    assert {name: document[name] for name in SAID if name not in ("assets", "item_assets")} == {
        name: value for name, value in SAID.items() if name not in ("assets", "item_assets")
    }
    assert document["assets"] == {"thumb": {"href": "../../../in/c/thumb.png", "type": "image/png"}}
    assert document["item_assets"] == SAID["item_assets"]
    assert document["extent"]["spatial"] == {"bbox": [[1, 2, 1, 2]]}, "of the items that there are"


def test_keys_of_the_table_win_one_by_one(tmp_path):
    kitchen = clone(tmp_path, stated())
    kitchen.recipe["collections"]["*"] |= {
        "title": "Ours",
        "license": "MIT",
        "summaries": ["note"],
        "keywords": ["ours"],
        "extent": {"bbox": [0, 0, 5, 5]},
        "set": {"sci:doi": "10.1000/ours"},
    }
    kitchen.save()
    kitchen.build()
    document = written(kitchen)
    assert (document["title"], document["description"]) == ("Ours", "All *scenes*")
    assert (document["license"], document["keywords"], document["sci:doi"]) == ("MIT", ["ours"], "10.1000/ours")
    assert document["summaries"] == {"note": [""]}
    assert document["extent"]["spatial"] == {"bbox": [[0, 0, 5, 5]]}
    assert document["providers"] == SAID["providers"]


def test_a_table_of_one_name_takes_items_and_no_metadata(tmp_path):
    kitchen = clone(tmp_path, stated())
    kitchen.recipe["collections"] = {"c": {"from": ["up"]}}
    kitchen.save()
    kitchen.build()
    assert (written(kitchen)["title"], written(kitchen)["license"]) == ("c", "other")


def test_older_metadata_is_migrated(tmp_path):
    old = {"stac_version": "1.0.0", "stac_extensions": [EO], "license": "proprietary"}
    bands = {"data": {"type": "image/tiff", "eo:bands": [{"name": "B1", "common_name": "red"}]}}
    kitchen = clone(tmp_path, stated(**old, item_assets=bands, summaries={}))
    kitchen.build()
    document = written(kitchen)
    assert (document["stac_version"], document["license"]) == ("1.1.0", "other")
    assert document["item_assets"]["data"]["bands"] == [{"name": "B1", "eo:common_name": "red"}]
    assert document["stac_extensions"] == [EO.replace("v1.1.0", "v2.0.0")]


def test_links_that_say_something_are_kept_and_led_to_where_they_point(tmp_path):
    files = small()
    files["in/c/collection.json"]["links"] += [
        link("license", "https://example.com/license", title="Licence"),
        link("describedby", "./about.md"),
        link("items", "https://api.example.com/items"),
    ]
    kitchen = clone(tmp_path, files)
    kitchen.build()
    others = [each for each in written(kitchen)["links"] if each["rel"] not in ("root", "parent", "item")]
    assert others == [
        link("license", "https://example.com/license", title="Licence"),
        link("describedby", "../../../in/c/about.md"),
    ]


def test_a_collection_without_items_is_written_with_its_own_extent(tmp_path):
    extent = {"spatial": {"bbox": [[1, 2, 3, 4]]}, "temporal": {"interval": [["2020-01-01T00:00:00Z", None]]}}
    files = {
        "in/catalog.json": catalog("root", link("child", "e/collection.json")),
        "in/e/collection.json": collection("e", link("item", "gone.json"), extent=extent),
    }
    kitchen = clone(tmp_path, files)
    report = kitchen.build()
    assert written(kitchen, "e")["extent"] == extent
    assert [each["code"] for each in report["warnings"]] == ["SB424"]
    assert kitchen.build()["outputs"]["site"]["written"] == 0
    assert kitchen.ask("status", exit_=0)["fresh"]


def test_a_collection_that_no_link_leads_to_any_more_goes(tmp_path):
    files = {
        "in/catalog.json": catalog("root", link("child", "e/collection.json"), link("child", "f/collection.json")),
        "in/e/collection.json": collection("e"),
        "in/f/collection.json": collection("f"),
    }
    kitchen = clone(tmp_path, files)
    kitchen.build()
    put(kitchen, {"in/catalog.json": catalog("root", link("child", "e/collection.json"))})
    kitchen.build()
    assert not (kitchen / "dist/site/f").exists()
    assert (kitchen / "dist/site/e/collection.json").exists()


def test_a_change_of_a_collection_upstream_is_that_document(tmp_path):
    kitchen = clone(tmp_path, stated())
    kitchen.build()
    put(kitchen, {"in/c/collection.json": stated(title="Another")["in/c/collection.json"]})
    report = kitchen.build()
    assert ran(report) == {}
    assert written(kitchen)["title"] == "Another"
    assert report["outputs"]["site"]["written"] == 2, "the collection, and the link to it in the root"
    assert kitchen.build()["outputs"]["site"]["written"] == 0


def test_of_several_sources_the_first_that_has_a_collection_says_what_it_is(tmp_path):
    kitchen = clone(tmp_path, small())
    kitchen.recipe["sources"]["b"] = {"kind": "stac-catalog", "href": "b/catalog.json"}
    kitchen.recipe["collections"]["*"]["from"] = ["up", "b"]
    kitchen.save()
    put(
        kitchen,
        {
            "in/c/collection.json": collection("c", link("item", "i0.json"), title="Of up"),
            "b/catalog.json": collection("c", link("item", "z.json"), title="Of b"),
            "b/z.json": item("z", "c"),
        },
    )
    kitchen.build()
    assert (written(kitchen)["title"], kitchen.ids("c")) == ("Of up", ["i0", "z"])
    kitchen.recipe["collections"]["*"]["from"] = ["b", "up"]
    kitchen.save()
    kitchen.build()
    assert written(kitchen)["title"] == "Of b"


@pytest.mark.parametrize(
    "nonsense",
    [
        {"title": 3, "description": [], "license": None},
        {"keywords": "a", "providers": {}, "summaries": []},
        {"assets": {"a": 1, "b": {"href": 2}}, "item_assets": "none"},
        {"extent": {"spatial": {"bbox": "world"}, "temporal": [1]}},
        {"extent": []},
        {"links": {"rel": "item"}},
        {"stac_extensions": {"a": 1}},
        {"stac_version": "0.1.0"},
        {"stac_version": 7},
    ],
)
def test_nonsense_in_a_collection_breaks_no_build(tmp_path, nonsense):
    files = {
        "in/catalog.json": catalog("root", link("child", "c/collection.json"), link("item", "c/i0.json")),
        "in/c/collection.json": collection("c") | nonsense,
        "in/c/i0.json": item("i0", "c"),
    }
    kitchen = clone(tmp_path, files)
    kitchen.build()
    assert kitchen.ids("c") == ["i0"]
    assert written(kitchen)["type"] == "Collection"


def test_edited_and_deleted_documents_come_back_with_what_is_said_upstream(tmp_path):
    kitchen = clone(tmp_path, stated())
    kitchen.build()
    before = kitchen.tree("dist")
    kitchen.write("dist/site/c/collection.json", "{}")
    assert kitchen.ask("diff", "output:site")["exit"] in (0, 1)
    kitchen.build()
    assert kitchen.tree("dist") == before


def test_memory_lost_or_all_made_again_gives_the_same_bytes(tmp_path):
    kitchen = clone(tmp_path, stated())
    kitchen.build()
    before = kitchen.tree("dist")
    (kitchen / ".stacbuild/memory/stacbuild.toml/head").unlink()
    assert kitchen.build()["outputs"]["site"]["written"] == 0
    kitchen.build("--force")
    assert kitchen.tree("dist") == before


def test_what_is_no_part_of_a_document_upstream_is_left_out_and_extensions_go_on(tmp_path):
    odd = {"item_assets": {"a": 3, "b": {"title": "B", "roles": ["data"]}}, "providers": ["us", {"name": "Us"}]}
    kitchen = clone(tmp_path, stated(**odd, stac_extensions=[3, [EO], "https://example.com/x.json"]))
    kitchen.recipe["extensions"] = {"made": {"use": "processing", "level": "L2A"}}
    kitchen.recipe["collections"]["*"]["collection-extensions"] = ["made"]
    kitchen.save()
    kitchen.build()
    document = written(kitchen)
    assert (document["item_assets"].keys() & {"a", "b"}, document["providers"]) == ({"b"}, [{"name": "Us"}])
    assert document["stac_extensions"][0] == "https://example.com/x.json"
    assert document["summaries"]["processing:level"] == ["L2A"]
