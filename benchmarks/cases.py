"""The cases: what is done to a built catalog before it is built again.

Each world (a workload with outputs) starts with its cold build, which the others need; the rest are run if they are
wanted. Cold builds and the straight-line script take turns, so that a slow minute of the machine hits both.
"""

import sys
from pathlib import Path

from benchmarks import sameness, workload
from benchmarks.world import STACBUILD

HERE = Path(__file__).parent
STRAIGHT = [sys.executable, str(HERE / "straight.py"), "."]
SHORT = 5
"""How often a case of less than a second is run."""


# --- shards → NDJSON + GeoParquet


def cold(world, turns):
    """Build from nothing, and run the straight-line script, in turn; both must make the same items."""
    for _ in range(turns):
        world.clear("straight")
        world.run("straight", [*STRAIGHT, str(world.jobs), str(workload.schemas(world.folder))])
        world.clear("dist", ".stacbuild")
        world.build("cold", transform=world.number, added=world.number)
    sameness.check(world.folder, world.made["collections"])
    world.clear("straight")


def no_op(world):
    for _ in range(SHORT):
        world.build("no-op", transform=0, write=0)


def status(world):
    for _ in range(SHORT):
        world.run("status", [*STACBUILD, "status", "--json"])


SHARDS = {"no-op": no_op, "status": status}


def shards(world, wanted, turns):
    """Measure what is wanted of shards → NDJSON + GeoParquet."""
    world.make(("ndjson", "geoparquet"))
    cold(world, turns)
    for name, case in SHARDS.items():
        if name in wanted:
            case(world)


WORLDS = {"shards": (shards, {"cold", "straight", *SHARDS})}
"""World → what measures it, and the names of its cases."""
