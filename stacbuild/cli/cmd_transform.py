"""`stacbuild transform`: a mapping as a filter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from stacbuild.cli import filtering, options

if TYPE_CHECKING:
    from stacbuild.cli.session import Session
    from stacbuild.recipe.schema import Document, TableSource


@options.command("transform")
@filtering.filter_options
@click.option(
    "-m",
    "--mapping",
    required=True,
    metavar="NAME",
    shell_complete=filtering.complete_names("mappings"),
    help="The mapping of the recipe, as mappings.scenes or scenes.",
)
@click.option(
    "--collection",
    metavar="ID",
    help="The items' collection; without it what the mapping names or the recipe has for it, else items.",
)
@click.option(
    "--source",
    metavar="NAME",
    shell_complete=filtering.complete_names("sources"),
    help="Read as this source of the recipe says: format, encoding, delimiter, missing, ignore.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "tsv", "json", "ndjson", "parquet"]),
    help="How the input is written; without it told from the name, on standard input JSON or NDJSON.",
)
@click.option("--items", "are_items", is_flag=True, help="The input is STAC items, whatever it looks like.")
@click.option("--base-url", metavar="URL", help="Make relative hrefs absolute with it.")
@options.session
def command(
    session: Session,
    *,
    files: tuple[str, ...],
    mapping: str,
    collection: str | None,
    source: str | None,
    form: Any,
    are_items: bool,
    base_url: str | None,
    output: str,
    force: bool,
    failures: str | None,
) -> int:
    """Make items of records by a mapping of the recipe, as a build does; or lay the mapping over items.

    FILE is csv, tsv, json, ndjson or parquet, or - for standard input, as without FILE. Items go to standard output as
    NDJSON or to -o, as the ndjson output writes them: with a link to their collection, and local hrefs relative to the
    recipe's folder, or absolute below --base-url. The collection's where, extensions and patches are not applied.

    Exits 1 when a record fails; the others are written. The recipe needs no outputs.
    """
    base = filtering.begin(session, files)
    from stacbuild.filters.bench import of_mapping  # noqa: PLC0415  the engine is not for help
    from stacbuild.filters.reading import record_pieces  # noqa: PLC0415

    recipe = filtering.recipe_of(session)
    document = recipe.document
    [name] = filtering.found_names("mappings", [mapping.removeprefix("mappings.")], document.mappings)
    table = _table(document, source, form)
    wish = filtering.wish_of(session, base, output, failures, force=force)
    pieces = record_pieces(filtering.places_of(files, base), table, are_items=are_items)
    benches = of_mapping(document, recipe.root, name, collection, base_url)
    return filtering.run(session, pieces, benches.made, wish)


def _table(document: Document, source: str | None, form: Any) -> TableSource:
    """Return how records are read; whatever the source's key, each record is for itself."""
    import msgspec  # noqa: PLC0415

    from stacbuild.recipe.schema import TableSource  # noqa: PLC0415

    tables = {name: table for name, table in document.sources.items() if isinstance(table, TableSource)}
    plain = TableSource(path="", key="*")
    if source is not None:
        [name] = filtering.found_names("sources", [source.removeprefix("sources.")], tables)
        plain = msgspec.structs.replace(tables[name], key="*")
    return plain if form is None else msgspec.structs.replace(plain, format=form)
