"""Files as UTF-8 blocks and lines: decompressed, decoded, without byte order mark; memory bounded by one line.

Bytes that are not text in the encoding come out as invalid UTF-8, so that whoever decodes a line finds them there.
Never parses.
"""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

import xxhash

from stacbuild.failures import ItemError
from stacbuild.sources.base import SourceUnreadable

LIMIT: Final = 64 * 1024 * 1024
"""Bytes of a record; a larger one is a bad record."""

HEAD: Final = 1024
"""Bytes that are kept of a line beyond LIMIT."""

_BLOCK: Final = 1 << 16
_STEP: Final = 4096
"""Bytes of .zst decompressed at a time: they may stand for 30,000 times as many."""

_COMPRESSED: Final = {".gz": "gzip", ".zst": "Zstandard"}


_NO_TEXT: Final = (
    (b"PAR1", "a Parquet file", "give it a name that ends in .parquet; for `validate`, `convert` makes lines of it"),
    (b"\x1f\x8b", "compressed by gzip", "give it a name that ends in .gz"),
    (b"\x28\xb5\x2f\xfd", "compressed by Zstandard", "give it a name that ends in .zst"),
    (b"PK\x03\x04", "a ZIP archive", "unpack it; of a spreadsheet, save a sheet as .csv"),
    (b"SQLite format 3\0", "a SQLite database", "export a table of it as .csv"),
)
"""How files begin whose name said text, what they are, and what to do."""


class Cut(bytes):
    """The head of a line of more than LIMIT bytes; the rest of it was read past."""


def inner_suffix(file: Path) -> str:
    """Return the suffix that tells the format, in small letters: `.csv` of `a.CSV.gz`."""
    name = file.with_suffix("") if file.suffix.lower() in _COMPRESSED else file
    return name.suffix.lower()


def blocks(file: Path, encoding: str) -> Iterator[bytes]:
    """Yield `file` as UTF-8, in pieces of 64 KiB.

    Raises:
        SourceUnreadable: it is absent, cannot be read, is damaged, or is not in `encoding` at all.
    """
    decoder = _decoder(encoding)
    with _failing(file), _open(file) as stream:
        yield from _decoded(stream, decoder)


def of_stream(stream: IO[bytes], encoding: str) -> Iterator[bytes]:
    """Yield an open stream as `blocks` does a file; what it raises itself is the caller's."""
    yield from _decoded(stream, _decoder(encoding))


def _decoded(stream: IO[bytes], decoder: codecs.IncrementalDecoder | None) -> Iterator[bytes]:
    block = stream.read(_BLOCK)
    _refuse_no_text(block)
    if decoder is None:
        _refuse_utf16(block)
    first = True
    while block:
        text = block if decoder is None else _transcode(decoder, block)
        yield text.removeprefix(codecs.BOM_UTF8) if first else text
        first, block = False, stream.read(_BLOCK)
    if decoder is not None:
        yield _transcode(decoder, b"", final=True)


def lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the lines with their ends (LF, CR LF or CR); one of more than LIMIT bytes as `Cut`."""
    rest, skipping = bytearray(), False
    for piece in pieces:
        begin = len(rest)
        rest += piece
        found = _ended_by_cr(rest) if b"\r" in piece or rest[begin - 1 : begin] == b"\r" else _ended(rest, begin)
        if found and (skipping or len(found[0]) > LIMIT):
            found[0], skipping = Cut(found[0][:HEAD]), False
        yield from found
        if len(rest) > LIMIT or (skipping and len(rest) > HEAD):
            rest[HEAD:], skipping = b"\r" if rest.endswith(b"\r") else b"", True
    yield from _last(bytes(rest), skipping=skipping)


def _ended(rest: bytearray, begin: int) -> list[bytes]:
    """Take from the front of `rest` the lines that end with LF, where no line ends before `begin` and none with CR.

    One copy of a line that is read is what this costs: more cost more than all else that is done to it.
    """
    found, at = list[bytes](), 0
    with memoryview(rest) as view:
        while end := rest.find(b"\n", begin) + 1:
            found.append(bytes(view[at:end]))
            at = begin = end
    del rest[:at]
    return found


def _ended_by_cr(rest: bytearray) -> list[bytes]:
    """Take from the front of `rest` the lines that end; of a CR at its end the LF may be still to come."""
    found = bytes(rest).splitlines(keepends=True)
    left = b"" if found[-1].endswith(b"\n") else found.pop()
    rest[:] = left
    return found


def _last(rest: bytes, *, skipping: bool) -> Iterator[bytes]:
    for line in rest.splitlines(keepends=True):
        yield Cut(line[:HEAD]) if skipping or len(line) > LIMIT else line


def mark_of(text: bytes) -> bytes:
    """Return what a text is known by if it stands in the file again; b"" where only its head is at hand."""
    return b"" if isinstance(text, Cut) else xxhash.xxh3_128_digest(text)


def too_large() -> ItemError:
    """Return the error of a record beyond LIMIT."""
    return ItemError("SB404", f"the record is larger than {LIMIT // 2**20} MiB", hint="is a quote left open above it?")


def not_text(encoding: str, where: str = "the record") -> ItemError:
    """Return the error of bytes that are not text in `encoding`."""
    name = codecs.lookup(encoding).name
    hint = 'set `encoding = "latin-1"` (or the one it was written in)' if name == "utf-8" else "is `encoding` right?"
    return ItemError("SB402", f"{where} holds bytes that are not {name}", hint=hint)


def _decoder(encoding: str) -> codecs.IncrementalDecoder | None:
    """Return what decodes `encoding`; None for UTF-8, which is passed on as it is."""
    try:
        "".encode(encoding)
        found = codecs.lookup(encoding)
    except (LookupError, ValueError) as error:
        raise SourceUnreadable(
            "SB418", f"there is no encoding {encoding!r}", "one of Python's, e.g. latin-1"
        ) from error
    if found.name in {"utf-8", "utf-8-sig"}:
        return None
    return found.incrementaldecoder("surrogateescape")


def _transcode(decoder: codecs.IncrementalDecoder, block: bytes, *, final: bool = False) -> bytes:
    """Return `block` as UTF-8; what cannot be decoded as surrogates, which no UTF-8 decoder takes."""
    try:
        return decoder.decode(block, final).encode("utf-8", "surrogatepass")
    except UnicodeError as error:
        raise SourceUnreadable("SB418", f"the file is not in its encoding: {error}", "is `encoding` right?") from error


def _refuse_no_text(block: bytes) -> None:
    for head, kind, hint in _NO_TEXT:
        if block.startswith(head):
            raise SourceUnreadable("SB418", f"by its first bytes this is {kind}, not text", hint)


def _refuse_utf16(block: bytes) -> None:
    if block.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise SourceUnreadable("SB418", "the file is UTF-16, not UTF-8", 'set `encoding = "utf-16"`')


def _open(file: Path) -> IO[bytes]:
    match file.suffix.lower():
        case ".gz":
            return io.BufferedReader(gzip.open(file, "rb"), _BLOCK)
        case ".zst":
            return io.BufferedReader(_Zstandard(file), _BLOCK)
        case _:
            return file.open("rb")


class _Zstandard(io.RawIOBase):
    """The frames of a .zst file, one after the other; unlike the library's reader it tells a cut off frame."""

    def __init__(self, file: Path) -> None:
        import zstandard  # noqa: PLC0415  only where there is a .zst

        self._file = file.open("rb")
        self._error = zstandard.ZstdError
        self._new = zstandard.ZstdDecompressor().decompressobj
        self._frame = self._new()
        self._inside = False
        self._left = b""

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self._file.close()
        super().close()

    def readinto(self, buffer: Any) -> int:
        while not self._left:
            block = self._file.read(_STEP)
            if not block:
                return self._end()
            self._decompress(block)
        size = min(len(buffer), len(self._left))
        buffer[:size], self._left = self._left[:size], self._left[size:]
        return size

    def _end(self) -> int:
        if self._inside:
            raise EOFError("the last frame is cut off")
        return 0

    def _decompress(self, block: bytes) -> None:
        try:
            while block:
                self._left += self._frame.decompress(block)
                self._inside, block = not self._frame.eof, self._frame.unused_data
                if not self._inside:
                    self._frame = self._new()
        except self._error as error:
            raise EOFError(str(error)) from error


@contextmanager
def _failing(file: Path) -> Iterator[None]:
    """Turn what the disk and the decompressors say into SourceUnreadable; no path stands in its words."""
    try:
        yield
    except FileNotFoundError as error:
        raise SourceUnreadable("SB411", "the file is not there", "is `path` right?") from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        kind = _COMPRESSED.get(file.suffix.lower(), "compressed")
        hint = "is it still being written? if it is not compressed, rename it"
        raise SourceUnreadable("SB413", f"not a whole {kind} file: {error}", hint) from error
    except OSError as error:
        raise SourceUnreadable("SB412", f"the file cannot be read: {error.strerror or error}") from error
