"""Files of the memory: written beside and renamed, sealed by a checksum. Knows nothing of what is in them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

import msgspec
import xxhash

FORMAT: Final = b"stacbuild-memory 8\n"
_SEAL: Final = len(FORMAT) + 16

Value = TypeVar("Value")


class MemoryLostError(Exception):
    """A file of the memory is missing or damaged; the memory is to be forgotten."""


def read(path: Path) -> memoryview:
    """Return what `write` wrote.

    Raises:
        OSError: it cannot be read.
        MemoryLostError: it is damaged, or of another version.
    """
    blob = path.read_bytes()
    payload = memoryview(blob)[_SEAL:]
    if not blob.startswith(FORMAT) or xxhash.xxh3_128_digest(payload) != blob[len(FORMAT) : _SEAL]:
        raise MemoryLostError("not a memory of this version, or damaged")
    return payload


def write(path: Path, payload: bytes) -> None:
    """Write a file beside, sync, rename; large payloads are not copied."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".stacbuild-{os.getpid()}-{path.name}")
    with beside.open("wb") as stream:
        stream.write(FORMAT + xxhash.xxh3_128_digest(payload))
        stream.write(payload)
        stream.flush()
        os.fsync(stream.fileno())
    beside.replace(path)


def sync_folder(folder: Path) -> None:
    """Make durable which files a folder has."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def piece(path: Path, offset: int, length: int, check: bytes) -> bytes:
    """Return a piece of a file, of which the XXH3-64 is known.

    Raises:
        MemoryLostError: it is missing or damaged.
    """
    try:
        with path.open("rb") as stream:
            blob = os.pread(stream.fileno(), length, offset)
    except OSError as error:
        raise MemoryLostError(str(error)) from error
    if xxhash.xxh3_64_digest(blob) != check:
        raise MemoryLostError(f"{path.name} is damaged")
    return blob


def unpacked(blob: bytes, decode: Callable[[bytes], Value]) -> Value:
    """Return what a compressed piece of a file holds.

    Raises:
        MemoryLostError: it is damaged.
    """
    import zstandard  # noqa: PLC0415  a no-op never gets here

    try:
        raw = zstandard.ZstdDecompressor().decompress(blob)
    except zstandard.ZstdError as error:
        raise MemoryLostError(str(error)) from error
    return decoded(raw, decode)


def decoded(raw: bytes, decode: Callable[[bytes], Value]) -> Value:
    """Return what a piece of a file holds.

    Raises:
        MemoryLostError: it is damaged.
    """
    try:
        return decode(raw)
    except msgspec.DecodeError as error:
        raise MemoryLostError(str(error)) from error
