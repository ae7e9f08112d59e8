"""The rows of "Which change re-runs what" that end early between extend, patch and validate (see test_rows.py)."""

import pytest
from counting import first_row, only, ran
from world import World


@pytest.fixture
def world(tmp_path):
    """Eleven records whose items are extended, then patched."""
    world = World(tmp_path)
    world.recipe["extensions"] = {"marked": {"use": "fields", "properties": {"x:mark": 1}}}
    world.recipe["patches"] = {"late": {"set": {"properties.x:late": 1}}}
    world.recipe["collections"]["one"] |= {"extensions": ["marked"], "patches": ["late"]}
    world.build()
    return world


def test_changed_mapping_runs_all_that_follows(world):
    world.recipe["mappings"]["plain"]["properties"]["gsd"]["scale"] = 0.5
    assert ran(world) == only(transform=11, extend=11, patch=11, validate=11, write=11)


def test_mapping_that_makes_the_same_items_neither_extends_nor_patches_them(world):
    world.recipe["mappings"]["plain"]["properties"]["gsd"]["default"] = 7
    assert ran(world) == only(transform=11)


def test_record_of_which_the_same_item_is_made_is_neither_extended_nor_patched(world):
    first_row(world)["note"] = "seen"
    assert ran(world) == only(fetch=1, transform=1)


def test_mapping_that_makes_the_same_items_neither_extends_nor_patches_what_was_dropped(world):
    world.recipe["patches"]["late"] = {"drop": True, "where": "NOT gsd < 4"}
    assert ran(world) == only(patch=11, validate=4, write=4)
    world.recipe["mappings"]["plain"]["properties"]["gsd"]["default"] = 7
    assert ran(world) == only(transform=11)


def test_changed_extension_runs_from_there(world):
    world.recipe["extensions"]["marked"]["properties"]["x:mark"] = 2
    assert ran(world) == only(extend=11, patch=11, validate=11, write=11)


def test_extension_that_is_overwritten_by_a_patch_changes_no_item(world):
    world.recipe["patches"]["late"]["set"] = {"properties.x:mark": 9}
    assert ran(world) == only(patch=11, validate=11, write=11)
    world.recipe["extensions"]["marked"]["properties"]["x:mark"] = 2
    assert ran(world) == only(extend=11, patch=11)


def test_changed_patch_runs_from_there(world):
    world.recipe["patches"]["late"]["set"] = {"properties.x:late": 2}
    assert ran(world) == only(patch=11, validate=11, write=11)


def test_patch_that_gives_the_same_items_stops_there(world):
    world.recipe["patches"]["late"]["remove"] = ["properties.nobody:has"]
    assert ran(world) == only(patch=11)


def test_change_undone_in_the_middle_comes_from_the_store(world):
    world.recipe["extensions"]["marked"]["properties"]["x:mark"] = 2
    ran(world)
    world.recipe["extensions"]["marked"]["properties"]["x:mark"] = 1
    assert ran(world) == only(write=11)


def test_last_stage_that_comes_and_goes_runs_nothing_the_second_time(world):
    """What is left when it goes is judged once: the stage before it was an end by then."""
    table = world.recipe["collections"]["one"]
    del table["patches"]
    assert ran(world) == only(validate=11, write=11)
    table["patches"] = ["late"]
    assert ran(world) == only(write=11)
    del table["patches"]
    assert ran(world) == only(write=11)


def test_last_stage_that_went_is_not_missed_when_rows_of_the_memory_are(world):
    del world.recipe["collections"]["one"]["patches"]
    ran(world)
    for rows in world.folder.glob(".stacbuild/memory/*/rows-*"):
        rows.unlink()
    first_row(world)["gsd"] = "3.5"
    assert ran(world) | {"write": 1} == only(fetch=1, transform=1, extend=1, validate=1, write=1)


def test_mapping_and_patch_changed_at_once_run_what_lies_between_too(world):
    """Nobody holds the extended item: the one that is patched is made of the one that was mapped."""
    world.recipe["mappings"]["plain"]["properties"]["gsd"]["default"] = 7
    world.recipe["patches"]["late"]["set"] = {"properties.x:late": 2}
    assert ran(world) == only(transform=11, extend=11, patch=11, validate=11, write=11)


def test_new_condition_extends_and_patches_nothing_that_stays(world):
    world.recipe["collections"]["one"]["where"] = "gsd < 4"
    assert ran(world) == only()
    del world.recipe["collections"]["one"]["where"]
    assert ran(world) == only(write=7)
