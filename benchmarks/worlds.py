"""The worlds: of what records, into what outputs, and the cases of each, in their order."""

from collections.abc import Callable
from typing import NamedTuple

from benchmarks import cases, store
from benchmarks.world import World

BOTH = ("ndjson", "geoparquet")
LINEAR = 100_000


class Plan(NamedTuple):
    """What is measured in one world: `first` always, `cases` if they are wanted."""

    outputs: tuple[str, ...]
    first: Callable
    cases: dict[str, Callable] = {}  # noqa: RUF012  a constant
    single: bool = False
    collections: int = 8
    share: float = 1
    most: int | None = None
    """How many records: this share of N or of `most`, whichever is less."""

    kind: type = World

    def number(self, number):
        return max(8, int(self.share * min(number, self.most or number)))

    def run(self, world, wanted, turns):
        """Measure what is wanted."""
        world.make(self.outputs, single=self.single, collections=self.collections)
        self.first(world, turns)
        for name, case in self.cases.items():
            if name in wanted:
                case(world, turns)


PLANS = {
    "shards": Plan(
        BOTH,
        cases.cold,
        {
            "reference": cases.reference,
            "no-op": cases.no_op,
            "ninja": cases.ninja_no_op,
            "status": cases.status,
            "why": cases.why,
            "help": cases.help_text,
            "one-record": cases.one_record,
            "mapping-of-one": cases.mapping_of_one,
            "extension": cases.extension,
            "outputs-deleted": cases.outputs_deleted,
            "memory-lost": cases.memory_lost,
            "one-process": cases.one_process,
        },
    ),
    "tenth": Plan(BOTH, cases.once, share=0.1),
    "months": Plan(("months",), cases.once, {"one-month": cases.one_month, "scattered": cases.scattered}),
    "site": Plan(("site",), cases.once, {"scattered": cases.scattered}),
    "files": Plan(
        ("site",), cases.once, {"no-op": cases.no_op, "scan": cases.scan, "one-record": cases.one_record}, single=True
    ),
    "tree": Plan(("tree",), cases.alone, collections=1, most=LINEAR),
    "tree-tenth": Plan(("tree",), cases.alone, collections=1, most=LINEAR, share=0.1),
    "table": Plan(("ndjson",), cases.of_table, {"no-op": cases.no_op, "one-record": cases.one_row}, kind=cases.Table),
    "store": Plan(("ndjson",), store.store, kind=store.RealItems),
}


def chosen(words):
    """Return world → names of its cases that `words` ask for: `months`, `months/scattered`, `scattered`, `cold`."""
    found = {}
    for world, plan in PLANS.items():
        asked = {word.rpartition("/")[2] for word in words if word.rpartition("/")[0] in ("", world)}
        if world in words:
            found[world] = set(plan.cases)
        elif asked & set(plan.cases) or ("cold" in asked and (world == "shards" or f"{world}/cold" in words)):
            found[world] = asked & set(plan.cases)
    return found


def names():
    """Return all that `chosen` understands."""
    return {"cold", *PLANS, *(name for plan in PLANS.values() for name in plan.cases)} | {
        f"{world}/{name}" for world, plan in PLANS.items() for name in ("cold", *plan.cases)
    }
