"""The tables of `[extensions.NAME]`, as `schema.py` has those of all else: one struct for each extension built in."""

from __future__ import annotations

from typing import Any, ClassVar

from stacbuild.recipe.table import Code, Table


class Alternate(Table, frozen=True):
    """`alternates.NAME` of the extension `alternate-assets`: one other place of the same bytes."""

    href: str
    """Where they are: a template with `{path}` and `{name}` of the asset's href, `{asset}`, and the item's fields."""
    name: str | None = None
    """What the place is called (`alternate:name`)."""
    title: str | None = None
    """A short name for people."""
    description: str | None = None
    """More words for people."""
    fields: dict[str, Any] = {}
    """Other fields of the entry, as of the storage and auth extensions; texts are templates."""


class AlternateAssets(Table, frozen=True, tag_field="use", tag="alternate-assets"):
    """`[extensions.NAME]` with `use = "alternate-assets"`: other places of the same bytes."""

    alternates: dict[str, Alternate]
    """The other places: the same name is the same place in all items."""
    assets: list[str] | None = None
    """The assets that get them; without it all that have an href."""
    own_name: str | None = None
    """What the place of the asset's own href is called."""


class Fields(Table, frozen=True, tag_field="use", tag="fields"):
    """`[extensions.NAME]` with `use = "fields"`: any fields, under any schema."""

    schema: str | None = None
    """The URI of the schema that documents with these fields declare."""
    properties: dict[str, Any] = {}
    """Fields of the item's properties, or of the collection; texts are templates with the item's fields."""
    assets: dict[str, Any] = {}
    """Fields of every asset, likewise."""


class PlugIn(Table, frozen=True, tag_field="use", tag="plug-in"):
    """`[extensions.NAME]` of an extension that is not built in: `use` says where its code is, the rest is its own."""

    open: ClassVar[bool] = True
    """Takes every `use` that no other table takes, and any key."""
    code: Code
    """`plugins/ours.py:Class`, `package.module:Class`, or the name of an entry point of `stacbuild.extensions`."""
    config: dict[str, Any] = {}
    """What else stands in its table."""


Extension = AlternateAssets | Fields | PlugIn
