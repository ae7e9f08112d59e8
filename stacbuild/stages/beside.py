"""What stands beside a recipe and decides what its stages give: lookup tables in files, code of functions.

Read once, by whoever opens the recipe (`furnish.py`), and sent to the workers with it: no stage reads a file. Digests
are of the content, so that a file that moves or is touched makes nothing stale.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from stacbuild.recipe import schema


class Entries:
    """A lookup table of a file: what stands in a record → what it becomes. Known by its digest, read when asked.

    It goes to other processes with its entries: only the one that opened the recipe reads the file.
    """

    def __init__(self, digest: str, entries: dict[str, Any] | None, read: Callable[[], dict[str, Any]] | None) -> None:
        """Take the SHA-256 of the canonical bytes of the entries in hex, and them or what reads them."""
        self.digest, self._entries, self._read = digest, entries, read

    def __reduce__(self) -> tuple[Any, ...]:
        return Entries, (self.digest, self.entries, None)

    @property
    def entries(self) -> dict[str, Any]:
        """The entries."""
        if self._entries is None:
            assert self._read is not None
            self._entries = self._read()
        return self._entries


class Text(NamedTuple):
    """The source of one module, as it was read."""

    file: str
    package: bool
    source: bytes


class Code(Struct, frozen=True):
    """A function: the module that it stands in, its name there, and a digest of all the code that it may run."""

    module: str
    name: str
    digest: str
    texts: dict[str, Text]
    """Modules of the recipe's folder that it is made of, by name; {} where it is of an installed package."""


class Beside(Struct, frozen=True):
    """All of it, by the names that rules give it."""

    tables: dict[str, Entries] = {}
    """`table_name` → entries."""
    code: dict[str, Code] = {}
    """`function` as it is written → code."""

    def load(self) -> None:
        """Read what was not read yet: there is work."""
        for table in self.tables.values():
            _ = table.entries


class Furnished(schema.Document, frozen=True):
    """A recipe with what stands beside it."""

    beside: Beside = Beside()


def beside(document: schema.Document) -> Beside:
    """Return what stands beside a recipe; nothing where it was not furnished."""
    return document.beside if isinstance(document, Furnished) else Beside()


def bare(document: schema.Document) -> schema.Document:
    """Return a recipe as it is written, without what stands beside it."""
    return msgspec.structs.replace(document, beside=Beside()) if isinstance(document, Furnished) else document


def table_name(spec: schema.LookupFile) -> str:
    """Return the name of a lookup in a file; no table of the recipe can have it."""
    return f"\0{spec.file}\0{spec.key}\0{spec.value or ''}"
