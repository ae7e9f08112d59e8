"""What an item of each collection goes through: its stages with the digest of all that they depend on. PURE."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from stacbuild import keys
from stacbuild.recipe.schema import Document
from stacbuild.stages.base import Stage
from stacbuild.stages.registry import DOCUMENT_STAGES


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


def pipelines(document: Document) -> dict[str, Pipeline]:
    """Return the pipeline of each collection of the recipe, ordered by collection."""
    return {name: _pipeline(document, name) for name in sorted(document.collections)}


def _pipeline(document: Document, name: str) -> Pipeline:
    collection = document.collections[name]
    used = [(stage, stage.ingredients(document, name)) for stage in DOCUMENT_STAGES]
    stages = [(stage, ingredients) for stage, ingredients in used if ingredients is not None]
    return Pipeline(
        collection=name,
        sources=collection.from_,
        stages=[stage for stage, _ in stages],
        ingredients=[ingredients for _, ingredients in stages],
        contexts=[keys.context(stage.name, stage.revision, ingredients) for stage, ingredients in stages],
        judged=document.validation.level != "off",
        summaries=sorted(set(collection.summaries)),
    )
