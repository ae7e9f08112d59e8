"""One item of a tree moves: made are its file and what tells of it, and all is as a new build writes it."""

import shutil

import pytest
from kitchen import Kitchen, csv_of, row

from stacbuild import manifest
from stacbuild.outputs.stac_json import StacJson

MONTHS = 12


@pytest.fixture
def kitchen(tmp_path):
    """Four dozen items in a dozen months, built once."""
    kitchen = Kitchen(tmp_path / "a", rows=None)
    kitchen.recipe["outputs"] = {
        "site": {"kind": "stac-json", "path": "dist/site", "layout": "{collection}/{year}/{month}/{id}.json"}
    }
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


def as_if_new(kitchen):
    """Build the same from nothing elsewhere and compare what is written, manifests too."""
    folder = kitchen.folder.parent / "new"
    shutil.copytree(kitchen.folder, folder, ignore=shutil.ignore_patterns("dist", ".stacbuild"))
    other = Kitchen(folder, rows=None)
    other.recipe = kitchen.recipe
    other.save()
    other.build()
    assert kitchen.tree("dist") == other.tree("dist")
    shutil.rmtree(folder)
    assert kitchen.ask("status")["fresh"]


def test_an_item_whose_link_stays_moves_its_own_file_and_the_collection(kitchen, made):
    records(kitchen, n14={"gsd": "77"})
    kitchen.build()
    assert sorted(made) == ["2024/03/i14.json", "collection.json"]
    as_if_new(kitchen)


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
