"""Lines of items as one stac-geoparquet file, by the code of the geoparquet output. Rows stand by moment and id.

Lines lie in an unnamed file meanwhile: of an item its id and place are held.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from stacbuild.failures import ItemError
from stacbuild.outputs.base import Item
from stacbuild.outputs.parquet import moments
from stacbuild.outputs.parquet.table import Entry, Options, Table

_OPTIONS: Final = Options("zstd", 3, 10_000)
_HINT: Final = "write another form, or mend it first with `stacbuild patch`"

Refuse = Callable[[dict[str, Any], ItemError], None]
"""Takes id and collection of an item that cannot be written, and why."""


class Named(msgspec.Struct):
    """What an item is called; whatever else stands in its place is none."""

    id: str
    collection: Any = None

    @property
    def folder(self) -> str | None:
        """Return its collection, if it has one."""
        return self.collection if isinstance(self.collection, str) and self.collection else None

    def told(self) -> dict[str, Any]:
        """Return it as failures have it."""
        return {"id": self.id, "collection": self.folder}


class _Placed(Named):
    """What decides where its row stands."""

    properties: Any = None

    @property
    def moment(self) -> int:
        """Return when it is."""
        return moments.of(self.properties) if isinstance(self.properties, dict) else moments.LAST


_placed: Final = msgspec.json.Decoder(_Placed).decode
named: Final = msgspec.json.Decoder(Named).decode


def pieces(lines: Iterator[bytes], place: Path, refuse: Refuse) -> Iterator[bytes]:
    """Yield the bytes of the file that holds `lines`.

    Args:
        lines: each item as one line.
        place: where the file will stand; unnamed ones lie beside it.
        refuse: is told which items no table can hold.
    """
    scratch = place.parent if place.parent.is_dir() else Path(tempfile.gettempdir())
    with tempfile.TemporaryFile(dir=scratch) as spool:
        entries = list(_spooled(lines, spool))
        spool.flush()
        table = Table(entries, scratch, _OPTIONS)
        yield from table.pieces(dict)
    for one in table.refused:
        error = ItemError(one.error.code, str(one.error), one.error.path, _HINT)
        refuse({"id": one.id, "collection": one.collection or None}, error)


def _spooled(lines: Iterator[bytes], spool: Any) -> Iterator[Entry]:
    end = 0

    def line(item: Item) -> bytes:
        return os.pread(spool.fileno(), item.size, item.ordinal)

    for blob in lines:
        said = _placed(blob)
        spool.write(blob)
        item = Item(said.id, b"", b"", end, len(blob), 0, "", None, local=False, moment=said.moment)
        yield Entry(said.folder or "", item, line)
        end += len(blob)
