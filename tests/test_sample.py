"""`verify --sample`: items made again elsewhere come out the same bytes, and else it is shown where."""

import os
import pickle
import shutil
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest
from kitchen import Kitchen, row

import stacbuild
from stacbuild import aside
from stacbuild.failures import Exit
from stacbuild.outputs import stac_json

ROOT = Path(__file__).parents[1]
RECIPES = sorted(path.parent for top in ("examples", "recipes") for path in (ROOT / top).glob("*/stacbuild.toml"))
PURE = "def value(record):\n    return record['id'] + '!'\n"


def a_kitchen(folder, code=PURE, rows=12, **tables):
    """Return a folder whose items have a property that `code` makes."""
    kitchen = Kitchen(folder, rows=rows, **tables)
    kitchen.write("ours.py", code)
    kitchen.recipe["mappings"]["plain"]["properties"]["made"] = {"function": "ours.py:value"}
    kitchen.save()
    return kitchen


@pytest.fixture
def kitchen(tmp_path):
    kitchen = a_kitchen(tmp_path / "here")
    kitchen.build()
    return kitchen


def sample(kitchen, size="100%", *argv, exit_=0, env=None):
    done = kitchen.ask("verify", "--sample", size, *argv, env=env)
    assert done["exit"] == exit_, done["sample"]["wrong"][:3]
    assert (done["locked"], done["outputs"], done["store"]) == (None, None, None)
    return done["sample"]


def state(kitchen):
    return kitchen.tree("dist", ".stacbuild/memory")


def test_what_is_pure_comes_out_the_same_and_nothing_is_written(kitchen):
    before = state(kitchen)
    part = sample(kitchen)
    assert (part["total"], part["items"], part["files"]) == (12, 12, 15)
    assert (part["wrong"], part["skipped"], part["asked"]) == ([], {}, "100%")
    assert state(kitchen) == before
    assert "12 of 12 items made again, and 15 files: the same bytes" in kitchen.run("verify", "--sample", "12").out


@pytest.mark.parametrize(
    ("size", "number"), [("1", 1), ("5", 5), ("1%", 1), ("25%", 3), ("30%", 4), ("0", 0), ("99", 12)]
)
def test_size_is_a_number_or_a_share(kitchen, size, number):
    part = sample(kitchen, size)
    assert (part["items"], part["total"]) == (number, 12)
    assert part["files"] == (number + 3 if number else 0)


def test_seed_gives_the_same_sample_and_other_seeds_others(tmp_path):
    kitchen = a_kitchen(tmp_path / "here", rows=60)
    kitchen.build()
    for path in (kitchen / "dist/site/one").rglob("i*.json"):
        path.write_text("{}")

    def taken(*argv):
        wrong = sample(kitchen, "5", *argv, exit_=4)
        return wrong["seed"], {one["path"] for one in wrong["wrong"] if "/i" in one["path"]}

    assert taken("--seed", "7") == taken("--seed", "7")
    assert len({frozenset(taken("--seed", str(number))[1]) for number in range(4)}) == 4
    seed, paths = taken()
    assert len(paths) == 5
    assert taken("--seed", str(seed)) == (seed, paths)


IMPURE = {
    "chance": "import random\ndef value(record):\n    return random.random()\n",
    "clock": "import time\ndef value(record):\n    return time.time_ns()\n",
    "local time": "import time\ndef value(record):\n    return time.strftime('%z %Z')\n",
    "order of a set": "def value(record):\n    return list({record['id'] + str(n) for n in range(20)})\n",
    "hash": "def value(record):\n    return hash(record['id'])\n",
    "address": "def value(record):\n    return id(object())\n",
    "environment": "import os\ndef value(record):\n    return os.environ.get('LC_ALL', '')\n",
    "current folder": "import os\ndef value(record):\n    return os.getcwd()\n",
    "what came before": "seen = []\ndef value(record):\n    seen.append(1)\n    return len(seen)\n",
}


@pytest.mark.parametrize("name", IMPURE)
def test_what_is_impure_is_caught(tmp_path, name):
    kitchen = a_kitchen(tmp_path / "here", IMPURE[name], rows=30)
    kitchen.build()
    part = sample(kitchen, exit_=4)
    wrong = {one["target"]: one for one in part["wrong"]}
    assert len(wrong) >= 25
    assert all(one["what"] == "differs" for one in wrong.values())
    one = next(iter(wrong.values()))
    assert one["differences"][0]["path"].startswith("/properties/made")
    assert "before" in one["differences"][0]
    assert "after" in one["differences"][0]


def test_differences_are_shown_as_pointers(tmp_path):
    kitchen = a_kitchen(tmp_path / "here", IMPURE["local time"], rows=1)
    kitchen.build(env={"TZ": "UTC"})
    out = kitchen.run("verify", "--sample", "1").out
    assert '    item:one/i0: it comes out otherwise\n      /properties/made: "' in out
    assert "no clock, no chance, no order of a set" in out


def test_network_is_off(tmp_path):
    code = (
        "import socket\n"
        "def value(record):\n"
        "    try:\n"
        "        socket.create_connection(('127.0.0.1', 9), timeout=2)\n"
        "    except OSError as error:\n"
        "        return error.errno\n"
    )
    kitchen = a_kitchen(tmp_path / "here", code, rows=2)
    kitchen.build()
    part = sample(kitchen, exit_=4)
    assert {one["differences"][0]["after"] for one in part["wrong"]} == {101}


def test_items_fail_as_they_failed(tmp_path):
    kitchen = a_kitchen(tmp_path / "here", rows=[row(1), row(2, gsd="many"), row(3, lon="x"), row(4)])
    kitchen.build(exit_=1)
    part = sample(kitchen)
    assert (part["total"], part["items"], part["wrong"]) == (4, 4, [])


def test_item_that_fails_otherwise_is_told(tmp_path):
    code = "import time\ndef value(record):\n    raise ValueError(time.strftime('%z'))\n"
    kitchen = a_kitchen(tmp_path / "here", code, rows=2)
    kitchen.build(exit_=1)
    wrong = sample(kitchen, exit_=4)["wrong"]
    assert {one["what"] for one in wrong} == {"fails-otherwise"}
    assert "it fails otherwise: SB217" in wrong[0]["message"]


def test_item_that_fails_only_sometimes_is_told(tmp_path):
    code = "import os\ndef value(record):\n    return 1 if os.getcwd() != '/' else 1 / 0\n"
    kitchen = a_kitchen(tmp_path / "here", code, rows=2)
    kitchen.build()
    wrong = sample(kitchen, exit_=4)["wrong"]
    assert "it fails now: SB217" in wrong[0]["message"]


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: path.name)
def test_ready_recipes_are_as_promised_and_come_out_the_same(tmp_path, recipe):
    folder = shutil.copytree(recipe, tmp_path / "copy", ignore=shutil.ignore_patterns(".stacbuild", "dist"))
    project = stacbuild.open("stacbuild.toml", directory=folder, environ={})
    project.lock()
    project.build(locked=True)
    report = project.verify(locked=True, outputs=True, sample="100%", seed=1)
    assert (report.locked.moved, report.outputs.wrong, report.store.wrong, report.sample.wrong) == ([], [], [], [])
    assert report.sample.items == report.sample.total > 0
    assert report.sample.files == report.outputs.files


# --- what cannot be compared


def test_items_that_moved_since_are_left_out_and_said(kitchen):
    kitchen.rows([row(number, note="new" if number < 3 else "") for number in (*range(10), 20)])
    part = sample(kitchen)
    assert (part["total"], part["items"]) == (7, 7)
    assert sorted(part["skipped"].values()) == [1, 2, 3]
    assert any("changed since they were built" in why for why in part["skipped"])
    assert any("not in the source any more" in why for why in part["skipped"])
    assert part["wrong"] == []


def test_after_a_change_of_the_recipe_nothing_is_compared(kitchen):
    kitchen.recipe["mappings"]["plain"]["properties"]["gsd"]["scale"] = 3
    kitchen.save()
    part = sample(kitchen)
    assert (part["total"], part["items"], part["files"]) == (0, 0, 0)
    assert list(part["skipped"].values()) == [12]


def test_source_that_cannot_be_read_is_left_out(kitchen):
    (kitchen / "rows.csv").write_bytes(b"")
    part = sample(kitchen)
    assert (part["items"], list(part["skipped"].values())) == (0, [12])


def test_output_that_is_not_up_to_date_is_left_out(kitchen):
    kitchen.recipe["outputs"]["site"]["indent"] = 0
    kitchen.save()
    part = sample(kitchen)
    assert (part["items"], part["files"], part["wrong"]) == (12, 1, [])
    assert [why for why in part["skipped"] if "output 'site'" in why]


def test_records_that_share_an_id_are_left_out(tmp_path):
    kitchen = a_kitchen(tmp_path / "here", rows=[row(1), row(2, id="i1"), row(3)])
    kitchen.build(exit_=1)
    part = sample(kitchen)
    assert (part["items"], part["skipped"]) == (1, {"they share their ids": 2})


@pytest.mark.parametrize("lost", [False, True])
def test_without_a_memory_there_is_nothing_to_compare_with(tmp_path, lost):
    kitchen = a_kitchen(tmp_path / "here")
    if lost:
        kitchen.build()
        shutil.rmtree(kitchen / ".stacbuild/memory")
    assert [one["what"] for one in sample(kitchen, exit_=4)["wrong"]] == ["unbuilt"]
    assert "nothing was built" in kitchen.run("verify", "--sample", "1").out


# --- outputs and store


def test_edited_file_of_a_sampled_item_is_found(kitchen):
    path = kitchen / "dist/site/one/i3/i3.json"
    path.write_text(path.read_text().replace("i3!", "i3?"))
    (wrong,) = sample(kitchen, exit_=4)["wrong"]
    assert (wrong["path"], wrong["what"]) == ("dist/site/one/i3/i3.json", "edited")


def test_store_is_not_asked_what_an_item_is(kitchen):
    shutil.rmtree(kitchen / ".stacbuild/cache")
    part = sample(kitchen)
    assert (part["items"], part["files"], part["wrong"]) == (12, 15, [])
    assert not (kitchen / ".stacbuild/cache").exists()


def test_files_with_other_items_need_the_store(kitchen):
    shutil.rmtree(kitchen / ".stacbuild/cache")
    wrong = sample(kitchen, "6", exit_=4)["wrong"]
    assert [(one["path"], one["what"]) for one in wrong] == [("dist/one.ndjson", "unknown")]


def test_output_that_is_written_otherwise_elsewhere_is_told_with_its_place(kitchen, monkeypatch):
    good = stac_json.StacJson.content

    def other(self, view, wanted):
        if wanted.path.endswith("i3.json"):
            yield b"".join(good(self, view, wanted)).replace(b'"i3!"', b'"i3?"')
        else:
            yield from good(self, view, wanted)

    monkeypatch.setattr(stac_json.StacJson, "content", other)
    monkeypatch.setattr(aside.subprocess, "run", in_this_process)
    (wrong,) = sample(kitchen, exit_=4)["wrong"]
    assert (wrong["path"], wrong["what"]) == ("dist/site/one/i3/i3.json", "differs")
    assert wrong["differences"] == [{"path": "/properties/made", "before": "i3!", "after": "i3?"}]


def in_this_process(argv, *, input, stdout, env, cwd, check):  # noqa: A002
    recipe, asked = pickle.loads(input)
    return SimpleNamespace(returncode=0, stdout=msgspec.json.encode(aside._told(recipe, asked)))


# --- the process


def test_process_that_dies_is_told(tmp_path):
    code = "import os\ndef value(record):\n    if os.getcwd() == '/':\n        os._exit(3)\n    return 1\n"
    kitchen = a_kitchen(tmp_path / "here", code, rows=2)
    kitchen.build()
    error = kitchen.ask("verify", "--sample", "1", exit_=6)["error"]
    assert error["code"] == "SB524"


def test_what_a_function_prints_does_not_get_into_the_report(tmp_path):
    kitchen = a_kitchen(tmp_path / "here", "def value(record):\n    print('{')\n    return 1\n", rows=2)
    kitchen.build()
    assert sample(kitchen)["wrong"] == []


def test_environment_is_unlike_ours(monkeypatch):
    monkeypatch.setenv("PYTHONHASHSEED", "5")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    other = aside._unlike(5)
    assert other["PYTHONHASHSEED"] == "6"
    assert other["LC_ALL"] == "tr_TR.UTF-8"
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    assert aside._unlike(5)["LC_ALL"] == "C"
    assert os.environ.get("TZ") != aside._unlike(5)["TZ"]


def test_secret_is_the_same_there_and_in_no_report(tmp_path):
    kitchen = a_kitchen(tmp_path / "here", rows=2)
    kitchen.recipe["sources"]["rows"]["missing"] = ["${API_TOKEN}"]
    kitchen.recipe["mappings"]["plain"]["properties"]["gsd"] = {"from": "gsd", "as": "boolean"}
    kitchen.save()
    env = {"API_TOKEN": "hunter2-hunter2"}
    kitchen.build(exit_=1, env=env)
    assert "hunter2" not in str(sample(kitchen, env=env))


def test_seed_without_a_sample_is_wrong_usage(kitchen):
    assert kitchen.run("verify", "--seed", "3").exit == Exit.USAGE
    assert kitchen.run("verify", "--sample", "many").exit == Exit.USAGE


PLUGIN = """
class Ours:
    name = "ours"
    def apply(self, item, config, ctx):
        item["properties"]["ours"] = {}
        return item
"""


@pytest.mark.parametrize(
    ("made", "pure"), [("config['word']", True), ("sorted({'a', 'b'})", True), ("id(ctx)", False), ("hash('a')", False)]
)
def test_plug_in_that_is_impure_is_caught(tmp_path, made, pure):
    kitchen = a_kitchen(tmp_path / "here", rows=8)
    kitchen.write("plugins/ours.py", PLUGIN.format(made))
    kitchen.recipe["extensions"] = {"ours": {"use": "plugins/ours.py:Ours", "word": "x"}}
    kitchen.recipe["collections"]["one"]["extensions"] = ["ours"]
    kitchen.save()
    kitchen.ask("lock", exit_=0)
    kitchen.build("--locked")
    wrong = sample(kitchen, exit_=0 if pure else 4)["wrong"]
    assert {one["differences"][0]["path"] for one in wrong} == (set() if pure else {"/properties/ours"})
    kitchen.write("plugins/ours.py", PLUGIN.format("'another'"))
    moved = kitchen.ask("verify", "--locked", exit_=3)["locked"]["moved"]
    assert [(one["code"], one["what"].split(".")[0]) for one in moved] == [("plugin-changed", "extensions")]
