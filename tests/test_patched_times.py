"""`updated` behind patches: of the content that patches leave, kept by the store, in no key, and only where asked."""

import shutil
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kitchen import Kitchen, ran, row
from test_timestamps import FIRST, LAST, LATER, both, text

from stacbuild import workshop

TEN = {"set": {"properties.gsd": 10}}


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still: `clock.now`."""
    still = SimpleNamespace(now=FIRST)
    monkeypatch.setattr(workshop, "time", SimpleNamespace(time=lambda: still.now))
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    return still


def kitchen_of(folder, stamped=True, **patches):
    """Return a kitchen that was built, with `timestamps` or without, and these patches."""
    kitchen = Kitchen(folder / "k", 3)
    if stamped:
        kitchen.recipe["extensions"] = {"when": {"use": "timestamps"}}
        kitchen.recipe["collections"]["one"]["extensions"] = ["when"]
    patch(kitchen, **patches)
    return kitchen


def patch(kitchen, **patches):
    """Give a kitchen these patches and no other, and build it."""
    kitchen.recipe["patches"] = patches
    kitchen.recipe["collections"]["one"]["patches"] = list(patches)
    kitchen.save()
    return kitchen.build()


def updated(kitchen):
    return [item["properties"].get("updated") for item in kitchen.items()]


def tell(kitchen, updated, **cells):
    """Have the records tell when they changed."""
    kitchen.recipe["mappings"]["plain"]["properties"]["updated"] = {"value": updated}
    kitchen.rows([row(number, **cells) for number in range(3)])
    kitchen.save()


def test_an_item_that_a_patch_changes_is_updated_then_and_the_others_are_not(tmp_path, clock):
    kitchen = kitchen_of(tmp_path)
    clock.now = LATER
    report = patch(kitchen, fix={"where": "id = 'i1'", **TEN})
    assert updated(kitchen) == [text(FIRST), text(LATER), text(FIRST)]
    assert both(kitchen.items()[1])[0] == text(FIRST)
    assert (ran(report), report["items"]["modified"]) == ({"patch": 3, "validate": 1, "write": 1}, 1)


def test_a_patch_that_matches_and_changes_nothing_leaves_the_time(tmp_path, clock):
    kitchen = kitchen_of(tmp_path)
    clock.now = LATER
    report = patch(kitchen, same={"where": "gsd = 2", "set": {"properties.gsd": 2}}, none={"remove": ["properties.x"]})
    assert updated(kitchen) == [text(FIRST)] * 3
    assert report["items"]["modified"] == 0


def test_patches_that_undo_each_other_leave_the_time(tmp_path, clock):
    kitchen = kitchen_of(tmp_path)
    clock.now = LATER
    patch(kitchen, put={"set": {"properties.x": 1}}, take={"remove": ["properties.x"]})
    assert updated(kitchen) == [text(FIRST)] * 3


def test_what_a_patch_says_of_updated_itself_stays(tmp_path, clock):
    said = "2001-02-03T04:05:06Z"
    kitchen = kitchen_of(tmp_path, say={"set": {"properties.updated": said, "properties.gsd": 10}})
    assert updated(kitchen) == [said] * 3
    patch(kitchen, take={"remove": ["properties.updated"], **TEN})
    assert updated(kitchen) == [None] * 3


def test_a_patch_that_is_changed_and_changed_back_gives_the_times_that_were(tmp_path, clock):
    kitchen = kitchen_of(tmp_path)
    bare = kitchen.tree("dist")
    clock.now = LATER
    patch(kitchen, fix=TEN)
    ten = kitchen.tree("dist")
    clock.now = LAST
    patch(kitchen, fix={"set": {"properties.gsd": 11}})
    assert updated(kitchen) == [text(LAST)] * 3
    assert ran(patch(kitchen, fix=TEN)) == {"write": 3}
    assert kitchen.tree("dist") == ten
    patch(kitchen)
    assert kitchen.tree("dist") == bare


@pytest.mark.parametrize("lost", ["nothing", "memory", "results"])
def test_made_again_patched_items_have_the_times_that_they_had(tmp_path, clock, lost):
    kitchen = kitchen_of(tmp_path)
    clock.now = LATER
    patch(kitchen, fix={"where": "id <> 'i0'", **TEN})
    before = kitchen.tree("dist")
    clock.now = LAST
    if lost != "nothing":
        shutil.rmtree(kitchen / ".stacbuild/memory")
    if lost == "results":
        kitchen.run("gc", "--max-age", "0s")
        shutil.rmtree(kitchen / ".stacbuild/memory", ignore_errors=True)
    report = kitchen.build("--force")
    assert ran(report)["patch"] == 3
    assert kitchen.tree("dist") == before


def test_what_changes_upstream_and_a_patch_hides_changes_no_time(tmp_path, clock):
    kitchen = kitchen_of(tmp_path, fix=TEN)
    before = kitchen.tree("dist")
    clock.now = LATER
    kitchen.rows([row(number, gsd="7") for number in range(3)])
    report = kitchen.build()
    assert (ran(report)["patch"], report["items"]["modified"]) == (3, 0)
    assert kitchen.tree("dist") == before


def test_what_an_item_tells_is_older_than_the_patch_and_newer_it_wins(tmp_path, clock):
    kitchen = kitchen_of(tmp_path)
    tell(kitchen, "2020-01-01T00:00:00Z")
    kitchen.build()
    assert updated(kitchen) == ["2020-01-01T00:00:00Z"] * 3
    clock.now = LATER
    patch(kitchen, fix=TEN)
    assert updated(kitchen) == [text(LATER)] * 3
    clock.now = LAST
    tell(kitchen, "2025-01-01T00:00:00.5Z")
    kitchen.build()
    assert updated(kitchen) == ["2025-01-01T00:00:00.5Z"] * 3
    tell(kitchen, "2020-01-01T00:00:00Z")
    kitchen.build()
    assert updated(kitchen) == [text(LATER)] * 3


def test_with_source_date_epoch_that_is_the_time_of_what_a_patch_changes(tmp_path, clock):
    kitchen = kitchen_of(tmp_path)
    clock.now = LAST
    kitchen.recipe["patches"] = {"fix": TEN}
    kitchen.recipe["collections"]["one"]["patches"] = ["fix"]
    kitchen.save()
    kitchen.build(env={"SOURCE_DATE_EPOCH": str(LATER)})
    assert updated(kitchen) == [text(LATER)] * 3
    before = kitchen.tree("dist")
    kitchen.build("--force")
    assert kitchen.tree("dist") == before


def test_without_the_extension_a_patch_writes_no_time_unless_it_asks(tmp_path, clock):
    kitchen = kitchen_of(tmp_path, stamped=False, fix=TEN)
    assert updated(kitchen) == [None] * 3
    patch(kitchen, fix={**TEN, "where": "id = 'i1'", "updated": True})
    assert [item["properties"].get("created") for item in kitchen.items()] == [None] * 3
    assert updated(kitchen) == [None, text(FIRST), None]


def test_a_patch_that_asks_speaks_for_what_it_changes_only(tmp_path, clock):
    asks = {"where": "id = 'i1'", "set": {"properties.note": "seen"}, "updated": True}
    kitchen = kitchen_of(tmp_path, stamped=False, fix=TEN, seen=asks)
    tell(kitchen, "2020-01-01T00:00:00Z")
    kitchen.build()
    assert updated(kitchen) == ["2020-01-01T00:00:00Z", text(FIRST), "2020-01-01T00:00:00Z"]


def test_times_are_in_no_key_and_a_build_with_nothing_to_do_reads_no_clock(tmp_path, clock):
    kitchen = kitchen_of(tmp_path, fix=TEN)
    clock.now = LATER
    assert ran(kitchen.build()) == {}
    assert kitchen.ask("status")["fresh"]
    assert kitchen.ask("verify", "--sample", "100%", exit_=0)["sample"]["wrong"] == []


def test_taking_the_extension_away_takes_the_times_of_patches_with_it(tmp_path, clock):
    kitchen = kitchen_of(tmp_path, fix=TEN)
    del kitchen.recipe["collections"]["one"]["extensions"]
    kitchen.save()
    assert not kitchen.ask("status")["fresh"]
    kitchen.build()
    assert updated(kitchen) == [None] * 3


def test_a_filter_keeps_no_times_and_says_so(tmp_path, clock):
    kitchen = kitchen_of(tmp_path, stamped=False)
    kitchen.recipe["patches"] = {"fix": {**TEN, "where": "id = 'i1'", "updated": True}, "plain": TEN}
    kitchen.save()
    assert kitchen.run("patch", "dist/one.ndjson", "-p", "plain").exit == 0
    told = kitchen.run("patch", "dist/one.ndjson", "-p", "fix")
    assert (told.exit, "SB242" in told.err, len(told.out.splitlines())) == (1, True, 2)


# ---- any sequence ----------------------------------------------------------------------------------------------------

ACTS = st.sampled_from(["gsd", "patch", "patch", "force", "forget", "wait"])


def content(number, gsd, patched):
    """Return what an item holds besides its times: what a patch that is for it, if there is one, leaves."""
    return number, patched if patched is not None and number != 1 else gsd


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(acts=st.lists(st.tuples(ACTS, st.integers(0, 8)), min_size=3, max_size=9))
def test_after_any_sequence_of_edits_each_content_has_the_time_at_which_it_was_first_seen(
    tmp_path_factory, clock, acts
):
    kitchen = Kitchen(tmp_path_factory.mktemp("any"), 3)
    kitchen.recipe["extensions"] = {"when": {"use": "timestamps"}}
    kitchen.recipe["collections"]["one"]["extensions"] = ["when"]
    clock.now, gsds, patched, seen = FIRST, [1, 2, 3], None, {}
    for act, pick in [("wait", 0), *acts]:
        clock.now += 1000
        if act == "gsd":
            gsds[pick % 3] = pick // 3 + 1
        if act == "patch":
            patched = [None, 1, 2, 3][pick % 4]
        if act == "forget":
            shutil.rmtree(kitchen / ".stacbuild/memory")
        kitchen.rows([row(number, gsd=str(gsd)) for number, gsd in enumerate(gsds)])
        tables = {} if patched is None else {"to": {"where": "id <> 'i1'", "set": {"properties.gsd": patched}}}
        kitchen.recipe["patches"], kitchen.recipe["collections"]["one"]["patches"] = tables, list(tables)
        kitchen.save()
        kitchen.build(*(["--force"] if act == "force" else []))
        for number, gsd in enumerate(gsds):
            for one in (content(number, gsd, None), content(number, gsd, patched)):
                seen.setdefault(one, clock.now)
        assert updated(kitchen) == [text(seen[content(number, gsd, patched)]) for number, gsd in enumerate(gsds)]


def test_workers_give_patched_items_the_times_that_the_store_has(tmp_path, clock, monkeypatch):
    from stacbuild import working  # noqa: PLC0415

    monkeypatch.setattr(working, "CHUNKS", working.CHUNKS._replace(few=0))
    kitchen = kitchen_of(tmp_path)
    clock.now = LATER
    kitchen.recipe["build"] = {"executor": "processes", "jobs": 2}
    patch(kitchen, fix={"where": "id = 'i1'", **TEN})
    assert updated(kitchen) == [text(FIRST), text(LATER), text(FIRST)]
    before = kitchen.tree("dist")
    clock.now = LAST
    kitchen.build("--force")
    assert kitchen.tree("dist") == before
