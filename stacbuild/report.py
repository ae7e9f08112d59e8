"""What commands report, as structs whose JSON form is the contract of `--json`. Adds nothing, prints nothing."""

from __future__ import annotations

from typing import Any

from msgspec import Struct, field

from stacbuild.failures import Exit


class Reason(Struct, omit_defaults=True, gc=False):
    """Why something is stale: a code, what moved, from what to what, and where the recipe says it (`file:line`)."""

    code: str
    what: str | None = None
    before: Any = None
    after: Any = None
    at: str | None = None


class StageCount(Struct, omit_defaults=True):
    """How many items a stage worked on (`ran`, failures included) and how many it was spared (`reused`)."""

    ran: int = field(default=0)
    reused: int = field(default=0)
    failed: int = field(default=0)
    at_most: bool = False


class Caution(Struct, omit_defaults=True):
    """One thing worth knowing that stops nothing."""

    code: str
    message: str
    hint: str | None = None
    at: str | None = None


class BuildReport(Struct):
    """`build --json` without its envelope."""

    recipe: str
    mode: str
    items: dict[str, int]
    stages: dict[str, dict[str, Any]]
    outputs: dict[str, dict[str, Any]]
    failures: dict[str, Any]
    warnings: list[Caution]
    seconds: float
    catalog: str = ""
    """The catalog's id, for the line on the screen."""
    failed_allowed: bool = True
    held_back: list[str] = []
    """Sentences: deletions or withdrawals that were not done, and the flag that does them."""
    like_failures: list[dict[str, Any]] = []
    """Failures by group, most frequent first: `code`, `count`, `message` (an example), `target`, `hint`."""
    stale: list[StaleTarget] = []
    """For a dry run: what would run and why."""
    patches: dict[str, dict[str, int]] = {}
    """Patch → how many items it matches, changes, drops."""
    mappings: dict[str, dict[str, Any]] = {}
    """Mapping → `mapped`, `failed`, `reasons` (code → `count`, `message` of one): of the state, not of the run."""
    exit: Exit = Exit.OK


class StaleTarget(Struct):
    """One stale target: `item:COLLECTION/ID`, its verdict, the stages that would run, the reasons."""

    target: str
    verdict: str
    stages: list[str]
    reasons: list[Reason]


class StatusReport(Struct):
    """`status --json` without its envelope."""

    recipe: str
    fresh: bool
    truncated: bool
    items: dict[str, int]
    stale: list[StaleTarget]
    outputs: dict[str, dict[str, Any]]
    warnings: list[Caution] = []
    catalog: str = ""
    seconds: float = 0.0
    exit: Exit = Exit.OK


class WhyReport(Struct):
    """`why --json`: one target's history."""

    recipe: str
    target: str
    verdict: str
    reasons: list[Reason]
    stages: list[dict[str, Any]]
    """A stage: `stage`, `verdict`, `key` (hex), `ingredients` {name: digest or value}, `result` (hex), `reasons`."""
    source: dict[str, Any]
    outputs: list[dict[str, Any]]
    failure: dict[str, Any] | None = None
    exit: Exit = Exit.OK


class LsReport(Struct):
    """`ls --json`: targets, or the files of `output:NAME` (path, size, digest)."""

    recipe: str
    targets: list[str]
    files: list[dict[str, Any]] = []
    exit: Exit = Exit.OK


class CleanReport(Struct):
    """`clean --json`: what was removed, what was kept because somebody edited it or a link leads there (`linked`)."""

    recipe: str
    removed: list[str]
    kept: list[str]
    seconds: float = 0.0
    dry_run: bool = False
    linked: list[str] = []
    exit: Exit = Exit.OK


class GcReport(Struct):
    """`gc --json`: blobs and bytes before and after."""

    recipe: str
    entries: dict[str, int]
    bytes: dict[str, int]
    dry_run: bool = False
    exit: Exit = Exit.OK


class LockReport(Struct):
    """`lock --json`: where the lock is, whether it was `written`, and what moved since the last one."""

    recipe: str
    path: str
    written: bool
    created: bool
    moved: list[Reason]
    sources: dict[str, int]
    """Source → inputs."""
    schemas: int = 0
    seconds: float = 0.0
    exit: Exit = Exit.OK


class VerifyReport(Struct):
    """`verify --json`: a part for each thing that was looked at, None where it was not."""

    recipe: str
    locked: LockedPart | None = None
    outputs: OutputsPart | None = None
    store: StorePart | None = None
    sample: SamplePart | None = None
    seconds: float = 0.0
    exit: Exit = Exit.OK


class LockedPart(Struct):
    """Whether recipe and sources are as `path` has them, and what is not."""

    path: str
    moved: list[Reason]


class Wrong(Struct, omit_defaults=True):
    """One thing that is not as it was promised: a file, a chunk or an item; `what` says how."""

    target: str
    what: str
    path: str | None = None
    message: str | None = None
    differences: list[Any] = []
    """Of documents: `{"path", "before", "after"}`, the path a JSON Pointer."""


class OutputsPart(Struct):
    """How many files were hashed, which are wrong, and files beside them that no build wrote."""

    files: int
    wrong: list[Wrong]
    foreign: list[str] = []
    restored: bool = False
    """The memory is lost, so that the manifests said what there was."""


class StorePart(Struct):
    """How many chunks were read and hashed, and which are missing or damaged."""

    chunks: int
    wrong: list[Wrong]
    known: bool = True
    """Whether it is known which chunks are needed; else all that there are were read."""


class SamplePart(Struct):
    """Items that were made again: `seed` gives the same ones again; `skipped` could not be compared."""

    seed: int
    asked: str
    total: int
    items: int
    files: int
    wrong: list[Wrong]
    skipped: dict[str, int] = {}
    """Why not → how many."""


class CheckReport(Struct):
    """`check --json`: problems of the recipe, and what a sample of records said."""

    recipe: str
    problems: list[dict[str, Any]]
    sample: dict[str, int]
    failures: list[dict[str, Any]]
    warnings: list[Caution] = []
    recipes: list[str] = []
    """Each recipe that was checked."""
    exit: Exit = Exit.OK


class ItemDiff(Struct, omit_defaults=True):
    """One item of `diff`: `changes` are `{"path", "before", "after"}`, JSON Pointers; what is absent is left out."""

    target: str
    verdict: str
    """new, stale, gone, failed, dropped, fresh; of a file edited or missing."""
    changes: list[dict[str, Any]]
    failure: dict[str, Any] | None = None
    """Why a build would not write it."""
    lost: bool = False
    """What was built is no longer in the store: only that it differs is known."""
    file: str | None = None
    """Of an output's target: the file, from the recipe's folder, that somebody edited or removed."""


class DiffReport(Struct):
    """`diff --json`: the items that a build would change, and how many it would not."""

    recipe: str
    diffs: list[ItemDiff]
    same: int = 0
    truncated: bool = False
    exit: Exit = Exit.OK


class InitReport(Struct):
    """`init --json`: what was written; for a first recipe also what it was guessed from and what a sample said."""

    written: list[str]
    looked: str = ""
    doubts: list[str] = []
    """What the user should look at."""
    sample: dict[str, int] = {}
    failures: list[dict[str, Any]] = []
    document: dict[str, Any] | None = None
    """The STAC document of --template."""
    ready: list[dict[str, str]] | None = None
    """For --list: `name` and `title` of every ready recipe."""
    exit: Exit = Exit.OK


class ExplainReport(Struct):
    """`explain --json`: codes in words, each with `code`, `about`, `meaning` and perhaps `example`."""

    codes: list[dict[str, Any]]
    listing: bool = False
    """All there are were asked for."""
    exit: Exit = Exit.OK


class SchemaReport(Struct):
    """`schema --json`: the JSON Schema of recipes."""

    schema: dict[str, Any]
    exit: Exit = Exit.OK


class CompletionReport(Struct):
    """`completion --json`: the shell and its script."""

    shell: str
    script: str
    exit: Exit = Exit.OK


class ValidateReport(Struct):
    """`validate --json`: verdicts on documents that lie anywhere."""

    documents: dict[str, int]
    """`total`, `valid`, `invalid`, `unchecked` (a schema is not at hand), `skipped` (no STAC, below a folder)."""
    files: list[dict[str, Any]]
    """A file: `path`, `verdict` (its worst document's), `documents` (how many of each)."""
    failures: dict[str, Any]
    """`count` of errors, `path` of the list if one was asked for, `listed`: the first 1,000, warnings too."""
    seconds: float = 0.0
    exit: Exit = Exit.OK


class FilterReport(Struct):
    """`transform`, `extend`, `patch`, `convert --json`: what came of the items."""

    items: dict[str, int]
    """`read`, `written`, `failed`, `dropped` (by a patch)."""
    output: str | None
    """Where they are; None: standard output."""
    failures: dict[str, Any]
    """`count` of errors, `path` of the list if one was asked for, `listed`: the first 1,000, warnings too."""
    patches: dict[str, dict[str, int]] = {}
    """Patch → how many items it `matched`, `changed`, `dropped`."""
    seconds: float = 0.0
    exit: Exit = Exit.OK


class PullReport(Struct):
    """`schemas pull --json`: what came of every schema that items use."""

    store: str
    """The folder that they are in now."""
    counts: dict[str, int]
    """How many of each state."""
    schemas: list[dict[str, Any]]
    """A schema: `url`, `state`, `digest` (SHA-256 or null), `why`. States: `fetched`, `updated` (pinned anew), `kept`,
    `present` (the recipe or stacbuild has it), `unusable` (it came and cannot be used), `changed` (upstream is not what
    is pinned: not taken), `unavailable`."""
    recipe: str | None = None
    lock: str | None = None
    """The lock, if it was written."""
    seconds: float = 0.0
    exit: Exit = Exit.OK
