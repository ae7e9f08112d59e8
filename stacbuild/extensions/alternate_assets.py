"""Extension `alternate-assets` 1.2.0: other places of the same bytes, by URL templates.

The published schema does not look at the assets of Items (it puts `alternate` directly under `assets`), so what it
should say is checked here. https://github.com/stac-extensions/alternate-assets
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlsplit

from stacbuild.extensions.base import Context
from stacbuild.extensions.values import rendered
from stacbuild.recipe.extension_tables import AlternateAssets as Settings

SCHEMA: Final = "https://stac-extensions.github.io/alternate-assets/v1.2.0/schema.json"


class AlternateAssets:
    """Puts `alternate` into assets."""

    name = "alternate-assets"
    schema = SCHEMA
    revision = 1

    def apply(self, item: dict[str, Any], config: Settings, ctx: Context) -> dict[str, Any]:
        """Return the item with an entry for each alternate in each asset that has an href and is named."""
        del ctx
        assets = {}
        for key, asset in item.get("assets", {}).items():
            wanted = config.assets is None or key in config.assets
            assets[key] = self._asset(item, key, asset, config) if wanted and asset.get("href") else asset
        return {**item, "assets": assets}

    def _asset(self, item: dict[str, Any], key: str, asset: dict[str, Any], config: Settings) -> dict[str, Any]:
        where = f"/assets/{key}/alternate"
        path = urlsplit(asset["href"]).path.lstrip("/")
        scope = {**item, "path": path, "name": posixpath.basename(path), "asset": key}
        made = {}
        for name, alternate in config.alternates.items():
            entry = {"href": rendered(alternate.href, scope, f"{where}/{name}")}
            if alternate.name is not None:
                entry["alternate:name"] = alternate.name
            if alternate.title is not None:
                entry["title"] = alternate.title
            if alternate.description is not None:
                entry["description"] = alternate.description
            made[name] = {**entry, **rendered(alternate.fields, scope, f"{where}/{name}")}
        own = {} if config.own_name is None else {"alternate:name": config.own_name}
        return {**asset, **own, "alternate": {**asset.get("alternate", {}), **made}}

    def check(self, item: dict[str, Any]) -> Iterator[tuple[str, str]]:
        """Yield what the published schema should say of assets, and does not."""
        for key, asset in item.get("assets", {}).items():
            alternate = asset.get("alternate")
            where = f"/assets/{key}/alternate"
            if alternate is None:
                continue
            if not isinstance(alternate, dict) or not alternate:
                yield where, "`alternate` is an object with at least one entry"
                continue
            for name, entry in alternate.items():
                if not isinstance(entry, dict) or not isinstance(entry.get("href"), str) or not entry["href"]:
                    yield f"{where}/{name}", "an alternate has an href"
