"""`stacbuild check`: is the recipe right?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from stacbuild.cli import options

if TYPE_CHECKING:
    from stacbuild.cli.session import Session
    from stacbuild.report import CheckReport


@options.command("check")
@click.argument("recipes", nargs=-1, metavar="[RECIPE]...", shell_complete=options.complete("file"))
@click.option("--quick", is_flag=True, help="Only the recipe itself: no sample of records.")
@click.option(
    "--output-format",
    type=click.Choice(["full", "concise", "json", "github", "junit"]),
    default="full",
    show_default=True,
    help="Problems as frames, one a line, as JSON, as annotations for GitHub, or as JUnit XML.",
)
@options.session
def command(session: Session, *, recipes: tuple[str, ...], quick: bool, output_format: str) -> int:
    """Check recipes: names, files, schemas, and a sample of records through mapping and validation.

    Exits 2 when a recipe is wrong, 1 when only records of the sample failed. No output is touched.
    """
    session.settings.json = session.settings.json or output_format == "json"
    session.form = output_format
    from stacbuild.ui.checked import merged  # noqa: PLC0415

    return session.show(merged([_checked(session, recipe, quick=quick) for recipe in recipes or (None,)]))


def _checked(session: Session, recipe: str | None, *, quick: bool) -> CheckReport:
    from stacbuild.failures import RecipeError  # noqa: PLC0415
    from stacbuild.ui.checked import refused  # noqa: PLC0415

    try:
        with session.project(recipe) as project:
            return project.check(quick=quick)
    except RecipeError as error:
        return refused(recipe or session.settings.file or "stacbuild.toml", error)
