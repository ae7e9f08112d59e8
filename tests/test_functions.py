"""Functions of the user's own: found without being run, isolated, in the key with all that they import."""

import json
import sys

import pytest
from kitchen import Kitchen, ran
from test_cli_fake import run

from stacbuild.failures import ItemError, RecipeError
from stacbuild.modules import find
from stacbuild.stages.functions import caller


def write(folder, **files):
    for name, text in files.items():
        path = folder / (name.replace("__", "/") + ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def call(folder, written, record=None):
    return caller(find(folder, written), "/properties/x")({} if record is None else record)


def refused(folder, written):
    with pytest.raises(RecipeError) as caught:
        find(folder, written)
    (problem,) = caught.value.problems
    assert problem.code == "SB119"
    return problem


# ---- finding and calling


@pytest.mark.parametrize("written", ["ours.py:twice", "ours:twice", "./ours.py:twice"])
def test_a_function_of_a_file_beside_the_recipe_gets_the_record(tmp_path, written):
    write(tmp_path, ours="def twice(record):\n    return record['n'] * 2\n")
    assert call(tmp_path, written, {"n": 4}) == 8


def test_a_function_of_an_installed_package_is_called(tmp_path):
    assert call(tmp_path, "json:dumps", {"a": 1}) == '{"a": 1}'
    assert call(tmp_path, "operator:not_", {}) is True


def test_modules_beside_a_function_are_imported_in_every_way(tmp_path):
    write(
        tmp_path,
        plugins__ours="import helpers\nfrom deep import inner as two\nfrom deep.inner import value\nimport deep.inner\n"
        "def f(record):\n    import late\n    return [helpers.one, two.value, value, deep.inner.value, late.three]\n",
        plugins__helpers="one = 1\n",
        plugins__late="three = 3\n",
        plugins__deep__inner="from .other import two as value\n",
        plugins__deep__other="two = 2\n",
        plugins__deep____init__="",
    )
    (tmp_path / "plugins/deep/__init__.py").touch()
    assert call(tmp_path, "plugins/ours.py:f") == [1, 2, 2, 2, 3]


def test_a_module_of_a_package_without_init_is_found(tmp_path):
    write(tmp_path, space__ours="from space.other import x\ndef f(record):\n    return x\n", space__other="x = 5\n")
    assert call(tmp_path, "space.ours:f") == 5


def test_two_recipes_may_have_modules_of_one_name(tmp_path):
    for name, value in (("a", 1), ("b", 2)):
        write(tmp_path / name, ours="import helpers\ndef f(record):\n    return helpers.x\n", helpers=f"x = {value}\n")
    calls = [caller(find(tmp_path / name, "ours.py:f"), "") for name in ("a", "b", "a")]
    assert [one({}) for one in calls] == [1, 2, 1]


def test_nothing_is_left_where_others_would_import_it(tmp_path):
    write(tmp_path, ours="import helpers_of_ours\ndef f(record):\n    return 1\n", helpers_of_ours="")
    before = list(sys.path)
    call(tmp_path, "ours.py:f")
    assert sys.path == before
    assert not {"ours", "helpers_of_ours"} & sys.modules.keys()
    assert not list(tmp_path.rglob("__pycache__"))


def test_dataclasses_and_names_of_the_module_work(tmp_path):
    text = (
        "from __future__ import annotations\nfrom dataclasses import dataclass\nimport typing\n"
        "@dataclass\nclass P:\n    x: int\n    y: typing.ClassVar[int] = 2\n"
        "def f(record):\n    return [P(1).x, __file__]\n"
    )
    write(tmp_path, ours=text)
    assert call(tmp_path, "ours.py:f") == [1, "ours.py"]


def test_finding_runs_no_code(tmp_path):
    write(tmp_path, ours="open('ran', 'w')\nraise SystemExit\ndef f(record):\n    pass\n")
    find(tmp_path, "ours.py:f")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("value", ["None", "float('nan')"])
def test_nothing_is_missing(tmp_path, value):
    write(tmp_path, ours=f"def f(record):\n    return {value}\n")
    assert call(tmp_path, "ours.py:f") is None


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return 1 / 0", "ZeroDivisionError: division by zero"),
        ("raise ValueError", "failed: ValueError"),
        ("raise ValueError('one\\ntwo')", "ValueError: one"),
        ("import nowhere_at_all", "ModuleNotFoundError"),
        ("return record['gone']", "KeyError: 'gone'"),
    ],
)
def test_what_a_function_raises_costs_the_item_and_names_the_line(tmp_path, body, said):
    write(tmp_path, ours=f"def f(record):\n    {body}\n")
    with pytest.raises(ItemError) as caught:
        call(tmp_path, "ours.py:f")
    assert (caught.value.code, caught.value.path) == ("SB217", "/properties/x")
    assert said in str(caught.value)
    assert caught.value.hint == "it was raised in ours.py:2"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("(1, 2)", [1, 2]),
        ("datetime.datetime(2024, 5, 6, 7, 8)", "2024-05-06T07:08:00Z"),
        ("datetime.date(2024, 5, 6)", "2024-05-06"),
        ("{'a': [1, True]}", {"a": [1, True]}),
    ],
)
def test_moments_and_tuples_become_what_json_has(tmp_path, value, expected):
    write(tmp_path, ours=f"import datetime\ndef f(record):\n    return {value}\n")
    assert call(tmp_path, "ours.py:f") == expected


@pytest.mark.parametrize("value", ["{1, 2}", "object()", "b'x'", "f"])
def test_what_json_cannot_say_costs_the_item(tmp_path, value):
    write(tmp_path, ours=f"def f(record):\n    return {value}\n")
    with pytest.raises(ItemError, match="which JSON cannot say") as caught:
        call(tmp_path, "ours.py:f")
    assert caught.value.code == "SB217"


@pytest.mark.parametrize(
    ("value", "words"),
    [("{'a': [b'x']}", "bytes is no JSON value"), ("{'a': float('inf')}", "inf is not"), ("{'a': g}", "nested more")],
)
def test_what_json_cannot_say_within_a_value_costs_the_item_too(tmp_path, value, words):
    write(tmp_path, ours=f"g = []\ng += [g, g]\ndef f(record):\n    return {value}\n")
    with pytest.raises(ItemError, match=words) as caught:
        call(tmp_path, "ours.py:f")
    assert caught.value.code == "SB217"


def test_a_module_that_cannot_be_loaded_is_run_once_and_fails_every_record(tmp_path):
    write(tmp_path, ours="open(__file__ + '.log', 'a').write('x')\nraise ImportError('no')\ndef f(record): ...\n")
    text = (tmp_path / "ours.py").read_text().replace("__file__", repr(str(tmp_path / "run")))
    write(tmp_path, ours=text)
    ours = caller(find(tmp_path, "ours.py:f"), "")
    for _ in range(3):
        with pytest.raises(ItemError, match="ImportError: no"):
            ours({})
    assert (tmp_path / "run.log").read_text() == "x"


# ---- what is not there


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("none.py:f", "there is no file none.py"),
        ("ours.py:g", "ours.py has no function or class 'g'"),
        ("broken.py:f", "broken.py:1 is not Python"),
        ("imports_broken.py:f", "broken.py:1 is not Python"),
        ("no_such_package_here:f", "there is no module 'no_such_package_here'"),
        ("json.none:f", "package 'json' has no module 'json.none'"),
        ("json:none", "json has no function or class 'none'"),
    ],
)
def test_what_is_not_there_is_said(tmp_path, written, said):
    write(tmp_path, ours="def f(record):\n    return 1\n", broken="def f(:\n", imports_broken="import broken\nf = 1\n")
    assert said in refused(tmp_path, written).message


def test_the_functions_that_there_are_are_listed(tmp_path):
    write(tmp_path, ours="def first(r): ...\ndef second(r): ...\n")
    assert refused(tmp_path, "ours.py:f").hint == "there is: `first` and `second`"
    assert refused(tmp_path, "ours.py:secnod").hint == "did you mean `second`?"


# ---- digests


def test_digest_is_of_the_code_and_what_it_imports_beside_the_recipe(tmp_path):
    files = {
        "ours": "import helpers\ndef f(record): ...\ndef g(record): ...\n",
        "helpers": "x = 1\n",
        "unused": "y = 1\n",
    }
    write(tmp_path, **files)
    first = find(tmp_path, "ours.py:f").digest
    write(tmp_path, unused="y = 2\n")
    assert find(tmp_path, "ours.py:f").digest == first
    assert find(tmp_path, "ours.py:g").digest != first
    write(tmp_path, helpers="x = 2\n")
    assert find(tmp_path, "ours.py:f").digest != first
    write(tmp_path, helpers="x = 1\n")
    assert find(tmp_path, "ours.py:f").digest == first


def test_digest_of_an_installed_package_is_of_its_modules(tmp_path, monkeypatch):
    write(tmp_path / "site", pack__inner="def f(record): ...\n", pack__other="x = 1\n")
    (tmp_path / "site/pack/__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path / "site")
    (tmp_path / "recipe").mkdir()
    first = find(tmp_path / "recipe", "pack.inner:f").digest
    write(tmp_path / "site", pack__other="x = 2\n")
    assert find(tmp_path / "recipe", "pack.inner:f").digest != first


def test_functions_of_one_name_in_two_modules_of_a_package_are_two(tmp_path, monkeypatch):
    write(tmp_path / "site", pack__one="def f(record): ...\n", pack__two="def f(record): ...\n")
    (tmp_path / "site/pack/__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path / "site")
    (tmp_path / "recipe").mkdir()
    digests = {find(tmp_path / "recipe", f"pack.{module}:f").digest for module in ("one", "two")}
    assert len(digests) == 2


def test_functions_of_one_name_in_modules_that_import_each_other_are_two(tmp_path):
    write(tmp_path, one="import two\ndef f(record): ...\n", two="import one\ndef f(record): ...\n")
    assert find(tmp_path, "one:f").digest != find(tmp_path, "two:f").digest


# ---- in a build


@pytest.fixture
def kitchen(tmp_path):
    kitchen = Kitchen(tmp_path / "k")
    kitchen.recipe["mappings"]["plain"]["properties"]["note"] = {"function": "plugins/ours.py:note", "as": "string"}
    kitchen.save()
    kitchen.write("plugins/ours.py", "from helpers import sign\ndef note(record):\n    return record['id'] + sign\n")
    kitchen.write("plugins/helpers.py", "sign = '!'\n")
    return kitchen


def notes(kitchen):
    return [item["properties"]["note"] for item in kitchen.items()]


@pytest.mark.parametrize("executor", ["serial", "processes"])
def test_items_take_what_the_function_gives(kitchen, executor):
    kitchen.recipe["build"] = {"executor": executor, "jobs": 2}
    kitchen.save()
    kitchen.build()
    assert notes(kitchen) == ["i0!", "i1!", "i2!"]


def test_a_changed_file_of_a_function_runs_transform_again_in_the_same_process_too(kitchen):
    kitchen.build()
    kitchen.write("plugins/helpers.py", "sign = '?'\n")
    stale = kitchen.ask("status")["stale"]
    assert {r["code"] for t in stale if t["target"].startswith("item:") for r in t["reasons"]} == {"plugin-changed"}
    assert ran(kitchen.build()) == {"transform": 3, "validate": 3, "write": 3}
    assert notes(kitchen) == ["i0?", "i1?", "i2?"]


def test_a_comment_in_a_function_stops_after_transform(kitchen):
    kitchen.build()
    kitchen.write("plugins/helpers.py", "sign = '!'  # loud\n")
    assert ran(kitchen.build()) == {"transform": 3}


def test_a_record_that_a_function_raises_for_fails_alone(kitchen):
    kitchen.write("plugins/ours.py", "def note(record):\n    return {'i0': 'a', 'i1': 'b'}[record['id']]\n")
    kitchen.build(exit_=1)
    (failure,) = kitchen.failures()
    assert (failure["code"], failure["hint"]) == ("SB217", "it was raised in plugins/ours.py:2")
    assert notes(kitchen) == ["a", "b"]


def test_a_function_that_is_not_there_ends_the_command_and_names_the_line(kitchen):
    kitchen.write("plugins/ours.py", "def other(record): ...\n")
    done = kitchen.run("build")
    assert done.exit == 2
    assert "SB119" in done.err
    assert "stacbuild.toml:" in done.err
    assert kitchen.run("check", "--quick").exit == 2


def test_secrets_in_what_a_function_says_are_hidden(kitchen):
    kitchen.recipe["catalog"]["description"] = "${MY_TOKEN}"
    kitchen.save()
    kitchen.write("plugins/ours.py", "def note(record):\n    raise ValueError('s3cr3t-value')\n")
    kitchen.build(exit_=1, env={"MY_TOKEN": "s3cr3t-value"})
    assert "s3cr3t" not in (kitchen / ".stacbuild/failures.ndjson").read_text()


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_what_a_function_prints_is_not_on_stdout(tmp_path, jobs):
    kitchen = Kitchen(tmp_path / "here", rows=1000)
    kitchen.recipe["mappings"]["plain"]["properties"]["said"] = {"function": "ours.py:say"}
    kitchen.recipe["build"] = {"executor": "processes"}
    kitchen.save()
    write(kitchen.folder, ours="def say(record):\n    print('hello')\n    return 1\n")
    done = run("build", "--json", "-j", jobs, cwd=kitchen.folder)
    assert json.loads(done.stdout)["items"]["total"] == 1000
    assert "hello" in done.stderr
