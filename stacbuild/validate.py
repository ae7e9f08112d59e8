"""`validate FILE…`: STAC documents that lie anywhere, judged as a build judges its items. No recipe is needed.

Schemas are looked for in the folders that are named, then as the recipe says if there is one, then in the user's store
and among the core schemas. Never: the network, or a change of any file but the list of failures.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any, Final, Literal

import msgspec
from msgspec import Struct

from stacbuild.failing import Failure
from stacbuild.failures import Exit, Fault, ItemError
from stacbuild.losses import Losses, failure_of, refuse_absent
from stacbuild.recipe.load import Recipe
from stacbuild.report import ValidateReport
from stacbuild.sources import json_object, loose, repeated
from stacbuild.sources.base import SourceUnreadable
from stacbuild.stages.judge import Engine, Judge, Kind, Verdict, kind_of
from stacbuild.stages.schemas import SchemaStore, user_store
from stacbuild.workshop import tools_of

STATES: Final = ("valid", "invalid", "unchecked", "skipped")
_STAC: Final = ("stac_version", "stac_extensions", "links", "assets", "extent")
_OF_MAPPINGS = re.compile(r"^[^;]*\bmap(?:ping)?\b[^;]*; (?=schema )")
"""What a hint says of mappings, before it names the schema."""


class Rules(Struct, frozen=True):
    """How documents are judged; None: as the recipe says, or the default."""

    schemas: tuple[Path, ...] = ()
    engine: Engine | None = None
    formats: Literal["datetime", "all", "off"] | None = None
    missing: Literal["warn", "fail"] | None = None


class Judged(Struct):
    """A document with its verdict."""

    place: loose.Place
    number: int
    text: bytes
    document: dict[str, Any] | None
    kind: Kind
    state: str
    faults: tuple[Fault, ...]


def open_judge(rules: Rules, recipe: Recipe | None) -> Judge:
    """Return the judge for `rules`, which win over the recipe's."""
    if recipe is None:
        store = SchemaStore([*rules.schemas, user_store(os.environ)], {})
        return Judge(
            store,
            missing=rules.missing or "warn",
            formats=rules.formats or "datetime",
            engine=rules.engine or "fast",
        )
    tools, spec = tools_of(recipe), recipe.document.validation
    extra = {glob: [recipe.root / file for file in named] for glob, named in spec.extra.items()}
    return Judge(
        SchemaStore(
            [*rules.schemas, *map(Path, tools.schema_folders)],
            {url: Path(file) for url, file in tools.schema_files.items()},
            root=recipe.root,
            own=[file for named in extra.values() for file in named],
        ),
        missing=rules.missing or spec.missing_schemas,
        formats=rules.formats or spec.formats,
        engine=rules.engine or spec.engine,
        extra=extra,
    )


def validate(
    names: list[str], judge: Judge, base: Path, *, failures: str | None = None, good: IO[bytes] | None = None
) -> ValidateReport:
    """Judge every document of files, folders and standard input (`-`).

    Args:
        names: as the user wrote them, relative to `base`.
        judge: who judges.
        base: the folder that relative names start from.
        failures: a file that is written with every failure, an object a line.
        good: gets every document that is not invalid, as NDJSON.

    Raises:
        UsageError: a file is not there.
        SurroundingsError: the list of failures cannot be written.
    """
    found = list(loose.places(names, base))
    refuse_absent(found)
    began = time.perf_counter()
    with Losses(base, failures) as losses:
        report = ValidateReport(dict.fromkeys(("total", *STATES), 0), [], losses.told)
        for place in found:
            _file(place, judge, report, losses, good)
    report.seconds = round(time.perf_counter() - began, 3)
    return report


def _file(place: loose.Place, judge: Judge, report: ValidateReport, losses: Losses, good: IO[bytes] | None) -> None:
    """Judge what is in a file, and add it to the report."""
    counts = dict.fromkeys(STATES, 0)
    for judged in _documents(place, judge):
        counts[judged.state] += 1
        if judged.state == "invalid":
            report.exit = max(report.exit, Exit.SURROUNDINGS if _is_refused(judged) else Exit.FAILURES)
        elif good is not None and judged.document is not None:
            good.write(msgspec.json.format(judged.text, indent=-1) + b"\n")
        for failure in _failures(judged):
            losses.note(failure)
    for state, number in counts.items():
        report.documents[state] += number
    report.documents["total"] += sum(counts.values())
    verdict = next((state for state in ("invalid", "unchecked", "valid") if counts[state]), "skipped")
    report.files.append({"path": place.name, "verdict": verdict, "documents": counts})


def _documents(place: loose.Place, judge: Judge) -> Iterator[Judged]:
    try:
        for number, text in loose.texts(place):
            yield _judged(place, number, text, judge)
    except SourceUnreadable as error:
        fault = Fault("fetch", error.code, error.message, "", error.hint)
        yield Judged(place, 0, b"", None, "item", "invalid", (fault,))


def _judged(place: loose.Place, number: int, text: bytes, judge: Judge) -> Judged:
    try:
        document = json_object.object_of(text, "utf-8")
        json_object.canonical(document)
    except ItemError as error:
        fault = Fault("fetch", error.code, error.message, error.path, error.hint)
        return Judged(place, number, text, None, "item", "invalid", (fault,))
    kind = kind_of(document)
    if not _is_stac(document):
        if not place.named:
            return Judged(place, number, text, document, kind, "skipped", ())
        hint = "a STAC document has stac_version, and as type: Feature, Collection or Catalog"
        fault = Fault("fetch", "SB409", "not a STAC document", "", hint)
        return Judged(place, number, text, document, kind, "invalid", (fault,))
    verdict: Verdict = judge.judge(document, kind=kind)
    return Judged(place, number, text, document, kind, verdict.state, (*verdict.faults, *_twice(text)))


def _is_stac(document: dict[str, Any]) -> bool:
    return document.get("type") in ("Feature", "Collection", "Catalog") or (
        any(name in document for name in _STAC) and "id" in document
    )


def _twice(text: bytes) -> Iterable[Fault]:
    for path in repeated.repeated(text):
        message = f"{path} is named more than once in its object; the last one counts"
        yield Fault("fetch", "SB720", message, path, "readers differ on which one counts: keep one", warning=True)


def _is_refused(judged: Judged) -> bool:
    return any(fault.code == "SB412" for fault in judged.faults)


def _failures(judged: Judged) -> Iterator[Failure]:
    for fault in judged.faults:
        hint = None if fault.hint is None else _OF_MAPPINGS.sub("", fault.hint)
        told = msgspec.structs.replace(fault, hint=hint)
        yield failure_of(told, judged.document, judged.place.name, judged.number, kind=judged.kind)
