"""`check --quick` is quick enough for every keystroke's save: half a second, and no heavy library."""

import resource
import subprocess
import sys

import pytest
from goods import ROOT

HEAVY = ("pyarrow", "shapely", "httpx", "rich", "cql2", "antimeridian", "pystac", "jsonschema_rs", "pyproj", "numpy")
LARGE = (
    '[catalog]\nid = "large"\n[matrix]\ntile = ['
    + ", ".join(f'"{number:03}"' for number in range(100))
    + """]
[sources."s-{matrix.tile}"]
kind = "table"
path = "*.csv"
key = "id"
[mappings."m-{matrix.tile}"]
id = { template = "{matrix.tile}-{id}" }
geometry = { lon = "x", lat = "y" }
datetime = "t"
[collections."c-{matrix.tile}"]
from = ["s-{matrix.tile}"]
mapping = "m-{matrix.tile}"
[outputs."o-{matrix.tile}"]
kind = "ndjson"
path = "dist/{matrix.tile}.ndjson"
collections = ["c-{matrix.tile}"]
"""
)


def checked(folder, *words):
    command = [sys.executable, *words, "-m", "stacbuild", "check", "--quick"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


def seconds(folder):
    """Return the least CPU time of three runs: the machine may have other work."""

    def run():
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert checked(folder).returncode == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    return min(run() for _ in range(3))


@pytest.fixture
def large(tmp_path):
    (tmp_path / "stacbuild.toml").write_text(LARGE)
    (tmp_path / "a.csv").write_text("id,x,y,t\n")
    return tmp_path


def test_an_example_is_checked_in_less_than_half_a_second():
    assert seconds(ROOT / "examples" / "quickstart") < 0.5


def test_a_recipe_of_four_hundred_tables_is_checked_in_less_than_half_a_second(large):
    assert seconds(large) < 0.5


def test_no_heavy_library_is_loaded():
    loaded = checked(ROOT / "examples" / "quickstart", "-X", "importtime").stderr
    names = {line.rpartition("|")[2].strip().split(".")[0] for line in loaded.splitlines()}
    assert "msgspec" in names
    assert names & set(HEAVY) == set()


def test_records_are_not_looked_at(large):
    (large / "a.csv").write_bytes(b"\xff\xfe\x00broken")
    assert checked(large).returncode == 0
