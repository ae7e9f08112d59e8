"""The audit: of each mapping how many records it mapped, and which failed and why; of each patch what it hit. PURE.

It is of the state, not of the run: what a build remembers, whatever it did itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from stacbuild.model import Tally
from stacbuild.pipeline import Pipeline
from stacbuild.recipe.schema import Document
from stacbuild.row_files import GroupEntry
from stacbuild.stages.patch import CHANGED, DROPPED
from stacbuild.trace import Reasons


def mappings(
    document: Document, pipelines: dict[str, Pipeline], entries: list[GroupEntry], reasons: Reasons
) -> dict[str, dict[str, Any]]:
    """Return mapping → `mapped`, `failed` and `reasons`, of those that a collection uses.

    Args:
        document: says which mapping makes the items of a collection.
        pipelines: the collections' stages.
        entries: the groups; none is read.
        reasons: why records of a collection failed at the stage that maps.
    """
    result: dict[str, dict[str, Any]] = {}
    for collection in sorted(pipelines):
        name = document.collections[collection].mapping
        if name is not None:
            told = result.setdefault(name, {"mapped": 0, "failed": 0, "reasons": {}})
            told["mapped"] += sum(map(_passed, _tallies(entries, collection)))
            _add(told, reasons.get(collection, {}))
    return dict(sorted(result.items()))


def _add(told: dict[str, Any], reasons: dict[str, tuple[int, str]]) -> None:
    for code, (number, example) in sorted(reasons.items()):
        told["failed"] += number
        known = told["reasons"].setdefault(code, {"count": 0, "message": example})
        known["count"] += number


def _tallies(entries: Iterable[GroupEntry], collection: str) -> Iterator[Tally]:
    return (tally for entry in entries if entry.shard and (tally := entry.tallies.get(collection)) is not None)


def _passed(tally: Tally) -> int:
    """Return how many pairs of a group went past the first stage, whatever became of them then."""
    return tally.live + tally.failed + tally.dropped - sum(tally.stopped[:2])


def patches(document: Document, entries: Iterable[GroupEntry]) -> dict[str, dict[str, int]]:
    """Return how many items each patch matches, changes and drops, over all collections that use it."""
    counts: Counter[str] = Counter()
    for entry in entries:
        for tally in entry.tallies.values():
            counts.update(tally.hits)
    return {
        name: {
            "matched": counts[name] + counts[f"{name}{CHANGED}"] + counts[f"{name}{DROPPED}"],
            "changed": counts[f"{name}{CHANGED}"],
            "dropped": counts[f"{name}{DROPPED}"],
        }
        for name in sorted(document.patches)
    }
