"""What an input will be called before it is mapped: its id and its collection in each table that reads it. PURE."""

from __future__ import annotations

from typing import Any, NamedTuple

from stacbuild import keys
from stacbuild.failures import ItemError
from stacbuild.recipe.schema import Document
from stacbuild.recipe.words import is_pattern
from stacbuild.routing import Routes
from stacbuild.stages.transform import Namer, namer, salt


class Feed(NamedTuple):
    """A table of the recipe that reads a source."""

    table: str
    namer: Namer
    salt: str

    def target(self, routes: Routes, record: dict[str, Any]) -> str | None:
        """Return the target of a record: None, the table's own; "", none.

        Raises:
            ItemError: the mapping cannot say which collection it goes to.
        """
        return routes.target(self.table, self.namer.collection(record)) if is_pattern(self.table) else None


def feeds_of(document: Document, source: str) -> list[Feed]:
    """Return the tables that read a source, ordered by name."""
    tables = sorted(table for table, collection in document.collections.items() if source in collection.from_)
    return [Feed(table, namer(document, table, source), salt(document, table, source)) for table in tables]


def named(
    feed: Feed, target: str | None, record: dict[str, Any], digest: bytes, base: str
) -> tuple[str | None, bytes | None, str | None]:
    """Return the id that `record` will have, its input digest if that is another, and the target of a pattern."""
    if target == "":
        return None, None, target
    try:
        identity = feed.namer.name(record)
    except ItemError:
        identity = None
    matters = feed.namer.base_matters(record)
    placed = keys.placed(digest, feed.salt + (base if matters else "")) if matters or feed.salt else None
    return identity, placed, target
