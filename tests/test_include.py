"""`include`: what becomes of the tables and paths of several files, and which file and line a message names."""

from pathlib import Path

import pytest
from kitchen import NO_VARIABLES

import stacbuild
from stacbuild.failures import RecipeError
from stacbuild.recipe import schema
from stacbuild.recipe.lines import Lines, frame
from stacbuild.recipe.load import load
from stacbuild.recipe.places import Places, Text
from stacbuild.recipe.relocate import relocated

MAPPING = """
[mappings.scenes]
id = "id"
geometry = { lon = "lon", lat = "lat" }
datetime = { from = "date", as = "datetime" }
"""
SOURCE = """
[sources.scenes]
kind = "table"
path = "data/scenes.csv"
key = "id"
"""
TARGETS = """
[collections.scenes]
from = ["scenes"]
mapping = "scenes"
[outputs.lines]
kind = "ndjson"
path = "dist/{collection}.ndjson"
[build]
executor = "serial"
"""
CATALOG = '[catalog]\nid = "boreal"\n'
WHOLE = CATALOG + SOURCE + MAPPING + TARGETS
ROWS = "id,lon,lat,date\na,1,2,2024-01-01\nb,3,4,2024-01-02\n"


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write(files):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path / "stacbuild.toml"

    return write


def problems_of(path, environ=None):
    with pytest.raises(RecipeError) as caught:
        load(path, environ or {})
    return caught.value.problems


# ---- tables ----------------------------------------------------------------------------------------------------------


def test_tables_of_several_files_are_those_of_one(write):
    parts = {
        "stacbuild.toml": 'include = ["source.toml", "mapping.toml"]\n' + CATALOG + TARGETS,
        "source.toml": SOURCE,
        "mapping.toml": MAPPING,
    }
    recipe = load(write(parts), {})
    assert recipe.document == load(write({"stacbuild.toml": WHOLE}), {}).document


def test_one_table_may_stand_in_two_files_a_key_each(write):
    parts = {
        "stacbuild.toml": 'include = ["more.toml"]\n' + WHOLE,
        "more.toml": '[mappings.scenes.properties]\ngsd = "gsd"\n[catalog]\ntitle = "Boreal"\n',
    }
    document = load(write(parts), {}).document
    assert (document.catalog.id, document.catalog.title) == ("boreal", "Boreal")
    assert document.mappings["scenes"].properties == {"gsd": "gsd"}


def test_what_is_included_includes_and_what_is_included_twice_counts_once(write):
    parts = {
        "stacbuild.toml": 'include = ["a/one.toml", "two.toml"]\n' + TARGETS,
        "a/one.toml": 'include = ["../catalog.toml"]\n' + MAPPING,
        "two.toml": 'include = ["catalog.toml"]\n' + SOURCE,
        "catalog.toml": CATALOG,
    }
    assert load(write(parts), {}).document == load(write({"stacbuild.toml": WHOLE}), {}).document


def test_a_file_that_leads_back_to_itself_is_told_where_it_does(write):
    path = write({"stacbuild.toml": 'include = ["a.toml"]\n' + WHOLE, "a.toml": 'title = 1\ninclude = ["./a.toml"]\n'})
    (problem,) = problems_of(path)
    assert (problem.code, str(problem.at)) == ("SB113", "a.toml:2:12")


def test_a_link_does_not_hide_that_files_lead_round(write, tmp_path):
    path = write({"stacbuild.toml": 'include = ["link.toml"]\n' + WHOLE})
    (tmp_path / "link.toml").symlink_to("stacbuild.toml")
    assert [problem.code for problem in problems_of(path)] == ["SB113"]


def test_a_long_chain_of_files_ends_with_an_error(write):
    parts = {f"{number}.toml": f'include = ["{number + 1}.toml"]\n' for number in range(200)}
    path = write({"stacbuild.toml": 'include = ["0.toml"]\n' + WHOLE} | parts)
    (problem,) = problems_of(path)
    assert (problem.code, problem.message) == ("SB113", "'include': there are more than 100 files")


def test_every_file_that_cannot_be_read_is_told_and_no_missing_names_besides(write):
    parts = {
        "stacbuild.toml": 'include = ["gone.toml", "broken.toml"]\n' + CATALOG + TARGETS,
        "broken.toml": "[sources\n",
    }
    assert [str(problem.at) for problem in problems_of(write(parts))] == ["stacbuild.toml:1:12", "broken.toml:1:9"]


# ---- paths -----------------------------------------------------------------------------------------------------------


def test_paths_of_an_included_file_start_at_its_folder(write):
    parts = {
        "stacbuild.toml": 'include = ["conf/all.toml"]\n',
        "conf/all.toml": WHOLE.replace("data/scenes.csv", "../data/*.csv")
        + '[validation]\nschemas = ["schemas/", "/abs"]\n[cache]\npath = "../cache"\n[log]\nfile = "${LOGS}/a.log"\n',
    }
    document = load(write(parts), {"LOGS": "/var/log"}).document
    assert document.sources["scenes"].path == "data/*.csv"
    assert document.outputs["lines"].path == "conf/dist/{collection}.ndjson"
    assert document.validation.schemas == ["conf/schemas/", "/abs"]
    assert (document.cache.path, document.log.file) == ("cache", "/var/log/a.log")


def test_paths_of_lists_tables_and_files_above_are_moved_and_urls_are_not(write, tmp_path):
    (tmp_path / "project").mkdir()
    write(
        {
            "project/stacbuild.toml": 'include = ["../shared/all.toml"]\n' + CATALOG,
            "shared/all.toml": '[sources.scenes]\nkind = "table"\npath = ["a.csv", "./b/../c.csv"]\nkey = "id"\n'
            '[validation]\nschemas = { "https://example.com/s.json" = "s.json" }\n',
        }
    )
    document = load(tmp_path / "project/stacbuild.toml", {}).document
    assert document.sources["scenes"].path == ["../shared/a.csv", "../shared/c.csv"]
    assert document.validation.schemas == {"https://example.com/s.json": "../shared/s.json"}


def test_a_key_of_the_recipe_in_a_table_of_an_included_file_starts_at_the_recipe(write):
    parts = {
        "stacbuild.toml": 'include = ["conf/source.toml"]\n' + CATALOG + '[sources.scenes]\npath = "a.csv"\n',
        "conf/source.toml": '[sources.scenes]\nkind = "table"\nkey = "id"\n',
    }
    assert load(write(parts), {}).document.sources["scenes"].path == "a.csv"


def test_files_of_lookups_functions_and_own_schemas_are_moved_wherever_they_stand(write):
    inner = (
        MAPPING
        + """
[mappings.scenes.properties]
mission = { from = "code", lookup = { file = "m.csv", key = "code", value = "name" } }
sum = { function = "ours.py:total" }
[mappings.scenes.assets.data]
href = "href"
title = { from = "code", lookup = { file = "/abs/t.csv", key = "code" } }
[validation.extra]
"*" = ["own.json"]
"""
    )
    document = load(
        write({"stacbuild.toml": 'include = ["conf/m.toml"]\n' + CATALOG, "conf/m.toml": inner}), {}
    ).document
    mapping = document.mappings["scenes"]
    assert mapping.properties["mission"].lookup.file == "conf/m.csv"
    assert mapping.properties["sum"].function == "conf/ours.py:total"
    assert mapping.assets["data"]["title"].lookup.file == "/abs/t.csv"
    assert document.validation.extra == {"*": ["conf/own.json"]}


def test_the_code_of_a_plug_in_is_moved_and_what_else_it_takes_is_its_own(write):
    inner = """
[extensions.ours]
use = "plugins/ours.py:Ours"
path = "left/as/it.is"
[extensions.theirs]
use = "package.module:Theirs"
[extensions.built-in]
use = "alternate-assets"
alternates.mirror = { href = "mirror/{path}" }
"""
    document = load(
        write({"stacbuild.toml": 'include = ["conf/x.toml"]\n' + CATALOG, "conf/x.toml": inner}), {}
    ).document
    assert document.extensions["ours"].code == "conf/plugins/ours.py:Ours"
    assert document.extensions["ours"].config == {"path": "left/as/it.is"}
    assert document.extensions["theirs"].code == "package.module:Theirs"
    assert document.extensions["built-in"].alternates["mirror"].href == "mirror/{path}"


def test_a_file_of_code_is_moved_and_a_module_is_not():
    class Owner(schema.Table, frozen=True):
        """A table with code."""

        use: schema.Code

    places = Places()
    places.texts = [Text("a.toml", "a.toml", Lines("")), Text("b.toml", "conf/b.toml", Lines(""))]
    places.own(("use",), 1)
    moved = [relocated({"use": use}, places, Owner)["use"] for use in ("ours.py:run", "/a.py:run", "package.ours:run")]
    assert moved == ["conf/ours.py:run", "/a.py:run", "package.ours:run"]


def test_an_output_does_not_write_over_an_included_file(write):
    parts = {
        "stacbuild.toml": 'include = ["conf/all.toml"]\n' + WHOLE.replace("dist/{collection}.ndjson", "conf/all.toml"),
        "conf/all.toml": "",
    }
    (problem,) = problems_of(write(parts))
    assert problem.code == "SB107"
    assert problem.message.endswith("holds or stands in the included file conf/all.toml")


# ---- places ----------------------------------------------------------------------------------------------------------


def test_a_problem_is_shown_with_the_line_of_its_file(write):
    parts = {"stacbuild.toml": 'include = ["conf/a.toml"]\n' + CATALOG, "conf/a.toml": '\n[build]\njobz = "2"\n'}
    with pytest.raises(RecipeError) as caught:
        load(write(parts), {})
    assert frame(caught.value.problems[0], caught.value.line_of(caught.value.problems[0])) == (
        "error[SB101]: unknown key `jobz` in [build]\n"
        " --> conf/a.toml:3:1\n"
        "  |\n"
        '3 | jobz = "2"\n'
        "  | ^^^^ did you mean `jobs`?"
    )


def test_problems_of_all_files_are_told_at_once_the_recipe_first(write):
    parts = {"stacbuild.toml": 'include = ["a.toml"]\n' + CATALOG + "[log]\nfil = 1\n", "a.toml": "[build]\njobz = 1\n"}
    assert [str(problem.at) for problem in problems_of(write(parts))] == ["stacbuild.toml:5:1", "a.toml:2:1"]


def test_a_key_that_is_set_twice_is_told_with_both_places(write):
    parts = {"stacbuild.toml": 'include = ["a.toml"]\n' + WHOLE, "a.toml": 'x = 1\n[catalog]\nid = "b"\n'}
    clash = next(problem for problem in problems_of(write(parts)) if problem.code == "SB114")
    assert str(clash.at) == "stacbuild.toml:3:1"
    assert clash.message == "[catalog]: 'id' is set in two files, here and in a.toml:3:1"


def test_files_are_named_from_the_current_folder_also_beside_a_recipe_elsewhere(write, tmp_path, monkeypatch):
    path = write({"stacbuild.toml": 'include = ["conf/a.toml"]\n' + WHOLE, "conf/a.toml": "[log]\nlevel = 'info'\n"})
    monkeypatch.chdir(tmp_path.parent)
    assert str(load(path, {}).at("log", "level")) == f"{tmp_path.name}/conf/a.toml:2:1"
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    assert str(load(path, {}).at("log", "level")) == "conf/a.toml:2:1"


def test_secrets_of_included_files_are_hidden_in_all(write):
    parts = {
        "stacbuild.toml": 'include = ["a.toml"]\n' + CATALOG + 'title = "s3cret ${MY_TOKEN}"\nx = 1\n',
        "a.toml": '[outputs.site]\napi-token = "s3cret"\nurl = "https://me:hunter2@example.com/"\n',
    }
    with pytest.raises(RecipeError) as caught:
        load(write(parts), {"MY_TOKEN": "t0ken"})
    shown = "".join(line for lines in caught.value.sources.values() for line in lines)
    assert [secret for secret in ("s3cret", "hunter2", "t0ken") if secret in shown] == []


# ---- builds ----------------------------------------------------------------------------------------------------------


def built(monkeypatch):
    for name in NO_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    return stacbuild.open().build()


def test_tables_moved_into_an_included_file_and_that_file_moved_run_nothing_again(write, tmp_path, monkeypatch):
    write({"stacbuild.toml": WHOLE, "data/scenes.csv": ROWS})
    assert built(monkeypatch).stages["transform"]["ran"] == 2
    inner = (SOURCE + MAPPING).replace("data/scenes.csv", "../data/scenes.csv")
    for name in ("conf/parts.toml", "elsewhere/other.toml"):
        write({"stacbuild.toml": f'include = ["{name}"]\n' + CATALOG + TARGETS, name: inner})
        report = built(monkeypatch)
        ran = {stage: count["ran"] for stage, count in report.stages.items() if count["ran"]}
        assert (ran, report.outputs["lines"]["written"]) == ({}, 0)
        assert stacbuild.open().status().fresh


def test_what_changed_in_an_included_file_is_told_with_its_line(write, tmp_path, monkeypatch):
    parts = {"stacbuild.toml": 'include = ["parts.toml"]\n' + CATALOG + TARGETS, "parts.toml": SOURCE + MAPPING}
    write(parts | {"data/scenes.csv": ROWS})
    built(monkeypatch)
    write({"parts.toml": SOURCE + MAPPING.replace('as = "datetime"', 'as = "datetime", format = "%Y-%m-%d"')})
    places = {reason.at for target in stacbuild.open().status().stale for reason in target.reasons}
    assert [Path(place).name.split(":")[:2] for place in places] == [["parts.toml", "10"]]


@pytest.mark.parametrize("entry", ["x" * 5000, "a/" * 3000 + "b.toml", "\\u0000", "/dev/zero", "conf", "a.toml/b.toml"])
def test_odd_paths_are_told_where_they_are_named(entry, write):
    parts = {"stacbuild.toml": f'include = ["{entry}"]\n' + CATALOG, "a.toml": "", "conf/a.toml": ""}
    assert [str(problem.at) for problem in problems_of(write(parts))] == ["stacbuild.toml:1:12"]
