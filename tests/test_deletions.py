"""What vanishes: how much at once, in what way, and what is kept. Nothing is deleted because it could not be read."""

import gzip
import json

import pytest
from test_rows import run
from world import World
from world_disk import tree
from world_harm import small_parts
from world_inputs import a_row, csv_bytes


@pytest.fixture(autouse=True)
def _small():
    with small_parts():
        yield


@pytest.fixture
def world(tmp_path):
    """A world of lines only, without duplicate names however many records there are."""
    world = World(tmp_path)
    world.recipe["outputs"] = {"lines": {"kind": "ndjson", "path": "dist/{collection}.ndjson"}}
    world.recipe["mappings"]["plain"]["id"] = "key"
    return world


def many(world, count):
    """Give the world so many records, and build them."""
    world.rows = {"data/a.csv": [a_row(number) for number in range(count)]}
    world.write()
    world.open().build()


def built(world, *targets, **options):
    world.write()
    return world.open().build(*targets, **options)


def ids(world, collection="one"):
    lines = (world.folder / f"dist/{collection}.ndjson").read_bytes().splitlines()
    return {json.loads(line)["id"] for line in lines}


def failures(world):
    return [json.loads(line) for line in (world.folder / ".stacbuild/failures.ndjson").read_bytes().splitlines()]


# --- the limit


def test_a_hundred_at_once_may_always_go(world):
    many(world, 130)
    del world.rows["data/a.csv"][10:110]
    report = built(world)
    assert (report.exit, report.items["deleted"], report.items["total"]) == (0, 100, 30)
    assert len(ids(world)) == 30


def test_a_tenth_of_many_may_go(world):
    many(world, 1100)
    del world.rows["data/a.csv"][:110]
    report = built(world)
    assert (report.exit, report.items["deleted"]) == (0, 110)


def test_more_than_a_tenth_and_a_hundred_are_held_back_and_the_rest_is_built(world):
    many(world, 200)
    del world.rows["data/a.csv"][50:151]
    world.rows["data/a.csv"][0] = a_row(0, 4)
    world.rows["data/a.csv"].append(a_row(500))
    world.write()
    report = run(world.folder, "build", exit_status=1)
    assert report["items"] | {"failed": 0, "dropped": 0} == {
        "total": 201,
        "added": 1,
        "modified": 1,
        "deleted": 0,
        "unchanged": 199,
        "failed": 0,
        "dropped": 0,
    }
    assert ids(world) == {f"k{number}" for number in [*range(200), 500]}


def test_held_back_deletions_are_named_with_what_does_them(world):
    many(world, 200)
    del world.rows["data/a.csv"][50:151]
    report = built(world)
    assert len(report.held_back) == 1
    assert "rows" in report.held_back[0]
    assert "--max-deletions 100%" in report.held_back[0]


def test_held_back_deletions_stay_held_back_until_they_are_allowed(world):
    many(world, 200)
    del world.rows["data/a.csv"][50:151]
    assert [built(world).exit, built(world).exit] == [1, 1]
    assert len(ids(world)) == 200
    report = run(world.folder, "build", "--max-deletions", "100%")
    assert (report["exit"], report["items"]["deleted"], report["items"]["total"]) == (0, 101, 99)
    assert tree(world.folder) == world.fresh_tree()


def test_held_back_deletions_end_when_the_records_come_back(world):
    many(world, 200)
    rows = list(world.rows["data/a.csv"])
    del world.rows["data/a.csv"][50:151]
    built(world)
    world.rows["data/a.csv"] = rows
    report = built(world)
    assert (report.exit, report.items["total"], report.stages["transform"]["ran"]) == (0, 200, 0)
    assert tree(world.folder) == world.fresh_tree()


def test_limit_of_the_recipe_counts(world):
    world.recipe["build"]["max-deletions"] = "100%"
    many(world, 200)
    del world.rows["data/a.csv"][50:151]
    assert built(world).items["deleted"] == 101


def test_limit_is_counted_for_each_source_by_itself(world):
    world.rows = {"data/a.csv": [a_row(number) for number in range(150)]}
    world.rows |= {"data/deep/b.csv": [a_row(number) for number in range(200, 350)]}
    world.recipe["sources"] = {
        "first": {"kind": "table", "path": "data/a.csv", "key": "key"},
        "second": {"kind": "table", "path": "data/deep/b.csv", "key": "key"},
    }
    world.recipe["collections"]["one"]["from"] = ["first", "second"]
    built(world)
    del world.rows["data/a.csv"][:50]
    del world.rows["data/deep/b.csv"][:140]
    report = built(world)
    assert (report.exit, report.items["deleted"], report.items["total"]) == (1, 50, 250)


# --- what the recipe orders


def test_removals_that_the_recipe_orders_are_not_limited(world):
    world.rows = {"data/a.csv": [a_row(0)], "data/deep/b.csv": [a_row(number) for number in range(1, 200)]}
    built(world)
    world.recipe["sources"]["rows"]["path"] = ["data/*.csv"]
    report = built(world)
    assert (report.exit, report.items["deleted"], report.items["total"]) == (0, 199, 1)
    assert tree(world.folder) == world.fresh_tree()


def test_removed_collection_and_source_are_not_limited(world):
    world.recipe["sources"]["more"] = {"kind": "table", "path": "data/deep/*.csv", "key": "key"}
    world.recipe["sources"]["rows"]["path"] = ["data/*.csv"]
    world.recipe["collections"]["two"] = {"from": ["more"], "mapping": "plain"}
    world.rows = {"data/a.csv": [a_row(0)], "data/deep/b.csv": [a_row(number) for number in range(1, 200)]}
    built(world)
    del world.recipe["collections"]["two"]
    del world.recipe["sources"]["more"]
    report = built(world)
    assert (report.exit, report.items["deleted"], report.items["total"]) == (0, 199, 1)
    assert tree(world.folder) == world.fresh_tree()


# --- what is not there, or cannot be read


@pytest.mark.parametrize("how", ["no records", "no files"])
def test_listing_that_is_empty_after_one_that_was_not_deletes_nothing(world, how):
    many(world, 7)
    world.rows = {"data/a.csv": []} if how == "no records" else {}
    report = built(world)
    assert (report.exit, report.items["deleted"], report.items["total"]) == (1, 0, 7)
    assert len(ids(world)) == 7
    report = built(world, max_deletions="100%")
    assert (report.exit, report.items["deleted"], report.items["total"]) == (0, 7, 0)


@pytest.fixture
def zipped(world):
    """A world with a second file, compressed, so that it can be damaged."""
    world.recipe["sources"]["rows"]["path"] = ["data/*.csv", "data/*.gz"]
    world.rows = {"data/a.csv": [a_row(number) for number in range(5)]}
    world.zipped = world.folder / "data/z.csv.gz"
    world.zipped.parent.mkdir(parents=True, exist_ok=True)
    world.zipped.write_bytes(gzip.compress(csv_bytes([a_row(number) for number in range(10, 14)])))
    built(world)
    assert len(ids(world)) == 9
    return world


def test_file_that_cannot_be_read_keeps_its_items_and_is_named(zipped):
    zipped.zipped.write_bytes(zipped.zipped.read_bytes()[:-20])
    zipped.rows["data/a.csv"].pop()
    report = built(zipped)
    assert (report.exit, report.items["total"], report.items["deleted"]) == (1, 8, 1)
    assert ids(zipped) == {f"k{number}" for number in [*range(4), *range(10, 14)]}
    (failure,) = failures(zipped)
    assert (failure["stage"], failure["source"]["where"]) == ("fetch", "data/z.csv.gz")


def test_file_that_could_not_be_read_is_tried_again_though_nothing_moved(zipped):
    good = zipped.zipped.read_bytes()
    zipped.zipped.write_bytes(good[:-20])
    assert [built(zipped).exit, built(zipped).exit] == [1, 1]
    assert len(failures(zipped)) == 1
    zipped.zipped.write_bytes(good)
    report = built(zipped)
    assert (report.exit, report.items["total"], report.stages["transform"]["ran"]) == (0, 9, 0)
    assert failures(zipped) == []


def test_missing_file_that_the_recipe_names_keeps_its_items(world):
    world.recipe["sources"]["rows"]["path"] = ["data/a.csv", "data/deep/b.csv"]
    built(world)
    world.rows.pop("data/deep/b.csv")
    report = built(world)
    assert (report.exit, report.items["total"], report.items["deleted"]) == (1, 11, 0)
    assert failures(world)[0]["source"]["where"] == "data/deep/b.csv"


def test_unreadable_items_keep_their_old_version_under_a_changed_mapping(zipped):
    before = (zipped.folder / "dist/one.ndjson").read_bytes().splitlines()
    zipped.zipped.write_bytes(b"no zip")
    zipped.recipe["mappings"]["plain"]["properties"]["new"] = {"value": 1}
    report = built(zipped)
    assert (report.exit, report.items["total"], report.items["modified"]) == (1, 9, 5)
    assert sum(line in before for line in (zipped.folder / "dist/one.ndjson").read_bytes().splitlines()) == 4


# --- withdrawals


def test_item_that_fails_now_is_withdrawn_and_counts_as_deleted(world):
    many(world, 20)
    world.rows["data/a.csv"][3]["date"] = "yesterday"
    report = built(world)
    assert (report.exit, report.items["deleted"], report.items["failed"], report.items["total"]) == (1, 1, 1, 19)
    assert "k3" not in ids(world)


def test_mapping_typo_that_fails_most_keeps_the_earlier_versions(world):
    many(world, 150)
    before = (world.folder / "dist/one.ndjson").read_bytes()
    world.recipe["mappings"]["plain"]["datetime"] = {"from": "dote", "as": "datetime"}
    world.write()
    report = run(world.folder, "build", exit_status=1)
    items = report["items"]
    assert (items["total"], items["unchanged"], items["failed"], items["deleted"]) == (150, 150, 150, 0)
    assert (world.folder / "dist/one.ndjson").read_bytes() == before
    listed = failures(world)
    assert len(listed) == 150
    assert all(failure["kept"] for failure in listed)


def test_kept_versions_stay_over_further_builds_and_go_when_that_is_allowed(world):
    many(world, 150)
    world.recipe["mappings"]["plain"]["datetime"] = {"from": "dote", "as": "datetime"}
    for _ in range(2):
        report = built(world)
        assert (report.exit, report.items["total"], report.items["failed"]) == (1, 150, 150)
    report = built(world, max_deletions="100%")
    assert (report.exit, report.items["total"], report.items["deleted"], report.items["failed"]) == (1, 0, 150, 150)
    assert ids(world) == set()
    assert not any(failure.get("kept") for failure in failures(world))


def test_mended_mapping_takes_the_place_of_kept_versions(world):
    many(world, 150)
    good = world.recipe["mappings"]["plain"]["datetime"]
    world.recipe["mappings"]["plain"]["datetime"] = {"from": "dote", "as": "datetime"}
    built(world)
    world.recipe["mappings"]["plain"]["datetime"] = good
    report = built(world)
    assert (report.exit, report.items["total"], report.items["unchanged"], report.items["failed"]) == (0, 150, 150, 0)
    assert tree(world.folder) == world.fresh_tree()


def test_withdrawals_of_a_few_are_never_held_back(world):
    many(world, 130)
    for row in world.rows["data/a.csv"][:100]:
        row["date"] = "yesterday"
    report = built(world)
    assert (report.exit, report.items["deleted"], report.items["total"]) == (1, 100, 30)


def test_strict_schema_that_refuses_most_keeps_the_earlier_versions(world):
    many(world, 330)
    refused = sum(float(row["gsd"]) > 5 for row in world.rows["data/a.csv"])
    assert refused > 100
    world.schema = 1
    report = built(world)
    assert (report.exit, report.items["total"], report.items["failed"]) == (1, 330, refused)
    assert (report.items["unchanged"], report.items["deleted"]) == (330, 0)
