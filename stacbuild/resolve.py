"""From steps to results: what the store has is taken, the rest becomes jobs, outcomes become results in the store.

Only here is it decided whether a stage runs, and only here is it counted. Never decides what is stale.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

from stacbuild import cutoff, keys
from stacbuild.contexts import Contexts
from stacbuild.earlier import Before, Earlier
from stacbuild.failures import Fault
from stacbuild.jobs import ChunkResult, Job, Known, Outcome, Renewed
from stacbuild.looking import Looked
from stacbuild.model import Mark, Pair, Verdict, Version
from stacbuild.pipeline import Pipeline, Redact
from stacbuild.report import StageCount
from stacbuild.spool import Span
from stacbuild.steps import BY_ID, Step, incoming
from stacbuild.store import Found, Place, Result, Segment, Store

Files = tuple[tuple[str, bytes], ...]
"""Paths and SHA-256 of files that a stage read."""

CHUNK_JOBS: Final = 256
CHUNK_BYTES: Final = 4 << 20


class Counts:
    """How often each stage ran, was spared, failed. `ran` is added to by `apply` alone."""

    def __init__(self) -> None:
        self.stages: dict[str, StageCount] = {}
        self.tried: set[tuple[str, str]] = set()
        """(collection, key) of those that were worked on and failed, or were not found valid."""

    def of(self, stage: str) -> StageCount:
        """Return the count of `stage`."""
        if stage not in self.stages:
            self.stages[stage] = StageCount()
        return self.stages[stage]


class Resolver:
    """Resolves steps against one store in the contexts of one build."""

    def __init__(
        self,
        store: Store,
        contexts: Contexts,
        pipelines: dict[str, Pipeline],
        *,
        force: bool,
        strict: bool,
        looked: Looked,
        redact: Redact = str,
    ) -> None:
        self._looked = looked
        self._earlier = Earlier(contexts, pipelines)
        self._store, self._contexts, self._pipelines = store, contexts, pipelines
        self._force, self._strict, self._redact = force, strict, redact

    def _line(self, step: Step) -> Pipeline:
        return self._pipelines[step.collection]

    def _open(self, steps: Iterable[Step]) -> Iterator[Step]:
        return (step for step in steps if step.selected and not step.done(len(self._line(step).stages)))

    # --- what the store has

    def look_up(self, steps: list[Step]) -> None:
        """Take from the store every result that it has for `steps`."""
        if self._force:
            return
        deepest = max((len(self._line(step).stages) for step in steps), default=0)
        for position in range(deepest):
            self._look_up_stage(steps, position)
        self._look_up_verdicts(steps)
        self._look_up_places(steps, deepest)

    def _look_up_stage(self, steps: list[Step], position: int) -> None:
        wanted: dict[bytes, list[Step]] = {}
        ends = set[bytes]()
        for step in self._open(steps):
            if step.verdict == "failed":  # it was named, so that it is tried again
                continue
            numbers = self._contexts.stages[step.collection]
            if step.start == position < len(numbers):
                key = keys.stage_key(self._contexts.digest(numbers[position]), incoming(step))
                wanted.setdefault(key, []).append(step)
                if position == len(numbers) - 1:
                    ends.add(key)
        for key, (found, files) in self._find(set(wanted), ends).items():
            for step in wanted[key]:
                self._take(step, position, found, files)

    def _find(self, wanted: set[bytes], ends: set[bytes]) -> dict[bytes, tuple[Found, Files]]:
        """Return results by key, those that items end with (`ends`) with versions if they have them.

        One that read files is the one for what these hold now.
        """
        found = self._store.find(wanted, ends)
        read = {
            key: tuple((path, self._looked.digest(path)) for path in one.result.files)
            for key, one in found.items()
            if one.result.files
        }
        whole = {keys.read_key(key, files): key for key, files in read.items()}
        again = self._store.find(set(whole), {key for key, first in whole.items() if first in ends})
        plain: dict[bytes, tuple[Found, Files]] = {key: (one, ()) for key, one in found.items() if key not in read}
        return plain | {whole[key]: (one, read[whole[key]]) for key, one in again.items()}

    def _take(self, step: Step, position: int, found: Found, files: Files) -> None:
        number = self._contexts.stages[step.collection][position]
        step.marks.append(Mark(number, found.result.digest, found.result.faults, files, found.result.hits))
        step.fault, step.start = found.result.fault, position + 1
        if step.fault is None:
            step.place = (found.blob, found.result.ordinal)
            version = found.result.version
            step.now = None if version is None else msgspec.structs.replace(version, blob=found.blob)

    def _look_up_places(self, steps: list[Step], deepest: int) -> None:
        """Find the documents that steps in the middle of a pipeline begin with; a step whose is gone begins earlier."""
        for position in range(deepest - 1, 0, -1):
            wanted: dict[bytes, list[Step]] = {}
            for step in self._open(steps):
                if step.start == position and step.now is None and step.place is None:
                    mark = step.marks[-1]
                    before = step.marks[-2].digest if position > 1 else step.digest
                    context = self._contexts.digest(mark.context)
                    wanted.setdefault(_key(context, before, mark.files), []).append(step)
            found = self._store.find(set(wanted))
            for key, some in wanted.items():
                for step in some:
                    if key in found:
                        step.place = (found[key].blob, found[key].result.ordinal)
                    else:
                        step.start = position - 1
                        step.marks.pop()

    def _look_up_verdicts(self, steps: list[Step]) -> None:
        wanted: dict[bytes, list[Step]] = {}
        for step in self._open(steps):
            if step.now is None or step.start < len(self._line(step).stages) or step.verdict == "failed":
                continue
            number = self._contexts.verdict(step.collection, step.now.profile)
            if self._cut_off(step, number):
                continue
            context = self._contexts.digest(number)
            wanted.setdefault(keys.stage_key(context, step.now.digest), []).append(step)
        for key, found in self._store.find(set(wanted)).items():
            for step in wanted[key]:
                assert step.now is not None
                number = self._contexts.verdict(step.collection, step.now.profile)
                step.judged, step.judge = Verdict(number, found.result.state, found.result.faults), False

    def _cut_off(self, step: Step, number: int) -> bool:
        """Keep the verdict of before if it is of the same document in the same context."""
        old = step.old
        if old is None or old.now is None or step.now is None or old.verdict is None or not step.verdict:
            return False
        if old.now.digest != step.now.digest or old.verdict.context != number:
            return False
        step.judged, step.judge = old.verdict, False
        return True

    # --- what is to be run

    def needs_record(self, step: Step) -> bool:
        """Tell whether `step` begins with its source record."""
        return step.start == 0

    def open_steps(self, steps: list[Step]) -> list[Step]:
        """Return the steps that something is to be run for."""
        return list(self._open(steps))

    def before(self, step: Step) -> Before | None:
        """Return what is of use of an item as it is until now; None: there is none, or all is done anew."""
        return None if self._force else self._earlier.of(step)

    def job(
        self,
        step: Step,
        document: bytes | Span | Place,
        base: str,
        before: Before | None = None,
        packed: Mapping[bytes, int] = {},
    ) -> Job:
        """Return the job of `step`.

        Args:
            step: the step.
            document: its record, or where that or what the stage before `start` gave lies.
            base: its file's folder.
            before: of the item as it is until now.
            packed: chunks that go along with the job, each with its number; of others the document itself goes.
        """
        known = b""
        old = step.old
        again = self._force or step.verdict == "failed"
        if not again and old is not None and old.now is not None and old.verdict is not None:
            known = old.now.digest if self._contexts.verdict_current(step.collection, old.verdict.context) else b""
        given = step.now.digest if step.now is not None else incoming(step)
        job = Job(step.collection, b"", step.source, base, given, step.start, known, step.now is None)
        job.known = [] if again else self._known(step)
        if before is not None and before.version.blob in packed:
            now = before.version
            place = (packed[now.blob], now.ordinal)
            job.sound = place if before.sound else None
            job.partly = None if before.again is None else Known(before.again, place, now.local, now.facts.assets)
        match document:
            case bytes():
                job.document = document
            case Place(blob, ordinal) if blob in packed:
                job.place = (packed[blob], ordinal)
            case Place(blob, ordinal):
                job.document = self._store.documents(blob)[ordinal]
            case _:
                job.span = document
        return job

    def _known(self, step: Step) -> list[bytes]:
        """Return for each stage from `start` on the digest of its last result if what follows it need not run again."""
        old, numbers = step.old, self._contexts.stages[step.collection]
        if old is None or not self._ends_well(old, step.collection):
            return []
        return cutoff.known(old, numbers, step.start, self._stands)

    def _ends_well(self, old: Pair, collection: str) -> bool:
        """Tell whether what an input came to is known to the end: it was dropped, or is an item with its verdict."""
        if old.fault is not None:
            return old.fault.drop and old.fault.code not in BY_ID
        if old.now is None or old.now.blob in self._store.lost:
            return False
        if not self._pipelines[collection].judged:
            return True
        return old.verdict is not None and self._contexts.verdict_current(collection, old.verdict.context)

    def _stands(self, mark: Mark) -> bool:
        """Tell whether the files that a stage read are as they were."""
        return all(self._looked.digest(path) == then for path, then in mark.files)

    def place(self, step: Step) -> Place:
        """Return where what goes into stage `start` lies, of a step that does not begin with its record."""
        blob, ordinal = (step.now.blob, step.now.ordinal) if step.now is not None else step.place or (b"", -1)
        return Place(blob, ordinal)

    # --- what came of it

    def apply(self, steps: list[Step], result: ChunkResult, counts: Counts) -> None:
        """Put the outcomes of a chunk into the store and into its steps."""
        if result.times:
            self._store.put_times(result.times)
        blob = self._store.put_chunk(result.packed) if result.packed else b""
        segment = Segment(blob, [], b"", [])
        contexts: set[bytes] = set()
        inputs = []
        for step, outcome in zip(steps, result.outcomes, strict=True):
            self._hide_secrets(outcome)
            if step.start == 0:
                inputs.append(step.input.digest)
            segment.results.extend(self._results(step, outcome, blob, contexts, counts))
        segment.contexts, segment.inputs = sorted(contexts), b"".join(inputs)
        if segment.results:
            self._store.put_segment(segment)

    def _hide_secrets(self, outcome: Outcome) -> None:
        """Take the recipe's secrets out of what is said of an item: that is stored, remembered and listed."""
        if outcome.fault is not None:
            outcome.fault = self._told(outcome.fault)
        if outcome.faults:
            outcome.faults = tuple(map(self._told, outcome.faults))
        if any(outcome.notes):
            outcome.notes = [tuple(map(self._told, notes)) for notes in outcome.notes]

    def _told(self, fault: Fault) -> Fault:
        hint = None if fault.hint is None else self._redact(fault.hint)
        return msgspec.structs.replace(fault, message=self._redact(fault.message), hint=hint)

    def _results(
        self, step: Step, outcome: Outcome, blob: bytes, contexts: set[bytes], counts: Counts
    ) -> Iterator[Result]:
        numbers = self._contexts.stages[step.collection]
        line = self._line(step)
        last = len(numbers) - 1
        if outcome.renewed is not None:
            outcome.version = _renewed(step, outcome, outcome.renewed)
        given = incoming(step)
        for offset, digest in enumerate(outcome.digests):
            position = step.start + offset
            counts.of(line.stages[position].name).ran += 1
            context = self._contexts.digest(numbers[position])
            contexts.add(context)
            whole = position == last or (outcome.version is not None and outcome.version.digest == digest)
            version = outcome.version if whole else None
            ordinal = outcome.ordinals[offset]
            notes = outcome.notes[offset]
            files, hits = outcome.files[offset], outcome.hits[offset]
            if files:
                yield _pointer(context, given, files)
            yield Result(_key(context, given, files), digest, ordinal, faults=notes, version=version, hits=hits)
            step.marks.append(Mark(numbers[position], digest, notes, files, hits))
            given = digest
        position = step.start + len(outcome.digests)
        if outcome.as_before:
            cutoff.end_as_before(step, numbers[position])
            return
        if outcome.fault is not None:
            yield from self._failed(step, outcome, position, given, contexts, counts)
            return
        step.start = len(numbers)
        if outcome.version is not None:
            step.now = msgspec.structs.replace(outcome.version, blob=blob)
            if not outcome.digests:
                yield self._last_again(step, outcome.version, contexts)
        yield from self._judged(step, outcome, contexts, counts)

    def _last_again(self, step: Step, version: Version, contexts: set[bytes]) -> Result:
        """Return the result of the last stage, which was known already, with the version that it lacked."""
        context = self._contexts.digest(step.marks[-1].context)
        contexts.add(context)
        before = step.marks[-2].digest if len(step.marks) > 1 else step.digest
        last = step.marks[-1]
        key = _key(context, before, last.files)
        return Result(key, version.digest, version.ordinal, faults=last.notes, version=version, hits=last.hits)

    def _failed(
        self, step: Step, outcome: Outcome, position: int, incoming: bytes, contexts: set[bytes], counts: Counts
    ) -> Iterator[Result]:
        assert outcome.fault is not None
        number = self._contexts.stages[step.collection][position]
        count = counts.of(self._line(step).stages[position].name)
        count.ran, count.failed = count.ran + 1, count.failed + (not outcome.fault.drop)
        counts.tried.add((step.collection, step.input.key))
        step.fault, step.now, step.judge = outcome.fault, None, False
        files, hits = (outcome.files[-1], outcome.hits[-1]) if outcome.files else ((), ())
        step.marks.append(Mark(number, b"", (), files, hits))
        context = self._contexts.digest(number)
        contexts.add(context)
        if files:
            yield _pointer(context, incoming, files)
        yield Result(_key(context, incoming, files), fault=outcome.fault, hits=hits)

    def _judged(self, step: Step, outcome: Outcome, contexts: set[bytes], counts: Counts) -> Iterator[Result]:
        assert step.now is not None
        step.judge = False
        if not self._line(step).judged:
            return
        number = self._contexts.verdict(step.collection, step.now.profile)
        if not outcome.state:
            assert step.old is not None
            step.judged = step.old.verdict
            return
        count = counts.of("validate")
        count.ran += 1
        count.failed += self._strict and outcome.state == "invalid"
        if outcome.state != "valid":
            counts.tried.add((step.collection, step.input.key))
        step.judged = Verdict(number, outcome.state, outcome.faults)
        context = self._contexts.digest(number)
        contexts.add(context)
        key = keys.stage_key(context, step.now.digest)
        yield Result(key, state=outcome.state, faults=outcome.faults)


def _renewed(step: Step, outcome: Outcome, told: Renewed) -> Version:
    """Return the version of an item that is told of as it was, but for what is new."""
    assert step.old is not None
    assert step.old.now is not None
    return msgspec.structs.replace(
        step.old.now,
        digest=outcome.digests[-1],
        blob=b"",
        ordinal=outcome.ordinals[-1],
        size=told.size,
        links=told.links,
        profile=told.profile,
    )


def _key(context: bytes, incoming: bytes, files: Files) -> bytes:
    """Return the key of a stage's result, with what the files held that it read."""
    key = keys.stage_key(context, incoming)
    return keys.read_key(key, files) if files else key


def _pointer(context: bytes, incoming: bytes, files: Files) -> Result:
    """Return what says, under the key without files, which files a result depends on."""
    return Result(keys.stage_key(context, incoming), files=tuple(path for path, _ in files))
