"""The nouns of a build as values: inputs, pairs, versions, groups. Rows of the memory and of the store are these.

An *input* is one record of a source. A *pair* is an input in a collection: the item it is to become. A *version* is
an item as built: where its document lies and what outputs and aggregates need to know of it without reading it.
A *group* is a run of inputs of one file, cut by content, with their pairs: the unit of memory. Rows hold no cycles, so
that the collector need not know them: it took a fifth of the parent's time. Never: I/O.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from msgspec import Struct

from stacbuild.failures import Fault


class Facts(Struct, array_like=True, frozen=True, gc=False):
    """What aggregates take from an item: bbox (4 numbers), interval, asset definitions, summarised properties."""

    bbox: list[float] | None
    start: str | None
    end: str | None
    assets: bytes
    """Canonical JSON: asset key → fields that a collection's `item_assets` may hold."""
    values: dict[str, Any]
    """Summarised property → value; None where the item has none."""


class Version(Struct, array_like=True, frozen=True, gc=False):
    """An item as built. `digest` is of its canonical bytes; its line is document `ordinal` of chunk `blob`."""

    id: str
    digest: bytes
    blob: bytes
    ordinal: int
    size: int
    links: int
    """Where in the line its own links begin; structural links are put there. Negative where it has some."""
    when: str
    """First ten characters of its datetime (or start_datetime), "" where it has neither."""
    title: str | None
    local: bool
    """Has an href that is not a URL, so that writers must look at it."""
    moment: int
    """Its datetime (or start_datetime) in microseconds from 1970: by it tables are ordered."""
    profile: tuple[str, ...]
    """STAC version and extensions it declares: what its verdict is judged by."""
    facts: Facts
    bulk: bytes = b""
    """XXH3-128 of its geometry, bbox, links and assets: the columns that tables need not make anew while it is the
    same. b"" of one that was built before this was noted."""


class Mark(Struct, array_like=True, frozen=True, gc=False):
    """A document stage that was done: number of its context, digest of its result, what it said of the item."""

    context: int
    digest: bytes
    notes: tuple[Fault, ...] = ()
    files: tuple[tuple[str, bytes], ...] = ()
    """Files that it read, with their SHA-256 (b"": there was none): the result depends on them."""
    hits: tuple[str, ...] = ()
    """Names of the patches that the item matched, `!` behind those that changed it, `-` behind one that dropped it."""


class Verdict(Struct, array_like=True, frozen=True, gc=False):
    """What validate said of a document: valid, invalid or unchecked, by which context, with every error."""

    context: int
    state: str
    faults: tuple[Fault, ...] = ()


class Pair(Struct, array_like=True, gc=False):
    """An input in a collection, as last worked on.

    `input` is the digest that `marks`, `fault`, `verdict` and `now` come from; a mark with an empty digest is of the
    stage that `fault` happened in. The item that the catalog holds is `now` if `live`, else `kept` (an earlier version
    that stays though the newer one failed), else there is none.
    """

    key: str
    input: bytes
    id: str | None = None
    marks: list[Mark] = []
    fault: Fault | None = None
    verdict: Verdict | None = None
    now: Version | None = None
    live: bool = False
    kept: Version | None = None

    @property
    def built(self) -> Version | None:
        """The version that the catalog holds, or None."""
        return self.now if self.live else self.kept


class Input(Struct, array_like=True, gc=False):
    """A record as listed: key, digest of its canonical bytes, its line counted from its group's first.

    `names` has an entry for each table of the recipe that reads the source, in their order: the id (None if it cannot
    be made), the input digest if it differs from `digest` (where it stands matters to its hrefs), and the target that
    a pattern found for it (None: the table's own; "": none).
    """

    key: str
    digest: bytes
    line: int
    names: list[tuple[str | None, bytes | None, str | None]]
    fault: Fault | None = None
    raw: bytes = b""
    """XXH3-128 of the bytes that it was read from, as they stand in the file: who finds these again need not decode
    them. b"" where that is not done."""
    file: str = ""
    """The file that it stands in, where its group has several; its line is then counted from the file's first."""


MARK: Final = 8
"""Bytes of a mark."""


class Names(NamedTuple):
    """What the inputs of a group are called: a mark of eight bytes for each key, and for each id in a collection."""

    keys: bytes
    ids: bytes

    def any_id(self, marks: set[bytes]) -> bool:
        """Tell whether an id has one of some marks."""
        ids = self.ids
        if len(marks) <= _FEW:
            return any(_stands(ids, mark) for mark in marks)
        return any(ids[at : at + MARK] in marks for at in range(0, len(ids), MARK))


_FEW: Final = 16
"""Marks that are looked for one by one: each costs a hundredth of a walk over all that there are."""


def _stands(marks: bytes, mark: bytes) -> bool:
    """Tell whether one of `marks`, not the end of one and the beginning of the next, is `mark`."""
    at = marks.find(mark)
    while at > 0 and at % MARK:
        at = marks.find(mark, at + 1)
    return at >= 0


NO_NAMES: Final = Names(b"", b"")


class Group(Struct, array_like=True):
    """A run of inputs of one shard, and per collection the pairs made of them."""

    inputs: list[Input]
    pairs: dict[str, list[Pair]] = {}


class LeftOut(Struct, array_like=True, frozen=True):
    """An item that is in the catalog and not in a file of an output, as that cannot hold it."""

    collection: str
    id: str
    fault: Fault


class Tally(Struct, array_like=True):
    """Of one group in one collection: how many, and judged by what."""

    live: int = 0
    failed: int = 0
    kept: int = 0
    warned: int = 0
    """In the catalog though invalid (level "warn") or unchecked (a schema is not at hand or unusable)."""
    invalid: int = 0
    unjudged: int = 0
    """Built without a verdict, because validation was off."""
    behind: int = 0
    """Inputs whose pair is missing or made from something else: targeted builds and unreadable files leave such."""
    contexts: list[list[int]] = []
    """A document stage each: the contexts that its marks have."""
    verdicts: list[int] = []
    """Contexts of the verdicts."""
    root: bytes = b""
    """Digest of the (id, digest) of every version in the catalog."""
    dropped: int = 0
    """Inputs that the recipe does not want as items."""
    hits: dict[str, int] = {}
    """As `Mark.hits` → how many pairs have it."""
    stopped: list[int] = []
    """How many pairs ended before the first document stage, at it, at the second, …"""
    noted: int = 0
    """In the catalog, valid, and with warnings."""


class Context(Struct, array_like=True):
    """What a stage's results depend on besides what goes in: a digest, and its ingredients by name for `why`."""

    stage: str
    digest: bytes
    ingredients: dict[str, Any]


class Stamp(Struct, array_like=True, frozen=True):
    """What stat says of a file: cheap to ask, compared with `!=`, never trusted while it may still be moving."""

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
