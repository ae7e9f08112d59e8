"""Extension `timestamps`: `created` and `updated` of the core's metadata, by the rule of `stamping.py`.

No key knows of either. Where patches change an item behind it, the patch stage has `updated` follow.
"""

from __future__ import annotations

from typing import Any

from stacbuild.extensions.base import Context
from stacbuild.extensions.stamping import stamped
from stacbuild.failures import ItemError
from stacbuild.recipe.extension_tables import Timestamps as Settings


class Timestamps:
    """Sets `created` and `updated`; applied behind all other extensions of a collection."""

    name = "timestamps"
    revision = 1
    scope = ("Feature", "Collection")

    def apply(self, document: dict[str, Any], config: Settings, ctx: Context) -> dict[str, Any]:
        """Return the document with both times."""
        if ctx.times is None:
            raise ItemError("SB231", "extension 'timestamps' is for items that are built")
        return stamped(document, config.from_, ctx.times)
