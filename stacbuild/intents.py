"""Intents: the paths that a build is about to write or remove, on disk before it does. A killed build leaves them.

A path with an intent is ours, whatever its bytes. They are taken away when the memory says what was delivered.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec


class Intents:
    """The intents of one recipe's builds."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "intent"
        self.left: dict[str, set[str]] = {}
        """Base folder → paths below it that an unfinished build was about to touch. On disk the folder is relative to
        the memory's, so that a checkout may move."""
        self._read()

    def _read(self) -> None:
        try:
            lines = self._path.read_bytes().splitlines()
        except OSError:
            return
        for line in lines:
            try:
                base, paths = msgspec.json.decode(line, type=tuple[str, list[str]])
            except msgspec.DecodeError:
                continue
            self.left.setdefault(os.path.normpath(self._path.parent / base), set()).update(paths)

    def ours(self, base: Path) -> set[str]:
        """Return the paths below `base` that are ours though no memory says so."""
        return self.left.get(os.path.normpath(base), set())

    def note(self, base: Path, paths: list[str]) -> None:
        """Write down, durably, that `paths` below `base` are about to be touched."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("ab") as stream:
            stream.write(self._line(base, paths))
            stream.flush()
            os.fsync(stream.fileno())

    def keep(self) -> None:
        """Forget what this build intended, not what an unfinished one did: its files are still in no memory."""
        beside = self._path.with_name(f".stacbuild-{os.getpid()}-intent")
        beside.write_bytes(b"".join(self._line(base, sorted(paths)) for base, paths in self.left.items()))
        beside.replace(self._path)

    def _line(self, base: Path | str, paths: list[str]) -> bytes:
        return msgspec.json.encode([os.path.relpath(base, self._path.parent), paths]) + b"\n"

    def clear(self) -> None:
        """Forget all: what was intended is done and remembered."""
        self._path.unlink(missing_ok=True)
        self.left = {}
