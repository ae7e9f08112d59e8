"""What is asked of a build besides the recipe. Values only."""

from __future__ import annotations

import os

from msgspec import Struct

from stacbuild.lockfile import Lock
from stacbuild.steps import Options
from stacbuild.targets import Selection


class Request(Struct, frozen=True):
    """What is asked of a build besides the recipe."""

    selection: Selection
    force: bool = False
    jobs: int = 1
    executor: str = "processes"
    fail_fast: bool = False
    max_failures: int | float = 0.0
    max_deletions: int | float = 0.1
    adopt: bool = False
    lock: Lock | None = None
    """What recipe and sources have to agree with, before anything is done."""

    def options(self, lost: frozenset[bytes] = frozenset()) -> Options:
        """Return what a plan needs of it."""
        targeted = bool(self.selection)
        selected = self.selection.takes if targeted else None
        return Options(self.force, targeted, selected, self.max_deletions, lost)


def workers(asked: int | None, configured: int) -> int:
    """Return how many workers to use; 0 is one a core that this process may use."""
    jobs = configured if asked is None else asked
    return jobs or len(os.sched_getaffinity(0))
