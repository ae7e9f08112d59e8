"""What is asked of who reads files, and what comes of it: groups, as they were cut. Values only."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from stacbuild import amends
from stacbuild.amends import Amends
from stacbuild.failures import Fault
from stacbuild.model import Input, Names, Stamp
from stacbuild.row_files import GroupEntry, Rows
from stacbuild.spool import Spooled

_inputs_of = msgspec.msgpack.Decoder(list[Input]).decode

# --- what is asked


class RunFile(Struct, array_like=True):
    """A file of a run, and its stamp when it was looked at; `same`: it is as the memory has it."""

    name: str
    stamp: bytes
    same: bool


class ToRead(Struct, array_like=True):
    """A file, or a run of files, that is to be read, and the stamp that it had when it was looked at."""

    name: str
    file: str
    named: bool
    within: str
    stamp: Stamp | None
    seen_ns: int
    before: list[GroupEntry] = []
    """Where the rows of the groups that it had stand, and no more of them."""
    files: list[RunFile] = []
    """Of a run of a block: its files; `name` is the block's, `file` the folder that their names start from."""
    run: int = 0
    trusted: bool = True
    """Records that stand there as they stood are the inputs that they were."""

    @property
    def size(self) -> int:
        """How many bytes are to be read."""
        if self.files:
            return sum(int.from_bytes(file.stamp[:8], "little") for file in self.files if not file.same)
        return 0 if self.stamp is None else self.stamp.size


# --- what comes of it


class GroupListing(Struct):
    """A group as listed; `entry` has its root and place."""

    entry: GroupEntry
    packed: bytes | None = None
    """Its inputs; those that moved, of one that is told apart from another by these (`lean`); None where the memory has
    them."""
    spooled: Spooled | None = None
    """Where its records are in the spool."""
    names: Names | None = None
    """The marks of its inputs' names; None where the memory has them: then its entry says where."""
    known: GroupEntry | None = None
    """The memory's entry of it, where it was recognised unread, by the piece of the file that it stands in."""
    amends: Amends | None = None
    former: GroupEntry | None = None
    """The memory's entry of the group that it amends."""

    @property
    def lean(self) -> bool:
        """Tell whether of its inputs only those are at hand that moved."""
        return self.packed is not None and self.amends is not None and not self.amends.shifted

    def moved(self) -> list[Input]:
        """Return the inputs of a group that was read; of one that amends another only those that moved."""
        assert self.packed is not None
        rows = _inputs_of(self.packed)
        return rows if self.amends is None or not self.amends.shifted else [rows[at] for at in self.amends.moved]

    def inputs(self, rows: Rows) -> list[Input]:
        """Return its inputs.

        Args:
            rows: of the memory, where some of them may be.

        Raises:
            MemoryLostError: its rows are missing or damaged.
        """
        return self.among(rows.inputs(self.entry) if self.packed is None or self.lean else [])

    def among(self, known: list[Input]) -> list[Input]:
        """Return its inputs; `known` are those of the group of the memory that it is, or amends."""
        if self.packed is None:
            return known
        moved = _inputs_of(self.packed)
        return moved if self.amends is None or self.amends.shifted else amends.put_in(known, self.amends, moved)

    def may_be_unmarked(self) -> bool:
        """Tell whether it may have records that no id can be made of: it is new, or some of it failed."""
        return self.packed is not None or any(tally.failed for tally in self.entry.tallies.values())


class FileRead(Struct, array_like=True):
    """What a file held: its groups, and the stamp that it had then; `fault` says why it could not be read."""

    groups: list[GroupListing]
    stamp: Stamp | None
    seen_ns: int
    fault: Fault | None = None
    unsure: list[str] = []
    """Of a run of files: those that had another stamp when they were read."""
    faults: dict[str, Fault] = {}
    """Of a run of files: those that could not be read, and why."""
