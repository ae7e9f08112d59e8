"""The table "Which change re-runs what": a test a row, counting stages from `build --json` of the real command line."""

import json
import os
import shutil

import pytest
from counting import STAGES, first_row, only, ran, run
from world import World
from world_disk import STATE, differences, tree
from world_inputs import EXTENSION, SCHEMAS, a_mapping, a_row


@pytest.fixture
def world(tmp_path):
    """Eleven records in two files; collections `one` and `two` take all, items of `one` declare an extension."""
    world = World(tmp_path)
    world.recipe["mappings"]["other"] = other = a_mapping() | {"id": {"template": "t-{name}"}}
    del other["stac_extensions"]
    world.recipe["collections"]["two"] = {"from": ["rows"], "mapping": "other"}
    world.build()
    return world


# --- nothing, and what means nothing


def test_nothing_changed_runs_nothing(world):
    assert ran(world) == only()


def test_touched_source_runs_nothing(world):
    os.utime(world.folder / "data/a.csv")
    assert ran(world) == only()


def test_reordered_records_run_nothing(world):
    world.rows["data/a.csv"].reverse()
    assert ran(world) == only()


def test_blank_lines_run_nothing(world):
    world.rows["data/a.csv"][3:3] = [None, None]
    assert ran(world) == only()


def test_inserted_line_runs_the_new_record_only(world):
    world.rows["data/a.csv"].insert(2, a_row(20))
    assert ran(world) == only(fetch=1, transform=2, validate=2, write=2)


def test_records_that_move_to_another_file_of_the_folder_run_nothing(world):
    rows = world.rows["data/a.csv"]
    world.rows["data/a.csv"], world.rows["data/c.csv"] = rows[:4], rows[4:]
    assert ran(world) == only()


def test_record_that_moves_to_another_folder_runs_only_where_its_href_is_relative(world):
    rows = world.rows["data/a.csv"]
    world.rows["data/deep/b.csv"] += [rows.pop(1), rows.pop(2)]  # an href below the folder, and then a URL
    assert ran(world) == only(transform=2, validate=2, write=2)


def test_a_record_column_that_no_mapping_reads_stops_after_transform(world):
    first_row(world)["note"] = "seen"
    assert ran(world) == only(fetch=1, transform=2)


@pytest.mark.parametrize("table", ["build", "log", "cache"])
def test_tables_that_say_how_run_nothing(world, table):
    tables = {
        "build": {"jobs": 3, "max-failures": 7},
        "log": {"level": "debug"},
        "cache": {"path": "./.stacbuild/cache"},
    }
    world.recipe.setdefault(table, {}).update(tables[table])
    assert ran(world) == only()


@pytest.mark.parametrize("style", [1, 2, 3])
def test_comments_order_and_white_space_of_the_recipe_run_nothing(world, style):
    world.style = style
    assert ran(world) == only()


def test_value_that_comes_from_the_environment_runs_nothing(world):
    world.recipe["catalog"]["description"] = "${WHAT_IT_IS:-A world}"
    assert ran(world) == only()


# --- records


def test_changed_record_runs_itself(world):
    first_row(world)["gsd"] = "8"
    assert ran(world) == only(fetch=1, transform=2, validate=2, write=2)


def test_removed_record_runs_nothing_and_its_items_leave(world):
    world.rows["data/a.csv"].pop()
    world.write()
    report = run(world.folder, "build")
    assert {stage: report["stages"][stage]["ran"] for stage in STAGES} == only()
    assert (report["items"]["deleted"], report["outputs"]["site"]["removed"]) == (2, 2)


def test_undone_change_comes_from_the_store(world):
    before = dict(first_row(world))
    first_row(world)["gsd"] = "8"
    world.build()
    first_row(world).update(before)
    assert ran(world) == only(write=2)


def test_one_of_two_edits_undone_comes_from_the_store(world):
    first, second = world.rows["data/a.csv"][:2]
    before = dict(first)
    first["gsd"], second["gsd"] = "8", "9"
    world.build()
    first.update(before)
    assert ran(world) == only(write=2)


def test_bad_record_that_was_mended_and_is_bad_again_runs_nothing(world):
    good = world.rows["data/a.csv"][0]
    bad = good | {"date": "yesterday"}
    for row in (bad, good):
        world.rows["data/a.csv"][0] = row
        world.build()
    world.rows["data/a.csv"][0] = bad
    assert ran(world, exit_status=1) == only()


def test_failed_item_is_not_tried_again_until_its_record_changes(world):
    first_row(world)["date"] = "yesterday"
    world.build()
    assert ran(world, exit_status=1) == only()
    first_row(world)["date"] = "2020-01-01T00:00:00Z"
    assert ran(world) == only(fetch=1, transform=2, validate=2, write=2)


# --- the recipe


def test_changed_mapping_runs_its_items_and_judges_what_changed(world):
    world.recipe["mappings"]["plain"]["properties"]["gsd"]["scale"] = 0.5
    assert ran(world) == only(transform=11, validate=11, write=11)


def test_changed_mapping_that_makes_the_same_items_stops_there(world):
    world.recipe["mappings"]["plain"]["properties"]["gsd"]["default"] = 7
    assert ran(world) == only(transform=11)


def test_changed_lookup_runs_items_of_its_mapping_and_judges_those_that_changed(world):
    world.recipe["mappings"]["plain"]["lookups"]["sats"]["A"] = "aleph"
    changed = sum(row["sat"] == "A" for rows in world.rows.values() for row in rows)
    assert 0 < changed < 11
    assert ran(world) == only(transform=11, validate=changed, write=changed)


def test_changed_schema_file_judges_the_items_that_declare_it(world):
    world.schema = 2
    assert ran(world) == only(validate=11)


def test_changed_schema_file_writes_only_where_a_verdict_changed(world):
    world.schema = 1
    refused = sum(float(row["gsd"]) > 5 for rows in world.rows.values() for row in rows)
    assert 0 < refused < 11
    assert ran(world, exit_status=1) == only(validate=11)
    world.schema = 0
    assert ran(world) == only(write=refused)


def test_new_schema_file_judges_the_items_that_missed_it(world):
    file = world.folder / "schemas" / "https" / EXTENSION.split("://")[1]
    file.unlink()
    assert _ran_as_it_stands(world) == only(validate=11)
    file.write_text(json.dumps(SCHEMAS[0]))
    assert _ran_as_it_stands(world) == only()


def _ran_as_it_stands(world):
    report = run(world.folder, "build")
    return {stage: report["stages"][stage]["ran"] for stage in STAGES}


def test_validation_level_judges_stored_verdicts_anew(world):
    world.schema = 1
    refused = sum(float(row["gsd"]) > 5 for rows in world.rows.values() for row in rows)
    world.build()
    world.recipe["validation"]["level"] = "warn"
    assert ran(world) == only(write=refused)
    world.recipe["validation"]["level"] = "strict"
    assert ran(world, exit_status=1) == only()
    world.recipe["validation"]["level"] = "off"
    assert ran(world) == only(write=refused)


def test_source_path_is_listed_anew_and_digests_decide(world):
    world.recipe["sources"]["rows"]["path"] = ["data/**/*.csv"]
    assert ran(world) == only()
    world.recipe["sources"]["rows"]["path"] = ["data/a.csv"]
    assert ran(world) == only()


def test_missing_words_of_a_source_run_the_records_that_have_them(world):
    world.recipe["sources"]["rows"]["missing"] = ["NA"]
    world.recipe["mappings"]["plain"]["properties"]["platform"] = {"value": "p"}
    del world.recipe["collections"]["two"]
    world.build()
    world.recipe["sources"]["rows"]["missing"] = ["NA", "B"]
    changed = sum(row["sat"] == "B" for rows in world.rows.values() for row in rows)
    assert ran(world) == only(fetch=changed, transform=changed)


@pytest.mark.parametrize(
    ("table", "key", "value"),
    [
        (("collections", "one"), "title", "Renamed"),
        (("collections", "one"), "keywords", ["new"]),
        (("collections", "one"), "summaries", ["platform"]),
        (("catalog",), "description", "Another"),
    ],
)
def test_collection_and_catalog_metadata_write_that_document_only(world, table, key, value):
    place = world.recipe
    for part in table:
        place = place[part]
    place[key] = value
    world.write()
    report = run(world.folder, "build")
    assert {stage: report["stages"][stage]["ran"] for stage in STAGES} == only()
    assert report["outputs"]["lines"]["written"] == 0
    assert report["outputs"]["site"]["written"] == (2 if key == "title" else 1)  # the root shows titles of its children
    assert differences(tree(world.folder), world.fresh_tree()) == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("path", "dist/elsewhere"),
        ("layout", "{collection}/{year}/{id}.json"),
        ("indent", 4),
        ("base-url", "https://a.example/"),
    ],
)
def test_output_settings_write_that_output_only(world, key, value):
    world.recipe["outputs"]["site"][key] = value
    anew = 0 if key == "base-url" else 22  # a base beside relative links is written in the root only
    assert ran(world) == only(write=anew)


def test_path_of_a_file_in_the_same_folder_moves_it(world):
    world.recipe["outputs"]["lines"]["path"] = "dist/all.ndjson"
    assert ran(world) == only(write=22)


def test_second_output_is_written_from_the_store(world):
    world.recipe["outputs"]["more"] = {"kind": "ndjson", "path": "more/all.ndjson", "collections": ["one"]}
    assert ran(world) == only(write=11)


def test_removed_output_takes_its_files_along(world):
    del world.recipe["outputs"]["site"]
    assert ran(world) == only()


def test_new_collection_on_a_known_source_fetches_nothing(world):
    world.recipe["collections"]["three"] = {"from": ["rows"], "mapping": "other"}
    assert ran(world) == only(transform=11, validate=11, write=11)


# --- behind the build's back


def test_deleted_output_file_is_written_again(world):
    next((world.folder / "dist/site/one").glob("*/*.json")).unlink()
    assert ran(world) == only(write=1)


def test_edited_output_file_is_written_again(world):
    (world.folder / "dist/site/one/collection.json").write_text("{}")
    next((world.folder / "dist/site/two").glob("*/*.json")).write_text("{}")
    assert ran(world) == only(write=1)


def test_edited_shared_file_counts_all_its_items(world):
    (world.folder / "dist/one.ndjson").write_text("")
    assert ran(world) == only(write=11)


def test_lost_memory_runs_nothing_and_rewrites_nothing(world):
    before = {path: path.stat().st_mtime_ns for path in (world.folder / "dist").rglob("*.*json")}
    shutil.rmtree(world.folder / STATE / "memory")
    assert ran(world) == only()
    assert {path: path.stat().st_mtime_ns for path in (world.folder / "dist").rglob("*.*json")} == before


def test_lost_memory_runs_nothing_though_records_are_bad(world):
    world.rows["data/a.csv"][:0] = ["k40,too,few", a_row(1), a_row(30) | {"date": "never"}]
    world.build()
    shutil.rmtree(world.folder / STATE / "memory")
    assert ran(world, exit_status=1) == only()


def test_cache_moved_to_a_new_checkout_gives_all_but_the_files(world, tmp_path):
    other = World(tmp_path / "new")
    other.recipe = world.recipe
    other.write()
    shutil.copytree(world.folder / STATE / "cache", other.folder / STATE / "cache")
    assert ran(other) == only(write=22)


def test_copied_checkout_runs_nothing_and_leaves_the_first_alone(world, tmp_path):
    before = tree(world.folder)
    other = World(tmp_path / "copy")
    shutil.rmtree(other.folder)
    shutil.copytree(world.folder, other.folder, copy_function=shutil.copy2)
    other.recipe = world.recipe
    assert ran(other) == only()
    other.recipe["outputs"]["site"]["path"] = "elsewhere/site"
    assert ran(other) == only(write=22)
    assert differences(tree(world.folder), before) == []


def test_force_runs_all_and_rewrites_nothing(world):
    assert ran(world, "--force") == only(fetch=11, transform=22, validate=22)


def test_dry_run_names_what_then_runs_and_writes_nothing(world):
    first_row(world)["gsd"] = "8"
    world.write()
    before = tree(world.folder)
    foreseen = run(world.folder, "build", "-n")
    assert foreseen["mode"] == "dry-run"
    assert differences(tree(world.folder), before) == []
    assert {stage: foreseen["stages"][stage]["ran"] for stage in STAGES} == ran(world)


def test_outputs_that_swap_their_files_are_both_written(world):
    world.recipe["outputs"] = {
        "first": {"kind": "ndjson", "path": "dist/a.ndjson", "collections": ["one"]},
        "second": {"kind": "ndjson", "path": "dist/b.ndjson", "collections": ["two"]},
    }
    world.build()
    first, second = world.recipe["outputs"].values()
    first["path"], second["path"] = second["path"], first["path"]
    assert ran(world) == only(write=22)
