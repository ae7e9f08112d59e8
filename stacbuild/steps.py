"""What a plan gives: steps, a group's steps; and what is asked of a plan. Values only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from msgspec import Struct

from stacbuild.amends import Rest
from stacbuild.failures import Fault
from stacbuild.listed import ShardListing
from stacbuild.model import Input, Mark, Names, Pair, Verdict, Version
from stacbuild.report import Reason
from stacbuild.row_files import GroupEntry
from stacbuild.spool import Spooled

DUPLICATE_ID: Final = "SB293"
OTHER_TAKEN: Final = "SB294"
"""Under `on-duplicate = "first"` or `"last"`: another input of that id is the item."""
BY_ID: Final = (DUPLICATE_ID, OTHER_TAKEN)
"""Faults of inputs that share their id with others."""

Selected = Callable[[str, str, str], bool]
"""(collection, key, source) → whether a targeted build is to touch it."""


class Step(Struct, gc=False):
    """What is to be done for one pair. `start` is the document stage to begin with; past the last: only the verdict."""

    collection: str
    source: str
    input: Input
    ordinal: int
    """Position of the record in its shard."""
    digest: bytes
    id: str | None
    old: Pair | None
    verdict: str
    """fresh, new, stale, failed, or dropped: the recipe did not want it, and nothing of that moved."""
    reasons: list[Reason]
    marks: list[Mark]
    start: int
    judge: bool
    selected: bool = True
    fault: Fault | None = None
    now: Version | None = None
    judged: Verdict | None = None
    place: tuple[bytes, int] | None = None
    """Chunk and ordinal of the document that goes into stage `start`."""

    def done(self, stages: int) -> bool:
        """Tell whether nothing is left to run."""
        return self.fault is not None or (self.start >= stages and not self.judge and self.now is not None)


class GroupPlan(Struct):
    """A group that is not known to be fresh, with a step for each pair; `source` and `shard` say where it is read."""

    source: str
    shard: ShardListing | None
    entry: GroupEntry
    inputs: list[Input]
    steps: dict[str, list[Step]]
    old: dict[str, dict[str, Pair]]
    spooled: Spooled | None = None
    """Where its records are in the spool, if they were read while listing."""
    names: Names | None = None
    """The marks of its inputs' names, if they were read while listing."""
    edited: Rest | None = None
    """What the group was, where only records that were edited in place have steps and are in `inputs`; None: all."""


class Options(Struct, frozen=True):
    """What the command line asks of a plan."""

    force: bool = False
    targeted: bool = False
    selected: Selected | None = None
    deletions: int | float = 0.10
    """A number, or a share between 0 and 1 of the source's known inputs."""
    lost: frozenset[bytes] = frozenset()
    """Chunks that were found missing: what lies in them is to be made again."""


def refused(verdict: Verdict | None, level: str) -> bool:
    """Tell whether a verdict keeps its item out of the outputs."""
    return verdict is not None and verdict.state == "invalid" and level == "strict"


def incoming(step: Step) -> bytes:
    """Return the digest of what goes into stage `start` of a step."""
    return step.marks[-1].digest if step.marks else step.digest
