"""Completion in shells: the script that a shell loads, and what is answered when it asks. Never fails, says nothing.

The scripts are click's, but for bash, which splits words at colons, so that targets need a hand. What is completed must
be cheap: commands, options, files, names in the recipe; items are not, they may be millions.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
    add_completion_class,
    shell_complete,
    split_arg_string,
)

if TYPE_CHECKING:
    from typing import Any, ClassVar

VARIABLE = "_STACBUILD_COMPLETE"
PROGRAM = "stacbuild"
_BASH = """\
%(complete_func)s() {
    local IFS=$'\\n' response type value
    response=$(env COMP_LINE="$COMP_LINE" COMP_POINT="$COMP_POINT" COMP_BREAKS="$COMP_WORDBREAKS" \\
        %(complete_var)s=bash_complete "$1")
    COMPREPLY=()
    for completion in $response; do
        IFS=',' read -r type value <<< "$completion"
        case $type in
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
            plain) COMPREPLY+=("$value") ;;
        esac
    done
    if [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *: ]]; then
        compopt -o nospace
    fi
    return 0
}

complete -o nosort -F %(complete_func)s %(prog_name)s
"""


class Bash(BashComplete):
    """Bash: it is asked for its whole line, since the words that it gives end at colons."""

    source_template: ClassVar[str] = _BASH

    @staticmethod
    def _check_version() -> None:
        """Do not run a bash to ask: the script is for the shell that loads it."""

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words before the cursor, and the one that it stands at."""
        line = os.environ.get("COMP_LINE", "")
        before = os.fsencode(line)[: int(os.environ.get("COMP_POINT") or len(line.encode()))].decode(errors="replace")
        words = split_arg_string(before)
        if not before or before[-1].isspace():
            words.append("")
        self._typed = words[-1]
        return words[1:-1], words[-1]

    def format_completion(self, item: CompletionItem[Any]) -> str:
        """Return an answer without what bash thinks is another word."""
        head = self._typed.rpartition(":")[0] + ":"
        splits = ":" in os.environ.get("COMP_BREAKS", ":") and ":" in self._typed
        value = item.value.removeprefix(head) if splits else item.value
        return f"{item.type},{value}"


SHELLS: dict[str, type[ShellComplete]] = {"bash": Bash, "zsh": ZshComplete, "fish": FishComplete}


def script(shell: str, root: click.Command) -> str:
    """Return the script of a shell."""
    return SHELLS[shell](root, {}, PROGRAM, VARIABLE).source()


def answer(root: click.Command, instruction: str) -> int:
    """Answer a shell that asks; what cannot be completed is completed with nothing."""
    add_completion_class(Bash)
    try:
        return shell_complete(root, {}, PROGRAM, VARIABLE, instruction)
    except Exception:  # noqa: BLE001  somebody types: neither a traceback nor an error may come in between
        return 0


def file(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Complete a file's name."""
    return [CompletionItem(incomplete, type="file")]


def folder(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Complete a folder's name."""
    return [CompletionItem(incomplete, type="dir")]


def target(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Complete a target: its kind, then the names that the recipe has."""
    from stacbuild.targets import KINDS, STAGES  # noqa: PLC0415  help needs none of it

    kind, colon, _ = incomplete.partition(":")
    if not colon:
        return [CompletionItem(f"{name}:") for name in KINDS if name.startswith(kind)]
    names = {"failed": ["*", *STAGES], "stale": ["*"]}.get(kind) or _names(ctx, kind)
    return [CompletionItem(whole) for name in names if (whole := f"{kind}:{name}").startswith(incomplete)]


def _names(ctx: click.Context, kind: str) -> list[str]:
    from stacbuild import project  # noqa: PLC0415
    from stacbuild.cli.session import Session  # noqa: PLC0415
    from stacbuild.targets import tables_of  # noqa: PLC0415

    settings = ctx.ensure_object(Session).settings
    recipe = project.open(settings.file, directory=settings.directory).recipe
    return sorted(tables_of(recipe.document).get(kind, {}))
