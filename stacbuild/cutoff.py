"""Early cutoff: an item whose stage gives what it gave the last time is as it was from there on. PURE.

The marks of a pair say what each stage gave. Stages that come to a recipe or leave it do not matter, as long as those
that follow are the same, in the same contexts, to the end.
"""

from __future__ import annotations

from collections.abc import Callable

from stacbuild.model import Mark, Pair
from stacbuild.steps import Step


def known(old: Pair, numbers: list[int], start: int, stands: Callable[[Mark], bool]) -> list[bytes]:
    """Return for each stage from `start` on the digest of a result from which all that follows is as it was.

    Args:
        old: the pair as last worked on; it ended as an item, or was dropped.
        numbers: the contexts of the stages.
        start: the first stage that is to run.
        stands: tells whether the files that a stage read are as they were.
    """
    found, end = [b""] * (len(numbers) - start), len(old.marks)
    for position in range(len(numbers) - 2, start - 1, -1):
        at = _mark_of(old, numbers[position + 1])
        if at is None and old.fault is not None and end == len(old.marks):
            continue  # it was dropped before that
        if at is None or at != end - 1 or at == 0 or not stands(old.marks[at]):
            break
        found[position - start], end = old.marks[at - 1].digest, at
    return found if any(found) else []


def end_as_before(step: Step, number: int) -> None:
    """Let a step end as its pair did from the stage with the context `number` on: what goes into it is what did."""
    old = step.old
    assert old is not None
    step.marks.extend(old.marks[_mark_of(old, number) :])
    step.start, step.fault, step.judge = len(step.marks), old.fault, False
    step.now, step.judged = (None, None) if old.fault is not None else (old.now, old.verdict)


def _mark_of(old: Pair, number: int) -> int | None:
    """Return which mark of a pair is of the stage with the context `number`."""
    return next((at for at, mark in enumerate(old.marks) if mark.context == number), None)
