"""Rows of Parquet as records: null, NaN and `missing` words are left out at the top; see `parquet_values` for types.

Reads batches of bounded size. Never maps: a `geometry` column is base64 text, which a mapping reads as `wkb`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from stacbuild.failures import ItemError
from stacbuild.recipe.schema import TableSource
from stacbuild.sources import parquet_file
from stacbuild.sources.base import Raw, SourceUnreadable, unread
from stacbuild.sources.documents import take_out
from stacbuild.sources.ignoring import ignore_of
from stacbuild.sources.json_object import canonical
from stacbuild.sources.keyed import WHOLE, key_of, top_of
from stacbuild.sources.parquet_values import RECORD, values


def records(file: Path, source: TableSource, first: int) -> Iterator[Raw]:
    """Yield the rows from the row group of row `first` on; a row's line is its number from 1.

    Raises:
        SourceUnreadable: at once, or after some records; or a column of `key` is not there.
    """
    missing, key, ignore = frozenset(source.missing), key_of(source.key), ignore_of(source.ignore)
    batches = parquet_file.batches(file, first, lambda parquet: _refuse_without_key(parquet, source), _rows)
    for start, _, rows in batches:
        for ordinal, record in enumerate(rows, start):
            try:
                if missing:
                    take_out(record, missing)
                record = {name: value for name, value in record.items() if value is not None}  # noqa: PLW2901
                ignore(record)
                blob = canonical(record)
                yield Raw(ordinal, ordinal + 1, blob, key(record, blob), None)
            except ItemError as bad:
                yield unread(ordinal, ordinal + 1, repr(record).encode(errors="replace"), bad)


def _rows(batch: Any) -> list[dict[str, Any]]:
    names = batch.schema.names
    columns = [values(batch.column(index), RECORD) for index in range(len(names))]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _refuse_without_key(parquet: Any, source: TableSource) -> None:
    names = parquet.schema_arrow.names
    wanted = [source.key] if isinstance(source.key, str) else source.key
    absent = [name for name in wanted if name not in names and top_of(name) not in names]
    if absent and source.key != WHOLE:
        shown = ", ".join(names[:12]) + (", …" if len(names) > 12 else "")  # noqa: PLR2004  as many as csv shows
        text = f"there is no column {absent[0]!r}, which `key` names"
        raise SourceUnreadable("SB416", text, f"the columns are: {shown}")
