"""What an output is: a set of wanted files over a view of the catalog, and the bytes of each.

An output never touches the disk: it names files below its base folder and gives their bytes. Whether a file is
written, kept or removed is decided in one place, `deliver`.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Collection, Container, Iterator, Sequence
from enum import IntEnum
from pathlib import Path, PurePosixPath
from typing import Any, Final, NamedTuple, Protocol, runtime_checkable

from msgspec import Struct

from stacbuild.aggregate import Fold
from stacbuild.failures import ItemError, Problem
from stacbuild.model import LeftOut
from stacbuild.outputs.parquet.moments import LAST
from stacbuild.parts import Part, Parts


class Rank(IntEnum):
    """The order in which files are written, so that no document links to one that is not there yet."""

    DATA = 0
    PART = 1
    COLLECTION = 2
    ROOT = 3


class Item(Struct, frozen=True, order=True, gc=False, array_like=True):
    """An item that the catalog holds: what writers need without its document, and where that lies."""

    id: str
    digest: bytes
    blob: bytes
    ordinal: int
    size: int
    links: int
    when: str
    title: str | None
    local: bool
    moment: int = LAST
    above: str = ""
    """The folder of its source that it hangs below (`Folder.name`), where such trees are kept; "" where none is."""
    bulk: bytes = b""
    """As `Version.bulk`."""


class Folder(Struct, frozen=True):
    """A Catalog or Collection of a source whose tree is kept. Names hold their source's: there are no two of one."""

    name: str
    above: str
    """Name of the one that leads to it; "" for the root of its source."""
    place: str
    """Its path below the root's folder."""
    id: str
    is_collection: bool
    bare: bool
    """It leads to no Item and no Collection, whatever it leads to."""
    digest: bytes
    """Moves when what it says does."""


class Tree(Struct, frozen=True):
    """The folders of a source, each after the one above it."""

    collections: frozenset[str]
    """The collections that its items go to."""
    named: frozenset[str]
    """Those of them that the items upstream name, so that each is where it shall be."""
    folders: list[Folder]


class Wanted(Struct, frozen=True, gc=False):
    """A file that shall be. `want` (16 bytes) moves when its bytes may."""

    path: str
    """Relative to the output's base, posix."""
    want: bytes
    rank: Rank
    collection: str = ""
    item: Item | None = None
    """The one item in it; None for documents and for files of many items."""
    many: bool = False
    """Holds all items of `collection` (of every collection of the output where that is empty)."""
    part: dict[str, list[str]] | None = None
    """Of a file that holds only some of them: collection → the ids of those."""
    items: dict[str, list[Item]] | None = None
    """These items, while they are at hand."""
    documents: dict[str, dict[str, Any]] | None = None
    """`documents_in` it, where that was asked beforehand."""
    turn: int = 0
    """Which of the files of its rank it comes after."""
    linked: bytes = b""
    """SHA-256 of the file that stands in its place, if that has the links that it shall have."""


class Dated(NamedTuple):
    """A part of a collection: its items by id, and the collection's document as these have it."""

    items: list[Item]
    document: dict[str, Any]


class View(Protocol):
    """The catalog as it is to be delivered."""

    scratch: Path
    """A folder for files that have no name."""

    def names(self) -> list[str]:
        """Return the collections' ids in order."""

    def items(self, collection: str) -> list[Item]:
        """Return a collection's items by id."""

    def state(self, collection: str) -> bytes:
        """Return a digest that moves when the set of items or one of their bytes does."""

    def document(self, collection: str) -> dict[str, Any]:
        """Return a collection's document without links."""

    def keeps(self, collection: str) -> bool:
        """Tell whether a collection has items whose record vanished or fails now."""

    def of_dates(self, collection: str, part_of: Callable[[str], str], only: Container[str]) -> dict[str, Dated]:
        """Return what a collection that keeps no such items has in some parts, by what `part_of` makes of dates."""

    def parts(
        self, collection: str, part_of: Callable[[str], str], only: str | None = None
    ) -> dict[str, dict[str, Any]]:
        """Return a collection's document for each part of its items, by what `part_of` makes of their dates."""

    def told(self, collection: str) -> dict[str, Any]:
        """Return a collection's document as far as its items do not matter, and what is asked of them."""

    def leave_out(self, collection: str, identity: str, error: ItemError) -> None:
        """Note an item that a file cannot hold: it is a failure of that item, and the file is written without it."""

    def left_out(self) -> list[LeftOut]:
        """Return what was noted since the last time that this was asked."""

    def catalog(self) -> dict[str, Any]:
        """Return the root's document without links."""

    def fold(self, collection: str) -> Fold:
        """Return the merged facts of a collection's items."""

    def read(self, item: Item) -> bytes:
        """Return an item's line: its members in the order in which they are written."""

    def trees(self, collections: list[str]) -> list[Tree]:
        """Return the trees that are kept of the sources of some collections, in the order of precedence."""

    def places(self, collection: str) -> set[str]:
        """Return the folders of such trees that items of a collection hang below; "" for those of others."""

    def said(self, folder: str) -> dict[str, Any]:
        """Return what a folder of such a tree says of itself, as a document of ours may, without type and id."""

    def warn(self, problem: Problem) -> None:
        """Note what is odd about what is written; the build says it once."""


class Standing(Protocol):
    """The file that stands where one of many items is made anew, and the parts that the new one comes to have.

    A part is a piece of a file that follows from its mark alone: where the file that stands has one with that mark, its
    bytes may be copied and need not be made. An output cuts its files into parts by content, so that an item that
    is inserted moves few of them, and notes every part of the new file, copied ones too, for the next build.
    """

    def find(self, mark: bytes) -> Part | None:
        """Return the part with a mark of the file that stands: where it lies there, and its facts; None: make it."""

    def copy(self, part: Part) -> Iterator[bytes]:
        """Yield the bytes of a part that `find` gave, in pieces.

        Raises:
            MovedError, DamagedError: it is not as it was. The output lets it through, and is asked for all once more.
        """

    def note(self, part: Part) -> None:
        """Note a part of the file in the making, and where it lies there. What belongs to no part is made each time."""


class _Alone:
    """Nothing stands there, and nobody keeps what is noted."""

    def find(self, mark: bytes) -> None:
        del mark

    def copy(self, part: Part) -> Iterator[bytes]:
        del part
        yield from ()

    def note(self, part: Part) -> None:
        del part


ALONE: Final[Standing] = _Alone()
"""For a file that is made to be looked at."""


class Output(Protocol):
    """A file output."""

    name: str
    kind: str
    path: str
    """As in the recipe: for reports."""
    base: Path
    """The folder that holds its files and its manifest."""
    settings: bytes
    """Digest of what of the recipe decides its bytes and paths."""
    documents: bool
    """Holds the documents above the items too, so that what the recipe says of catalog and collections matters."""
    gives_items: bool
    """Its files hold whole items, which `read_back` gives."""

    def takes(self, names: list[str]) -> list[str]:
        """Return which collections it takes."""

    def files(self, view: View) -> Iterator[Wanted]:
        """Yield every file that shall be, in any order, each path once."""

    def documents_in(self, view: View, wanted: Wanted) -> dict[str, dict[str, Any]] | None:
        """Return the collections' documents that stand in a file of many items; None where it has no place for them."""

    def content(self, view: View, wanted: Wanted, standing: Standing = ALONE) -> Iterator[bytes]:
        """Yield the bytes of a file in pieces; those of parts that stand already may be copied."""

    def read_back(self, path: str) -> Iterator[tuple[dict[str, Any], str]]:
        """Yield the items in a file, and the folder that their hrefs start from, relative to the recipe's."""


class Before(Protocol):
    """What an output holds, as far as it may ask for it before it names its files."""

    def unmoved(self, document: Wanted, folder: str) -> bool:
        """Tell whether all files below a folder are as they shall be; if so, they are none of those to be named.

        Args:
            document: a file below the folder whose `want` moves when any of them moves that shall be there.
            folder: ends in a slash.
        """

    def moved(self, collection: str) -> Sequence[Item] | None:
        """Return the items of a collection that moved, if nothing else did, and of them neither date nor title.

        Returns None where more moved, or nobody knows.
        """

    def digest(self, path: str) -> bytes | None:
        """Return the SHA-256 of a file, or None if the output does not hold it."""

    def stay(self, folder: str) -> bool:
        """Say that the files below `folder` are as they shall be but for those that are named; False: nobody knows."""

    def stay_but(self, paths: Collection[str]) -> bool:
        """Say that all files are as they shall be but some, which stand; False: they do not, or nobody knows."""


class _Nothing:
    """Nothing is known of what an output holds."""

    def unmoved(self, document: Wanted, folder: str) -> bool:
        del document, folder
        return False

    def moved(self, collection: str) -> None:
        del collection

    def digest(self, path: str) -> None:
        del path

    def stay(self, folder: str) -> bool:
        del folder
        return False

    def stay_but(self, paths: Collection[str]) -> bool:
        del paths
        return False


NOTHING: Final[Before] = _Nothing()
"""For who wants to know of every file."""


@runtime_checkable
class Sparing(Protocol):
    """What an output can do besides that need not name all of its files where it is known what moved."""

    def files_but(self, view: View, before: Before) -> Iterator[Wanted]:
        """Yield every file that shall be but those of which `before` knows that they are as they shall be."""


class Share(Struct, array_like=True, frozen=True):
    """A share of a file: the one with a number of so many; `again`, when all that others made is at hand."""

    number: int
    of: int
    again: bool = False


@runtime_checkable
class InShares(Protocol):
    """An output of which several processes make large files together.

    A share is a file of parts. Who makes the file itself finds them as it finds those that stand, and makes what it
    does not find: that shares are made, and by whom, moves no byte.
    """

    def shares(self, items: int) -> int:
        """Return how many shares a file of so many items can have at most."""

    def share(self, view: View, wanted: Wanted, share: Share, standing: Standing) -> Iterator[bytes]:
        """Yield a share of a file in pieces, and note its parts; what is found is left out."""

    def agree(self, shares: Sequence[Parts]) -> bool:
        """Tell whether the shares of a file can be copied as they are; if not, it pays to make them once more."""


@runtime_checkable
class InParts(Protocol):
    """An output that may cut a collection into many files: documents that lie together go to several of them."""

    def items_of(self, view: View, collection: str, paths: Sequence[str]) -> list[list[Item]]:
        """Return the items of some files of a collection."""


class Table(Protocol):
    """An output that holds all items of a collection in one file, which a tree may name."""

    path: str
    """As in the recipe."""
    base: Path

    def path_of(self, view: View, collection: str) -> str | None:
        """Return the file below `base` that holds a collection whole; None where there is none."""


def taken(globs: list[str] | None, names: list[str]) -> list[str]:
    """Return the names that one of `globs` matches; all where there are none."""
    return names if globs is None else [name for name in names if any(fnmatch.fnmatchcase(name, g) for g in globs)]


def split_base(root: Path, path: str) -> tuple[Path, str]:
    """Return the folder above the first part of `path` that is not fixed, and the rest below it."""
    parts = PurePosixPath(path).parts
    fixed = next((number for number, part in enumerate(parts) if "{" in part), len(parts) - 1)
    fixed = min(fixed, len(parts) - 1)
    return root.joinpath(*parts[:fixed]), str(PurePosixPath(*parts[fixed:]))
