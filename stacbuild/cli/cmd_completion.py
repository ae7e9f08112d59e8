"""`stacbuild completion`: the script that makes a shell complete our command lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from stacbuild.cli import options, shells

if TYPE_CHECKING:
    from stacbuild.cli.session import Session

EPILOG = """\b
Load it when the shell starts:
    bash   stacbuild completion bash > ~/.local/share/bash-completion/completions/stacbuild
    zsh    stacbuild completion zsh > ~/.zfunc/_stacbuild    with ~/.zfunc in fpath, before compinit
    fish   stacbuild completion fish > ~/.config/fish/completions/stacbuild.fish

\b
Or in this shell only:
    eval "$(stacbuild completion bash)"
    stacbuild completion fish | source
"""


@options.command("completion", epilog=EPILOG)
@click.argument("shell", type=click.Choice(list(shells.SHELLS)))
@options.session
@click.pass_context
def command(ctx: click.Context, session: Session, *, shell: str) -> int:
    """Print a shell's completion script.

    Commands, options, files, and the kinds and names of targets are completed.
    """
    from stacbuild.report import CompletionReport  # noqa: PLC0415

    return session.show(CompletionReport(shell, shells.script(shell, ctx.find_root().command)))
