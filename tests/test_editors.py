"""The JSON Schema for editors: good recipes pass, wrong keys do not, in our validator and in those that editors use."""

import json
import re
import shutil
import subprocess
import sys
import tomllib
from datetime import date, datetime
from pathlib import Path

import jsonschema
import jsonschema_rs
import pytest
from goods import ROOT, files, goods
from test_recipe_messages import CASES, words_of

from stacbuild.recipe import schema
from stacbuild.recipe.editors import recipe_schema
from stacbuild.recipe.meanings import structs

SCHEMA = recipe_schema()
VALIDATOR = jsonschema_rs.Draft7Validator(SCHEMA)
GOODS = goods() | {str(path.relative_to(ROOT)): path.read_text() for path in files()}
BIN = Path(sys.executable).parent
FREE = {"042-collection-fields": ["box"]}
"""Unknown keys that only `check` knows: they stand where the schema takes any."""


def plain(value):
    """Return a TOML document as JSON has it."""
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [plain(entry) for entry in value]
    return value.isoformat() if isinstance(value, date | datetime) else value


def keywords(value):
    """Yield every keyword of a schema, names of properties left out."""
    if isinstance(value, list):
        for entry in value:
            yield from keywords(entry)
    if isinstance(value, dict):
        for key, entry in value.items():
            yield key
            named = key in ("properties", "definitions") and isinstance(entry, dict)
            yield from keywords(list(entry.values()) if named else entry)


# ---- the schema ------------------------------------------------------------------------------------------------------


def test_it_is_draft_07_and_never_says_one_of():
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    used = set(keywords(SCHEMA))
    assert "oneOf" not in used
    assert {"if", "then", "enum", "description", "default"} <= used


def test_every_table_takes_the_keys_of_its_struct_and_no_others():
    for kind in (kind for kind in structs(schema.Document) if not getattr(kind, "open", False)):
        table = SCHEMA if kind is schema.Document else SCHEMA["definitions"][kind.__name__]
        tag = [kind.__struct_config__.tag_field] if kind.__struct_config__.tag_field else []
        assert list(table["properties"]) == [*tag, *kind.__struct_encode_fields__]
        assert table["additionalProperties"] is False


def test_every_key_is_explained():
    tables = [SCHEMA, *SCHEMA["definitions"].values()]
    told = [entry for table in tables for entry in table["properties"].values() if "const" not in entry]
    assert len(told) > 50
    assert all(entry["description"] for entry in told)


def test_defaults_are_those_of_the_language():
    build = SCHEMA["definitions"]["Build"]["properties"]
    assert (build["jobs"]["default"], build["max-failures"]["default"]) == (0, "0%")
    assert "default" not in SCHEMA["definitions"]["Catalog"]["properties"]["title"]


# ---- recipes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", GOODS)
def test_good_recipes_pass(name):
    assert [str(error) for error in VALIDATOR.iter_errors(plain(tomllib.loads(GOODS[name])))] == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_keys_that_a_table_does_not_take_are_refused(case, monkeypatch):
    monkeypatch.chdir(case.parent)
    problems = [one for one in words_of(case)[1].problems if one.code == "SB101" and one.at.file == case.name]
    if problems:
        errors = VALIDATOR.iter_errors(plain(tomllib.loads(case.read_bytes().decode("utf-8-sig"))))
        said = " ".join(str(error).split("\n", 1)[0] for error in errors)
        keys = [re.search("`(.*?)`", problem.message)[1] for problem in problems]
        assert [key for key in keys if f"'{key}'" not in said] == FREE.get(case.stem, [])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[validation]\nlevel = "strct"', "strct"),
        ('[build]\njobs = "2"', "integer"),
        ('[sources.s]\nkind = "tabel"', "tabel"),
        ('[sources.s]\nkind = "table"\nkey = "k"', "path"),
        ('[mappings.m]\nid = "a"\ngeometry = { wkt = "g", default = "nul" }\ndatetime = "t"', "nul"),
        ('[mappings.m]\nid = 3\ngeometry = { wkt = "g" }\ndatetime = "t"', "string"),
        ('[mappings.m.properties]\na = { frm = "x" }', "frm"),
    ],
)
def test_wrong_values_are_refused_where_they_stand(text, words):
    document = tomllib.loads(f'[catalog]\nid = "a"\n{text}')
    assert any(words in str(error) for error in VALIDATOR.iter_errors(document))


def test_words_that_come_from_the_environment_or_the_matrix_are_taken():
    text = '[catalog]\nid = "a"\n[validation]\nlevel = "${LEVEL}"\n[outputs.a]\nkind = "ndjson"\npath = "x"\n'
    assert VALIDATOR.is_valid(tomllib.loads(text))
    assert VALIDATOR.is_valid(tomllib.loads(text.replace("${LEVEL}", "{matrix.level}")))


def test_an_extension_that_is_not_built_in_may_have_any_keys():
    catalog = '[catalog]\nid = "a"\n'
    assert VALIDATOR.is_valid(tomllib.loads(f'{catalog}[extensions.x]\nuse = "ours.py:Ours"\nany = 3\n'))
    assert not VALIDATOR.is_valid(tomllib.loads(f'{catalog}[extensions.x]\nuse = "fields"\nany = 3\n'))
    assert not VALIDATOR.is_valid(tomllib.loads(f"{catalog}[extensions.x]\nany = 3\n"))


def test_a_recipe_that_includes_may_have_its_catalog_there():
    assert VALIDATOR.is_valid({"include": ["a.toml"], "build": {"jobs": 2}})
    assert not VALIDATOR.is_valid({"build": {"jobs": 2}})


# ---- the command and the editors' tools ------------------------------------------------------------------------------


def test_the_command_prints_it_without_a_recipe(tmp_path):
    command = [sys.executable, "-m", "stacbuild", "schema"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=60, check=True)
    assert json.loads(done.stdout) == SCHEMA
    told = subprocess.run([*command, "--json"], cwd=tmp_path, capture_output=True, timeout=60, check=True)
    assert json.loads(told.stdout)["schema"] == SCHEMA


WRONG = {
    "key": '[catalog]\nid = "a"\n[sources.s]\nkind = "table"\npath = "a"\nkey = "k"\npth = "b"\n',
    "kind": '[catalog]\nid = "a"\n[sources.s]\nkind = "tabel"\n',
    "rule": '[catalog]\nid = "a"\n[mappings.m]\nid = { frm = "a" }\ngeometry = { wkt = "g" }\ndatetime = "t"\n',
    "type": '[catalog]\nid = "a"\n[build]\njobs = "2"\n',
}


@pytest.fixture
def folder(tmp_path):
    """A folder with good/ and wrong/ recipes, the schema, and what tells tombi of it."""
    (tmp_path / "s.json").write_text(json.dumps(SCHEMA))
    (tmp_path / "tombi.toml").write_text('[[schemas]]\npath = "s.json"\ninclude = ["good/*.toml", "wrong/*.toml"]\n')
    for name, texts in (("good", GOODS), ("wrong", WRONG)):
        (tmp_path / name).mkdir()
        for title, text in texts.items():
            (tmp_path / name / f"{re.sub('[^a-z0-9]', '-', title.lower())}.toml").write_text(text)
    return tmp_path


def ran(tool, words, folder):
    """Run a tool that lies beside our Python, or anywhere; skip if there is none."""
    found = shutil.which(tool, path=f"{BIN}:{Path('/usr/local/bin')}") or shutil.which(tool)
    if found is None:
        pytest.skip(f"{tool} is not installed: pip install {tool}")
    done = subprocess.run([found, *words], cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stdout + done.stderr


def taplo(folder, files):
    words = ["check", "--colors", "never", "--no-auto-config", "--schema", f"file://{folder}/s.json", *files]
    return ran("taplo", words, folder)


def tombi(folder, files):
    return ran("tombi", ["lint", "--offline", "--error-on-warnings", *files], folder)


@pytest.mark.parametrize("tool", [taplo, tombi])
def test_tools_of_editors_take_good_recipes(tool, folder):
    files = sorted(str(path) for path in folder.glob("good/*.toml"))
    assert len(files) == len(GOODS)
    status, said = tool(folder, files)
    assert (status, "error" in said.lower()) == (0, False), said
    assert f"{len(files)} files" in said or f"total={len(files)}" in said


@pytest.mark.parametrize("tool", [taplo, tombi])
@pytest.mark.parametrize(("name", "word"), [("key", "pth"), ("kind", "tabel"), ("rule", "frm"), ("type", "2")])
def test_tools_of_editors_name_what_is_wrong(tool, name, word, folder):
    status, said = tool(folder, [f"wrong/{name}.toml"])
    assert status != 0
    assert word in said or "Integer" in said
