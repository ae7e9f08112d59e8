"""What the project set itself, and whether it was reached.

A goal in seconds or bytes is for 800,000 records: with fewer, it is judged only if it is missed. A ratio is judged
always. A goal of which a part was not measured is not judged.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

FULL = 800_000


class Goal(NamedTuple):
    """One goal: `value` is worked out of the worlds by name, and is at most (or at least) `limit`."""

    text: str
    value: Callable
    limit: float | Callable
    unit: str = "x"
    least: bool = False

    @property
    def absolute(self):
        return self.unit in ("s", "MB")

    def judged(self, worlds):
        """Return a row: the goal, its value and limit, and a verdict in words."""
        try:
            value, limit = self.value(worlds), self.limit(worlds) if callable(self.limit) else self.limit
        except KeyError:
            return self.row(None, None, "not measured")
        reached = value >= limit if self.least else value <= limit
        if not reached:
            return self.row(value, limit, "NOT REACHED")
        of_all = not self.absolute or worlds["shards"].number >= FULL
        return self.row(value, limit, "reached" if of_all else f"not judged: it is for {FULL:,}")

    def row(self, value, limit, verdict):
        rounded = (
            None if number is None or not math.isfinite(number) else round(number, 3) for number in (value, limit)
        )
        return dict(zip(("goal", "value", "limit"), (self.text, *rounded), strict=True)) | {
            "unit": self.unit,
            "bound": "at least" if self.least else "at most",
            "verdict": verdict,
        }


def seconds(world, case):
    return lambda worlds: worlds[world].seconds(case)


def over(world, case, other="cold"):
    return lambda worlds: worlds[world].ratio(case, other)


def megabytes(world, case):
    return lambda worlds: worlds[world].memory(case) / 1e6


def reference(worlds):
    """Return the libraries' processor time an item over ours."""
    shards = worlds["shards"]
    return shards.facts["reference, us of processor an item"]["all"] / (shards.processor("cold") / shards.number * 1e6)


def in_proportion(worlds):
    """Return the time of a mapping changed over its collection's share of cold."""
    shards = worlds["shards"]
    return shards.ratio("mapping-of-one", "cold") / shards.facts["share of mapping-of-one"]


def growth(worlds):
    """Return what a build may hold, by what it holds with a tenth of the records."""
    return (1.3 * worlds["tenth"].memory("cold") + 300 * worlds["shards"].number) / 1e6


def rate(world):
    return world.number / world.seconds("cold")


GOALS = [
    Goal("cold: times a straight-line script", over("shards", "cold", "straight"), 2.0),
    Goal("cold", seconds("shards", "cold"), 240, "s"),
    Goal("cold: pystac + stac-valid + stac-geoparquet, times ours", reference, 10, least=True),
    Goal("cold: 1 process over as many as there are jobs", over("shards", "one-process"), 1.7, least=True),
    Goal("no-op of shards", seconds("shards", "no-op"), 0.5, "s"),
    Goal("no-op of shards: memory", megabytes("shards", "no-op"), 150, "MB"),
    Goal("no-op of shards: ninja, times ours", over("shards", "ninja", "no-op"), 10, least=True),
    Goal("no-op of item files: times a scan", over("files", "no-op", "scan"), 2),
    Goal("one record of a shard", seconds("shards", "one-record"), 4, "s"),
    Goal(
        "one of all item files",
        seconds("files", "one-record"),
        lambda worlds: 2 * worlds["files"].seconds("scan") + 2,
        "s",
    ),
    Goal("1 % of one month, GeoParquet by month", seconds("months", "one-month"), 15, "s"),
    Goal("1 % scattered, GeoParquet by month: of cold", over("months", "scattered"), 0.5),
    Goal("1 % scattered, stac-json", seconds("site", "scattered"), 20, "s"),
    Goal("mapping of one collection: times its share of cold", in_proportion, 1.5),
    Goal("extension changed: of cold", over("shards", "extension-changed"), 0.6),
    Goal("extension changed back: of cold", over("shards", "extension-back"), 0.35),
    Goal("memory lost: of cold", over("shards", "memory-lost"), 0.35),
    Goal("outputs deleted: of cold", over("shards", "outputs-deleted"), 0.35),
    Goal("cold: memory of all processes", megabytes("shards", "cold"), 1500, "MB"),
    Goal("cold: memory beside a tenth", megabytes("shards", "cold"), growth, "of MB"),
    Goal("store with two versions: of the raw JSON", lambda worlds: worlds["store"].facts[STORE]["two versions"], 0.4),
    Goal("status", seconds("shards", "status"), 1, "s"),
    Goal("why", seconds("shards", "why"), 0.3, "s"),
    Goal("--help", seconds("shards", "help"), 0.15, "s of help"),
    Goal(
        "stac-json of one collection: items/s of a tenth",
        lambda worlds: rate(worlds["tree"]) / rate(worlds["tree-tenth"]),
        0.8,
        least=True,
    ),
]
STORE = "store, share of raw JSON"


def show(rows):
    """Print the goals."""
    print("\ngoals")
    for row in rows:
        value, limit = ("-" if row[name] is None else f"{row[name]:,.2f}" for name in ("value", "limit"))
        print(
            f"    {row['goal']:56}{value:>9} {row['unit'].split()[0]:3}{row['bound']:>9}{limit:>9}   {row['verdict']}"
        )
