"""`diff`: items before and after, with nothing stored."""

import json
import shutil

import pytest
from kitchen import Kitchen, row
from test_cli_fake import ask
from test_cli_json import envelope

from stacbuild.report import DiffReport, ItemDiff


@pytest.fixture
def kitchen(tmp_path):
    built = Kitchen(tmp_path / "k")
    built.build()
    return built


def diffs(kitchen, *targets):
    return {one["target"]: one for one in kitchen.ask("diff", *targets, exit_=0)["diffs"]}


def test_a_changed_value_is_a_pointer_with_before_and_after(kitchen):
    kitchen.rows([row(0), row(1, gsd="7", note="seen"), row(2)])
    (one,) = diffs(kitchen, "item:i1").values()
    assert one == {
        "target": "item:one/i1",
        "verdict": "stale",
        "changes": [
            {"path": "/properties/gsd", "before": 2, "after": 7},
            {"path": "/properties/note", "after": "seen"},
        ],
    }
    kitchen.build()
    assert kitchen.items()[1]["properties"]["gsd"] == 7
    assert diffs(kitchen, "item:i1") == {}


def test_what_a_build_leaves_is_counted(kitchen):
    kitchen.rows([row(0), row(1, gsd="7"), row(2)])
    document = kitchen.ask("diff")
    assert (len(document["diffs"]), document["same"], document["truncated"]) == (1, 2, False)
    document = kitchen.ask("diff", "item:i0")
    assert (document["diffs"], document["same"]) == ([], 1)


def test_a_change_that_makes_no_difference_is_none(kitchen):
    kitchen.recipe["mappings"]["plain"]["properties"]["note"]["default"] = "never taken"
    del kitchen.recipe["mappings"]["plain"]["properties"]["note"]["required"]
    kitchen.rows([row(number, note="there") for number in range(3)])
    kitchen.save()
    kitchen.build()
    kitchen.recipe["mappings"]["plain"]["properties"]["note"]["default"] = "nor this"
    kitchen.save()
    assert kitchen.ask("status")["items"]["stale"] == 3
    assert kitchen.ask("diff")["diffs"] == []


def test_all_of_a_new_item_is_new_and_all_of_a_gone_one_is_gone(kitchen):
    kitchen.rows([row(0), row(1), row(3)])
    found = diffs(kitchen)
    assert {target: one["verdict"] for target, one in found.items()} == {"item:one/i2": "gone", "item:one/i3": "new"}
    new, gone = found["item:one/i3"]["changes"], found["item:one/i2"]["changes"]
    assert {"path": "/id", "after": "i3"} in new
    assert {"path": "/id", "before": "i2"} in gone
    assert all("before" not in change for change in new)
    assert all("after" not in change for change in gone)
    assert diffs(kitchen, "item:i2").keys() == {"item:one/i2"}


def test_before_the_first_build_all_is_new(tmp_path):
    fresh = Kitchen(tmp_path / "new")
    assert {one["verdict"] for one in diffs(fresh).values()} == {"new"}
    assert not (fresh / ".stacbuild").exists()


def test_an_item_that_would_fail_says_how(kitchen):
    kitchen.rows([row(0), row(1, gsd="many"), row(2)])
    (one,) = diffs(kitchen).values()
    assert (one["verdict"], one["changes"], one["failure"]["code"]) == ("stale", [], "SB203")
    assert one["failure"]["path"] == "/properties/gsd"
    kitchen.build(exit_=1)
    assert diffs(kitchen) == {}
    (one,) = diffs(kitchen, "item:*").values()
    assert (one["verdict"], one["failure"]["code"]) == ("failed", "SB203")


def test_an_item_that_would_be_refused_says_how_and_what_it_would_be(kitchen):
    kitchen.recipe["mappings"]["plain"]["properties"]["gsd"]["scale"] = -1
    kitchen.save()
    one = diffs(kitchen, "item:i0")["item:one/i0"]
    assert one["changes"] == [{"path": "/properties/gsd", "before": 1, "after": -1}]
    assert one["failure"]["stage"] == "validate"


def test_records_that_share_an_id_would_fail(kitchen):
    kitchen.rows([row(0), row(1, id="i0"), row(2)])
    assert {one["failure"]["code"] for one in diffs(kitchen, "item:i0").values()} == {"SB293"}


def test_the_limit_cuts_and_says_so(kitchen):
    kitchen.recipe["mappings"]["plain"]["properties"]["gsd"]["scale"] = 10
    kitchen.save()
    document = kitchen.ask("diff", "--limit", "2")
    assert (len(document["diffs"]), document["truncated"]) == (2, True)
    assert "and more after these 2" in kitchen.run("diff", "--limit", "2").out
    assert not kitchen.ask("diff", "--limit", "0")["truncated"]


def test_a_lost_store_costs_the_comparison_only(kitchen):
    shutil.rmtree(kitchen / ".stacbuild/cache")
    kitchen.rows([row(0), row(1, gsd="7"), row(2)])
    one = diffs(kitchen)["item:one/i1"]
    assert one["lost"]
    assert "cannot be compared" in kitchen.run("diff", "item:i1").out
    assert not (kitchen / ".stacbuild/cache").exists()


def test_an_unreadable_file_is_said(kitchen):
    kitchen.recipe["mappings"]["plain"]["properties"]["gsd"]["scale"] = 10
    kitchen.save()
    (kitchen / "rows.csv").unlink()
    found = diffs(kitchen)
    assert {one["failure"]["code"] for one in found.values()} == {"SB493"}


@pytest.mark.parametrize("target", ["i0", "item:nope", "thing:x"])
def test_wrong_targets_are_2(kitchen, target):
    assert kitchen.ask("diff", target, exit_=2)["error"]["code"] in ("SB501", "SB502")


DIFF = DiffReport(
    "stacbuild.toml",
    [
        ItemDiff(
            "item:boreal/a",
            "stale",
            [
                {"path": "/properties/gsd", "before": 10, "after": 20},
                {"path": "/properties/n", "after": "x" * 100},
                {"path": "/properties/o", "before": None},
            ],
        ),
        ItemDiff("item:boreal/b", "new", [], {"code": "SB203", "message": "m", "path": "/id", "hint": "h"}),
    ],
    same=3,
)


def test_json_to_the_letter():
    document = json.loads(ask("diff", "--json", diff=DIFF).stdout)
    assert document == {
        **envelope("diff"),
        "recipe": "stacbuild.toml",
        "diffs": [
            {"target": "item:boreal/a", "verdict": "stale", "changes": DIFF.diffs[0].changes},
            {"target": "item:boreal/b", "verdict": "new", "changes": [], "failure": DIFF.diffs[1].failure},
        ],
        "same": 3,
        "truncated": False,
    }


def test_words():
    assert ask("diff", diff=DIFF).stdout.splitlines() == [
        "item:boreal/a: stale (3 changes)",
        "  ~ /properties/gsd: 10 -> 20",
        f'  + /properties/n: "{"x" * 76}...',
        "  - /properties/o: null",
        "item:boreal/b: new",
        "  would fail[SB203]: m at /id",
        "    = hint: h",
        "2 items would change or fail, 3 would stay as they are",
    ]
    assert "x" * 100 in ask("diff", "-v", diff=DIFF).stdout
    assert "\x1b[32m" in ask("diff", "--color", "always", diff=DIFF).stdout
    assert ask("diff", diff=DiffReport("r", [], same=1)).stdout == "no difference\n"
    assert ask("diff", diff=DiffReport("r", [])).stdout == "no difference in 0 items\n"


@pytest.mark.parametrize(
    ("argv", "limit"), [([], 20), (["--json"], None), (["--limit", "5"], 5), (["--limit", "0"], 2**63)]
)
def test_options_reach_the_engine(argv, limit):
    assert ask("diff", "item:x", *argv).fake.asked == [("diff", (("item:x",),), {"limit": limit})]


def test_an_item_that_gives_way_to_another_is_dropped(kitchen):
    kitchen.recipe["collections"]["one"]["on-duplicate"] = "first"
    kitchen.save()
    kitchen.rows([row(0), row(1), row(2, id="i1")])
    found = diffs(kitchen)
    assert {change["path"]: change for change in found["item:one/i2"]["changes"]}["/id"] == {
        "path": "/id",
        "before": "i2",
    }
    assert found["item:one/i2"]["verdict"] == "dropped"


def test_items_of_patterns_and_conditions_are_compared_as_they_are_built(tmp_path):
    rows = [row(0, note="a"), row(1, note="a"), row(2, note="b")]
    kitchen = Kitchen(tmp_path / "p", rows=rows)
    kitchen.recipe["mappings"]["plain"]["collection"] = {"from": "note"}
    kitchen.recipe["collections"] = {"*": {"from": ["rows"], "mapping": "plain"}}
    kitchen.save()
    kitchen.build()
    kitchen.recipe["collections"]["*"]["where"] = "gsd > 1"
    kitchen.save()
    found = diffs(kitchen)
    assert {target: one["verdict"] for target, one in found.items()} == {"item:a/i0": "dropped"}
    kitchen.build()
    assert diffs(kitchen) == {}


def test_what_a_patch_does_is_compared(kitchen):
    kitchen.recipe["patches"] = {"more": {"where": "gsd = 3", "set": {"properties.gsd": 30}}}
    kitchen.recipe["collections"]["one"]["patches"] = ["more"]
    kitchen.save()
    (one,) = diffs(kitchen).values()
    assert (one["target"], one["changes"]) == ("item:one/i2", [{"path": "/properties/gsd", "before": 3, "after": 30}])
    kitchen.build()
    assert diffs(kitchen) == {}
    kitchen.recipe["patches"]["more"] = {"where": "gsd = 3", "drop": True}
    kitchen.save()
    assert {target: one["verdict"] for target, one in diffs(kitchen).items()} == {"item:one/i2": "dropped"}
