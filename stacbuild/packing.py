"""Chunks as bytes: many documents packed together, zstd of  count · sizes · documents. PURE.

Numbers are 32-bit, little-endian. What is packed is checked by who stores it, against its digest.
"""

from __future__ import annotations

import struct
from typing import Final

LEVEL: Final = 3
"""zstd level of chunks: 3 packs real items to a fifth at about 300 MB/s."""

_COUNT = struct.Struct("<I")


def pack(documents: list[bytes]) -> bytes:
    """Return `documents` as one chunk: their sizes, then their bytes, compressed together."""
    head = struct.pack(f"<{len(documents) + 1}I", len(documents), *map(len, documents))
    return compressed(b"".join([head, *documents]))


def unpack(chunk: bytes) -> list[bytes]:
    """Return the documents of a chunk that `pack` made."""
    raw = decompressed(chunk)
    (count,) = _COUNT.unpack_from(raw)
    sizes = struct.unpack_from(f"<{count}I", raw, _COUNT.size)
    documents, start = [], _COUNT.size * (count + 1)
    for size in sizes:
        documents.append(raw[start : start + size])
        start += size
    return documents


def compressed(raw: bytes) -> bytes:
    """Return bytes compressed."""
    import zstandard  # noqa: PLC0415  a no-op never gets here

    return zstandard.ZstdCompressor(level=LEVEL, write_content_size=True).compress(raw)


def decompressed(packed: bytes) -> bytes:
    """Return what `compressed` took; raises ValueError where it is something else."""
    import zstandard  # noqa: PLC0415  a no-op never gets here

    try:
        return zstandard.ZstdDecompressor().decompress(packed)
    except zstandard.ZstdError as error:
        raise ValueError(str(error)) from error
