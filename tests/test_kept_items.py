"""Items that vanished and stay because the collection says so, also when memory and store are lost."""

import shutil

import pytest
from kitchen import Kitchen, by_note, ran, row


def test_an_item_that_vanished_stays_where_the_collection_says_so(tmp_path):
    kitchen = Kitchen(tmp_path, 3)
    kitchen.recipe["collections"]["one"]["keep-removed"] = True
    kitchen.save()
    kitchen.build()
    kitchen.rows([row(0), row(2)])
    report = kitchen.build()
    assert (report["items"]["total"], report["items"]["deleted"], report["items"]["unchanged"]) == (3, 0, 3)
    assert kitchen.ids() == ["i0", "i1", "i2"]
    for _ in range(2):
        again = kitchen.build()
        assert (ran(again), again["items"]["total"]) == ({}, 3)
    assert kitchen.ask("status")["fresh"]
    assert kitchen.ask("build", "--force", exit_=0)["items"]["total"] == 3


def test_many_that_vanish_and_stay_are_not_held_back(tmp_path):
    kitchen = Kitchen(tmp_path, 150)
    kitchen.recipe["collections"]["one"]["keep-removed"] = True
    kitchen.save()
    kitchen.build()
    kitchen.rows([row(0)])
    assert kitchen.build()["items"]["total"] == 150


def test_a_kept_item_that_comes_back_is_the_record_s_again(tmp_path):
    kitchen = Kitchen(tmp_path, 2)
    kitchen.recipe["collections"]["one"]["keep-removed"] = True
    kitchen.save()
    kitchen.build()
    kitchen.rows([row(0)])
    kitchen.build()
    kitchen.rows([row(0), row(1, gsd="9")])
    report = kitchen.build()
    assert (report["items"]["total"], report["items"]["modified"]) == (2, 1)
    assert kitchen.items()[1]["properties"]["gsd"] == 9
    kitchen.rows([row(0), row(1, key="other", gsd="5")])
    report = kitchen.build()
    assert (report["items"]["total"], report["items"]["modified"]) == (2, 1)


def test_taking_the_promise_back_removes_what_was_kept(tmp_path):
    kitchen = Kitchen(tmp_path, 2)
    kitchen.recipe["collections"]["one"]["keep-removed"] = True
    kitchen.save()
    kitchen.build()
    kitchen.rows([row(0)])
    kitchen.build()
    del kitchen.recipe["collections"]["one"]["keep-removed"]
    kitchen.save()
    assert not kitchen.ask("status")["fresh"]
    assert kitchen.build()["items"]["deleted"] == 1
    assert kitchen.ids() == ["i0"]


@pytest.mark.parametrize("output", ["site", "lines"])
def test_with_memory_and_store_lost_what_stays_is_read_back_from_an_output(tmp_path, output):
    kitchen = Kitchen(tmp_path, 3)
    kitchen.recipe["collections"]["one"]["keep-removed"] = True
    kitchen.recipe["mappings"]["plain"]["assets"]["local"] = {"href": {"template": "data/{key} ä.tif"}}
    kitchen.save()
    kitchen.build()
    kitchen.rows([row(0)])
    kitchen.build()
    before = kitchen.tree("dist")
    shutil.rmtree(kitchen / ".stacbuild")
    if output == "site":
        (kitchen / "dist/one.ndjson").unlink()
    else:
        (kitchen / "dist/site/one/i2/i2.json").unlink()
    report = kitchen.build()
    assert report["items"]["total"] == 3
    assert kitchen.tree("dist") == before
    assert ran(kitchen.build()) == {}


def test_a_collection_of_a_pattern_stays_with_its_items_also_when_the_memory_is_lost(tmp_path):
    kitchen = by_note(tmp_path, [row(0, note="s-a"), row(1, note="s-b")], **{"keep-removed": True})
    kitchen.build()
    kitchen.rows([row(0, note="s-a")])
    kitchen.build()
    assert kitchen.ids("s-b") == ["i1"]
    before = kitchen.tree("dist")
    assert ran(kitchen.build()) == {}
    shutil.rmtree(kitchen / ".stacbuild")
    assert kitchen.build()["items"]["total"] == 2
    assert kitchen.tree("dist") == before
    assert ran(kitchen.build()) == {}


def test_when_no_output_can_give_what_stays_nothing_is_written(tmp_path):
    kitchen = Kitchen(tmp_path, 3)
    kitchen.recipe["collections"]["one"]["keep-removed"] = True
    kitchen.save()
    kitchen.build()
    kitchen.rows([row(0)])
    kitchen.build()
    shutil.rmtree(kitchen / ".stacbuild")
    (kitchen / "dist/one.ndjson").unlink()
    (kitchen / "dist/site/one/i2/i2.json").unlink()
    before = kitchen.tree("dist")
    document = kitchen.ask("build", exit_=4)
    assert document["error"]["code"] == "SB613"
    assert kitchen.tree("dist") == before
