"""What a tree may have besides its items' files: collections.json, README.md; and a tree without items."""

import json
import re

import pytest
from kitchen import Kitchen, ran, row

TWO = {"from": ["rows"], "mapping": "plain", "title": "Two | *b*", "where": "gsd > 1"}


def kitchen_of(folder, rows=3, **keys):
    """Return a kitchen with two collections and a tree that has `keys`, besides its lines."""
    kitchen = Kitchen(folder, rows)
    kitchen.recipe["collections"]["two"] = TWO
    kitchen.recipe["outputs"]["site"] |= {name.replace("_", "-"): value for name, value in keys.items()}
    kitchen.save()
    return kitchen


def changed(kitchen, **keys):
    kitchen.recipe["outputs"]["site"] |= {name.replace("_", "-"): value for name, value in keys.items()}
    kitchen.save()
    return kitchen.build()


def site(kitchen, name):
    return json.loads((kitchen / "dist/site" / name).read_bytes())


def rels(document):
    return [link["rel"] for link in document["links"]]


# --- without items


def test_without_items_there_are_the_documents_alone_and_no_link_to_an_item(tmp_path):
    kitchen = kitchen_of(tmp_path, items=False, layout="{collection}/{year}/{id}.json")
    report = kitchen.build()
    assert set(kitchen.tree("dist/site")) - {f for f in kitchen.tree("dist/site") if "manifest" in f} == {
        "dist/site/catalog.json",
        "dist/site/one/collection.json",
        "dist/site/two/collection.json",
    }
    assert rels(site(kitchen, "one/collection.json")) == ["root", "parent"]
    assert site(kitchen, "one/collection.json")["extent"]["spatial"]["bbox"] == [[10.0, 0.0, 12.0, 2.0]]
    assert report["items"]["total"] == 5
    assert ran(kitchen.build()) == {}


def test_taking_the_items_out_of_a_tree_removes_their_files_and_putting_them_back_runs_no_stage(tmp_path):
    kitchen = kitchen_of(tmp_path)
    kitchen.build()
    before = kitchen.tree("dist")
    report = changed(kitchen, items=False)
    assert report["outputs"]["site"]["removed"] == 5
    assert not list((kitchen / "dist/site").rglob("i0*"))
    assert ran(report) == {}
    report = changed(kitchen, items=True)
    assert ran(report) == {"write": 5}
    assert kitchen.tree("dist") == before


def test_a_changed_item_rewrites_the_documents_whose_summary_moved_only(tmp_path):
    kitchen = kitchen_of(tmp_path, items=False)
    kitchen.recipe["collections"]["one"]["summaries"] = ["gsd"]
    kitchen.save()
    kitchen.build()
    kitchen.rows([row(0), row(1), row(2, note="nothing that a document tells")])
    assert kitchen.build()["outputs"]["site"]["written"] == 0
    kitchen.rows([row(0), row(1), row(2, gsd="9")])
    assert kitchen.build()["outputs"]["site"]["written"] == 1


def test_items_that_stay_are_not_read_back_from_a_tree_that_has_none(tmp_path):
    kitchen = kitchen_of(tmp_path, items=False)
    kitchen.recipe["collections"]["one"]["keep-removed"] = True
    kitchen.save()
    kitchen.build()
    (kitchen / "dist/one.ndjson").unlink()
    kitchen.run("clean", "--memory")
    assert kitchen.build()["items"]["total"] == 5


# --- collections.json


def test_collections_json_is_a_plain_list_of_what_the_collections_documents_say(tmp_path):
    kitchen = kitchen_of(tmp_path, collections_file=True)
    kitchen.build()
    listed = site(kitchen, "collections.json")
    assert [one["id"] for one in listed] == ["one", "two"]
    for one in listed:
        whole = site(kitchen, f"{one['id']}/collection.json")
        assert {**one, "links": []} == {**whole, "links": []}
        assert rels(one) == ["root", "parent", "canonical"]
        assert (kitchen / "dist/site" / one["links"][2]["href"]).is_file()


@pytest.mark.parametrize("indent", [0, 1, 2])
def test_each_document_in_the_list_is_written_as_the_whole_list_would_be(tmp_path, indent):
    kitchen = kitchen_of(tmp_path, collections_file=True, indent=indent)
    kitchen.build()
    text = (kitchen / "dist/site/collections.json").read_text()
    parts = [json.dumps(one, indent=indent or None, ensure_ascii=False) for one in json.loads(text)]
    assert re.sub(r"\s", "", text) == re.sub(r"\s", "", f"[{','.join(parts)}]")
    assert text.startswith(f'[\n{" " * indent}{{\n{" " * 2 * indent}"type"' if indent else '[{"type"')
    assert text.count("\n") > 10 if indent else text.count("\n") == 1


def test_in_an_absolute_tree_each_of_the_list_has_its_self(tmp_path):
    kitchen = kitchen_of(tmp_path, collections_file=True, links="absolute", base_url="https://x.org/a/")
    kitchen.build()
    one = site(kitchen, "collections.json")[0]
    assert rels(one) == ["root", "parent", "self"]
    assert one["links"][2]["href"] == "https://x.org/a/one/collection.json"


def test_a_catalog_without_collections_has_an_empty_list(tmp_path):
    kitchen = kitchen_of(tmp_path, collections_file=True, readme=True, collections=["t*"])
    kitchen.recipe["collections"].pop("two")
    kitchen.save()
    kitchen.build()
    assert (kitchen / "dist/site/collections.json").read_text() == "[]\n"
    assert "0 collections, 0 items." in (kitchen / "dist/site/README.md").read_text()


# --- README.md


def test_the_page_tells_extent_counts_licence_and_how_to_open_it(tmp_path):
    kitchen = kitchen_of(tmp_path, readme=True)
    kitchen.recipe["catalog"] |= {"title": "My *kitchen*", "description": "What is **cooked**."}
    kitchen.recipe["collections"]["one"]["license"] = "CC-BY-4.0"
    kitchen.save()
    kitchen.build()
    page = (kitchen / "dist/site/README.md").read_text()
    assert page.startswith("# My \\*kitchen\\*\n\nWhat is **cooked**.\n\n2 collections, 5 items.\n\n")
    assert "| [One](<./one/collection.json>) | 3 | 2024-01-01 | 2024-01-03 | 10, 0, 12, 2 | CC-BY-4.0 |" in page
    assert "| [Two \\| \\*b\\*](<./two/collection.json>) | 2 | 2024-01-02 |" in page
    assert 'pystac.Catalog.from_file("catalog.json")' in page
    assert page.endswith("```\n")
    (link,) = [link for link in site(kitchen, "catalog.json")["links"] if link["rel"] == "describedby"]
    assert (link["href"], link["type"]) == ("./README.md", "text/markdown")


def test_the_page_of_a_catalog_with_a_url_opens_it_there(tmp_path):
    kitchen = kitchen_of(tmp_path, readme=True, base_url="https://x.org/a")
    kitchen.build()
    page = (kitchen / "dist/site/README.md").read_text()
    assert 'from_file("https://x.org/a/catalog.json")' in page
    assert "#/external/x.org/a/catalog.json" in page


@pytest.mark.parametrize("items", [True, False])
def test_what_the_page_says_in_python_runs_where_the_page_lies(tmp_path, monkeypatch, capsys, items):
    pytest.importorskip("pystac")
    kitchen = kitchen_of(tmp_path, readme=True, items=items)
    kitchen.build()
    page = (kitchen / "dist/site/README.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    monkeypatch.chdir(kitchen / "dist/site")
    exec(code, {})
    assert capsys.readouterr().out.split()[0] == ("i0" if items else "one")


# --- all of them


def test_another_title_rewrites_documents_only_and_the_same_again_nothing(tmp_path):
    kitchen = kitchen_of(tmp_path, readme=True, collections_file=True)
    kitchen.build()
    kitchen.recipe["collections"]["one"]["title"] = "Another"
    kitchen.save()
    report = kitchen.build()
    assert ran(report) == {}
    assert report["outputs"]["site"]["written"] == 4  # catalog, collection, list, page
    assert report["outputs"]["lines"]["written"] == 0
    assert "[Another]" in (kitchen / "dist/site/README.md").read_text()
    assert kitchen.build()["outputs"]["site"]["written"] == 0


def test_what_a_build_from_nothing_writes_is_what_many_builds_wrote(tmp_path):
    kitchen = kitchen_of(tmp_path / "a", 1)
    kitchen.build()
    kitchen.rows([row(number) for number in range(4)])
    changed(kitchen, readme=True, collections_file=True)
    kitchen.rows([row(number) for number in range(1, 4)])
    kitchen.build()
    other = kitchen_of(tmp_path / "b", [row(number) for number in range(1, 4)], readme=True, collections_file=True)
    other.build()
    assert kitchen.tree("dist") == other.tree("dist")


def test_turning_them_off_removes_their_files_and_clean_removes_all(tmp_path):
    kitchen = kitchen_of(tmp_path, readme=True, collections_file=True)
    kitchen.build()
    report = changed(kitchen, readme=False, collections_file=False)
    assert report["outputs"]["site"]["removed"] == 2
    changed(kitchen, readme=True, collections_file=True)
    assert kitchen.ask("verify", "--outputs")["exit"] == 0
    listed = {file["path"] for file in kitchen.ask("ls", "output:site")["files"]}
    assert {"dist/site/README.md", "dist/site/collections.json"} <= listed
    kitchen.run("clean", "output:site")
    assert not (kitchen / "dist/site").exists()


def test_a_collection_called_like_a_file_of_the_root_has_another_folder(tmp_path):
    kitchen = kitchen_of(tmp_path, readme=True, collections_file=True)
    kitchen.recipe["collections"] |= dict.fromkeys(("collections.json", "readme.md"), TWO)
    kitchen.save()
    kitchen.build()
    assert len(site(kitchen, "collections.json")) == 4
    assert (kitchen / "dist/site/README.md").is_file()


@pytest.mark.filterwarnings("ignore")  # that it is no API
def test_pystac_client_walks_the_tree(tmp_path):
    client = pytest.importorskip("pystac_client")
    kitchen = kitchen_of(tmp_path, readme=True, collections_file=True)
    kitchen.build()
    catalog = client.Client.open(str(kitchen / "dist/site/catalog.json"))
    assert sorted(one.id for one in catalog.get_collections()) == ["one", "two"]
    assert len(list(catalog.get_items(recursive=True))) == 5
