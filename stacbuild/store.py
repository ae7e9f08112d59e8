"""The store: results by key, documents by digest, over a cache backend.

    cas/<digest>   a chunk: up to some thousands of documents, compressed together
    ac/<name>      a segment, compressed: which key gave which document of which chunk, which verdict, which fault
    files/<name>   the SHA-256 of an output's file of many items, by all that decides its bytes
    times/<name>   when contents were first seen, for `created` and `updated`

What is read is checked against its digest; what does not match is deleted and is a miss. Never decides what is
stale, never sees a recipe.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

import msgspec

from cache_backends.base import Backend, BackendError, open_backend
from stacbuild import canon, keys
from stacbuild.failures import Fault, Problem, SurroundingsError
from stacbuild.index import Index, Run
from stacbuild.model import Version
from stacbuild.packing import Documents, compressed, decompressed
from stacbuild.times import Seen, packed, unpacked

TIMES: Final = "times/"
"""What entries begin with that say when contents were first seen."""

FILES: Final = "files/"
"""What entries begin with that say what bytes an output's file has."""

Read = TypeVar("Read")


class Result(msgspec.Struct, array_like=True, frozen=True, gc=False):
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


def inputs_of(segment: Segment | _Contents) -> Iterator[bytes]:
    """Yield the digests of the inputs that a segment's results were made from."""
    for start in range(0, len(segment.inputs), canon.DIGEST_SIZE):
        yield segment.inputs[start : start + canon.DIGEST_SIZE]


class Found(msgspec.Struct, frozen=True, gc=False):
    """A result and the chunk that its document lies in."""

    result: Result
    blob: bytes


class Place(NamedTuple):
    """Where a document lies: in which chunk, the how manieth."""

    blob: bytes
    ordinal: int


class _Key(msgspec.Struct, array_like=True, gc=False):
    """A result of which only the key is wanted: the rest is passed over."""

    key: bytes


class _Contents(msgspec.Struct, array_like=True):
    """A segment of which only is wanted what it is asked for by."""

    blob: bytes
    contexts: list[bytes]
    inputs: bytes
    results: list[_Key]


class MissingChunksError(Exception):
    """Chunks that were promised are not there, or are not what their name says. `digests` names them."""

    def __init__(self, digests: set[bytes]) -> None:
        super().__init__(f"{len(digests)} chunks are missing")
        self.digests = digests

    def __reduce__(self) -> tuple[type[MissingChunksError], tuple[set[bytes]]]:
        return type(self), (self.digests,)


class Store:
    """Two maps over one backend; open it, use it, close it."""

    def __init__(self, backend: Backend, known: Callable[[], Iterable[Run]] = tuple) -> None:
        """Take the bytes, and what gives the runs of the index that are known of them."""
        self._backend, self._known = backend, known
        self._decode = msgspec.msgpack.Decoder(Segment).decode
        self._encode = msgspec.msgpack.Encoder().encode
        self._chunks: dict[bytes, Documents] = {}
        self._segments: dict[str, Segment | None] = {}
        self._index: Index | None = None
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

    def documents(self, blob: bytes) -> Documents:
        """Return the documents of a chunk; raises as `packed`."""
        held = self._chunks.get(blob)
        if held is None:
            held = Documents(self.packed(blob))
            while len(self._chunks) >= _CHUNKS_HELD:
                del self._chunks[next(iter(self._chunks))]
            self._chunks[blob] = held
        return held

    def packed(self, blob: bytes) -> bytes:
        """Return a chunk as `unpack` takes it.

        Raises:
            MissingChunksError: it is not there or not what its name says.
        """
        chunk = self._backend.get(f"cas/{blob.hex()}")
        if chunk is not None and canon.digest(chunk) == blob:
            return chunk
        if chunk is not None:
            self._backend.delete(f"cas/{blob.hex()}")
        self.lost.add(blob)
        raise MissingChunksError({blob})

    # --- results

    def put_segment(self, segment: Segment) -> None:
        """Store the results of a chunk of work; the chunk itself is there already.

        Who worked on it has its results at hand; `find` may see it or not.
        """
        self._put(keys.join(b"segment", *sorted(result.key for result in segment.results)), segment)

    def put_inputs(self, digests: Iterable[bytes]) -> None:
        """Note inputs that no result is made from, so that they are known when the memory is lost."""
        inputs = b"".join(sorted(set(digests)))
        if inputs:
            self._put(keys.join(b"inputs", inputs), Segment(b"", [], inputs, []))

    def _put(self, key: bytes, segment: Segment) -> None:
        payload, name = compressed(self._encode(segment)), f"ac/{key.hex()}"
        index = self.index  # before it is put: what was there already is in it too
        _refused(lambda: self._backend.put(name, canon.digest(payload) + payload))
        if name not in index.names:
            index.add(name, _asked_by(segment))

    def put_files(self, made: Iterable[tuple[bytes, bytes]]) -> None:
        """Keep (key, SHA-256) of files that were written, so that they need not be made again to be compared."""
        with self.batch():
            for key, digest in made:
                _refused(partial(self._backend.put, f"{FILES}{key.hex()}", _sealed(key, digest)))

    def file(self, key: bytes) -> bytes | None:
        """Return the SHA-256 of the file that `key` makes; None: nobody knows."""
        value = self._backend.get(f"{FILES}{key.hex()}") or b""
        digest = value[-canon.DIGEST_SIZE :]
        return digest if value == _sealed(key, digest) else None

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Yield the name of each entry that says what bytes a file has, and their SHA-256."""
        for entry in list(self._backend.list(FILES)):
            yield entry.name, (self._backend.get(entry.name) or b"")[-canon.DIGEST_SIZE :]

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
            segment = self._read_segment(entry.name, self._decode)
            if segment is not None:
                yield entry.name, segment

    def _read_segment(self, name: str, decode: Callable[[bytes], Read]) -> Read | None:
        value = self._backend.get(name)
        if value is None:
            return None
        if canon.digest(value[canon.DIGEST_SIZE :]) != value[: canon.DIGEST_SIZE]:
            self._backend.delete(name)
            return None
        try:
            return decode(decompressed(value[canon.DIGEST_SIZE :]))
        except (msgspec.DecodeError, ValueError):
            return None

    def _segment(self, name: str) -> Segment | None:
        """Return a segment; the last ones asked for are held, also that one could not be read."""
        if name not in self._segments:
            while len(self._segments) >= _SEGMENTS_HELD:
                del self._segments[next(iter(self._segments))]
            self._segments[name] = self._read_segment(name, self._decode)
        return self._segments[name]

    @property
    def index(self) -> Index:
        """Which segment may have what: what is known of the store, and what was read of it since."""
        if self._index is None:
            self._index = Index(self._known())
            for entry in list(self._backend.list("ac/")):
                if entry.name not in self._index.names:
                    contents = self._read_segment(entry.name, _contents_of)
                    if contents is not None:
                        self._index.add(entry.name, _asked_by(contents))
            self._index.seal()
        return self._index

    def runs(self) -> list[Run] | None:
        """Return the index, to be kept; None: it was not asked, so that what is known of it stands."""
        return None if self._index is None else self._index.runs()

    def find(self, wanted: set[bytes], whole: Container[bytes] = ()) -> dict[bytes, Found]:
        """Return the results for the keys in `wanted` that can still be read.

        Results that were made together are asked for together: a segment is looked through, once, for all of them.

        Args:
            wanted: the keys.
            whole: those of them of which a version is wanted: a result of when other stages followed has none.
        """
        found: dict[bytes, Found] = {}

        def wanting(key: bytes) -> bool:
            one = found.get(key)
            return one is None or (key in whole and one.result.version is None and bool(one.result.digest))

        present, seen = dict[bytes, bool](), set[str]()
        for key in sorted(wanted):
            for name in self.index.find(key) if wanting(key) else ():
                if name in seen:
                    continue
                seen.add(name)
                segment = self._segment(name)
                if segment is not None and self._has(segment.blob, present):
                    for result in segment.results:
                        if result.key in wanted and wanting(result.key):
                            found[result.key] = Found(result, segment.blob)
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
        for digest in sorted(digests):
            for name in self.index.find(digest) if digest not in known else ():
                contents = self._read_segment(name, _contents_of)
                if contents is not None:
                    known.update(one for one in inputs_of(contents) if one in digests)
        return known

    # --- housekeeping

    @property
    def backend(self) -> Backend:
        """The backend, for `gc` and `clean`."""
        return self._backend


_CHUNKS_HELD: Final = 4
_SEGMENTS_HELD: Final = 12
"""Results of a batch lie in as many, which are asked for stage by stage."""

_contents_of = msgspec.msgpack.Decoder(_Contents).decode


def _asked_by(segment: Segment | _Contents) -> Iterator[bytes]:
    """Yield the keys of a segment and the inputs that its results are made from."""
    return chain((result.key for result in segment.results), inputs_of(segment))


def _sealed(key: bytes, digest: bytes) -> bytes:
    """Return a file's digest behind what tells that it is whole, and of that key."""
    return canon.digest(key + digest) + digest


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


def open_store(kind: str, path: Path, known: Callable[[], Iterable[Run]] = tuple, *, joined: bool = False) -> Store:
    """Open the store at `path`.

    Args:
        kind: of backend.
        path: its folder.
        known: gives the runs of its index that are known.
        joined: the build that this process works for has it open.

    Raises:
        SurroundingsError: the folder cannot be made or read.
    """
    try:
        return Store(open_backend(kind, path, joined=joined), known)
    except BackendError as error:
        problem = Problem(
            "SB601", f"the store cannot be opened: {error}", hint="check [cache] path and its permissions"
        )
        raise SurroundingsError(problem) from error
