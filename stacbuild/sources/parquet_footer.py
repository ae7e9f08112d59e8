"""The footer of a Parquet file: where the bytes of each row group lie, and what decides how they are decoded.

Thrift's compact protocol, as far as FileMetaData of parquet.thrift needs it; the numbers below are its field ids. Not
by pyarrow: to ask it for a column of a damaged footer ends the process. Never judges a file: one that is not
understood has no row groups here, and who reads it says what is wrong.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

_LARGEST: Final = 128 * 1024 * 1024
"""Bytes of a footer that is looked at."""

_TAIL: Final = 8
"""Bytes behind the footer: its length and PAR1."""

_NO_FILE: Final = 1 << 62

_LONGEST_VARINT: Final = 70
"""Bits."""

_SCHEMA, _GROUPS, _METADATA = 2, 4, 5
_CHUNKS, _ROWS = 1, 3
_CHUNK = 3
_ENCODINGS, _PATH, _CODEC, _VALUES, _SIZE, _PAGES, _DICTIONARY = 2, 3, 4, 5, 7, 9, 11


class Chunk(NamedTuple):
    """The bytes of a column in a row group; `said` is what the footer says of how to decode them."""

    start: int
    size: int
    said: bytes


class Group(NamedTuple):
    """A row group."""

    rows: int
    chunks: list[Chunk]


class Footer(NamedTuple):
    """The footer of a file; `schema` is its bytes' meaning as text, `metadata` the entries of the writer."""

    schema: bytes
    metadata: dict[bytes, bytes]
    groups: list[Group]


def footer_of(file: Path) -> Footer | None:
    """Return the footer of `file`; None if it cannot be understood, or the file cannot be read."""
    try:
        with file.open("rb") as stream:
            fields = _Compact(_bytes_of(stream)).struct()
        metadata = {entry[1]: entry.get(2, b"") for entry in fields.get(_METADATA, [])}
        return Footer(repr(fields[_SCHEMA]).encode(), metadata, [_group(group) for group in fields[_GROUPS]])
    except (OSError, ValueError, IndexError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _bytes_of(stream: BinaryIO) -> bytes:
    end = stream.seek(0, 2)
    stream.seek(max(end - _TAIL, 0))
    tail = stream.read(_TAIL)
    size = int.from_bytes(tail[:4], "little")
    if tail[4:] != b"PAR1" or not 0 < size <= min(end - _TAIL, _LARGEST):
        raise ValueError("no footer")
    stream.seek(end - _TAIL - size)
    return stream.read(size)


def _group(fields: dict[int, Any]) -> Group:
    return Group(_count(fields[_ROWS]), [_chunk(chunk[_CHUNK]) for chunk in fields[_CHUNKS]])


def _chunk(fields: dict[int, Any]) -> Chunk:
    said = [fields.get(name) for name in (_PATH, _CODEC, _ENCODINGS, _VALUES, _SIZE)]
    start = min(place for place in (fields[_PAGES], fields.get(_DICTIONARY)) if place)
    return Chunk(_count(start), _count(fields[_SIZE]), repr(said).encode())


def _count(number: int) -> int:
    if not 0 <= number < _NO_FILE:
        raise ValueError("a size that no file has")
    return number


class _Compact:
    """Reads values of the compact protocol, one after the other; a struct is field id → value."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def struct(self) -> dict[int, Any]:
        """Return the struct that begins here."""
        fields: dict[int, Any] = {}
        name = 0
        while head := self._byte():
            name = name + (head >> 4) if head >> 4 else self._integer()
            fields[name] = head & 15 == 1 if head & 15 in (1, 2) else self._value(head & 15)
        return fields

    def _value(self, kind: int) -> Any:
        match kind:
            case 1 | 2 | 3:
                return self._byte()
            case 4 | 5 | 6:
                return self._integer()
            case 7:
                return self._take(8)
            case 8:
                return self._take(self._varint())
            case 9 | 10:
                return self._list()
            case 12:
                return self.struct()
            case _:
                raise ValueError("a type that Parquet has not")

    def _list(self) -> list[Any]:
        head = self._byte()
        size = head >> 4 if head >> 4 != 15 else self._varint()  # noqa: PLR2004  all bits: the size follows
        return [self._value(head & 15) for _ in range(size)]

    def _integer(self) -> int:
        number = self._varint()
        return (number >> 1) ^ -(number & 1)

    def _varint(self) -> int:
        number = 0
        for shift in range(0, _LONGEST_VARINT, 7):
            byte = self._byte()
            number |= (byte & 127) << shift
            if byte < 128:  # noqa: PLR2004  the highest bit says that more follows
                return number
        raise ValueError("an integer that does not end")

    def _byte(self) -> int:
        self._at += 1
        return self._data[self._at - 1]

    def _take(self, size: int) -> bytes:
        found = self._data[self._at : self._at + size]
        if len(found) < size:
            raise ValueError("the footer is cut off")
        self._at += size
        return found
