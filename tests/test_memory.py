"""Ten times as many items take hardly more memory: the peak of a build over all its processes, at 5,000 and 50,000."""

import csv
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SAMPLE = 0.02
FEW, MANY = 5_000, 50_000
FACTOR, BYTES_AN_ITEM = 1.3, 300

RECIPE = """
[catalog]
id = "memory"
[sources.rows]
kind = "table"
path = "*.csv"
key = "key"
[mappings.plain]
id = { template = "item-{key}" }
geometry = { lon = "lon", lat = "lat" }
datetime = "date"
[mappings.plain.properties]
platform = "platform"
[mappings.plain.assets.data]
href = { template = "https://data.example.com/{key}.tif" }
[collections.one]
from = ["rows"]
mapping = "plain"
summaries = ["platform"]
[build]
executor = "processes"
jobs = 2
[outputs.lines]
kind = "ndjson"
path = "dist/{collection}.ndjson"
"""
SITE = """
[outputs.site]
kind = "stac-json"
path = "dist/site"
"""


def a_catalog(folder, number, recipe):
    folder.mkdir()
    (folder / "stacbuild.toml").write_text(recipe)
    for first in range(0, number, FEW):
        with (folder / f"rows-{first:06}.csv").open("w", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(["key", "lon", "lat", "date", "platform"])
            for i in range(first, first + FEW):
                date = f"20{10 + i % 15}-{1 + i % 12:02}-{1 + i % 28:02}T10:00:00Z"
                writer.writerow([f"record-{i:08}", i % 360 - 180, i % 180 - 90, date, f"scout-{i % 3}"])


def below(top):
    """Return the ids of a process and all below it."""
    children = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            children.setdefault(int(file.read_bytes().rpartition(b")")[2].split()[1]), []).append(int(file.parent.name))
        except OSError:
            continue
    found = [top]
    for pid in found:
        found.extend(children.get(pid, ()))
    return found


def kilobytes(pid, file, name):
    try:
        lines = Path(f"/proc/{pid}/{file}").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(name)), 0)


def peak(folder):
    """Build, and return the greatest sum of memory over the build and its workers, and what each had at its own worst.

    The sum is sampled, pages that several processes share count in parts (PSS). What each had (VmHWM) is for the
    message: these moments are not the same, so that their sum is none that ever was.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "stacbuild", "build"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    errors = []
    reader = threading.Thread(target=lambda: errors.append(process.stderr.read()))
    reader.start()
    sampled, highest, pause = 0, {}, threading.Event()
    while process.poll() is None:
        pids = below(process.pid)
        sampled = max(sampled, sum(kilobytes(pid, "smaps_rollup", "Pss:") for pid in pids))
        for pid in pids:  # the last that is seen counts: before its exec a child shows its parent's
            highest[pid] = kilobytes(pid, "status", "VmHWM:") or highest.get(pid, 0)
        pause.wait(SAMPLE)
    reader.join()
    assert process.returncode == 0, f"exit status {process.returncode}: " + errors[0].decode()[-2000:]
    return sampled * 1024, [size * 1024 for size in highest.values()]


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="no /proc that tells the memory of processes")
@pytest.mark.parametrize("recipe", [RECIPE, RECIPE + SITE], ids=["ndjson", "ndjson-and-site"])
def test_peak_hardly_grows_with_the_number_of_items(tmp_path, recipe):
    peaks, told = {}, ""
    for number in (FEW, MANY):
        folder = tmp_path / str(number)
        a_catalog(folder, number, recipe)
        peaks[number], highest = peak(folder)
        assert len(highest) == 3, "a parent and two workers"
        assert (folder / "dist" / "one.ndjson").read_bytes().count(b"\n") == number
        each = ", ".join(f"{size / 1e6:.0f}" for size in highest)
        told += f"{number:,} items: {peaks[number] / 1e6:.0f} MB (highest of each: {each}); "
    bound = FACTOR * peaks[FEW] + BYTES_AN_ITEM * MANY
    print(f"{told}bound: {bound / 1e6:.0f} MB")
    assert peaks[MANY] <= bound, f"{told}bound: {bound / 1e6:.0f} MB"
