"""Columns of Arrow as JSON values: what JSON has no type for as text, what is null or NaN as None.

| Arrow | JSON |
| --- | --- |
| integers of any size, booleans, text | themselves |
| half, float | the shortest number that is the same in that type |
| decimal | a number if a double holds it, else text |
| timestamp | RFC 3339: with `Z` if it has a zone, else without; as many of 3, 6 or 9 digits of a second as are needed |
| date, time | ISO 8601 |
| duration | ISO 8601, in seconds: `PT1.5S` |
| binary | base64 |
| struct, map with text keys | object |
| list | array |
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, Final, NamedTuple

_PER_SECOND: Final = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


class Style(NamedTuple):
    """How values are written where there is a choice.

    Attributes:
        zone: what a timestamp without a zone ends in.
        nulls: keep null members of objects, at any depth.
    """

    zone: str
    nulls: bool


RECORD: Final = Style("", nulls=True)
"""As a table has it: nothing is added."""

ITEM: Final = Style("Z", nulls=False)
"""As STAC has it: moments are UTC; a member that is null is one that other rows have."""


def values(array: Any, style: Style) -> list[Any]:
    """Return the values of an Arrow array."""
    import pyarrow.types as is_  # noqa: PLC0415  only where there is Parquet

    for test, convert in _KINDS.items():
        if getattr(is_, test)(array.type):
            return convert(array, style)
    if hasattr(array, "storage"):
        return values(array.storage, style)
    return [None if value is None else value if _is_json(value) else str(value) for value in array.to_pylist()]


def _is_json(value: Any) -> bool:
    return isinstance(value, bool | int | str)


def _plain(array: Any, _: Style) -> list[Any]:
    return list(array.to_pylist())


def _text(array: Any, _: Style) -> list[Any]:
    try:
        return list(array.to_pylist())
    except UnicodeDecodeError:  # as surrogates, which no canonical bytes have: the record is found bad
        import pyarrow as pa  # noqa: PLC0415

        found = array.cast(pa.large_binary()).to_pylist()
        return [None if value is None else value.decode(errors="surrogateescape") for value in found]


def _double(array: Any, _: Style) -> list[Any]:
    return [None if value is None or value != value else value for value in array.to_pylist()]  # noqa: PLR0124  NaN


def _float(array: Any, style: Style) -> list[Any]:
    import pyarrow as pa  # noqa: PLC0415

    return _double(array.cast(pa.float32()).cast(pa.string()).cast(pa.float64()), style)


def _decimal(array: Any, _: Style) -> list[Any]:
    return [None if value is None else _number(value) for value in array.to_pylist()]


def _number(value: Decimal) -> int | float | str:
    if value == value.to_integral_value():
        return int(value)
    near = float(value)
    return near if Decimal(repr(near)) == value else str(value)


def _timestamp(array: Any, style: Style) -> list[Any]:
    import pyarrow as pa  # noqa: PLC0415

    zone = "Z" if array.type.tz is not None else style.zone
    naive = array.cast(pa.timestamp(array.type.unit))
    return [None if text is None else _moment(text, zone) for text in naive.cast(pa.string()).to_pylist()]


def _moment(text: str, zone: str) -> str:
    day, gap, clock = text.partition(" ")
    if not gap or not day[:1].isdigit():
        return text  # beyond the calendar: who reads it as a moment says so
    return f"{day}T{_short(clock)}{zone}"


def _time(array: Any, _: Style) -> list[Any]:
    import pyarrow as pa  # noqa: PLC0415

    return [text and _short(text) for text in array.cast(pa.string()).to_pylist()]


def _short(clock: str) -> str:
    """Return a time of day with 3, 6 or 9 digits of a second, or none if they are zero."""
    whole, _, fraction = clock.partition(".")
    fraction = fraction.rstrip("0")
    return f"{whole}.{fraction.ljust(-len(fraction) // 3 * -3, '0')}" if fraction else whole


def _date(array: Any, _: Style) -> list[Any]:
    import pyarrow as pa  # noqa: PLC0415

    return list(array.cast(pa.date32()).cast(pa.string()).to_pylist())


def _duration(array: Any, _: Style) -> list[Any]:
    import pyarrow as pa  # noqa: PLC0415

    unit = _PER_SECOND[array.type.unit]
    return [None if count is None else _span(count, unit) for count in array.cast(pa.int64()).to_pylist()]


def _span(count: int, unit: int) -> str:
    seconds, rest = divmod(abs(count), unit)
    fraction = f"{rest:0{len(str(unit)) - 1}d}".rstrip("0") if rest else ""
    return f"{'-' if count < 0 else ''}PT{seconds}{'.' if fraction else ''}{fraction}S"


def _binary(array: Any, _: Style) -> list[Any]:
    return [None if value is None else base64.b64encode(value).decode() for value in array.to_pylist()]


def _dictionary(array: Any, style: Style) -> list[Any]:
    return values(array.dictionary_decode(), style)


def _list(array: Any, style: Style) -> list[Any]:
    offsets, valid = array.offsets.to_pylist(), array.is_valid().to_pylist()
    inner = values(array.values.slice(offsets[0], offsets[-1] - offsets[0]), style)
    spans = zip(offsets, offsets[1:], valid, strict=False)
    return [inner[one - offsets[0] : end - offsets[0]] if there else None for one, end, there in spans]


def _fixed_list(array: Any, style: Style) -> list[Any]:
    import pyarrow as pa  # noqa: PLC0415

    return _list(array.cast(pa.large_list(array.type.value_field)), style)


def _map(array: Any, style: Style) -> list[Any]:
    offsets, valid = array.offsets.to_pylist(), array.is_valid().to_pylist()
    start, size = offsets[0], offsets[-1] - offsets[0]
    names, members = values(array.keys.slice(start, size), style), values(array.items.slice(start, size), style)
    pairs = list(zip(names, members, strict=True))
    spans = zip(offsets, offsets[1:], valid, strict=False)
    return [_mapped(pairs[one - start : end - start], style) if there else None for one, end, there in spans]


def _mapped(pairs: list[tuple[Any, Any]], style: Style) -> Any:
    if all(isinstance(name, str) for name, _ in pairs):
        return {name: member for name, member in pairs if style.nulls or member is not None}
    return [list(pair) for pair in pairs]


def _struct(array: Any, style: Style) -> list[Any]:
    names = [field.name for field in array.type]
    columns = [values(array.field(index), style) for index in range(len(names))]
    rows: Iterator[tuple[Any, ...]] = zip(*columns, strict=True) if columns else iter([()] * len(array))
    valid = array.is_valid().to_pylist()
    return [_object(names, row, style) if there else None for row, there in zip(rows, valid, strict=True)]


def _object(names: list[str], row: tuple[Any, ...], style: Style) -> dict[str, Any]:
    pairs = zip(names, row, strict=True)
    return dict(pairs) if style.nulls else {name: value for name, value in pairs if value is not None}


_KINDS: Final[dict[str, Callable[[Any, Style], list[Any]]]] = {
    "is_null": _plain,
    "is_boolean": _plain,
    "is_integer": _plain,
    "is_float64": _double,
    "is_floating": _float,
    "is_string": _text,
    "is_large_string": _text,
    "is_string_view": _text,
    "is_timestamp": _timestamp,
    "is_date": _date,
    "is_time": _time,
    "is_duration": _duration,
    "is_decimal": _decimal,
    "is_binary": _binary,
    "is_large_binary": _binary,
    "is_binary_view": _binary,
    "is_fixed_size_binary": _binary,
    "is_dictionary": _dictionary,
    "is_map": _map,
    "is_list": _list,
    "is_large_list": _list,
    "is_fixed_size_list": _fixed_list,
    "is_struct": _struct,
}
"""Test of `pyarrow.types` → how values of such a type are written; the first that holds."""
