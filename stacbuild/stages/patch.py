"""The patch stage: metadata updates by selection, in the order in which a collection lists them.

A patch whose condition is true of an item sets, appends and removes, or drops the item. `updated` follows, where the
collection has the extension `timestamps` or the patch asks for it. Never touches the file that the item comes from.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import msgspec

from stacbuild.extensions.stamping import again
from stacbuild.failures import DropError, ItemError
from stacbuild.recipe.extension_tables import Timestamps
from stacbuild.recipe.schema import Document
from stacbuild.recipe.schema import Patch as Table
from stacbuild.stages.base import Origin, Work
from stacbuild.stages.items import wrong_in
from stacbuild.stages.patching import append_at, remove_at, set_at
from stacbuild.stages.versions import version

CODES: dict[str, str] = {
    "SB240": "A patch with `drop = true` selects this item. It is dropped; nothing is wrong with it.",
    "SB241": "A patch would set or append where something else stands: an object is wanted on the way, and an array to "
    "append to.",
    "SB242": "A patch with `updated = true` changes this item, but times are kept by builds only: a filter has none. "
    "Build the item, or leave `updated` out.",
    "SB243": "A patch makes something of an item that cannot be one: a member that every item needs would be of a "
    "wrong type.",
}
"""Code → what it means and what to do."""

_HINT: Final = "mend what it sets, or let its `where` select fewer items"
CHANGED, DROPPED = "!", "-"
"""Behind a patch's name in `Mark.hits`: it changed the item, or dropped it; nothing: it matched only."""


class Patch:
    """Items to patched items, or to nothing."""

    name = "patch"
    revision = 2

    def ingredients(self, document: Document, collection: str) -> dict[str, Any] | None:
        """Return each patch, by name, and their order; None: the collection has none."""
        names = document.collections[collection].patches
        if not names:
            return None
        found: dict[str, Any] = {f"patches.{name}": _said(document.patches[name]) for name in names}
        if any(_asks_shapely(document.patches[name]) for name in names):
            found["platform"] = version("shapely")
        if _stamped(document, collection):
            found["timestamps"] = True
        return {"order": names, **found}

    def work(self, document: Document, collection: str) -> Work:
        """Return the function that applies them all."""
        chain = [(name, document.patches[name]) for name in document.collections[collection].patches]
        steps = [_Step(name, table.updated, _compiled(table)) for name, table in chain]
        always = _stamped(document, collection)

        def patch(item: Any, origin: Origin) -> dict[str, Any]:
            made, asked = item, always
            for step in steps:
                before, made = made, _hit(step, made, origin)
                asked = asked or (step.updated and made is not before)
            found: dict[str, Any] = again(item, made, origin.times) if asked and made is not item else made
            return found

        return patch

    def reason(self, document: Document, collection: str, ingredient: str) -> tuple[str, str]:
        """Return which patch moved."""
        del document
        if ingredient == "platform":
            return "stage-revised", "the library that compares geometries"
        if ingredient == "timestamps":
            return "extension-changed", f"collections.{collection}.extensions"
        return "patch-changed", f"collections.{collection}.patches" if ingredient == "order" else ingredient


DROP: Any = type("Drop", (), {"__repr__": lambda _: "DROP", "__slots__": ()})()
"""What a patch gives for an item that it drops."""


class _Step(NamedTuple):
    """A patch, compiled."""

    name: str
    updated: bool
    """Whether `updated` follows what it changes."""
    apply: Callable[[Any], Any]


def _hit(step: _Step, item: Any, origin: Origin) -> Any:
    """Return what a patch makes of an item; itself: it is not selected, or nothing changed."""
    made = step.apply(item)
    if made is None:
        return item
    if made is DROP:
        origin.hit(f"{step.name}{DROPPED}")
        raise DropError("SB240", f"dropped by patch '{step.name}'")
    origin.hit(f"{step.name}{CHANGED}" if made is not item else step.name)
    if made is not item and (wrong := wrong_in(made)) is not None:
        raise ItemError("SB243", f"after patch '{step.name}': {wrong.message}", wrong.path, _HINT)
    return made


def _stamped(document: Document, collection: str) -> bool:
    """Tell whether a collection's items have times, which follow what patches do."""
    return any(
        isinstance(document.extensions[name], Timestamps) for name in document.collections[collection].extensions
    )


def _said(table: Table) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(table)
    if not table.updated:
        del found["updated"]
    if table.where is not None:
        from stacbuild.cql2 import normal_form  # noqa: PLC0415

        found["where"] = normal_form(table.where)
    return found


def _asks_shapely(table: Table) -> bool:
    from stacbuild.cql2 import asks_shapely  # noqa: PLC0415

    return table.where is not None and asks_shapely(table.where)


def _compiled(table: Table) -> Callable[[Any], Any]:
    """Return the function item → patched item; itself: nothing changed; None: not selected; DROP."""
    selects: Callable[[Any], bool | None] = _everything
    if table.where is not None:
        from stacbuild.cql2 import compile_filter  # noqa: PLC0415

        selects = compile_filter(table.where)

    def apply(item: Any) -> Any:
        if selects(item) is not True:
            return None
        if table.drop:
            return DROP
        made = item
        for path, value in table.set.items():
            made = set_at(made, path, value)
        for path, values in table.append.items():
            made = append_at(made, path, values)
        for path in table.remove:
            made = remove_at(made, path)
        return made

    return apply


def _everything(item: Any) -> bool | None:
    del item
    return True
