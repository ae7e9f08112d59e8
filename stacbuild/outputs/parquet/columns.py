"""Rows as Arrow columns: read by Arrow's JSON reader, brought to the one schema of a file. Never reads a file."""

from __future__ import annotations

import binascii
from array import array as array_of
from itertools import accumulate
from typing import Any, Final

from stacbuild.outputs.parquet import moments
from stacbuild.outputs.parquet.rows import BINARY, decode, encode, split
from stacbuild.outputs.parquet.shapes import EXACT, Shape, as_text, json_places, limited

_DIGITS: Final = r"[:,\[]-?[0-9]{16,}"
"""What an integer beyond 2^53 looks like; in text it may be something else."""


def read(rows: list[bytes], known: Shape, *, all_known: bool = False) -> Any:
    """Return rows as a record batch; columns that are not known yet are what they look like.

    Arrow's reader loses null at the beginning of lists of which it has to find out what is in them: see `is_sound`.

    Args:
        rows: JSON objects.
        known: shape of what is known of the columns; where it has `json` the value's text is taken.
        all_known: what these rows have is known: where they have nothing but null it is text.

    Raises:
        ArrowException: a column of these rows is of several kinds, or not of the one that is known.
    """
    import pyarrow as pa  # noqa: PLC0415  only where Parquet is written
    from pyarrow import json  # noqa: PLC0415

    texts = {path[0] for path in json_places(known) if path}
    lines = [_with_texts(row, known, texts) for row in rows] if texts else rows
    blob = b"\n".join(lines)
    fields = [
        pa.field(name, inner) for name, shape in known.items() if (inner := type_of(shape, sure=all_known)) is not None
    ]
    table = json.read_json(
        pa.BufferReader(blob),
        read_options=json.ReadOptions(use_threads=False, block_size=max(len(blob) + 1, 1024)),
        parse_options=json.ParseOptions(explicit_schema=pa.schema(fields), unexpected_field_behavior="infer"),
    )
    (batch,) = table.combine_chunks().to_batches() or [pa.RecordBatch.from_pylist([], table.schema)]
    return batch


def is_sound(batch: Any) -> bool:
    """Tell whether lists have as many members as they say."""
    import pyarrow as pa  # noqa: PLC0415

    try:
        batch.validate()
    except pa.ArrowInvalid:
        return False
    return True


def _with_texts(row: bytes, known: Shape, names: set[str]) -> bytes:
    cells: dict[str, Any] = dict(split(row))
    for name in names & cells.keys():
        cells[name] = as_text(decode(cells[name]), known[name], encode)
    return encode(cells)


def has_wide(array: Any) -> bool:
    """Tell whether a column has a number of 2^53 or more: beyond that Arrow rounds integers that stand beside floats.

    To ask the columns costs a hundredth of what it costs to ask the rows.
    """
    import pyarrow.compute as pc  # noqa: PLC0415
    import pyarrow.types as is_  # noqa: PLC0415

    if is_.is_struct(array.type):
        return any(has_wide(array.field(number)) for number in range(array.type.num_fields))
    if is_.is_list(array.type):
        return has_wide(array.values)
    if not is_.is_int64(array.type) and not is_.is_float64(array.type):
        return False
    least, most = pc.min_max(array).values()
    return least.is_valid and not -EXACT < least.as_py() <= most.as_py() < EXACT


def wide(rows: list[bytes]) -> list[bytes]:
    """Return the rows that may have an integer beyond 2^53."""
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.compute as pc  # noqa: PLC0415

    found = pc.match_substring_regex(pa.array(rows, pa.large_binary()), _DIGITS)
    return [rows[number] for number in pc.indices_nonzero(found).to_pylist()]


def type_of(shape: Shape, *, sure: bool = False) -> Any:
    """Return the Arrow type of a shape; None for what is not known to be anything yet, text if that is `sure` null."""
    import pyarrow as pa  # noqa: PLC0415

    if isinstance(shape, dict):
        members = {name: inner for name, member in shape.items() if (inner := type_of(member, sure=sure)) is not None}
        return pa.struct(list(members.items())) if members or sure else None
    if isinstance(shape, list):
        inner = type_of(shape[0], sure=sure)
        return None if inner is None else pa.list_(inner)
    words = {"bool": pa.bool_(), "int": pa.int64(), "wide": pa.int64(), "float": pa.float64()}
    if shape == "null" and not sure:
        return None
    return words.get(shape, pa.string())


def shape_of_type(type_: Any) -> Shape:
    """Return the shape that Arrow's reader found."""
    import pyarrow.types as is_  # noqa: PLC0415

    if is_.is_struct(type_):
        return limited({field.name: shape_of_type(field.type) for field in type_})
    if is_.is_list(type_):
        return [shape_of_type(type_.value_type)]
    for test, word in ((is_.is_null, "null"), (is_.is_boolean, "bool"), (is_.is_integer, "int")):
        if test(type_):
            return word
    return "float" if is_.is_floating(type_) else "text"


def has_moments(type_: Any) -> bool:
    """Tell whether Arrow's reader took some text for moments, so that how it was written is lost."""
    import pyarrow.types as is_  # noqa: PLC0415

    if is_.is_struct(type_):
        return any(has_moments(field.type) for field in type_)
    return has_moments(type_.value_type) if is_.is_list(type_) else bool(is_.is_timestamp(type_))


def conform(array: Any, type_: Any) -> Any:
    """Return an array with the members, in the order, that a type has; what it lacks is null."""
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.types as is_  # noqa: PLC0415

    if array.type == type_:
        return array
    if array.null_count == len(array):
        return pa.nulls(len(array), type_)
    if is_.is_struct(type_):
        there = {field.name: number for number, field in enumerate(array.type)}
        members = [
            conform(array.field(there[field.name]), field.type)
            if field.name in there
            else pa.nulls(len(array), field.type)
            for field in type_
        ]
        return pa.StructArray.from_arrays(members, fields=list(type_), mask=array.is_null())
    if is_.is_list(type_):
        inner = conform(array.values, type_.value_type)
        return pa.ListArray.from_arrays(array.offsets, inner, type=type_, mask=array.is_null())
    return array.cast(type_)


def binary(array: Any) -> Any:
    """Return base64 text as bytes."""
    import pyarrow as pa  # noqa: PLC0415

    values = [b"" if text is None else binascii.a2b_base64(text) for text in array.to_pylist()]
    ends = array_of("i", accumulate(map(len, values), initial=0))
    buffers = [_validity(array), pa.py_buffer(ends), pa.py_buffer(b"".join(values))]
    return pa.Array.from_buffers(pa.binary(), len(array), buffers, array.null_count)


def _validity(array: Any) -> Any:
    """Return which values of an array there are, as bits."""
    return array.is_valid().buffers()[1] if array.null_count else None


def timestamps(array: Any) -> Any:
    """Return text as timestamps, or None if some of it is no moment or finer than a microsecond."""
    import pyarrow as pa  # noqa: PLC0415

    type_ = pa.timestamp("us", "UTC")
    if array.type == type_:
        return array
    try:
        return array.cast(type_)
    except pa.ArrowException:
        found = [None if text is None else moments.exact(text) for text in array.to_pylist()]
        whole = sum(moment is not None for moment in found) == len(array) - array.null_count
        return pa.array(found, pa.int64()).cast(type_) if whole else None


def conformed(cells: dict[str, Any], schema: Any, size: int) -> Any:
    """Return columns as a record batch of a file's schema."""
    import pyarrow as pa  # noqa: PLC0415

    made = [_cell(cells[field.name], field) if field.name in cells else pa.nulls(size, field.type) for field in schema]
    return pa.RecordBatch.from_arrays(made, schema=schema)


def _cell(array: Any, field: Any) -> Any:
    import pyarrow.types as is_  # noqa: PLC0415

    if is_.is_binary(array.type):
        return array
    if field.name in BINARY:
        return binary(array)
    return timestamps(array) if is_.is_timestamp(field.type) else conform(array, field.type)


def stored(batch: Any) -> Any:
    """Return a batch as bytes, schema and all."""
    import pyarrow as pa  # noqa: PLC0415

    sink = pa.BufferOutputStream()  # a file of Python's would be called for each of some thousand buffers
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return sink.getvalue()


def load(blob: bytes) -> Any:
    """Return a batch that was stored."""
    import pyarrow as pa  # noqa: PLC0415

    return pa.ipc.open_stream(blob).read_next_batch()
