"""What is asked of all groups is answered without their rows: names by their marks, aggregates by their shares."""

from unittest import mock

import pytest
from kitchen import Kitchen, row

from stacbuild.model import Names
from stacbuild.trace import Memory

ROWS = 3_000
"""Some ten groups."""


@pytest.fixture
def kitchen(tmp_path):
    kitchen = Kitchen(tmp_path / "k", rows=ROWS)
    kitchen.recipe["outputs"] = {"lines": {"kind": "ndjson", "path": "dist/{collection}.ndjson"}}
    kitchen.save()
    kitchen.build()
    return kitchen


def groups_read(act):
    """Return how many groups' rows `act` reads, and what it gives."""
    with mock.patch.object(Memory, "group", autospec=True, side_effect=Memory.group) as read:
        given = act()
    return read.call_count, given


def groups(kitchen):
    return len(Memory(kitchen / ".stacbuild/memory/stacbuild.toml").head.groups)


@pytest.mark.parametrize("target", ["item:i1234", "item:one/i1234"])
def test_why_reads_the_rows_of_one_group(kitchen, target):
    assert groups(kitchen) > 5
    read, report = groups_read(lambda: kitchen.ask("why", target))
    assert read == 1
    assert report["target"] == "item:one/i1234"


@pytest.mark.parametrize(("target", "exit_"), [("item:i123?", 2), ("item:nowhere", 2), ("item:*i1234", 0)])
def test_why_of_a_glob_or_of_nothing_looks_everywhere(kitchen, target, exit_):
    read, _ = groups_read(lambda: kitchen.ask("why", target, exit_=exit_))
    assert read >= groups(kitchen)


@pytest.mark.parametrize("targets", [["item:i1234"], ["item:one/i1234", "item:i7"]])
def test_what_is_named_by_its_id_is_found_without_the_rows_of_others(kitchen, targets):
    read, _ = groups_read(lambda: kitchen.build(*targets))
    assert 1 <= read <= len(targets)


@pytest.mark.parametrize("targets", [["item:i123*"], ["item:i1234", "source:rows"], ["item:i1234", "failed:*"]])
def test_what_is_named_otherwise_is_looked_for_everywhere(kitchen, targets):
    assert groups_read(lambda: kitchen.ask("build", *targets, exit_=0))[0] >= groups(kitchen)


def test_a_record_that_lost_its_id_is_called_what_it_was(kitchen):
    rows = [row(number) for number in range(ROWS)]
    rows[1234]["id"] = ""
    kitchen.rows(rows)
    kitchen.build("item:i1234", exit_=1)
    assert "i1234" not in kitchen.ids()
    rows[7]["id"] = "i1234"
    kitchen.rows(rows)
    kitchen.build("item:i1234", exit_=1)
    assert kitchen.ids().count("i1234") == 1


def test_nothing_to_do_reads_no_rows(kitchen):
    assert groups_read(kitchen.build)[0] == 0


def test_new_records_are_looked_for_among_all_names_and_no_rows_read(kitchen):
    kitchen.rows([row(number) for number in range(ROWS)] + [row(ROWS)])
    kitchen.recipe["outputs"] = {}
    kitchen.save()
    read, report = groups_read(kitchen.build)
    assert report["items"]["added"] == 1
    assert read <= 2  # the last group, which the record joins


def test_a_build_that_lists_many_failures_reads_no_rows_for_it(kitchen):
    bad = [row(number, gsd="x" if number % 10 == 0 else "1") for number in range(ROWS)]
    kitchen.rows(bad)
    kitchen.build("--max-deletions", "100%", exit_=1)
    told = kitchen.failures()
    assert len(told) == ROWS // 10
    kitchen.rows([*bad, row(ROWS)])
    read, _ = groups_read(lambda: kitchen.build(exit_=1))
    assert read < groups(kitchen) / 2
    assert kitchen.failures() == told


def test_a_name_that_comes_again_much_later_is_found_by_its_mark(kitchen):
    kitchen.rows([row(number) for number in range(ROWS)] + [row(ROWS) | {"id": "i7"}, row(ROWS + 1) | {"key": "k9"}])
    report = kitchen.build("--max-deletions", "100%", exit_=1)
    codes = sorted(failure["code"] for failure in kitchen.failures())
    assert codes == ["SB293", "SB293", "SB492", "SB492"]
    assert report["items"]["total"] == ROWS - 2
    kitchen.rows([row(number) for number in range(ROWS)])
    kitchen.build()
    assert len(kitchen.items()) == ROWS


@pytest.mark.parametrize("kind", ["names", "rows"])
def test_what_is_damaged_is_memory_lost(kitchen, kind):
    before = (kitchen / "dist/one.ndjson").read_bytes()
    file = kitchen / f".stacbuild/memory/stacbuild.toml/{kind}-1"
    file.write_bytes(b"\xff" * len(file.read_bytes()))
    kitchen.rows([row(number) for number in range(1, ROWS)])
    kitchen.build()
    kitchen.rows([row(number) for number in range(ROWS)])
    kitchen.build()
    assert (kitchen / "dist/one.ndjson").read_bytes() == before


def test_marks_are_found_where_they_begin_only():
    names = Names(b"", b"AAAAAAAABBBBBBBB")
    assert names.any_id({b"BBBBBBBB"})
    assert not names.any_id({b"AAAABBBB"})
    assert not names.any_id(set())
    others = {number.to_bytes(8) for number in range(20)}
    assert names.any_id({*others, b"BBBBBBBB"})
    assert not names.any_id({*others, b"AAAABBBB"})
