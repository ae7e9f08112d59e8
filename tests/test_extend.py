"""Extensions: applied in order, by configuration and code; plug-ins that misbehave cost the item; files they read."""

import os
import shutil

import pytest
from kitchen import Kitchen, ran, row

from stacbuild.reading import Reader

OURS = """
class Ours:
    name = "ours"
    schema = "https://example.com/ours/v1.0.0/schema.json"

    def apply(self, item, config, ctx):
        item["properties"]["ours:level"] = config["level"]
        return item
"""
READS = """
class Reads:
    name = "reads"

    def apply(self, item, config, ctx):
        href = "notes/" + item["id"] + ".txt"
        if ctx.exists(href):
            with ctx.open(href) as stream:
                item["properties"]["read"] = stream.read().decode()
        return item
"""


def extended(folder, rows=2, order=("ours",), **tables):
    """Return a kitchen with a plug-in in a file, and the given extensions."""
    kitchen = Kitchen(folder, rows)
    kitchen.write("plugins/ours.py", OURS)
    kitchen.recipe["extensions"] = {"ours": {"use": "plugins/ours.py:Ours", "level": 3}, **tables}
    kitchen.recipe["collections"]["one"]["extensions"] = list(order)
    kitchen.save()
    return kitchen


def plug_in(folder, body, rows=2):
    """Return a kitchen whose one extension has this body of `apply`."""
    kitchen = extended(folder, rows)
    lines = "\n".join(f"        {line}" for line in body.splitlines())
    kitchen.write(
        "plugins/ours.py", f"class Ours:\n    name = 'ours'\n    def apply(self, item, config, ctx):\n{lines}\n"
    )
    return kitchen


def test_a_plug_in_beside_the_recipe_is_applied_and_its_schema_declared(tmp_path):
    kitchen = extended(tmp_path)
    report = kitchen.build()
    assert report["stages"]["extend"] == {"ran": 2, "reused": 0, "failed": 0}
    assert kitchen.items()[0]["properties"]["ours:level"] == 3
    assert kitchen.items()[0]["stac_extensions"] == ["https://example.com/ours/v1.0.0/schema.json"]
    again = kitchen.build()
    assert (ran(again), again["stages"]["extend"]["reused"]) == ({}, 2)


def test_a_changed_configuration_maps_nothing_and_undoing_it_runs_nothing(tmp_path):
    kitchen = extended(tmp_path)
    kitchen.build()
    kitchen.recipe["extensions"]["ours"]["level"] = 4
    kitchen.save()
    (reason,) = kitchen.ask("status")["stale"][0]["reasons"]
    assert (reason["code"], reason["what"]) == ("extension-changed", "extensions.ours.level")
    assert (reason["before"], reason["after"]) == (3, 4)
    assert ran(kitchen.build()) == {"extend": 2, "validate": 2, "write": 2}
    kitchen.recipe["extensions"]["ours"]["level"] = 3
    kitchen.save()
    assert ran(kitchen.build()) == {"write": 2}


def test_changed_code_is_a_reason_and_stops_where_items_come_out_the_same(tmp_path):
    kitchen = extended(tmp_path)
    kitchen.build()
    kitchen.write("plugins/ours.py", OURS + "\n# another line\n")
    assert kitchen.ask("status")["stale"][0]["reasons"][0]["code"] == "plugin-changed"
    assert ran(kitchen.build()) == {"extend": 2}


def test_extensions_are_applied_in_the_order_of_the_collection(tmp_path):
    fields = {"use": "fields", "properties": {"ours:level": "{gsd}"}}
    kitchen = extended(tmp_path, order=["ours", "fields"], fields=fields)
    kitchen.build()
    assert kitchen.items()[0]["properties"]["ours:level"] == "1"
    kitchen.recipe["collections"]["one"]["extensions"] = ["fields", "ours"]
    kitchen.save()
    assert ran(kitchen.build())["extend"] == 2
    assert kitchen.items()[0]["properties"]["ours:level"] == 3


def test_taking_the_extensions_away_gives_the_items_without_them(tmp_path):
    kitchen = extended(tmp_path)
    kitchen.build()
    del kitchen.recipe["collections"]["one"]["extensions"]
    kitchen.save()
    assert ran(kitchen.build()) == {"validate": 2, "write": 2}
    assert "ours:level" not in kitchen.items()[0]["properties"]


def test_an_extension_that_fails_on_one_item_costs_that_item(tmp_path):
    kitchen = plug_in(tmp_path, "if item['id'] == 'i1':\n    raise ValueError('no i1')\nreturn item")
    kitchen.build(exit_=1)
    (failure,) = kitchen.failures()
    assert (failure["stage"], failure["error_type"], failure["code"]) == ("extend", "extension_error", "SB230")
    assert "ValueError: no i1" in failure["message"]
    assert kitchen.ids() == ["i0"]


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        ("return None", "SB232", "NoneType"),
        ("return [item]", "SB232", "list"),
        ("return {**item, 'id': 'other'}", "SB232", "id or type"),
        ("return {**item, 'properties': 3}", "SB232", "'properties' that is not an object"),
        ("return {**item, 'x': float('nan')}", "SB232", "not JSON"),
        ("return {**item, 'x': object()}", "SB232", "not JSON"),
        ("import sys; sys.exit(3)", "SB230", "SystemExit"),
        ("return ctx.open('nowhere.txt')", "SB233", "nowhere.txt"),
        ("return ctx.open('https://example.com/a')", "SB233", "not a file of this machine"),
        ("raise RecursionError", "SB230", "RecursionError"),
    ],
)
def test_a_plug_in_that_misbehaves_is_said_with_its_own_words(tmp_path, body, code, words):
    kitchen = plug_in(tmp_path, body, rows=1)
    kitchen.build(exit_=1)
    (failure,) = kitchen.failures()
    assert failure["code"] == code
    assert words in failure["message"]


@pytest.mark.parametrize("text", ["class Ours: pass", "Ours = 3", "raise ValueError('on import')\nclass Ours: pass"])
def test_a_plug_in_that_cannot_be_used_fails_the_items_with_the_reason(tmp_path, text):
    kitchen = extended(tmp_path, rows=1)
    kitchen.write("plugins/ours.py", text)
    kitchen.build(exit_=1)
    assert kitchen.failures()[0]["code"] == "SB231"


def test_a_plug_in_that_is_not_there_is_an_error_of_the_recipe_at_its_line(tmp_path):
    kitchen = extended(tmp_path, nowhere={"use": "plugins/nowhere.py:X"})
    error = kitchen.ask("build", exit_=2)["error"]
    assert (error["code"], "nowhere.py" in error["message"]) == ("SB119", True)
    kitchen = extended(tmp_path / "b", unknown={"use": "who-knows"})
    error = kitchen.ask("check", exit_=2)
    assert "who-knows" in str(error)


def test_what_a_plug_in_does_to_its_copy_stays_with_it(tmp_path):
    kitchen = plug_in(tmp_path, "item['properties']['spoilt'] = 1\nraise ValueError")
    kitchen.build(exit_=1)
    kitchen = plug_in(
        tmp_path / "b", "kept = dict(item, properties=dict(item['properties']))\nitem.clear()\nreturn kept"
    )
    assert kitchen.build()["items"]["total"] == 2


def test_what_a_plug_in_does_to_its_configuration_stays_with_the_item(tmp_path):
    body = "config['level'] += 1\nitem['properties']['level'] = config['level']\nreturn item"
    kitchen = plug_in(tmp_path, body, rows=3)
    kitchen.build()
    assert [item["properties"]["level"] for item in kitchen.items()] == [4, 4, 4]


def test_a_pipe_is_no_file_and_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="not a regular file"):
        Reader(tmp_path).open("pipe")


def test_a_plug_in_may_ask_for_pystac(tmp_path):
    kitchen = extended(tmp_path)
    kitchen.write(
        "plugins/ours.py",
        "class Ours:\n    name = 'ours'\n    wants = 'pystac'\n"
        "    def apply(self, item, config, ctx):\n"
        "        item.properties['n'] = len(item.assets)\n        return item\n",
    )
    kitchen.build()
    assert kitchen.items()[0]["properties"]["n"] == 1
    assert [link["rel"] for link in kitchen.items()[0]["links"]] == ["collection"]


# --- files


def reading(folder):
    kitchen = Kitchen(folder, 3)
    kitchen.write("plugins/reads.py", READS)
    kitchen.write("notes/i0.txt", "first")
    kitchen.recipe["extensions"] = {"reads": {"use": "plugins/reads.py:Reads"}}
    kitchen.recipe["collections"]["one"]["extensions"] = ["reads"]
    kitchen.save()
    kitchen.build()
    return kitchen


def test_a_file_that_an_item_was_made_from_makes_it_stale(tmp_path):
    kitchen = reading(tmp_path)
    assert kitchen.items()[0]["properties"]["read"] == "first"
    assert ran(kitchen.build()) == {}
    kitchen.write("notes/i0.txt", "second")
    (stale,) = [one for one in kitchen.ask("status")["stale"] if one["target"].startswith("item:")]
    assert (stale["target"], stale["reasons"][0]["code"]) == ("item:one/i0", "source-changed")
    assert stale["reasons"][0]["what"] == "notes/i0.txt"
    assert ran(kitchen.build()) == {"extend": 1, "validate": 1, "write": 1}
    assert kitchen.items()[0]["properties"]["read"] == "second"


def test_a_file_that_was_touched_only_costs_nothing_and_undoing_a_change_neither(tmp_path):
    kitchen = reading(tmp_path)
    os.utime(kitchen / "notes/i0.txt", (1, 1))
    assert ran(kitchen.build()) == {}
    kitchen.write("notes/i0.txt", "second")
    kitchen.build()
    kitchen.write("notes/i0.txt", "first")
    assert ran(kitchen.build()) == {"write": 1}


def test_a_file_that_comes_or_goes_is_seen_too(tmp_path):
    kitchen = reading(tmp_path)
    kitchen.write("notes/i1.txt", "new")
    assert ran(kitchen.build()) == {"extend": 1, "validate": 1, "write": 1}
    (kitchen / "notes/i0.txt").unlink()
    kitchen.build()
    assert "read" not in kitchen.items()[0]["properties"]
    assert kitchen.ask("status")["fresh"]


def test_with_the_memory_lost_files_are_compared_with_what_the_store_was_made_from(tmp_path):
    kitchen = reading(tmp_path)
    kitchen.run("clean", "--all")
    assert ran(kitchen.build()).keys() <= {"fetch", "transform", "extend", "validate", "write"}
    shutil.rmtree(kitchen / ".stacbuild/memory")
    assert ran(kitchen.build()) == {}
    shutil.rmtree(kitchen / ".stacbuild/memory")
    kitchen.write("notes/i0.txt", "third")
    assert ran(kitchen.build()) == {"extend": 1, "validate": 1, "write": 3}


def test_a_file_changed_while_another_target_is_built_stays_stale(tmp_path):
    kitchen = reading(tmp_path)
    kitchen.write("notes/i0.txt", "second")
    kitchen.rows([row(0), row(1, gsd="7"), row(2)])
    kitchen.build("item:i1")
    assert kitchen.items()[0]["properties"]["read"] == "first"
    assert not kitchen.ask("status")["fresh"]
    kitchen.build()
    assert kitchen.items()[0]["properties"]["read"] == "second"
