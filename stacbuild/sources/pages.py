"""One document of a static catalog: what it is, what it links to, what it says of itself. Never follows a link.

Links that cannot be meant (no object, no text for an href) are counted; what is wrong in one costs no other.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from stacbuild import canon
from stacbuild.model import Stamp
from stacbuild.sources.base import SourceUnreadable

REVISION: Final = 2
"""Raised when the same document gives another page."""

STRUCTURAL: Final = frozenset({"root", "parent", "collection", "self", "child", "item"})
"""Relations that say where a document stands in its catalog."""
PAGING: Final = frozenset({"next", "prev", "previous", "first", "last", "items"})
"""Relations that say where it, or what is in it, stands in the answers of a server."""

_NOT_KEPT: Final = STRUCTURAL | PAGING
_SPECIAL = re.compile(r"[%?#\\]|^/|^[A-Za-z][A-Za-z0-9+.-]*:")
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|/")
_OF_ITEM: Final = ("properties", "assets", "geometry")
_NONE: Final = msgspec.Raw(b"null")


class Page(Struct, array_like=True):
    """A document that a `child` link, or the recipe, leads to, as it was last read."""

    stamp: Stamp | None
    """None: it could not be read; it is what it was before, and read again."""
    seen_ns: int
    kind: str = ""
    """`Catalog`, `Collection`, or `Item` for what is to be read as an item."""
    id: str = ""
    home: str = ""
    """The folder of an absolute `self` link, with its slash."""
    children: list[str] = []
    """Paths relative to the recipe's folder."""
    items: list[str] = []
    odd_children: list[str] = []
    """Hrefs that may mean several paths, or none: absolute ones, percent-encoded ones, queries, backslashes."""
    odd_items: list[str] = []
    bad: int = 0
    """Links that cannot be followed, as they say nowhere to."""
    about: bytes = b""
    """Canonical JSON of a Catalog or Collection without structural links."""
    above: str = ""
    """The document that led to it first, in the last walk; "" for the root."""
    held: int = 0
    """Items that it led to first."""


class _Pages(Struct, array_like=True):
    revision: int
    pages: dict[str, Page]


class _Link(Struct):
    rel: msgspec.Raw = _NONE
    href: msgspec.Raw = _NONE


_pack = msgspec.msgpack.Encoder().encode
_pages_of = msgspec.msgpack.Decoder(_Pages).decode
_members_of = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_elements_of = msgspec.json.Decoder(list[msgspec.Raw]).decode
_link_of = msgspec.json.Decoder(_Link).decode
_text_of = msgspec.json.Decoder(str).decode


def pack(pages: dict[str, Page]) -> bytes:
    """Return pages as bytes for the memory."""
    return _pack(_Pages(REVISION, pages))


def unpack(blob: bytes) -> dict[str, Page]:
    """Return the pages of the memory; none where there are none, or of another revision."""
    try:
        held = _pages_of(blob)
    except msgspec.DecodeError:
        return {}
    return held.pages if held.revision == REVISION else {}


def read(file: Path, name: str, stamp: Stamp, seen_ns: int) -> Page:
    """Return the page in `file`, called `name` relative to the recipe's folder.

    Raises:
        SourceUnreadable: it cannot be read, or is no JSON object.
    """
    from stacbuild.sources import json_document, text  # noqa: PLC0415  a build of nothing reads nothing

    document = json_document.whole(text.blocks(file, "utf-8"))
    try:
        members = _members_of(document)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _broken(document, error) from error
    page = Page(stamp, seen_ns, _kind(members), _text(members.get("id", _NONE)) or "")
    if page.kind != "Item":
        kept = _take_links(page, members.pop("links", _NONE), posixpath.dirname(name))
        page.about = _about(members, kept)
    return page


def _broken(document: bytes | bytearray, error: Exception) -> SourceUnreadable:
    from stacbuild.sources import json_document  # noqa: PLC0415

    json_document.elements(document)
    what = f"not a JSON object that can be read: {error}"
    return SourceUnreadable("SB417", what, "a Catalog or Collection is one JSON object")


def _kind(members: dict[str, msgspec.Raw]) -> str:
    """Return what a document is; those before STAC 1.0.0 have no `type`."""
    kind = _text(members.get("type", _NONE))
    if kind in ("Catalog", "Collection"):
        return kind
    if kind is None and "description" in members and not any(name in members for name in _OF_ITEM):
        return "Collection" if "extent" in members else "Catalog"
    return "Item"


def _text(raw: msgspec.Raw) -> str | None:
    try:
        return _text_of(raw)
    except msgspec.DecodeError:
        return None


def _take_links(page: Page, links: msgspec.Raw, folder: str) -> list[dict[str, Any]]:
    """Put the links of a document into its page; return those that say nothing of where it stands."""
    kept: list[dict[str, Any]] = []
    for raw in _elements(page, links):
        try:
            link = _link_of(raw)
        except msgspec.DecodeError:
            page.bad += 1
            continue
        rel, href = _text(link.rel), _text(link.href)
        if rel in ("child", "item") and not href:
            page.bad += 1
        elif rel == "child" and href:
            _put(href, folder, page.children, page.odd_children)
        elif rel == "item" and href:
            _put(href, folder, page.items, page.odd_items)
        elif rel == "self" and href and _ABSOLUTE.match(href):
            page.home = re.split(r"[?#]", href, maxsplit=1)[0].rpartition("/")[0] + "/"
        elif rel not in _NOT_KEPT and href:
            kept.append(msgspec.json.decode(raw))
    return kept


def _elements(page: Page, links: msgspec.Raw) -> list[msgspec.Raw]:
    try:
        return _elements_of(links)
    except msgspec.DecodeError:
        page.bad += bytes(links) != b"null"
        return []


def _put(href: str, folder: str, paths: list[str], odd: list[str]) -> None:
    if _SPECIAL.search(href):
        odd.append(href)
    else:
        paths.append(posixpath.normpath(posixpath.join(folder, href)))


def _about(members: dict[str, msgspec.Raw], links: list[dict[str, Any]]) -> bytes:
    """Return what a document says of itself; b"" where that has no canonical form."""
    try:
        values = {name: msgspec.json.decode(raw) for name, raw in members.items()}
        return canon.encode({**values, "links": links} if links else values)
    except (msgspec.DecodeError, canon.CanonError, RecursionError):
        return b""
