"""Standard output for results, standard error for the rest.

A reader that has gone away is `Closed`, so that it is not mistaken for a broken pipe of the engine's; on standard error
it is nothing at all. Never: makes words.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from stacbuild.failures import Problem, SurroundingsError
from stacbuild.ui import paint

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

REFUSED = "SB006"


class Closed(Exception):  # noqa: N818 - it is an ending, not an error
    """Nobody reads stdout any more."""


def is_terminal() -> bool:
    """Return whether stdout is a terminal."""
    return paint.is_terminal(sys.stdout)


def write_lines(lines: Iterable[str]) -> None:
    """Write lines to stdout.

    Raises:
        Closed: nobody reads it.
        SurroundingsError: the disk behind it refuses.
    """
    text = "".join(f"{line}\n" for line in lines)
    if text:
        _write(text)


def write_bytes(text: bytes) -> None:
    """Write one line of UTF-8, whatever the locale; raises as `write_lines` does."""
    _write(text + b"\n")


def _write(text: str | bytes) -> None:
    stream = sys.stdout
    if stream is None:
        raise Closed
    try:
        if isinstance(text, str):
            stream.write(text)
        else:
            stream.flush()
            stream.buffer.write(text)
        stream.flush()
    except (BrokenPipeError, ValueError):
        raise Closed from None
    except OSError as error:
        raise SurroundingsError(Problem(REFUSED, f"stdout cannot be written: {error.strerror}")) from None


def write_error(text: str) -> None:
    """Write to stderr, if it is there."""
    try:
        if sys.stderr is not None:
            sys.stderr.write(text)
            sys.stderr.flush()
    except (OSError, ValueError):
        return


@contextmanager
def piped() -> Iterator[IO[bytes]]:
    """Yield stdout for bytes, line by line of NDJSON; raises as `write_lines` does."""
    stream = sys.stdout
    if stream is None:
        raise Closed
    try:
        stream.flush()
        yield stream.buffer
        stream.buffer.flush()
    except BrokenPipeError:
        raise Closed from None
