"""Ready recipes: what their READMEs say is so, odd records come out right, extensions are kept, real tables build.

That each checks and builds offline, and again for nothing, is in test_examples.py, for examples and recipes alike.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import stacbuild

ROOT = Path(__file__).parents[1]
RECIPES = sorted(path.parent for path in (ROOT / "recipes").glob("*/stacbuild.toml"))
EXAMPLES = sorted(path.parent for path in (ROOT / "examples").glob("*/stacbuild.toml"))
DATA = ROOT.parent / "shared" / "data"
SCHEMAS = DATA / "schemas"
BLOCK = re.compile(r"^```(?P<language>[a-z]+)\n(?P<body>.*?)^```$", re.DOTALL | re.MULTILINE)
READS = re.compile(r"\$\{([A-Z0-9_]+):-")
ASSIGNS = re.compile(r"\b([A-Z][A-Z0-9_]+)=")

beside = pytest.mark.skipif(not DATA.is_dir(), reason="the real data are not beside this repository")


@pytest.fixture(autouse=True)
def no_schemas(monkeypatch, tmp_path):
    """No schemas but those of the core, whatever the user of this machine has fetched."""
    monkeypatch.setenv("STACBUILD_SCHEMAS", str(tmp_path / "schemas"))


@pytest.fixture(params=RECIPES, ids=lambda path: path.name)
def recipe(request):
    return request.param


def copied(recipe, folder):
    return Path(shutil.copytree(recipe, folder, ignore=shutil.ignore_patterns(".stacbuild", "dist")))


def built(name, folder, **environ):
    """Build a copy of a recipe; return the report and the items by id."""
    copied(ROOT / "recipes" / name, folder)
    report = stacbuild.open("stacbuild.toml", directory=folder, environ=environ).build()
    lines = [line for path in sorted((folder / "dist").glob("*.ndjson")) for line in path.read_text().splitlines()]
    return report, {item["id"]: item for item in map(json.loads, lines)}


def blocks(recipe, language):
    text = (recipe / "README.md").read_text()
    return [match["body"] for match in BLOCK.finditer(text) if match["language"] == language]


def ran(command, folder):
    """Run a command line as a user would, with this stacbuild; it has to succeed."""
    start = f'"{sys.executable}" -c "import sys; from stacbuild.cli.main import main; sys.exit(main())"'
    shell = ["sh", "-c", f'stacbuild() {{ {start} "$@"; }}\n{command}']
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(shell, cwd=folder, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, f"$ {command}\n{done.stdout}{done.stderr}"


# ---- what READMEs say ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("project", [*RECIPES, *EXAMPLES], ids=lambda path: path.name)
def test_commands_of_the_readme_run_in_a_copy(project, tmp_path):
    commands = [line[2:] for body in blocks(project, "console") for line in body.splitlines() if line.startswith("$ ")]
    verbs = [command.split()[1] for command in commands if command.startswith("stacbuild ")]
    assert verbs[:2] == ["check", "build"] if project in RECIPES else "build" in verbs
    folder = copied(project, tmp_path / "copy")
    for command in commands:
        ran(command, folder)
    assert (folder / "dist" / "site" / "catalog.json").is_file()


def test_readme_sets_the_variables_that_the_recipe_reads(recipe):
    read = set(READS.findall((recipe / "stacbuild.toml").read_text()))
    told = set(ASSIGNS.findall("".join(blocks(recipe, "sh"))))
    assert told <= read
    assert len(told) >= min(1, len(read))


def test_what_the_readme_adds_to_the_recipe_checks(recipe, tmp_path):
    folder = copied(recipe, tmp_path / "copy")
    for body in blocks(recipe, "toml"):
        with (folder / "stacbuild.toml").open("a") as file:
            file.write(f"\n{body}")
    report = stacbuild.open("stacbuild.toml", directory=folder, environ={}).check()
    assert (report.problems, report.failures) == ([], [])


def test_numbers_of_records_that_the_readme_tells_are_those_of_the_fixture(recipe, tmp_path):
    words = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    (told,) = re.findall(r"# the fixture: (\w+) invented", (recipe / "README.md").read_text())
    report, _ = built(recipe.name, tmp_path / "copy")
    assert report.stages["fetch"]["ran"] == words.index(told)


def test_every_recipe_is_in_the_index_and_its_links_lead_somewhere(recipe):
    index = (ROOT / "recipes" / "README.md").read_text()
    assert f"| [{recipe.name}]({recipe.name}/README.md) |" in index
    text = (recipe / "README.md").read_text()
    targets = re.findall(r"\]\((?!https?:)([^)#]+)\)", text)
    assert [target for target in targets if not (recipe / target).exists()] == []


def test_recipes_are_recipes_and_no_programs():
    files = [path for path in (ROOT / "recipes").rglob("*") if path.is_file() and "dist" not in path.parts]
    assert {path.suffix for path in files if ".stacbuild" not in path.parts} == {
        ".toml", ".md", ".csv", ".tsv", ".json", ".ndjson", ".geojson", ".parquet"
    }  # fmt: skip


def test_every_collection_says_whose_the_data_are(recipe):
    if recipe.name.startswith("stac-"):
        pytest.skip("whose items of others are, their collections say")
    document = stacbuild.open("stacbuild.toml", directory=recipe, environ={}).recipe.document
    for collection in document.collections.values():
        assert collection.title
        assert collection.description
        assert collection.providers
        assert collection.keywords
        assert collection.summaries


def test_collections_with_a_licence_of_no_known_name_link_to_it(recipe, tmp_path):
    if recipe.name.startswith("stac-"):
        pytest.skip("whose items of others are, their collections say")
    folder = tmp_path / "copy"
    built(recipe.name, folder)
    for path in (folder / "dist" / "site").glob("*/collection.json"):
        collection = json.loads(path.read_text())
        rels = [link["rel"] for link in collection["links"]]
        assert rels.count("license") == (1 if collection["license"] == "other" else 0)
        assert rels[:2] == ["root", "parent"]


# ---- odd records ---------------------------------------------------------------------------------------------------


def test_box_across_the_antimeridian_becomes_two_polygons(tmp_path):
    _, scenes = built("sentinel-2-scene-list", tmp_path / "copy")
    (across,) = [item for item in scenes.values() if item["geometry"]["type"] == "MultiPolygon"]
    assert across["properties"]["grid:code"] == "MGRS-01WCU"
    assert across["bbox"] == [178.9803, 66.5504, -178.3606, 67.6201]


def test_product_of_several_tiles_is_several_items(tmp_path):
    _, scenes = built("sentinel-2-scene-list", tmp_path / "copy")
    uris = [item["properties"]["s2:product_uri"] for item in scenes.values()]
    assert len(uris) == len(set(uris)) + 1


def test_satellite_is_known_by_the_products_name(tmp_path):
    _, scenes = built("sentinel-2-scene-list", tmp_path / "copy")
    told = {item["properties"]["s2:product_uri"][:3]: item["properties"]["platform"] for item in scenes.values()}
    assert told == {"S2A": "sentinel-2a", "S2B": "sentinel-2b"}
    assert all("platform" in item["properties"] for item in scenes.values())


def test_cloud_cover_that_was_not_estimated_is_left_out(tmp_path):
    _, scenes = built("sentinel-2-scene-list", tmp_path / "s2")
    _, landsat = built("landsat-scene-list", tmp_path / "landsat")
    without = [item for item in (*scenes.values(), *landsat.values()) if "eo:cloud_cover" not in item["properties"]]
    assert sorted(item["collection"] for item in without) == ["landsat-8-c1-l1", "landsat-oli-c1-l1", "sentinel-2-l1c"]
    assert all(item["properties"].get("eo:cloud_cover", 0) >= 0 for item in landsat.values())


def test_bands_are_numbered_as_each_sensor_numbers_them(tmp_path):
    _, items = built("landsat-scene-list", tmp_path / "copy")
    red = {item["properties"]["platform"]: item["assets"].get("red") for item in items.values()}
    assert red["landsat-5"]["href"].endswith("_01_T1_B3.TIF")
    assert red["landsat-5"]["bands"] == [{"name": "B3", "eo:common_name": "red"}]
    of_8 = [item for item in items.values() if item["collection"] == "landsat-oli-c1-l1"]
    assert {item["assets"]["red"]["bands"][0]["name"] for item in of_8} == {"B4"}


def test_landsat_paths_and_rows_have_three_digits(tmp_path):
    _, items = built("landsat-scene-list", tmp_path / "copy")
    found = [item["properties"] for item in items.values()]
    places = {(properties["landsat:wrs_path"], properties["landsat:wrs_row"]) for properties in found}
    assert places == {("193", "023"), ("074", "012"), ("012", "029")}


def test_naip_days_are_read_from_text_and_from_numbers_and_half_metres_from_nought(tmp_path):
    _, items = built("naip", tmp_path / "copy")
    assert items["m_4012201_sw_10_1_20140708_20140923"]["properties"]["datetime"] == "2014-07-08T00:00:00Z"
    ridge = items["m_4012009_se_11_h_20140711_20140923"]["properties"]
    assert (ridge["gsd"], ridge["proj:code"], ridge["grid:code"]) == (0.5, "EPSG:26911", "DOQQ-4012009SE")


def test_photos_have_the_cameras_zone_and_may_have_no_position(tmp_path):
    _, photos = built("points-csv", tmp_path / "copy")
    times = {name: photo["properties"]["datetime"] for name, photo in photos.items()}
    assert times["P0001"] == "2024-06-14T07:30:00Z"  # summer: two hours ahead
    assert times["P0005"] == "2024-11-03T11:00:00Z"  # winter: one
    assert times["P0006"] == "2024-10-27T00:30:00Z"  # the first of the hour that comes twice
    assert photos["P0005"]["geometry"] is None
    assert "bbox" not in photos["P0005"]
    assert photos["P0003"]["properties"]["subjects"] == ["cliff", "birds"]
    assert "subjects" not in photos["P0004"]["properties"]


def test_footprints_in_metres_come_out_in_degrees_with_their_holes(tmp_path):
    _, flights = built("wkt-table", tmp_path / "copy")
    west, south, east, north = flights["F24-001"]["bbox"]
    assert (round(west, 3), 59.9 < south < north < 60.1) == (21.0, True)  # x = 500,000 m is the zone's middle
    assert 21.0 < east < 21.1
    assert [len(flights[name]["geometry"]["coordinates"]) for name in ("F24-002", "F24-003")] == [2, 2]
    assert flights["F24-001"]["properties"]["flying_height"] == 914.4
    assert flights["F24-001"]["properties"]["datetime"] is None


def test_image_that_an_acquisition_lacks_is_no_asset(tmp_path):
    _, tiles = built("maxar-open-data-geojson", tmp_path / "copy")
    lacking = [name for name, tile in tiles.items() if "data-mask" not in tile["assets"]]
    assert lacking == ["34_120022013211_10300EXAMPLE0B00"]
    assert {len(tile["assets"]) for tile in tiles.values()} == {3, 4}


def test_items_of_several_files_go_to_the_collections_that_they_name(tmp_path):
    _, items = built("stac-items-folder", tmp_path / "copy")
    assert {name: item["collection"] for name, item in items.items()} == {
        "lake-001": "lakes", "lake-002": "lakes", "river-001": "rivers", "river-002": "rivers", "river-003": "rivers"
    }  # fmt: skip
    site = tmp_path / "copy" / "dist" / "site"
    lake = json.loads((site / "lakes" / "lake-002" / "lake-002.json").read_text())
    image = (site / "lakes" / "lake-002" / lake["assets"]["data"]["href"]).resolve()
    assert image == tmp_path / "copy" / "fixture" / "tiles" / "lake-002.tif"


# ---- with real schemas and real tables -----------------------------------------------------------------------------


@beside
def test_items_keep_the_extensions_that_they_declare(recipe, tmp_path, monkeypatch):
    monkeypatch.setenv("STACBUILD_SCHEMAS", str(SCHEMAS))
    report, items = built(recipe.name, tmp_path / "copy")
    assert (report.failures["count"], report.warnings) == (0, [])
    prefixes = {"eo", "proj", "view", "grid", "s2"}  # landsat: its README says why that is not declared
    for item in items.values():
        used = {name.partition(":")[0] for name in item["properties"]} & prefixes
        declared = {url.split("/")[3] for url in item["stac_extensions"]}
        assert used <= {{"projection": "proj", "sentinel-2": "s2"}.get(name, name) for name in declared}


@beside
@pytest.mark.parametrize(
    ("name", "variable", "place", "items"),
    [
        ("maxar-open-data-geojson", "MAXAR_GEOJSON", "geojson/maxar", 431),
        ("stac-geoparquet", "STAC_GEOPARQUET", "parquet", 1010),
    ],
)
def test_real_files_build_without_a_failure(name, variable, place, items, tmp_path, monkeypatch):
    monkeypatch.setenv("STACBUILD_SCHEMAS", str(SCHEMAS))
    report, found = built(name, tmp_path / "copy", **{variable: str(DATA / place)})
    assert (int(report.exit), report.failures["count"]) == (0, 0)
    assert report.items["total"] == len(found) == items


@beside
def test_real_scene_tables_build_without_a_failure(tmp_path, monkeypatch):
    monkeypatch.setenv("STACBUILD_SCHEMAS", str(SCHEMAS))
    tables = tmp_path / "tables"
    tables.mkdir()
    for path in (DATA / "csv").glob("maxar-*.tsv"):
        (tables / path.name).symlink_to(path)
    report, found = built("maxar-open-data", tmp_path / "copy", MAXAR_TABLES=str(tables))
    assert (int(report.exit), report.warnings) == (0, [])
    assert len(found) == 186 + 4207
