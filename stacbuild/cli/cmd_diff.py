"""`stacbuild diff`: items before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from stacbuild.cli import options
from stacbuild.cli.targets import read

if TYPE_CHECKING:
    from stacbuild.cli.session import Session

ITEMS = 20


@options.command("diff")
@options.targets
@click.option("--limit", type=click.IntRange(min=0), metavar="N",
              help=f"Items to show, 0 for all; {ITEMS} on the screen, 1,000 as JSON.")  # fmt: skip
@options.session
def command(session: Session, *, targets: tuple[str, ...], targets_from: str | None, limit: int | None) -> int:
    """Show items before and after: what the last build made of them, and what a build would make of them now.

    Every place that differs is a line: + is new, - is gone, ~ is another value. Records go through the stages in
    memory; nothing is stored or written, and the network is not used. Of output:NAME also the files that somebody
    edited are shown, with what a build writes there. Without a TARGET all that a build would change is shown; -v shows
    long values whole.
    """
    named = read(targets, targets_from, session.settings.directory)
    shown = (None if session.settings.json else ITEMS) if limit is None else limit or 2**63
    return session.tell(lambda project: project.diff(named, limit=shown))
