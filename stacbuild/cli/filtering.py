"""What the filters' commands share: their options, their recipe, and where items and words go.

Items go to standard output or a file, words to standard error; with --json standard output is the document.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from stacbuild.cli import options

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from stacbuild.cli.session import Session
    from stacbuild.filters.sift import Wish, Work
    from stacbuild.recipe.load import Recipe
    from stacbuild.sources.loose import Place

Function = TypeVar("Function", bound=Callable[..., Any])
STDIN = "-"

FAILURES = click.option("--failures", metavar="FILE", help="Write every failure to FILE, an object a line.")
FORCE = click.option("--force", is_flag=True, help="Overwrite what is there.")
OUTPUT = click.option(
    "-o",
    "--output",
    default=STDIN,
    metavar="PATH",
    shell_complete=options.complete("file"),
    help="Write there instead of to standard output; the suffix says in which form, as for convert.",
)


def filter_options(function: Function) -> Function:
    """Declare FILE…, -o, --force, --failures."""
    for option in (FAILURES, FORCE, OUTPUT):
        function = option(function)
    return click.argument("files", nargs=-1, metavar="[FILE]...", shell_complete=options.complete("file"))(function)


def complete_names(table: str) -> Callable[..., list[CompletionItem]]:
    """Return a completion by the names of a table of the recipe."""

    def ask(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem  # noqa: PLC0415

        from stacbuild import project  # noqa: PLC0415
        from stacbuild.cli.session import Session  # noqa: PLC0415

        settings = ctx.ensure_object(Session).settings
        document = project.open(settings.file, directory=settings.directory).recipe.document
        return [CompletionItem(name) for name in sorted(getattr(document, table)) if name.startswith(incomplete)]

    return ask


def begin(session: Session, files: tuple[str, ...]) -> Path:
    """Return the folder that names start from; refuse to wait for a terminal."""
    session.running = True
    base = Path(session.settings.directory or ".")
    if not base.is_dir():
        raise click.UsageError(f"no such folder: {base}")
    if (not files or STDIN in files) and sys.stdin.isatty():
        raise click.UsageError("no FILE given, and standard input is a terminal")
    return base


def recipe_of(session: Session) -> Recipe:
    """Return the recipe with what stands beside it."""
    from stacbuild.furnish import furnished  # noqa: PLC0415  the engine is not for help

    with session.project() as project:
        return furnished(project.recipe, {})[0]


def found_names(table: str, names: Iterable[str], known: Mapping[str, object]) -> list[str]:
    """Return names, each of which the recipe has in a table.

    Raises:
        UsageError: SB553.
    """
    from stacbuild.failures import Problem, UsageError  # noqa: PLC0415
    from stacbuild.recipe.names import did_you_mean  # noqa: PLC0415

    wanted = list(names)
    absent = [name for name in wanted if name not in known]
    if absent:
        word = table.removesuffix("s")
        there = "the recipe has"
        raise UsageError(
            [Problem("SB553", f"no {word} '{name}'", hint=did_you_mean(name, known, there)) for name in absent]
        )
    return wanted


def places_of(files: tuple[str, ...], base: Path) -> list[Place]:
    """Return the files that names stand for; standard input where there are none."""
    from stacbuild.losses import refuse_absent  # noqa: PLC0415
    from stacbuild.sources import loose  # noqa: PLC0415

    found = list(loose.places(list(files) or [STDIN], base))
    refuse_absent(found)
    return found


def wish_of(session: Session, base: Path, output: str, failures: str | None, *, to: Any = None, force: bool) -> Wish:
    """Return where items and failures go.

    Raises:
        click.UsageError: items and the document of --json would both go to standard output.
        UsageError: SB550, SB551.
    """
    from stacbuild.filters.forms import target_of  # noqa: PLC0415
    from stacbuild.filters.sift import Wish  # noqa: PLC0415

    target = target_of(output, to, base, force=force)
    if target.path is None and session.settings.json:
        raise click.UsageError("--json prints its document to standard output: name a file for the items")
    return Wish(session.command or "", target, output, failures, base)


def run(session: Session, pieces: Iterable[Any], work: Work, wish: Wish) -> int:
    """Sift, and say what came of it; return the exit status."""
    from stacbuild.events import nobody  # noqa: PLC0415
    from stacbuild.filters.sift import sift  # noqa: PLC0415
    from stacbuild.ui import out, words  # noqa: PLC0415

    if wish.target.path is not None:
        report = sift(pieces, work, wish, None, session.watch)
        if session.settings.json:
            return session.show(report)
    else:
        with out.piped() as stdout:
            watch = nobody if out.is_terminal() else session.watch  # bars would stand among the items
            report = sift(pieces, work, wish, stdout, watch)
    style = words.Style(session.paint(sys.stderr), session.redact, session.settings.verbosity)
    out.write_error("".join(f"{line}\n" for line in words.of(report, style)))
    session.watch.finished(wish.command, report.exit)
    return int(report.exit)
