"""Which collection an item goes to: patterns, several sources, one id twice, conditions."""

import json

import pytest
from kitchen import Kitchen, by_note, ran, row


def two_files(folder, first, second, **table):
    """Return a kitchen of two sources that make one collection."""
    kitchen = Kitchen(folder, first)
    kitchen.recipe["sources"]["more"] = {"kind": "table", "path": "more.csv", "key": "key"}
    kitchen.recipe["collections"]["one"] = {"from": ["rows", "more"], "mapping": "plain", **table}
    kitchen.save()
    plain = (kitchen / "rows.csv").read_bytes()
    kitchen.rows(second)
    (kitchen / "rows.csv").rename(kitchen / "more.csv")
    kitchen.write("rows.csv", plain)
    return kitchen


# --- patterns


def test_a_pattern_makes_a_collection_of_each_name_that_records_give(tmp_path):
    kitchen = by_note(tmp_path, [row(0, note="s-a"), row(1, note="s-b"), row(2, note="s-a")])
    report = kitchen.build()
    assert report["items"]["total"] == 3
    assert (kitchen.ids("s-a"), kitchen.ids("s-b")) == (["i0", "i2"], ["i1"])
    assert kitchen.items("s-a")[0]["collection"] == "s-a"
    root = json.loads((kitchen / "dist/site/catalog.json").read_bytes())
    children = [link["href"] for link in root["links"] if link["rel"] == "child"]
    assert children == ["./s-a/collection.json", "./s-b/collection.json"]
    assert ran(kitchen.build()) == {}


def test_a_record_that_names_another_collection_moves_there(tmp_path):
    kitchen = by_note(tmp_path, [row(0, note="s-a"), row(1, note="s-a")])
    kitchen.build()
    kitchen.rows([row(0, note="s-a"), row(1, note="s-new")])
    report = kitchen.build()
    assert report["stages"]["transform"]["ran"] == 1
    assert (report["items"]["added"], report["items"]["deleted"]) == (1, 1)
    assert (kitchen.ids("s-a"), kitchen.ids("s-new")) == (["i0"], ["i1"])


def test_a_collection_that_no_record_names_any_more_leaves(tmp_path):
    kitchen = by_note(tmp_path, [row(0, note="s-a"), row(1, note="s-b")])
    kitchen.build()
    kitchen.rows([row(0, note="s-a")])
    kitchen.build()
    assert not (kitchen / "dist/s-b.ndjson").exists()
    assert not (kitchen / "dist/site/s-b").exists()
    fresh = by_note(tmp_path / "fresh", [row(0, note="s-a")])
    fresh.build()
    assert kitchen.tree("dist") == fresh.tree("dist")


def test_an_exact_table_takes_all_and_its_name_is_no_pattern_s(tmp_path):
    kitchen = by_note(tmp_path, [row(0, note="s-a"), row(1, note="s-b")])
    kitchen.recipe["collections"]["s-b"] = {"from": ["rows"], "mapping": "plain", "title": "All"}
    kitchen.save()
    kitchen.build()
    assert (kitchen.ids("s-a"), kitchen.ids("s-b")) == (["i0"], ["i0", "i1"])


def test_the_longest_pattern_takes_a_name(tmp_path):
    kitchen = by_note(tmp_path, [row(0, note="s-a-1"), row(1, note="s-b")])
    kitchen.recipe["collections"]["s-a-*"] = {"from": ["rows"], "mapping": "plain", "title": "Of the longer"}
    kitchen.save()
    kitchen.build()
    document = json.loads((kitchen / "dist/site/s-a-1/collection.json").read_bytes())
    assert document["title"] == "Of the longer"
    assert kitchen.ids("s-b") == ["i1"]


def test_two_patterns_of_one_length_are_refused_with_the_line(tmp_path):
    kitchen = by_note(tmp_path, [row(0, note="s-a")])
    kitchen.recipe["collections"]["*-a"] = {"from": ["rows"], "mapping": "plain"}
    kitchen.save()
    error = kitchen.ask("build", exit_=2)["error"]
    assert error["code"] == "SB112"
    assert "'*-a' and 's-*'" in error["message"]
    assert error["at"].startswith("stacbuild.toml:")


def test_what_no_table_takes_is_said(tmp_path):
    kitchen = by_note(tmp_path, [row(0, note="s-a"), row(1, note="other")])
    for _ in range(2):
        warnings = kitchen.build()["warnings"]
        assert [warning["code"] for warning in warnings] == ["SB705"]
        assert "1 of its inputs is in no collection" in warnings[0]["message"]


def test_a_pattern_that_finds_nothing_is_a_warning_and_check_s_error(tmp_path):
    kitchen = by_note(tmp_path, [row(0, note="other")])
    assert "SB704" in [warning["code"] for warning in kitchen.build()["warnings"]]
    checked = kitchen.ask("check", exit_=2)
    assert [problem["code"] for problem in checked["problems"]] == ["SB116"]


def test_a_record_that_cannot_say_where_it_goes_is_a_failure(tmp_path):
    kitchen = by_note(tmp_path, [row(0, note="s-a"), row(1, note="")])
    kitchen.build(exit_=1)
    failure = kitchen.failures()[0]
    assert (failure["stage"], failure["path"]) == ("transform", "/collection")
    assert failure["source"]["where"] == "rows.csv:3"


def test_one_collection_of_a_pattern_is_a_target_and_only_it_is_built(tmp_path):
    kitchen = by_note(tmp_path, [row(0, note="s-a"), row(1, note="s-b")])
    kitchen.build()
    kitchen.rows([row(0, note="s-a", gsd="7"), row(1, note="s-b", gsd="8")])
    assert kitchen.build("collection:s-b")["items"]["modified"] == 1
    assert kitchen.items("s-a")[0]["properties"]["gsd"] == 1
    assert kitchen.build("item:s-a/i0")["items"]["modified"] == 1


def test_a_hostile_collection_name_stays_in_the_output(tmp_path):
    kitchen = by_note(tmp_path, [row(0, note="s-../../x"), row(1, note="s-a/b")])
    kitchen.build()
    names = {path for path in kitchen.tree() if not path.startswith("dist/.stacbuild")}
    assert all(path.startswith("dist/") for path in names - {"stacbuild.toml", "rows.csv"})
    assert kitchen.ids("s-a%2Fb") == ["i1"]


def test_a_changed_title_of_a_pattern_writes_documents_only(tmp_path):
    kitchen = by_note(tmp_path, [row(0, note="s-a"), row(1, note="s-b")])
    kitchen.build()
    kitchen.recipe["collections"]["s-*"]["title"] = "Other"
    kitchen.save()
    status = kitchen.ask("status")
    reasons = [reason for target in status["stale"] for reason in target["reasons"]]
    assert {reason["code"] for reason in reasons} == {"collection-changed"}
    assert all(reason["at"].startswith("stacbuild.toml:") for reason in reasons)
    assert ran(kitchen.build()) == {}


# --- several sources, several collections


def test_one_source_goes_to_several_collections_each_with_items_of_its_own(tmp_path):
    kitchen = Kitchen(tmp_path, 2)
    kitchen.recipe["collections"]["two"] = {"from": ["rows"], "mapping": "plain"}
    kitchen.save()
    assert kitchen.build()["items"]["total"] == 4
    assert kitchen.items("two")[1]["collection"] == "two"


@pytest.mark.parametrize(("choice", "kept"), [("first", 1.0), ("last", 9.0)])
def test_of_several_items_of_one_id_the_first_or_last_by_source_is_taken(tmp_path, choice, kept):
    kitchen = two_files(tmp_path, [row(0)], [row(0, gsd="9"), row(1)], **{"on-duplicate": choice})
    report = kitchen.build()
    assert (report["items"]["total"], report["items"]["dropped"], report["items"]["failed"]) == (2, 1, 0)
    assert kitchen.items()[0]["properties"]["gsd"] == kept
    again = kitchen.build()
    assert (ran(again), again["items"]["dropped"]) == ({}, 1)
    assert kitchen.ask("status")["fresh"]


def test_the_order_in_from_decides_and_a_change_of_it_is_seen(tmp_path):
    kitchen = two_files(tmp_path, [row(0)], [row(0, gsd="9")], **{"on-duplicate": "first"})
    kitchen.build()
    kitchen.recipe["collections"]["one"]["from"] = ["more", "rows"]
    kitchen.save()
    assert kitchen.build()["items"]["modified"] == 1
    assert kitchen.items()[0]["properties"]["gsd"] == 9


def test_when_the_first_leaves_the_second_takes_its_place(tmp_path):
    kitchen = two_files(tmp_path, [row(0), row(5)], [row(0, gsd="9")], **{"on-duplicate": "first"})
    kitchen.build()
    kitchen.rows([row(5)])
    report = kitchen.build()
    assert (report["items"]["modified"], report["items"]["deleted"], report["items"]["dropped"]) == (1, 0, 0)
    assert kitchen.items()[0]["properties"]["gsd"] == 9


def test_error_fails_all_of_one_id_and_first_mends_it(tmp_path):
    kitchen = two_files(tmp_path, [row(0)], [row(0, gsd="9"), row(1)])
    kitchen.build(exit_=1)
    assert kitchen.ids() == ["i1"]
    assert {failure["code"] for failure in kitchen.failures()} == {"SB293"}
    kitchen.recipe["collections"]["one"]["on-duplicate"] = "first"
    kitchen.save()
    report = kitchen.build()
    assert (report["items"]["added"], report["items"]["dropped"]) == (1, 1)
    kitchen.recipe["collections"]["one"]["on-duplicate"] = "error"
    kitchen.save()
    assert kitchen.build(exit_=1)["items"]["failed"] == 2


# --- where


def test_only_items_that_the_condition_selects_are_taken(tmp_path):
    kitchen = Kitchen(tmp_path, [row(0, gsd="2"), row(1, gsd="7"), row(2, note="x", gsd="3")])
    kitchen.recipe["collections"]["one"]["where"] = "gsd < 5 AND note IS NULL"
    kitchen.save()
    report = kitchen.build()
    assert (kitchen.ids(), report["items"]["total"], report["items"]["dropped"]) == (["i0"], 1, 2)
    assert report["stages"]["transform"] == {"ran": 3, "reused": 0, "failed": 0}
    assert report["stages"]["validate"]["ran"] == 1
    assert kitchen.failures() == []
    again = kitchen.build()
    assert (ran(again), again["items"]["dropped"]) == ({}, 2)
    status = kitchen.ask("status", "--check", exit_=0)
    assert (status["items"]["fresh"], status["items"]["dropped"]) == (1, 2)


def test_a_changed_condition_maps_nothing_again(tmp_path):
    kitchen = Kitchen(tmp_path, [row(0, gsd="2"), row(1, gsd="7")])
    kitchen.recipe["collections"]["one"]["where"] = "gsd < 5"
    kitchen.save()
    kitchen.build()
    kitchen.recipe["collections"]["one"]["where"] = "gsd > 5"
    kitchen.save()
    reasons = kitchen.ask("status")["stale"][0]["reasons"]
    assert reasons[0] | {"at": ""} == {
        "code": "collection-changed",
        "what": "collections.one.where",
        "before": "gsd < 5",
        "after": "gsd > 5",
        "at": "",
    }
    report = kitchen.build()
    assert ran(report) == {"validate": 1, "write": 1}
    assert (report["items"]["added"], report["items"]["deleted"], report["items"]["dropped"]) == (1, 1, 1)
    assert kitchen.ids() == ["i1"]
    kitchen.recipe["collections"]["one"]["where"] = "gsd < 5"
    kitchen.save()
    assert ran(kitchen.build()) == {"write": 1}
    del kitchen.recipe["collections"]["one"]["where"]
    kitchen.save()
    assert ran(kitchen.build()) == {"write": 1}
    assert kitchen.ids() == ["i0", "i1"]


def test_an_item_that_no_longer_matches_leaves_however_many_they_are(tmp_path):
    kitchen = Kitchen(tmp_path, 150)
    kitchen.build()
    kitchen.recipe["collections"]["one"]["where"] = "gsd > 100"
    kitchen.save()
    report = kitchen.build()
    assert (report["exit"], report["items"]["deleted"], report["items"]["dropped"]) == (0, 150, 150)


def test_a_dropped_record_is_tried_again_when_it_changes(tmp_path):
    kitchen = Kitchen(tmp_path, [row(0, gsd="2"), row(1, gsd="7")])
    kitchen.recipe["collections"]["one"]["where"] = "gsd < 5"
    kitchen.save()
    kitchen.build()
    kitchen.rows([row(0, gsd="2"), row(1, gsd="3")])
    report = kitchen.build()
    assert (report["items"]["added"], report["items"]["dropped"]) == (1, 0)


def test_force_and_lost_memory_drop_the_same(tmp_path):
    kitchen = Kitchen(tmp_path, [row(0, gsd="2"), row(1, gsd="7")])
    kitchen.recipe["collections"]["one"]["where"] = "gsd < 5"
    kitchen.save()
    kitchen.build()
    before = kitchen.tree("dist")
    assert kitchen.build("--force")["items"]["dropped"] == 1
    assert kitchen.run("clean", "--all").exit == 0
    assert kitchen.build()["items"]["dropped"] == 1
    assert kitchen.tree("dist") == before


def test_a_dropped_item_named_as_a_target_is_no_failure(tmp_path):
    kitchen = Kitchen(tmp_path, [row(0, gsd="2"), row(1, gsd="7")])
    kitchen.recipe["collections"]["one"]["where"] = "gsd < 5"
    kitchen.save()
    kitchen.build()
    assert kitchen.build("item:i1")["items"]["dropped"] == 1
    assert kitchen.ids() == ["i0"]


# --- documents


def test_any_other_field_of_a_collection_can_be_set(tmp_path):
    kitchen = Kitchen(tmp_path, 1)
    one = kitchen.recipe["collections"]["one"]
    one["set"] = {"sci:doi": "10.1000/x", "summaries.gsd": [1, 2], "cube:dimensions": {"x": {"type": "spatial"}}}
    one["summaries"] = ["note", "gsd"]
    kitchen.save()
    kitchen.build()
    document = json.loads((kitchen / "dist/site/one/collection.json").read_bytes())
    assert document["sci:doi"] == "10.1000/x"
    assert document["summaries"]["gsd"] == [1, 2]
    assert document["cube:dimensions"] == {"x": {"type": "spatial"}}
    assert ran(kitchen.build()) == {}


def test_a_collection_without_items_is_written_with_the_world_as_extent_and_a_warning(tmp_path):
    kitchen = Kitchen(tmp_path, 0)
    report = kitchen.build()
    assert (report["exit"], [warning["code"] for warning in report["warnings"]]) == (0, ["SB702"])
    document = json.loads((kitchen / "dist/site/one/collection.json").read_bytes())
    assert document["extent"]["spatial"]["bbox"] == [[-180.0, -90.0, 180.0, 90.0]]
    assert kitchen.items() == []
