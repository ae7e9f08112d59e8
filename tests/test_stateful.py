"""Any sequence of changes: after each build the world is what a fresh build makes of it, and only what had to ran.

`STACBUILD_FUZZ=20 pytest -m fuzz` runs twenty times as long, from another seed each time.
"""

import os
import tempfile
from pathlib import Path

import pytest
from changes import MEAN
from changes_kit import CHANGES
from changes_of_recipe import EXTRAS, extra
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from world import World
from world_harm import small_parts

FRESH = {}
"""Trees of fresh builds by their inputs; kept over all runs, since inputs come again."""

HABITS = settings(deadline=None, suppress_health_check=list(HealthCheck), database=None, print_blob=False)


class Life(RuleBasedStateMachine):
    """A world that things happen to."""

    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.parts = small_parts()
        self.parts.__enter__()

    @initialize(
        backend=st.sampled_from(["embedded", "filesystem"]),
        outputs=st.sampled_from(["both", "lines", "site", "tables"]),
    )
    def begin(self, backend, outputs):
        self.world = World(Path(self.folder.name), FRESH)
        self.world.recipe["cache"]["backend"] = backend
        if outputs == "tables":
            tables = {f"table{n}": extra(n, f"dist/t{n}") for n in range(2, len(EXTRAS))}
            self.world.recipe["outputs"] = {"lines": self.world.recipe["outputs"]["lines"], **tables}
        elif outputs != "both":
            self.world.recipe["outputs"] = {outputs: self.world.recipe["outputs"][outputs]}
        self.world.build()

    @rule(name=st.sampled_from([*sorted(CHANGES), *MEAN]), pick=st.integers(0, 9999), alone=st.integers(0, 3))
    def change(self, name, pick, alone):
        CHANGES[name](self.world, pick)
        if alone:
            self.world.build(dry=pick % 3 == 0)

    @rule(pick=st.integers(0, 9))
    def build(self, pick):
        self.world.build(force=pick == 0, dry=True)

    def teardown(self):
        try:
            if hasattr(self, "world"):
                self.world.build()
        finally:
            self.parts.__exit__(None, None, None)
            self.folder.cleanup()


def test_any_sequence_of_changes_ends_as_a_fresh_build_and_runs_only_what_it_must():
    short = settings(HABITS, derandomize=True, max_examples=18, stateful_step_count=25, phases=[Phase.generate])
    run_state_machine_as_test(Life, settings=short)


@pytest.mark.fuzz
def test_any_long_sequence_of_changes_ends_as_a_fresh_build():
    times = int(os.environ.get("STACBUILD_FUZZ", "1"))
    run_state_machine_as_test(Life, settings=settings(HABITS, max_examples=50 * times, stateful_step_count=50))
