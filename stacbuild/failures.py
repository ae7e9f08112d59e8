"""What can go wrong, as values: errors that stop a command and failures that cost one item.

    StacbuildError            a command cannot go on; has a code, a place, a hint and an exit status
    ├── RecipeError           2   the recipe is wrong: carries every problem found, not the first
    ├── UsageError            2   the command line is wrong
    ├── StaleError            3   recipe or sources are not as they were locked
    ├── DamageError           4   outputs or store are not what was promised
    ├── LockedError           5   another build holds the lock
    └── SurroundingsError     6   disk, network or database refuse
    ItemError                 one item's data cannot be used; the others are built
    └── DropError             the recipe does not want this item: no failure

Never: prints, or reads anything.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from enum import IntEnum
from typing import ClassVar

import msgspec


class Exit(IntEnum):
    """Exit statuses of the command line."""

    OK = 0
    FAILURES = 1
    USAGE = 2
    STALE = 3
    DAMAGE = 4
    LOCKED = 5
    SURROUNDINGS = 6
    BUG = 70
    INTERRUPTED = 130
    CLOSED = 141
    TERMINATED = 143


class At(msgspec.Struct, frozen=True):
    """A place in a text file: line and column count from 1; 0 means unknown."""

    file: str
    line: int = 0
    column: int = 0
    length: int = 1

    def __str__(self) -> str:
        return ":".join([self.file, *(str(number) for number in (self.line, self.column) if number)])


class Problem(msgspec.Struct, frozen=True):
    """One thing that is wrong, where, and what to do."""

    code: str
    message: str
    at: At | None = None
    hint: str | None = None


class StacbuildError(Exception):
    """A command cannot go on. `problems` has at least one entry; the first one speaks for all."""

    exit: ClassVar[Exit] = Exit.BUG

    def __init__(self, problems: Problem | Sequence[Problem]) -> None:
        self.problems = [problems] if isinstance(problems, Problem) else list(problems)
        super().__init__(self.problems[0].message)

    def __reduce__(self) -> tuple[type[StacbuildError], tuple[list[Problem]]]:
        return type(self), (self.problems,)


class RecipeError(StacbuildError):
    """The recipe cannot be used."""

    exit = Exit.USAGE


class UsageError(StacbuildError):
    """The command line asks for something that is not there."""

    exit = Exit.USAGE


class StaleError(StacbuildError):
    """Recipe or sources are not as they were locked, and a build was to be of those."""

    exit = Exit.STALE


class DamageError(StacbuildError):
    """Outputs or store are not what was promised and a build must not go on."""

    exit = Exit.DAMAGE


class LockedError(StacbuildError):
    """Another build holds the lock and the caller did not want to wait."""

    exit = Exit.LOCKED


class SurroundingsError(StacbuildError):
    """Disk, network or database refuse."""

    exit = Exit.SURROUNDINGS


class ItemError(Exception):
    """One item's data cannot be used.

    Args:
        code: stable id, e.g. `SB204`.
        message: one sentence.
        path: JSON Pointer into the item or record ("" is the whole).
        hint: what to do, or None.
    """

    def __init__(self, code: str, message: str, path: str = "", hint: str | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.path, self.hint = code, message, path, hint


class DropError(ItemError):
    """The recipe does not want this item: it is in no output, and nothing is wrong with it."""


class Fault(msgspec.Struct, frozen=True, array_like=True):
    """Why an item failed at a stage: the part of a failure that depends on the item's data alone, so it is cached."""

    stage: str
    code: str
    message: str
    path: str = ""
    hint: str | None = None
    warning: bool = False
    drop: bool = False
    """The recipe does not want the item: it is no failure."""


def fault_of(stage: str, error: ItemError, *, warning: bool = False) -> Fault:
    """Return the fault that `error` is at `stage`."""
    drop = isinstance(error, DropError)
    return Fault(stage, error.code, error.message, error.path, error.hint, warning=warning, drop=drop)


ERROR_TYPES = {
    "fetch": "source_error",
    "transform": "transformation_error",
    "extend": "extension_error",
    "patch": "transformation_error",
    "validate": "validation_error",
    "write": "output_error",
}
"""Stage → `error_type` of failures.ndjson."""


def group_of(fault: Fault) -> str:
    """Return a short id that like failures share: code and path, with indexes and quoted values taken out."""
    words = re.sub(r"'[^']*'|\"[^\"]*\"|\d+", "*", f"{fault.code} {fault.path} {fault.message}")
    return hashlib.sha256(words.encode()).hexdigest()[:12]
