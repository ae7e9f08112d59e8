"""`stacbuild verify`: are outputs and store what was promised?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from stacbuild.cli import options, parse

if TYPE_CHECKING:
    from stacbuild.cli.session import Session

EPILOG = """\b
Exit status:
    0  all is as promised
    2  recipe, lock file or command line wrong
    3  recipe or sources are not as locked
    4  outputs, store or items are not what was promised
    6  the surroundings refuse: a source cannot be read, the disk
"""


@options.command("verify", epilog=EPILOG)
@click.option("--locked", is_flag=True, help="Recipe and sources agree with the lock file.")
@click.option("--outputs", is_flag=True, help="Every file is as it was written, every chunk of the store is whole.")
@click.option("--sample", type=parse.Limit(), metavar="P", help="Make a count or a share (1%) of items again, compare.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), metavar="N", help="Which items --sample takes; else others "
              "each time.")  # fmt: skip
@options.session
def command(session: Session, *, locked: bool, outputs: bool, sample: int | str | None, seed: int | None) -> int:
    """Verify that outputs and store are what was promised; mend nothing.

    Without options: --outputs, and --locked if there is a lock file. --sample makes items again from their records,
    in a process without network, in another order, hash seed, time zone and locale; any difference is told.
    """
    if seed is not None and sample is None:
        raise click.UsageError("--seed says which items --sample takes; it needs --sample")
    return session.tell(lambda project: project.verify(locked=locked, outputs=outputs, sample=sample, seed=seed))
