"""Records that share an id or key, and move with their file or within it: who is taken, and what is told, follows."""

import pytest
from kitchen import Kitchen, csv_of, row


@pytest.fixture
def kitchen(tmp_path):
    """Two files, each with a record of the id `i0`."""
    kitchen = Kitchen(tmp_path, rows=None)
    kitchen.recipe["sources"]["rows"]["path"] = "data/*.csv"
    kitchen.write("data/b.csv", csv_of([row(0, gsd="1"), row(1)]))
    kitchen.write("data/c.csv", csv_of([row(2, id="i0", gsd="9"), row(3)]))
    return kitchen


@pytest.mark.parametrize(("choice", "gsd"), [("first", [1, 9]), ("last", [9, 1])])
def test_who_is_first_or_last_follows_a_file_that_is_renamed(kitchen, choice, gsd):
    kitchen.recipe["collections"]["one"]["on-duplicate"] = choice
    kitchen.save()
    found = []
    for name in ("b", "d"):
        if name == "d":
            (kitchen / "data/b.csv").rename(kitchen / "data/d.csv")
        assert kitchen.build()["items"]["total"] == 3
        found += [item["properties"]["gsd"] for item in kitchen.items() if item["id"] == "i0"]
    assert found == gsd


def test_lines_of_a_shared_id_are_told_as_they_are_now(kitchen):
    kitchen.save()
    kitchen.build(exit_=1)
    kitchen.write("data/c.csv", csv_of(["", row(2, id="i0", gsd="9"), row(3)]))
    kitchen.build(exit_=1)
    messages = {failure["message"] for failure in kitchen.failures()}
    assert messages == {"id 'i0' is made of 2 records: data/b.csv:2, data/c.csv:3"}


def test_lines_of_a_shared_key_are_told_as_they_are_now(kitchen):
    kitchen.save()
    kitchen.write("data/c.csv", csv_of([row(0, id="i9"), row(3)]))
    kitchen.build(exit_=1)
    (kitchen / "data/b.csv").rename(kitchen / "data/d.csv")
    kitchen.build(exit_=1)
    assert "data/c.csv:2, data/d.csv:2" in kitchen.failures()[0]["message"]
