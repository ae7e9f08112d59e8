"""`stacbuild clean`: remove what builds wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from stacbuild.cli import options
from stacbuild.cli.targets import read

if TYPE_CHECKING:
    from stacbuild.cli.session import Session


@options.command("clean")
@options.targets
@click.option("--force", is_flag=True, help="Remove edited files too.")
@click.option("--cache", is_flag=True, help="Remove the store too.")
@click.option("--all", "everything", is_flag=True, help="Remove the store and the memory too.")
@options.dry_run
@options.session
def command(
    session: Session,
    *,
    targets: tuple[str, ...],
    targets_from: str | None,
    force: bool,
    cache: bool,
    everything: bool,
    dry_run: bool,
) -> int:
    """Remove what builds wrote, and only that: a file that somebody edited stays and is listed."""
    named = read(targets, targets_from, session.settings.directory)
    return session.tell(
        lambda project: project.clean(named, force=force, cache=cache or everything, memory=everything, dry_run=dry_run)
    )
