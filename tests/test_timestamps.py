"""`created` and `updated`: given by the item, by SOURCE_DATE_EPOCH or once by the clock; kept, and in no key."""

import shutil
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from extended import ITEM, applied, changed
from hypothesis import given
from hypothesis import strategies as st
from kitchen import Kitchen, ran, row

from stacbuild import times, workshop
from stacbuild.times import Times, packed

FIRST, LATER, LAST = 1_700_000_000, 1_710_000_000, 1_720_000_000
TABLE = {"use": "timestamps"}


def text(seconds):
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def both(item):
    return item["properties"]["created"], item["properties"]["updated"]


# ---- one item --------------------------------------------------------------------------------------------------------


def test_an_item_that_tells_no_time_was_made_when_it_was_first_seen():
    assert both(applied(TABLE, times=Times(FIRST))) == (text(FIRST), text(FIRST))


def test_the_same_content_keeps_its_time_and_other_content_gets_another():
    first = Times(FIRST)
    made = applied(TABLE, times=first)
    kept = packed(first.noted())
    assert applied(TABLE, times=Times(LATER, known=kept)) == made
    other = applied(TABLE, changed({"platform": "two"}), times=Times(LATER, known=kept))
    assert both(other) == (text(FIRST), text(LATER))


def test_the_newest_of_the_times_that_an_item_tells_is_taken_as_it_is_written():
    item = changed({"updated": "2020-01-01T00:00:00Z", "seen": ["x"], "at": "2020-01-01T01:00:00.5+02:00"})
    assert both(applied(TABLE, item)) == ("2020-01-01T00:00:00Z",) * 2
    table = {**TABLE, "from": ["updated", "at", "seen", "nowhere"]}
    assert applied(table, item)["properties"]["updated"] == "2020-01-01T00:00:00Z"
    later = changed({"updated": "2020-01-01T00:00:00Z", "at": "2020-01-01T01:00:00-02:00"})
    assert applied(table, later)["properties"]["updated"] == "2020-01-01T01:00:00-02:00"


def test_a_time_that_moves_upstream_moves_updated_and_not_created():
    clock = Times(FIRST)
    made = [applied(TABLE, changed({"updated": f"20{year}-01-01T00:00:00Z"}), times=clock) for year in (20, 22, 20)]
    assert [both(item)[1][:4] for item in made] == ["2020", "2022", "2020"]
    assert {both(item)[0] for item in made} == {"2020-01-01T00:00:00Z"}


def test_created_of_the_item_itself_stays_and_none_is_later_than_updated():
    item = changed({"created": "2019-01-01T00:00:00Z", "updated": "2018-01-01T00:00:00Z"})
    assert both(applied(TABLE, item)) == ("2019-01-01T00:00:00Z", "2018-01-01T00:00:00Z")
    clock = Times(LATER)
    applied(TABLE, times=clock)
    late = applied(TABLE, changed({"updated": "2020-01-01T00:00:00Z"}), times=clock)
    assert both(late) == ("2020-01-01T00:00:00Z",) * 2


@pytest.mark.parametrize("value", ["soon", "2020-01-01", "2020-01-01T00:00:00", 5, None, ["2020-01-01T00:00:00Z"]])
def test_what_is_no_moment_is_no_time(value):
    assert both(applied(TABLE, changed({"updated": value}), times=Times(FIRST))) == (text(FIRST),) * 2


def test_with_a_time_from_outside_that_is_the_time_of_all_that_is_new():
    clock = Times(LATER, fixed=True)
    item = changed({"updated": "2020-01-01T00:00:00Z"})
    assert both(applied(TABLE, item, times=clock)) == (text(LATER),) * 2
    assert both(applied(TABLE, item, times=Times(LAST, known=packed(clock.noted())))) == (text(LATER),) * 2


KEYS = st.binary(min_size=16, max_size=16)


@given(st.lists(st.tuples(KEYS, st.integers(0, 2**40))), KEYS)
def test_what_is_known_is_found_and_of_one_key_the_earliest(seen, other):
    known = Times(5, known=packed(seen))
    for key, _ in seen:
        assert known.seen(key + b"more") == min(moment for one, moment in seen if one == key)
    if other not in dict(seen):
        assert known.seen(other) is None
    assert sorted(times.unpacked(known.known)) == sorted((key, known.seen(key)) for key in {key for key, _ in seen})


# ---- builds ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still: `clock.now`."""
    still = SimpleNamespace(now=FIRST)
    monkeypatch.setattr(workshop, "time", SimpleNamespace(time=lambda: still.now))
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    return still


@pytest.fixture
def kitchen(tmp_path, clock):
    made = Kitchen(tmp_path / "k", 3)
    made.recipe["extensions"] = {"when": TABLE, "more": {"use": "fields", "properties": {"x:y": 1}}}
    made.recipe["collections"]["one"]["extensions"] = ["when", "more"]
    made.save()
    made.build()
    return made


def stamps(kitchen):
    return [both(item) for item in kitchen.items()]


def test_a_build_reads_the_clock_once_and_the_next_does_nothing(kitchen, clock):
    assert stamps(kitchen) == [(text(FIRST),) * 2] * 3
    clock.now = LATER
    assert ran(kitchen.build()) == {}
    assert kitchen.ask("status")["fresh"]


def test_a_changed_item_is_updated_and_undone_it_is_what_it_was(kitchen, clock):
    before = kitchen.tree("dist")
    clock.now = LATER
    kitchen.rows([row(0), row(1, gsd="7"), row(2)])
    kitchen.build()
    assert stamps(kitchen) == [(text(FIRST),) * 2, (text(FIRST), text(LATER)), (text(FIRST),) * 2]
    clock.now = LAST
    kitchen.rows([row(0), row(1), row(2)])
    kitchen.build()
    assert kitchen.tree("dist") == before


@pytest.mark.parametrize("lost", ["nothing", "memory", "results"])
def test_made_again_items_have_the_times_that_they_had(kitchen, clock, lost):
    clock.now = LATER
    kitchen.rows([row(0), row(1, gsd="7"), row(2)])
    kitchen.build()
    before = kitchen.tree("dist")
    clock.now = LAST
    if lost == "memory":
        shutil.rmtree(kitchen / ".stacbuild/memory")
    if lost == "results":
        shutil.rmtree(kitchen / ".stacbuild/memory")
        kitchen.run("gc", "--max-age", "0s")
        shutil.rmtree(kitchen / ".stacbuild/memory", ignore_errors=True)
    report = kitchen.build("--force")
    assert ran(report)["extend"] == 3
    assert kitchen.tree("dist") == before


def test_gc_drops_results_and_never_times(kitchen, clock):
    before = kitchen.tree("dist")
    shutil.rmtree(kitchen / ".stacbuild/memory")
    kitchen.run("gc", "--max-age", "0s", "--max-size", "0")
    assert kitchen.run("gc", "--max-age", "0s").exit == 0
    clock.now = LATER
    kitchen.build("--force")
    assert kitchen.tree("dist") == before


def test_source_date_epoch_is_the_time_of_what_is_new_and_stays_without_it(kitchen, clock):
    kitchen.rows([row(0), row(1, gsd="7"), row(2), row(3)])
    kitchen.build(env={"SOURCE_DATE_EPOCH": str(LATER)})
    assert stamps(kitchen)[1] == (text(FIRST), text(LATER))
    assert stamps(kitchen)[3] == (text(LATER),) * 2
    before = kitchen.tree("dist")
    clock.now = LAST
    kitchen.build("--force")
    assert kitchen.tree("dist") == before
    assert ran(kitchen.build(env={"SOURCE_DATE_EPOCH": "5"})) == {}


@pytest.mark.parametrize("value", ["yesterday", "-5", "1.5", "9" * 20])
def test_a_source_date_epoch_that_is_none_is_told(kitchen, value):
    kitchen.rows([row(0, gsd="9")])
    error = kitchen.ask("build", env={"SOURCE_DATE_EPOCH": value})["error"]
    assert (error["code"], "SOURCE_DATE_EPOCH" in error["message"]) == ("SB608", True)


def test_it_stands_behind_all_other_extensions_wherever_it_is_named(kitchen, clock):
    assert kitchen.items()[0]["properties"]["x:y"] == 1
    clock.now = LATER
    kitchen.recipe["extensions"]["more"]["properties"]["x:y"] = 2
    kitchen.save()
    kitchen.build()
    assert stamps(kitchen) == [(text(FIRST), text(LATER))] * 3
    kitchen.recipe["collections"]["one"]["extensions"] = ["more", "when"]
    kitchen.save()
    clock.now = LAST
    kitchen.build()
    assert stamps(kitchen) == [(text(FIRST), text(LATER))] * 3


def test_workers_know_what_the_store_knows(kitchen, clock, monkeypatch):
    from stacbuild import working  # noqa: PLC0415

    monkeypatch.setattr(working, "CHUNKS", working.CHUNKS._replace(few=0))
    before = kitchen.tree("dist")
    clock.now = LATER
    kitchen.recipe["build"] = {"executor": "processes", "jobs": 2}
    kitchen.save()
    kitchen.build("--force")
    assert kitchen.tree("dist") == before
    kitchen.rows([row(0), row(1, gsd="7"), row(2)])
    kitchen.build()
    clock.now = LAST
    kitchen.build("--force")
    assert stamps(kitchen)[1] == (text(FIRST), text(LATER))


def test_a_sample_made_again_elsewhere_has_the_same_times(kitchen):
    assert kitchen.ask("verify", "--sample", "100%", exit_=0)["sample"]["wrong"] == []


def test_looking_makes_no_store(tmp_path, clock):
    kitchen = Kitchen(tmp_path, 1)
    kitchen.recipe["extensions"] = {"when": TABLE}
    kitchen.recipe["collections"]["one"]["extensions"] = ["when"]
    kitchen.save()
    kitchen.ask("check", exit_=0)
    kitchen.ask("status")
    assert not (kitchen / ".stacbuild/cache").exists()


def test_the_same_item_of_two_collections_has_a_time_in_each():
    clock = Times(FIRST)
    one, other = (applied(TABLE, {**ITEM, "collection": name}, times=clock) for name in ("one", "two"))
    assert both(one) == both(other)
    assert len(clock.noted()) == 4
