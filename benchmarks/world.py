"""One folder that is built again and again, and what was measured of it: a whole process each time, its start included.

A case is measured under its name, several times where it is short. After each build its report is compared with what
the case is about, so that nothing else is measured than what its name says.
"""

import copy
import shutil
import statistics
import sys
from pathlib import Path

import msgspec

from benchmarks import measure, workload

STACBUILD = [sys.executable, "-m", "stacbuild"]


class World:
    """A folder with records and a recipe; `results` has the runs of each case, `facts` other figures."""

    def __init__(self, folder, told, number, *, jobs, real=True):
        self.folder, self.told, self.number, self.jobs, self.real = Path(folder), told, number, jobs, real
        self.results = {}
        self.made, self.outputs, self.recipe, self._files = {}, (), "", ""
        self.facts, self.clock = {}, "wall"

    def make(self, outputs, *, single=False, **options):
        """Write the records and the recipe."""
        self.told(f"making {self.number:,} records")
        self.made = workload.make(self.folder, self.number, real=self.real, single=single, **options)
        self.outputs, self._files = outputs, "*/*.json" if single else "*.ndjson"
        self.write(self.text(self.jobs))

    def text(self, jobs):
        """Return the recipe as it is at first."""
        return workload.recipe(self.folder, self.made["collections"], self.outputs, jobs=jobs, files=self._files)

    def write(self, text):
        self.recipe = text
        (self.folder / "stacbuild.toml").write_text(text)

    def clear(self, *names):
        for name in names:
            shutil.rmtree(self.folder / name, ignore_errors=True)

    def run(self, case, command):
        """Run a command and keep what it took under `case`."""
        self.told(case)
        measured = measure.run(command, self.folder)
        self.results.setdefault(case, []).append(measured)
        return measured

    def build(self, case, **wanted):
        """Build, and make sure that just that was done which the case is about: `transform=3`, `modified=1`."""
        report = msgspec.json.decode(self.run(case, [*STACBUILD, "build", "--json"]).out)
        items = report["items"]
        done = {stage: count["ran"] for stage, count in report["stages"].items()} | items
        bad = {name: done[name] for name, count in wanted.items() if done[name] != count}
        if bad or items["failed"] or items["total"] != self.number:
            sys.exit(f"{case}: wanted {wanted}, and the build did {done}")

    def of_processor(self):
        """Return the same world with times that are of the processor, not by the clock."""
        view = copy.copy(self)
        view.clock = "cpu"
        return view

    def seconds(self, case):
        return statistics.median(getattr(run, self.clock) for run in self.results[case])

    def ratio(self, case, other):
        """Return how many times as long as another a case takes; of cases that took turns the median of the pairs."""
        if {case, other} != {"cold", "straight"}:
            return self.seconds(case) / self.seconds(other)
        pairs = zip(self.results[case], self.results[other], strict=True)
        return statistics.median(getattr(one, self.clock) / getattr(two, self.clock) for one, two in pairs)

    def memory(self, case):
        return max(run.memory for run in self.results[case])

    def summary(self):
        """Return case → medians of seconds and processor seconds, greatest memory in bytes, seconds of all runs.

        And how many processors others kept busy meanwhile, at most.
        """
        return {
            case: {
                "seconds": round(statistics.median(run.wall for run in runs), 3),
                "cpu_seconds": round(statistics.median(run.cpu for run in runs), 3),
                "memory_bytes": max(run.memory for run in runs),
                "others": round(max(run.others for run in runs), 2),
                "all_seconds": [round(run.wall, 3) for run in runs],
            }
            for case, runs in self.results.items()
        }
