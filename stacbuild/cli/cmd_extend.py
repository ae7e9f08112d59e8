"""`stacbuild extend`: extensions as a filter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from stacbuild.cli import filtering, options

if TYPE_CHECKING:
    from stacbuild.cli.session import Session


@options.command("extend")
@filtering.filter_options
@click.option(
    "-e",
    "--extension",
    "names",
    multiple=True,
    required=True,
    metavar="NAME",
    shell_complete=filtering.complete_names("extensions"),
    help="An extension of the recipe, as extensions.ids or ids; repeatable, applied in this order.",
)
@options.session
def command(
    session: Session,
    *,
    files: tuple[str, ...],
    names: tuple[str, ...],
    output: str,
    force: bool,
    failures: str | None,
) -> int:
    """Put extensions into items, as a build does.

    FILE is STAC items of any form, a folder of them, or - for standard input, as without FILE. Items go to standard
    output as NDJSON or to -o; their links and hrefs stay as they are. A file that an extension reads is looked for from
    the folder of the file that the item stands in, on standard input from the recipe's.

    The recipe may be a small file with [catalog] id and the [extensions.NAME] alone. Exits 1 when an item fails.
    """
    base = filtering.begin(session, files)
    from stacbuild.filters.bench import of_stage  # noqa: PLC0415  the engine is not for help
    from stacbuild.filters.reading import item_pieces  # noqa: PLC0415
    from stacbuild.recipe.schema import Collection  # noqa: PLC0415

    recipe = filtering.recipe_of(session)
    wanted = [name.removeprefix("extensions.") for name in names]
    chosen = filtering.found_names("extensions", wanted, recipe.document.extensions)
    wish = filtering.wish_of(session, base, output, failures, force=force)
    pieces = item_pieces(filtering.places_of(files, base), None)
    benches = of_stage(recipe.document, recipe.root, Collection(from_=[], extensions=chosen))
    return filtering.run(session, pieces, benches.made, wish)
