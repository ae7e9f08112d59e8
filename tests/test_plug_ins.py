"""Where plug-ins come from, what their table may say, and those that read what nobody was told of."""

import importlib
from pathlib import Path

import pytest
from kitchen import Kitchen, ran

from stacbuild.extensions.base import Extension
from stacbuild.extensions.registry import _BUILT_IN

BODY = """
class Ours:
    name = "ours"
    schema = None

    def apply(self, item, config, ctx):
        item["properties"]["ours"] = {value!r}
        return item
"""
TYPED = """
import msgspec

class Config(msgspec.Struct, forbid_unknown_fields=True):
    level: int
    words: list[str] = []

class Ours:
    name = "ours"
    Config = Config

    def apply(self, item, config, ctx):
        item["properties"]["ours"] = [config.level, config.words]
        return item
"""
SECRETLY = """
from pathlib import Path

class Ours:
    name = "ours"

    def apply(self, item, config, ctx):
        item["properties"]["ours"] = Path(config["file"]).read_text()
        return item
"""


def kitchen_with(folder, use, rows=2, **config):
    kitchen = Kitchen(folder, rows)
    kitchen.recipe["extensions"] = {"ours": {"use": use, **config}}
    kitchen.recipe["collections"]["one"]["extensions"] = ["ours"]
    kitchen.save()
    return kitchen


def values(kitchen):
    return [item["properties"]["ours"] for item in kitchen.items()]


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Return what installs a package with one entry point of our group: by its module's code."""
    site = tmp_path / "site"

    def install(code):
        info = site / "tides_of_ours-1.2.dist-info"
        info.mkdir(parents=True, exist_ok=True)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tides-of-ours\nVersion: 1.2\n")
        (info / "entry_points.txt").write_text("[stacbuild.extensions]\ntides = tides_of_ours:Ours\n")
        (site / "tides_of_ours.py").write_text(code)

    monkeypatch.syspath_prepend(str(site))
    yield install
    import sys  # noqa: PLC0415

    sys.modules.pop("tides_of_ours", None)


def test_an_installed_package_offers_an_extension_by_its_entry_point(tmp_path, installed):
    installed(BODY.format(value="installed"))
    kitchen = kitchen_with(tmp_path / "k", "tides")
    kitchen.build()
    assert values(kitchen) == ["installed"] * 2
    assert ran(kitchen.build()) == {}


def test_another_code_of_an_installed_package_makes_its_items_stale(tmp_path, installed):
    installed(BODY.format(value="installed"))
    kitchen = kitchen_with(tmp_path / "k", "tides_of_ours:Ours")
    kitchen.build()
    installed(BODY.format(value="otherwise"))
    assert kitchen.ask("status")["stale"][0]["reasons"][0]["code"] == "plugin-changed"


def test_a_word_that_nobody_offers_is_told_with_those_that_are_offered(tmp_path, installed):
    installed(BODY.format(value="x"))
    error = kitchen_with(tmp_path / "k", "no-tides").ask("build", exit_=2)["error"]
    assert "no-tides" in error["message"]
    assert "tides" in str(error["hint"])


def test_an_extension_of_the_users_own_stands_in_the_configuration_folder(tmp_path, monkeypatch):
    home = tmp_path / "config"
    (home / "stacbuild/extensions").mkdir(parents=True)
    (home / "stacbuild/extensions/mine.py").write_text(BODY.format(value="mine") + "\nextension = Ours\n")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home))
    kitchen = kitchen_with(tmp_path / "k", "mine")
    kitchen.build()
    assert values(kitchen) == ["mine"] * 2
    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert "mine" in kitchen.ask("build", exit_=2)["error"]["message"]
    (tmp_path / "home").mkdir()
    home.rename(tmp_path / "home/.config")
    assert ran(kitchen.build()) == {}


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Return the user's own folder of extensions."""
    folder = tmp_path / "config/stacbuild/extensions"
    folder.mkdir(parents=True)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return folder


@pytest.mark.parametrize("use", ["mine", "mine:Ours", "mine.py:Ours"])
def test_one_class_in_a_file_of_the_users_own_is_the_extension(tmp_path, own, use):
    (own / "mine.py").write_text("import words\n" + BODY.format(value="mine") + "\nclass Other: ...\n")
    (own / "words.py").write_text("")
    kitchen = kitchen_with(tmp_path / "k", use)
    kitchen.build()
    assert values(kitchen) == ["mine"] * 2
    (own / "words.py").write_text("x = 1")
    assert ran(kitchen.build())["extend"] == 2
    kitchen.write("mine.py", BODY.format(value="beside"))
    kitchen.build()
    assert values(kitchen) == ["mine" if use == "mine" else "beside"] * 2


def test_a_file_of_the_users_own_with_several_extensions_has_to_say_which(tmp_path, own):
    (own / "mine.py").write_text(BODY.format(value="a") + BODY.replace("Ours", "Theirs").format(value="b"))
    error = kitchen_with(tmp_path / "k", "mine").ask("build", exit_=2)["error"]
    assert "mine.py has no function or class 'extension'" in error["message"]


def test_a_module_is_named_with_its_class_or_with_an_object_of_it(tmp_path):
    kitchen = kitchen_with(tmp_path, "plugins.deep.ours:extension")
    kitchen.write("plugins/deep/ours.py", BODY.format(value="deep") + "\nextension = Ours()\n")
    kitchen.build()
    assert values(kitchen) == ["deep"] * 2
    kitchen.write("plugins/deep/ours.py", BODY.format(value="class") + "\nextension = Ours\n")
    kitchen.build()
    assert values(kitchen) == ["class"] * 2


def test_the_table_of_a_plug_in_is_converted_to_what_it_says(tmp_path):
    kitchen = kitchen_with(tmp_path, "ours.py:Ours", level=3, words=["a"])
    kitchen.write("ours.py", TYPED)
    kitchen.build()
    assert values(kitchen) == [[3, ["a"]]] * 2


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"level": "high"}, "Expected `int`, got `str` - at `$.level`"),
        ({}, "missing required field `level`"),
        ({"level": 1, "levels": 2}, "unknown field `levels`"),
        ({"level": 1, "words": [1]}, "at `$.words[0]`"),
    ],
)
def test_a_table_that_does_not_fit_a_plug_in_is_told_with_its_key(tmp_path, config, words):
    kitchen = kitchen_with(tmp_path, "ours.py:Ours", rows=1, **config)
    kitchen.write("ours.py", TYPED)
    kitchen.build(exit_=1)
    (failure,) = kitchen.failures()
    assert failure["code"] == "SB231"
    assert words in failure["message"]
    assert "extension 'ours'" in failure["message"]
    assert failure["hint"].startswith("mend [extensions.ours]")


def test_a_file_read_behind_the_contexts_back_is_found_by_a_sample(tmp_path):
    kitchen = kitchen_with(tmp_path / "k", "ours.py:Ours", file=str(tmp_path / "secret.txt"))
    kitchen.write("ours.py", SECRETLY)
    (tmp_path / "secret.txt").write_text("first")
    kitchen.build()
    assert kitchen.ask("verify", "--sample", "100%", exit_=0)["sample"]["wrong"] == []
    (tmp_path / "secret.txt").write_text("second")
    assert ran(kitchen.build()) == {}
    wrong = kitchen.ask("verify", "--sample", "100%", exit_=4)["sample"]["wrong"]
    assert "first" in str(wrong)
    assert "second" in str(wrong)


def test_no_output_is_written_over_the_code_of_a_plug_in(tmp_path):
    kitchen = kitchen_with(tmp_path, "dist/site/ours.py:Ours")
    kitchen.write("dist/site/ours.py", BODY.format(value=1))
    error = kitchen.ask("build", exit_=2)["error"]
    assert "the code dist/site/ours.py" in str(error)
    assert Path(kitchen / "dist/site/ours.py").read_text() == BODY.format(value=1)


def test_what_is_built_in_is_an_extension_as_plug_ins_are():
    for table, (module, kind) in _BUILT_IN.items():
        extension = getattr(importlib.import_module(f"stacbuild.extensions.{module}"), kind)()
        assert isinstance(extension, Extension)
        assert extension.name == table.__struct_config__.tag


@pytest.mark.parametrize(
    ("member", "code", "words"),
    [
        ("def check(self, item):\n        raise KeyError('x')", "SB230", "KeyError"),
        ("def check(self, item):\n        yield 5\n", "SB230", "TypeError"),
        ("def check(self, item):\n        return ['it is wrong']", "SB234", "it is wrong"),
        ("def check(self, item):\n        yield '/id', 'no such id'", "SB234", "no such id"),
        ("def schemas(self, document, config):\n        return 5", "SB230", "TypeError"),
        ("def schemas(self, document, config):\n        return [5]", "SB232", "schemas"),
        ("def schemas(self):\n        return []", "SB230", "TypeError"),
    ],
)
def test_what_else_a_plug_in_does_wrong_costs_the_item_too(tmp_path, member, code, words):
    kitchen = kitchen_with(tmp_path, "ours.py:Ours", rows=1)
    kitchen.write("ours.py", BODY.format(value=1) + f"\n    {member}\n")
    kitchen.build(exit_=1)
    (failure,) = kitchen.failures()
    assert (failure["code"], words in failure["message"]) == (code, True)


@pytest.mark.parametrize("member", ["stac_extensions", "links", "assets"])
def test_members_that_are_no_members_of_an_item_are_refused(tmp_path, member):
    kitchen = kitchen_with(tmp_path, "ours.py:Ours", rows=1)
    kitchen.write("ours.py", BODY.format(value=1).replace("return item", f"return {{**item, {member!r}: [5]}}"))
    kitchen.build(exit_=1)
    assert kitchen.failures()[0]["code"] == "SB232"
