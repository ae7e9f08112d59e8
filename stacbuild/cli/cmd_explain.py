"""`stacbuild explain`: a code in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from stacbuild.cli import options

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from stacbuild.cli.session import Session
    from stacbuild.report import ExplainReport


def _complete(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem  # noqa: PLC0415

    from stacbuild.codes import explanations  # noqa: PLC0415

    return [CompletionItem(c) for c in explanations() if c.lower().startswith(incomplete.lower())]


@options.command("explain")
@click.argument("codes", nargs=-1, metavar="[CODE]...", shell_complete=_complete)
@options.session
def command(session: Session, *, codes: tuple[str, ...]) -> int:
    """Say what a code means and what to do: SB204, mapping-changed.

    Without a code all are listed, a line each. No recipe is needed.
    """
    return session.show(_report(codes))


def _report(words: tuple[str, ...]) -> ExplainReport:
    import msgspec  # noqa: PLC0415

    from stacbuild.codes import explanations, near, spelled  # noqa: PLC0415
    from stacbuild.failures import Problem, UsageError  # noqa: PLC0415
    from stacbuild.report import ExplainReport  # noqa: PLC0415

    known = explanations()
    asked = list(dict.fromkeys(spelled(word) for word in words)) or list(known)
    unknown = [word for word in words if spelled(word) not in known]
    if unknown:
        hints = {word: ", ".join(f"`{code}`" for code in near(word)) for word in unknown}
        listing = "`stacbuild explain` lists all of them"
        raise UsageError(
            [
                Problem("SB510", f"there is no code '{w}'", hint=f"did you mean {h}?" if h else listing)
                for w, h in hints.items()
            ]
        )
    return ExplainReport([msgspec.to_builtins(known[code]) for code in asked], listing=not words)
