"""Examples and ready recipes hold what they say: they check, build offline, validate, and build again for nothing."""

import hashlib
import json
import shutil
import socket
from pathlib import Path

import pystac
import pytest
from pystac.validation.stac_validator import JsonSchemaSTACValidator

import stacbuild
from stacbuild import working
from stacbuild.execute import processes

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


@pytest.fixture
def small_chunks(monkeypatch):
    """Chunks so small that workers are started for a few items; gives the workers that were."""
    started = []

    class Worker(processes._Worker):
        def __init__(self, *args):
            super().__init__(*args)
            started.append(self)

    monkeypatch.setattr(working, "CHUNK_JOBS", 1)
    monkeypatch.setattr(processes, "_FEW", 0)
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
