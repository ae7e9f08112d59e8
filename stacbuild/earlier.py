"""What of an item as it is until now is of use to whoever makes it again: the more is known, the less is done. PURE.

That it was found valid, so that what did not change in it need not be judged; and what its extensions gave, of which
perhaps some alone have to be applied again. Never decides what is stale.
"""

from __future__ import annotations

from typing import NamedTuple

from stacbuild.contexts import Contexts
from stacbuild.model import Pair, Version
from stacbuild.pipeline import Pipeline
from stacbuild.stages import partly
from stacbuild.stages.extend import Extend
from stacbuild.stages.partly import Again
from stacbuild.steps import Step, incoming


class Before(NamedTuple):
    """An item as it is until now, whether nothing was found in it that is asked now, and what alone is left to do."""

    version: Version
    sound: bool
    again: Again | None


class Earlier:
    """What is known of earlier items, in the contexts of one build."""

    def __init__(self, contexts: Contexts, pipelines: dict[str, Pipeline]) -> None:
        self._contexts, self._pipelines = contexts, pipelines
        self._extending: dict[tuple[str, int], Again | None] = {}

    def of(self, step: Step) -> Before | None:
        """Return what is of use for a step; None: nothing."""
        old = step.old
        if step.verdict == "failed" or old is None or old.now is None:
            return None
        sound, again = self._is_sound(step, old), self._again(step, old, old.now)
        return Before(old.now, sound, again) if sound or again is not None else None

    def _is_sound(self, step: Step, old: Pair) -> bool:
        """Tell whether all found an item valid, without a word, who would judge what the step makes."""
        if old.verdict is None or old.verdict.state != "valid" or old.verdict.faults:
            return False
        return self._contexts.verdict_current(step.collection, old.verdict.context)

    def _again(self, step: Step, old: Pair, now: Version) -> Again | None:
        """Return which extensions are applied again, where their stage is all that is left to do of an item."""
        last = len(self._contexts.stages[step.collection]) - 1
        if not step.start == last == len(old.marks) - 1 > 0 or old.marks[-2].digest != incoming(step):
            return None
        mark = old.marks[-1]
        return self._applied(step.collection, mark.context) if mark.digest == now.digest and not mark.files else None

    def _applied(self, collection: str, before: int) -> Again | None:
        """Return which extensions of a collection are applied again to what a context of before gave."""
        place, line = (collection, before), self._pipelines[collection]
        if place not in self._extending:  # many items have it
            context = self._contexts.known[before]
            known = context.stage == Extend.name and isinstance(line.stages[-1], Extend)
            self._extending[place] = partly.again(context, line.ingredients[-1], line.contexts[-1]) if known else None
        return self._extending[place]
