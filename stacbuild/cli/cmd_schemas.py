"""`stacbuild schemas pull`: have the schemas that items are judged by."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import click

from stacbuild.cli import options

if TYPE_CHECKING:
    from stacbuild.cli.session import Session
    from stacbuild.pull import From


@options.command("schemas")
@click.argument("action", type=click.Choice(["pull"]), metavar="pull")
@click.argument("urls", nargs=-1, metavar="[URL]...")
@click.option("--from", "mirror", metavar="DIR", help="Take them from a folder laid out by URL, or its file:// URL.")
@click.option("--refresh", is_flag=True, help="Ask again for those that are at hand.")
@click.option("--update", is_flag=True, help="Take, and pin, those that changed upstream since they were pinned.")
@click.option(
    "--allow",
    multiple=True,
    metavar="HOST",
    help="A host that may be asked over plain http, or that is in a private network; repeatable.",
)
@options.session
def command(
    session: Session,
    *,
    action: str,
    urls: tuple[str, ...],
    mirror: str | None,
    refresh: bool,
    update: bool,
    allow: tuple[str, ...],
) -> int:
    """Fetch the schemas that the recipe's items use, and all that they refer to, into the user's store.

    Which they are is known from the recipe and from the last build. They are pinned in the lock beside the recipe. With
    URLs only these are fetched, and no recipe is needed. The store is the folder that STACBUILD_SCHEMAS names, else
    $XDG_DATA_HOME/stacbuild/schemas or ~/.local/share/stacbuild/schemas; builds and `validate` look there.

    Exits 1 when a schema cannot be had, or is not what is pinned, 6 when no server could be reached. One that came and
    cannot be used is told and is no error: upstream is broken.
    """
    del action
    session.command, session.running = "schemas pull", True
    from stacbuild.pull import LIMIT, Wish, pull_urls  # noqa: PLC0415  the engine is not for help
    from stacbuild.stages.schemas import user_store  # noqa: PLC0415

    wish = Wish(urls, refresh=refresh or update, update=update)
    store = user_store(os.environ).absolute()
    source = _source(session, mirror, allow, LIMIT)
    try:
        if urls and session.settings.file is None:
            return session.show(pull_urls(wish, source, store, watch=session.watch))
        return session.tell(lambda project: project.pull(wish, source, store))
    finally:
        source.close()


def _source(session: Session, mirror: str | None, allow: tuple[str, ...], limit: int) -> From:
    from stacbuild import __version__  # noqa: PLC0415
    from stacbuild.net import Net  # noqa: PLC0415
    from stacbuild.pull import Mirror  # noqa: PLC0415

    if mirror is None:
        return Net(f"stacbuild/{__version__}", allowed=allow, limit=limit)
    path = unquote(urlsplit(mirror).path) if mirror.startswith("file://") else mirror
    folder = Path(session.settings.directory or ".") / path
    if not folder.is_dir():
        raise click.UsageError(f"no such folder: {folder}")
    return Mirror(folder)
