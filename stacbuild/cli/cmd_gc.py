"""`stacbuild gc`: make the store smaller."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from stacbuild.cli import options, parse

if TYPE_CHECKING:
    from stacbuild.cli.session import Session


@options.command("gc")
@click.option("--max-size", type=parse.Size(), metavar="S", help="Shrink the store to S, e.g. 20GB.")
@click.option("--max-age", type=parse.Age(), metavar="D", help="Drop what was not used for D, e.g. 7d.")
@options.dry_run
@options.session
def command(session: Session, *, max_size: int | None, max_age: int | None, dry_run: bool) -> int:
    """Drop from the store what no recent build needs; never what the recipe's current version refers to."""
    return session.tell(lambda project: project.gc(max_size=max_size, max_age=max_age, dry_run=dry_run))
