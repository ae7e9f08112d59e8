"""Extension `file` 2.1.0: checksum and size of assets that are files of this machine, each read once, in pieces.

Such a file is a dependency of the item: when it moves, the item is made again. https://github.com/stac-extensions/file
"""

from __future__ import annotations

from typing import Any, Final

from stacbuild.extensions.base import Context
from stacbuild.extensions.places import each_asset
from stacbuild.failures import ItemError
from stacbuild.recipe.extension_tables import FileInfo as Settings

SCHEMA: Final = "https://stac-extensions.github.io/file/v2.1.0/schema.json"
SHA256: Final = "1220"
"""What a multihash of SHA-256 begins with: the function, and its 32 bytes."""


class File:
    """Sets `file:checksum` and `file:size`."""

    name = "file"
    revision = 1
    scope = ("Feature", "Collection")

    def schemas(self, document: dict[str, Any], config: Settings) -> list[str]:
        """Return the schema, where an asset has one of its fields."""
        del config
        assets = (document.get("assets") or {}).values()
        return [SCHEMA] if any(name.startswith("file:") for asset in assets for name in asset) else []

    def apply(self, document: dict[str, Any], config: Settings, ctx: Context) -> dict[str, Any]:
        """Return the document with the fields set where an asset's file is here.

        Raises:
            ItemError: SB233, it cannot be read, and the recipe does not say that it is to be passed over.
        """

        def told(asset: dict[str, Any], wanted: bool, scope: Any, where: str) -> dict[str, Any]:  # noqa: FBT001
            del scope
            href = asset.get("href")
            return {**asset, **_file(href, config, ctx, where)} if wanted and isinstance(href, str) else asset

        names = {"*": True} if config.assets is None else dict.fromkeys(config.assets, True)
        return each_asset(document, names, told)


def _file(href: str, config: Settings, ctx: Context, where: str) -> dict[str, Any]:
    if not ctx.is_local(href):
        return {}
    try:
        sha256, size = ctx.digest(href)
    except ItemError as error:
        if config.missing == "skip":
            return {}
        hint = 'with missing = "skip" it is passed over'
        raise ItemError(error.code, error.message, f"{where}/href", hint) from error
    checksum = {"file:checksum": SHA256 + sha256.hex()} if config.checksum else {}
    return checksum | ({"file:size": size} if config.size else {})
