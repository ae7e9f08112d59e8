"""The cases: what is done to a built catalog before it is built again.

Each world (a workload with outputs) starts with its cold build, which the others need; the rest are run if they are
wanted. Cold builds and the straight-line script take turns, so that a slow minute of the machine hits both.
"""

import sys
from pathlib import Path

import msgspec

from benchmarks import changes, ninja, sameness, table, workload
from benchmarks.world import STACBUILD, World

HERE = Path(__file__).parent
STRAIGHT = [sys.executable, str(HERE / "straight.py"), "."]
TABLE = [sys.executable, str(HERE / "table.py"), "."]
REFERENCE = [sys.executable, str(HERE / "reference.py"), "."]
SCAN = [sys.executable, str(HERE / "scan.py"), "data", "dist"]
SHORT, CHANGES = 5, 3
"""How often a case of less than a second is run, and one that changes a record."""

SAMPLE = 320
CHANGED = "cropland", "cedar"
"""The collection whose mapping is changed, of real and of made-up seeds: of the middle size."""

EVERYTHING = "dist", ".stacbuild"


# --- shards → NDJSON + GeoParquet


def cold(world, turns):
    """Build from nothing, and run the straight-line script, in turn; both must make the same items."""
    in_turn(world, turns, [*STRAIGHT, str(world.jobs), str(workload.schemas(world.folder))])
    sameness.items(world.folder, world.made["collections"])
    sameness.tables(world.folder, world.made["collections"])
    world.clear("straight")


def in_turn(world, turns, script):
    for _ in range(turns):
        world.clear("straight")
        world.run("straight", script)
        world.clear(*EVERYTHING)
        world.build("cold", transform=world.number, added=world.number)


def no_op(world, _):
    for _ in range(SHORT):
        world.build("no-op", transform=0, write=0)


def ninja_no_op(world, _):
    if why := ninja.missing():
        world.facts["ninja"] = f"not measured: {why}"
        return
    world.told("making the files for ninja")
    ninja.make(world.folder / "ninja", world.number)
    for _ in range(3):
        out = world.run("ninja", [ninja.program(), "-C", "ninja"]).out
        if b"no work to do" not in out:
            sys.exit(f"ninja had work to do: {out[-200:]}")
    world.clear("ninja")


def status(world, _):
    for _ in range(SHORT):
        world.run("status", [*STACBUILD, "status", "--json"])


def why(world, _):
    with min(changes.files(world.folder)).open("rb") as stream:
        identity = msgspec.json.decode(stream.readline())["id"]
    for _ in range(SHORT):
        world.run("why", [*STACBUILD, "why", f"item:{identity}"])


def help_text(world, _):
    world.run("help", [*STACBUILD, "--help"])
    del world.results["help"]  # it may have compiled modules
    for _ in range(2 * SHORT):
        world.run("help", [*STACBUILD, "--help"])


def one_record(world, _):
    for turn in range(CHANGES):
        changes.one(world.folder, turn)
        world.build("one-record", transform=1, modified=1)


def mapping_of_one(world, turns):
    name = next(name for name in CHANGED if name in world.made["collections"])
    folder = world.folder / "data" / name
    everything = sum(file.stat().st_size for file in changes.files(world.folder))
    world.facts["share of mapping-of-one"] = sum(file.stat().st_size for file in folder.iterdir()) / everything
    number = len(range(world.made["collections"].index(name), world.number, len(world.made["collections"])))
    for turn in range(turns):
        world.write(changes.mapping(world.text(world.jobs), name, turn))
        world.build("mapping-of-one", transform=number, modified=number)
    world.write(world.text(world.jobs))
    world.build("mapping-back", transform=0)


def extension(world, turns):
    for turn in range(turns):
        world.write(changes.extension(world.text(world.jobs), turn))
        world.build("extension-changed", fetch=0, transform=0, modified=world.number)
        world.write(world.text(world.jobs))
        world.build("extension-back", fetch=0, transform=0, extend=0, modified=world.number)


def outputs_deleted(world, turns):
    for _ in range(turns):
        world.clear("dist")
        world.build("outputs-deleted", transform=0, extend=0)


def memory_lost(world, turns):
    for _ in range(turns):
        world.clear(".stacbuild/memory")
        world.build("memory-lost", transform=0, extend=0)


def one_process(world, turns):
    if world.jobs == 1:
        world.facts["one-process"] = "not measured: there is one job anyway"
        return
    world.write(world.text(1))
    for _ in range(turns):
        world.clear(*EVERYTHING)
        world.build("one-process", transform=world.number)
    world.write(world.text(world.jobs))


def reference(world, _):
    """Measure the libraries that one would take, an item at a time."""
    out = world.run("reference", [*REFERENCE, str(workload.schemas(world.folder)), str(SAMPLE)]).out
    del world.results["reference"]
    world.facts["reference, us of processor an item"] = msgspec.json.decode(out)


# --- other outputs and sources


def alone(world, turns):
    """Build from nothing."""
    for _ in range(turns):
        world.clear(*EVERYTHING)
        world.build("cold", transform=world.number, added=world.number)


def once(world, _):
    alone(world, 1)


def of_table(world, turns):
    """Build items of a CSV table from nothing, in turn with a script."""
    in_turn(world, turns, [*TABLE, str(workload.schemas(world.folder))])
    sameness.items(world.folder, ["scenes"])
    world.clear("straight")


def one_row(world, _):
    for turn in range(CHANGES):
        table.change(world.folder, turn)
        world.build("one-record", transform=1, modified=1)


def one_month(world, turns):
    for turn in range(turns):
        changed = changes.of_month(world.folder, turn)
        world.build("one-month", transform=changed, modified=changed)
        world.facts["share of one-month"] = changed / world.number


def scattered(world, turns):
    for turn in range(turns):
        changed = changes.scattered(world.folder, turn)
        world.build("scattered", transform=changed, modified=changed)


def scan(world, _):
    for _ in range(SHORT):
        world.run("scan", SCAN)


class Table(World):
    """Records of one CSV table."""

    def make(self, outputs, **_):
        """Write the table."""
        size = table.write(self.folder / "data", self.number)
        self.made = {
            "records": self.number,
            "collections": ["scenes"],
            "files": 1,
            "bytes_per_record": round(size / self.number),
            "made_of": "a CSV table",
        }
        self.outputs = outputs
        self.write(self.text(self.jobs))

    def text(self, jobs):
        return table.HEAD % {"jobs": jobs} + "".join(workload.OUTPUTS[name] for name in self.outputs)
