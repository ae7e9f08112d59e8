"""What goes to a worker and what it gives back: jobs and outcomes, in chunks. Values only.

Who makes jobs and who does them see no more of each other than this.
"""

from __future__ import annotations

from msgspec import Struct

from stacbuild.failures import Fault
from stacbuild.model import Version
from stacbuild.profiling import Spans
from stacbuild.spool import Span
from stacbuild.stages.partly import Again
from stacbuild.times import Seen


class Known(Struct, array_like=True, gc=False):
    """What is known of an item of which the last stage is run, for some extensions of its collection only."""

    again: Again
    place: tuple[int, int]
    """As `Job.place`: the item as it is until now."""
    local: bool
    assets: bytes
    """Its `Version.local` and `Facts.assets`."""

    def hrefs(self) -> tuple[bool, bytes] | None:
        """Return these two, if they are what they were."""
        return None if self.again.sees_hrefs() else (self.local, self.assets)


class Job(Struct, array_like=True, gc=False):
    """One pair to work on. `document` is canonical bytes: of the record if `start` is 0, else of stage start - 1."""

    collection: str
    document: bytes
    source: str
    base: str
    input: bytes
    """Digest of what goes into stage `start`."""
    start: int
    """The first document stage to run; the number of stages when only the verdict is wanted."""
    judged: bytes = b""
    """Digest of a document whose verdict is known: early cutoff."""
    bare: bool = False
    """The document is what the last stage gave when another followed it, so that its version is not known."""
    span: Span | None = None
    """Where the document lies in the spool; `document` is empty then."""
    sound: tuple[int, int] | None = None
    """Where, as for `place`, an item lies that was found valid by all that would judge this one, without a word."""
    known: list[bytes] = []
    """For each stage from `start` on: the digest of a result from which all that follows is known; b"" for none."""
    partly: Known | None = None
    place: tuple[int, int] | None = None
    """In which of its chunk's `packed` the document lies, the how manieth; `document` is empty then."""


class Renewed(Struct, array_like=True, frozen=True, gc=False):
    """What of a version is new, but for its digest and place, where all else that it tells is as it was."""

    size: int
    links: int
    profile: tuple[str, ...]


class Outcome(Struct, array_like=True, gc=False):
    """What came of a job. `digests` has an entry for each document stage that ran and did not fail."""

    digests: list[bytes] = []
    ordinals: list[int] = []
    files: list[tuple[tuple[str, bytes], ...]] = []
    """Files that each stage read, that which failed too."""
    hits: list[tuple[str, ...]] = []
    """Patches that the item matched, at each stage, that which failed too."""
    fault: Fault | None = None
    version: Version | None = None
    state: str = ""
    """What validate said (valid, invalid, unchecked); "" where it did not run."""
    faults: tuple[Fault, ...] = ()
    notes: list[tuple[Fault, ...]] = []
    """For each of `digests`: the warnings that its stage gave."""
    as_before: bool = False
    """The last of `digests` is the one that was known: what follows is as it was."""
    renewed: Renewed | None = None
    """In place of `version`: what is new of the one that the item has until now."""


class Chunk(Struct, array_like=True):
    """Jobs that go to a worker together."""

    number: int
    jobs: list[Job]
    packed: list[bytes] = []
    """Chunks of the store that documents of many jobs lie in."""


class ChunkResult(Struct, array_like=True):
    """The outcomes of a chunk's jobs in their order, and their documents, packed."""

    number: int
    packed: bytes
    outcomes: list[Outcome]
    times: list[Seen] = []
    """What was seen for the first time, and when."""
    spans: Spans | None = None
    """What it took, where somebody asked."""
