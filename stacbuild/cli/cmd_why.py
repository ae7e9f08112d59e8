"""`stacbuild why`: one target's history."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from stacbuild.cli import options

if TYPE_CHECKING:
    from stacbuild.cli.session import Session


@options.command("why")
@click.argument("target", shell_complete=options.complete("target"))
@options.session
def command(session: Session, *, target: str) -> int:
    """Tell one target's history: each stage, what its key was made of, what moved, from what to what, and where."""
    return session.tell(lambda project: project.why(target))
