"""What sources give: shards (files) and raw records, as canonical bytes with their place; and what can be wrong.

A record that cannot be read costs that record; a file that cannot be read is told apart from a file without records,
so that nothing is deleted because of it. Never holds more than a record.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from stacbuild.failures import Fault, ItemError, fault_of

CODES: dict[str, str] = {
    "SB401": "A row has more or fewer cells than the header. Look for a separator that stands in a value without "
    "quotes.",
    "SB402": 'A record holds bytes that are not text in the source\'s `encoding`. Set it, as in encoding = "latin-1".',
    "SB403": "A row holds a NUL character, which no text has. The file is damaged, or of another encoding.",
    "SB404": "A record is larger than 64 MiB.",
    "SB405": "The quotes of a row do not match. Inside quotes a quote is written twice.",
    "SB406": "A record is not JSON; NaN and Infinity are not either.",
    "SB407": "A record is JSON, but not an object. Each record needs named fields.",
    "SB408": "A record is nested too deep, or holds what canonical JSON cannot say.",
    "SB409": "A document is no Item: a Catalog, a Collection, a GeoJSON feature, or something else. Narrow `path` to "
    "the Items; catalogs and tables have kinds of source of their own.",
    "SB410": "An Item has no id, or one that is not text.",
    "SB411": "A file is not there. Its items stay as they were last built.",
    "SB412": "A file cannot be opened or read. Look at its permissions.",
    "SB413": "A compressed file is damaged, cut off, or not compressed. Fetch it again, or mend its name.",
    "SB414": "A file is empty where a header or a document is needed.",
    "SB415": "A header names a column twice, or not at all, or is not text. Each column needs a name of its own.",
    "SB416": "A column of `key` is not in the header. Names are compared letter by letter, case included.",
    "SB417": "A JSON document is cut off or wrong as a whole, or too large to be read whole. A large table is better "
    "written as NDJSON, one object a line.",
    "SB418": "`encoding`, `delimiter` or `format` does not fit the file.",
    "SB421": "A Parquet file is damaged, cut off, or none. Write it again, or mend its name.",
    "SB422": "A Parquet file is encrypted, or holds what cannot be read: a codec or a type. Write it in another way.",
    "SB423": "A Parquet file has rows that are no Items, or in a coordinate system that Items do not have. Read it as "
    "a table, with a mapping.",
    "SB424": "Links of a catalog lead to files that are not there. What they should lead to is not read.",
    "SB425": "Links of a catalog lead out of the folder of its root, or to URLs. They are not followed; "
    "`follow-external = true` follows those to files.",
    "SB426": "Links of a catalog are no links: no object, or no text as `href`. They are passed over.",
    "SB427": "The document that `href` names is no Catalog or Collection. Name the root of the catalog; Items are read "
    'with kind = "stac-items".',
}
"""Code → what it means and what to do. SB401 to SB410 cost one record, from SB411 on a file."""


PARQUET = (".parquet", ".geoparquet", ".parq", ".pq")
"""What names of Parquet files end in."""


class Shard(NamedTuple):
    """A file of a source.

    Attributes:
        name: its posix path relative to the recipe's folder (`data/a.csv`, `../x.csv`).
        at: where it is; text, where there are many: a path of each takes longer than its stat.
        named: the recipe names it, not only a pattern that it matches.
        within: the collection of its items that name none.
        above: it is a Catalog or Collection, and has no items in it.
        trouble: why it cannot be read, where that is known before.
        page: the document that leads to it; "" where none does.
    """

    name: str
    at: str | Path
    named: bool = True
    within: str = ""
    above: bool = False
    trouble: Fault | None = None
    page: str = ""

    @property
    def file(self) -> Path:
        """Where it is."""
        return Path(self.at)


class Part(NamedTuple):
    """A piece of a file that can be read alone.

    Attributes:
        first: the ordinal of its first record.
        records: how many it has; None: all that follow.
        digest: of all that its records depend on, so that equal ones have equal records; b"": not known unread.
    """

    first: int
    records: int | None
    digest: bytes


WHOLE_FILE = (Part(0, None, b""),)
"""A file that has no pieces."""


class Raw(NamedTuple):
    """A record as it was read.

    Attributes:
        ordinal: its position in the file from 0; records that cannot be read count too.
        line: the first line of it in the file from 1; in a JSON array the element's number from 1.
        blob: its canonical bytes, missing values left out; of a record that cannot be read the bytes that stand there
            (as UTF-8; of one that is too large the first kibibyte).
        key: its value in the source's `key`; None: it has none.
        fault: why it cannot be read, or None.
        record: what `blob` says, decoded, where it is at hand; its members may stand in another order.
        mark: of the bytes that stand in the file; b"": its kind does not know records by these.
        again: it was known by its mark, so that it was not decoded: `blob` is empty, `key` is what it was.
    """

    ordinal: int
    line: int
    blob: bytes
    key: str | None
    fault: Fault | None
    record: Any = None
    mark: bytes = b""
    again: bool = False


KeysByMark = Mapping[bytes, str]
"""Marks of records that were read before → their keys then."""

NONE_KNOWN: KeysByMark = {}


class SourceUnreadable(Exception):  # noqa: N818  a state of the file, caught and remembered
    """A file cannot be read, or not to its end; what was read of it before is not all that it holds."""

    def __init__(self, code: str, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.hint = code, message, hint


def unread(ordinal: int, line: int, blob: bytes, error: ItemError) -> Raw:
    """Return the record that could not be read because of `error`; `blob` is what stands there."""
    return Raw(ordinal, line, blob.rstrip(b"\r\n"), None, fault_of("fetch", error))
