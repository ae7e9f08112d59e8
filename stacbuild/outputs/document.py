"""The bytes of written documents: member order, links, indentation, hrefs in the form an output asks for. PURE."""

from __future__ import annotations

import os.path
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import msgspec

ORDER: Final = (
    "type", "stac_version", "stac_extensions", "id", "geometry", "bbox", "properties", "links", "assets", "collection",
)  # fmt: skip
DOCUMENT_ORDER: Final = (
    "type", "stac_version", "stac_extensions", "id", "title", "description", "keywords", "license", "providers",
    "extent", "summaries", "links", "assets", "item_assets",
)  # fmt: skip

_encode = msgspec.json.Encoder(order="sorted").encode
_raw_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_KNOWN: Final = frozenset(ORDER)


def item(canonical: bytes, links: bytes, assets: Callable[[bytes], bytes] | None = None) -> bytes:
    """Return an item as one line: members in the fixed order, `links` (JSON objects, comma between) before its own.

    Args:
        canonical: the item's canonical bytes.
        links: links to be put first, b"" for none.
        assets: rewrites the bytes of `assets`, or None.
    """
    members = _raw_members(canonical)
    own = bytes(members.get("links", b"[]"))[1:-1]
    parts = []
    for name in (*(n for n in ORDER if n in members), *sorted(members.keys() - _KNOWN)):
        value = bytes(members[name])
        if name == "links":
            value = b"[" + b",".join(part for part in (links, own) if part) + b"]"
        elif name == "assets" and assets is not None:
            value = assets(value)
        parts.append(_encode(name) + b":" + value)
    return b"{" + b",".join(parts) + b"}"


def line(canonical: bytes, links: bytes, assets: Callable[[bytes], bytes] | None = None) -> bytes:
    """Return an item as a line of NDJSON."""
    return item(canonical, links, assets) + b"\n"


def pretty(blob: bytes, indent: int) -> bytes:
    """Return JSON indented, with a final newline; `indent` 0 leaves it compact."""
    return (msgspec.json.format(blob, indent=indent) if indent else blob) + b"\n"


def document(value: dict[str, Any], indent: int) -> bytes:
    """Return a catalog's or collection's bytes: known members in their order, the rest sorted."""
    known = [name for name in DOCUMENT_ORDER if name in value]
    names = [*known, *sorted(value.keys() - set(known))]
    blob = b"{" + b",".join(_encode(name) + b":" + _encode(value[name]) for name in names) + b"}"
    return pretty(blob, indent)


def link(rel: str, href: str, media_type: str, title: str | None = None) -> dict[str, str]:
    """Return a link object."""
    result = {"rel": rel, "href": href, "type": media_type}
    return result if title is None else {**result, "title": title}


def packed(links: list[dict[str, str]]) -> bytes:
    """Return links as JSON objects with commas between, for `item`."""
    return b",".join(msgspec.json.encode(link) for link in links)


def assets_rewriter(rewrite: Callable[[str], str]) -> Callable[[bytes], bytes]:
    """Return a function that puts `rewrite`'s hrefs into the bytes of `assets`."""

    def apply(blob: bytes) -> bytes:
        assets = msgspec.json.decode(blob)
        for asset in assets.values():
            if isinstance(asset, dict) and isinstance(asset.get("href"), str):
                asset["href"] = rewrite(asset["href"])
        return _encode(assets)

    return apply


def local_path(href: str, root: str) -> str | None:
    """Return the path of a local href that is relative to the folder `root`, or None if it is a URL."""
    if href.startswith("file://"):
        return unquote(urlsplit(href).path)
    if "://" in href or href.startswith("//"):
        return None
    return os.path.normpath(os.path.join(root, href))  # noqa: PTH118  text, not a file that is there


def href_from(folder: str, root: str) -> Callable[[str], str]:
    """Return a rewriter: local hrefs relative to `folder`, URLs as they are."""

    def rewrite(href: str) -> str:
        path = local_path(href, root)
        if path is None:
            return href
        way = os.path.relpath(path, folder).replace(os.sep, "/")
        return way if way.startswith(".") else f"./{way}"

    return rewrite
