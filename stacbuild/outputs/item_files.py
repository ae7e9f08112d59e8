"""Files of many items: one a collection or one for all; each item with its one structural link, and hrefs as asked.

What such a file looks like around and between the items is for each kind. Never touches the disk but to read back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final, Literal, Protocol
from urllib.parse import quote

import msgspec
import xxhash

from stacbuild import canon, keys
from stacbuild.failures import Problem
from stacbuild.outputs import document, names
from stacbuild.outputs.base import ALONE, Item, Rank, Standing, View, Wanted, split_base, taken
from stacbuild.outputs.order import in_order, pieces
from stacbuild.outputs.stretches import Stretch, stretches
from stacbuild.parts import Part

_IN_HREFS: Final = "/~%?#[]@!$&'()*+,;=:"
"""What an href may hold: it is a reference, not a file's name, and is not encoded twice."""

_STAY: Final = b"~"
"""What is known of a part with hrefs that stay relative: it is told of though it is copied."""


class Spec(Protocol):
    """What the tables of such outputs have in common."""

    @property
    def path(self) -> str: ...  # noqa: D102
    @property
    def base_url(self) -> str | None: ...  # noqa: D102
    @property
    def hrefs(self) -> Literal["absolute", "as-is"]: ...  # noqa: D102
    @property
    def collections(self) -> list[str] | None: ...  # noqa: D102


class ItemFiles:
    """An output of files of many items."""

    kind = ""
    documents = False
    gives_items = True

    def __init__(self, name: str, spec: Spec, root: Path) -> None:
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

    def documents_in(self, view: View, wanted: Wanted) -> None:
        """Return None: such files hold items only."""
        del view, wanted

    def content(self, view: View, wanted: Wanted, standing: Standing = ALONE) -> Iterator[bytes]:
        """Yield a file's bytes in pieces."""
        raise NotImplementedError

    def lines(
        self,
        view: View,
        wanted: Wanted,
        standing: Standing,
        *,
        start: int = 0,
        between: bytes = b"",
        after: bytes = b"",
    ) -> Iterator[bytes]:
        """Yield the items of a file by collection and id, in pieces; what stands already is copied.

        Args:
            view: the catalog.
            wanted: the file.
            standing: what stands in its place.
            start: where in the file they begin.
            between: stands before each item.
            after: stands behind each.
        """
        pen = _Pen(standing, start, between)
        rewrite = Hrefs(self.name, self._spec, self._root, view.warn)
        for collection in [wanted.collection] if wanted.collection else self.takes(view.names()):
            yield from pieces(self._of(view, collection, rewrite, pen, after))

    def _of(self, view: View, collection: str, rewrite: Hrefs, pen: _Pen, after: bytes) -> Iterator[bytes]:
        """Yield the items of a collection stretch by stretch; what is to be made by one way through the store."""
        link = document.packed([collection_link(collection, self._spec.base_url)])
        stay = set[str]()

        def line(item: Item) -> bytes:
            blob = document.with_links(view.read(item), item.links, link)
            if not item.local:
                return blob + after
            rewrite.stay = False
            blob = document.with_hrefs(blob, rewrite) + after
            if rewrite.stay:
                stay.add(item.id)
            return blob

        cut = stretches(view.items(collection), self.settings + link)
        found = [(stretch, pen.standing.find(stretch.mark)) for stretch in cut]
        anew = [item for stretch, part in found if part is None for item in stretch.items]
        made = in_order(anew, line, view.scratch)
        for stretch, part in found:
            if part is None:
                yield from pen.write(stretch, made, stay)
            else:
                if part.facts == _STAY:
                    rewrite.tell()
                yield from pen.copy(part)

    def read_back(self, path: str) -> Iterator[tuple[dict[str, Any], str]]:
        """Yield the items in a file as they were before it was written, and the folder that their hrefs start from."""
        with (self.base / path).open("rb") as stream:
            for line in stream:
                if line.startswith(b'{"type":"Feature",'):
                    yield self._without_base(canon.decode(line.rstrip(b",\n"))), ""

    def _without_base(self, item: dict[str, Any]) -> dict[str, Any]:
        """Return an item whose asset hrefs below the output's base-url are relative to the recipe again."""
        if self._spec.base_url is None or self._spec.hrefs == "as-is":
            return item
        top = self._spec.base_url.rstrip("/") + "/"
        assets = {}
        for key, asset in item.get("assets", {}).items():
            href = asset.get("href", "")
            assets[key] = {**asset, "href": href.removeprefix(top)} if href.startswith(top) else asset
        return {**item, "assets": assets}


def collection_link(collection: str, base_url: str | None) -> dict[str, str]:
    """Return the one structural link of an item that stands in a file of many."""
    path = f"{names.names([collection])[collection]}/collection.json"
    href = f"./{path}" if base_url is None else names.url(base_url, path)
    return document.link("collection", href, "application/json")


class _Pen:
    """Writes stretches one by one, from place `at` of a file on, `between` before each item; notes where they lie."""

    def __init__(self, standing: Standing, at: int, between: bytes) -> None:
        self.standing, self._at, self._between = standing, at, between

    def write(self, stretch: Stretch, lines: Iterator[bytes], stay: set[str]) -> Iterator[bytes]:
        """Yield the next of `lines` for the items of a stretch; `stay`: ids of those whose hrefs stay relative."""
        begin, between = self._at + len(self._between), self._between
        for line in islice(lines, len(stretch.items)):
            self._at += len(between) + len(line)
            yield between + line
        facts = _STAY if stay and not stay.isdisjoint(item.id for item in stretch.items) else b""
        self.standing.note(Part(stretch.mark, begin, self._at - begin, facts))

    def copy(self, part: Part) -> Iterator[bytes]:
        """Yield a stretch that stands already."""
        if self._between:
            yield self._between
        begin = self._at + len(self._between)
        self._at = begin + part.size
        self.standing.note(part._replace(offset=begin))
        yield from self.standing.copy(part)


class Hrefs:
    """Hrefs of the store in the form that an output of many items asks for; warns once of what stays relative."""

    def __init__(self, output: str, spec: Spec, root: str, warn: Callable[[Problem], None]) -> None:
        self._output, self._spec, self._warn = output, spec, warn
        self._from_root = document.href_from(root, root)
        self.stay = False
        """One stayed relative since this was last set."""
        self._warned = False

    def __call__(self, href: str) -> str:
        """Return an href: a URL as it is, a local one below the base URL, else relative to the recipe's folder."""
        if self._spec.hrefs == "as-is" or not document.is_local(href):
            return href
        way = self._from_root(href).removeprefix("./")
        if self._spec.base_url is not None and not way.startswith(".."):
            return f"{self._spec.base_url.rstrip('/')}/{quote(way, safe=_IN_HREFS)}"
        self.stay = True
        self.tell()
        return way

    def tell(self) -> None:
        """Warn, the first time."""
        if not self._warned:
            self._warned = True
            self._warn(relative_hrefs(self._output, based=self._spec.base_url is not None))


def relative_hrefs(output: str, *, based: bool) -> Problem:
    """Return the warning that an output holds hrefs that only lead somewhere from the recipe's folder."""
    text = f"output '{output}': local hrefs stay relative to the recipe's folder"
    what = "base-url reaches what lies below the recipe's folder only" if based else "give it a base-url"
    return Problem("SB706", text, hint=f'{what}; hrefs = "as-is" says that it is meant')
