"""How a call ends that did not end well: each exception to an exit status and words. Loaded only when there is one.

StacbuildError       its own status, a frame a problem
click.UsageError     2
KeyboardInterrupt    130      Terminated 143      stdout closed 141
OSError, MemoryError 6        the machine refuses
anything else        70       our bug: one line, the traceback in the log or with -v
"""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

import click

from stacbuild.cli.options import NotYet
from stacbuild.cli.signals import Terminated
from stacbuild.failures import Exit, Problem, StacbuildError
from stacbuild.ui.out import Closed, write_error

if TYPE_CHECKING:
    from stacbuild.cli.session import Session

FORCE_HINT = "`-f` names the recipe; to run every stage again use --force (-B)"
USAGE, NOT_YET, REFUSED, ENDED, BUG = "SB001", "SB002", "SB006", "SB007", "SB070"


def tell(error: BaseException, session: Session) -> int:
    """Say what went wrong; return the exit status."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError) and not session.settings.json:
        write_error(error.format_message() + "\n")
        return int(Exit.USAGE)
    exit_, problems = judged(error, session)
    try:
        session.fail(exit_, problems, error if isinstance(error, StacbuildError) else None)
    except (Closed, StacbuildError):
        return int(exit_)
    return int(exit_)


def judged(error: BaseException, session: Session) -> tuple[Exit, list[Problem]]:  # noqa: PLR0911 - a table
    """Return what an exception means."""
    match error:
        case StacbuildError():
            return error.exit, error.problems
        case click.UsageError():
            return Exit.USAGE, [_usage(error)]
        case KeyboardInterrupt() | click.Abort():
            return Exit.INTERRUPTED, [Problem(ENDED, "interrupted", hint=_kept(session))]
        case Terminated():
            return Exit.TERMINATED, [Problem(ENDED, "terminated", hint=_kept(session))]
        case Closed():
            return Exit.CLOSED, []
        case BrokenPipeError() if not session.running:
            return Exit.CLOSED, []
        case OSError() | MemoryError():
            session.watch.traceback(_trace(error), shown=session.settings.verbosity > 0)
            return Exit.SURROUNDINGS, [Problem(REFUSED, _refusal(error))]
        case _:
            return Exit.BUG, [_bug(error, session)]


def _usage(error: click.UsageError) -> Problem:
    path = error.ctx.command_path if error.ctx else "stacbuild"
    hint = f"{path} --help"
    match error:
        case NotYet():
            return Problem(NOT_YET, error.format_message(), hint=hint)
        case click.exceptions.NoArgsIsHelpError():
            return Problem(USAGE, "no command given", hint=hint)
        case click.BadOptionUsage() if error.option_name in ("-f", "--file"):
            hint = FORCE_HINT
    return Problem(USAGE, error.format_message().rstrip("."), hint=hint)


def _kept(session: Session) -> str | None:
    return "what was finished is kept; the next build goes on from there" if session.command == "build" else None


def _refusal(error: BaseException) -> str:
    if isinstance(error, MemoryError):
        return "out of memory"
    return f"the system refuses: {error}"


def _bug(error: BaseException, session: Session) -> Problem:
    shown = session.settings.verbosity > 0
    logged = session.watch.traceback(_trace(error), shown=shown)
    where = f"the traceback is in {logged}" if logged else "the traceback is above" if shown else "run it again with -v"
    return Problem(BUG, f"a bug in stacbuild: {type(error).__name__}: {error}", hint=f"please report it; {where}")


def _trace(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))
