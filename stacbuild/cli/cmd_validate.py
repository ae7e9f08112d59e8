"""`stacbuild validate`: are these files valid STAC?"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from stacbuild.cli import options

if TYPE_CHECKING:
    from stacbuild.cli.session import Session
    from stacbuild.recipe.load import Recipe


@options.command("validate")
@click.argument("files", nargs=-1, metavar="[FILE]...")
@click.option(
    "--schemas", multiple=True, metavar="DIR", help="A folder of schemas laid out by URL (https/host/path); repeatable."
)
@click.option(
    "--engine",
    type=click.Choice(["fast", "stac-valid", "stac-validator"]),
    help="Who judges: compiled schemas, or the reference library.",
)
@click.option(
    "--formats",
    type=click.Choice(["datetime", "all", "off"]),
    help="Formats whose breach is an error; the others are warnings.",
)
@click.option("--missing-schemas", type=click.Choice(["warn", "fail"]), help="What a schema that is not at hand is.")
@click.option("--failures", metavar="FILE", help="Write every failure to FILE, an object a line.")
@options.session
def command(
    session: Session,
    *,
    files: tuple[str, ...],
    schemas: tuple[str, ...],
    engine: str | None,
    formats: str | None,
    missing_schemas: str | None,
    failures: str | None,
) -> int:
    """Judge STAC files: Items, Collections, Catalogs, FeatureCollections, arrays, NDJSON; also .gz and .zst.

    FILE may be a folder (all .json below it) or - for standard input. Without FILE it is a filter: documents come from
    standard input, those that are not invalid go to standard output as NDJSON, and what is wrong to standard error.

    No recipe is needed; one that -f names says where schemas are. Exits 1 when a document is invalid, 2 when a file is
    not there, 6 when one cannot be read. The network is not asked: `stacbuild schemas pull` fetches schemas.
    """
    session.running = True
    base = Path(session.settings.directory or ".")
    if not base.is_dir():
        raise click.UsageError(f"no such folder: {base}")
    if not files and sys.stdin.isatty():
        raise click.UsageError("no FILE given, and standard input is a terminal")
    from stacbuild.validate import Rules, open_judge, validate  # noqa: PLC0415  the engine is not for help

    named = tuple(base / folder for folder in schemas)
    absent = next((folder for folder in named if not folder.is_dir()), None)
    if absent is not None:
        raise click.UsageError(f"no such folder: {absent}")
    rules = Rules(named, cast("Any", engine), cast("Any", formats), cast("Any", missing_schemas))
    judge = open_judge(rules, _recipe(session))
    if files or session.settings.json:
        return session.show(validate(list(files) or ["-"], judge, base, failures=failures))
    return _filter(session, judge, base, failures)


def _recipe(session: Session) -> Recipe | None:
    """Return the recipe that was named; none is looked for."""
    if session.settings.file is None:
        return None
    with session.project() as project:
        return project.recipe


def _filter(session: Session, judge: Any, base: Path, failures: str | None) -> int:
    from stacbuild.ui import out, words  # noqa: PLC0415
    from stacbuild.validate import validate  # noqa: PLC0415

    with out.piped() as good:
        report = validate(["-"], judge, base, failures=failures, good=good)
    style = words.Style(session.paint(sys.stderr), session.redact, session.settings.verbosity)
    out.write_error("".join(f"{line}\n" for line in words.of(report, style)))
    return int(report.exit)
