"""`lock` and `verify` in words: what agrees in a line each, what does not with a line a difference. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from stacbuild.events import many
from stacbuild.failures import Exit
from stacbuild.ui.counts import count, duration

if TYPE_CHECKING:
    from stacbuild.report import LockedPart, LockReport, OutputsPart, Reason, SamplePart, StorePart, VerifyReport, Wrong
    from stacbuild.ui.paint import Paint

ROWS = 20
WIDEST = 60


def locked(report: LockReport, paint: Paint) -> list[str]:
    """Return the lines of `lock`: what moved since the last one."""
    total = many(sum(report.sources.values()), "input")
    facts = f"({many(len(report.sources), 'source')}, {total}, {duration(report.seconds)})"
    if not report.written:
        return [f"{report.path}: {paint.good('unchanged')} {facts}"]
    done = "written" if report.created else "updated"
    return [f"{report.path}: {paint.good(done)} {facts}", *_some([f"  {_sentence(one)}" for one in report.moved])]


def verified(report: VerifyReport, paint: Paint) -> list[str]:
    """Return the lines of `verify`: a head, then a part for each thing that was looked at."""
    good = report.exit is Exit.OK
    word = paint.good("as promised") if good else paint.bad("not as promised")
    if report.exit is Exit.STALE:
        word = paint.warn("not as locked")
    lines = [f"{report.recipe}: {word} ({duration(report.seconds)})"]
    lines += _locked(report.locked, paint) if report.locked is not None else []
    lines += _outputs(report.outputs, paint) if report.outputs is not None else []
    lines += _store(report.store, paint) if report.store is not None else []
    lines += _sample(report.sample, paint) if report.sample is not None else []
    return lines


def _locked(part: LockedPart, paint: Paint) -> list[str]:
    if not part.moved:
        return [f"  {part.path}: {paint.good('agrees')}"]
    head = f"  {part.path}: {paint.warn(many(len(part.moved), 'difference'))}"
    hint = "    = hint: if this is meant, `stacbuild lock` brings it up to date"
    return [head, *_some([f"    {_sentence(one)}" for one in part.moved]), hint]


def _sentence(reason: Reason) -> str:
    from stacbuild.locked import sentence  # noqa: PLC0415 - other reports need no listing

    return sentence(reason) + (f" ({reason.at})" if reason.at else "")


def _outputs(part: OutputsPart, paint: Paint) -> list[str]:
    restored = "; the memory is lost: compared with the manifests" if part.restored else ""
    whole = f"{many(part.files, 'file')} as written"
    foreign = [f"    {path}: no build wrote it" for path in part.foreign]
    if not part.wrong:
        return [f"  outputs: {paint.good(whole)}{restored}", *_some(foreign)]
    head = f"  outputs: {paint.bad(f'{count(len(part.wrong))} wrong')}, {whole}{restored}"
    manifests = [one for one in part.wrong if one.what.startswith("manifest")]
    hints = ["    = hint: `stacbuild build --force` looks into the manifests too"] if manifests else []
    if len(manifests) < len(part.wrong):
        hints.append("    = hint: `stacbuild build` writes them again; what shall stay belongs into the recipe")
    return [head, *_wrong(part.wrong), *hints, *_some(foreign)]


def _store(part: StorePart, paint: Paint) -> list[str]:
    whole = f"{many(part.chunks, 'chunk')} whole{'' if part.known else ', needed or not'}"
    if not part.wrong:
        return [f"  store: {paint.good(whole)}"]
    head = f"  store: {paint.bad(f'{count(len(part.wrong))} wrong')}, {whole}"
    hint = "    = hint: a build makes them again when it needs them; `stacbuild build --force` does now"
    return [head, *_wrong(part.wrong), hint]


def _sample(part: SamplePart, paint: Paint) -> list[str]:
    of = f"{count(part.items)} of {many(part.total, 'item')} made again"
    rest = [f"    {count(number)} left out: {why}" for why, number in part.skipped.items()]
    if not part.wrong:
        good = paint.good(f"{of}, and {many(part.files, 'file')}: the same bytes")
        return [f"  sample: {good} (--seed {part.seed})", *rest]
    head = f"  sample: {paint.bad(f'{count(len(part.wrong))} wrong')}; {of}, and {many(part.files, 'file')}"
    hint = "    = hint: what makes an item must depend on its record alone: no clock, no chance, no order of a set"
    impure = any(one.what not in ("unbuilt", "edited", "unknown") for one in part.wrong)
    return [f"{head} (--seed {part.seed})", *_wrong(part.wrong), *([hint] if impure else []), *rest]


def _wrong(wrong: list[Wrong]) -> list[str]:
    return _some([line for one in wrong for line in _one(one)])


def _one(one: Wrong) -> list[str]:
    differences = [f"      {_difference(each)}" for each in one.differences]
    name = f"{one.target} ({one.path})" if one.what == "unbuilt" else one.path or one.target
    return [f"    {name}: {one.message or one.what}", *differences]


def _difference(told: dict[str, Any]) -> str:
    sides = [_short(told[side]) if side in told else "nothing" for side in ("before", "after")]
    return f"{told.get('path') or 'the whole'}: {sides[0]} -> {sides[1]}"


def _short(value: Any) -> str:
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= WIDEST else text[: WIDEST - 3] + "..."


def _some(lines: list[str]) -> list[str]:
    more = len(lines) - ROWS
    return lines if more <= 0 else [*lines[:ROWS], f"    and {count(more)} more: --json lists all"]
