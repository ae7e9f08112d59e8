"""Tables, item collections and mirrors on a disk that is full or may not be written, and killed while they are written.

Trees and lines of items have the same in test_bad_output and test_kill.
"""

import os
import subprocess
import sys
import time

import pytest
from kitchen import NO_VARIABLES, Kitchen, row

ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in NO_VARIABLES} | {"NO_COLOR": "1"}
BUILD = [sys.executable, "-m", "stacbuild", "build"]


def kitchen_of(folder, rows):
    kitchen = Kitchen(folder, rows=[row(number, note=f"{number:0100d}") for number in range(rows)])
    kitchen.recipe["outputs"] |= {
        "table": {"kind": "geoparquet", "path": "dist/tables/{collection}.parquet"},
        "features": {"kind": "item-collection", "path": "dist/features/{collection}.geojson"},
    }
    kitchen.recipe["outputs"]["site"] |= {"mirror": "table", "readme": True}
    kitchen.save()
    return kitchen


def unfinished(kitchen):
    return [path for path in kitchen.tree() if "/.stacbuild-" in path and "manifest" not in path]


@pytest.fixture
def mounted():
    """Give a function that mounts a small file system on a folder, or changes its options."""
    folders = []

    def mount(folder, options):
        folder.mkdir(parents=True, exist_ok=True)
        again = "remount," if folder in folders else ""
        words = ["mount", "-t", "tmpfs", "-o", again + options, "tmpfs", str(folder)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"no small file system can be mounted here: {done.stderr.strip()}")
        folders.append(folder)

    yield mount
    for folder in dict.fromkeys(folders):
        subprocess.run(["umount", "-l", str(folder)], check=False)


@pytest.mark.parametrize("place", ["dist/tables", "dist/features"])
@pytest.mark.parametrize(("options", "words"), [("size=8k", "the disk is full"), ("ro", "Read-only file system")])
def test_what_cannot_be_written_is_exit_6_by_name_and_the_next_build_finishes(tmp_path, mounted, place, options, words):
    kitchen = kitchen_of(tmp_path / "here", 300)
    mounted(kitchen / place, options)
    done = kitchen.run("build")
    assert done.exit == 6
    assert f"{place}/one." in done.err
    assert words in done.err
    assert not unfinished(kitchen)
    mounted(kitchen / place, "rw,size=100m")
    kitchen.build()
    other = kitchen_of(tmp_path / "other", 300)
    other.build()
    assert kitchen.tree("dist") == other.tree("dist")


@pytest.mark.parametrize("after", [0, 0.05])
def test_a_build_killed_while_it_writes_a_table_is_completed_by_the_next(tmp_path, after):
    kitchen = kitchen_of(tmp_path / "here", 2000)
    process = subprocess.Popen(BUILD, cwd=kitchen.folder, env=ENVIRONMENT, stderr=subprocess.DEVNULL)
    end = time.monotonic() + 60
    while not (kitchen / "dist/tables").is_dir() and process.poll() is None and time.monotonic() < end:
        time.sleep(0.002)
    time.sleep(after)
    process.kill()
    process.wait()
    kitchen.build()
    assert not unfinished(kitchen)
    other = kitchen_of(tmp_path / "other", 2000)
    other.build()
    assert kitchen.tree("dist") == other.tree("dist")
