"""Parquet files: opened, told by their row groups, read in batches of bounded size; what is wrong with one, in words.

A row group is what can be read alone: its digest is of its bytes and of what decides how they are decoded, so that it
is known again wherever it stands in the file. Never turns a value into another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeVar

import xxhash

from stacbuild.sources.base import WHOLE_FILE, Part, SourceUnreadable
from stacbuild.sources.parquet_footer import Group, footer_of

T = TypeVar("T")

_BATCH_BYTES: Final = 16 * 1024 * 1024
_BATCH_ROWS: Final = 1024
_BLOCK: Final = 1024 * 1024
_DECODED_BY: Final = (b"ARROW:schema", b"geo")
"""Entries of the file's metadata that decide what its bytes mean."""


@contextmanager
def opened(file: Path) -> Iterator[Any]:
    """Open `file` for as long as the block lasts; what pyarrow says of it comes as SourceUnreadable, without paths."""
    import pyarrow as pa  # noqa: PLC0415  only where there is Parquet
    import pyarrow.parquet as pq  # noqa: PLC0415

    try:
        with file.open("rb") as stream:
            _refuse_others(stream)
            with pq.ParquetFile(
                stream, buffer_size=_BLOCK, pre_buffer=False, page_checksum_verification=True
            ) as parquet:
                _refuse_twice(parquet.schema_arrow.names)
                yield parquet
    except FileNotFoundError as error:
        raise SourceUnreadable("SB411", "the file is not there", "is `path` right?") from error
    except NotImplementedError as error:
        raise _strange(error) from error
    except (pa.lib.ArrowException, OSError, ValueError, KeyError, OverflowError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise SourceUnreadable("SB412", f"the file cannot be read: {error.strerror or error}") from error
        raise _strange(error) if _is_strange(str(error)) else _damaged(error) from error


def parts(file: Path) -> Sequence[Part]:
    """Return the row groups of `file`, in order, with a digest of each; of a file without a sound footer the whole."""
    footer = footer_of(file)
    if footer is None:
        return WHOLE_FILE
    shared = xxhash.xxh3_128(footer.schema)
    for name in _DECODED_BY:
        shared.update(footer.metadata.get(name, b"") + b"\0")
    found, first = [], 0
    with file.open("rb") as stream:
        for group in footer.groups:
            found.append(Part(first, group.rows, _digest(stream, group, shared.copy())))
            first += group.rows
    return found


def batches(
    file: Path, first: int, check: Callable[[Any], None], convert: Callable[[Any], T]
) -> Iterator[tuple[int, bool, T]]:
    """Yield (ordinal of its first row, whether a row group begins, batch), from the row group of row `first` on.

    Args:
        file: a Parquet file.
        first: a row; what stands in row groups before its own is not read.
        check: is called with the open file before a row is read.
        convert: makes of a record batch what is yielded; what it cannot convert is wrong with the file.

    Raises:
        SourceUnreadable: at once, or after some batches.
    """
    with opened(file) as parquet:
        check(parquet)
        row = 0
        for index in range(parquet.metadata.num_row_groups):
            group = parquet.metadata.row_group(index)
            if row + group.num_rows <= first:
                row += group.num_rows
                continue
            begins = True
            for batch in parquet.iter_batches(_rows(group), [index], use_threads=False):
                yield row, begins, convert(batch)
                row, begins = row + batch.num_rows, False


def _rows(group: Any) -> int:
    """Return how many rows of a row group are read at once."""
    each = group.total_byte_size // max(group.num_rows, 1) + 1
    return int(min(max(_BATCH_BYTES // each, 1), _BATCH_ROWS))


def _digest(stream: BinaryIO, group: Group, digest: Any) -> bytes:
    for start, size, said in group.chunks:
        digest.update(said)
        stream.seek(start)
        left = size
        while left > 0 and (block := stream.read(min(left, _BLOCK))):
            digest.update(block)
            left -= len(block)
    return bytes(digest.digest())


# --- what is wrong with a file


def _refuse_others(stream: Any) -> None:
    """Raise SourceUnreadable for what is told by its first bytes."""
    head = stream.read(4)
    stream.seek(0)
    if not head:
        raise SourceUnreadable("SB414", "the file is empty: it is no Parquet file", "is it still being written?")
    if head == b"PARE":
        raise SourceUnreadable("SB422", "the Parquet file is encrypted", "write it without encryption")
    if head[:2] == b"\x1f\x8b" or head == b"\x28\xb5\x2f\xfd":
        raise SourceUnreadable("SB421", "the file is compressed as a whole", "Parquet is compressed inside: unpack it")
    if head != b"PAR1":
        hint = "its name, or `format`, says Parquet: is that right?"
        raise SourceUnreadable("SB421", "not a Parquet file", hint)


def _refuse_twice(names: list[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise SourceUnreadable("SB415", f"two columns are called {twice[0]!r}", "give each column a name of its own")


def _is_strange(text: str) -> bool:
    return any(
        word in text.casefold() for word in ("crypt", "codec", "not implemented", "not supported", "unsupported")
    )


def _strange(error: BaseException) -> SourceUnreadable:
    hint = "write it anew without encryption, compressed with zstd or snappy"
    return SourceUnreadable("SB422", f"Parquet of a kind that cannot be read: {_first_line(error)}", hint)


def _damaged(error: BaseException) -> SourceUnreadable:
    return SourceUnreadable("SB421", f"not a whole Parquet file: {_first_line(error)}", "is it still being written?")


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(". ")
