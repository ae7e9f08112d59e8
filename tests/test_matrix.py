"""`[matrix]`: copies of entries, lists that take all values, and where a message about a copy points."""

import time
from pathlib import Path

import pytest
from kitchen import NO_VARIABLES

import stacbuild
from stacbuild.failures import RecipeError
from stacbuild.recipe.load import load
from stacbuild.recipe.matrix import MOST_COPIES, MOST_VALUES

MAPPING = """
[mappings.m]
id = { template = "{{matrix.tile}}-{scene}" }
geometry = { lon = "lon", lat = "lat" }
datetime = "date"
"""
TILES = """
[catalog]
id = "tiles"

[matrix]
tile = ["33U", "34U"]

[sources."s-{matrix.tile}"]
kind = "table"
path = "data/{matrix.tile}/*.csv"
key = "scene"
"""
EACH = """
[collections."c-{matrix.tile}"]
from = ["s-{matrix.tile}"]
mapping = "m"
title = "Tile {matrix.tile}"
[collections."c-{matrix.tile}".extent]
bbox = [1, 2, 3, 4]
"""
ALL = """
[collections.all]
from = ["s-{matrix.tile}"]
mapping = "m"
"""


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write(text, name="stacbuild.toml"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


def problems_of(path, environ=None):
    with pytest.raises(RecipeError) as caught:
        load(path, environ or {})
    return caught.value.problems


# ---- what it becomes -------------------------------------------------------------------------------------------------


def test_copies_are_what_one_would_have_written_by_hand(write):
    by_hand = """
[catalog]
id = "tiles"
[sources.s-33U]
kind = "table"
path = "data/33U/*.csv"
key = "scene"
[sources.s-34U]
kind = "table"
path = "data/34U/*.csv"
key = "scene"
[collections.c-33U]
from = ["s-33U"]
mapping = "m"
title = "Tile 33U"
extent = { bbox = [1, 2, 3, 4] }
[collections.c-34U]
from = ["s-34U"]
mapping = "m"
title = "Tile 34U"
extent = { bbox = [1, 2, 3, 4] }
[collections.all]
from = ["s-33U", "s-34U"]
mapping = "m"
"""
    copied = load(write(TILES + EACH + ALL + MAPPING), {}).document
    assert copied == load(write(by_hand + MAPPING), {}).document
    assert list(copied.collections) == ["c-33U", "c-34U", "all"]


def test_doubled_braces_are_left_to_the_template(write):
    document = load(write(TILES + EACH + MAPPING), {}).document
    assert document.mappings["m"].id.template == "{{matrix.tile}}-{scene}"


def test_several_axes_give_all_combinations_of_those_that_an_entry_uses(write):
    text = TILES.replace("[matrix]", "[matrix]\nyear = [2023, 2024]").replace(
        '"s-{matrix.tile}"', '"s-{matrix.tile}-{matrix.year}"'
    )
    collection = EACH.replace('from = ["s-{matrix.tile}"]', 'from = ["s-{matrix.tile}-{matrix.year}"]')
    document = load(write(text + collection + MAPPING), {}).document
    assert list(document.sources) == ["s-33U-2023", "s-34U-2023", "s-33U-2024", "s-34U-2024"]
    assert {name: one.from_ for name, one in document.collections.items()} == {
        "c-33U": ["s-33U-2023", "s-33U-2024"],
        "c-34U": ["s-34U-2023", "s-34U-2024"],
    }


def test_tables_as_values_go_together(write):
    text = """
[catalog]
id = "a"
[matrix]
place = [{ id = "a", file = "x.csv", zone = 32633 }, { id = "b", file = "y.csv", zone = 32634 }]
[sources."{matrix.place.id}"]
kind = "table"
path = "{matrix.place.file}"
key = "k"
[mappings."{matrix.place.id}"]
id = "k"
geometry = { lon = "x", lat = "y", crs = "EPSG:{matrix.place.zone}" }
datetime = "t"
[mappings."{matrix.place.id}".properties]
"place:{matrix.place.id}" = { value = ["{matrix.place.id}"] }
"""
    document = load(write(text), {}).document
    assert {name: source.path for name, source in document.sources.items()} == {"a": "x.csv", "b": "y.csv"}
    assert document.mappings["b"].geometry.crs == "EPSG:32634"
    assert document.mappings["b"].properties["place:b"].value == ["b"]


def test_lists_outside_of_entries_and_tables_in_lists_take_all_values(write):
    text = TILES + MAPPING + '[validation]\nschemas = ["own", "schemas/{matrix.tile}"]\n' + ALL
    text += 'providers = [{ name = "Us" }, { name = "Of {matrix.tile}", roles = ["host"] }]\n'
    document = load(write(text), {}).document
    assert document.validation.schemas == ["own", "schemas/33U", "schemas/34U"]
    assert [one["name"] for one in document.collections["all"].providers] == ["Us", "Of 33U", "Of 34U"]


def test_a_list_in_a_table_of_a_list_repeats_within_it(write):
    text = TILES + MAPPING + ALL + 'providers = [{ name = "Us", roles = ["a", "for-{matrix.tile}"] }]\n'
    (provider,) = load(write(text), {}).document.collections["all"].providers
    assert provider["roles"] == ["a", "for-33U", "for-34U"]


def test_values_may_come_from_the_environment_and_from_included_files(write, tmp_path):
    write('[matrix]\ntile = ["${TILE}", 34]\n', "tiles.toml")
    path = write('include = ["tiles.toml"]\n' + TILES.replace('[matrix]\ntile = ["33U", "34U"]', ""))
    assert list(load(path, {"TILE": "33V"}).document.sources) == ["s-33V", "s-34"]


def test_paths_of_copies_in_an_included_file_start_at_its_folder(write, tmp_path):
    (tmp_path / "conf").mkdir()
    write(TILES, "conf/tiles.toml")
    document = load(write('include = ["conf/tiles.toml"]\n'), {}).document
    assert document.sources["s-34U"].path == "conf/data/34U/*.csv"


def test_an_axis_that_nobody_uses_changes_nothing(write):
    text = TILES.replace("[matrix]", '[matrix]\nother = ["x"]')
    assert load(write(text), {}).document == load(write(TILES), {}).document


# ---- what is told ----------------------------------------------------------------------------------------------------


def test_places_of_copies_are_those_of_what_is_written(write):
    recipe = load(write(TILES + EACH + ALL + MAPPING), {})
    assert recipe.at("sources", "s-34U", "path") == recipe.at("sources", "s-33U", "path")
    assert recipe.at("sources", "s-34U", "path").line == 10
    assert recipe.at("collections", "all", "from", "1").line == 21
    assert recipe.at("collections", "c-34U", "extent", "bbox").line == 18


def test_what_is_wrong_in_one_copy_only_names_that_copy(write):
    text = TILES.replace('"34U"]', '""]').replace('"s-{', '"{')
    (problem,) = problems_of(write(text))
    assert (problem.message, problem.at.line) == ("a name in [sources] must not be empty", 8)


def test_a_wrong_matrix_hides_no_other_problem_and_makes_none(write):
    text = TILES.replace('["33U", "34U"]', '"33U"') + EACH + MAPPING + "[build]\njobz = 1\n"
    assert [problem.code for problem in problems_of(write(text))] == ["SB103", "SB101"]


def test_a_copy_and_an_entry_of_that_name_clash(write):
    text = TILES + '[sources.s-34U]\nkind = "table"\npath = "a"\nkey = "k"\n'
    (problem,) = problems_of(write(text))
    assert (problem.code, problem.message) == ("SB115", "the matrix gives two sources the name 's-34U'")


def test_keys_of_a_copy_that_become_one_clash(write):
    mapping = MAPPING.replace("mappings.m]", 'mappings."m-{matrix.tile}"]').replace("{{matrix.tile}}", "")
    text = TILES + mapping + '[mappings."m-{matrix.tile}".properties]\n34U = "a"\n"{matrix.tile}" = "b"\n'
    (problem,) = problems_of(write(text))
    assert problem.message == "the matrix gives two keys of 'properties' of mapping 'm-{matrix.tile}' the name '34U'"
    assert problem.at.line == text[: text.index('"{matrix.tile}" =')].count("\n") + 1


def test_lists_are_found_where_they_are_written_though_copies_clash(write):
    text = (
        TILES + ALL.replace('["s-', '["x", "s-') + MAPPING + '[sources.s-34U]\nkind = "table"\npath = "a"\nkey = "k"\n'
    )
    assert {problem.at.column for problem in problems_of(write(text)) if "unknown source" in problem.message} == {9}


def test_secrets_of_the_matrix_stay_secret_where_they_are_put_in(write):
    text = """
[catalog]
id = "a"
[matrix]
place = [{ id = "a", token = "t0ken-a", user = "${A_PASSWORD}" }, { id = "b", token = "t0ken-b", user = "me-b" }]
[sources."s-{matrix.place.id}"]
kind = "table"
path = "a.csv"
key = "k"
missing = ["{matrix.place.token}", "{matrix.place.user}", "https://x:{matrix.place.id}{matrix.place.id}@example.com"]
"""
    recipe = load(write(text), {"A_PASSWORD": "pa55word"})
    assert recipe.redact("t0ken-a t0ken-b pa55word me-b") == "*** *** *** me-b"
    assert "bb" not in recipe.redact("x:bb")


def test_names_with_dots_in_them_are_found_in_what_reasons_tell(write):
    mapping = (
        MAPPING.replace("mappings.m]", 'mappings."m.2"]') + '[mappings."m.2".properties]\n"a.b" = { from = "x" }\n'
    )
    recipe = load(write(TILES.replace('"33U", "34U"', '"1.0", "1.0.1"') + mapping), {})
    rule = ("mappings", "m.2", "properties", "a.b", "from")
    assert recipe.at_dotted("sources.s-1.0.1.path") == recipe.at("sources", "s-1.0.1", "path")
    assert recipe.at_dotted(".".join(rule)) == recipe.at(*rule)
    assert recipe.at_dotted("mappings.m.2.nothing.here") == recipe.at("mappings", "m.2")


# ---- builds ----------------------------------------------------------------------------------------------------------

ROWS = "scene,lon,lat,date\n{0}a,1,2,2024-01-01T00:00:00Z\n{0}b,3,4,2024-01-02T00:00:00Z\n"
OUTPUT = '[outputs.lines]\nkind = "ndjson"\npath = "dist/{collection}.ndjson"\n[build]\nexecutor = "serial"\n'


@pytest.fixture
def build(write, tmp_path, monkeypatch):
    """Write a recipe, build it, and return how often each stage ran."""
    for name in NO_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for tile in ("33U", "34U", "35U"):
        (tmp_path / "data" / tile).mkdir(parents=True)
        (tmp_path / "data" / tile / "a.csv").write_text(ROWS.format(tile))

    def build(text):
        write(text)
        report = stacbuild.open().build()
        assert report.exit == 0
        return {stage: count["ran"] for stage, count in report.stages.items() if count["ran"]}

    return build


def test_one_more_value_builds_its_copy_and_no_other(build):
    text = TILES + EACH + MAPPING + OUTPUT
    assert build(text)["transform"] == 4
    assert build(text.replace('"34U"]', '"34U", "35U"]')) == {"fetch": 2, "transform": 2, "validate": 2, "write": 2}


def test_copies_written_out_by_hand_build_nothing_again(build):
    build(TILES + EACH + MAPPING + OUTPUT)
    kept = [TILES.split("[matrix]", maxsplit=1)[0], MAPPING, OUTPUT]
    entries = (TILES + EACH).split('["33U", "34U"]')[1]
    assert build("\n".join([*kept, *(entries.replace("{matrix.tile}", tile) for tile in ("33U", "34U"))])) == {}


def test_what_changed_in_a_copy_is_told_with_the_line_that_is_written(build):
    text = TILES + EACH + MAPPING.replace("mappings.m]", 'mappings."m-{matrix.tile}"]') + OUTPUT
    text = text.replace('mapping = "m"', 'mapping = "m-{matrix.tile}"').replace("{{matrix.tile}}", "{matrix.tile}")
    build(text)
    written = text.replace('datetime = "date"', 'datetime = { from = "date", as = "datetime" }')
    (Path.cwd() / "stacbuild.toml").write_text(written)
    places = {reason.at for target in stacbuild.open().status().stale for reason in target.reasons}
    line = written[: written.index("datetime =")].count("\n") + 1
    assert {int(place.split(":")[1]) for place in places} == {line}


# ---- size ------------------------------------------------------------------------------------------------------------


def numbers(count):
    return "[" + ", ".join(map(str, range(count))) + "]"


def test_as_many_copies_as_are_taken_are_made_quickly(write):
    text = TILES.replace('["33U", "34U"]', numbers(MOST_COPIES)) + ALL + MAPPING
    started = time.perf_counter()
    document = load(write(text), {}).document
    assert len(document.sources) == len(document.collections["all"].from_) == MOST_COPIES
    assert time.perf_counter() - started < 20


def test_a_wrong_name_in_every_copy_is_told_quickly_and_once(write):
    text = TILES.replace('["33U", "34U"]', numbers(MOST_COPIES // 2)) + EACH.replace('["s-', '["t-') + ALL + MAPPING
    started = time.perf_counter()
    (problem,) = problems_of(write(text))
    assert problem.message == "collection 'c-0': unknown source \"t-0\" (and 4,999 more like it)"
    assert time.perf_counter() - started < 30


def test_more_copies_than_are_taken_are_an_error_before_they_are_made(write):
    text = TILES.replace('["33U", "34U"]', numbers(MOST_COPIES + 1)) + ALL + MAPPING
    assert [problem.code for problem in problems_of(write(text))] == ["SB115"]


def test_more_values_than_are_taken_are_an_error_before_they_are_made(write):
    axes = "".join(f"a{number} = {numbers(30)}\n" for number in range(5))
    names = "".join(f"{{matrix.a{number}}}" for number in range(5))
    text = f'[catalog]\nid = "a"\n[matrix]\n{axes}[collections.all]\nfrom = ["{names}"]\n'
    (problem, *_) = problems_of(write(text))
    assert f"more than {MOST_VALUES:,} values" in problem.message
