"""`created` and `updated` of collections' own documents: by the rule that items have, kept, and in no key."""

import json
import shutil
from types import SimpleNamespace

import pytest
from extended import COLLECTION, applied, changed
from kitchen import Kitchen, ran, row
from test_timestamps import FIRST, LAST, LATER, TABLE, text

from stacbuild import workshop
from stacbuild.times import Times

TOLD = "2020-01-01T00:00:00Z"


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
    made.recipe["extensions"] = {"when": TABLE, "cited": {"use": "scientific", "citation": "Us (2020)"}}
    made.recipe["collections"]["one"]["collection-extensions"] = ["when", "cited"]
    made.save()
    made.build()
    return made


def document(kitchen):
    return json.loads((kitchen / "dist/site/one/collection.json").read_bytes())


def both(kitchen):
    found = document(kitchen)
    return found["created"], found["updated"]


def test_they_stand_at_the_top_of_a_collection_and_what_it_tells_wins():
    made = applied(TABLE, COLLECTION, times=Times(FIRST))
    assert (made["created"], made["updated"], "properties" in made) == (text(FIRST), text(FIRST), False)
    told = changed(document=COLLECTION, updated=TOLD)
    assert applied(TABLE, told, times=Times(FIRST))["updated"] == TOLD
    elsewhere = changed(document=COLLECTION, seen=TOLD)
    assert applied({**TABLE, "from": ["seen"]}, elsewhere, times=Times(FIRST))["updated"] == TOLD


def test_the_document_has_both_and_its_items_have_none(kitchen):
    assert both(kitchen) == (text(FIRST), text(FIRST))
    assert "updated" not in kitchen.items()[0]["properties"]


def test_a_build_with_nothing_to_do_writes_nothing(kitchen, clock):
    clock.now = LATER
    assert ran(kitchen.build()) == {}
    assert kitchen.ask("status")["fresh"]


def test_a_document_that_changes_is_updated_and_changed_back_it_is_what_it_was(kitchen, clock):
    before = kitchen.tree("dist")
    clock.now = LATER
    kitchen.recipe["collections"]["one"]["title"] = "Another"
    kitchen.save()
    kitchen.build()
    assert both(kitchen) == (text(FIRST), text(LATER))
    clock.now = LAST
    kitchen.recipe["collections"]["one"]["title"] = "One"
    kitchen.save()
    kitchen.build()
    assert kitchen.tree("dist") == before


def test_items_that_move_its_extent_update_it_and_others_do_not(kitchen, clock):
    clock.now = LATER
    kitchen.rows([row(0), row(1, gsd="7"), row(2)])
    kitchen.build()
    assert both(kitchen) == (text(FIRST), text(FIRST))
    kitchen.rows([row(number) for number in range(4)])
    kitchen.build()
    assert both(kitchen) == (text(FIRST), text(LATER))


def test_it_stands_behind_all_others_wherever_it_is_named(kitchen, clock):
    clock.now = LATER
    kitchen.recipe["extensions"]["cited"]["citation"] = "Us (2021)"
    kitchen.save()
    kitchen.build()
    assert both(kitchen) == (text(FIRST), text(LATER))


@pytest.mark.parametrize("lost", ["nothing", "memory", "outputs"])
def test_made_again_it_has_the_times_that_it_had(kitchen, clock, lost):
    before = kitchen.tree("dist")
    clock.now = LATER
    if lost == "memory":
        shutil.rmtree(kitchen / ".stacbuild/memory")
    if lost == "outputs":
        shutil.rmtree(kitchen / "dist")
    kitchen.build("--force")
    assert kitchen.tree("dist") == before


def test_diff_and_verify_make_the_same_document(kitchen, clock):
    clock.now = LATER
    path = kitchen / "dist/site/one/collection.json"
    path.write_text(path.read_text().replace('"title": "One"', '"title": "Mine"'))
    told = json.dumps(kitchen.ask("diff"))
    assert "title" in told
    assert "updated" not in told
    kitchen.build()
    assert both(kitchen) == (text(FIRST), text(FIRST))
    assert kitchen.ask("verify", "--sample", "100%")["sample"]["wrong"] == []


def test_with_source_date_epoch_that_is_the_time(tmp_path, clock):
    kitchen = Kitchen(tmp_path / "k", 3)
    kitchen.recipe["extensions"] = {"when": TABLE}
    kitchen.recipe["collections"]["one"]["collection-extensions"] = ["when"]
    kitchen.save()
    kitchen.build(env={"SOURCE_DATE_EPOCH": str(LATER)})
    assert both(kitchen) == (text(LATER), text(LATER))
