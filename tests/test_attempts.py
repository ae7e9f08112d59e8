"""`attempts` of failures.ndjson: how often it was tried; what is only remembered was not tried again."""

import pytest
from kitchen import Kitchen, row


@pytest.fixture
def kitchen(tmp_path):
    return Kitchen(tmp_path / "here", rows=[row(1), row(2, gsd="many"), row(3, lon="x"), row(4)])


def attempts(kitchen):
    return {failure["record"] or failure["source"]["where"]: failure["attempts"] for failure in kitchen.failures()}


def build(kitchen, *argv):
    kitchen.build(*argv, exit_=1)
    return attempts(kitchen)


def test_first_try_is_one_and_what_is_remembered_is_not_tried(kitchen):
    assert build(kitchen) == {"k2": 1, "k3": 1}
    assert build(kitchen) == {"k2": 1, "k3": 1}
    kitchen.rows([row(1, note="other"), row(2, gsd="many"), row(3, lon="x"), row(4)])
    assert build(kitchen) == {"k2": 1, "k3": 1}


def test_each_try_counts(kitchen):
    build(kitchen)
    assert build(kitchen, "--force") == {"k2": 2, "k3": 2}
    assert build(kitchen, "failed:*") == {"k2": 3, "k3": 3}
    assert build(kitchen) == {"k2": 3, "k3": 3}


def test_what_is_tried_alone_counts_alone(kitchen):
    build(kitchen)
    kitchen.rows([row(1), row(2, gsd="more"), row(3, lon="x"), row(4)])
    assert build(kitchen) == {"k2": 2, "k3": 1}


def test_time_is_that_of_the_last_try(kitchen):
    build(kitchen)
    path = kitchen / ".stacbuild/failures.ndjson"
    path.write_text(path.read_text().replace('"timestamp":"2', '"timestamp":"1'))
    kitchen.rows([row(1), row(2, gsd="more"), row(3, lon="x"), row(4)])
    build(kitchen)
    assert {failure["record"]: failure["timestamp"][0] for failure in kitchen.failures()} == {"k2": "2", "k3": "1"}


def test_what_was_mended_begins_anew(kitchen):
    build(kitchen, "--force")
    kitchen.rows([row(1), row(2), row(3, lon="x"), row(4)])
    assert build(kitchen) == {"k3": 1}
    kitchen.rows([row(1), row(2, gsd="many"), row(3, lon="x"), row(4)])
    assert build(kitchen, "--force") == {"k2": 1, "k3": 2}


def test_invalid_items_are_counted_too(tmp_path):
    kitchen = Kitchen(tmp_path / "here", rows=[row(1)])
    kitchen.recipe["mappings"]["plain"]["properties"]["created"] = {"value": "not a time"}
    kitchen.save()
    assert set(build(kitchen).values()) == {1}
    assert set(build(kitchen, "--force").values()) == {2}


def test_file_that_cannot_be_read_is_tried_each_time(kitchen):
    build(kitchen)
    kitchen.write("rows.csv", b"")
    assert build(kitchen)["rows.csv"] == 1
    assert build(kitchen)["rows.csv"] == 2
    assert build(kitchen)["k2"] == 1


def test_records_that_cannot_be_read_are_told_apart(tmp_path):
    kitchen = Kitchen(tmp_path / "here", rows=[row(1), "k2,short"])
    assert build(kitchen) == {"rows.csv:3": 1}
    kitchen.rows([row(1), "k2,short", "k3,short"])
    assert build(kitchen) == {"rows.csv:3": 2, "rows.csv:4": 1}
