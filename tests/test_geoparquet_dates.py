"""Tables by date of which some items moved: only their files are named, and all is as if it were built anew."""

import shutil

import pytest
from amends_kit import as_if_new
from parquet_kitchen import an_item, of_items, put

from stacbuild import settle
from stacbuild.roster import Roster
from stacbuild.view import Catalog

PATHS = ["dist/{collection}/{year}-{month}.parquet", "dist/{year}/{month}.parquet", "dist/{year}{collection}.parquet"]
COLLECTIONS = "one", "two"
SUMMARISED = "platform"


def items(changed=(), without=()):
    """Return items of two collections in two years; `changed`: id → members of some, `without`: ids of none."""
    names = [
        (f"{year}-{month:02}.{one}", year, month, one)
        for one in COLLECTIONS
        for year in (2023, 2024)
        for month in (1, 5)
    ]
    return [
        an_item(
            name,
            when=changed.get(name, {}).get("when", f"{year}-{month:02}-10T00:00:00Z"),
            properties={SUMMARISED: changed.get(name, {}).get("platform", "plain")},
            collection=one,
        )
        for name, year, month, one in names
        if name not in without
    ]


@pytest.fixture(params=PATHS)
def kitchen(tmp_path, request):
    """Two collections of a source, built once."""
    kitchen = of_items(tmp_path / "a", items({}), path=request.param)
    table = kitchen.recipe["collections"].pop("one")
    kitchen.recipe["collections"]["*"] = {**table, "summaries": [SUMMARISED]}
    kitchen.save()
    kitchen.build()
    return kitchen


@pytest.fixture
def looked(monkeypatch):
    """Give the collections of which all items were looked at."""
    names, every = [], Catalog.items
    monkeypatch.setattr(Catalog, "items", lambda self, name: names.append(name) or every(self, name))
    return names


def table_alone(kitchen):
    """Leave the table the only output, built once: others look at all items."""
    del kitchen.recipe["outputs"]["lines"]
    kitchen.save()
    kitchen.build()


def test_only_the_files_of_what_moved_are_named_and_written(kitchen, looked):
    table_alone(kitchen)
    looked.clear()
    put(kitchen, items({"2023-05.one": {"platform": "other"}}))
    report = kitchen.build()["outputs"]["table"]
    assert (report["written"], report["removed"], looked) == (1, 0, [])
    assert report["unchanged"] == len(kitchen.tree("dist")) - 2  # and the manifest
    assert kitchen.build()["outputs"]["table"]["written"] == 0
    as_if_new(kitchen)


def test_of_what_moved_in_many_files_all_are_written(kitchen, looked):
    table_alone(kitchen)
    looked.clear()
    put(kitchen, items({name["id"]: {"platform": "other"} for name in items({})}))
    assert kitchen.build()["outputs"]["table"]["unchanged"] == 0
    assert looked == []
    as_if_new(kitchen)


@pytest.mark.parametrize(
    ("changed", "without"),
    [
        ({"2023-05.one": {"when": "2024-05-11T00:00:00Z"}}, ()),
        ({"2023-05.one": {"when": "2023-05-11T00:00:00Z"}}, ()),
        ({"2023-05.one": {"platform": "other"}, "2024-01.two": {"when": "2025-01-01T00:00:00Z"}}, ()),
        ({"2023-05.one": {"platform": "other"}}, ["2024-01.one"]),
    ],
)
def test_where_items_come_go_or_change_their_date_all_files_are_named(kitchen, looked, changed, without):
    put(kitchen, items(changed, without))
    kitchen.build("--max-deletions", "100%")
    assert set(looked) == set(COLLECTIONS)
    as_if_new(kitchen)


def test_where_too_many_moved_to_note_each_all_files_are_named(kitchen, looked, monkeypatch):
    monkeypatch.setattr(settle, "IN_PLACE_AT_MOST", 1)
    put(kitchen, items({"2023-05.one": {"platform": "other"}, "2024-05.one": {"platform": "other"}}))
    kitchen.build()
    assert set(looked) == set(COLLECTIONS)
    as_if_new(kitchen)


@pytest.mark.parametrize("harm", ["edited", "missing"])
def test_files_that_are_not_as_they_were_are_mended_beside_what_moved(kitchen, harm):
    file = max((kitchen / "dist").rglob("*.parquet"))
    file.write_bytes(b"other") if harm == "edited" else file.unlink()
    put(kitchen, items({"2023-05.one": {"platform": "other"}}))
    assert kitchen.build()["outputs"]["table"]["written"] == 2
    as_if_new(kitchen)


def test_what_vanished_and_stays_counts_in_its_files(kitchen):
    kitchen.recipe["collections"]["*"]["keep-removed"] = True
    kitchen.save()
    put(kitchen, items({}, without=["2023-05.two", "2024-05.one"]))
    kitchen.build()
    put(kitchen, items({"2023-05.one": {"platform": "other"}}, without=["2023-05.two", "2024-05.one"]))
    kitchen.build()
    found = kitchen.tree("dist")
    shutil.rmtree(kitchen / "dist")
    kitchen.build()
    assert kitchen.tree("dist") == found


def test_rows_of_a_collection_in_which_nothing_moved_are_read_only_for_files_that_it_shares(kitchen, monkeypatch):
    table_alone(kitchen)
    names, of_dates = [], Roster.of_dates
    monkeypatch.setattr(Roster, "of_dates", lambda self, *asked: names.append(asked[0]) or of_dates(self, *asked))
    put(kitchen, items({"2023-05.one": {"platform": "other"}}))
    kitchen.build()
    shared = "{collection}" not in kitchen.recipe["outputs"]["table"]["path"]
    assert names == (["one", "two"] if shared else ["one"])
