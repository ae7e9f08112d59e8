"""What the project set itself, and whether it was reached.

They are for 800,000 records. With fewer a ratio is judged as it is, unless it is to what takes next to no time then; a
goal in seconds or bytes is judged only if it is missed. One of which a part was not measured is not judged.
"""

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
    of_few: str = ""
    """With fewer records: "judged", "if missed" or "not"; without it as said above."""

    def judged(self, worlds, number):
        """Return a row: the goal, its value (by the clock, and by processor time) and limit, and a verdict in words."""
        row = {"goal": self.text, "unit": self.unit, "bound": "at least" if self.least else "at most"}
        try:
            value, limit = self.value(worlds), self.limit(worlds) if callable(self.limit) else self.limit
            of_processor = self.value({name: world.of_processor() for name, world in worlds.items()})
        except KeyError:
            return row | {"verdict": "not measured"}
        verdict = self._verdict(value >= limit if self.least else value <= limit, number)
        row |= {"value": round(value, 3), "limit": round(limit, 3), "verdict": verdict}
        return row if self.unit == "MB" else row | {"of_processor": round(of_processor, 3)}

    def _verdict(self, reached, number):
        of_few = self.of_few or ("judged" if self.unit == "x" else "if missed")
        if number < FULL and (of_few == "not" or (of_few == "if missed" and reached)):
            return f"not judged: it is for {FULL:,}"
        return "reached" if reached else "NOT REACHED"


def seconds(world, case):
    return lambda worlds: worlds[world].seconds(case)


def over(world, case, other="cold"):
    return lambda worlds: worlds[world].ratio(case, other)


def megabytes(world, case):
    return lambda worlds: worlds[world].memory(case) / 1e6


def reference(worlds):
    """Return the libraries' processor time an item over ours."""
    shards = worlds["shards"]
    ours = shards.of_processor().seconds("cold") / shards.number * 1e6
    return shards.facts["reference, us of processor an item"]["all"] / ours


def in_proportion(worlds):
    """Return the time of a mapping changed over its collection's share of cold."""
    shards = worlds["shards"]
    return shards.ratio("mapping-of-one", "cold") / shards.facts["share of mapping-of-one"]


def growth(worlds):
    """Return what a build may hold, by what it holds with a tenth of the records."""
    return (1.3 * worlds["tenth"].memory("cold") + 300 * worlds["shards"].number) / 1e6


def by_month(worlds):
    """Return the time of scattered changes over cold: the quicker of its own and of that with other outputs."""
    months = worlds["months"]
    quickest = min(world.seconds("cold") for world in (months, worlds.get("shards", months)))
    return months.seconds("scattered") / quickest


def rate(world):
    return world.number / world.seconds("cold")


GOALS = [
    Goal("cold: times a straight-line script", over("shards", "cold", "straight"), 2.0),
    Goal("cold", seconds("shards", "cold"), 240, "s"),
    Goal("cold: pystac + stac-valid + stac-geoparquet, times ours", reference, 10, least=True),
    Goal("cold: 1 process over as many as there are jobs", over("shards", "one-process"), 1.7, least=True),
    Goal("no-op of shards", seconds("shards", "no-op"), 0.5, "s"),
    Goal("no-op of shards: memory", megabytes("shards", "no-op"), 150, "MB"),
    Goal("no-op of shards: ninja, times ours", over("shards", "ninja", "no-op"), 10, least=True, of_few="not"),
    Goal("no-op of item files: times a scan", over("files", "no-op", "scan"), 2, of_few="not"),
    Goal("one record of a shard", seconds("shards", "one-record"), 4, "s"),
    Goal(
        "one of all item files",
        seconds("files", "one-record"),
        lambda worlds: 2 * worlds["files"].seconds("scan") + 2,
        "s",
        of_few="judged",
    ),
    Goal("1 % of one month, GeoParquet by month", seconds("months", "one-month"), 15, "s"),
    Goal("1 % scattered, GeoParquet by month: of cold", by_month, 0.5),
    Goal("1 % scattered, stac-json", seconds("site", "scattered"), 20, "s"),
    Goal("mapping of one collection: times its share of cold", in_proportion, 1.5),
    Goal("extension changed: of cold", over("shards", "extension-changed"), 0.6),
    Goal("extension changed back: of cold", over("shards", "extension-back"), 0.35),
    Goal("memory lost: of cold", over("shards", "memory-lost"), 0.35),
    Goal("outputs deleted: of cold", over("shards", "outputs-deleted"), 0.35),
    Goal("cold: memory of all processes", megabytes("shards", "cold"), 1500, "MB"),
    Goal("cold: memory beside a tenth", megabytes("shards", "cold"), growth, "MB", of_few="judged"),
    Goal("store with two versions: of the raw JSON", lambda worlds: worlds["store"].facts[STORE]["two versions"], 0.4),
    Goal("status", seconds("shards", "status"), 1, "s"),
    Goal("why", seconds("shards", "why"), 0.3, "s"),
    Goal("--help", seconds("shards", "help"), 0.15, "s", of_few="judged"),
    Goal(
        "stac-json of one collection: items/s of a tenth",
        lambda worlds: rate(worlds["tree"]) / rate(worlds["tree-tenth"]),
        0.8,
        least=True,
    ),
]
STORE = "store, share of raw JSON"


def show(rows):
    """Print the goals that were measured."""
    print(f"\n{'goals':60}{'':9}{'of cpu':>9}")
    for row in rows:
        if row["verdict"] != "not measured":
            numbers = (f"{row[name]:,.2f}" if name in row else "" for name in ("value", "of_processor", "limit"))
            value, processor, limit = numbers
            figures = f"{value:>9}{processor:>9} {row['unit']:3}{row['bound']:>9}{limit:>9}"
            print(f"    {row['goal']:56}{figures}   {row['verdict']}")
