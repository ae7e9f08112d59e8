"""The `ndjson` output: one item a line, ordered by id; a file a collection, or one for all. Never touches the disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import quote

import msgspec
import xxhash

from stacbuild import keys
from stacbuild.outputs import document, names
from stacbuild.outputs.base import Item, Rank, View, Wanted, split_base, taken
from stacbuild.outputs.order import in_order
from stacbuild.recipe.schema import NdjsonOutput

_IN_HREFS: Final = "/~%?#[]@!$&'()*+,;=:"
"""What an href may hold: it is a reference, not a file's name, and is not encoded twice."""


class Ndjson:
    """Lines of items."""

    kind = "ndjson"
    documents = False

    def __init__(self, name: str, spec: NdjsonOutput, root: Path) -> None:
        self.name, self.path, self._spec = name, spec.path, spec
        self.base, self._pattern = split_base(root, spec.path)
        self._root = str(root)
        settings = msgspec.to_builtins(spec)
        self.settings = keys.settings({"kind": self.kind, "revision": 1, **settings, "path": self._pattern})

    def takes(self, names: list[str]) -> list[str]:
        """Return which collections it takes."""
        return taken(self._spec.collections, names)

    def files(self, view: View) -> Iterator[Wanted]:
        """Yield the file of each collection, or the one for all."""
        collections = self.takes(view.names())
        if "{collection}" not in self._pattern:
            state = b"".join(view.state(name) for name in collections)
            yield Wanted(self._pattern, self._want(state), Rank.DATA, many=True)
            return
        for collection, name in names.names(collections).items():
            path = self._pattern.replace("{collection}", name)
            yield Wanted(path, self._want(view.state(collection)), Rank.DATA, collection, many=True)

    def _want(self, state: bytes) -> bytes:
        return xxhash.xxh3_128_digest(self.settings + state)

    def content(self, view: View, wanted: Wanted) -> Iterator[bytes]:
        """Yield the lines of a file in pieces."""
        for collection in [wanted.collection] if wanted.collection else self.takes(view.names()):
            folder = names.names([collection])[collection]
            href = f"./{folder}/collection.json"
            if self._spec.base_url is not None:
                href = names.url(self._spec.base_url, f"{folder}/collection.json")
            links = document.packed([document.link("collection", href, "application/json")])

            def line(item: Item, links: bytes = links) -> bytes:
                blob = document.with_links(view.read(item), item.links, links)
                return (document.with_hrefs(blob, self._href) if item.local else blob) + b"\n"

            yield from in_order(view.items(collection), line, view.scratch)

    def _href(self, href: str) -> str:
        path = document.local_path(href, self._root)
        if path is None:
            return href
        way = document.href_from(self._root, self._root)(href).removeprefix("./")
        if self._spec.base_url is None or way.startswith(".."):
            return way
        return f"{self._spec.base_url.rstrip('/')}/{quote(way, safe=_IN_HREFS)}"
