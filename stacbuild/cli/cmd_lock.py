"""`stacbuild lock`: write down what recipe and sources are now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stacbuild.cli import options

if TYPE_CHECKING:
    from stacbuild.cli.session import Session


@options.command("lock")
@options.session
def command(session: Session) -> int:
    """Write stacbuild.lock: digests of what the recipe says, of what its sources hold, and of the schemas.

    Builds nothing. `verify --locked` and `build --locked` then tell whether anything moved. Keep it in version control.
    """
    return session.tell(lambda project: project.lock())
