"""Speed and memory of builds, beside what they are compared with.

    python -m benchmarks [N=100000] [only=cold,no-op,months] [jobs=2] [turns=2] [seeds=real]    (make bench N=...)

The worlds of worlds.py with the cases of cases.py: N records in eight collections, beside a straight-line script that
writes the same files without any cache, ninja, a scan of all files, and the libraries that one would take. The goals
(goals.py) are for 800,000. What comes out stands on the screen and in .bench/result-<commit>.json. `only` takes worlds,
cases and world/case, and writes part-<commit>.json; `seeds=made-up` leaves the real items aside that lie beside this
repository. `others` is how many processors were busy with something else: where that is not near 0, trust processor
seconds and the ratios of what took turns, not the clock.

Where the time goes. The script: three quarters to rustac's table, a tenth each to decoding and to judging. A cold
build, of its processor time, by --profile: 8 % reads the sources; 46 % makes items (judging 14, extending 7,
transforming 7, the rest decoding, encoding what two stages gave, hashing, packing); 7 % is the parent's, who puts
results into the store and settles; 43 % writes files (GeoParquet 37: a third of it Arrow reading JSON, the rest rows,
Parquet's own encoding, the store; NDJSON 6). One changed record makes a row group of its collection anew, and an
extension's config those of all, of both without the columns that properties are not in: geometries, links and assets,
two thirds of a row's cost, are copied. Changed back: nearly all is writing. One record in a hundred, scattered, with
item files: two fifths are reading all sources again while the outputs are looked at (of what workers read with: a
sixth the lines, a third the rows of the memory, the rest each record's mark, look-up and group), a sixth the work
itself, a third writing 8,000 files and what tells of them. Before only what is another was written into rows, the
parent took half as long again as all workers to read. Files by month: before chunks of the store were read for
several files at once, half of a cold build and most of a scattered change went into unpacking each chunk once a file.

What was tried and did not pay. Judging: one validator a profile instead of one a schema, a second pass, types of
geometries looked at before their coordinates, names asked by `propertyNames` instead of by a pattern that must match.
Workers: the collector of cycles off (it does not come), compressors that are kept, taking the bytes of members that
`transform` leaves alone from the record (to cut it into members costs what that saves), packing results. Chunks: other
levels of zstd, which differ by a hundredth of an item's time; the documents of each stage apart, of which half would
be unpacked, a fiftieth of a changed extension's time, and needed again to judge. Other sizes of Arrow's batches.
What did: one buffer that lines are found in, and copied out of once; pieces of a new object each cost twice as much
to allocate as to read.
"""

import datetime as dt
import json
import os
import platform
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

from benchmarks import goals, worlds

NUMBER = 100_000
LARGE = 500_000
"""From here on cold builds are measured once; they take minutes."""

BESIDE = ("rustac", "ninja", "pystac", "stac-valid", "stac-geoparquet", "jsonschema-rs", "msgspec", "pyarrow")
FOLDER = Path(".bench")


def main(arguments):
    options = given(arguments)
    chosen = worlds.chosen(options["only"])
    measured = {}
    for name, wanted in chosen.items():
        measured[name] = run(name, wanted, options)
        path = save(measured, options)
    goals.show(judged(measured, options))
    print(f"\nwritten: {path}")
    sys.exit(any("failed" in world.facts for world in measured.values()))


def judged(measured, options):
    whole = {name: world for name, world in measured.items() if "failed" not in world.facts}
    return [goal.judged(whole, options["N"]) for goal in goals.GOALS]


def save(measured, options):
    """Write what was measured until now: a later world may fail, or be interrupted."""
    result = {
        "commit": commit(),
        "when": dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "python": platform.python_version(),
        "beside": versions(),
        "cores": os.cpu_count(),
        "jobs": options["jobs"],
        "records": options["N"],
        "goals": judged(measured, options),
        "worlds": {
            name: {**world.made, "facts": world.facts, "cases": world.summary()} for name, world in measured.items()
        },
    }
    whole = options["only"] == set(worlds.PLANS)
    path = FOLDER / f"{'result' if whole else 'part'}-{result['commit']}.json"
    path.write_text(json.dumps(result, indent=2) + "\n")
    return path


def versions():
    """Return what stacbuild is compared with, by the version that is installed."""
    found = {}
    for name in BESIDE:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    return found


def given(arguments):
    """Return the options that are given as NAME=VALUE."""
    options = {"N": NUMBER, "jobs": min(2, os.cpu_count() or 1), "seeds": "real", "only": set(worlds.PLANS)}
    for word in arguments:
        name, _, text = word.partition("=")
        if name == "only" and set(text.split(",")) <= worlds.names():
            options["only"] = set(text.split(","))
        elif name == "seeds" and text in ("real", "made-up"):
            options["seeds"] = text
        elif name in ("N", "jobs", "turns") and text.replace("_", "").isdecimal() and int(text):
            options[name] = int(text)
        else:
            sys.exit(f"{word}: want N=100000, jobs=2, turns=2, seeds=made-up or only= some of {known()}")
    options.setdefault("turns", 2 if options["N"] < LARGE else 1)
    return options


def known():
    return ", ".join(sorted(name for name in worlds.names() if "/" not in name))


def commit():
    def git(*words):
        return subprocess.run(["git", *words], capture_output=True, text=True, check=False).stdout.strip()

    changed = "-dirty" if git("status", "--porcelain", "-uno") else ""
    return (git("rev-parse", "--short", "HEAD") or "unknown") + changed


def run(name, wanted, options):
    """Return a world with all its figures, and print them."""
    folder = (FOLDER / name).resolve()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    plan = worlds.PLANS[name]
    world = plan.kind(folder, told, plan.number(options["N"]), jobs=options["jobs"], real=options["seeds"] == "real")
    try:
        plan.run(world, wanted, options["turns"])
    except SystemExit as why:  # the other worlds are measured all the same
        world.facts["failed"] = str(why)
    told("")
    show(name, world)
    shutil.rmtree(folder)
    return world


def told(text):
    """Say what is under way, on a terminal only."""
    if sys.stderr.isatty():
        print(f"\r{text:70}", end="" if text else "\r", file=sys.stderr, flush=True)


def show(name, world):
    made, cases = world.made, world.summary()
    print(f"\n{name}: {made['records']:,} records of {made['bytes_per_record']:,} bytes, of {made['made_of']}")
    if cases:
        print(f"    {'':24}{'s':>9}{'cpu s':>9}{'MB':>8}{'us/item':>10}{'x cold':>9}{'others':>8}   runs")
    for case, row in cases.items():
        each = row["seconds"] / made["records"] * 1e6
        runs = " ".join(f"{seconds:.2f}" for seconds in row["all_seconds"])
        figures = f"{row['seconds']:9.2f}{row['cpu_seconds']:9.2f}{row['memory_bytes'] / 1e6:8.0f}{each:10.1f}"
        figures += f"{world.ratio(case, 'cold'):9.3f}{row['others']:8.1f}"
        print(f"    {case:24}{figures}   {runs}")
    for fact, value in world.facts.items():
        print(f"    {fact}: {value}")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
