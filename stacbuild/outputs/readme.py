"""README.md of a tree: what the catalog holds and how to open it, for people. PURE: a function of what is delivered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from msgspec import Struct

ROWS_AT_MOST: Final = 100
"""Collections that the table names."""

_IN_3D: Final = 6
_MARKS: Final = re.compile(r"([\\`*_\[\]<>|#~])")


class Told(Struct, frozen=True):
    """What of a collection the page tells."""

    title: str
    href: str
    items: int
    license: str
    extent: Any
    mirror: str | None = None
    """Href of a table of its items."""


class Page(Struct, frozen=True):
    """What the page tells."""

    catalog: dict[str, Any]
    home: str
    """URL of catalog.json, or its name where the catalog has no URL."""
    items: bool
    """The tree has a file an item."""
    collections: list[Told]


def text(page: Page) -> str:
    """Return the page in CommonMark with tables."""
    title, description = page.catalog.get("title") or page.catalog["id"], str(page.catalog["description"]).strip()
    parts = [f"# {plain(title)}", *([description] if description != title else [])]
    parts += [*_held(page), "## How to open it", *_opening(page)]
    return "\n\n".join(parts) + "\n"


def plain(words: str) -> str:
    """Return words on one line, with no meaning in Markdown."""
    return _MARKS.sub(r"\\\1", " ".join(str(words).split()))


# --- what it holds


def _held(page: Page) -> Iterator[str]:
    total = sum(one.items for one in page.collections)
    yield f"{_many(len(page.collections), 'collection')}, {_many(total, 'item')}."
    if not page.collections:
        return
    head = [
        "| Collection | Items | From | To | West, south, east, north | License |",
        "| --- | ---: | --- | --- | --- | --- |",
    ]
    yield "\n".join(head + [_row(one) for one in page.collections[:ROWS_AT_MOST]])
    if len(page.collections) > ROWS_AT_MOST:
        yield f"And {_many(len(page.collections) - ROWS_AT_MOST, 'collection')} more: `catalog.json` names them all."


def _row(one: Told) -> str:
    start, end = _first(one.extent, "temporal", "interval") or (None, None)
    box = _first(one.extent, "spatial", "bbox") or []
    edges = ", ".join(f"{round(edge, 4):g}" for edge in ([*box[:2], *box[3:5]] if len(box) == _IN_3D else box))
    cells = [f"[{plain(one.title)}](<{one.href}>)", f"{one.items:,}", _day(start), _day(end), edges, plain(one.license)]
    return f"| {' | '.join(cells)} |"


def _first(extent: Any, kind: str, name: str) -> Any:
    """Return the first box or interval; None where an extension or `set` left another shape."""
    try:
        return extent[kind][name][0]
    except (KeyError, TypeError, IndexError):
        return None


def _day(moment: str | None) -> str:
    return moment[:10] if moment else "open"


def _many(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


# --- how to open it


def _opening(page: Page) -> Iterator[str]:
    version, online = page.catalog["stac_version"], page.home.startswith("http")
    where = f"at <{page.home}>" if online else "in `catalog.json` beside this file"
    yield f"This is a [STAC](https://stacspec.org) catalog, version {version}. It begins {where}."
    if online:
        yield f"In a browser: <https://radiantearth.github.io/stac-browser/#/external/{page.home.split('://', 1)[1]}>"
    walk = "for item in catalog.get_items(recursive=True):\n    print(item.id, item.datetime)"
    listed = "for collection in catalog.get_children():\n    print(collection.id, collection.title)"
    yield "In Python, with [pystac](https://pystac.readthedocs.io):"
    yield _code(
        "python",
        f'import pystac\n\ncatalog = pystac.Catalog.from_file("{page.home}")\n{walk if page.items else listed}',
    )
    mirror = next((one.mirror for one in page.collections if one.mirror), None)
    if mirror is not None:
        yield "All items of a collection are one GeoParquet file too, for [DuckDB](https://duckdb.org) for example:"
        yield _code("sql", f"FROM '{mirror.replace(chr(39), chr(39) * 2)}' LIMIT 10;")


def _code(language: str, body: str) -> str:
    return f"```{language}\n{body}\n```"
