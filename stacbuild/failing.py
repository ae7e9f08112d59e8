"""The failures that a build remembers, from its rows, as failures.ndjson has them. Reads rows, writes one file."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from stacbuild import files
from stacbuild.as_built import OutputMemory
from stacbuild.failures import ERROR_TYPES, Fault, group_of
from stacbuild.model import Group, Input, Pair
from stacbuild.row_files import GroupEntry
from stacbuild.stamped import SourceMemory
from stacbuild.steps import refused
from stacbuild.trace import Reasons

DUPLICATE_KEY = "SB492"
WARNINGS = 1_000
"""Like warnings that are listed: all items may have one, and no list of them is held."""

Name = tuple[str, str, str, str]
"""Target, code, path, and the record's key or, where it has none, its place."""


class Failure(Struct, omit_defaults=True):
    """A line of failures.ndjson."""

    target: str
    item_id: str | None
    collection: str | None
    stage: str
    error_type: str
    message: str
    path: str
    hint: str | None
    attempts: int
    timestamp: str
    source: dict[str, Any]
    record: str | None
    code: str
    group: str
    ref: str | None
    severity: str = "error"
    kept: bool = False


class Failures(Struct):
    """All failures of a state: how many count, how many are kept, like ones together."""

    lines: list[bytes]
    count: int
    warnings: int
    groups: list[dict[str, Any]]
    reasons: Reasons = {}
    """Why records could not be mapped."""


def collect(
    entries: list[GroupEntry],
    sources: dict[str, SourceMemory],
    load: Callable[[GroupEntry], Group],
    level: str,
    before: dict[Name, tuple[int, str]],
    tried: Callable[[Failure], bool],
    redact: Callable[[str], str] = str,
    outputs: dict[str, OutputMemory] | None = None,
) -> Failures:
    """Return every failure that the rows remember.

    Args:
        entries: the groups; only those that have failures are read.
        sources: for keys that several records share and files that cannot be read.
        load: reads what is odd about a group.
        level: validation.level: under "warn" an invalid item is a warning.
        before: attempts and time of the failures of the last time, so that a remembered failure keeps them.
        tried: whether this build tried it (again): one attempt more, and its time is now.
        redact: takes secrets out of places and messages: the path of a source may hold one.
        outputs: for items that a file of theirs cannot hold.
    """
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    cautions: Counter[str] = Counter()
    found = list(
        _first(chain(_of_sources(sources), _of_groups(entries, load, level), _of_outputs(outputs or {})), cautions)
    )
    found.sort(key=lambda failure: (failure.target, failure.source.get("where", ""), failure.code, failure.path))
    counter: Counter[str] = Counter()
    example: dict[str, Failure] = {}
    for failure in found:
        again = tried(failure)
        failure.message = redact(failure.message)
        failure.source = {**failure.source, "where": redact(failure.source.get("where", ""))}
        attempts, then = before.get(_name(failure), (0, now))
        failure.attempts, failure.timestamp = (attempts + 1, now) if again else (max(attempts, 1), then)
        counter[failure.group] += failure.severity == "error"
        example.setdefault(failure.group, failure)
    targets = {f.target + f.source.get("where", "") for f in found if f.severity == "error"}
    return Failures(
        [msgspec.json.encode(failure) + b"\n" for failure in found],
        len(targets),
        cautions.total(),
        [_like(example[group], number) for group, number in counter.most_common() if number],
        _reasons(found),
    )


def _reasons(found: Iterable[Failure]) -> Reasons:
    reasons: Reasons = {}
    for failure in found:
        if failure.collection is not None and failure.stage == "transform" and failure.severity == "error":
            of = reasons.setdefault(failure.collection, {})
            number, example = of.get(failure.code, (0, failure.message))
            of[failure.code] = number + 1, example
    return reasons


def _first(found: Iterable[Failure], cautions: Counter[str]) -> Iterator[Failure]:
    """Yield failures, of warnings the first ones of each group; count the warnings of each."""
    for failure in found:
        if failure.severity != "error":
            cautions[failure.group] += 1
        if cautions[failure.group] <= WARNINGS:
            yield failure


def _like(example: Failure, count: int) -> dict[str, Any]:
    return {
        "group": example.group,
        "code": example.code,
        "count": count,
        "message": example.message,
        "target": example.target,
        "where": example.source.get("where"),
        "hint": example.hint,
    }


def _of_sources(sources: dict[str, SourceMemory]) -> Iterator[Failure]:
    for name, source in sorted(sources.items()):
        for file, trouble in sorted(source.troubles()):
            fault = Fault("fetch", "SB493", trouble, "", "its items stay as they were last built")
            yield failure_at(f"source:{name}", None, None, fault, {"name": name, "where": file}, None)
        for key, places in sorted(source.duplicates.items()):
            text = f"key '{key}' stands {len(places)} times: {', '.join(places[:8])}"
            fault = Fault("fetch", DUPLICATE_KEY, text, "", "a key identifies one record: choose other columns")
            for place in places:
                yield failure_at(f"source:{name}", None, None, fault, {"name": name, "where": place}, key)


def _of_outputs(outputs: dict[str, OutputMemory]) -> Iterator[Failure]:
    for name, output in sorted(outputs.items()):
        for path, left in sorted(output.left.items()):
            for one in left:
                text = f"output '{name}' leaves it out: {one.fault.message}"
                fault = msgspec.structs.replace(one.fault, message=text)
                place = {"name": name, "where": path}
                yield failure_at(f"item:{one.collection}/{one.id}", one.id, one.collection, fault, place, None)


def _of_groups(entries: list[GroupEntry], load: Callable[[GroupEntry], Group], level: str) -> Iterator[Failure]:
    for entry in entries:
        if entry.faults or any(t.failed or t.warned or t.kept or t.noted for t in entry.tallies.values()):
            group = load(entry)
            places = {row.key: _place(entry, row) for row in group.inputs}
            for row in group.inputs:
                if row.fault is not None:
                    yield failure_at(f"source:{entry.source}", None, None, row.fault, places[row.key], None)
            for collection, pairs in sorted(group.pairs.items()):
                for pair in pairs:
                    yield from _of_pair(collection, pair, places.get(pair.key, {}), level)


def _place(entry: GroupEntry, row: Input) -> dict[str, Any]:
    return {"name": entry.source, "where": entry.place(row)}


def _of_pair(collection: str, pair: Pair, place: dict[str, Any], level: str) -> Iterator[Failure]:
    kept = not pair.live and pair.kept is not None
    target = f"item:{collection}/{pair.id}" if pair.id is not None else f"collection:{collection}"
    if pair.fault is not None and pair.fault.drop:
        return
    if pair.fault is not None:
        yield failure_at(target, pair.id, collection, pair.fault, place, pair.key, kept=kept)
    elif pair.verdict is not None and pair.verdict.faults:
        stops = refused(pair.verdict, level) or (not pair.live and pair.verdict.state == "unchecked")
        for fault in pair.verdict.faults:
            says_why = not fault.warning or pair.verdict.state == "unchecked"
            severity = "error" if (stops or not pair.live) and says_why else "warning"
            yield failure_at(target, pair.id, collection, fault, place, pair.key, kept=kept, severity=severity)
    for note in (note for mark in pair.marks if pair.live for note in mark.notes):
        yield failure_at(target, pair.id, collection, note, place, pair.key, severity="warning")


def failure_at(
    target: str,
    item: str | None,
    collection: str | None,
    fault: Fault,
    place: dict[str, Any],
    record: str | None,
    *,
    kept: bool = False,
    severity: str = "error",
) -> Failure:
    """Return a fault as a failure.

    Args:
        target: what failed, as it is named on the command line.
        item: the item's id.
        collection: the collection's.
        fault: what is wrong.
        place: where the record stands: `name` of its source or file, `where` in it.
        record: the record's key.
        kept: an earlier version of the item stays.
        severity: error or warning.
    """
    return Failure(
        target=target,
        item_id=item,
        collection=collection,
        stage=fault.stage,
        error_type=ERROR_TYPES.get(fault.stage, "other"),
        message=fault.message,
        path=fault.path,
        hint=fault.hint,
        attempts=1,
        timestamp="",
        source=place,
        record=record,
        code=fault.code,
        group=group_of(fault),
        ref=None,
        severity=severity,
        kept=kept,
    )


def _name(failure: Failure) -> Name:
    """Return what tells a failure from the others of its file, whichever build it is of."""
    return failure.target, failure.code, failure.path, failure.record or failure.source.get("where", "")


def read_before(path: Path) -> dict[Name, tuple[int, str]]:
    """Return (attempts, timestamp) of each failure that was written the last time."""
    result: dict[Name, tuple[int, str]] = {}
    try:
        lines = path.read_bytes().splitlines()
    except OSError:
        return result
    for line in lines:
        try:
            failure = msgspec.json.decode(line, type=Failure)
        except msgspec.DecodeError:
            continue
        result[_name(failure)] = failure.attempts, failure.timestamp
    return result


def write(path: Path, failures: Failures) -> None:
    """Write failures.ndjson; an empty file says that there are none."""
    files.sweep_attempts([str(path.parent)])
    files.put(files.write_beside(str(path), failures.lines or [b""]), str(path))
