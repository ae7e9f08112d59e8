"""The store: results by key, documents by digest, over a cache backend.

    cas/<digest>   a chunk: up to some thousands of documents, compressed together
    ac/<name>      a segment: which key gave which document of which chunk, which verdict, which fault
    times/<name>   when contents were first seen, for `created` and `updated`

What is read is checked against its digest; what does not match is deleted and is a miss. Never decides what is
stale, never sees a recipe.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

import msgspec

from cache_backends.base import Backend, BackendError, open_backend
from stacbuild import canon, keys
from stacbuild.failures import Fault, Problem, SurroundingsError
from stacbuild.model import Version
from stacbuild.times import Seen, packed, unpacked

LEVEL: Final = 3
"""zstd level of chunks: 3 packs real items to a fifth at about 300 MB/s."""

TIMES: Final = "times/"
"""What entries begin with that say when contents were first seen."""

_COUNT = struct.Struct("<I")


class Result(msgspec.Struct, array_like=True, frozen=True):
    """One result in a segment: of a document stage (`digest` and where it lies, or `fault`) or of validate (`state`).

    `faults` are what validate found, or the warnings that the stage gave.

    `version` stands with the last document stage of an item. `blob` in it is empty: it is the segment's.
    """

    key: bytes
    digest: bytes = b""
    ordinal: int = -1
    fault: Fault | None = None
    state: str = ""
    faults: tuple[Fault, ...] = ()
    version: Version | None = None
    hits: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    """Paths of files that the stage read: the result itself stands under a key with what they held."""


class Segment(msgspec.Struct, array_like=True):
    """The results of one chunk of work. `contexts` says by which contexts they were made, `inputs` from what."""

    blob: bytes
    contexts: list[bytes]
    inputs: bytes
    results: list[Result]


def inputs_of(segment: Segment) -> Iterator[bytes]:
    """Yield the digests of the inputs that a segment's results were made from."""
    for start in range(0, len(segment.inputs), canon.DIGEST_SIZE):
        yield segment.inputs[start : start + canon.DIGEST_SIZE]


class Found(msgspec.Struct, frozen=True):
    """A result and the chunk that its document lies in."""

    result: Result
    blob: bytes


_PREFIX: Final = 8


class _Sheaf(msgspec.Struct):
    """What is held of a segment to know whether to read it."""

    name: str
    contexts: frozenset[bytes]
    keys: bytes

    def prefixes(self) -> list[bytes]:
        """Return the first bytes of each of its keys."""
        return [self.keys[start : start + _PREFIX] for start in range(0, len(self.keys), _PREFIX)]


def _sheaf(name: str, segment: Segment) -> _Sheaf:
    prefixes = b"".join(result.key[:_PREFIX] for result in segment.results)
    return _Sheaf(name, frozenset(segment.contexts), prefixes)


class MissingChunksError(Exception):
    """Chunks that were promised are not there, or are not what their name says. `digests` names them."""

    def __init__(self, digests: set[bytes]) -> None:
        super().__init__(f"{len(digests)} chunks are missing")
        self.digests = digests

    def __reduce__(self) -> tuple[type[MissingChunksError], tuple[set[bytes]]]:
        return type(self), (self.digests,)


def pack(documents: list[bytes]) -> bytes:
    """Return `documents` as one chunk: their sizes, then their bytes, compressed together."""
    import zstandard  # noqa: PLC0415  a no-op never gets here

    head = _COUNT.pack(len(documents)) + b"".join(_COUNT.pack(len(document)) for document in documents)
    return zstandard.ZstdCompressor(level=LEVEL, write_content_size=True).compress(head + b"".join(documents))


def unpack(chunk: bytes) -> list[bytes]:
    """Return the documents of a chunk that `pack` made."""
    import zstandard  # noqa: PLC0415  a no-op never gets here

    raw = zstandard.ZstdDecompressor().decompress(chunk)
    (count,) = _COUNT.unpack_from(raw)
    sizes = struct.unpack_from(f"<{count}I", raw, _COUNT.size)
    documents, start = [], _COUNT.size * (count + 1)
    for size in sizes:
        documents.append(raw[start : start + size])
        start += size
    return documents


class Store:
    """Two maps over one backend; open it, use it, close it."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._decode = msgspec.msgpack.Decoder(Segment).decode
        self._encode = msgspec.msgpack.Encoder().encode
        self._chunks: dict[bytes, list[bytes]] = {}
        self._index: list[_Sheaf] | None = None
        self._cursor = 0
        self.lost: set[bytes] = set()
        """Chunks found missing or damaged since it was opened; their results count as misses."""

    def close(self) -> None:
        """Close the backend."""
        self._backend.close()

    # --- documents

    def put_chunk(self, chunk: bytes) -> bytes:
        """Store a packed chunk and return its digest."""
        digest = canon.digest(chunk)
        self.lost.discard(digest)
        _refused(lambda: self._backend.put(f"cas/{digest.hex()}", chunk))
        return digest

    def documents(self, blob: bytes) -> list[bytes]:
        """Return the documents of a chunk.

        Raises:
            MissingChunksError: it is not there or not what its name says.
        """
        held = self._chunks.get(blob)
        if held is None:
            held = self._read(blob)
            while len(self._chunks) >= _CHUNKS_HELD:
                del self._chunks[next(iter(self._chunks))]
            self._chunks[blob] = held
        return held

    def _read(self, blob: bytes) -> list[bytes]:
        chunk = self._backend.get(f"cas/{blob.hex()}")
        if chunk is not None and canon.digest(chunk) == blob:
            return unpack(chunk)
        if chunk is not None:
            self._backend.delete(f"cas/{blob.hex()}")
        self.lost.add(blob)
        raise MissingChunksError({blob})

    # --- results

    def put_segment(self, segment: Segment) -> None:
        """Store the results of a chunk of work; the chunk itself is there already.

        `find` does not see it before the store is opened again: who worked on it has its results at hand.
        """
        self._put(keys.join(b"segment", *sorted(result.key for result in segment.results)), segment)

    def put_inputs(self, digests: Iterable[bytes]) -> None:
        """Note inputs that no result is made from, so that they are known when the memory is lost."""
        inputs = b"".join(sorted(set(digests)))
        if inputs:
            self._put(keys.join(b"inputs", inputs), Segment(b"", [], inputs, []))

    def _put(self, key: bytes, segment: Segment) -> None:
        payload, name = self._encode(segment), key.hex()
        _refused(lambda: self._backend.put(f"ac/{name}", canon.digest(payload) + payload))

    def put_times(self, seen: list[Seen]) -> None:
        """Keep when contents were first seen; nothing evicts it, as nothing could give it back."""
        records = packed(seen)
        _refused(lambda: self._backend.put(f"{TIMES}{canon.digest(records).hex()}", records))

    def times(self) -> bytes:
        """Return when contents were first seen, as `times.packed` has it; what is damaged is left out."""
        every: list[Seen] = []
        for entry in list(self._backend.list(TIMES)):
            records = self._backend.get(entry.name) or b""
            if entry.name == f"{TIMES}{canon.digest(records).hex()}":
                every.extend(unpacked(records))
        return packed(every)

    def batch(self) -> AbstractContextManager[None]:
        """Return the backend's batch: what is put inside is durable at its end."""
        return self._backend.batch()

    def segments(self) -> Iterator[tuple[str, Segment]]:
        """Yield every readable segment with its name; the damaged are deleted."""
        for entry in list(self._backend.list("ac/")):
            segment = self._segment(entry.name)
            if segment is not None:
                yield entry.name, segment

    def _segment(self, name: str) -> Segment | None:
        value = self._backend.get(name)
        if value is None:
            return None
        if canon.digest(value[canon.DIGEST_SIZE :]) != value[: canon.DIGEST_SIZE]:
            self._backend.delete(name)
            return None
        try:
            return self._decode(value[canon.DIGEST_SIZE :])
        except msgspec.DecodeError:
            return None

    def _sheaves(self) -> list[_Sheaf]:
        """Return what each segment has, eight bytes a key; made once, since all are asked again and again."""
        if self._index is None:
            self._index = [_sheaf(name, segment) for name, segment in self.segments()]
        return self._index

    def find(self, wanted: set[bytes], contexts: Iterable[bytes]) -> dict[bytes, Found]:
        """Return the results for the keys in `wanted` that were made by one of `contexts` and can still be read.

        Results that were made together are asked for together: the search begins where the last one ended.
        """
        found: dict[bytes, Found] = {}
        if not wanted:
            return found
        sheaves, made_by, present = self._sheaves(), frozenset(contexts), dict[bytes, bool]()
        left = {key[:_PREFIX] for key in wanted}
        begin = self._cursor
        for turn in range(len(sheaves)):
            number = (begin + turn) % len(sheaves)
            sheaf = sheaves[number]
            if sheaf.contexts.isdisjoint(made_by) or left.isdisjoint(sheaf.prefixes()):
                continue
            segment = self._segment(sheaf.name)
            if segment is None or not self._has(segment.blob, present):
                continue
            self._cursor = number
            for result in segment.results:
                if result.key in wanted and result.key not in found:
                    found[result.key] = Found(result, segment.blob)
                    left.discard(result.key[:_PREFIX])
            if not left:
                break
        return found

    def _has(self, blob: bytes, known: dict[bytes, bool]) -> bool:
        if not blob:
            return True
        if blob not in known:
            known[blob] = blob not in self.lost and self._backend.has(f"cas/{blob.hex()}")
        return known[blob]

    @property
    def empty(self) -> bool:
        """Tell whether it has no results at all."""
        return next(iter(self._backend.list("ac/")), None) is None

    def known_inputs(self, digests: set[bytes]) -> set[bytes]:
        """Return those of `digests` that some stored result was made from."""
        known: set[bytes] = set()
        if digests:
            for _, segment in self.segments():
                known.update(digest for digest in inputs_of(segment) if digest in digests)
        return known

    # --- housekeeping

    @property
    def backend(self) -> Backend:
        """The backend, for `gc` and `clean`."""
        return self._backend


_CHUNKS_HELD: Final = 4


def _refused(put: Callable[[], None]) -> None:
    try:
        put()
    except BackendError as error:
        problem = Problem("SB601", f"the store cannot be written: {error}", hint="free some space, or set [cache] path")
        raise SurroundingsError(problem) from error


def no_store() -> Store:
    """Return a store that holds nothing and takes nothing."""
    from cache_backends.nothing import Nothing  # noqa: PLC0415  only looks need it

    return Store(Nothing())


def open_store(kind: str, path: Path) -> Store:
    """Open the store at `path`.

    Raises:
        SurroundingsError: the folder cannot be made or read.
    """
    try:
        return Store(open_backend(kind, path))
    except BackendError as error:
        problem = Problem(
            "SB601", f"the store cannot be opened: {error}", hint="check [cache] path and its permissions"
        )
        raise SurroundingsError(problem) from error
