"""Examples and ready recipes hold what they say: they check, build offline, validate, and build again for nothing."""

import hashlib
import json
import shutil
import socket
from pathlib import Path

import pystac
import pytest
from pyarrow import parquet
from pystac.validation.stac_validator import JsonSchemaSTACValidator

import stacbuild
from stacbuild import working
from stacbuild.execute import processes
from stacbuild.failures import SurroundingsError

ROOT = Path(__file__).parents[1]
RECIPES = sorted(path.parent for top in ("examples", "recipes") for path in (ROOT / top).glob("*/stacbuild.toml"))
QUICKSTART = ROOT / "examples" / "quickstart"


def a_copy(recipe, folder):
    """Copy a recipe's folder without what builds left in it, and return where the copy is."""
    return Path(shutil.copytree(recipe, folder, ignore=shutil.ignore_patterns(".stacbuild", "dist")))


def opened(folder):
    return stacbuild.open("stacbuild.toml", directory=folder, environ={})


def tree(folder):
    """Return the digest of every file below `folder`."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def stats(folder):
    """Return inode and time of every file and folder below `folder`: what a write moves."""
    return {str(path): (path.stat().st_ino, path.stat().st_mtime_ns) for path in folder.rglob("*")}


def with_executor(folder, executor):
    """Write the executor into a copy's recipe."""
    recipe = folder / "stacbuild.toml"
    recipe.write_text(f'{recipe.read_text()}\n[build]\nexecutor = "{executor}"\n')


def documents(site):
    """Return the documents of a tree with their kinds, as pystac names them."""
    read = [json.loads(path.read_text()) for path in sorted(site.rglob("*.json"))]
    return [(document, "Item" if document["type"] == "Feature" else document["type"]) for document in read]


@pytest.fixture(autouse=True)
def no_schemas(monkeypatch, tmp_path):
    """No schemas but those of the core, whatever the user of this machine has fetched."""
    monkeypatch.setenv("STACBUILD_SCHEMAS", str(tmp_path / "schemas"))


@pytest.fixture(params=RECIPES, ids=lambda path: path.name)
def folder(request, tmp_path):
    return a_copy(request.param, tmp_path / "copy")


def test_recipe_checks_without_problems_and_writes_nothing(folder):
    before = tree(folder)
    report = opened(folder).check()
    assert (report.problems, report.failures, int(report.exit)) == ([], [], 0)
    assert {warning.code for warning in report.warnings} <= {"SB302"}  # schemas of extensions are pulled by the user
    assert report.sample["tried"] > 0
    assert tree(folder) == before


def test_recipe_builds_a_catalog_that_pystac_opens_and_whose_documents_keep_the_core_schemas(folder, monkeypatch):
    def refused(*_):
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refused)
    report = opened(folder).build()
    assert (int(report.exit), report.failures["count"]) == (0, 0)
    catalog = pystac.Catalog.from_file(str(folder / "dist" / "site" / "catalog.json"))
    items = list(catalog.get_items(recursive=True))
    assert len(items) == report.items["total"] > 0
    declared = any(item.stac_extensions for item in items)
    assert [warning.code for warning in report.warnings] == (["SB703"] if declared else [])
    validator = JsonSchemaSTACValidator()
    for document, kind in documents(folder / "dist" / "site"):
        validator.validate_core(document, pystac.STACObjectType[kind.upper()], "1.1.0")


def test_second_build_does_nothing(folder):
    opened(folder).build()
    before = stats(folder / "dist")
    report = opened(folder).build()
    assert {name: stage["ran"] for name, stage in report.stages.items() if stage["ran"]} == {}
    assert {name for name, output in report.outputs.items() if output["written"] or output["removed"]} == set()
    assert stats(folder / "dist") == before


def test_scene_without_an_estimate_is_an_item_without_cloud_cover(tmp_path):
    folder = a_copy(QUICKSTART, tmp_path / "copy")
    opened(folder).build()
    catalog = pystac.Catalog.from_file(str(folder / "dist" / "site" / "catalog.json"))
    without = [item.id for item in catalog.get_items(recursive=True) if "eo:cloud_cover" not in item.properties]
    assert without == ["RIGA_K2_20240526"]


EXAMPLES = ROOT / "examples"


def item_in(folder, path):
    return json.loads((folder / "dist/site" / path).read_bytes())


def test_a_clone_has_a_mirror_in_each_asset_and_a_table_in_each_collection(tmp_path):
    folder = a_copy(EXAMPLES / "clone", tmp_path / "copy")
    opened(folder).build()
    asset = item_in(folder, "rivers/rhine-1/rhine-1.json")["assets"]["data"]
    assert asset["href"] == "https://data.example.com/rivers/rhine-1.tif"
    assert asset["alternate"]["mirror"]["href"] == "https://mirror.example.org/rivers/rhine-1.tif"
    for name, rows in (("lakes", 3), ("rivers", 2)):
        catalog = pystac.Collection.from_file(str(folder / f"dist/site/{name}/collection.json"))
        assert (catalog.title, catalog.license) == (name.title(), "CC-BY-4.0")  # as upstream has them
        (table,) = [one for one in catalog.assets.values() if "collection-mirror" in one.roles]
        assert parquet.read_metadata(table.get_absolute_href()).num_rows == rows


def test_an_updated_catalog_has_the_new_scene_in_place_of_the_old_and_makes_what_is_dropped_alone(tmp_path):
    folder = a_copy(EXAMPLES / "update", tmp_path / "copy")
    report = opened(folder).build()
    assert report.items["total"] == 4
    assert item_in(folder, "flats/sylt-2/sylt-2.json")["properties"]["gsd"] == 2.5
    shutil.copy(folder / "later/amrum-1.json", folder / "drop")
    report = opened(folder).build()
    assert (report.items["added"], report.items["unchanged"]) == (1, 4)
    assert report.outputs["site"]["written"] == 2  # the item, and the collection that names it


def test_a_catalog_that_pystac_wrote_is_taken_over_only_when_that_is_asked_for(tmp_path):
    folder = a_copy(EXAMPLES / "update", tmp_path / "copy")
    shutil.copytree(folder / "published", folder / "dist/site")
    before = tree(folder / "dist")
    with pytest.raises(SurroundingsError, match="no build wrote is in the way"):
        opened(folder).build()
    assert tree(folder / "dist") == before
    opened(folder).build(adopt=True)
    taken = tree(folder / "dist/site")
    shutil.rmtree(folder / "dist")
    opened(folder).build()
    assert tree(folder / "dist/site") == taken


def test_patches_are_told_by_name_and_kept_on_record(tmp_path):
    folder = a_copy(EXAMPLES / "patches", tmp_path / "copy")
    report = opened(folder).build()
    assert report.patches == {
        "no-clouds": {"matched": 1, "changed": 0, "dropped": 1},
        "fix-gsd": {"matched": 1, "changed": 1, "dropped": 0},
        "instruments": {"matched": 4, "changed": 4, "dropped": 0},
        "roles": {"matched": 4, "changed": 4, "dropped": 0},
    }
    properties = item_in(folder, "kites/s1/s1.json")["properties"]
    assert (properties["gsd"], properties["instruments"], "comment" in properties) == (1.0, ["narrow"], False)
    assert len((folder / ".stacbuild/changes.ndjson").read_text().splitlines()) >= 4


@pytest.fixture
def small_chunks(monkeypatch):
    """Chunks so small that workers are started for a few items; gives the workers that were."""
    started = []

    class Worker(processes._Worker):
        def __init__(self, *args):
            super().__init__(*args)
            started.append(self)

    monkeypatch.setattr(working, "CHUNK_JOBS", 1)
    monkeypatch.setattr(working, "CHUNKS", working.CHUNKS._replace(few=0))
    monkeypatch.setattr(processes, "_Worker", Worker)
    return started


@pytest.mark.parametrize("jobs", [1, 2, 3])
def test_processes_give_the_bytes_of_the_serial_executor(folder, jobs, tmp_path, small_chunks):
    other = a_copy(folder, tmp_path / "other")
    with_executor(folder, "serial")
    with_executor(other, "processes")
    opened(folder).build()
    assert small_chunks == []
    opened(other).build(jobs=jobs)
    assert len(small_chunks) == (jobs if jobs > 1 else 0)
    assert tree(folder / "dist") == tree(other / "dist")
