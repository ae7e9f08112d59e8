"""The bytes of written documents: member order, links, indentation, hrefs in the form an output asks for. PURE."""

from __future__ import annotations

import itertools
import os.path
import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote, unquote, urlsplit

import msgspec

from stacbuild.stages.hrefs import is_url
from stacbuild.stages.items import STRUCTURAL

DOCUMENT_ORDER: Final = (
    "type", "stac_version", "stac_extensions", "id", "title", "description", "keywords", "license", "providers",
    "extent", "summaries", "links", "assets", "item_assets",
)  # fmt: skip

_encode = msgspec.json.Encoder(order="sorted").encode
_raw_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_raw_parts = msgspec.json.Decoder(dict[str, dict[str, msgspec.Raw]] | list[dict[str, msgspec.Raw]]).decode


def with_links(line: bytes, place: int, links: bytes) -> bytes:
    """Return an item's line with `links` (JSON objects, commas between) before its own.

    Args:
        line: the item as the store holds it.
        place: where its own links begin; negative where it has some.
        links: structural links; b"" for none.
    """
    if place < 0:
        return b"%b%b,%b" % (line[:-place], links, line[-place:]) if links else line
    return b"%b%b%b" % (line[:place], links, line[place:])


def with_hrefs(line: bytes, rewrite: Callable[[str], str]) -> bytes:
    """Return an item's line with `rewrite`'s hrefs in its assets and its own links; structural links stay."""
    members = _raw_members(line)
    for name in members.keys() & {"assets", "links"}:
        value = _raw_parts(members[name])
        for part in value.values() if isinstance(value, dict) else value:
            href, rel = _decoded(part.get("href")), _decoded(part.get("rel"))
            if isinstance(href, str) and rel not in STRUCTURAL and (way := rewrite(href)) != href:
                part["href"] = msgspec.Raw(_encode(way))
        members[name] = msgspec.Raw(_encode(value))
    return msgspec.json.encode(members)


def _decoded(value: msgspec.Raw | None) -> Any:
    return None if value is None else msgspec.json.decode(value)


class _Part(msgspec.Struct):
    href: Any = None
    rel: Any = None

    @property
    def structural(self) -> bool:
        return isinstance(self.rel, str) and self.rel in STRUCTURAL


class _Parts(msgspec.Struct):
    links: list[_Part]
    assets: dict[str, _Part] | None = None


def with_links_as_written(line: bytes) -> bytes:
    """Return a line with the members of its structural links in the order in which outputs of many items write them.

    That is as `link` has them, but sorted in items with local hrefs, which went through `with_hrefs`.
    """
    parts = msgspec.json.decode(line, type=_Parts)
    own = [*(parts.assets or {}).values(), *(part for part in parts.links if not part.structural)]
    if not all(isinstance(part.href, str) and is_url(part.href) for part in own):
        return line
    members = _raw_members(line)
    found = msgspec.json.decode(members["links"], type=list[msgspec.Raw])
    members["links"] = msgspec.Raw(b"[%b]" % b",".join([_as_written(one) for one in found]))
    return msgspec.json.encode(members)


def _as_written(blob: msgspec.Raw) -> bytes:
    if not msgspec.json.decode(blob, type=_Part).structural:
        return bytes(blob)
    held = _raw_members(blob)
    names = [name for name in ("rel", "href", "type", "title") if name in held]
    return msgspec.json.encode({name: held[name] for name in [*names, *held]})


def pretty(blob: bytes, indent: int) -> bytes:
    """Return JSON indented, with a final newline; `indent` 0 leaves it compact."""
    return (msgspec.json.format(blob, indent=indent) if indent else blob) + b"\n"


def document(value: dict[str, Any], indent: int) -> bytes:
    """Return a catalog's or collection's bytes: known members in their order, the rest sorted."""
    known = [name for name in DOCUMENT_ORDER if name in value]
    names = [*known, *sorted(value.keys() - set(known))]
    blob = b"{" + b",".join(_encode(name) + b":" + _encode(value[name]) for name in names) + b"}"
    return pretty(blob, indent)


def with_members(value: dict[str, Any], members: Iterable[dict[str, str]], indent: int) -> Iterator[bytes]:
    """Yield a document's bytes with the links to its members after its own: as `document` has them, in small pieces.

    A collection may have as many members as there are items, so its links are never all held.
    """
    line = b"\n" + b" " * indent if indent else b","
    whole, start = _without_links(value, indent)
    deep = b"\n" + b" " * (2 * indent) if indent else b""
    yield whole[:start]
    between = b""
    for one in itertools.chain(value["links"], members):
        blob = msgspec.json.encode(one)
        yield between + deep + (msgspec.json.format(blob, indent=indent).replace(b"\n", deep) if indent else blob)
        between = b","
    yield (line if indent and between else b"") + whole[start:]


def with_links_of(value: dict[str, Any], standing: bytes, indent: int) -> bytes:
    """Return a document's bytes with the links of another one of that indent, which `with_members` made."""
    whole, start = _without_links(value, indent)
    return whole[: start - 1] + bytes(_raw_members(standing)["links"]) + whole[start + 1 :]


def _without_links(value: dict[str, Any], indent: int) -> tuple[bytes, int]:
    """Return a document's bytes with no links, and where these would begin."""
    whole = document({**value, "links": []}, indent)
    line = b"\n" + b" " * indent if indent else b","
    start = whole.index(line + (b'"links": []' if indent else b'"links":[]')) + len(line)
    return whole, whole.index(b"[", start) + 1


def moved(part: dict[str, Any], rewrite: Callable[[str], str]) -> dict[str, Any]:
    """Return an asset or a link with its href as it is written."""
    href = part.get("href")
    return {**part, "href": rewrite(href)} if isinstance(href, str) else part


def listed(values: Iterable[dict[str, Any]], indent: int) -> Iterator[bytes]:
    """Yield a list of documents, each as `document` has it; never all are held."""
    deep = b"\n" + b" " * indent if indent else b""
    yield b"["
    between = b""
    for value in values:
        yield between + deep + document(value, indent)[:-1].replace(b"\n", deep)
        between = b","
    yield (b"\n" if indent and between else b"") + b"]\n"


def link(rel: str, href: str, media_type: str, title: str | None = None) -> dict[str, str]:
    """Return a link object."""
    result = {"rel": rel, "href": href, "type": media_type}
    return result if title is None else {**result, "title": title}


def packed(links: list[dict[str, str]]) -> bytes:
    """Return links as JSON objects with commas between, for `with_links`."""
    return b",".join(msgspec.json.encode(link) for link in links)


def is_local(href: str) -> bool:
    """Tell whether an href is a path, or a local file's URL."""
    return href.startswith("file:///") or not is_url(href)


def local_path(href: str, root: str) -> str | None:
    """Return the path of a local href that is relative to the folder `root`, or None if it is a URL."""
    if href.startswith("file:///"):
        return re.sub("[%?#]", lambda found: quote(found[0]), unquote(urlsplit(href).path))
    if is_url(href):
        return None
    return os.path.normpath(os.path.join(root, href))  # noqa: PTH118  text, not a file that is there


_PLAIN: Final = re.compile(r"[^./?#:][^/?#:]*(?:/[^./?#:][^/?#:]*)*").fullmatch
"""Tells local hrefs that are paths and nothing else: the store's, nearly all. To put a way before them is enough."""


@lru_cache(1 << 10)
def _between(folder: str, root: str) -> tuple[str, str]:
    """Return the first step of the way from `root` to `folder`, and the way back as hrefs begin with it."""
    back = os.path.relpath(root, folder).replace(os.sep, "/")
    first = os.path.relpath(folder, root).split(os.sep, 1)[0]
    return first, f"{back if back.startswith('.') else f'./{back}'}/"


def href_from(folder: str, root: str) -> Callable[[str], str]:
    """Return a rewriter: local hrefs relative to `folder`, URLs as they are."""
    below, to_root = _between(folder, root)

    def rewrite(href: str) -> str:
        if _PLAIN(href) and href.partition("/")[0] != below:
            return to_root + href
        bare = re.split("[?#]", href, maxsplit=1)[0]
        path = local_path(bare, root)
        if path is None:
            return href
        way = os.path.relpath(path, folder).replace(os.sep, "/")
        return (way if way.startswith(".") else f"./{way}") + href[len(bare) :]

    return rewrite
