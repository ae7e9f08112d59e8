"""Speed and memory of builds, beside what they are compared with.

    python -m benchmarks [N=10000,100000]        (make bench N=...)

For each number of records and both sets of outputs: the cases of cases.py, beside (a) straight.py, a script that
writes the same files without any cache, and (b) reference.py, pystac and stac-valid on a sample. The goals are those
that the project set itself; each is marked reached or not. What comes out stands on the screen and in
.bench/result-<commit>.json. (embedded_backends.py, which library the store lies in, is run by itself.)
"""

import datetime as dt
import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks import workload
from benchmarks.cases import Bench

NUMBERS = (10_000, 100_000)
GOALS_FOR = 100_000
COLD_RATIO = 2.5
NO_OP_SECONDS = {"ndjson": 0.4, "ndjson+stac-json": 0.8}
NO_OP_BYTES = 200_000_000
FOLDER = Path(".bench")


def main(arguments):
    numbers = [n for word in arguments for n in given(word)] or list(NUMBERS)
    jobs = min(2, os.cpu_count() or 1)
    result = {
        "commit": commit(),
        "when": dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "jobs": jobs,
        "runs": [],
    }
    for number in numbers:
        result["runs"].append(measured(number, jobs))
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"result-{result['commit']}.json"
    path.write_text(json.dumps(result, indent=2) + "\n")
    print(f"\nwritten: {path}")


def given(word):
    """Return the numbers in an argument such as N=10000,100000."""
    name, _, text = word.rpartition("=")
    parts = text.replace("_", "").split(",")
    if name not in ("", "N") or not all(part.isdigit() and int(part) for part in parts):
        sys.exit(f"{word}: want N=10000 or N=10000,100000")
    return map(int, parts)


def commit():
    def git(*words):
        return subprocess.run(["git", *words], capture_output=True, text=True, check=False).stdout.strip()

    changed = "-dirty" if git("status", "--porcelain", "-uno") else ""
    return (git("rev-parse", "--short", "HEAD") or "unknown") + changed


def measured(number, jobs):
    """Return all figures for `number` records, and print them."""
    work = FOLDER / "work"
    shutil.rmtree(work, ignore_errors=True)
    told(f"making {number:,} records")
    made = workload.make(work / "data", number)
    turns = 3 if number < GOALS_FOR else 2
    run = {**made, "variants": {}}
    told("")
    print(f"\n{number:,} records of {made['bytes_per_record']:,} bytes, made of {made['made_of']}; {jobs} jobs")
    for variant in workload.VARIANTS:
        bench = Bench(work.resolve(), variant, jobs, number, told)
        bench.all(turns)
        if variant == workload.VARIANTS[0]:
            run["reference"] = bench.reference()
        told("")
        run["variants"][variant] = {"cases": bench.summary(), "cold_over_straight": bench.ratio()}
        show(variant, run["variants"][variant], number)
        run["variants"][variant]["goals"] = goals(variant, run["variants"][variant], number)
        shutil.rmtree(work / "dist")
        shutil.rmtree(work / ".stacbuild")
    show_reference(run, number)
    shutil.rmtree(work)
    return run


def told(text):
    """Say what is under way, on a terminal only."""
    if sys.stderr.isatty():
        print(f"\r{text:70}", end="" if text else "\r", file=sys.stderr, flush=True)


def show(variant, figures, number):
    cases = figures["cases"]
    unit = cases["straight"]["seconds"]
    print(f"\n  {variant:26}{'s':>9}{'cpu s':>9}{'MB':>8}{'us/item':>10}{'x straight':>12}   runs")
    for case, row in cases.items():
        each = row["seconds"] / number * 1e6
        ratio = figures["cold_over_straight"] if case == "cold" else row["seconds"] / unit
        runs = " ".join(f"{seconds:.2f}" for seconds in row["all_seconds"])
        memory = row["memory_bytes"] / 1e6
        line = f"{row['seconds']:9.2f}{row['cpu_seconds']:9.2f}{memory:8.0f}{each:10.1f}{ratio:12.2f}   {runs}"
        print(f"    {case:24}{line}")


def goals(variant, figures, number):
    """Return the goals with what was reached, and print them; they are for GOALS_FOR records."""
    if number != GOALS_FOR:
        return []
    no_op, seconds = figures["cases"]["no-op"], NO_OP_SECONDS[variant]
    found = [
        ("cold, times as long as straight", figures["cold_over_straight"], COLD_RATIO),
        ("no-op, seconds", no_op["seconds"], seconds),
        ("no-op, MB", no_op["memory_bytes"] / 1e6, NO_OP_BYTES / 1e6),
    ]
    rows = []
    for name, value, limit in found:
        reached = value <= limit
        print(f"    goal: {name:34}{value:8.2f}  at most {limit:6.1f}  {'reached' if reached else 'NOT REACHED'}")
        rows.append({"goal": name, "value": round(value, 3), "limit": limit, "reached": reached})
    return rows


def show_reference(run, number):
    reference = run["reference"]
    ours = run["variants"]["ndjson"]["cases"]["cold"]["cpu_seconds"] / number * 1e6
    print(f"\n  processor time an item, us (of {reference['items']} items; stacbuild: the whole cold build, ndjson)")
    for name in ("pystac", "stac-valid"):
        print(f"    {name:24}{reference[name]:9,}{reference[name] / ours:9.1f} x stacbuild")
    print(f"    {'stacbuild':24}{ours:9,.0f}")


if __name__ == "__main__":
    main(sys.argv[1:])
