"""Entry of the command line: find the command, run it, turn whatever happens into an exit status.

Until a command runs only click and the standard library are loaded.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING, Any, NoReturn

import click

from stacbuild.cli import options, registry, signals
from stacbuild.cli.session import Session

if TYPE_CHECKING:
    from collections.abc import Sequence

INTERRUPTED = 130


class Root(click.Group):
    """The group: commands of the registry, each loaded when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names that help shows."""
        del ctx
        return list(registry.COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a command."""
        del ctx
        if cmd_name not in registry.COMMANDS:
            return None
        command = importlib.import_module(f"stacbuild.cli.cmd_{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the words name.

        Raises:
            click.UsageError: it is not built yet, or there is none.
        """
        name = args[0]
        known = name in registry.COMMANDS or name in registry.LATER
        ctx.ensure_object(Session).command = name if known else None
        if name in registry.LATER:
            raise options.NotYet(f"`stacbuild {name}`", ctx)
        if not known:
            raise click.exceptions.NoSuchCommand(name, possibilities=registry.COMMANDS, ctx=ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the registry's lines; no command is loaded for it."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(registry.COMMANDS.items()))

    def main(self, args: Sequence[str] | None = None, *_: Any, **__: Any) -> NoReturn:
        """Run, and leave with the exit status."""
        sys.exit(run(sys.argv[1:] if args is None else args))


@click.command(
    "stacbuild", cls=Root, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@options.global_options
def root() -> None:
    """Make for STAC catalogs: a recipe says what shall exist, a build does only what is stale."""


def run(argv: Sequence[str]) -> int:
    """Run one call; return its exit status. Nothing leaves it but that."""
    session = Session(argv)
    try:
        with signals.terminated():
            return _invoke(argv, session)
    except BaseException as error:  # noqa: BLE001 - the last place where anything can be said
        return _end(error, session)
    finally:
        session.close()


def _invoke(argv: Sequence[str], session: Session) -> int:
    try:
        with root.make_context("stacbuild", list(argv), obj=session) as ctx:
            return int(root.invoke(ctx) or 0)
    except click.exceptions.Exit as done:
        return done.exit_code


def _end(error: BaseException, session: Session) -> int:
    from stacbuild.cli import endings  # noqa: PLC0415 - only now are the words needed

    try:
        return endings.tell(error, session)
    except KeyboardInterrupt:
        return INTERRUPTED


def main() -> NoReturn:
    """Run the command of this process, and leave with its exit status."""
    _hold_streams()
    if asked := os.environ.get("_STACBUILD_COMPLETE"):
        from stacbuild.cli import shells  # noqa: PLC0415 - a shell asks while somebody types

        sys.exit(shells.answer(root, asked))
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    status = run(sys.argv[1:])
    _let_go()
    sys.exit(status)


def _hold_streams() -> None:
    """Occupy closed standard streams, so that no file that a build opens gets their numbers."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def _let_go() -> None:
    """Flush; what nobody reads goes nowhere, instead of into a traceback and a status of the interpreter's own."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


if __name__ == "__main__":
    main()
