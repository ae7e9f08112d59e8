"""Targeted builds: the stages of what is named run, its files are written, everything else stays as last built."""

import json

import pytest
from test_rows import only, run
from world import World
from world_disk import STATE, differences, tree
from world_harm import small_parts
from world_inputs import a_mapping, a_row

from stacbuild.failures import UsageError

STAGES = ("fetch", "transform", "extend", "patch", "validate", "write")


@pytest.fixture(autouse=True)
def _small():
    with small_parts():
        yield


@pytest.fixture
def world(tmp_path):
    """Eleven records in two collections, of which `two` has a layout of years in a second tree."""
    world = World(tmp_path)
    world.recipe["mappings"]["other"] = a_mapping() | {"id": {"template": "t-{name}"}}
    world.recipe["collections"]["two"] = {"from": ["rows"], "mapping": "other"}
    world.build()
    return world


def stale(world):
    """Make every item of `one` stale: another mapping, and record 1 and 2 edited for both collections."""
    world.recipe["mappings"]["plain"]["properties"]["new"] = {"value": 1}
    world.rows["data/a.csv"][1] = a_row(1, 4)
    world.rows["data/a.csv"][2] = a_row(2, 4)
    world.write()


def built(world, *targets, **options):
    world.write()
    report = world.open().build(targets, **options)
    assert report.mode == ("targeted" if targets else "incremental")
    return report


def ran(report):
    return {stage: report.stages[stage]["ran"] for stage in STAGES}


def changed(before, after):
    """Return the files that differ, but for manifests."""
    return sorted(
        path
        for path in before.keys() | after.keys()
        if before.get(path) != after.get(path) and ".stacbuild-manifest" not in path
    )


def lines(world, collection="one"):
    found = (world.folder / f"dist/{collection}.ndjson").read_bytes().splitlines()
    return {json.loads(line)["id"]: line for line in found}


# --- one item


def test_item_runs_its_stages_and_is_written_with_what_contains_it(world):
    stale(world)
    before = tree(world.folder)
    report = built(world, "item:s1")
    assert ran(report) | {"fetch": 0} == only(transform=1, validate=1, write=1)
    assert changed(before, tree(world.folder)) == [
        "dist/one.ndjson",
        "dist/site/one/collection.json",
        "dist/site/one/s1/s1.json",
    ]


def test_shared_files_hold_the_last_built_version_of_all_others(world):
    before = lines(world)
    stale(world)
    built(world, "item:s1")
    after = lines(world)
    assert [identity for identity in before if before[identity] != after[identity]] == ["s1"]
    assert json.loads(after["s1"])["properties"]["new"] == 1


def test_other_staleness_stays_and_status_shows_it(world):
    stale(world)
    built(world, "item:s1")
    status = run(world.folder, "status")
    shown = {entry["target"] for entry in status["stale"]}
    assert status["fresh"] is False
    assert "item:one/s1" not in shown
    assert {"item:one/s2", "item:two/t-s1", "item:two/t-s2"} <= shown


def test_a_full_build_then_does_the_rest_and_not_the_item_again(world):
    stale(world)
    done = ran(built(world, "item:s1"))
    report = built(world)
    assert done["transform"] + ran(report)["transform"] == 11 + 2
    assert differences(tree(world.folder), world.fresh_tree()) == []
    assert ran(built(world)) == only()


def test_nothing_unnamed_is_added_or_removed(world):
    world.rows["data/a.csv"].append(a_row(20))
    world.rows["data/a.csv"][5] = a_row(5, 4)
    del world.rows["data/a.csv"][3]
    before = lines(world)
    report = built(world, "item:s5")
    assert lines(world).keys() == before.keys()
    assert (report.items["added"], report.items["modified"], report.items["deleted"]) == (0, 1, 0)
    assert (world.folder / "dist/site/one/s3/s3.json").exists()
    built(world)
    assert differences(tree(world.folder), world.fresh_tree()) == []


def test_new_record_can_be_named(world):
    world.rows["data/a.csv"].append(a_row(20))
    report = built(world, "item:s20")
    assert (report.items["added"], ran(report)["transform"]) == (1, 1)
    assert "s20" in lines(world)
    assert "t-s20" not in lines(world, "two")


def test_fresh_item_runs_nothing(world):
    assert ran(built(world, "item:s1")) == only()


@pytest.mark.parametrize("target", ["item:s1", "item:s1*", "item:one/s1"])
def test_item_whose_file_was_deleted_is_written_again_and_no_other(world, target):
    for name in ("s1", "s2"):
        (world.folder / f"dist/site/one/{name}/{name}.json").unlink()
    assert ran(built(world, target)) == only(write=1)
    assert not (world.folder / "dist/site/one/s2/s2.json").exists()
    assert ran(built(world)) == only(write=1)


@pytest.mark.parametrize("target", ["collection:one", "source:rows", "stale:*"])
def test_deleted_files_of_a_collection_or_source_that_is_named_are_written_again(world, target):
    for name in ("s1", "s2"):
        (world.folder / f"dist/site/one/{name}/{name}.json").unlink()
    assert ran(built(world, target)) == only(write=2)


# --- what a target may be


def test_item_in_one_collection(world):
    world.recipe["mappings"]["other"]["id"] = "name"
    built(world)
    stale(world)
    assert ran(built(world, "item:two/s1"))["transform"] == 1
    assert "new" not in json.loads(lines(world)["s1"])["properties"]


def test_id_that_is_in_several_collections_means_all(world):
    world.recipe["mappings"]["other"]["id"] = "name"
    built(world)
    stale(world)
    assert ran(built(world, "item:s1"))["transform"] == 2


def test_glob_means_every_item_that_matches(world):
    stale(world)
    report = built(world, "item:s1*")
    assert ran(report)["transform"] == 2  # s1 and s10
    assert [i for i, line in lines(world).items() if "new" in json.loads(line)["properties"]] == ["s1", "s10"]


def test_exact_id_wins_over_collection_and_glob(world):
    world.rows["data/a.csv"][0] = a_row(0) | {"name": "two/t-s1"}
    world.rows["data/a.csv"][1] = a_row(1) | {"name": "[s]1"}
    built(world)
    stale_all(world)
    assert ran(built(world, "item:two/t-s1"))["transform"] == 1
    assert ran(built(world, "item:[s]1"))["transform"] == 1
    new = [identity for identity, line in lines(world).items() if "new" in json.loads(line)["properties"]]
    assert new == ["[s]1", "two/t-s1"]


def stale_all(world):
    for mapping in world.recipe["mappings"].values():
        mapping["properties"]["new"] = {"value": 1}


def test_collection_source_and_several_targets(world):
    stale_all(world)
    assert ran(built(world, "collection:two"))["transform"] == 11
    assert "new" not in json.loads(lines(world)["s1"])["properties"]
    assert ran(built(world, "item:s1", "item:s2"))["transform"] == 2
    assert ran(built(world, "source:rows"))["transform"] == 9
    assert differences(tree(world.folder), world.fresh_tree()) == []


def test_output_is_built_and_others_stay_as_they_were(world):
    stale_all(world)
    before = tree(world.folder)
    report = built(world, "output:lines")
    assert ran(report)["transform"] == 22
    assert changed(before, tree(world.folder)) == ["dist/one.ndjson", "dist/two.ndjson"]
    assert run(world.folder, "status")["outputs"]["site"]["state"] == "stale"
    assert ran(built(world)) == only(write=22)
    assert differences(tree(world.folder), world.fresh_tree()) == []


def test_stale_means_all_that_is(world):
    stale(world)
    assert ran(built(world, "stale:*"))["transform"] == 13
    assert differences(tree(world.folder), world.fresh_tree()) == []


def test_failed_items_are_tried_again_and_no_others(world):
    world.rows["data/a.csv"][4]["date"] = "yesterday"
    built(world)
    stale_all(world)
    world.recipe["mappings"]["plain"]["properties"].pop("new")
    report = built(world, "failed:*")
    assert (ran(report)["transform"], report.exit) == (2, 1)
    report = built(world, "failed:transform")
    assert (ran(report)["transform"], report.exit) == (2, 1)
    assert ran(built(world, "failed:validate")) == only()


def test_failed_item_that_is_named_is_tried_again(world):
    world.rows["data/a.csv"][4]["date"] = "yesterday"
    built(world)
    assert ran(built(world))["transform"] == 0
    assert ran(built(world, "item:s4"))["transform"] == 1


def test_item_that_its_schema_refused_is_judged_again_when_it_is_named(world):
    world.schema = 1
    built(world)
    assert float(world.rows["data/a.csv"][2]["gsd"]) > 5
    assert ran(built(world, "item:s2")) == only(validate=1)
    refused = sum(float(row["gsd"]) > 5 for rows in world.rows.values() for row in rows)
    assert ran(built(world, "failed:*")) == only(validate=2 * refused)


def test_records_of_two_sources_that_share_a_key_are_two(world):
    world.recipe["sources"]["more"] = {"kind": "table", "path": "data/more.csv", "key": "key"}
    world.recipe["sources"]["rows"]["path"] = ["data/a.csv", "data/deep/*.csv"]
    world.recipe["collections"]["one"]["from"] = ["rows", "more"]
    world.rows["data/more.csv"] = [a_row(1) | {"name": "elsewhere"}]
    built(world)
    stale_all(world)
    assert ran(built(world, "item:s1"))["transform"] == 1
    assert "new" not in json.loads(lines(world)["elsewhere"])["properties"]


def test_force_runs_the_named_item_only(world):
    assert world.open().build(["item:s1"], force=True).stages["transform"]["ran"] == 1


def test_targets_come_from_a_file_too(world):
    stale(world)
    (world.folder / "targets").write_text('# ours\n\nitem:s1\n{"target": "item:s2"}\n')
    report = run(world.folder, "build", "--targets-from", "targets")
    assert (report["mode"], report["stages"]["transform"]["ran"]) == ("targeted", 2)
    (world.folder / "targets").unlink()


# --- what no target is


@pytest.mark.parametrize(
    ("target", "near"),
    [
        ("item:s100", "item:s10"),
        ("collection:ones", "collection:one"),
        ("output:line", "output:lines"),
        ("source:row", "source:rows"),
        ("failed:transfrom", "failed:transform"),
        ("s1", "item:s1"),
        ("itme:s1", "item:s1"),
    ],
)
def test_unknown_target_is_refused_with_near_names_and_nothing_is_built(world, target, near):
    stale(world)
    before = tree(world.folder)
    refused = run(world.folder, "build", target, exit_status=2)
    assert near in refused["error"]["hint"]
    assert differences(tree(world.folder), before) == []


@pytest.mark.parametrize("change", [{"indent": 4}, {"path": "dist/elsewhere"}, {"layout": "{collection}/{id}.json"}])
def test_item_of_an_output_with_other_settings_needs_the_output_first(world, change):
    world.recipe["outputs"]["site"] |= change
    before = tree(world.folder)
    with pytest.raises(UsageError) as refused:
        built(world, "item:s1")
    assert "output:site first" in refused.value.problems[0].hint
    assert differences(tree(world.folder), before) == []
    built(world, "output:site")
    assert ran(built(world, "item:s1")) == only()
    built(world)
    assert differences(tree(world.folder), world.fresh_tree()) == []


def test_item_of_a_world_that_was_never_built_needs_the_output_first(tmp_path):
    world = World(tmp_path)
    refused = run(world.folder, "build", "item:s1", exit_status=2)
    assert "first" in refused["error"]["hint"]
    assert tree(world.folder) == {}


# --- with other misfortunes


def test_targeted_build_deletes_nothing_that_vanished(world):
    world.rows["data/a.csv"] = world.rows["data/a.csv"][1:2]
    report = built(world, "item:s1")
    assert (report.items["deleted"], report.items["total"]) == (0, 22)
    built(world)
    assert differences(tree(world.folder), world.fresh_tree()) == []


def test_targeted_build_after_a_kill_leaves_what_it_does_not_touch_to_the_next(world):
    for number in (5, 20, 35, 50, 65):
        stale_all(world)
        world.recipe["outputs"]["site"]["indent"] = number % 3
        world.recipe["outputs"]["more"] = {"kind": "ndjson", "path": f"dist/more{number}/{{collection}}.ndjson"}
        world.kill_at(number)
        world.recipe["outputs"]["lines"]["path"] = f"dist/{number}/{{collection}}.ndjson"
        built(world, "output:lines")
        del world.recipe["outputs"]["more"]
        built(world)
        assert differences(tree(world.folder), world.fresh_tree()) == []
        assert not list((world.folder / STATE).rglob("intent"))
