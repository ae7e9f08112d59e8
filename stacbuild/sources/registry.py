"""The kinds of sources there are. A kind is a file of its own and a line here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from stacbuild.recipe.schema import StacItemsSource, TableSource
from stacbuild.sources import stac_items, table
from stacbuild.sources.base import Raw, Shard


class SourceKind(Protocol):
    """What a kind of source can do; `source` is its table of the recipe."""

    def shards(self, source: Any, root: Path) -> list[Shard]:
        """Return its files, ordered by name; a file named literally is listed even if it is not there."""

    def missing_paths(self, source: Any, root: Path) -> list[str]:
        """Return the paths and patterns of the recipe that nothing answers to."""

    def read(self, shard: Shard, source: Any) -> Iterator[Raw]:
        """Yield a file's records; raises SourceUnreadable."""

    def fetch_settings(self, source: Any) -> Any:
        """Return, as JSON, what of its table decides the records; never where they lie."""


KINDS: dict[type, SourceKind] = {TableSource: table, StacItemsSource: stac_items}


def kind_of(source: Any) -> SourceKind:
    """Return the kind of a source's table."""
    return KINDS[type(source)]
