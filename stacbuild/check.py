"""Recipe verification for CI: names, files, schemas, and a sample of records through every stage. Touches no output."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final, NamedTuple

import msgspec

from stacbuild import canon, overlooked, strays
from stacbuild.failures import ERROR_TYPES, At, Exit, Fault, Problem, UsageError, group_of
from stacbuild.furnish import problems_beside
from stacbuild.jobs import Chunk, Job, Outcome
from stacbuild.naming import Feed, feeds_of
from stacbuild.recipe.load import Recipe
from stacbuild.recipe.schema import TableSource
from stacbuild.report import Caution, CheckReport
from stacbuild.routing import Routes
from stacbuild.sources import repeated, table
from stacbuild.sources.base import Shard, SourceUnreadable
from stacbuild.sources.registry import crawled, kind_of
from stacbuild.stages import reference
from stacbuild.work import Bench
from stacbuild.workshop import Workshop

RELATIVE: Final = "a path starts at the folder of the file that it is written in"


class Doubt(NamedTuple):
    """A warning of an item of the sample, and where its record is."""

    fault: Fault
    at: str


class Seen(NamedTuple):
    """What trying the records of a source found, besides failures."""

    doubts: dict[str, list[Doubt]]
    names: set[str]
    """Its columns, and the members that its records have."""


SAMPLE: Final = 100
"""Records of each file that are tried."""

OF_A_SOURCE: Final = 1000
"""Records of a source after which its further files are left: there may be a file an item."""

REPEATED: Final = 5
"""Repeated members of a file that are told."""


def problem_json(problem: Problem) -> dict[str, Any]:
    """Return a problem as reports have it."""
    at = problem.at
    place = None if at is None else {"file": at.file, "line": at.line, "column": at.column, "length": at.length}
    return {"code": problem.code, "message": problem.message, "hint": problem.hint, "at": place}


def refused(recipe: str, problems: list[Problem]) -> CheckReport:
    """Return the report of a recipe that cannot be used."""
    listed = [problem_json(problem) for problem in problems]
    return CheckReport(recipe, listed, {"tried": 0, "failed": 0}, [], exit=Exit.USAGE)


def check(recipe: Recipe, *, quick: bool) -> CheckReport:
    """Return what is wrong with a recipe that could be read, and what a sample of its records says."""
    problems = [*_files(recipe), *_schemas(recipe), *problems_beside(recipe)]
    warnings = [Caution(p.code, p.message, p.hint, str(p.at) if p.at else None) for p in recipe.warnings]
    report = CheckReport(recipe.name, [problem_json(p) for p in problems], {"tried": 0, "failed": 0}, [], warnings)
    if problems:
        report.exit = Exit.USAGE
        return report
    report.warnings += [*overlooked.idle(recipe), *overlooked.shown(recipe)]
    if not quick:
        _sample(recipe, report)
        report.exit = Exit.USAGE if report.problems else Exit.FAILURES if report.failures else Exit.OK
    return report


def _files(recipe: Recipe) -> Iterator[Problem]:
    for name, source in sorted(recipe.document.sources.items()):
        for path in kind_of(source).missing_paths(source, recipe.root):
            kind = "no file matches" if any(mark in path for mark in "*?[") else "there is no file"
            text = f"source '{name}': {kind} {path}"
            yield Problem("SB108", text, _place_of(recipe, name), RELATIVE)


def _schemas(recipe: Recipe) -> Iterator[Problem]:
    schemas = recipe.document.validation.schemas
    for path in schemas.values() if isinstance(schemas, dict) else schemas:
        if not os.path.exists(recipe.root / path):  # noqa: PTH110 - of a name that is too long `Path` raises
            at = recipe.at("validation", "schemas")
            yield Problem("SB109", f"validation: there is no {path}", at, RELATIVE)
    for glob, files in sorted(recipe.document.validation.extra.items()):
        for path in files:
            if not os.path.isfile(recipe.root / path):  # noqa: PTH113 - likewise
                at = recipe.at("validation", "extra", glob)
                text = f"validation.extra: there is no file {path}"
                yield Problem("SB109", text, at, RELATIVE)
    yield from engine_problems(recipe)


def engine_problems(recipe: Recipe) -> list[Problem]:
    """Return a problem if the engine that is to judge is not installed."""
    spec = recipe.document.validation
    if spec.engine == "fast" or spec.level == "off":
        return []
    try:
        reference.name()
    except UsageError as error:
        at = recipe.at("validation", "engine")
        return [msgspec.structs.replace(problem, at=at) for problem in error.problems]
    return []


def missing(recipe: Recipe, known: set[str]) -> list[Problem]:
    """Return a problem for each source file that is named, is not there and never was; `known` are those that were."""
    found = []
    for name, source in sorted(recipe.document.sources.items()):
        absent = [
            path for path in kind_of(source).missing_paths(source, recipe.root) if not any(m in path for m in "*?[")
        ]
        for path in absent:
            if f"{name}\0{path}" not in known:
                text = f"source '{name}': there is no file {path}"
                found.append(Problem("SB108", text, _place_of(recipe, name), RELATIVE))
    return found


def _place_of(recipe: Recipe, name: str) -> At | None:
    """Return where a source says where its files lie."""
    key = "path" if crawled(recipe.document.sources[name]) is None else "href"
    return recipe.at("sources", name, key)


def _sample(recipe: Recipe, report: CheckReport) -> None:
    shop = Workshop(recipe)
    recipe = shop.recipe  # with the tables and functions that stand beside it
    doubts: dict[str, list[Doubt]] = {}
    try:
        _patterns(shop, report)
        bench = Bench(shop.tools)
        for name in sorted(recipe.document.sources):
            feeds, seen = feeds_of(recipe.document, name), Seen(doubts, set())
            shards = _shards(recipe, name, report)
            empty = looked = 0
            last = report.sample["tried"] + OF_A_SOURCE
            for shard in shards:
                if report.sample["tried"] >= last:
                    break
                looked += 1
                empty += not _try_file(recipe, name, shard, feeds, bench, report, seen)
                report.warnings += _repeated(recipe, name, shard)
            report.warnings += [
                *_passed_over(recipe, name, empty, looked),
                *overlooked.absent(recipe, name, seen.names),
            ]
        report.warnings += [_doubt(some) for some in doubts.values()]
    finally:
        shop.close()


def _shards(recipe: Recipe, name: str, report: CheckReport) -> list[Shard]:
    """Return the files of a source that hold records or cannot be read, and note links that are not followed."""
    source = recipe.document.sources[name]
    crawls = crawled(source)
    if crawls is None:
        return kind_of(source).shards(source, recipe.root)
    found = crawls.crawl(source, recipe.root, {}, reread=True)
    report.warnings += strays.of_crawl(name, found)
    return [shard for shard in found.shards if not shard.above or shard.trouble is not None]


def _patterns(shop: Workshop, report: CheckReport) -> None:
    """List the sources where a pattern has to find its targets, and note the patterns that find none."""
    if not shop.routes.patterns:
        return
    shop.listings()
    for pattern in shop.routes.empty(shop.targets):
        at = shop.recipe.at("collections", pattern)
        text = f"collection '{pattern}' matches no collection that its sources name"
        report.problems.append(problem_json(Problem("SB116", text, at, "`stacbuild ls` lists what there is")))


def _try_file(
    recipe: Recipe,
    name: str,
    shard: Shard,
    feeds: list[Feed],
    bench: Bench,
    report: CheckReport,
    seen: Seen,
) -> bool:
    """Try the first records of a file; return whether it has any, or cannot be read."""
    before, spec = report.sample["tried"], recipe.document.sources[name]
    if isinstance(spec, TableSource):
        seen.names.update(table.columns(shard, spec))
    try:
        for raw in islice(kind_of(spec).read(shard, spec), SAMPLE):
            place = {"name": name, "where": f"{shard.name}:{raw.line}"}
            report.sample["tried"] += 1
            fault = raw.fault
            if fault is None and raw.key is None:
                fault = Fault("fetch", "SB491", "no value in the source's key")
            record = None if fault is not None else canon.decode(raw.blob)
            seen.names.update(record or ())
            targets = [] if record is None else _targets(recipe, feeds, record)
            outcomes = _made(raw.blob, name, shard, targets, bench)
            faults = [fault] if fault is not None else [one for outcome in outcomes for one in _of(outcome)]
            for one in (one for outcome in outcomes for one in outcome.faults if one.warning):
                seen.doubts.setdefault(group_of(one), []).append(Doubt(one, _from_here(recipe, place["where"])))
            report.sample["failed"] += bool(faults)
            report.failures += [_failure(fault, place, recipe) for fault in faults]
    except SourceUnreadable as error:
        fault = Fault("fetch", error.code, error.message, "", error.hint)
        report.failures.append(_failure(fault, {"name": name, "where": shard.name}, recipe))
        return True
    return report.sample["tried"] > before


def _passed_over(recipe: Recipe, name: str, empty: int, files: int) -> list[Caution]:
    """Return a warning if files of a source of items hold none; a Catalog that a pattern finds is not an error."""
    if not empty or recipe.document.sources[name].gives != "items":
        return []
    text = f"source '{name}': {empty} of {files} files hold no Item and are passed over: Catalogs, Collections, nothing"
    return [Caution("SB721", text, None, str(_place_of(recipe, name)))]


def _repeated(recipe: Recipe, name: str, shard: Shard) -> list[Caution]:
    """Return a warning for each member that a JSON record of the sample names twice, a few of a file."""
    source = recipe.document.sources[name]
    found = list(islice(repeated.in_file(shard, source, SAMPLE), REPEATED + 1))
    text = "{} is named more than once in its object; the last one counts"
    hint = "readers differ on which one counts: keep one"
    more = "; there are more" if len(found) > REPEATED else ""
    return [
        Caution("SB720", text.format(path) + more, hint, _from_here(recipe, f"{shard.name}:{line}"))
        for line, path in found[:REPEATED]
    ]


def _made(blob: bytes, name: str, shard: Shard, targets: list[str], bench: Bench) -> list[Outcome]:
    """Return what comes of a record in each of its collections."""
    base = shard.name.rpartition("/")[0]
    jobs = [Job(collection, blob, name, base, canon.digest(blob), 0) for collection in targets]
    return bench.run(Chunk(0, jobs)).outcomes


def _doubt(doubts: list[Doubt]) -> Caution:
    """Return one warning for like ones of several records."""
    first, at = doubts[0]
    more = f" ({len(doubts)} items of the sample)" if len(doubts) > 1 else ""
    return Caution(first.code, f"{first.message}{more}", first.hint, at)


def _targets(recipe: Recipe, feeds: list[Feed], record: Any) -> list[str]:
    routes = Routes(recipe)
    found = ((feed.table, feed.target(routes, record)) for feed in feeds)
    return [table if target is None else target for table, target in found if target != ""]


def _of(outcome: Outcome) -> list[Fault]:
    if outcome.fault is not None:
        return [] if outcome.fault.drop else [outcome.fault]
    return [fault for fault in outcome.faults if not fault.warning] if outcome.state == "invalid" else []


def _from_here(recipe: Recipe, where: str) -> str:
    """Return a place in a source as it is found from the current folder, as the recipe itself is named."""
    path = os.path.normpath(recipe.path.parent / where)
    near = os.path.relpath(path)
    return path if near.startswith(os.pardir) else near


def _failure(fault: Fault, place: dict[str, str], recipe: Recipe) -> dict[str, Any]:
    return {
        "stage": fault.stage,
        "error_type": ERROR_TYPES.get(fault.stage, "other"),
        "code": fault.code,
        "message": fault.message,
        "path": fault.path,
        "hint": fault.hint,
        "source": place,
        "at": _from_here(recipe, place["where"]),
    }
