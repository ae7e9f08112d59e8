"""The contexts of this build, numbered so that rows can name them, beside those that the memory knows. PURE."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stacbuild import keys
from stacbuild.model import Context, Tally
from stacbuild.pipeline import Pipeline

VALIDATE_REVISION = 1
"""Raised when what validate says of some document changes though no schema did."""

Ingredients = Callable[[tuple[str, ...], str], dict[str, str]]
"""(profile, collection) → what a verdict on such an item may depend on; `extra` names what the collection adds."""


class Contexts:
    """Numbers for contexts: those of the memory keep theirs, new ones follow."""

    def __init__(self, known: list[Context], pipelines: dict[str, Pipeline], ingredients: Ingredients) -> None:
        self.known = list(known)
        self._numbers = {(context.stage, context.digest): number for number, context in enumerate(self.known)}
        self._ingredients = ingredients
        self._profiles: dict[tuple[tuple[str, ...], str], int] = {}
        self._current: dict[tuple[str, int], bool] = {}
        self.stages = {name: self._stages(line) for name, line in pipelines.items()}
        """Collection → the number of each document stage's context now."""

    def _stages(self, line: Pipeline) -> list[int]:
        parts = zip(line.stages, line.contexts, line.ingredients, strict=True)
        return [self.number(stage.name, digest, ingredients) for stage, digest, ingredients in parts]

    def number(self, stage: str, digest: bytes, ingredients: dict[str, Any]) -> int:
        """Return the number of a context, which is noted if it is new."""
        number = self._numbers.get((stage, digest))
        if number is None:
            number = self._numbers[stage, digest] = len(self.known)
            self.known.append(Context(stage, digest, ingredients))
        elif not self.known[number].ingredients:
            self.known[number] = Context(stage, digest, ingredients)
        return number

    def verdict(self, collection: str, profile: tuple[str, ...]) -> int:
        """Return the number of the context that an item of `profile` is judged in now in `collection`."""
        number = self._profiles.get((profile, collection))
        if number is None:
            ingredients = {"profile": list(profile), "schemas": self._ingredients(profile, collection)}
            digest = keys.context("validate", VALIDATE_REVISION, ingredients)
            number = self._profiles[profile, collection] = self.number("validate", digest, ingredients)
        return number

    def verdict_current(self, collection: str, number: int) -> bool:
        """Tell whether context `number` is still the one that items of `collection` in it would be judged in."""
        current = self._current.get((collection, number))
        if current is None:  # asked for every group, of which there are many
            profile = tuple(self.known[number].ingredients.get("profile", ()))
            current = self._current[collection, number] = bool(profile) and self.verdict(collection, profile) == number
        return current

    def digest(self, number: int) -> bytes:
        """Return the digest of context `number`."""
        return self.known[number].digest

    def current(self, collection: str, tally: Tally, *, judged: bool) -> bool:
        """Tell whether all results of a group were made in the contexts of now."""
        wanted = self.stages[collection]
        if len(tally.contexts) != len(wanted):
            return tally.live + tally.failed + tally.dropped == 0
        if any(seen not in ([], [number]) for seen, number in zip(tally.contexts, wanted, strict=True)):
            return False
        return not judged or (
            not tally.unjudged and all(self.verdict_current(collection, number) for number in tally.verdicts)
        )

    def used(self, numbers: set[int]) -> list[Context]:
        """Return the contexts with the ingredients of those not in `numbers` forgotten."""
        return [c if n in numbers else Context(c.stage, c.digest, {}) for n, c in enumerate(self.known)]
