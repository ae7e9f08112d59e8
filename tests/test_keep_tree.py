"""`keep-tree`: the folders of a static catalog are found again in the tree that is written of it."""

import json
import posixpath

import pytest
from kitchen import ran
from trees import catalog, clone, collection, item, link, put, warned

CHILD = "child"


def nested():
    """Return the files of root → land → c (a Collection) → 2024 → items, with an item above and a Catalog beside."""
    return {
        "in/catalog.json": catalog("root", link(CHILD, "land/catalog.json"), link(CHILD, "empty/catalog.json")),
        "in/land/catalog.json": catalog("land", link(CHILD, "c/collection.json"), title="The land"),
        "in/land/c/collection.json": collection("c", link(CHILD, "24/catalog.json"), link("item", "a.json")),
        "in/land/c/a.json": item("a", "c"),
        "in/land/c/24/catalog.json": catalog("2024", link("item", "x.json"), link("item", "y.json")),
        "in/land/c/24/x.json": item("x", "c"),
        "in/land/c/24/y.json": item("y"),
        "in/empty/catalog.json": catalog("empty", description="Nothing yet"),
    }


def kept(folder, files, *, keep_tree=True, **source):
    return clone(folder, files, **{"keep-tree": keep_tree, **source})


def changed(kitchen, table, name, **keys):
    kitchen.recipe[table].setdefault(name, {}).update({key.replace("_", "-"): one for key, one in keys.items()})
    kitchen.save()


def shape(kitchen, path="dist/site/catalog.json", *, above=None, root=None):
    """Return [id, type, ids of items, shapes of children] of a tree by its links, which must lead back too."""
    document = json.loads((kitchen / path).read_bytes())
    root = root or path
    here = posixpath.dirname(path)

    def led(rel, of=document, base=here):
        return [posixpath.normpath(posixpath.join(base, one["href"])) for one in of["links"] if one["rel"] == rel]

    assert led("root") == [root]
    assert led("parent") == ([above] if above else [])
    ids = []
    for file in led("item"):
        one = json.loads((kitchen / file).read_bytes())
        ids.append(one["id"])
        assert led("parent", one, posixpath.dirname(file)) == [path]
        assert led("root", one, posixpath.dirname(file)) == [root]
        (home,) = led("collection", one, posixpath.dirname(file))
        assert json.loads((kitchen / home).read_bytes())["id"] == one["collection"]
    below = [shape(kitchen, one, above=path, root=root) for one in led("child")]
    return [document["id"], document["type"], ids, below]


def documents(kitchen):
    """Return the paths of the documents above items, below the output's folder."""
    names = ("catalog.json", "collection.json")
    tree = kitchen.tree("dist/site")
    return sorted(path.removeprefix("dist/site/") for path in tree if path.endswith(names))


def written(kitchen, path):
    return json.loads((kitchen / "dist/site" / path).read_bytes())


def inode(kitchen, path):
    return (kitchen / "dist/site" / path).stat().st_ino


NESTED = ["land", "Catalog", [], [["c", "Collection", ["a"], [["2024", "Catalog", ["x", "y"], []]]]]]
EMPTY = ["empty", "Catalog", [], []]


# --- what is written


def test_folders_above_and_below_a_collection_are_found_again(tmp_path):
    kitchen = kept(tmp_path, nested())
    kitchen.build()
    assert shape(kitchen) == ["kitchen", "Catalog", [], [EMPTY, NESTED]]
    assert documents(kitchen) == [
        "catalog.json",
        "empty/catalog.json",
        "land/c/2024/catalog.json",
        "land/c/collection.json",
        "land/catalog.json",
    ]
    assert (kitchen / "dist/site/land/c/2024/x/x.json").is_file()
    assert (kitchen / "dist/site/land/c/a/a.json").is_file()


def test_without_the_key_each_collection_is_right_below_the_root(tmp_path):
    kitchen = kept(tmp_path, nested(), keep_tree=False)
    kitchen.build()
    assert shape(kitchen) == ["kitchen", "Catalog", [], [["c", "Collection", ["a", "x", "y"], []]]]


def test_a_sub_catalog_says_what_it_says_upstream_but_where_it_stands(tmp_path):
    files = nested()
    files["in/land/c/24/catalog.json"] |= {"title": "Of 2024", "stats:items": 2, "stac_version": "1.0.0"}
    files["in/land/c/24/catalog.json"]["links"] += [
        link("license", "../LICENSE", title="Licence"),
        link("self", "https://example.com/wrong.json"),
        link("next", "page2.json"),
    ]
    kitchen = kept(tmp_path, files)
    kitchen.build()
    document = written(kitchen, "land/c/2024/catalog.json")
    assert {name: value for name, value in document.items() if name != "links"} == {
        "type": "Catalog",
        "stac_version": "1.1.0",
        "id": "2024",
        "title": "Of 2024",
        "description": "The 2024",
        "stats:items": 2,
    }
    assert [one["rel"] for one in document["links"]] == ["root", "parent", "license", "item", "item"]
    assert document["links"][2] == link("license", "../../../../../in/land/c/LICENSE", title="Licence")
    (above,) = [one for one in written(kitchen, "land/c/collection.json")["links"] if one["rel"] == "child"]
    assert above == link("child", "./2024/catalog.json", type="application/json", title="Of 2024")


def test_absolute_links_and_self_are_of_the_tree_that_is_written(tmp_path):
    kitchen = kept(tmp_path, nested())
    changed(kitchen, "outputs", "site", links="absolute", base_url="https://x.org/a")
    kitchen.build()
    links = {one["rel"]: one["href"] for one in written(kitchen, "land/c/2024/x/x.json")["links"]}
    assert links == {
        "root": "https://x.org/a/catalog.json",
        "parent": "https://x.org/a/land/c/2024/catalog.json",
        "collection": "https://x.org/a/land/c/collection.json",
        "self": "https://x.org/a/land/c/2024/x/x.json",
    }
    links = {one["rel"]: one["href"] for one in written(kitchen, "land/c/2024/catalog.json")["links"]}
    assert links["self"] == "https://x.org/a/land/c/2024/catalog.json"
    assert links["parent"] == "https://x.org/a/land/c/collection.json"


def test_dates_of_a_layout_make_sub_catalogs_below_the_folders(tmp_path):
    files = nested()
    files["in/land/c/24/catalog.json"]["id"] = "2023"
    kitchen = kept(tmp_path, files)
    changed(kitchen, "outputs", "site", layout="{collection}/{year}/{id}.json")
    kitchen.build()
    year = ["land-c-2024", "Catalog", ["a"], []]
    below = shape(kitchen)[3][1][3][0]
    assert below[:3] == ["c", "Collection", []]
    assert below[3][0][:3] == ["2023", "Catalog", []]
    assert [one[2] for one in below[3][0][3]] == [["x", "y"]]
    assert below[3][1] == year
    files["in/land/c/24/catalog.json"]["id"] = "2024"
    put(kitchen, files)
    kitchen.build()
    assert [one[0] for one in shape(kitchen)[3][1][3][0][3]] == ["2024", "land-c-2024"], "each has a folder of its own"


def test_other_outputs_are_as_they_were(tmp_path):
    kitchen = kept(tmp_path, nested(), keep_tree=False)
    kitchen.build()
    lines = (kitchen / "dist/c.ndjson").read_bytes()
    changed(kitchen, "sources", "up", keep_tree=True)
    report = kitchen.build()
    assert ran(report) == {"write": 3}
    assert report["outputs"]["lines"]["written"] == 0
    assert (kitchen / "dist/c.ndjson").read_bytes() == lines


def test_documents_alone_have_the_folders_too(tmp_path):
    kitchen = kept(tmp_path, nested())
    changed(kitchen, "outputs", "site", items=False, collections_file=True, readme=True)
    kitchen.build()
    assert shape(kitchen)[3][1] == ["land", "Catalog", [], [["c", "Collection", [], [["2024", "Catalog", [], []]]]]]
    (one,) = written(kitchen, "collections.json")
    links = {each["rel"]: each["href"] for each in one["links"]}
    assert links == {"root": "./catalog.json", "parent": "./land/catalog.json", "canonical": "./land/c/collection.json"}
    assert "(<./land/c/collection.json>)" in (kitchen / "dist/site/README.md").read_text()


# --- which collection an item is of


def test_a_collection_within_a_collection_stays_there(tmp_path):
    files = nested()
    files["in/land/c/24/catalog.json"] = collection("inner", link("item", "x.json"), link("item", "y.json"))
    kitchen = kept(tmp_path, files)
    kitchen.build()
    inner = ["inner", "Collection", ["x", "y"], []]
    assert shape(kitchen)[3][1] == ["land", "Catalog", [], [["c", "Collection", ["a"], [inner]]]]
    assert written(kitchen, "land/c/inner/collection.json")["extent"]["spatial"] == {"bbox": [[1, 2, 1, 2]]}


def test_items_of_one_id_in_two_collections_below_one_document_are_two_files(tmp_path):
    files = nested()
    files["in/land/c/24/catalog.json"] = collection("inner", link("item", "x.json"), link("item", "y.json"))
    files["in/land/c/24/y.json"] = item("x", "inner")
    kitchen = kept(tmp_path, files)
    kitchen.build()
    assert shape(kitchen)[3][1][3][0][3] == [["inner", "Collection", ["x", "x"], []]]
    assert (kitchen.ids("c"), kitchen.ids("inner")) == (["a", "x"], ["x"])


def test_a_catalog_that_items_name_as_their_collection_becomes_one_where_it_stands(tmp_path):
    files = nested()
    files["in/land/c/24/catalog.json"] |= {"id": "named", "title": "A Catalog"}
    files["in/land/c/24/x.json"] = item("x", "named")
    files["in/land/c/24/y.json"] = item("y", "named")
    kitchen = kept(tmp_path, files)
    kitchen.build()
    assert shape(kitchen)[3][1][3][0][3] == [["named", "Collection", ["x", "y"], []]]
    assert written(kitchen, "land/c/named/collection.json")["title"] == "A Catalog"


def test_a_collection_that_is_nowhere_upstream_has_the_folders_of_its_items(tmp_path):
    kitchen = kept(tmp_path, nested())
    kitchen.recipe["collections"] = {"all": {"from": ["up"]}}
    kitchen.save()
    kitchen.build()
    below = [["land", "Catalog", [], [["c", "Catalog", ["a"], [["2024", "Catalog", ["x", "y"], []]]]]]]
    assert shape(kitchen)[3] == [["all", "Collection", [], below], EMPTY]
    assert "extent" not in written(kitchen, "all/land/c/catalog.json")


def test_items_that_name_a_collection_that_is_nowhere_hang_where_they_hung(tmp_path):
    files = nested()
    files["in/land/c/24/x.json"] = item("x", "lost")
    files["in/land/c/24/y.json"] = item("y", "lost")
    kitchen = kept(tmp_path, files)
    kitchen.build()
    assert shape(kitchen)[3] == [EMPTY, NESTED, ["lost", "Collection", [], []]]
    assert (kitchen / "dist/site/land/c/2024/x/x.json").is_file()
    assert kitchen.ids("lost") == ["x", "y"]


def test_an_item_that_a_mapping_gives_another_collection_is_right_below_that(tmp_path):
    files = nested()
    files["in/catalog.json"]["links"].append(link(CHILD, "d/collection.json"))
    files |= {"in/d/collection.json": collection("d", link("item", "z.json")), "in/d/z.json": item("z", "d")}
    files["in/land/c/24/x.json"]["properties"]["home"] = "d"
    kitchen = kept(tmp_path, files)
    kitchen.recipe["mappings"] = {"m": {"collection": {"from": "properties.home", "default": "c"}}}
    changed(kitchen, "collections", "*", mapping="m")
    kitchen.build()
    assert shape(kitchen)[3] == [
        ["d", "Collection", ["x"], []],
        EMPTY,
        ["land", "Catalog", [], [["c", "Collection", ["a", "z"], [["2024", "Catalog", ["y"], []]]]]],
    ]


def test_an_output_of_some_collections_has_the_folders_of_those(tmp_path):
    files = nested()
    files["in/catalog.json"]["links"].append(link(CHILD, "d/collection.json"))
    files |= {"in/d/collection.json": collection("d", link("item", "z.json")), "in/d/z.json": item("z", "d")}
    kitchen = kept(tmp_path, files)
    changed(kitchen, "outputs", "site", collections=["d"])
    kitchen.build()
    assert shape(kitchen)[3] == [["d", "Collection", ["z"], []], EMPTY]


# --- what is dropped, and what is empty


@pytest.mark.parametrize("how", ["where", "patch"])
def test_a_folder_all_of_whose_items_are_dropped_is_left_out(tmp_path, how):
    files = nested()
    files["in/land/c/24/x.json"] = item("x", "c", note="bad")
    files["in/land/c/24/y.json"] = item("y", "c", note="bad")
    kitchen = kept(tmp_path, files)
    if how == "where":
        changed(kitchen, "collections", "*", where="note <> 'bad'")
    else:
        kitchen.recipe["patches"] = {"p": {"where": "note = 'bad'", "drop": True}}
        changed(kitchen, "collections", "*", patches=["p"])
    kitchen.build()
    assert shape(kitchen)[3] == [EMPTY, ["land", "Catalog", [], [["c", "Collection", ["a"], []]]]]
    assert not (kitchen / "dist/site/land/c/2024").exists()


def test_a_folder_whose_links_lead_nowhere_stays(tmp_path):
    files = nested()
    files["in/empty/catalog.json"]["links"] = [link("item", "gone.json"), link("item", "https://example.com/i.json")]
    kitchen = kept(tmp_path, files)
    report = kitchen.build()
    assert len(warned(report, "SB424")) == 1
    assert shape(kitchen)[3][0] == EMPTY
