"""`stacbuild ls`: targets, one a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stacbuild.cli import options
from stacbuild.cli.targets import read

if TYPE_CHECKING:
    from stacbuild.cli.session import Session


@options.command("ls")
@options.targets
@options.session
def command(session: Session, *, targets: tuple[str, ...], targets_from: str | None) -> int:
    """List targets, one a line; `ls output:NAME` lists the files that were written."""
    named = read(targets, targets_from, session.settings.directory)
    return session.tell(lambda project: project.ls(named))
