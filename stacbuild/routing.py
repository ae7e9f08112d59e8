"""Which target an input goes to: an exact table takes all, a pattern takes by the collection named upstream. PURE.

A *table* is what the recipe writes, `[collections.NAME]`; a *target* is the collection that it makes. An exact table
makes one of its own name; a pattern makes one of each name that it owns, known only when the sources were listed.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

import msgspec

from stacbuild.failures import Problem, RecipeError
from stacbuild.recipe.load import Recipe
from stacbuild.recipe.schema import Document
from stacbuild.recipe.words import is_pattern


class Routes:
    """The tables of one recipe."""

    def __init__(self, recipe: Recipe) -> None:
        names = recipe.document.collections
        self._recipe = recipe
        self._exact = {name for name in names if not is_pattern(name)}
        self.patterns = sorted((name for name in names if is_pattern(name)), key=lambda name: (-len(name), name))
        self._owners: dict[str, str] = {}

    def target(self, table: str, upstream: str | None) -> str | None:
        """Return the target of an input that `table` reads: None, the table's own; "", it goes elsewhere or nowhere.

        Raises:
            RecipeError: two patterns of one length match.
        """
        if table in self._exact:
            return None
        return upstream if upstream and self.owner(upstream) == table else ""

    def owner(self, name: str) -> str:
        """Return the table that makes target `name`: the exact one, else the longest pattern, "" if there is none."""
        if name in self._exact:
            return name
        if name not in self._owners:
            self._owners[name] = self._longest(name)
        return self._owners[name]

    def _longest(self, name: str) -> str:
        found = [pattern for pattern in self.patterns if fnmatchcase(name, pattern)]
        if len(found) > 1 and len(found[0]) == len(found[1]):
            text = f"collection '{name}' is matched by '{found[0]}' and '{found[1]}', which are of one length"
            hint = f"write a table [collections.{msgspec.json.encode(name).decode()}] of its own, or a longer pattern"
            raise RecipeError(Problem("SB112", text, self._recipe.at("collections", found[1]), hint))
        return found[0] if found else ""

    def expanded(self, targets: Iterable[str]) -> Document:
        """Return the document with each pattern's table replaced by one for each of `targets` that it owns."""
        document = self._recipe.document
        if not self.patterns:
            return document
        tables = {name: document.collections[name] for name in self._exact}
        for target in targets:
            owner = self.owner(target)
            if owner:
                tables[target] = document.collections[owner]
        return msgspec.structs.replace(document, collections={name: tables[name] for name in sorted(tables)})

    def empty(self, targets: Iterable[str]) -> list[str]:
        """Return the patterns that own none of `targets`."""
        owners = {self.owner(target) for target in targets}
        return [pattern for pattern in self.patterns if pattern not in owners]
