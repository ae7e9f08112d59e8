"""`keep-tree` over catalogs that are sloppy, broken or hostile: every document stays in the output's folder."""

import pytest
from kitchen import ran
from test_keep_tree import changed, documents, kept, shape, written
from trees import catalog, collection, item, link, put

CHILD = "child"
NAMES = [
    "..",
    "../../up",
    "a/b",
    "",
    "x\u0000y",
    "catalog.json",
    "collection.json",
    "README.md",
    ".stacbuild-manifest",
    "CON",
    "Ä",
    "ä",
    "long" * 400,
    " ",
    "{collection}",
    "{id}",
    "%2e%2e",
    "c~12345678",
]


def of(names, make=catalog):
    """Return the files of a root with a document of each id, each with an item of its own in a collection of all."""
    links = [link(CHILD, f"{number}/catalog.json") for number in range(len(names))]
    files = {"in/catalog.json": catalog("root", *links)}
    for number, name in enumerate(names):
        files[f"in/{number}/catalog.json"] = make(name, link("item", "i.json"))
        files[f"in/{number}/i.json"] = item(f"i{number}", "c")
    return files


def all_of(one, found):
    found.append(one)
    for below in one[3]:
        all_of(below, found)
    return found


@pytest.mark.parametrize(
    "layout", ["{collection}/{id}/{id}.json", "{collection}/{id}.json", "{collection}/{year}/{id}.json"]
)
@pytest.mark.parametrize("make", [catalog, collection])
def test_ids_are_paths_of_the_output_whatever_they_are(tmp_path, make, layout):
    kitchen = kept(tmp_path / "k", of(NAMES, make))
    changed(kitchen, "outputs", "site", layout=layout)
    changed(kitchen, "collections", "c", **{"from": ["up"]}) if make is catalog else None
    kitchen.build(exit_=None)
    found = all_of(shape(kitchen), [])
    assert sorted(name for one in found for name in one[2]) == sorted(f"i{number}" for number in range(len(NAMES)))
    assert {one[0] for one in found} >= set(NAMES) - {""}
    assert [path.name for path in tmp_path.iterdir()] == ["k"]
    paths = [path.lower() for path in documents(kitchen)]
    assert len(paths) == len(set(paths)), "also where a file system folds case"
    assert kitchen.build(exit_=None)["outputs"]["site"]["written"] == 0


def test_documents_of_one_id_below_one_are_all_there_wherever_the_links_stand(tmp_path):
    files = of(["same", "same", "other", "same"])
    kitchen = kept(tmp_path, files)
    kitchen.recipe["collections"] = {"c": {"from": ["up"]}}
    kitchen.save()
    kitchen.build()
    (home,) = shape(kitchen)[3]
    assert sorted((one[0], one[2]) for one in home[3]) == [
        ("other", ["i2"]), ("same", ["i0"]), ("same", ["i1"]), ("same", ["i3"]),
    ]  # fmt: skip
    before = kitchen.tree("dist")
    files["in/catalog.json"]["links"].reverse()
    put(kitchen, files)
    kitchen.build()
    assert kitchen.tree("dist") == before


def test_a_catalog_and_a_collection_of_one_id_below_one_are_both_there(tmp_path):
    files = {
        "in/catalog.json": catalog("root", link(CHILD, "a.json"), link(CHILD, "b.json")),
        "in/a.json": catalog("x", link("item", "i.json")),
        "in/b.json": collection("x", link("item", "j.json")),
        "in/i.json": item("i", "x"),
        "in/j.json": item("j", "x"),
    }
    kitchen = kept(tmp_path, files)
    kitchen.build()
    assert sorted(shape(kitchen)[3]) == [["x", "Catalog", ["i"], []], ["x", "Collection", ["j"], []]]
    assert (kitchen / "dist/site/x/collection.json").is_file()


def test_an_item_and_a_folder_of_one_name_are_no_file_and_folder_of_one_name(tmp_path):
    files = {
        "in/catalog.json": collection("c", link(CHILD, "a/catalog.json"), link("item", "x.json")),
        "in/a/catalog.json": catalog("x.json", link("item", "x.json")),
        "in/a/x.json": item("x", "c"),
        "in/x.json": item("x2", "c") | {"id": "x"},
    }
    files["in/a/x.json"]["id"] = "y"
    kitchen = kept(tmp_path, files)
    changed(kitchen, "outputs", "site", layout="{collection}/{id}.json")
    kitchen.build()
    assert shape(kitchen)[3] == [["c", "Collection", ["x"], [["x.json", "Catalog", ["y"], []]]]]


def test_cycles_self_loops_and_two_ways_to_one_place_end(tmp_path):
    files = {
        "in/catalog.json": catalog(
            "root", link(CHILD, "catalog.json"), link(CHILD, "a/catalog.json"), link(CHILD, "b/catalog.json")
        ),
        "in/a/catalog.json": catalog(
            "a", link(CHILD, "../catalog.json"), link(CHILD, "../b/catalog.json"), link(CHILD, "c.json")
        ),
        "in/a/c.json": collection("c", link("item", "i.json"), link(CHILD, "catalog.json")),
        "in/a/i.json": item("i", "c"),
        "in/b/catalog.json": catalog("b", link("item", "../a/i.json"), link(CHILD, "../a/c.json")),
    }
    kitchen = kept(tmp_path, files)
    kitchen.build()
    assert shape(kitchen)[3] == [["a", "Catalog", [], [["c", "Collection", ["i"], []]]], ["b", "Catalog", [], []]]
    assert ran(kitchen.build()) == {}


def test_a_chain_too_deep_for_a_path_begins_again_at_the_top(tmp_path):
    depth = 300
    names = [f"{number:03}{'x' * 80}" for number in range(depth)]
    files = {f"in/{number}.json": catalog(name, link(CHILD, f"{number + 1}.json")) for number, name in enumerate(names)}
    files["in/catalog.json"] = catalog("root", link(CHILD, "0.json"))
    files[f"in/{depth}.json"] = collection("c", link("item", "i.json"))
    files["in/i.json"] = item("i", "c")
    kitchen = kept(tmp_path, files)
    kitchen.build()
    here, ids = shape(kitchen), []
    while here[3]:
        (here,) = here[3]
        ids.append(here[0])
    assert ids == [*names, "c"]
    assert here[2] == ["i"]
    assert max(map(len, kitchen.tree("dist/site"))) < 1500


@pytest.mark.parametrize(
    "nonsense",
    [
        {"title": 3, "description": None, "stac_extensions": {"a": 1}},
        {"description": ""},
        {"title": "", "keywords": 7, "assets": [1], "extent": "world"},
        {"stac_version": "0.1.0"},
        {"stac_version": 7, "links": {"rel": "child"}},
        {"type": "Catalog", "links": [1, {"href": 2}, {"rel": "license", "href": "a\u0000b"}]},
    ],
)
def test_nonsense_in_a_folder_breaks_no_build(tmp_path, nonsense):
    files = {
        "in/catalog.json": catalog("root", link(CHILD, "a.json"), link(CHILD, "c.json")),
        "in/a.json": catalog("a", **nonsense),
        "in/c.json": collection("c", link("item", "i.json")),
        "in/i.json": item("i", "c"),
    }
    kitchen = kept(tmp_path, files)
    kitchen.build()
    assert shape(kitchen)[3] == [["a", "Catalog", [], []], ["c", "Collection", ["i"], []]]
    document = written(kitchen, "a/catalog.json")
    assert document["description"]
    assert isinstance(document.get("title", ""), str)
