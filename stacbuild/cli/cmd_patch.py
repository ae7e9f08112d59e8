"""`stacbuild patch`: changes by selection as a filter."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from stacbuild.cli import filtering, options

if TYPE_CHECKING:
    from stacbuild.cli.session import Session
    from stacbuild.recipe.schema import Document, Patch


@options.command("patch")
@filtering.filter_options
@click.option(
    "-p",
    "--patch",
    "names",
    multiple=True,
    metavar="NAME",
    shell_complete=filtering.complete_names("patches"),
    help="A patch of the recipe, as patches.fix-gsd or fix-gsd; repeatable, applied in this order.",
)
@click.option("--where", metavar="CQL2", help="Without a recipe: the items that are changed; else all are.")
@click.option(
    "--set",
    "put",
    multiple=True,
    metavar="PATH=VALUE",
    help="Set what stands at a dotted path, as properties.gsd=10; a value is JSON, or else text.",
)
@click.option("--append", multiple=True, metavar="PATH=VALUE", help="Put a value, or those of an array, into an array.")
@click.option("--remove", multiple=True, metavar="PATH", help="Take away what stands at a path.")
@click.option("--drop", is_flag=True, help="Leave the items out.")
@options.session
def command(
    session: Session,
    *,
    files: tuple[str, ...],
    names: tuple[str, ...],
    where: str | None,
    put: tuple[str, ...],
    append: tuple[str, ...],
    remove: tuple[str, ...],
    drop: bool,
    output: str,
    force: bool,
    failures: str | None,
) -> int:
    """Change the items that a condition selects, as a build does: by patches of the recipe, or by flags without one.

    FILE is STAC items of any form, a folder of them, or - for standard input, as without FILE. Items go to standard
    output as NDJSON or to -o, those that are not selected too; links and hrefs stay as they are.

    Exits 1 when an item cannot be read or changed; the others are written. Items that --drop leaves out are no failure.
    """
    base = filtering.begin(session, files)
    by_flags = bool(where is not None or put or append or remove or drop)
    if by_flags == bool(names):
        raise click.UsageError("name patches of the recipe with -p, or say by --set, --append, --remove or --drop what")
    from stacbuild.filters import flags  # noqa: PLC0415  the engine is not for help
    from stacbuild.filters.bench import of_stage  # noqa: PLC0415
    from stacbuild.filters.reading import item_pieces  # noqa: PLC0415
    from stacbuild.recipe.schema import Collection  # noqa: PLC0415

    if by_flags:
        patch = flags.patch_of(where, list(put), list(append), list(remove), drop=drop)
        document, root, chosen = _alone(patch), base.absolute(), [flags.NAME]
    else:
        recipe = filtering.recipe_of(session)
        document, root = recipe.document, recipe.root
        chosen = filtering.found_names("patches", [name.removeprefix("patches.") for name in names], document.patches)
    wish = filtering.wish_of(session, base, output, failures, force=force)
    pieces = item_pieces(filtering.places_of(files, base), None)
    benches = of_stage(document, Path(root), Collection(from_=[], patches=chosen))
    return filtering.run(session, pieces, benches.made, wish)


def _alone(patch: Patch) -> Document:
    """Return a recipe of one patch."""
    from stacbuild.filters.flags import NAME  # noqa: PLC0415
    from stacbuild.recipe.schema import Catalog, Document  # noqa: PLC0415

    return Document(catalog=Catalog(id=NAME), patches={NAME: patch})
