"""One call of the command line: settings, the project once it is open, who watches it, and how its report is shown.

Every command is `session.tell(lambda project: project.verb(…))`. What is heavy is imported when a command runs, so that
help stays quick; `open_project` is the one seam for tests. Never: decides what a report says.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stacbuild.cli.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from stacbuild.events import Watcher
    from stacbuild.failures import Exit, Problem, StacbuildError
    from stacbuild.project import Project
    from stacbuild.ui.paint import Paint
    from stacbuild.ui.watch import Watch
    from stacbuild.ui.words import Report


def open_project(recipe: str | None, *, directory: str | None, watcher: Watcher) -> Project:
    """Open a recipe."""
    from stacbuild import project  # noqa: PLC0415 - the engine is not for help

    return project.open(recipe, directory=directory, watcher=watcher)


class Session:
    """State of one call; `close` ends it."""

    def __init__(self, argv: Sequence[str] = ()) -> None:
        """Take the arguments, of which only `--json` is looked for: wrong usage is told as JSON too."""
        words = list(argv)
        options = words[: words.index("--")] if "--" in words else words
        self.settings = Settings(json="--json" in options)
        self.command: str | None = None
        self.running = False
        self.form = "full"
        """How `check` tells problems: full, concise, github, junit."""
        self._redact: Callable[[str], str] | None = None
        self._watch: Watch | None = None

    @property
    def watch(self) -> Watch:
        """Return who is told what happens."""
        if self._watch is None:
            from stacbuild.ui.watch import Watch  # noqa: PLC0415

            settings = self.settings
            self._watch = Watch(
                verbosity=settings.verbosity,
                progress=settings.progress,
                as_json=settings.log_format == "json",
                paint=self.paint(sys.stderr),
                redact=self.redact,
            )
        return self._watch

    def paint(self, stream: object) -> Paint:
        """Return the colours for a stream."""
        from stacbuild.ui.paint import Paint, wanted  # noqa: PLC0415

        return Paint(wanted(self.settings.color, os.environ, stream))

    def redact(self, text: str) -> str:
        """Return text without secrets: those of the recipe once it is open, and what looks like one before."""
        if self._redact is None:
            from stacbuild.recipe.env import redact  # noqa: PLC0415

            return redact(text, ())
        return self._redact(text)

    def tell(self, act: Callable[[Project], Report]) -> int:
        """Open the project, do one thing with it, show the report; return the exit status."""
        with self.project() as project:
            report = act(project)
        return self.show(report)

    @contextmanager
    def project(self, recipe: str | None = None) -> Iterator[Project]:
        """Open the recipe that is named, or the one that the options name."""
        self.running = True
        directory = self.settings.directory
        if directory is not None and not Path(directory).is_dir():
            raise click.UsageError(f"no such folder: {directory}")
        project = open_project(recipe or self.settings.file, directory=directory, watcher=self.watch)
        self._redact = project.recipe.redact
        self.watch.log_to(project.recipe)
        if project.found_above:
            self.watch.note(f"using {os.path.relpath(project.recipe.path, directory)}")
        yield project

    def events_to(self, file: str) -> None:
        """Write what happens from now on to a file."""
        self.running = True
        self.watch.events_to(Path(self.settings.directory or ".", file), self.command or "")

    def show(self, report: Report) -> int:
        """Print a report on stdout; return its exit status."""
        from stacbuild.ui import document, out, words  # noqa: PLC0415

        self.watch.finished(self.command or "", report.exit)
        if self.settings.json:
            out.write_bytes(document.of_report(self.command, report, self.redact, indent=out.is_terminal()))
        else:
            style = words.Style(self.paint(sys.stdout), self.redact, self.settings.verbosity, self.form)
            out.write_lines(words.of(report, style))
        return int(report.exit)

    def fail(self, exit_: Exit, problems: list[Problem], error: StacbuildError | None = None) -> None:
        """Say on stderr what is wrong, and on stdout too if JSON is wanted."""
        from stacbuild.ui import frames  # noqa: PLC0415

        for problem in problems:
            self.watch.problem(problem, frames.source_of(problem, error, self.settings.directory))
        self.watch.finished(self.command or "", exit_)
        if self.settings.json:
            from stacbuild.ui import document, out  # noqa: PLC0415

            out.write_bytes(document.of_error(self.command, exit_, problems, self.redact, indent=out.is_terminal()))

    def close(self) -> None:
        """Close the log."""
        if self._watch is not None:
            self._watch.close()
