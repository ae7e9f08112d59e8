"""`stacbuild extend`: extensions as a filter."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from stacbuild.cli import filtering, options

if TYPE_CHECKING:
    from stacbuild.cli.session import Session
    from stacbuild.recipe.load import Recipe


@options.command("extend")
@filtering.filter_options
@click.option(
    "-e",
    "--extension",
    "names",
    multiple=True,
    metavar="NAME",
    shell_complete=filtering.complete_names("extensions"),
    help="An extension of the recipe, as extensions.ids or ids; repeatable, applied in this order.",
)
@click.option("--use", metavar="KIND", help="Without a recipe: an extension, as timestamps or ours.py:Class.")
@click.option(
    "--set",
    "put",
    multiple=True,
    metavar="KEY=VALUE",
    help="A key of that extension, as alternates.mirror.href=...; a value is JSON, or else text.",
)
@options.session
def command(
    session: Session,
    *,
    files: tuple[str, ...],
    names: tuple[str, ...],
    use: str | None,
    put: tuple[str, ...],
    output: str,
    force: bool,
    failures: str | None,
) -> int:
    """Put extensions into items, as a build does: those of the recipe, or one by flags without one.

    FILE is STAC items of any form, a folder of them, or - for standard input, as without FILE. Items go to standard
    output as NDJSON or to -o; their links and hrefs stay as they are. A file that an extension reads is looked for from
    the folder of the file that the item stands in, on standard input from the recipe's.

    The recipe may be a small file with [catalog] id and the [extensions.NAME] alone. Exits 1 when an item fails.
    """
    base = filtering.begin(session, files)
    if bool(use) == bool(names) or (put and not use):
        raise click.UsageError("name extensions of the recipe with -e, or say by --use and --set what")
    from stacbuild.filters.bench import of_stage  # noqa: PLC0415  the engine is not for help
    from stacbuild.filters.reading import item_pieces  # noqa: PLC0415
    from stacbuild.recipe.schema import Collection  # noqa: PLC0415

    recipe = _by_flags(use, put, base) if use else filtering.recipe_of(session)
    wanted = [name.removeprefix("extensions.") for name in names] or list(recipe.document.extensions)
    chosen = filtering.found_names("extensions", wanted, recipe.document.extensions)
    wish = filtering.wish_of(session, base, output, failures, force=force)
    pieces = item_pieces(filtering.places_of(files, base), None)
    benches = of_stage(recipe.document, recipe.root, Collection(from_=[], extensions=chosen))
    return filtering.run(session, pieces, benches.made, wish)


def _by_flags(use: str, put: tuple[str, ...], base: Path) -> Recipe:
    """Return a recipe of the extension that flags say."""
    from stacbuild.filters.flags import extension_of  # noqa: PLC0415  the engine is not for help
    from stacbuild.furnish import furnished  # noqa: PLC0415

    return furnished(extension_of(use, list(put), base.absolute()), {})[0]
