"""The 10,731 items of a real catalog, cloned: what each part of a recipe costs, and builds after the first.

    python -m benchmarks.static [FOLDER]

FOLDER is that of the data, ../shared/data if it is not given; it holds static/planet-open-stac.tar.gz and schemas/.
Cold builds come first, each with one thing more in the recipe, so that the difference is what that thing costs: items
as NDJSON alone, then their migration, one extension, another, validation, the tree of files, GeoParquet. Then the whole
recipe once more with --profile, which says what each stage took by itself; stages run in as many processes as there are
jobs, so that their seconds may add up to more than the build's. Then the whole recipe again with something changed.
Each is a whole process; `list`, `work` and `write` are of its --events. Figures stand on the screen and in
.bench/static-<commit>.json.
"""

import datetime as dt
import json
import shutil
import sys
import tarfile
from pathlib import Path

from benchmarks import measure
from benchmarks.__main__ import FOLDER, commit

DATA = Path(__file__).parents[2] / "shared" / "data"
BUILD = [sys.executable, "-m", "stacbuild", "build", "--json", "--events", "events.ndjson", "--max-failures", "100%"]
BASE = """
[catalog]
id = "clone"
stac-version = "{version}"

[sources.upstream]
kind = "stac-catalog"
href = "upstream/stac/catalog.json"

[extensions.mirrors]
use = "alternate-assets"
alternates.mirror = {{ href = "https://{mirror}/{{path}}", name = "Mirror" }}

[extensions.ours]
use = "fields"
properties = {{ "ours:was" = "{{id}}" }}

[collections."*"]
from = ["upstream"]
extensions = {extensions}
on-duplicate = "last"

[validation]
level = "{level}"
schemas = ["{schemas}"]

[outputs.lines]
kind = "ndjson"
path = "dist/{{collection}}.ndjson"
hrefs = "as-is"
"""
TREE = """
[outputs.site]
kind = "stac-json"
path = "dist/site"
"""
TABLE = """
[outputs.table]
kind = "geoparquet"
path = "dist/{collection}.parquet"
"""
FIRST = {"version": "keep", "extensions": "[]", "level": "off", "mirror": "mirror.example.com"}
STEPS = [
    ("items as NDJSON", {}, ""),
    ("+ migration", {"version": "1.1.0"}, ""),
    ("+ alternate-assets", {"extensions": '["mirrors"]'}, ""),
    ("+ fields", {"extensions": '["mirrors", "ours"]'}, ""),
    ("+ validation", {"level": "warn"}, ""),
    ("+ tree of files", {}, TREE),
    ("+ GeoParquet", {}, TABLE),
]


class Clone:
    """A folder with the catalog and a recipe; `rows` has what was measured."""

    def __init__(self, folder, data):
        self.folder, self.schemas, self.rows = folder, data / "schemas", []
        self.settings, self.outputs = dict(FIRST), ""
        shutil.rmtree(folder, ignore_errors=True)
        with tarfile.open(data / "static/planet-open-stac.tar.gz") as packed:
            packed.extractall(folder, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
        next(folder.glob("planet-open-stac")).rename(folder / "upstream")

    def save(self):
        text = BASE.format(**self.settings, schemas=self.schemas)
        (self.folder / "stacbuild.toml").write_text(text + self.outputs)

    def clear(self, *names):
        for name in names:
            shutil.rmtree(self.folder / name, ignore_errors=True)

    def build(self, case, *options):
        """Build, and keep what it took and what it did."""
        self.save()
        done = measure.run([*BUILD, *options], self.folder)
        report = json.loads(done.out)
        row = {"case": case, "seconds": done.wall, "cpu_seconds": done.cpu, "memory_bytes": done.memory}
        row |= {"phases": phases(self.folder / "events.ndjson"), "items": report["items"]}
        row["ran"] = {stage: count["ran"] for stage, count in report["stages"].items()}
        self.rows.append(row)
        show(row)

    def cold(self):
        for case, settings, output in STEPS:
            self.settings |= settings
            self.outputs += output
            self.clear("dist", ".stacbuild")
            self.build(case)

    def by_stage(self):
        """Build cold with a profile, and keep what each stage took, over all processes."""
        self.clear("dist", ".stacbuild")
        self.build("the same, profiled", "--profile", "profile.json")
        self.rows[-1]["stages"] = stages(self.folder / "profile.json")
        show_stages(self.rows[-1])

    def again(self):
        self.build("no-op")
        self.edit()
        self.build("one item changed")
        self.settings["mirror"] = "other.example.com"
        self.build("an extension changed")
        self.settings["mirror"] = "mirror.example.com"
        self.build("that undone")
        self.clear("dist")
        self.build("outputs deleted")
        self.clear(".stacbuild/memory")
        self.build("memory lost")

    def edit(self):
        """Change one item at its source."""
        found = (
            path for path in sorted((self.folder / "upstream").rglob("*.json")) if b'"Feature"' in path.read_bytes()
        )
        path = next(found)
        item = json.loads(path.read_bytes())
        item["properties"]["ours:note"] = "changed"
        path.write_text(json.dumps(item))


def phases(path):
    """Return the seconds of each stage of the line, by its events."""
    began, found = {}, {}
    for line in path.read_text().splitlines():
        event = json.loads(line)
        if event["event"] == "began":
            began[event["stage"]] = moment(event)
        elif event["event"] == "ended":
            took = (moment(event) - began[event["stage"]]).total_seconds()
            found[event["stage"]] = found.get(event["stage"], 0) + took
    return found


def stages(path):
    """Return seconds by the name of a span, of all that a profile holds, as [sum, number of spans]."""
    found = {}
    for span in json.loads(path.read_bytes()):
        if span["ph"] == "X":
            one = found.setdefault(span["name"], [0.0, 0])
            one[0] += span["dur"] / 1e6
            one[1] += 1
    return found


def show_stages(row):
    items = sum(row["items"][name] for name in ("added", "modified", "unchanged"))
    print(f"\n  {'stage':24}{'s':>8}{'us/item':>9}   (with what is within it, all processes)")
    for name, (seconds, _) in sorted(row["stages"].items(), key=lambda one: -one[1][0]):
        if seconds >= LEAST_SHOWN:
            print(f"  {name:24}{seconds:8.2f}{seconds / items * 1e6:9.1f}")
    print(flush=True)


LEAST_SHOWN = 0.005
"""Seconds; what took less is in the file only."""


def moment(event):
    return dt.datetime.fromisoformat(event["time"])


def head():
    print(f"{'':24}{'s':>8}{'cpu s':>8}{'MB':>7}{'list':>8}{'work':>8}{'write':>8}   ran")


def show(row):
    parts = "".join(f"{row['phases'].get(name, 0):8.2f}" for name in ("list", "work", "write"))
    ran = " ".join(f"{stage} {number:,}" for stage, number in row["ran"].items() if number)
    figures = f"{row['seconds']:8.2f}{row['cpu_seconds']:8.2f}{row['memory_bytes'] / 1e6:7.0f}"
    print(f"{row['case']:24}{figures}{parts}   {ran}", flush=True)


def main(arguments):
    data = Path(arguments[0]) if arguments else DATA
    if not (data / "static/planet-open-stac.tar.gz").is_file():
        sys.exit(f"{data}: no static/planet-open-stac.tar.gz there; name the folder that has it")
    clone = Clone((FOLDER / "static").resolve(), data.resolve())
    head()
    clone.cold()
    clone.by_stage()
    clone.again()
    path = FOLDER / f"static-{commit()}.json"
    path.write_text(json.dumps(clone.rows, indent=2) + "\n")
    print(f"\nwritten: {path}")
    shutil.rmtree(clone.folder)


if __name__ == "__main__":
    main(sys.argv[1:])
