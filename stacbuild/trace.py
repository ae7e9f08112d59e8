"""The memory: what was built from what, and what was delivered. Knows nothing of stages or STAC.

    <folder>/head            one small file, replaced by rename: old head or new head, nothing between
    <folder>/rows-<n>        groups, each compressed, and splices for those in other such files; immutable; the head
                             says which stand where (`rows.py`)
    <folder>/files-<n>       names and stamps of small files of sources, a block a folder (`blocks.py`)
    <folder>/names-<n>       what their inputs are called, eight bytes a name
    <folder>/index-…         which segment of the store has what (`index.py`)
    <folder>/delivered-<n>-… which sheets of rows an output has, a row a file (`sheets.py`); immutable
    <folder>/sheets-<n>-…    their rows; immutable
    <folder>/parts-<n>-…     the parts of its files of many items (`parts_file.py`); immutable
    <folder>/pages-<n>-…     the documents that name a source's files, as last read; immutable

A head that cannot be read is "memory lost": the store and the outputs' manifests are asked instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec
import xxhash
from msgspec import Struct

from stacbuild import sealed, sheets
from stacbuild.as_built import CollectionMemory, OutputMemory
from stacbuild.delivered import Delivered
from stacbuild.index import Run
from stacbuild.model import Context
from stacbuild.row_files import GroupEntry, RowFiles
from stacbuild.sealed import MemoryLostError
from stacbuild.sheets import Ledger, Sheet
from stacbuild.stamped import FileMemory, LookupMemory, SourceMemory

_SWEPT: Final = (
    "rows-",
    "names-",
    "files-",
    "index-",
    "delivered-",
    "sheets-",
    "parts-",
    "looked-",
    "pages-",
    ".stacbuild-",
)


Reasons = dict[str, dict[str, tuple[int, str]]]
"""Collection → code → how many records failed so at the stage that maps, and the message of one."""


class Head(Struct, array_like=True):
    """All that a build must know before it touches an item."""

    generation: int = 0
    level: str = ""
    contexts: list[Context] = []
    sources: dict[str, SourceMemory] = {}
    collections: dict[str, CollectionMemory] = {}
    outputs: dict[str, OutputMemory] = {}
    groups: list[GroupEntry] = []
    config: dict[str, Any] = {}
    """The effective recipe at the last build, without secrets: what `why` compares with."""
    held_back: list[str] = []
    """What was not deleted or withdrawn, in words."""
    looked: str = ""
    """Where the files that items depend on are remembered; "" if there are none."""
    targeted: bool = False
    """The last build was of some targets only: what it did not build may be stale."""
    reasons: Reasons = {}
    """Why records could not be mapped."""
    lookups: dict[str, LookupMemory] = {}
    """The files that rules look values up in."""
    read_for: dict[str, list[str]] = {}
    """Collection → files that its own document was made from."""
    index: list[str] = []
    """Where it is remembered which segment of the store has what."""


_pack = msgspec.msgpack.Encoder().encode
_head_of = msgspec.msgpack.Decoder(Head).decode
_looked_of = msgspec.msgpack.Decoder(dict[str, FileMemory]).decode
_run_of = msgspec.msgpack.Decoder(Run).decode
_sheets_of = msgspec.msgpack.Decoder(list[Sheet]).decode


class Memory(RowFiles):
    """The memory in one folder. Reading takes no lock; `commit` is for the build that holds it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.lost = False
        """A head was there and could not be read."""
        self.head = self._read_head()

    def _read_head(self) -> Head:
        try:
            return _head_of(sealed.read(self.folder / "head"))
        except FileNotFoundError:
            return Head()
        except (OSError, msgspec.DecodeError, MemoryLostError):
            self.lost = True
            return Head()

    @property
    def empty(self) -> bool:
        """Tell whether nothing is remembered of what was built."""
        return self.lost or self.head.generation == 0

    def forget(self) -> None:
        """Go on as if nothing were remembered but where outputs stand; the next commit overwrites."""
        self.close()
        self.lost, self.head = True, Head(generation=self.head.generation, outputs=self.head.outputs)

    def read_again(self) -> None:
        """Take back what was done to the head since it was read; memory that was given up stays so."""
        self.close()
        if not self.lost:
            self.head = self._read_head()

    def ledger(self, name: str) -> Ledger | None:
        """Return the rows of what output `name` holds, which are read where they are asked for; None as in `delivered`.

        Raises MemoryLostError then, where they are damaged.
        """
        output = self.head.outputs.get(name)
        if output is None:
            return None
        try:
            return Ledger(_sheets_of(sealed.read(self.folder / output.file)), partial(sheets.read, self.folder))
        except (OSError, msgspec.DecodeError, MemoryLostError):
            return None

    def delivered(self, name: str) -> Delivered | None:
        """Return what output `name` holds, or None if it was never delivered or that is not known."""
        rows = self.ledger(name)
        try:
            return None if rows is None else rows.whole()
        except MemoryLostError:
            return None

    def looked(self) -> dict[str, FileMemory]:
        """Return the files that items depend on besides their records.

        Raises:
            MemoryLostError: what is remembered of them is missing or damaged.
        """
        if not self.head.looked:
            return {}
        try:
            return _looked_of(sealed.read(self.folder / self.head.looked))
        except (OSError, msgspec.DecodeError) as error:
            raise MemoryLostError(str(error)) from error

    def pages(self, source: str) -> bytes:
        """Return what is remembered of the documents that name a source's files; b"" if that is nothing, or lost."""
        known = self.head.sources.get(source)
        if known is None or not known.pages:
            return b""
        try:
            return bytes(sealed.read(self.folder / known.pages))
        except (OSError, MemoryLostError):
            return b""

    def index(self) -> Iterator[Run]:
        """Yield what is remembered of the store's index; what is lost of it the store is read for again."""
        for name in self.head.index:
            try:
                yield _run_of(sealed.read(self.folder / name))
            except (OSError, msgspec.DecodeError, MemoryLostError):
                continue

    # --- writing

    def write_index(self, runs: list[Run] | None) -> list[str]:
        """Write the store's index as far as it is new, and return the files' names; None: nothing of it is."""
        names = self.head.index if runs is None else list[str]()
        for run in runs or ():
            payload = _pack(run)
            names.append(f"index-{xxhash.xxh3_128_hexdigest(payload)}")
            if names[-1] not in self.head.index:
                sealed.write(self.folder / names[-1], payload)
        return names

    def write_pages(self, number: int, generation: int, blob: bytes) -> str:
        """Write the documents that name the files of source number `number` and return the file's name."""
        name = f"pages-{generation}-{number}"
        sealed.write(self.folder / name, blob)
        return name

    def write_looked(self, generation: int, files: dict[str, FileMemory]) -> str:
        """Write the files that items depend on and return the file's name; "" where there are none."""
        if not files:
            return ""
        name = f"looked-{generation}"
        sealed.write(self.folder / name, _pack(files))
        return name

    def sheets(self, number: int, generation: int) -> sheets.Writer:
        """Return what writes sheets of output number `number`."""
        return sheets.Writer(self.folder, f"{generation}-{number}")

    def write_delivered(self, number: int, generation: int, rows: Ledger) -> str:
        """Write which sheets output number `number` has, and return the file's name; the sheets stand already."""
        name = f"delivered-{generation}-{number}"
        sealed.write(self.folder / name, _pack(rows.sheets))
        return name

    def commit(self, head: Head) -> None:
        """Make `head` the memory, durably; what it does not refer to is removed."""
        sealed.write(self.folder / "head", _pack(head))
        sealed.sync_folder(self.folder)
        self.head = head
        self.lost = False
        self._sweep()

    def _sweep(self) -> None:
        files = {file for entry in self.head.groups for file in entry.files()}
        used = {"head", self.head.looked, *self.head.index}
        used.update(f"{kind}-{number}" for kind in ("rows", "names") for number in files)
        for output in self.head.outputs.values():
            used.update((output.file, output.parts, *(f"sheets-{name}" for name in output.sheets)))
        for source in self.head.sources.values():
            used.add(source.pages)
            used.update(f"files-{block.file}" for block in source.blocks.values())
        for path in self.folder.iterdir():
            if path.name not in used and path.name.startswith(_SWEPT):
                path.unlink(missing_ok=True)
