"""When an Item or Collection that went through a build is still the same one: the comparison, in one place.

`expected` says what may differ of an Item and why, `stated` of a Collection; `tabled` and `loose` what a table cannot
tell besides. Whoever compares has both sides in the form of `plain`, and then compares canonical bytes: 1 is not 1.0.
"""

import datetime as dt
import posixpath
from urllib.parse import quote, urljoin, urlsplit

import shapely.geometry

from stacbuild.stages.migrate import migrate

OURS = "https://example.com/clone/v1.0.0/schema.json"
ALTERNATE = "https://stac-extensions.github.io/alternate-assets/v1.2.0/schema.json"
EXTENSIONS = {
    "mirrors": {
        "use": "alternate-assets",
        "alternates": {"mirror": {"href": "https://mirror.example.com/{path}", "name": "Mirror"}},
    },
    "ours": {"use": "fields", "schema": OURS, "properties": {"ours:was": "{id}"}},
}
"""The two extensions that clones are made with."""
STRUCTURAL = {"root", "parent", "collection", "self", "child", "item"}
PAGING = {"next", "prev", "previous", "first", "last", "items"}
"""Of catalogs that are crawled, links of a server to its own answers are no part of a document either."""


def expected(given, folder, root, target):
    """Return what a build makes of an item by STAC 1.1.0 and `EXTENSIONS`, in the form of `plain`.

    What differs from `given`, and nothing else may:

    - `stac_version` and what 1.1.0 says in other words: that is `migrate`, which is held against pystac and rustac.
    - Links that say where a document stands: the tree around the item is another one. Other links stay.
    - `collection`: the target that the recipe put it in.
    - Hrefs that start at the item's own file: they lead to the same place from where the item stands now.
    - `assets` and `links` are there, if empty: 1.1.0 requires them.
    - What extensions add: `alternate` in assets that have an href, `ours:was`, and the schemas of what was added, in
      place of other versions of the same extension.

    Args:
        given: the item as it came.
        folder: its file's folder.
        root: the recipe's folder.
        target: the collection that it is to be in.
    """
    item = migrate(given)
    made = plain(item, folder) | {"collection": target}
    made["properties"] = item["properties"] | {"ours:was": item["id"]}
    near = {name for name, asset in item.get("assets", {}).items() if is_relative(asset.get("href"))}
    made["assets"] = {name: mirrored(asset, root, name in near) for name, asset in made["assets"].items()}
    others = [url for url in made["stac_extensions"] if "/alternate-assets/" not in url]
    mirrors = {ALTERNATE} if any("alternate" in asset for asset in made["assets"].values()) else set()
    made["stac_extensions"] = sorted({*others, OURS, *mirrors})
    return made


def is_relative(href):
    return isinstance(href, str) and not urlsplit(href).scheme and not href.startswith("/")


def mirrored(asset, root, near):
    """Return an asset, of which `plain` resolved the href, with its entry for the mirror.

    The template's `{path}` is that of a URL; of a `near` href, which was relative, it is from the recipe's folder on.
    """
    href = asset.get("href")
    if not href:
        return asset
    path = urlsplit(href).path
    path = posixpath.relpath(path, quote(root.as_posix())) if near else path.lstrip("/")
    within = posixpath.normpath(f"/{path}").lstrip("/") if near else path  # nothing leads out of the mirror
    entry = {"href": f"https://mirror.example.com/{within}", "alternate:name": "Mirror"}
    return asset | {"alternate": {**asset.get("alternate", {}), "mirror": entry}}


def plain(document, folder):
    """Return an Item or Collection without structural links, its hrefs being URLs."""
    links = [_placed(link, folder) for link in document.get("links") or [] if link.get("rel") not in STRUCTURAL]
    assets = {name: _placed(asset, folder) for name, asset in (document.get("assets") or {}).items()}
    extensions = sorted(set(document.get("stac_extensions") or []))
    return {**document, "links": links, "assets": assets, "stac_extensions": extensions}


def stated(given, folder, written, items):
    """Return what a build makes of a Collection that it clones without collection-extensions, in the form of `plain`.

    What differs from `given`, and nothing else may:

    - `stac_version`, what 1.1.0 says in other words, structural links and the form of hrefs: as of an Item. Links of a
      server to its own pages are gone too, and those that say nowhere to.
    - `extent` is that of the items, where there are any: a clone may hold more or less than was said. Here it is taken
      from `written`; that it is right is held elsewhere.
    - `item_assets` also has what the items' assets have in common, of keys of which nothing was said.
    - `title`, `description` and `license` are there: the id, the title and "other" where nothing was said.
    - Of the members of a Collection one that is empty says nothing, and is left out but for those that `plain` gives.
    - Assets without an href that is text are left out: pystac cannot open a document that has some.

    Args:
        given: the Collection as it came; of one that is named by items only, its type and id.
        folder: its file's folder.
        written: the Collection as it is written.
        items: whether there are items in it.
    """
    said = plain(migrate(given), folder)
    said["links"] = [link for link in said["links"] if link["rel"] not in PAGING and isinstance(link["href"], str)]
    said["assets"] = {key: one for key, one in said.get("assets", {}).items() if isinstance(one.get("href"), str)}
    title = said.get("title") or said["id"]
    defaults = {"stac_version": "1.1.0", "title": title, "description": title, "license": "other", "extent": WORLD}
    made = {**defaults, **{name: value for name, value in said.items() if value or name not in MAY_GO}}
    if items:
        made["extent"] = written["extent"]
        definitions = {**written.get("item_assets", {}), **said.get("item_assets", {})}
        made |= {"item_assets": definitions} if definitions else {}
    return made


WORLD = {"spatial": {"bbox": [[-180.0, -90.0, 180.0, 90.0]]}, "temporal": {"interval": [[None, None]]}}
MAY_GO = {"title", "description", "license", "keywords", "providers", "summaries", "item_assets"}


def _placed(part, folder):
    href = part.get("href")
    return {**part, "href": urljoin(f"{folder.as_uri()}/", href)} if isinstance(href, str) and href else part


MEMBERS = {"type", "stac_version", "stac_extensions", "id", "geometry", "bbox", "properties", "links", "assets"}


def tabled(item):
    """Return an item as far as stac-geoparquet can tell it.

    Besides what `loose` says: properties are columns beside those of the item, so that a member of another name is a
    property; and each row has a bbox, that of its geometry where the item has none.
    """
    others = {name: value for name, value in item.items() if name not in {*MEMBERS, "collection"}}
    found = {name: value for name, value in item.items() if name not in others}
    found["properties"] = others | item["properties"]
    if item.get("bbox") is None and item.get("geometry") is not None:
        found["bbox"] = list(shapely.geometry.shape(item["geometry"]).bounds)
    return loose(found)


def loose(value):
    """Return a value as far as Parquet can.

    A column has one type, so that 1 and 1.0 are one number; a member that is null is one that is not there, and an
    object without members holds nothing; moments are instants, whatever their zone and digits.
    """
    if isinstance(value, dict):
        members = {name: loose(member) for name, member in value.items()}
        return {name: member for name, member in sorted(members.items()) if member not in (None, {})}
    if isinstance(value, list | tuple):
        return [loose(member) for member in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    return _moment(value) if isinstance(value, str) else value


def _moment(text):
    if len(text) < len("2024-01-01T00:00:00") or text[4:5] != "-" or text[10:11] not in ("T", "t", " "):
        return text
    try:
        moment = dt.datetime.fromisoformat(text.upper())
    except ValueError:
        return text
    return moment.replace(tzinfo=moment.tzinfo or dt.UTC).astimezone(dt.UTC).isoformat()
