"""Patches: what they set, append, remove and drop, whom they hit, and what a change of one costs."""

import json

import pytest
from kitchen import Kitchen, ran, row

from stacbuild.failures import ItemError
from stacbuild.stages.patching import append_at, remove_at, set_at


def patched(folder, rows=3, order=None, **patches):
    """Return a kitchen whose collection has these patches, in this order."""
    kitchen = Kitchen(folder, rows)
    kitchen.recipe["patches"] = {name.replace("_", "-"): table for name, table in patches.items()}
    kitchen.recipe["collections"]["one"]["patches"] = order or list(kitchen.recipe["patches"])
    kitchen.save()
    return kitchen


@pytest.mark.parametrize(
    ("path", "value", "after"),
    [
        ("a", 2, {"a": 2, "b": {"c": [1, {"d": 1}]}}),
        ("b.c", 5, {"a": 1, "b": {"c": 5}}),
        ("b.c.1.d", 5, {"a": 1, "b": {"c": [1, {"d": 5}]}}),
        ("b.c.7.d", 5, {"a": 1, "b": {"c": [1, {"d": 1}]}}),
        ("x.y", 5, {"a": 1, "b": {"c": [1, {"d": 1}]}, "x": {"y": 5}}),
        ("x.*.y", 5, {"a": 1, "b": {"c": [1, {"d": 1}]}}),
        ("*.c", 5, None),
        (r"x\.y", 5, {"a": 1, "b": {"c": [1, {"d": 1}]}, "x.y": 5}),
    ],
)
def test_a_value_is_set_where_its_path_leads(path, value, after):
    before = {"a": 1, "b": {"c": [1, {"d": 1}]}}
    if after is None:
        with pytest.raises(ItemError, match="cannot be set in a number"):
            set_at(before, path, value)
    else:
        assert set_at(before, path, value) == after
    assert before == {"a": 1, "b": {"c": [1, {"d": 1}]}}


def test_a_star_in_a_name_stands_for_any_text_and_an_escaped_one_for_a_star():
    item = {"p": {"s2:a": 1, "s2:b": 2, "s1:a": 3, "a*b": 4, "axb": 5}, "l": [{"k": 1}]}
    assert remove_at(item, "p.s2:*") == {**item, "p": {"s1:a": 3, "a*b": 4, "axb": 5}}
    assert remove_at(item, "p.*:a")["p"].keys() == {"s2:b", "a*b", "axb"}
    assert remove_at(item, r"p.a\*b")["p"].keys() == {"s2:a", "s2:b", "s1:a", "axb"}
    assert set_at(item, "p.s*:a", 0)["p"] == {**item["p"], "s2:a": 0, "s1:a": 0}
    assert set_at(item, "p.none*", 0) is item
    assert set_at(item, "l.k*", 0) is item
    assert set_at({}, r"a\*", 1) == {"a*": 1}


def test_setting_what_is_there_changes_nothing_but_one_is_not_true():
    item = {"a": 1, "b": [1, 2]}
    assert set_at(item, "a", 1) is item
    assert set_at(item, "b", [1, 2]) is item
    assert set_at(item, "a", 1.0) == {"a": 1.0, "b": [1, 2]}
    assert type(set_at(item, "a", True)["a"]) is bool


def test_values_are_appended_once_and_arrays_are_made():
    assert append_at({"a": [1]}, "a", [1, 2, 2.0]) == {"a": [1, 2, 2.0]}
    assert append_at({"p": {}}, "p.k", ["x"]) == {"p": {"k": ["x"]}}
    assert append_at({"p": {"k": None}}, "p.k", ["x"]) == {"p": {"k": ["x"]}}
    item = {"a": {"x": {"roles": ["data"]}, "y": {"roles": ["data"]}}}
    assert append_at(item, "a.*.roles", ["data"]) is item
    with pytest.raises(ItemError) as error:
        append_at({"a": "text"}, "a", [1])
    assert (error.value.code, error.value.path) == ("SB241", "/a")


def test_what_is_removed_is_gone_and_what_is_not_there_is_no_error():
    item = {"a": {"x": {"t": 1, "h": 2}, "y": {"h": 3}}, "l": [1, 2, 3]}
    assert remove_at(item, "a.*.t") == {"a": {"x": {"h": 2}, "y": {"h": 3}}, "l": [1, 2, 3]}
    assert remove_at(item, "l.1") == {"a": item["a"], "l": [1, 3]}
    assert remove_at(item, "l.*")["l"] == []
    assert remove_at(item, "no.such.thing") is item
    assert remove_at(item, "l.x") is item


def test_patches_hit_what_they_select_in_the_order_of_the_list(tmp_path):
    kitchen = patched(
        tmp_path,
        fix={"where": "gsd > 1", "set": {"properties.gsd": 10}},
        mark={"where": "gsd = 10", "append": {"properties.tags": ["fixed"]}},
        tidy={"remove": ["properties.note"], "set": {"assets.*.roles": ["data"]}},
    )
    report = kitchen.build()
    assert [item["properties"]["gsd"] for item in kitchen.items()] == [1, 10, 10]
    assert [item["properties"].get("tags") for item in kitchen.items()] == [None, ["fixed"], ["fixed"]]
    assert all(item["assets"]["data"]["roles"] == ["data"] for item in kitchen.items())
    assert report["stages"]["patch"] == {"ran": 3, "reused": 0, "failed": 0}
    hits = {
        "fix": {"matched": 2, "changed": 2, "dropped": 0},
        "mark": {"matched": 2, "changed": 2, "dropped": 0},
        "tidy": {"matched": 3, "changed": 3, "dropped": 0},
    }
    assert report["patches"] == hits
    again = kitchen.build()
    assert (ran(again), again["patches"]) == ({}, hits)
    kitchen.recipe["collections"]["one"]["patches"] = ["mark", "fix", "tidy"]
    kitchen.save()
    assert kitchen.build()["patches"]["mark"] == {"matched": 0, "changed": 0, "dropped": 0}


def test_a_patch_that_changes_nothing_is_counted_as_matched_only(tmp_path):
    kitchen = patched(tmp_path, same={"set": {"properties.gsd": 1}, "where": "gsd = 1"})
    report = kitchen.build()
    assert report["patches"]["same"] == {"matched": 1, "changed": 1 - 1, "dropped": 0}


def test_a_drop_takes_the_item_out_and_no_limit_holds_it_back(tmp_path):
    kitchen = Kitchen(tmp_path, 150)
    kitchen.build()
    kitchen.recipe["patches"] = {"old": {"where": "gsd < 9", "drop": True}}
    kitchen.recipe["collections"]["one"]["patches"] = ["old"]
    kitchen.save()
    report = kitchen.build()
    left = sum(number % 9 + 1 == 9 for number in range(150))
    assert (report["items"]["total"], report["items"]["dropped"]) == (left, 150 - left)
    assert report["patches"]["old"] == {"matched": 150 - left, "changed": 0, "dropped": 150 - left}
    assert report["items"]["failed"] == 0
    again = kitchen.build()
    assert (ran(again), again["patches"]) == ({}, report["patches"])


def test_a_changed_patch_maps_and_extends_nothing_again_and_undoing_it_runs_nothing(tmp_path):
    kitchen = patched(tmp_path, fix={"set": {"properties.level": 1}})
    kitchen.build()
    kitchen.recipe["patches"]["fix"]["set"]["properties.level"] = 2
    kitchen.save()
    reason = kitchen.ask("status")["stale"][0]["reasons"][0]
    assert (reason["code"], reason["what"]) == ("patch-changed", "patches.fix.set.properties.level")
    assert ran(kitchen.build()) == {"patch": 3, "validate": 3, "write": 3}
    kitchen.recipe["patches"]["fix"]["set"]["properties.level"] = 1
    kitchen.save()
    assert ran(kitchen.build()) == {"write": 3}


def test_a_patch_of_another_collection_costs_nothing(tmp_path):
    kitchen = patched(tmp_path, fix={"set": {"properties.level": 1}})
    kitchen.recipe["collections"]["two"] = {"from": ["rows"], "mapping": "plain"}
    kitchen.save()
    kitchen.build()
    kitchen.recipe["patches"]["fix"]["set"]["properties.level"] = 2
    kitchen.save()
    assert ran(kitchen.build()) == {"patch": 3, "validate": 3, "write": 3}
    assert "level" not in kitchen.items("two")[0]["properties"]


def test_a_patch_that_makes_an_item_invalid_is_a_failure_of_validation(tmp_path):
    kitchen = patched(tmp_path, spoil={"where": "gsd = 2", "set": {"properties.datetime": "yesterday"}})
    kitchen.build(exit_=1)
    (failure,) = [one for one in kitchen.failures() if one.get("severity", "error") == "error"][:1]
    assert (failure["stage"], failure["target"]) == ("validate", "item:one/i1")
    assert kitchen.ids() == ["i0", "i2"]


def test_a_patch_that_finds_something_else_in_its_way_is_a_failure_with_a_pointer(tmp_path):
    kitchen = patched(tmp_path, bad={"set": {"properties.gsd.unit": "m"}})
    kitchen.build(exit_=1)
    assert {(one["code"], one["stage"], one["path"]) for one in kitchen.failures()} == {
        ("SB241", "patch", "/properties/gsd")
    }


def test_one_changed_record_is_patched_alone(tmp_path):
    kitchen = patched(tmp_path, fix={"set": {"properties.level": 1}})
    kitchen.build()
    kitchen.rows([row(0), row(1, gsd="9"), row(2)])
    assert ran(kitchen.build())["patch"] == 1


def trail(kitchen):
    lines = (kitchen / ".stacbuild/changes.ndjson").read_text().splitlines()
    return [tuple(json.loads(line).values()) for line in lines]


def test_which_items_a_build_patched_stands_in_a_file(tmp_path):
    kitchen = patched(
        tmp_path,
        fix={"where": "gsd >= 2", "set": {"properties.gsd": 2}},
        old={"where": "note = 'old'", "drop": True},
        rows=[row(0), row(1), row(2), row(3, note="old")],
    )
    kitchen.build()
    assert trail(kitchen) == [
        ("item:one/i1", "fix", "matched"),
        ("item:one/i2", "fix", "changed"),
        ("item:one/i3", "fix", "changed"),
        ("item:one/i3", "old", "dropped"),
    ]
    kitchen.rows([row(0), row(1), row(2, gsd="7"), row(3, note="old")])
    kitchen.build()
    assert trail(kitchen) == [("item:one/i2", "fix", "changed")]
