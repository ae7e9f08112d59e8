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
from stacbuild.extensions.values import fields_of, rendered
from stacbuild.recipe.extension_tables import Alternate
from stacbuild.recipe.extension_tables import AlternateAssets as Settings

SCHEMA: Final = "https://stac-extensions.github.io/alternate-assets/v1.2.0/schema.json"
NAME: Final = "alternate:name"


class AlternateAssets:
    """Puts `alternate` into assets."""

    name = "alternate-assets"
    revision = 2
    scope = ("Feature", "Collection")

    def schemas(self, document: dict[str, Any], config: Settings) -> list[str]:
        """Return the schema, where an asset has one of its fields."""
        del config
        assets = (document.get("assets") or {}).values()
        return [SCHEMA] if any("alternate" in asset or NAME in asset for asset in assets) else []

    def apply(self, document: dict[str, Any], config: Settings, ctx: Context) -> dict[str, Any]:
        """Return the document with an entry for each alternate in each asset that has an href and is named."""
        del ctx
        assets = document.get("assets")
        if not assets:
            return document
        made = {}
        for key, asset in assets.items():
            wanted = config.assets is None or key in config.assets
            href = asset.get("href")
            made[key] = _asset(document, key, asset, config) if wanted and isinstance(href, str) and href else asset
        return {**document, "assets": made}

    def check(self, document: dict[str, Any]) -> Iterator[tuple[str, str]]:
        """Yield what the published schema should say of assets, and does not."""
        for key, asset in (document.get("assets") or {}).items():
            where = f"/assets/{key}/alternate"
            alternate = asset.get("alternate")
            if NAME in asset:
                yield from _bad_name(asset[NAME], f"/assets/{key}")
            if "alternate" not in asset:
                continue
            if not isinstance(alternate, dict) or not alternate:
                yield where, "`alternate` is an object with at least one entry"
                continue
            for name, entry in alternate.items():
                yield from _bad_entry(entry, f"{where}/{name}")


def _asset(document: dict[str, Any], key: str, asset: dict[str, Any], config: Settings) -> dict[str, Any]:
    """Return an asset with its alternates."""
    path = _path(asset["href"])
    scope = {**document, "path": path, "name": posixpath.basename(path), "asset": key, "this": asset}
    where = f"/assets/{key}/alternate"
    entries = {name: _entry(one, scope, f"{where}/{name}") for name, one in config.alternates.items()}
    known = asset.get("alternate")
    own = {} if config.own_name is None else {NAME: config.own_name}
    alternate = {**(known if isinstance(known, dict) else {}), **entries}
    return {**asset, **own, **({"alternate": alternate} if alternate else {})}


def _path(href: str) -> str:
    """Return the path of an href, without scheme, host, query and first slash."""
    try:
        return urlsplit(href).path.lstrip("/")
    except ValueError:  # a host that is none, as in https://[x/
        return href.partition("://")[2].partition("/")[2]


def _entry(alternate: Alternate, scope: dict[str, Any], where: str) -> dict[str, Any]:
    told = {NAME: alternate.name, "title": alternate.title, "description": alternate.description}
    return {
        "href": rendered(alternate.href, scope, where),
        **{name: value for name, value in told.items() if value is not None},
        **fields_of(alternate.fields, scope, where),
    }


def _bad_entry(entry: Any, where: str) -> Iterator[tuple[str, str]]:
    if not isinstance(entry, dict) or not isinstance(entry.get("href"), str) or not entry["href"]:
        yield where, "an alternate has an href"
    elif NAME in entry:
        yield from _bad_name(entry[NAME], where)


def _bad_name(name: Any, where: str) -> Iterator[tuple[str, str]]:
    if not isinstance(name, str) or not name:
        yield f"{where}/{NAME}", f"`{NAME}` is a text that is not empty"
