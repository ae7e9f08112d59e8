"""Versions of libraries, asked without importing them."""

import subprocess
import sys
from importlib.metadata import version

import pytest

from stacbuild.stages.versions import version_of


@pytest.mark.parametrize("library", ["shapely", "pyproj", "antimeridian", "tzdata", "jsonschema-rs", "PyYAML"])
def test_version_is_the_one_that_is_installed(library):
    assert version_of(library) == f"{library} {version(library)}"


def test_a_library_without_a_folder_of_that_name_is_asked_of_the_metadata(tmp_path, monkeypatch):
    (tmp_path / "else_where-1.0.egg-info").mkdir()
    (tmp_path / "else_where-1.0.egg-info/PKG-INFO").write_text(
        "Metadata-Version: 2.1\nName: Else-Where\nVersion: 1.0\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    assert version_of("else-where") == "else-where 1.0"


def test_asking_loads_nothing():
    code = """
import sys
from stacbuild.stages.geometry import platform_versions
from stacbuild.recipe.schema import Geometry
assert platform_versions(Geometry(wkt="w", crs="EPSG:32633"))
sys.exit(bool({"shapely", "pyproj", "numpy", "antimeridian", "importlib.metadata"} & set(sys.modules)))
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
