"""`stacbuild status`: what is stale and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from stacbuild.cli import options
from stacbuild.cli.targets import read

if TYPE_CHECKING:
    from stacbuild.cli.session import Session
    from stacbuild.project import Project
    from stacbuild.report import StatusReport

ROWS = 20


@options.command("status")
@options.targets
@click.option("--check", is_flag=True, help="Exit 3 when anything is stale.")
@click.option("--limit", type=click.IntRange(min=0), metavar="N",
              help=f"Stale targets to show, 0 for all; {ROWS} on the screen, all as JSON.")  # fmt: skip
@options.later("--refresh", flag=True)
@options.session
def command(
    session: Session, *, targets: tuple[str, ...], targets_from: str | None, check: bool, limit: int | None
) -> int:
    """Say what is stale and why, without the network and without changing anything."""
    named = read(targets, targets_from, session.settings.directory)
    rows = (0 if session.settings.json else ROWS) if limit is None else limit

    def act(project: Project) -> StatusReport:
        from stacbuild.failures import Exit  # noqa: PLC0415

        report = project.status(named, limit=rows or None)
        if check and not report.fresh:
            report.exit = Exit.STALE
        return report

    return session.tell(act)
