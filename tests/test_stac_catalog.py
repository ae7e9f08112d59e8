"""Static catalogs of any shape: which items a walk from the root finds, and of which collection each is."""

import json

import pytest
from trees import built, catalog, clone, collection, item, link, small, warned


def test_the_items_of_a_catalog_are_found_by_its_links(tmp_path):
    kitchen = clone(tmp_path, {**small(), "in/c/unlinked.json": item("unlinked", "c")})
    report = kitchen.build()
    assert built(kitchen) == {"c": ["i0", "i1", "i2"]}
    assert (report["stages"]["fetch"]["ran"], report["warnings"]) == (3, [])


def test_a_collection_is_a_root_too(tmp_path):
    kitchen = clone(tmp_path, small(), href="in/c/collection.json")
    kitchen.build()
    assert built(kitchen) == {"c": ["i0", "i1", "i2"]}


def test_an_item_is_of_the_collection_that_it_names_else_of_the_nearest_above(tmp_path):
    files = {
        "in/catalog.json": catalog("root", link("child", "a/collection.json")),
        "in/a/collection.json": collection("a", link("child", "b/catalog.json"), link("item", "own.json")),
        "in/a/own.json": item("own"),
        "in/a/b/catalog.json": catalog("b", link("child", "c/collection.json"), link("item", "far.json")),
        "in/a/b/far.json": item("far", None),
        "in/a/b/c/collection.json": collection("c", link("item", "near.json"), link("item", "said.json")),
        "in/a/b/c/near.json": item("near"),
        "in/a/b/c/said.json": item("said", "a"),
    }
    kitchen = clone(tmp_path, files)
    kitchen.build()
    assert built(kitchen) == {"a": ["far", "own", "said"], "c": ["near"]}
    assert {one["collection"] for one in kitchen.items("c")} == {"c"}


def test_an_item_of_no_collection_goes_where_a_table_takes_all(tmp_path):
    kitchen = clone(tmp_path, {"in/catalog.json": catalog("root", link("item", "x.json")), "in/x.json": item("x")})
    kitchen.recipe["collections"] = {"all": {"from": ["up"]}}
    kitchen.save()
    kitchen.build()
    assert built(kitchen) == {"all": ["x"]}


def test_absolute_links_lead_to_the_files_beside_where_they_begin_as_the_root_does(tmp_path):
    files = {
        "in/catalog.json": catalog(
            "root",
            link("self", "https://example.com/stac/catalog.json"),
            link("child", "https://example.com/stac/c/collection.json"),
            link("child", "https://elsewhere.example.com/stac/d/collection.json?key=hush"),
        ),
        "in/c/collection.json": collection("c", link("item", "https://example.com/stac/c/x%20y.json")),
        "in/c/x y.json": item("x", "c"),
    }
    kitchen = clone(tmp_path, files)
    report = kitchen.build()
    assert built(kitchen) == {"c": ["x"]}
    (told,) = warned(report, "SB425")
    assert "1 of its links lead to URLs" in told
    assert "https://elsewhere.example.com/stac/d/collection.json" in told
    assert "hush" not in json.dumps(report)


def test_absolute_paths_of_this_machine_are_followed_within_the_catalog(tmp_path):
    files = {
        "in/catalog.json": catalog("root", link("child", f"{tmp_path}/in/c/collection.json")),
        "in/c/collection.json": collection("c", link("item", f"file://{tmp_path}/in/c/x.json")),
        "in/c/x.json": item("x", "c"),
    }
    kitchen = clone(tmp_path, files)
    kitchen.build()
    assert built(kitchen) == {"c": ["x"]}


@pytest.mark.parametrize(
    ("href", "file"),
    [
        ("x y.json", "x y.json"),
        ("x%20y.json", "x y.json"),
        ("x%20y.json", "x%20y.json"),
        ("100%.json", "100%.json"),
        ("x.json?v=2", "x.json"),
        ("x.json#top", "x.json"),
        ("a#b.json", "a#b.json"),
        (".\\deep\\x.json", "deep/x.json"),
        ("a:b/x.json", "a:b/x.json"),
        ("ö/é.json", "ö/é.json"),
        ("./a/../b//x.json", "b/x.json"),
    ],
)
def test_hrefs_are_read_as_people_write_them(tmp_path, href, file):
    kitchen = clone(tmp_path, {"in/catalog.json": collection("c", link("item", href)), f"in/{file}": item("x", "c")})
    report = kitchen.build()
    assert (built(kitchen), warned(report, "SB424")) == ({"c": ["x"]}, [])


def test_cycles_and_self_loops_end(tmp_path):
    files = {
        "in/catalog.json": catalog("root", link("child", "./catalog.json"), link("child", "c/collection.json")),
        "in/c/collection.json": collection(
            "c", link("child", "../catalog.json"), link("item", "x.json"), link("item", "./collection.json")
        ),
        "in/c/x.json": item("x", "c"),
    }
    kitchen = clone(tmp_path, files)
    report = kitchen.build()
    assert (built(kitchen), report["items"]["failed"]) == ({"c": ["x"]}, 0)


def test_a_folder_that_is_a_link_to_one_above_it_is_gone_into_once(tmp_path):
    kitchen = clone(
        tmp_path,
        {
            "in/catalog.json": collection("c", link("child", "loop/catalog.json"), link("item", "loop/x.json")),
            "in/x.json": item("x", "c"),
        },
    )
    (tmp_path / "in/loop").symlink_to(tmp_path / "in")
    kitchen.build()
    assert built(kitchen) == {"c": ["x"]}


def test_an_item_that_two_documents_link_to_is_one(tmp_path):
    files = small()
    files["in/catalog.json"]["links"].append(link("item", "./c/i1.json"))
    files["in/c/collection.json"]["links"].append(link("item", "../c/i1.json"))
    kitchen = clone(tmp_path, files)
    kitchen.build()
    assert built(kitchen) == {"c": ["i0", "i1", "i2"]}


def test_a_child_that_is_an_item_is_one(tmp_path):
    files = {"in/catalog.json": collection("c", link("child", "x.json")), "in/x.json": item("x", "c")}
    kitchen = clone(tmp_path, files)
    kitchen.build()
    assert built(kitchen) == {"c": ["x"]}
    assert kitchen.build()["stages"]["fetch"]["ran"] == 0


def test_a_tree_may_be_as_deep_as_paths_may_be_long(tmp_path):
    files, folder = {}, "in"
    for number in range(700):
        files[f"{folder}/catalog.json"] = catalog(f"n{number}", link("child", "d/catalog.json"))
        folder += "/d"
    files[f"{folder}/catalog.json"] = collection("c", link("item", "x.json"))
    files[f"{folder}/x.json"] = item("x", "c")
    kitchen = clone(tmp_path, files)
    kitchen.build()
    assert len(kitchen.items("c")) == 1


# --- out of the tree


def outside(tmp_path, **source):
    files = {
        "in/catalog.json": collection("c", link("item", "../out/x.json"), link("item", "y.json")),
        "in/y.json": item("y", "c"),
        "out/x.json": item("x", "c"),
    }
    return clone(tmp_path, files, **source)


def test_links_out_of_the_tree_are_told_and_not_followed(tmp_path):
    kitchen = outside(tmp_path)
    report = kitchen.build()
    assert built(kitchen) == {"c": ["y"]}
    assert warned(report, "SB425") == [
        "source 'up': 1 of its links lead out of the folder of its root, as in in/catalog.json: out/x.json"
    ]


def test_links_out_of_the_tree_are_followed_where_that_is_asked_for(tmp_path):
    kitchen = outside(tmp_path, **{"follow-external": True})
    assert kitchen.build()["warnings"] == []
    assert built(kitchen) == {"c": ["x", "y"]}


def test_a_symbolic_link_does_not_lead_out_of_the_tree(tmp_path):
    kitchen = outside(tmp_path)
    (tmp_path / "in/z.json").symlink_to(tmp_path / "out/x.json")
    (tmp_path / "in/other").symlink_to(tmp_path / "out")
    links = [link("item", "z.json"), link("item", "other/x.json"), link("item", "y.json")]
    kitchen.write("in/catalog.json", json.dumps(collection("c", *links)))
    report = kitchen.build()
    assert built(kitchen) == {"c": ["y"]}
    assert warned(report, "SB425")[0].startswith("source 'up': 2 of its links lead out")
