"""The audit of mappings: how many records each mapped and why others failed, of the state and not of the run."""

import copy

import pytest
from kitchen import Kitchen, ran, row


@pytest.fixture
def kitchen(tmp_path):
    """Five records: of two the gsd is no number, one has no date, two share their id."""
    rows = [row(0), row(1, gsd="x"), row(2, gsd="y"), row(3, date=""), row(4), row(5, id="i4")]
    return Kitchen(tmp_path / "k", rows=rows)


def reasons(told):
    return {code: reason["count"] for code, reason in told["reasons"].items()}


def test_each_mapping_says_how_many_it_mapped_and_why_not(kitchen):
    told = kitchen.build(exit_=1)["mappings"]["plain"]
    assert (told["mapped"], told["failed"]) == (1, 5)
    assert reasons(told) == {"SB201": 1, "SB203": 2, "SB293": 2}
    assert "is not a number" in told["reasons"]["SB203"]["message"]


def test_a_build_with_nothing_to_do_says_the_same(kitchen):
    first = kitchen.build(exit_=1)["mappings"]
    second = kitchen.build(exit_=1)
    assert ran(second) == {}
    assert second["mappings"] == first


def test_a_targeted_build_counts_all_records(kitchen):
    first = kitchen.build(exit_=1)["mappings"]
    assert kitchen.build("item:i0", exit_=1)["mappings"] == first
    assert kitchen.build("failed:*", exit_=1)["mappings"] == first


def test_what_fails_behind_the_mapping_was_mapped(kitchen):
    kitchen.recipe["mappings"]["plain"]["properties"]["license"] = {"value": 7}
    kitchen.save()
    kitchen.rows([row(0), row(1)])
    document = kitchen.build(exit_=1)
    assert document["items"]["failed"] == 2
    assert document["mappings"] == {"plain": {"mapped": 2, "failed": 0, "reasons": {}}}


def test_collections_of_one_mapping_are_added_and_unused_mappings_left_out(kitchen):
    kitchen.recipe["collections"]["two"] = {"from": ["rows"], "mapping": "plain"}
    kitchen.recipe["mappings"]["unused"] = copy.deepcopy(kitchen.recipe["mappings"]["plain"])
    kitchen.save()
    mappings = kitchen.build(exit_=1)["mappings"]
    assert list(mappings) == ["plain"]
    assert (mappings["plain"]["mapped"], mappings["plain"]["failed"]) == (2, 10)


def test_records_that_are_mended_leave_the_audit(kitchen):
    kitchen.build(exit_=1)
    kitchen.rows([row(number) for number in range(3)])
    assert kitchen.build()["mappings"]["plain"] == {"mapped": 3, "failed": 0, "reasons": {}}


def test_the_screen_says_it_of_mappings_that_fail_records_and_with_v_of_all(kitchen):
    assert "  mapping plain: 1 mapped, 5 failed (SB203 2, SB293 2, SB201 1)" in kitchen.run("build").out.splitlines()
    kitchen.rows([row(number) for number in range(3)])
    assert "mapping plain" not in kitchen.run("build").out
    assert "  mapping plain: 3 mapped" in kitchen.run("build", "-v").out.splitlines()
