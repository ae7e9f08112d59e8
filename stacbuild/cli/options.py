"""Options and arguments that commands share.

Global options may stand before or after the command: they are declared on both and land in the session. The
environment is read at the root only, so that a flag wins wherever it stands. Never: reads files, opens a recipe.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from stacbuild.cli import registry
from stacbuild.cli.session import Session

Function = TypeVar("Function", bound=Callable[..., Any])
GIVEN = (ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT)


class NotYet(click.UsageError):
    """A promised thing that this version does not have."""

    def __init__(self, what: str, ctx: click.Context | None = None) -> None:
        super().__init__(f"{what} is not available yet", ctx)


def complete(kind: str) -> Callable[..., Any]:
    """Return a completion of `shells`, which is loaded when a shell asks."""

    def ask(ctx: click.Context, param: click.Parameter, incomplete: str) -> Any:
        from stacbuild.cli import shells  # noqa: PLC0415

        return getattr(shells, kind)(ctx, param, incomplete)

    return ask


class Global(click.Option):
    """An option of every command; shows its variable in the help of each."""

    def __init__(self, *args: Any, **attributes: Any) -> None:
        shared = {"expose_value": False, "callback": _keep, "show_envvar": True}
        super().__init__(*args, **attributes | shared)

    def resolve_envvar_value(self, ctx: click.Context) -> str | None:
        """Return the variable's value at the root, nothing at a command."""
        return super().resolve_envvar_value(ctx) if ctx.parent is None else None


def _keep(ctx: click.Context, param: click.Parameter, value: Any) -> Any:
    name = param.name or ""
    source = ctx.get_parameter_source(name)
    if source in GIVEN:
        ctx.ensure_object(Session).settings.keep(name, value, by_flag=source is ParameterSource.COMMANDLINE)
    return value


def _version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click calls it so
    if value and not ctx.resilient_parsing:
        from stacbuild import __version__  # noqa: PLC0415 - the package's names load late

        click.echo(f"stacbuild {__version__}")
        ctx.exit()


class Command(click.Command):
    """A command whose help tells its own options first, those of every command below."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options in two sections."""
        sections: dict[str, list[tuple[str, str]]] = {"Options": [], "Options of every command": []}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx) if isinstance(param, click.Option) else None
            if record is not None:
                shared = isinstance(param, Global) or {"--version", "--help"} & set(param.opts)
                sections["Options of every command" if shared else "Options"].append(record)
        for title, records in sections.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)


def global_options(function: Function) -> Function:
    """Declare the options that every command has."""
    for option in reversed(GLOBALS):
        function = option(function)
    return function


GLOBALS: list[Callable[[Any], Any]] = [
    click.option(
        "-f",
        "--file",
        metavar="RECIPE",
        cls=Global,
        shell_complete=complete("file"),
        envvar=["STACBUILD_FILE", "STACBUILD_RECIPE"],
        help="The recipe; without it stacbuild.toml is looked for here and upwards.",
    ),
    click.option(
        "-C",
        "--directory",
        metavar="DIR",
        cls=Global,
        shell_complete=complete("folder"),
        envvar="STACBUILD_DIRECTORY",
        help="Work as if started in DIR.",
    ),
    click.option("--json", is_flag=True, cls=Global, envvar="STACBUILD_JSON", help="Print one JSON document."),
    click.option("-v", "--verbose", count=True, cls=Global, envvar="STACBUILD_VERBOSE", help="Say more; twice: most."),
    click.option(
        "-q", "--quiet", count=True, cls=Global, envvar="STACBUILD_QUIET", help="Say only what is wrong; twice: less."
    ),
    click.option(
        "--color",
        type=click.Choice(["auto", "always", "never"]),
        default="auto",
        cls=Global,
        envvar="STACBUILD_COLOR",
        help="Colour; auto follows NO_COLOR, FORCE_COLOR and the terminal.",
    ),
    click.option(
        "--progress",
        type=click.Choice(["auto", "bar", "plain", "none"]),
        default="auto",
        cls=Global,
        envvar="STACBUILD_PROGRESS",
        help="Progress on stderr: bars on a terminal, lines elsewhere.",
    ),
    click.option(
        "--log-format",
        type=click.Choice(["text", "json"]),
        default="text",
        cls=Global,
        envvar="STACBUILD_LOG_FORMAT",
        help="Lines on stderr as text or as JSON.",
    ),
    click.option(
        "-V",
        "--version",
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_version,
        help="Show the version and exit.",
    ),
]


def command(name: str, **attributes: Any) -> Callable[[Callable[..., int]], click.Command]:
    """Make a command: its line is the registry's, its text the docstring, its options the global ones too."""

    def make(function: Callable[..., int]) -> click.Command:
        decorator = click.command(name, cls=Command, short_help=registry.COMMANDS[name], **attributes)
        return decorator(global_options(function))

    return make


session = click.make_pass_decorator(Session, ensure=True)


def targets(function: Function) -> Function:
    """Declare TARGET… and `--targets-from`."""
    function = click.option(
        "--targets-from",
        metavar="FILE",
        shell_complete=complete("file"),
        help="Read targets from FILE, one a line; - is standard input.",
    )(function)
    return click.argument("targets", nargs=-1, metavar="[TARGET]...", shell_complete=complete("target"))(function)


def dry_run(function: Function) -> Function:
    """Declare `-n`."""
    return click.option("-n", "--dry-run", is_flag=True, help="Say what would be done and do nothing.")(function)


def later(*names: str, flag: bool = False) -> Callable[[Function], Function]:
    """Declare an option that is promised and not built yet: not in help, refused when given."""
    return click.option(*names, is_flag=flag, hidden=True, expose_value=False, callback=_refuse)


def _refuse(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    if ctx.get_parameter_source(param.name or "") in GIVEN:
        raise NotYet(f"`{param.opts[-1]}`", ctx)
    del value
