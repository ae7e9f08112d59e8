"""Extension `alternate-assets` 1.2.0: other places of the same bytes, by URL templates.

The published schema does not look at the assets of Items (it puts `alternate` directly under `assets`), so what it
should say is checked here. https://github.com/stac-extensions/alternate-assets
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from stacbuild.extensions.base import Apply, Context, Reach
from stacbuild.extensions.values import fields_of, pieces, rendered
from stacbuild.recipe.extension_tables import Alternate
from stacbuild.recipe.extension_tables import AlternateAssets as Settings

SCHEMA: Final = "https://stac-extensions.github.io/alternate-assets/v1.2.0/schema.json"
NAME: Final = "alternate:name"
_OF_HREF: Final = frozenset({"path", "name", "asset"})
"""What a template may name without a look at the item."""
_PLAIN: Final = re.compile(
    r"(?:[A-Za-z][A-Za-z0-9+.-]*+://[A-Za-z0-9._~@:-]*+(?=[/?#]|\Z)|(?=[A-Za-z0-9._~-][^:?#]*+(?:[?#]|\Z)))"
    r"/*+([^?#\t\r\n]*+)(?=[?#]|\Z)"
)
"""URLs and relative paths of which it says the same as `urlsplit`, in a fifth of the time."""
_DOTS: Final = re.compile(r"(?:\A|/)(?:\.|%2e){1,2}(?:/|\Z)", re.IGNORECASE)
"""A step of a path that says where to go, and is no name."""


class AlternateAssets:
    """Puts `alternate` into assets."""

    name = "alternate-assets"
    revision = 4
    scope = ("Feature", "Collection")

    def reach(self, table: dict[str, Any]) -> Reach:
        """Return how far it goes."""
        del table
        return Reach(("assets",), SCHEMA, tuple(_OF_HREF))

    def schemas(self, document: dict[str, Any], config: Settings) -> list[str]:
        """Return the schema, where an asset has one of its fields."""
        del config
        assets = (document.get("assets") or {}).values()
        return [SCHEMA] if any("alternate" in asset or NAME in asset for asset in assets) else []

    def apply(self, document: dict[str, Any], config: Settings, ctx: Context) -> dict[str, Any]:
        """Return the document with an entry for each alternate in each asset that has an href and is named."""
        return self.ready(config)(document, ctx)

    def ready(self, config: Settings) -> Apply:
        """Return `apply` for a configuration, with its templates read."""
        places = [_place(name, one) for name, one in config.alternates.items()]
        own = {} if config.own_name is None else {NAME: config.own_name}
        named = config.assets

        def apply(document: dict[str, Any], ctx: Context) -> dict[str, Any]:
            del ctx
            assets = document.get("assets")
            if not assets:
                return document
            made = {}
            for key, asset in assets.items():
                href = asset.get("href")
                wanted = isinstance(href, str) and href and (named is None or key in named)
                made[key] = _asset(document, key, asset, places, own) if wanted else asset
            return {**document, "assets": made}

        return apply

    def check(self, document: dict[str, Any]) -> Iterator[tuple[str, str]]:
        """Yield what the published schema should say of assets, and does not."""
        for key, asset in (document.get("assets") or {}).items():
            if bad := _bad_name(asset):
                yield f"/assets/{key}{bad[0]}", bad[1]
            if "alternate" not in asset:
                continue
            alternate = asset["alternate"]
            if not isinstance(alternate, dict) or not alternate:
                yield f"/assets/{key}/alternate", "`alternate` is an object with at least one entry"
                continue
            for name, entry in alternate.items():
                if bad := _bad_entry(entry):
                    yield f"/assets/{key}/alternate/{name}{bad[0]}", bad[1]


class _Place(NamedTuple):
    """An alternate, with all worked out that is the same for every asset."""

    name: str
    href: str
    """The template."""
    form: str | None
    """The same for `%`, of path, name and asset; None: it names more of the item than these."""
    told: dict[str, str]
    """What stands in every entry as it is."""
    fields: dict[str, Any]
    """What is worked out for each: title and description too, if they are templates."""


def _place(name: str, alternate: Alternate) -> _Place:
    told = {NAME: alternate.name, "title": alternate.title, "description": alternate.description}
    said = {name: value for name, value in told.items() if value is not None}
    templates = {name: value for name, value in said.items() if name != NAME and ("{" in value or "}" in value)}
    plain = {name: value for name, value in said.items() if name not in templates}
    return _Place(name, alternate.href, _form(alternate.href), plain, {**templates, **alternate.fields})


def _form(template: str) -> str | None:
    """Return a template as `%` fills it, if it names nothing but what stands in every href."""
    parts = pieces(template)
    if any(is_path and text not in _OF_HREF for text, is_path in parts):
        return None
    return "".join(f"%({text})s" if is_path else text.replace("%", "%%") for text, is_path in parts)


def _asset(
    document: Mapping[str, Any], key: str, asset: dict[str, Any], places: list[_Place], own: dict[str, str]
) -> dict[str, Any]:
    """Return an asset with its alternates."""
    path = _path(asset["href"])
    known = asset.get("alternate")
    alternate = {**known} if isinstance(known, dict) else {}
    for place in places:
        alternate[place.name] = _entry(document, key, asset, path, place)
    return {**asset, **own, "alternate": alternate} if alternate else {**asset, **own}


def _path(href: str) -> str:
    """Return the path of an href, without scheme, host, query and first slash, and without steps up and out."""
    path = _written(href)
    may_step = "/." in path or path.startswith(".") or "%2" in path  # a quick look, which clears nearly all
    return _resolved(path) if may_step and _DOTS.search(path) else path


def _written(href: str) -> str:
    plain = _PLAIN.match(href)
    if plain is not None:
        return plain[1]
    try:
        return urlsplit(href).path.lstrip("/")
    except ValueError:  # a host that is none, as in https://[x/
        return href.partition("://")[2].partition("/")[2]


def _resolved(path: str) -> str:
    """Return a path with its `.` and `..` taken in, as for a URL: the root has nothing above it (RFC 3986, 5.2.4)."""
    steps: list[str] = []
    for step in path.split("/"):
        match step.lower().replace("%2e", "."):
            case "..":
                del steps[-1:]
            case ".":
                pass
            case _:
                steps.append(step)
    return "/".join(steps)


def _entry(document: Mapping[str, Any], key: str, asset: dict[str, Any], path: str, place: _Place) -> dict[str, Any]:
    name = path.rpartition("/")[2]
    if place.form is not None and not place.fields:
        return {"href": place.form % {"path": path, "name": name, "asset": key}, **place.told}
    scope = {**document, "path": path, "name": name, "asset": key, "this": asset}
    where = f"/assets/{key}/alternate/{place.name}"
    return {"href": rendered(place.href, scope, where), **place.told, **fields_of(place.fields, scope, where)}


def _bad_entry(entry: Any) -> tuple[str, str] | None:
    """Return where in an alternate something is wrong, and what."""
    if not isinstance(entry, dict) or not isinstance(entry.get("href"), str) or not entry["href"]:
        return "", "an alternate has an href"
    return _bad_name(entry)


def _bad_name(place: dict[str, Any]) -> tuple[str, str] | None:
    name = place.get(NAME, NAME)
    return None if isinstance(name, str) and name else (f"/{NAME}", f"`{NAME}` is a text that is not empty")
