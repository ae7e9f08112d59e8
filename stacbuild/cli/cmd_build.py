"""`stacbuild build`: bring outputs up to date."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from stacbuild.cli import options, parse
from stacbuild.cli.targets import read

if TYPE_CHECKING:
    from stacbuild.cli.session import Session

EPILOG = """\b
Exit status:
    0  done, or nothing to do
    1  built with more failures than allowed, or deletions held back
    2  recipe or command line wrong
    3  recipe or sources are not as locked (with --locked): nothing was done
    4  outputs or store are not what was promised
    5  another build holds the lock (with --no-wait)
    6  the surroundings refuse: network, database, disk
   70  a bug in stacbuild
  130  interrupted
  141  stdout was closed
  143  terminated; what was finished is kept

\b
Events (--events FILE): a JSON object a line, each with "event" and "time", on the disk at once:
  started   format, stacbuild, command
  began     stage (list, work, write), total (or null)
  progress  stage, done, total (or null), part (the source read, the output written, or "")
  ended     stage, done, text
  waiting   holder: another build holds the lock
  message   level, module, text, context
  problem   code, message, hint, at: what stops the command
  finished  exit: the last line, unless the process was killed
"""


@options.command("build", epilog=EPILOG)
@options.targets
@click.option("-B", "--force", is_flag=True, help="Run every stage again, reading no cached result.")
@options.dry_run
@click.option("-j", "--jobs", type=parse.Jobs(), metavar="N", envvar="STACBUILD_JOBS", show_envvar=True,
              help="Workers; 0 or auto is one a core.")  # fmt: skip
@click.option("--offline", is_flag=True, envvar="STACBUILD_OFFLINE", show_envvar=True, help="Do not use the network.")
@click.option("-x/-k", "--fail-fast/--keep-going", default=False,
              help="Stop at the first failed item, or build the others (the default).")  # fmt: skip
@click.option("--max-failures", type=parse.Limit(), metavar="X", help="Failed items to allow: a count or a share (5%).")
@click.option("--max-deletions", type=parse.Limit(), metavar="X",
              help="Vanished inputs to follow without asking: a count or a share of their source.")  # fmt: skip
@click.option("--adopt", is_flag=True, help="Overwrite files in the way that no build wrote.")
@click.option("--no-wait", is_flag=True, help="Fail when another build holds the lock.")
@click.option("--locked", is_flag=True, help="Do nothing unless recipe and sources agree with the lock file.")
@click.option("--events", metavar="FILE", shell_complete=options.complete("file"),
              help="Write what happens to FILE as JSON lines: began, progress, ended, message, finished.")  # fmt: skip
@click.option("--profile", metavar="FILE", shell_complete=options.complete("file"),
              help="Write where the time goes to FILE, for chrome://tracing or ui.perfetto.dev.")  # fmt: skip
@options.session
def command(
    session: Session,
    *,
    targets: tuple[str, ...],
    targets_from: str | None,
    force: bool,
    dry_run: bool,
    jobs: int | None,
    offline: bool,
    fail_fast: bool,
    max_failures: int | str | None,
    max_deletions: int | str | None,
    adopt: bool,
    locked: bool,
    no_wait: bool,
    events: str | None,
    profile: str | None,
) -> int:
    """Bring outputs up to date: run the stages that are stale, and nothing else.

    A TARGET is item:ID, item:COLLECTION/ID, collection:ID, source:NAME, output:NAME, failed:* or stale:*, with globs;
    - reads them from standard input. Without one the whole recipe is built.
    """
    named = read(targets, targets_from, session.settings.directory)
    if events is not None:
        session.events_to(events)
    return session.tell(
        lambda project: project.build(
            named,
            force=force,
            dry_run=dry_run,
            jobs=jobs,
            offline=offline,
            fail_fast=fail_fast,
            max_failures=max_failures,
            max_deletions=max_deletions,
            adopt=adopt,
            locked=locked,
            wait=not no_wait,
            profile=None if profile is None else Path(session.settings.directory or ".", profile),
        )
    )
