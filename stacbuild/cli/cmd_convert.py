"""`stacbuild convert A B`: items from form to form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from stacbuild.cli import filtering, options

if TYPE_CHECKING:
    from stacbuild.cli.session import Session


@options.command("convert")
@click.argument("a", metavar="A", shell_complete=options.complete("file"))
@click.argument("b", metavar="B", shell_complete=options.complete("file"))
@click.option(
    "--from",
    "form",
    type=click.Choice(["ndjson", "json", "parquet"]),
    help="How A is written; without it told from its name, on standard input from how it begins.",
)
@click.option(
    "--to",
    type=click.Choice(["ndjson", "json", "geojson", "parquet", "folder"]),
    help="How B is written; without it told from its name, to standard output as ndjson.",
)
@filtering.FORCE
@filtering.FAILURES
@options.session
def command(session: Session, *, a: str, b: str, form: Any, to: Any, force: bool, failures: str | None) -> int:
    """Write the items of A in the form of B, which is told from its name.

    \b
    Forms, by suffix:
      .ndjson .jsonl       an item a line
      .json                the Item, if there is one only; else a FeatureCollection
      .geojson             a FeatureCollection
      .parquet .geoparquet stac-geoparquet
      B/                   a folder: <collection>/<id>.json, or <id>.json of items without collection

    All but the last two forms also with .gz or .zst behind; - is standard input or output. A may be a folder: all .json
    below it. Items are not changed: hrefs and links stay as they are. No recipe is needed. B is put in place when it is
    whole, and not overwritten without --force.

    A table keeps less than the others: rows stand by moment and id; a member that is null is left out; moments are kept
    as such (12:00:00.500000Z comes back as 12:00:00.500Z), and a 1 among fractions as 1.0; members that STAC does not
    have become properties; a bbox that is missing is filled in.

    Exits 1 when an item cannot be read or written; the others are written.
    """  # noqa: D301  click's mark of a table
    base = filtering.begin(session, (a,))
    from stacbuild.filters.bench import straight  # noqa: PLC0415  the engine is not for help
    from stacbuild.filters.reading import item_pieces  # noqa: PLC0415

    wish = filtering.wish_of(session, base, b, failures, to=to, force=force)
    return filtering.run(session, item_pieces(filtering.places_of((a,), base), form), straight, wish)
