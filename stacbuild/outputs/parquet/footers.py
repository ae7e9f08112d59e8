"""Footers of Parquet files: row groups that were written apart stand in one file as if they had been written there.

A footer is a struct in Thrift's compact protocol. What is to be another number in it (where things lie, how many rows,
which group it is) is found by walking over the struct; all else is copied byte by byte, known to us or not. PURE, but
for `frame`, which asks the library that writes.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

MAGIC: Final = b"PAR1"

_INTEGERS: Final = (4, 5, 6)
_BINARY: Final = 8
_LISTS: Final = (9, 10)
_STRUCT: Final = 12
_FIXED: Final = {1: 0, 2: 0, 3: 1, 7: 8}
"""Kinds of one size: of true and false, which stand in a field's head, of a byte, of a number with a point."""
_LONG: Final = 15
"""In a list's head: its length stands behind it."""

Members = dict[int, "Members"]
"""Number of a field that is looked for → {}, or which of its members are; of a list, of each of its members."""

_ROWS: Final = 3
_GROUPS: Final = 4
_ORDINAL: Final = 7
_MOVING: Final[Members] = {1: {2: {}, 3: {9: {}, 10: {}, 11: {}, 14: {}}, 4: {}, 6: {}}, 5: {}, 7: {}}
"""Members of a RowGroup that say where something lies, and which one it is: places of a column's chunk, of its pages,
indexes, dictionary and bloom filter; of the group itself; its number."""
_CHUNK: Final = _MOVING[1]
_PATH: Final[Members] = {3: {3: {}}}
_SIZES: Final[Members] = {3: {6: {}, 7: {}, 9: {}, 11: {}}}
"""Members of a ColumnChunk: the name of the column and of what is in it; its size as it is and compressed, where its
pages begin and where its dictionary."""
_SUMS: Final[Members] = {1: {}, 2: {}, 5: {}, 6: {}, 7: {}}
"""Members of a RowGroup that follow from its chunks and its place."""
_MORE: Final = 0x80
"""A byte with this bit is not the last one of a number."""
_BITS: Final = 0x7F
_NOWHERE: Final = b"\0"
"""A place that is not told."""

_size: Final = struct.Struct("<I")


class Frame(NamedTuple):
    """The footer of a file of some schema: what stands before the number of its rows, and behind its row groups."""

    head: bytes
    tail: bytes


class Chunks(NamedTuple):
    """A column of a row group: where it lies, and what the footer says of each chunk of it, one a leaf."""

    offset: int
    size: int
    weight: int
    """Bytes of it when they are not compressed."""
    told: list[bytes]


class _Found(NamedTuple):
    """A field: its number, where its head begins, where its value lies."""

    field: int
    head: int
    start: int
    end: int


def frame(schema: Any, options: dict[str, Any]) -> Frame:
    """Return the footer of files of a schema as the library writes it."""
    import pyarrow.parquet as pq  # noqa: PLC0415  only where Parquet is written

    stream = io.BytesIO()
    pq.ParquetWriter(stream, schema, **options).close()
    footer = footer_of(stream.getvalue())
    rows, groups = _found(footer, {_ROWS: {}, _GROUPS: {}})
    return Frame(footer[: rows.head], footer[groups.end :])


def footer_of(blob: bytes) -> bytes:
    """Return the footer of a file."""
    (size,) = _size.unpack_from(blob, len(blob) - 8)
    return blob[-8 - size : -8]


def group_of(footer: bytes, around: Frame) -> bytes:
    """Return the one row group that a footer tells of, as a footer of a file with `around` has it."""
    rest = footer[len(around.head) : len(footer) - len(around.tail)]
    assert footer.startswith(around.head), "the library writes equal schemas as equal bytes"
    _, end = _varint(rest, 1)
    return rest[end + 2 :]


def written(around: Frame, groups: Sequence[bytes], rows: int) -> bytes:
    """Return the end of a file with some row groups: its footer, the footer's size, the magic number."""
    count = _head_of_list(len(groups))
    parts = [around.head, b"\x16", _packed(_zigzag(rows)), b"\x19", count, *groups, around.tail]
    return b"".join([*parts, _size.pack(sum(map(len, parts))), MAGIC])


def groups_at(around: Frame, groups: Sequence[bytes], rows: int) -> int:
    """Return where the first row group begins in what `written` returns."""
    return len(written(around, groups, rows)) - len(around.tail) - 8 - sum(map(len, groups))


def moved(group: bytes, by: int, ordinal: int) -> bytes:
    """Return a row group as it is `by` bytes further on, and the one with the number `ordinal`."""
    there = _found(group, _MOVING)
    new = [_ordinal(ordinal) if one.field == _ORDINAL else _further(group[one.start : one.end], by) for one in there]
    return _replaced(group, there, new)


def _ordinal(number: int) -> bytes:
    return _packed(_zigzag(number))


def _further(place: bytes, by: int) -> bytes:
    return place if by == 0 or place == _NOWHERE else _packed(_zigzag(_number(place) + by))


def _replaced(blob: bytes, there: Sequence[_Found], new: Sequence[bytes]) -> bytes:
    """Return a struct with other values of some fields."""
    parts, done = [], 0
    for one, value in zip(there, new, strict=True):
        parts += [blob[done : one.start], value]
        done = one.end
    return b"".join([*parts, blob[done:]])


def chunks(group: bytes) -> dict[str, Chunks]:
    """Return the columns of a row group by name."""
    (there,) = _found(group, {1: {}})
    count, at = group[there.start] >> 4, there.start + 1
    if count == _LONG:
        count, at = _varint(group, at)
    found: dict[str, Chunks] = {}
    for _ in range(count):
        end = _walk(group, at, {}, [])
        name, one = _chunk(group[at:end])
        found[name] = one if name not in found else _with(found[name], one)
        at = end
    return found


def _chunk(told: bytes) -> tuple[str, Chunks]:
    """Return the name of the column that a chunk is of, and the chunk."""
    (path,) = _found(told, _PATH)
    size, at = _varint(told, path.start + 1 if told[path.start] >> 4 < _LONG else _past(told, path.start + 1))
    numbers = {one.field: _number(told[one.start : one.end]) for one in _found(told, _SIZES)}
    begin = min(numbers[9], numbers.get(11) or numbers[9])
    return told[at : at + size].decode(), Chunks(begin, numbers[7], numbers[6], [told])


def _with(one: Chunks, other: Chunks) -> Chunks:
    return Chunks(one.offset, one.size + other.size, one.weight + other.weight, one.told + other.told)


def put_together(group: bytes, columns: Sequence[Chunks], at: int, ordinal: int) -> bytes:
    """Return what a footer says of a row group that begins at `at` and has other columns, one after the other."""
    told, end = [], at
    for one in columns:
        told += [_moved_chunk(chunk, end - one.offset) for chunk in one.told]
        end += one.size
    there = _found(group, _SUMS)
    new = {
        1: _head_of_list(len(told)) + b"".join(told),
        2: _packed(_zigzag(sum(one.weight for one in columns))),
        5: _packed(_zigzag(at)),
        6: _packed(_zigzag(end - at)),
        7: _ordinal(ordinal),
    }
    return _replaced(group, there, [new[one.field] for one in there])


def _moved_chunk(told: bytes, by: int) -> bytes:
    there = _found(told, _CHUNK)
    return _replaced(told, there, [_further(told[one.start : one.end], by) for one in there])


def _head_of_list(size: int) -> bytes:
    return bytes([size << 4 | _STRUCT]) if size < _LONG else bytes([_LONG << 4 | _STRUCT]) + _packed(size)


def _found(blob: bytes, wanted: Members) -> list[_Found]:
    """Return the fields of a struct that are looked for."""
    found: list[_Found] = []
    _walk(blob, 0, wanted, found)
    return found


def _walk(blob: bytes, at: int, wanted: Members, found: list[_Found]) -> int:
    """Note the wanted fields of the struct at `at`, and return where it ends."""
    field = 0
    while head := blob[at]:
        start = at + 1
        if head >> 4:
            field += head >> 4
        else:
            end = _past(blob, start)
            field, start = _number(blob[start:end]), end
        inner = wanted.get(field)
        begin, at = at, _end(blob, start, head & 15, inner or {}, found)
        if inner == {}:
            found.append(_Found(field, begin, start, at))
    return at + 1


def _end(blob: bytes, at: int, kind: int, wanted: Members, found: list[_Found]) -> int:
    """Return where the value at `at` ends; the most frequent kinds first."""
    if kind in _INTEGERS:
        return _past(blob, at)
    if kind == _BINARY:
        size, at = _varint(blob, at)
        return at + size
    if kind == _STRUCT:
        return _walk(blob, at, wanted, found)
    if kind in _LISTS:
        return _members(blob, at, wanted, found)
    return at + _FIXED[kind]


def _members(blob: bytes, at: int, wanted: Members, found: list[_Found]) -> int:
    """Return where the list at `at` ends."""
    size, kind = blob[at] >> 4, blob[at] & 15
    at += 1
    if size == _LONG:
        size, at = _varint(blob, at)
    for _ in range(size):
        at = _end(blob, at, kind, wanted, found)
    return at


def _past(blob: bytes, at: int) -> int:
    """Return where the number at `at` ends: with the first byte that has no eighth bit."""
    while blob[at] & _MORE:
        at += 1
    return at + 1


def _varint(blob: bytes, at: int) -> tuple[int, int]:
    """Return the number without a sign at `at`, and where it ends."""
    value = shift = 0
    while (byte := blob[at]) & _MORE:
        value |= (byte & _BITS) << shift
        shift, at = shift + 7, at + 1
    return value | byte << shift, at + 1


def _number(blob: bytes) -> int:
    """Return a number with a sign."""
    value, _ = _varint(blob, 0)
    return value >> 1 ^ -(value & 1)


def _zigzag(value: int) -> int:
    return value << 1 if value >= 0 else (-value << 1) - 1


def _packed(value: int) -> bytes:
    """Return a number without a sign as bytes of seven bits, the lowest first."""
    parts = bytearray()
    while value > _BITS:
        parts.append(value & _BITS | _MORE)
        value >>= 7
    parts.append(value)
    return bytes(parts)
