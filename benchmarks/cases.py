"""The cases: what is done to a built catalog before it is built again, and how often that is measured.

Each is a whole process, its start included. Compared are: cold with the straight-line script, in turn, so that a slow
minute of the machine hits both; every other case with cold. After `cold` both catalogs are read and must hold the same
items, collections and catalogs. Where time goes: a no-op reads the recipe, one small file of memory and a stat a file;
one record changed adds reading one table file and writing the NDJSON file and the collection anew; mapping changed is
cold without listing; deleted outputs cost the writing alone; lost memory costs listing and looking everything up.
"""

import shutil
import statistics
import sys
from pathlib import Path

import msgspec

from benchmarks import measure, workload

STACBUILD = [sys.executable, "-m", "stacbuild"]
STRAIGHT = [sys.executable, str(Path(__file__).with_name("straight.py")), "."]
REFERENCE = [sys.executable, str(Path(__file__).with_name("reference.py"))]
SAMPLE = 300


class Bench:
    """One workload in one variant; `results` has the runs of each case."""

    def __init__(self, folder, variant, jobs, records, told):
        self.folder, self.variant, self.records, self.told = folder, variant, records, told
        self.recipe = workload.recipe(variant, jobs)
        self.results = {}
        self._write_recipe(self.recipe)

    def _write_recipe(self, text):
        (self.folder / "stacbuild.toml").write_text(text)

    def _run(self, case, command):
        self.told(f"{self.variant}: {case}")
        measured = measure.run(command, self.folder)
        self.results.setdefault(case, []).append(measured)
        return measured

    def _build(self, case, transformed, modified=None):
        """Build, and make sure that just that was done which the case is about."""
        report = msgspec.json.decode(self._run(case, [*STACBUILD, "build", "--json"]).out)
        ran, items = report["stages"]["transform"]["ran"], report["items"]
        good = ran == transformed and items["total"] == self.records and not items["failed"]
        if not good or (modified is not None and items["modified"] != modified):
            sys.exit(f"{case}: not what was to be measured: {ran} transformed, items {items}")

    def _clear(self, *names):
        for name in names:
            shutil.rmtree(self.folder / name, ignore_errors=True)

    def all(self, turns):
        """Run every case."""
        for _ in range(turns):
            self._clear("dist", ".stacbuild", "straight")
            self._straight("straight")
            self._build("cold", self.records)
        same(self.folder, "stac-json" in self.variant)
        self._clear("straight")
        self._straight("straight, two processes", "two")
        self._clear("straight")
        self.changes(turns)

    def _straight(self, case, *words):
        self._run(case, [*STRAIGHT, *words, *(["stac-json"] if "stac-json" in self.variant else [])])

    def changes(self, turns):
        for _ in range(5):
            self._build("no-op", 0)
        for _ in range(3):
            self._run("status", [*STACBUILD, "status", "--json"])
        for _ in range(3):
            workload.change_record(self.folder / "data")
            self._build("one record changed", 1, 1)
        for turn in range(turns):
            self._write_recipe(workload.change_mapping(self.recipe, turn))
            self._build("mapping changed", self.records, self.records)
        for _ in range(turns):
            self._clear("dist")
            self._build("outputs deleted", 0)
        for _ in range(turns):
            self._clear(".stacbuild/memory")
            self._build("memory lost", 0)

    def reference(self):
        """Return microseconds an item of the libraries that one would take, on a sample."""
        measured = self._run("reference", [*REFERENCE, "dist/scenes.ndjson", str(SAMPLE)])
        del self.results["reference"]
        return msgspec.json.decode(measured.out)

    def summary(self):
        """Return case → medians of seconds and processor seconds, greatest memory in bytes, and all seconds."""
        return {
            case: {
                "seconds": round(statistics.median(run.wall for run in runs), 3),
                "cpu_seconds": round(statistics.median(run.cpu for run in runs), 3),
                "memory_bytes": max(run.memory for run in runs),
                "all_seconds": [round(run.wall, 3) for run in runs],
            }
            for case, runs in self.results.items()
        }

    def ratio(self, over="straight"):
        """Return how many times as long as the straight-line script a cold build takes: the median of the turns."""
        pairs = zip(self.results["cold"], self.results[over], strict=True)
        return round(statistics.median(ours.wall / theirs.wall for ours, theirs in pairs), 2)


def same(folder, site):
    """End the program unless both made the same items and, with `site`, the same documents."""
    ours, theirs = (parsed(folder / name / "scenes.ndjson") for name in ("dist", "straight"))
    if ours != theirs:
        sys.exit("stacbuild and the straight-line script made other items")
    if not site:
        return
    left, right = folder / "dist" / "site", folder / "straight" / "site"
    names = {path.relative_to(left) for path in left.rglob("*.json")}
    if names != {path.relative_to(right) for path in right.rglob("*.json")}:
        sys.exit("stacbuild and the straight-line script made other files")
    for name in names:
        if document(left / name) != document(right / name):
            sys.exit(f"stacbuild and the straight-line script made another {name}")


def parsed(file):
    """Return id → a digest of each item in a file of lines."""
    with file.open("rb") as stream:
        items = (msgspec.json.decode(line) for line in stream)
        return {item["id"]: hash(msgspec.json.encode(item, order="sorted")) for item in items}


def document(file):
    """Return a document with its links in one order: the straight-line script has them in that of the records."""
    value = msgspec.json.decode(file.read_bytes())
    value["links"].sort(key=lambda link: (link["rel"], link["href"]))
    return value
