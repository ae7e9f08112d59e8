"""What an item of each collection goes through: its stages with the digest of all that they depend on. PURE."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from stacbuild import keys
from stacbuild.recipe.env import HIDDEN
from stacbuild.recipe.schema import Document
from stacbuild.report import Reason
from stacbuild.stages.base import Stage
from stacbuild.stages.registry import DOCUMENT_STAGES

Redact = Callable[[str], str]


class Pipeline(Struct):
    """The life of one collection's items."""

    collection: str
    sources: list[str]
    stages: list[Stage]
    ingredients: list[dict[str, Any]]
    contexts: list[bytes]
    """The digest of each stage's ingredients and revision."""
    judged: bool
    """Whether validate looks at its items."""
    summaries: list[str]


def pipelines(document: Document, redact: Redact = str) -> dict[str, Pipeline]:
    """Return the pipeline of each collection of the recipe, ordered by collection.

    What is told and remembered of ingredients goes through `redact`; the digests are of the values themselves.
    """
    return {name: _pipeline(document, name, redact) for name in sorted(document.collections)}


def _pipeline(document: Document, name: str, redact: Redact) -> Pipeline:
    collection = document.collections[name]
    used = [(stage, stage.ingredients(document, name)) for stage in DOCUMENT_STAGES]
    stages = [(stage, ingredients) for stage, ingredients in used if ingredients is not None]
    return Pipeline(
        collection=name,
        sources=collection.from_,
        stages=[stage for stage, _ in stages],
        ingredients=[without_secrets(ingredients, redact) for _, ingredients in stages],
        contexts=[keys.context(stage.name, stage.revision, ingredients) for stage, ingredients in stages],
        judged=document.validation.level != "off",
        summaries=sorted(set(collection.summaries)),
    )


def without_secrets(value: Any, redact: Redact) -> Any:
    """Return a JSON value with every text in it redacted."""
    match value:
        case str():
            return redact(value)
        case dict():
            return {redact(name): without_secrets(entry, redact) for name, entry in value.items()}
        case list() | tuple():
            return [without_secrets(entry, redact) for entry in value]
        case _:
            return value


def unseen(document: Document, collection: str, line: Pipeline, position: int) -> Reason:
    """Return why a stage is done again though nothing that may be told of it moved: a secret did, or its own code."""
    stage = line.stages[position]
    for name, said in sorted(line.ingredients[position].items()):
        if HIDDEN in str(said):
            return Reason(*stage.reason(document, collection, name), HIDDEN, HIDDEN)
    return Reason("stage-revised", stage.name)
