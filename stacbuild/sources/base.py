"""What sources give: shards (files) and raw records, as canonical bytes with their place; and what can be wrong.

A record that cannot be read costs that record; a file that cannot be read is told apart from a file without records,
so that nothing is deleted because of it. Never holds more than a record.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from stacbuild.failures import Fault, ItemError, fault_of

CODES: dict[str, str] = {
    "SB401": "a row has more or fewer cells than the header",
    "SB402": "a record holds bytes that are not text in the source's encoding",
    "SB403": "a row holds a NUL character",
    "SB404": "a record is larger than 64 MiB",
    "SB405": "the quotes of a row do not match",
    "SB406": "a record is not JSON (NaN and Infinity are not either)",
    "SB407": "a record is JSON, but not an object",
    "SB408": "a record is nested too deep, or holds what canonical JSON cannot say",
    "SB411": "a file is not there",
    "SB412": "a file cannot be opened or read",
    "SB413": "a compressed file is damaged, cut off, or not compressed",
    "SB414": "a file is empty where a header or a document is needed",
    "SB415": "a header names a column twice, or not at all, or is not text",
    "SB416": "a column of `key` is not in the header",
    "SB417": "a JSON document is cut off or wrong as a whole, or too large to be read whole",
    "SB418": "`encoding`, `delimiter` or `format` does not fit the file",
}
"""Code → what it means. SB40x cost one record, SB41x a file."""


class Shard(NamedTuple):
    """A file of a source. `name` is its posix path relative to the recipe's folder (`data/a.csv`, `../x.csv`)."""

    name: str
    file: Path


class Raw(NamedTuple):
    """A record as it was read.

    Attributes:
        ordinal: its position in the file from 0; records that cannot be read count too.
        line: the first line of it in the file from 1; in a JSON array the element's number from 1.
        blob: its canonical bytes, missing values left out; of a record that cannot be read the bytes that stand there
            (as UTF-8; of one that is too large the first kibibyte).
        key: its value in the source's `key`; None: it has none.
        fault: why it cannot be read, or None.
    """

    ordinal: int
    line: int
    blob: bytes
    key: str | None
    fault: Fault | None


class SourceUnreadable(Exception):  # noqa: N818  a state of the file, caught and remembered
    """A file cannot be read, or not to its end; what was read of it before is not all that it holds."""

    def __init__(self, code: str, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.hint = code, message, hint


def unread(ordinal: int, line: int, blob: bytes, error: ItemError) -> Raw:
    """Return the record that could not be read because of `error`; `blob` is what stands there."""
    return Raw(ordinal, line, blob.rstrip(b"\r\n"), None, fault_of("fetch", error))
