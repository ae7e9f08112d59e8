"""What a stage is: a value with a name, a revision, what of the recipe it reads, and a function document → document.

A stage never does I/O except through what it is given, never sees another item, and gives the same bytes for the
same input. It never changes what it is given: a member that it gives back as the same object is taken to be the same,
and not encoded again. Adding one is a file and a line in `registry.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from stacbuild.reading import Reader
from stacbuild.recipe.schema import Document
from stacbuild.stages.mending import Say, silent
from stacbuild.times import Times


def unheard(patch: str) -> None:
    """Take no notice."""
    del patch


class Origin(NamedTuple):
    """Where a record comes from, its file's folder relative to the recipe's; who takes warnings, who reads files."""

    source: str
    base: str
    say: Say = silent
    reader: Reader | None = None
    """Each file that it reads is a dependency of the item."""
    hit: Callable[[str], None] = unheard
    """Takes the name of each patch that the item matched."""
    times: Times | None = None
    """When contents were first seen."""


Work = Callable[[Any, Origin], dict[str, Any]]
"""(record or document, where it comes from) → document; raises ItemError."""


class Stage(Protocol):
    """A document stage. Raise `revision` when the bytes that it gives for some input change."""

    @property
    def name(self) -> str:
        """Return the stage's name: transform, extend or patch."""

    @property
    def revision(self) -> int:
        """Return the number that is raised when its bytes change."""

    def ingredients(self, document: Document, collection: str) -> dict[str, Any] | None:
        """Return what of the recipe it reads for `collection`, by name, as JSON; None: it is not in its items' life."""

    def work(self, document: Document, collection: str) -> Work:
        """Return the function that does it, compiled for `collection`."""

    def reason(self, document: Document, collection: str, ingredient: str) -> tuple[str, str]:
        """Return the reason code for a change of `ingredient`, and where in the recipe it stands (dotted)."""
