"""One item of a tree moves: made are its file and what tells of it, and all is as a new build writes it."""

import shutil

import pytest
from kitchen import Kitchen, csv_of, row

from stacbuild import manifest
from stacbuild.outputs.placing import Layout
from stacbuild.outputs.stac_json import StacJson

MONTHS = 12


@pytest.fixture
def kitchen(tmp_path):
    """Four dozen items in a dozen months, built once."""
    kitchen = Kitchen(tmp_path / "a", rows=None)
    kitchen.recipe["outputs"] = {
        "site": {"kind": "stac-json", "path": "dist/site", "layout": "{collection}/{year}/{month}/{id}.json"}
    }
    kitchen.recipe["collections"]["one"]["summaries"] = ["gsd"]
    kitchen.recipe["mappings"]["plain"]["properties"]["title"] = {"from": "note", "required": False}
    kitchen.save()
    records(kitchen)
    kitchen.build()
    return kitchen


def records(kitchen, *more, without=(), **changed):
    """Write the records; `changed` are members of some by number."""
    numbers = [n for n in range(4 * MONTHS) if n not in without]
    rows = [row(n, date=f"2024-{n % MONTHS + 1:02}-03") | changed.get(f"n{n}", {}) for n in numbers]
    kitchen.write("rows.csv", csv_of([*rows, *more]))


@pytest.fixture
def made(monkeypatch):
    """Give the files whose bytes were asked for."""
    paths = []
    content = StacJson.content

    def asked(self, view, wanted, *rest):
        paths.append(wanted.path.removeprefix("site/one/"))
        return content(self, view, wanted, *rest)

    monkeypatch.setattr(StacJson, "content", asked)
    return paths


@pytest.fixture
def placed(monkeypatch):
    """Give the collections whose items were placed."""
    names = []
    tree = Layout.tree

    def asked(self, name, *rest):
        names.append(name)
        return tree(self, name, *rest)

    monkeypatch.setattr(Layout, "tree", asked)
    return names


def as_if_new(kitchen, *how):
    """Build the same from nothing elsewhere and compare what is written, manifests too."""
    folder = kitchen.folder.parent / "new"
    shutil.copytree(kitchen.folder, folder, ignore=shutil.ignore_patterns("dist", ".stacbuild"))
    other = Kitchen(folder, rows=None)
    other.recipe = kitchen.recipe
    other.save()
    other.build(*how)
    assert kitchen.tree("dist") == other.tree("dist")
    shutil.rmtree(folder)
    assert kitchen.ask("status")["fresh"]


def test_an_item_whose_link_stays_moves_its_own_file_and_the_collection(kitchen, made):
    records(kitchen, n14={"gsd": "77"})
    kitchen.build()
    assert sorted(made) == ["2024/03/i14.json", "collection.json"]
    as_if_new(kitchen)


@pytest.mark.parametrize(
    "layout", ["{collection}/{id}.json", "{collection}/{id}/{id}.json", "{collection}/{year}/{id}.json"]
)
@pytest.mark.parametrize("more", [{}, {"indent": 0}, {"links": "absolute", "base-url": "https://example.com"}])
def test_an_item_that_stays_where_it_is_costs_no_look_at_the_others(kitchen, made, placed, layout, more):
    kitchen.recipe["outputs"]["site"] |= {"layout": layout, **more}
    kitchen.save()
    kitchen.build()
    made.clear()
    placed.clear()
    records(kitchen, n14={"gsd": "77"}, n15={"gsd": "78"})
    done = kitchen.build()
    assert (len(made), placed) == (3, [])
    site = done["outputs"]["site"]
    assert (site["written"], site["removed"]) == (3, 0)
    assert site["unchanged"] + 3 == len([*(kitchen / "dist/site").rglob("*.json")])
    assert done["stages"]["write"] == {"ran": 2, "reused": 46, "failed": 0}
    as_if_new(kitchen)


@pytest.mark.parametrize("identity", ["collection", "catalog", "con", "Ä", "a/b", ".x", "x" * 200, "%41", "i~1"])
def test_an_item_of_any_name_is_found_where_it_stands(kitchen, identity):
    for layout in ("{collection}/{id}.json", "{collection}/{year}/{id}.json"):
        kitchen.recipe["outputs"]["site"]["layout"] = layout
        kitchen.save()
        records(kitchen, row(99, id=identity), row(98, id="I14", date="2024-03-03"))
        kitchen.build()
        records(kitchen, row(99, id=identity, gsd="77"), row(98, id="I14", date="2024-03-03", gsd="78"))
        assert kitchen.build()["outputs"]["site"]["written"] == 3
        as_if_new(kitchen)


def test_a_document_that_somebody_edited_gives_no_links(kitchen, made, placed):
    file = kitchen / "dist/site/one/collection.json"
    file.write_bytes(file.read_bytes().replace(b"2024", b"2042"))
    records(kitchen, n14={"gsd": "77"})
    kitchen.build()
    assert placed
    as_if_new(kitchen)


def test_an_item_that_is_withdrawn_beside_one_that_changes_leaves(kitchen):
    records(kitchen, n14={"gsd": "77"}, n15={"gsd": "no number"})
    kitchen.build("--max-deletions", "100%", "--max-failures", "100%")
    assert not (kitchen / "dist/site/one/2024/04/i15.json").exists()
    as_if_new(kitchen, "--max-failures", "100%")


def test_another_title_moves_the_catalog_that_links_to_the_item(kitchen, made):
    records(kitchen, n14={"note": "Fourteen"})
    kitchen.build()
    assert sorted(made) == ["2024/03/catalog.json", "2024/03/i14.json", "collection.json"]
    as_if_new(kitchen)


def test_an_item_that_comes_moves_the_catalog_of_its_month(kitchen, made):
    records(kitchen, row(99, date="2024-05-05"))
    kitchen.build()
    assert sorted(made) == ["2024/05/catalog.json", "2024/05/i99.json", "collection.json"]
    as_if_new(kitchen)


def test_an_item_that_goes_moves_the_catalog_of_its_month(kitchen, made):
    records(kitchen, without=(14,))
    kitchen.build()
    assert sorted(made) == ["2024/03/catalog.json", "collection.json"]
    assert not (kitchen / "dist/site/one/2024/03/i14.json").exists()
    as_if_new(kitchen)


def test_an_item_of_another_date_moves_the_catalogs_of_both_months(kitchen, made):
    records(kitchen, n14={"date": "2024-07-03"})
    kitchen.build()
    assert sorted(made) == [
        "2024/03/catalog.json",
        "2024/07/catalog.json",
        "2024/07/i14.json",
        "collection.json",
    ]
    as_if_new(kitchen)


def test_a_month_that_comes_moves_the_catalogs_above_it(kitchen, made):
    records(kitchen, row(99, date="2025-05-05"))
    kitchen.build()
    assert sorted(made) == ["2025/05/catalog.json", "2025/05/i99.json", "2025/catalog.json", "collection.json"]
    records(kitchen)
    kitchen.build()
    assert not (kitchen / "dist/site/one/2025").exists()
    as_if_new(kitchen)


def test_an_item_that_comes_to_be_called_like_another_gives_both_names_of_their_own(kitchen, made):
    records(kitchen, row(99, id="I14", date="2024-03-09"))
    kitchen.build()
    names = [path for path in made if path.startswith("2024/03/") and "14" in path]
    assert len(names) == 2
    assert all("14~" in name for name in names)
    assert len(made) == 4
    as_if_new(kitchen)
    records(kitchen)
    kitchen.build()
    assert (kitchen / "dist/site/one/2024/03/i14.json").exists()
    as_if_new(kitchen)


def test_items_of_two_months_may_be_called_alike(kitchen, made):
    records(kitchen, row(99, id="I14", date="2024-09-09"))
    kitchen.build()
    assert sorted(made) == ["2024/09/I14.json", "2024/09/catalog.json", "collection.json"]
    as_if_new(kitchen)


def test_a_folder_that_was_deleted_is_written_again_and_nothing_else(kitchen, made):
    shutil.rmtree(kitchen / "dist/site/one/2024/03")
    done = kitchen.build()
    assert {path.rpartition("/")[0] for path in made} == {"2024/03"}
    assert done["outputs"]["site"]["written"] == len(made) == 5
    as_if_new(kitchen)


def test_a_file_that_was_edited_is_written_again_and_nothing_else(kitchen, made):
    file = kitchen / "dist/site/one/2024/03/i14.json"
    file.write_bytes(file.read_bytes() + b" ")
    kitchen.build()
    assert made == ["2024/03/i14.json"]
    as_if_new(kitchen)


def test_only_the_parts_of_the_manifest_are_written_that_say_of_files_that_moved(kitchen, monkeypatch):
    monkeypatch.setattr(manifest, "FILES_A_PART", 4)
    records(kitchen, row(98, date="2024-05-05"))
    kitchen.build()
    parts = {path: path.stat().st_ino for path in (kitchen / "dist/.stacbuild-manifest/site").iterdir()}
    assert len(parts) > 10
    records(kitchen, row(98, date="2024-05-05"), n14={"gsd": "77"})
    kitchen.build()
    assert sum(path.stat().st_ino != number for path, number in parts.items()) in (1, 2)
    as_if_new(kitchen)
