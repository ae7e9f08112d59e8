"""The `where` of a collection: an item that it does not select is dropped, any other goes through as it is.

CQL2 with SQL's three values: only true selects. Counted by nobody: what it drops is `items.dropped`.
"""

from __future__ import annotations

from typing import Any

from stacbuild.failures import DropError
from stacbuild.recipe.schema import Document
from stacbuild.stages.base import Origin, Work
from stacbuild.stages.versions import version


class Where:
    """Items to items, or to nothing."""

    name = "where"
    revision = 1

    def ingredients(self, document: Document, collection: str) -> dict[str, Any] | None:
        """Return what the condition says, and by which library it compares geometries; None: all are taken."""
        where = document.collections[collection].where
        if where is None:
            return None
        from stacbuild.cql2 import asks_shapely, normal_form  # noqa: PLC0415

        said = {"where": normal_form(where)}
        return {**said, "platform": version("shapely")} if asks_shapely(where) else said

    def work(self, document: Document, collection: str) -> Work:
        """Return the compiled condition."""
        from stacbuild.cql2 import compile_filter  # noqa: PLC0415  few collections have one

        where = document.collections[collection].where
        assert where is not None
        selects = compile_filter(where)

        def choose(item: Any, origin: Origin) -> dict[str, Any]:
            del origin
            if selects(item) is not True:
                raise DropError("SB221", f"not selected by the collection's where: {where}")
            found: dict[str, Any] = item
            return found

        return choose

    def reason(self, document: Document, collection: str, ingredient: str) -> tuple[str, str]:
        """Return which key moved."""
        del document
        if ingredient == "platform":
            return "stage-revised", "the library that compares geometries"
        return "collection-changed", f"collections.{collection}.{ingredient}"
