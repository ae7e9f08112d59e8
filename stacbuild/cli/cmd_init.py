"""`stacbuild init`: a first recipe, a ready one, or an empty STAC document."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stacbuild.cli import options

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from stacbuild.cli.session import Session
    from stacbuild.report import InitReport

RECIPE = "stacbuild.toml"
LIST = "list"


def _complete(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem  # noqa: PLC0415

    from stacbuild.init import ready  # noqa: PLC0415

    return [CompletionItem(name) for name in ready.names() if name.startswith(incomplete)]


@options.command("init")
@click.argument("what", required=False, metavar="[FILE or FOLDER]", shell_complete=options.complete("file"))
@click.option("--template", type=click.Choice(["catalog", "collection", "item"]),
              help="Print an empty valid STAC document to fill in.")  # fmt: skip
@click.option("--from", "ready", metavar="NAME", shell_complete=_complete,
              help="Copy a ready recipe with its mapping and fixture; `list` lists them.")  # fmt: skip
@click.option("--list", "listing", is_flag=True, help="List the ready recipes.")
@click.option("-o", "--output", metavar="PATH", shell_complete=options.complete("file"),
              help=f"Where to write: a recipe ({RECIPE}), a copy (this folder), a document (stdout).")  # fmt: skip
@click.option("--force", is_flag=True, help="Overwrite what is there.")
@options.session
def command(
    session: Session,
    *,
    what: str | None,
    template: str | None,
    ready: str | None,
    listing: bool,
    output: str | None,
    force: bool,
) -> int:
    """Write a first recipe from what is there: a table, STAC items in a file, or a folder of either.

    Of a table the first 1,000 records are looked at: key, geometry, times, assets and properties are guessed, and
    comments in the recipe say why. Nothing is overwritten without --force. The recipe is checked as it is written.
    """
    wishes = [wish for wish in (what, template, ready, listing or None) if wish is not None]
    if len(wishes) != 1:
        raise click.UsageError("name one thing: a FILE or FOLDER, --template KIND, --from NAME, or --list")
    home = Path(session.settings.directory or ".")
    if not home.is_dir():
        raise click.UsageError(f"no such folder: {home}")
    if listing or ready == LIST:
        return session.show(_list())
    if template is not None:
        return session.show(_template(template, home / output if output else None, force=force))
    if ready is not None:
        return session.show(_copy(ready, home / (output or "."), force=force))
    assert what is not None
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", what):
        raise options.NotYet("`init URL`")
    return session.show(_first(session, home / what, home / (output or RECIPE), force=force))


def _list() -> InitReport:
    from stacbuild.init import ready  # noqa: PLC0415
    from stacbuild.report import InitReport  # noqa: PLC0415

    return InitReport([], ready=[{"name": name, "title": title} for name, title in ready.names().items()])


def _template(kind: str, file: Path | None, *, force: bool) -> InitReport:
    import msgspec  # noqa: PLC0415

    from stacbuild.init.templates import TEMPLATES  # noqa: PLC0415
    from stacbuild.report import InitReport  # noqa: PLC0415

    document: dict[str, Any] = TEMPLATES[kind]
    if file is None:
        return InitReport([], document=document)
    text = msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"
    return InitReport(_written({file: text}, force=force), document=document)


def _copy(name: str, folder: Path, *, force: bool) -> InitReport:
    import difflib  # noqa: PLC0415

    from stacbuild.failures import Problem, UsageError  # noqa: PLC0415
    from stacbuild.init import ready  # noqa: PLC0415
    from stacbuild.report import InitReport  # noqa: PLC0415

    known = ready.names()
    if name not in known:
        near = difflib.get_close_matches(name, known, 3)
        hint = (
            f"did you mean {', '.join(f'`{each}`' for each in near)}?" if near else "`stacbuild init --list` lists all"
        )
        raise UsageError(Problem("SB542", f"there is no ready recipe '{name}'", hint=hint))
    copies = {folder / path: blob for path, blob in ready.contents(name).items()}
    return InitReport(_written(copies, force=force))


def _first(session: Session, what: Path, recipe: Path, *, force: bool) -> InitReport:
    from stacbuild.init import begin  # noqa: PLC0415
    from stacbuild.report import InitReport  # noqa: PLC0415

    _refuse([recipe], force=force)
    draft = begin.draft(what, recipe.parent)
    report = InitReport(_written({recipe: draft.text.encode()}, force=force), looked=draft.looked, doubts=draft.doubts)
    directory, session.settings.directory = session.settings.directory, None
    try:
        with session.project(str(recipe)) as project:
            checked = project.check()
    finally:
        session.settings.directory = directory
    report.sample, report.failures = checked.sample, checked.failures
    return report


def _written(files: dict[Path, bytes], *, force: bool) -> list[str]:
    """Write files, all or, if one of them is there already, none; return their names."""
    _refuse(list(files), force=force)
    for file, blob in files.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(blob)
    return [os.path.normpath(file) for file in files]


def _refuse(files: list[Path], *, force: bool) -> None:
    from stacbuild.failures import Problem, UsageError  # noqa: PLC0415

    there = [] if force else [str(file) for file in files if os.path.lexists(file)]
    if there:
        more = f" and {len(there) - 1} more" if len(there) > 1 else ""
        hint = "-o PATH writes elsewhere, --force overwrites"
        raise UsageError(Problem("SB543", f"{there[0]}{more} is there already", hint=hint))
