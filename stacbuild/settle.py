"""From finished steps to rows: which version the catalog holds, what is kept, what was added, modified, deleted.

Rows go to the memory's new file group by group; totals and aggregates stay. Never runs a stage, never writes outputs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import Struct

from stacbuild import aggregate, amends, canon, keys, odd
from stacbuild.amends import Rest
from stacbuild.contexts import Contexts
from stacbuild.looking import mark
from stacbuild.model import Facts, Group, Input, Pair, Tally, Version
from stacbuild.pipeline import Pipeline
from stacbuild.recipe.schema import Validation
from stacbuild.row_files import GroupEntry
from stacbuild.rows import RowsWriter, Shares
from stacbuild.steps import GroupPlan, Step, refused
from stacbuild.store import Store
from stacbuild.vanished import Gone, limit

IN_PLACE_AT_MOST: Final = 10_000
"""Items of a collection that are noted to have moved alone: with more, it costs less to look at all."""

_pack = msgspec.msgpack.Encoder().encode
_facts_of = msgspec.msgpack.Decoder(list[Facts]).decode


class Changes(Struct):
    """What a build did to one collection's items. Ids, so that an item that moved between records is no change."""

    before: dict[str, bytes] = {}
    after: dict[str, bytes] = {}
    modified: set[str] = set()
    in_place: dict[str, Version] = {}
    """Modified items whose date and title are as they were, by id; not all where there are many."""

    def only_in_place(self) -> list[Version] | None:
        """Return the items that moved, if that is all that did: none came, went, or has another date or title."""
        others = self.before or self.after or self.in_place.keys() != self.modified
        return None if others else [*self.in_place.values()]

    def close(self) -> None:
        """Match what left one pair with what came to another."""
        for item in [item for item in self.after if item in self.before]:
            if self.before.pop(item) != self.after.pop(item):
                self.modified.add(item)

    def touched(self) -> set[str]:
        """Return the ids whose bytes are new."""
        return self.modified | self.after.keys()


class Settler:
    """Turns group plans into the rows of the new memory; `first`: there is none to compare with, all is added."""

    def __init__(
        self,
        rows: RowsWriter,
        store: Store,
        contexts: Contexts,
        pipelines: dict[str, Pipeline],
        validation: Validation,
        *,
        first: bool = False,
    ) -> None:
        self._rows, self._store, self._contexts = rows, store, contexts
        self._pipelines, self._validation, self._first = pipelines, validation, first
        self.entries: list[GroupEntry] = []
        self.hits: list[tuple[str, str | None, str]] = []
        """Collection and id of each item that was worked on, with each patch that it matched (`Mark.hits`)."""
        self.files: dict[str, bytes] = {}
        """Files that items depend on besides their records → SHA-256, as far as their groups were worked on."""
        self.changes = {name: Changes({}, {}, set(), {}) for name in pipelines}
        self.withdrawn: dict[str, int] = dict.fromkeys(pipelines, 0)

    def keep(self, entry: GroupEntry) -> None:
        """Take over a group as it is."""
        self.entries.append(entry)

    def settle(self, plan: GroupPlan) -> None:
        """Write the rows of a group whose steps are done."""
        if plan.edited is not None:
            self._settle_edited(plan, plan.edited)
            return
        entry, group = plan.entry, Group(plan.inputs, {})
        entry.tallies = {}
        for collection, steps in plan.steps.items():
            pairs, behind = self._pairs(collection, steps)
            group.pairs[collection] = pairs
            entry.tallies[collection] = self.tally(collection, pairs)
            entry.tallies[collection].behind = behind
        entry.reads = self._marks_of_files(group)
        for collection, old in plan.old.items():
            self._left(collection, plan, old)
        self._rows.add(entry, group, self._shares(group), plan.names)
        self.entries.append(entry)

    def _settle_edited(self, plan: GroupPlan, rest: Rest) -> None:
        """Write what is another in the rows of a group of which only records that were edited in place have steps."""
        renewed, behind, alike = dict[str, list[Pair]](), dict[str, int](), True
        for name, steps in plan.steps.items():
            renewed[name], behind[name] = self._pairs(name, steps)
            was = [step.old for step in steps if step.old is not None]
            alike = alike and not behind[name] and self._alike(name, was, renewed[name])
        if alike:
            self._splice(plan, rest, renewed)
        else:
            self._exchange(plan, rest, renewed, behind)
        self.entries.append(plan.entry)

    def _alike(self, collection: str, was: list[Pair], now: list[Pair]) -> bool:
        """Tell whether all that is told of a group stays as it is, but for its root, if pairs of it are exchanged."""
        if any(map(odd.is_odd, [*was, *now])) or _files(was) != _files(now) or not _same_facts(was, now):
            return False
        return amends.same(self.tally(collection, was), self.tally(collection, now))

    def _splice(self, plan: GroupPlan, rest: Rest, renewed: dict[str, list[Pair]]) -> None:
        """Write pairs that are others, and take over all else that is known of their group."""
        entry, replace = plan.entry, msgspec.structs.replace
        roots = {name: keys.join(*rest.built(name, pairs)) for name, pairs in renewed.items()}
        entry.tallies = {name: replace(rest.entry.tallies[name], root=root) for name, root in roots.items()}
        entry.reads = rest.entry.reads
        self.files.update(file for pairs in renewed.values() for file in _files(pairs))
        self._rows.splice(entry, rest.splices(plan.inputs, renewed))

    def _exchange(self, plan: GroupPlan, rest: Rest, renewed: dict[str, list[Pair]], behind: dict[str, int]) -> None:
        """Write a group whole in which some pairs are others, and what is told of it."""
        entry, group = plan.entry, amends.exchanged(self._rows.group(plan.entry), rest, plan.inputs, renewed)
        tallies = {name: self.tally(name, group.pairs.get(name, [])) for name in renewed}
        entry.tallies = {name: msgspec.structs.replace(one, behind=behind[name]) for name, one in tallies.items()}
        entry.reads = self._marks_of_files(group)
        self._rows.add(entry, group, self._shares(group))

    def _marks_of_files(self, group: Group) -> bytes:
        """Return the marks of the files that a group's items depend on besides their records; these are noted."""
        found = [file for pairs in group.pairs.values() for file in _files(pairs)]
        self.files.update(found)
        return b"".join(sorted({mark(path) for path, _ in found}))

    def _left(self, collection: str, plan: GroupPlan, old: dict[str, Pair]) -> None:
        """Note the versions of pairs of this very group that have no step any more."""
        changes = self.changes.get(collection)
        if changes is None or plan.shard is None:
            return
        stepped = {step.input.key for step in plan.steps.get(collection, [])}
        for row in plan.inputs:
            pair = old.get(row.key)
            if pair is not None and row.key not in stepped and pair.built is not None:
                changes.before[pair.built.id] = pair.built.digest

    def _pairs(self, collection: str, steps: list[Step]) -> tuple[list[Pair], int]:
        pairs, behind = [], 0
        for step in steps:
            pair = self._pair(step)
            behind += pair is None or pair.input != step.digest or (pair is step.old and self._left_open(step, pair))
            if pair is not None:
                self._note(self.changes[collection], step.old, pair)
                if pair is not step.old and step.verdict in ("new", "stale"):
                    self.hits += [(collection, pair.id, name) for one in pair.marks for name in one.hits]
                pairs.append(pair)
        return pairs, behind

    def _pair(self, step: Step) -> Pair | None:
        stages = len(self._pipelines[step.collection].stages)
        if not step.selected or not step.done(stages):
            return step.old
        pair = Pair(step.input.key, step.digest, step.id, step.marks, step.fault, step.judged, step.now)
        if step.fault is None and step.now is not None:
            pair.now = self._with_facts(step.now, self._pipelines[step.collection].summaries)
            pair.id = pair.now.id
            pair.live = not self.refuses(pair)
        if not pair.live and step.old is not None and not _dropped(pair):
            pair.kept = step.old.built
        return pair

    def _left_open(self, step: Step, pair: Pair) -> bool:
        """Tell whether a step that was passed over had something to be done, to be said, or to be judged otherwise."""
        told = step.fault is not None and step.fault != pair.fault
        judged = pair.fault is None and pair.now is not None and pair.live == self.refuses(pair)
        return step.verdict in ("new", "stale") or told or judged

    def refuses(self, pair: Pair) -> bool:
        """Tell whether a pair's verdict keeps it out of the outputs."""
        return refused(pair.verdict, self._validation.level)

    def _with_facts(self, version: Version, fields: list[str]) -> Version:
        """Return `version` with the facts that the collection summarises now; reads the document if they are new."""
        if aggregate.covers(version.facts, fields):
            return version
        item = canon.decode(self._store.documents(version.blob)[version.ordinal])
        return msgspec.structs.replace(version, facts=aggregate.facts(item, fields))

    def _note(self, changes: Changes, old: Pair | None, pair: Pair) -> None:
        was, now = old.built if old else None, pair.built
        if was is not None and now is not None and was.id == now.id:
            if was.digest != now.digest:
                changes.modified.add(now.id)
                if old and old.live and pair.live and (was.when, was.title) == (now.when, now.title):
                    _note_in_place(changes, now)
            return
        if was is not None:
            changes.before[was.id] = was.digest
        if now is not None and not self._first:
            changes.after[now.id] = now.digest

    def tally(self, collection: str, pairs: list[Pair]) -> Tally:
        """Return what can be known of a group's pairs without reading them."""
        line = self._pipelines[collection]
        built = [version for pair in pairs if (version := pair.built) is not None]
        stages = range(len(line.stages))
        strict = self._validation.level == "strict"
        return Tally(
            live=sum(pair.live for pair in pairs),
            failed=sum(not pair.live and not _dropped(pair) for pair in pairs),
            kept=sum(pair.kept is not None for pair in pairs),
            warned=sum(pair.live and _doubtful(pair) for pair in pairs),
            noted=sum(pair.live and _noted(pair) for pair in pairs),
            invalid=sum(_invalid(pair) for pair in pairs) if strict else 0,
            unjudged=sum(pair.verdict is None and pair.fault is None for pair in pairs),
            contexts=[_contexts(pairs, position) for position in stages],
            verdicts=sorted({pair.verdict.context for pair in pairs if pair.verdict is not None}),
            root=keys.join(*sorted(version.id.encode() + b"\0" + version.digest for version in built)),
            dropped=sum(map(_dropped, pairs)),
            stopped=_stopped(pairs),
            hits=dict(sorted(Counter(hit for pair in pairs for mark in pair.marks for hit in mark.hits).items())),
        )

    def _shares(self, group: Group) -> Shares:
        """Return a group's share of the aggregates of each of its collections, and what is odd about it."""
        lines = self._pipelines
        folds = {name: aggregate.fold(_facts(some), lines[name].summaries) for name, some in group.pairs.items()}
        return {odd.NAME: odd.packed(group), **{name: _pack(fold) for name, fold in folds.items()}}

    # --- what vanished

    def gone(self, gone: Gone) -> None:
        """Write down inputs that vanished and are kept, or note that their items leave."""
        for entry in gone.stay:
            self._stay(entry)
        if gone.held and gone.inputs:
            pairs = {**gone.pairs, **gone.kept}
            known = {name: some for name, some in pairs.items() if name in self._pipelines}
            staying = {name: self._not_made_anew(name, some) for name, some in known.items()}
            self._keep_where(gone, gone.inputs, staying)
            return
        for collection, some in gone.pairs.items():
            self._leave(collection, some)
        kept = {collection: self._not_made_anew(collection, some) for collection, some in gone.kept.items()}
        keys_ = {pair.key for pairs in kept.values() for pair in pairs}
        if keys_:
            self._keep_where(gone, [row for row in gone.inputs if row.key in keys_], kept)

    def recalled(self, source: str, collection: str, inputs: list[Input], pairs: list[Pair]) -> None:
        """Take over items that an output gave back: no source has them any more, and they stay."""
        if pairs:
            self._keep_gone(source, inputs, {collection: pairs})

    def _keep_where(self, gone: Gone, inputs: list[Input], pairs: dict[str, list[Pair]]) -> None:
        """Take over inputs that vanished, a group for each document that they hung below."""
        by_page: dict[str, list[Input]] = {}
        for row in inputs:
            by_page.setdefault(gone.above.get(row.key, ""), []).append(row)
        for page, rows in sorted(by_page.items()):
            mine = {row.key for row in rows}
            some = {name: [pair for pair in held if pair.key in mine] for name, held in pairs.items()}
            self._keep_gone(gone.source, rows, pairs if len(by_page) == 1 else some, page)

    def _keep_gone(self, source: str, inputs: list[Input], pairs: dict[str, list[Pair]], above: str = "") -> None:
        entry = GroupEntry(source, "", b"", inputs=len(inputs), above=above)
        pairs = {collection: some for collection, some in pairs.items() if collection in self._pipelines}
        entry.tallies = {collection: self.tally(collection, some) for collection, some in pairs.items()}
        entry.targets = sorted(collection for collection, some in pairs.items() if some)
        group = Group(inputs, pairs)
        self._rows.add(entry, group, self._shares(group))
        self.entries.append(entry)

    def _leave(self, collection: str, pairs: list[Pair]) -> None:
        if collection in self.changes:
            left = {pair.built.id: pair.built.digest for pair in pairs if pair.built is not None}
            self.changes[collection].before.update(left)

    def _not_made_anew(self, collection: str, pairs: list[Pair]) -> list[Pair]:
        """Return the kept pairs but those whose id another input makes now: that is the item, moved or changed."""
        made = self.changes[collection].after
        moved = [pair for pair in pairs if pair.built is not None and pair.built.id in made]
        self._leave(collection, moved)
        return [pair for pair in pairs if pair not in moved] if moved else pairs

    def _stay(self, entry: GroupEntry) -> None:
        """Take over a group of items that stay though their inputs vanished, without those that are made anew."""
        if not any(self.changes[name].after for name in entry.tallies):
            self.entries.append(entry)
            return
        group = self._rows.group(entry)
        pairs = {collection: self._not_made_anew(collection, some) for collection, some in group.pairs.items()}
        if any(pairs.values()):
            self._keep_gone(entry.source, group.inputs, pairs, entry.above)

    # --- withdrawals

    def withdraw(self, allowed: float) -> list[str]:
        """Let go of the earlier versions of items that fail now, where no more than `allowed` of a collection do.

        Returns sentences that say what was held back instead.
        """
        held = []
        for collection in self._pipelines:
            tallies = [t for entry in self.entries if (t := entry.tallies.get(collection)) is not None]
            kept, known = sum(t.kept for t in tallies), sum(t.live + t.kept for t in tallies)
            if not kept:
                continue
            if kept > limit(allowed, known):
                text = f"collection '{collection}': {kept} of {known} items fail now; their earlier versions stay"
                held.append(f"{text} (--max-deletions 100% withdraws them)")
            else:
                self._let_go(collection)
        return held

    def _let_go(self, collection: str) -> None:
        for entry in self.entries:
            tally = entry.tallies.get(collection)
            if tally is None or not tally.kept or not entry.shard:
                continue
            group = self._rows.group(entry)
            for pair in group.pairs[collection]:
                if pair.kept is not None:
                    self._withdraw(collection, pair)
            behind = tally.behind
            entry.tallies[collection] = self.tally(collection, group.pairs[collection])
            entry.tallies[collection].behind = behind
            self._rows.add(entry, group, self._shares(group))

    def _withdraw(self, collection: str, pair: Pair) -> None:
        assert pair.kept is not None
        changes = self.changes[collection]
        if pair.kept.id in changes.after:
            del changes.after[pair.kept.id]
        else:
            changes.before[pair.kept.id] = pair.kept.digest
        changes.modified.discard(pair.kept.id)
        pair.kept = None


def root_of(entries: list[GroupEntry], collection: str) -> bytes:
    """Return the digest of which versions `collection` holds, in some order of groups."""
    return keys.join(*sorted(t.root for entry in entries if (t := entry.tallies.get(collection)) is not None))


def _note_in_place(changes: Changes, version: Version) -> None:
    if len(changes.in_place) < IN_PLACE_AT_MOST:
        changes.in_place[version.id] = version


def _files(pairs: list[Pair]) -> list[tuple[str, bytes]]:
    return [file for pair in pairs for one in pair.marks for file in one.files]


def _facts(pairs: list[Pair]) -> Iterator[Facts]:
    return (version.facts for pair in pairs if (version := pair.built) is not None)


def _same_facts(was: list[Pair], now: list[Pair]) -> bool:
    """Tell whether aggregates take the same from some pairs as from others; 1, 1.0 and true are three values."""
    then, new = _pack([*_facts(was)]), _pack([*_facts(now)])
    return then == new or then == _pack(_facts_of(new))  # boxes may be of integers until they are read again


def _invalid(pair: Pair) -> bool:
    return pair.fault is None and pair.verdict is not None and pair.verdict.state == "invalid"


def _dropped(pair: Pair) -> bool:
    return pair.fault is not None and pair.fault.drop


def _stopped(pairs: list[Pair]) -> list[int]:
    """Return how many pairs ended before the first document stage, at it, at the second stage, and so on."""
    ends = [len(pair.marks) or int(not pair.fault.drop) for pair in pairs if pair.fault is not None]
    return [ends.count(position) for position in range(max(ends, default=-1) + 1)]


def _doubtful(pair: Pair) -> bool:
    return pair.verdict is not None and pair.verdict.state != "valid"


def _noted(pair: Pair) -> bool:
    """Tell whether a pair is good and something is odd about it, or was mended."""
    odd = pair.verdict is not None and pair.verdict.state == "valid" and bool(pair.verdict.faults)
    return odd or any(mark.notes for mark in pair.marks)


def _contexts(pairs: list[Pair], position: int) -> list[int]:
    return sorted({pair.marks[position].context for pair in pairs if len(pair.marks) > position})
