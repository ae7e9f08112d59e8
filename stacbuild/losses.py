"""Failures of documents that lie anywhere, of commands without a memory: counted, the first held, all written if asked.

The lines are those of failures.ndjson. Never decides what a failure is.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any, Final, Self

import msgspec

from stacbuild.failing import Failure, failure_at
from stacbuild.failures import Fault, Problem, SurroundingsError, UsageError
from stacbuild.sources.loose import Place

LISTED: Final = 1_000
"""Failures that a report holds; --failures FILE has them all."""


class Losses:
    """The failures of one command. Close it, or use it as a context."""

    def __init__(self, base: Path, path: str | None) -> None:
        """Open the list.

        Args:
            base: the folder that a relative path starts from.
            path: a file that is written with every failure, an object a line; None: none is.

        Raises:
            SurroundingsError: SB531, it cannot be written.
        """
        self.told: dict[str, Any] = {"count": 0, "path": path, "listed": []}
        """What the report says: `count` of errors, `path`, `listed`: the first LISTED, warnings too."""
        self._stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        self._stream = _listing(None if path is None else base / path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def note(self, failure: Failure) -> None:
        """Take a failure down."""
        failure.timestamp = self._stamp
        self.told["count"] += failure.severity == "error"
        self._stream.write(msgspec.json.encode(failure) + b"\n")
        if len(self.told["listed"]) < LISTED:
            self.told["listed"].append(msgspec.to_builtins(failure))

    def close(self) -> None:
        """Close the list."""
        self._stream.close()


def _listing(path: Path | None) -> IO[bytes]:
    try:
        return open(os.devnull if path is None else path, "wb")  # noqa: PTH123  `close` closes it
    except OSError as error:
        text = f"{path} cannot be written: {error.strerror}"
        raise SurroundingsError(Problem("SB531", text, hint="is its folder there?")) from error


def refuse_absent(found: Iterable[Place]) -> None:
    """Raise UsageError if a file is not there."""
    absent = [place.name for place in found if place.file is not None and not place.file.exists()]
    if absent:
        hint = "names are relative to the current folder, or to that of -C"
        raise UsageError([Problem("SB530", f"there is no file {name}", hint=hint) for name in absent])


def failure_of(fault: Fault, document: dict[str, Any] | None, name: str, number: int, *, kind: str = "item") -> Failure:
    """Return the failure that a fault of a document is.

    Args:
        fault: what is wrong.
        document: the document as far as it could be read.
        name: the file's.
        number: its line, or its number in the file, from 1; 0: the only one.
        kind: item, collection or catalog.
    """
    said = document or {}
    identity, collection = said.get("id"), said.get("collection")
    identity = identity if isinstance(identity, str) else None
    of = collection if kind == "item" and isinstance(collection, str) else None
    where = f"{name}:{number}" if number else name
    kept = "/".join(part for part in (of, identity) if part)
    return failure_at(
        f"{kind}:{kept}" if kept else f"file:{where}",
        identity if kind == "item" else None,
        of,
        fault,
        {"name": name, "where": where},
        None,
        severity="warning" if fault.warning else "error",
    )
