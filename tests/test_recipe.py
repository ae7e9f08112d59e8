"""The recipe reader: what is accepted, what it becomes, what stays secret."""

import os
import random
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stacbuild.failures import RecipeError
from stacbuild.recipe import later, names, schema
from stacbuild.recipe.claims import glob_pattern
from stacbuild.recipe.lines import frame
from stacbuild.recipe.load import keys_of, load

FULL = """
[catalog]
id = "boreal"
title = "Boreal"

[sources.scenes]
kind = "table"
path = ["data/*.csv", "more/**/*.csv.gz"]
key = ["mission", "scene_id"]
missing = ["NA"]

[mappings.scenes]
id = { template = "{mission}_{scene_id}{{x}}" }
geometry = { bbox = ["w", "s", "e", "n"], crs = "EPSG:{proj:epsg}", default = "null" }
datetime = { from = "acquired", format = "%d/%m/%Y" }
stac_extensions = { value = ["https://stac-extensions.github.io/eo/v1.1.0/schema.json"] }
[mappings.scenes.properties]
platform = "sat"
gsd = { from = "res_cm", as = "number", scale = 0.01 }
"eo:cloud_cover" = { from = "cloud", as = "number", default = 0 }
mission = { from = "code", lookup = "missions" }
updated = { value = 2024-05-01T12:00:00Z }
comment = { from = "note", required = false }
[mappings.scenes.assets.data]
href = { template = "s3://bucket/{scene_id}.tif" }
roles = { value = ["data"] }
[mappings.scenes.lookups.missions]
S2A = "sentinel-2a"

[collections.boreal-scenes]
from = ["scenes"]
mapping = "scenes"
keywords = ["a"]
providers = [{ name = "Us", roles = ["host"], url = "https://example.com" }]
extent = { bbox = [20, 55, 40, 70], interval = [["2024-01-01T00:00:00Z", ".."]] }

[validation]
level = "warn"
schemas = { "https://example.com/s.json" = "s.json" }

[outputs.site]
kind = "stac-json"
path = "dist"
layout = "{collection}/{year}/{id}.json"
links = "absolute"
base-url = "https://example.com/boreal/"
[outputs.lines]
kind = "ndjson"
path = "dist/{collection}.ndjson"
collections = ["boreal-*"]

[build]
jobs = 2
max-failures = 3
max-deletions = "12.5%"

[log]
file = ".stacbuild/build.log"
"""


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write(text, name="stacbuild.toml"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def problems_of(path, environ=None):
    with pytest.raises(RecipeError) as caught:
        load(path, environ or {})
    return caught.value.problems


def error_of(path):
    try:
        load(path, {})
    except RecipeError as error:
        return error
    return None


def with_table(text):
    return f'[catalog]\nid = "a"\n{text}'


# ---- what it becomes -------------------------------------------------------------------------------------------------


def test_a_recipe_becomes_structs(write):
    recipe = load(write(FULL), {})
    document = recipe.document
    assert document.sources["scenes"].key == ["mission", "scene_id"]
    assert document.mappings["scenes"].properties["gsd"] == schema.Rule(from_="res_cm", as_="number", scale=0.01)
    assert document.collections["boreal-scenes"].from_ == ["scenes"]
    assert isinstance(document.outputs["lines"], schema.NdjsonOutput)
    assert document.build.max_failures == 3
    assert recipe.warnings == ()


def test_the_recipe_knows_its_folder_whatever_the_current_one_is(write, tmp_path, monkeypatch):
    write(FULL)
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    recipe = load(Path("../stacbuild.toml"), {})
    assert (recipe.root, recipe.name, recipe.path) == (tmp_path, "stacbuild.toml", tmp_path / "stacbuild.toml")
    assert recipe.at("catalog", "id").file == "stacbuild.toml"


def test_a_place_is_named_from_the_current_folder(write, tmp_path, monkeypatch):
    write(FULL)
    monkeypatch.chdir(tmp_path.parent)
    recipe = load(tmp_path / "stacbuild.toml", {})
    assert str(recipe.at("mappings", "scenes", "properties", "gsd")) == f"{tmp_path.name}/stacbuild.toml:19:1"


def test_a_key_that_is_not_written_has_the_place_of_its_table(write):
    recipe = load(write(FULL), {})
    assert recipe.at("outputs", "site", "indent").line == recipe.at("outputs", "site").line
    assert recipe.at("cache", "path") is None


def test_a_moment_in_a_constant_is_text(write):
    properties = load(write(FULL), {}).document.mappings["scenes"].properties
    assert properties["updated"].value == "2024-05-01T12:00:00Z"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2024-05-01", "2024-05-01"),
        ("2024-05-01T12:00:00", "2024-05-01T12:00:00Z"),
        ("2024-05-01T12:00:00.5+02:00", "2024-05-01T12:00:00.500000+02:00"),
        ("07:30:00", "07:30:00"),
    ],
)
def test_dates_and_times_are_text_and_without_a_zone_are_utc(write, written, meant):
    path = write(FULL.replace("2024-05-01T12:00:00Z", written))
    assert load(path, {}).document.mappings["scenes"].properties["updated"].value == meant


def test_bom_and_crlf_are_accepted(write):
    path = write(b"\xef\xbb\xbf" + FULL.replace("\n", "\r\n").encode())
    assert load(path, {}).document == load(write(FULL, "b.toml"), {}).document
    assert load(path, {}).at("catalog", "id").line == 3


def test_an_output_that_takes_no_collection_is_a_warning_with_its_line(write):
    recipe = load(write(FULL.replace('["boreal-*"]', '["boreal-*", "borael-scenes"]')), {})
    assert [problem.message for problem in recipe.warnings] == [
        "output 'lines': no collection matches \"borael-scenes\""
    ]
    assert recipe.warnings[0].hint == "did you mean `boreal-scenes`?"
    assert recipe.warnings[0].at.line == recipe.at("outputs", "lines", "collections").line


# ---- the file --------------------------------------------------------------------------------------------------------


def test_a_missing_recipe_says_what_f_is(write, tmp_path):
    (problem,) = problems_of(tmp_path / "force")
    assert (problem.code, problem.at.file) == ("SB100", "force")
    assert "--force" in problem.hint


def test_a_folder_hints_at_the_recipe_in_it(write, tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/stacbuild.toml").write_text(FULL)
    (problem,) = problems_of(tmp_path / "sub")
    assert problem.hint == "did you mean `sub/stacbuild.toml`?"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_device_is_refused_and_does_not_hang(write, tmp_path):
    (problem,) = problems_of(Path(os.devnull))
    assert problem.message == "the recipe is not a regular file"
    os.mkfifo(tmp_path / "pipe")
    (problem,) = problems_of(tmp_path / "pipe")
    assert problem.message == "the recipe is not a regular file"


def test_a_file_of_data_is_refused_before_it_is_parsed(write):
    (problem,) = problems_of(write(b"#" * (10 * 1024 * 1024 + 1)))
    assert "10 MB" in problem.message


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * 5000,
        "a = " + "[" * 2000 + "]" * 2000,
        ".".join(["a"] * 5000) + " = 1",
        "a = 0x" + "f" * 9000,
        "title = 0x" + "f" * 9000,
        "[build]\nmax-failures = 0x" + "f" * 9000,
        "a = 1" + "0" * 9000,
    ],
)
def test_absurd_depth_and_size_are_errors_of_the_recipe(write, text):
    assert problems_of(write(with_table(text)))[0].code in ("SB100", "SB101", "SB103")


# ---- the rules -------------------------------------------------------------------------------------------------------


def test_every_bad_table_is_told_at_once_in_the_order_of_lines(write):
    text = (
        FULL.replace("missing =", "mising =")
        .replace('"number", scale', '"numbr", scale')
        .replace("jobs = 2", "jobs = '2'")
    )
    problems = problems_of(write(text))
    assert [problem.code for problem in problems] == ["SB101", "SB102", "SB103"]
    assert [problem.at.line for problem in problems] == sorted(problem.at.line for problem in problems)


def test_a_bad_table_is_no_unknown_name_elsewhere(write):
    problems = problems_of(write(FULL.replace('key = ["mission"', 'key = [1, "mission"')))
    assert len(problems) == 1


@pytest.mark.parametrize(
    "change",
    [
        ('path = "dist"', 'path = "dist/site"'),
        ('path = "dist/{collection}.ndjson"', 'path = "dist/all.ndjson"'),
        ('path = "dist/{collection}.ndjson"', 'path = "../elsewhere/all.ndjson"'),
        ('path = ["data/*.csv", "more/**/*.csv.gz"]', 'path = "dist/../*.csv"'),
        ('path = ["data/*.csv", "more/**/*.csv.gz"]', 'path = "../**/*.csv"'),
        ('crs = "EPSG:{proj:epsg}"', 'crs = "epsg:3067"'),
        ('format = "%d/%m/%Y"', 'format = "%Y%j100%%"'),
        ('format = "%d/%m/%Y"', 'format = "unix-ms"'),
        ('layout = "{collection}/{year}/{id}.json"', 'layout = "{id}.json"'),
        ("max-failures = 3", 'max-failures = "100%"'),
        ("{{x}}", ""),
        ("datetime = {", 'start_datetime = "a"\nend_datetime = "b"\ndatetime = {'),
    ],
)
def test_what_is_right_is_accepted(write, change):
    assert change[0] in FULL
    load(write(FULL.replace(*change)), {})


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (('path = "dist/{collection}.ndjson"', 'path = "dist/{collection}/collection.json"'), "SB107"),
        (('path = "dist/{collection}.ndjson"', 'path = "DIST"'), "SB107"),
        (('path = "dist/{collection}.ndjson"', 'path = "./dist/../stacbuild.toml"'), "SB107"),
        (('path = "dist/{collection}.ndjson"', 'path = ".stacbuild/build.log"'), "SB107"),
        (('path = "dist"', 'path = ".."'), "SB107"),
        (('path = "dist"', 'path = "../../.."'), "SB107"),
        (('path = "dist"', 'path = ".stacbuild"'), "SB107"),
        (("[log]", '[cache]\npath = "dist/cache"\n[log]'), "SB107"),
        (('"data/*.csv"', '"dist/**/*.json"'), "SB107"),
        (('"data/*.csv"', '"*/*.ndjson"'), "SB107"),
        (('"data/*.csv"', '"**/catalog.json"'), "SB107"),
        (('"data/*.csv"', '"dist/boreal-scenes/2024/x.json"'), "SB107"),
        (('{id}.json"', '{id}/../x.json"'), "SB103"),
        (('"https://example.com/boreal/"', '"https://"'), "SB103"),
        (('geometry = { bbox = ["w", "s", "e", "n"]', 'geometry = { bbox = ["w", "s", "e", "n"], wkt = "g"'), "SB105"),
        (('S2A = "sentinel-2a"', ""), None),
        (("[mappings.scenes.lookups.missions]", "[mappings.scenes.lookups.mission]"), "SB102"),
    ],
)
def test_what_clashes_is_told(write, change, code):
    assert change[0] in FULL
    path = write(FULL.replace(*change))
    if code is None:
        load(path, {})
    else:
        assert {problem.code for problem in problems_of(path)} == {code}


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("a/*.csv", "a/b.csv", True),
        ("a/*.csv", "a/b/c.csv", False),
        ("a/**/*.csv", "a/c.csv", True),
        ("a/**/*.csv", "a/b/c/d.csv", True),
        ("**", "a/b", True),
        ("a[!b].x", "ab.x", False),
        ("a[!b].x", "ac.x", True),
        ("a[.x", "a[.x", True),
        ("a+(b).x", "a+(b).x", True),
        ("[z-a].x", "q.x", False),
        ("[]].x", "].x", True),
    ],
)
def test_globs_are_read_as_sources_read_them(pattern, path, matches):
    assert bool(glob_pattern(pattern).fullmatch(path)) is matches


def test_no_name_is_both_built_and_not_available_yet():
    structs = {kind.__name__: kind for kind in vars(schema).values() if isinstance(kind, type)}
    for name, unbuilt in later.LATER_KEYS.items():
        assert set(keys_of(structs[name])).isdisjoint(unbuilt), name
    for table, union in (("sources", schema.Source), ("outputs", schema.Output)):
        kinds = getattr(union, "__args__", (union,))
        built = {kind.__struct_config__.tag for kind in kinds}
        assert built.isdisjoint(later.LATER_VALUES[table, "kind"])


def test_codes_are_explained_in_sentences():
    assert all(re.fullmatch(r"[A-Z].*\.", text, re.DOTALL) for text in names.CODES.values())


# ---- in bulk ---------------------------------------------------------------------------------------------------------


def mutated(seed):
    """Return FULL with one to three random changes of lines, words or characters."""
    dice = random.Random(seed)
    lines = FULL.split("\n")
    for _ in range(dice.randint(1, 3)):
        at = dice.randrange(len(lines))
        line = lines[at]
        changes = [
            lambda line: "",
            lambda line: f"{line}\n{line}",
            lambda line: line.replace(
                "=", dice.choice([":", "= 3 #", "= {", "= [1] #", '= "x" #', "= true #", "= inf #"]), 1
            ),
            lambda line: re.sub(r"\w+", lambda match: match.group()[::-1], line, count=1),
            lambda line: line[: len(line) // 2],
            lambda line: line + dice.choice(['"', "]", "}", "\\", " x", "\x00", "é", "${", "${NO}", "{", "\x1b"]),
            lambda line: dice.choice(lines),
            lambda line: line.replace('"', dice.choice(["'", "", '"""', '"{', '"\\u0000'])),
        ]
        lines[at] = dice.choice(changes)(line)
    return "\n".join(lines)


def test_a_mutated_recipe_is_good_or_has_problems_with_lines_and_never_a_traceback(write):
    bad = 0
    for seed in range(1500):
        text = mutated(seed)
        error = error_of(write(text))
        bad += error is not None
        for problem in error.problems if error else ():
            assert problem.at.line > 0, text
            assert frame(problem, error.line_of(problem)).startswith(f"error[{problem.code}]")
    assert bad > 1000


def test_a_hundred_lines_load_in_a_blink(write):
    path = write(FULL + "".join(f'[collections.c{n}]\nfrom = ["scenes"]\nmapping = "scenes"\n' for n in range(20)))
    load(path, {})
    started = time.perf_counter()
    for _ in range(10):
        load(path, {})
    assert (time.perf_counter() - started) / 10 < 0.015


def test_loading_imports_nothing_heavy(write):
    path = write(FULL)
    code = (
        "import sys; from pathlib import Path; from stacbuild.recipe.load import load;"
        f"load(Path({str(path)!r}), {{}});"
        "print(*sorted({name.split('.')[0] for name in sys.modules}))"
    )
    root = Path(__file__).parent.parent
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert not {"asyncio", "pyproj", "shapely", "pystac", "jsonschema_rs", "click", "difflib"} & set(ran.stdout.split())
