"""A fake engine for tests of the command line: it remembers how it was asked and answers what it was told to."""

import inspect
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import pytest
from click.testing import CliRunner

from stacbuild.cli import main, session
from stacbuild.events import Began, Ended
from stacbuild.report import (
    BuildReport,
    CheckReport,
    CleanReport,
    DiffReport,
    GcReport,
    LockReport,
    LsReport,
    Reason,
    StaleTarget,
    StatusReport,
    VerifyReport,
    WhyReport,
)

ROOT = Path(__file__).parents[1]
STAGES = ("fetch", "transform", "validate", "write")
STALE = StaleTarget(
    "item:boreal/S2A_1",
    "stale",
    ["transform", "validate", "write"],
    [Reason("mapping-changed", "mappings.scenes.title", "{id}", "Scene {id}", "stacbuild.toml:41")],
)


def built(**changes):
    items = {"total": 1200, "added": 0, "modified": 0, "deleted": 0, "unchanged": 1200, "failed": 0, "dropped": 0}
    report = BuildReport(
        recipe="stacbuild.toml",
        mode="incremental",
        items=items,
        stages={stage: {"ran": 0, "reused": 1200, "failed": 0} for stage in STAGES},
        outputs={"site": {"path": "dist/site", "written": 0, "unchanged": 5, "removed": 0}},
        failures={"count": 0, "path": ".stacbuild/failures.ndjson"},
        warnings=[],
        seconds=0.081,
        catalog="boreal",
    )
    for name, value in changes.items():
        setattr(report, name, value)
    return report


def status(**changes):
    items = {"fresh": 6, "new": 0, "stale": 0, "gone": 0, "failed": 0}
    report = StatusReport("stacbuild.toml", True, False, items, [], {"site": {"state": "fresh", "reasons": []}})
    report.catalog = "boreal"
    for name, value in changes.items():
        setattr(report, name, value)
    return report


REPORTS = {
    "build": built(),
    "status": status(),
    "why": WhyReport("stacbuild.toml", "item:boreal/S2A_1", "fresh", [], [], {"name": "csv"}, []),
    "ls": LsReport("stacbuild.toml", ["item:boreal/S2A_1", "item:boreal/é"]),
    "diff": DiffReport("stacbuild.toml", [], same=1),
    "clean": CleanReport("stacbuild.toml", ["dist/a.json"], [], 0.02),
    "gc": GcReport("stacbuild.toml", {"before": 5, "after": 2}, {"before": 5_000_000, "after": 2_000}),
    "lock": LockReport("stacbuild.toml", "stacbuild.lock", False, False, [], {"csv": 20}, 1, 0.02),
    "verify": VerifyReport("stacbuild.toml"),
    "check": CheckReport("stacbuild.toml", [], {"records": 20, "failed": 0}, []),
}


class FakeProject:
    """Has the verbs of `project.Project`; `answers` maps a verb to a report, to an exception, or to a function."""

    def __init__(self, root=".", answers=None, log=None, secret="hunter2-secret", events=()):
        self.recipe = SimpleNamespace(
            name="stacbuild.toml",
            path=Path(root, "stacbuild.toml"),
            root=Path(root),
            redact=lambda text: text.replace(secret, "***"),
            document=SimpleNamespace(log=SimpleNamespace(level="info", file=log)),
        )
        self.found_above = False
        self.answers = {**REPORTS, **(answers or {})}
        self.events = events
        self.asked = []
        self.opened = []

    def open(self, recipe, *, directory, watcher):
        self.opened.append((recipe, directory))
        self.watcher = watcher
        if "open" in self.answers:
            raise self.answers["open"]
        return self

    def _answer(self, verb, *args, **options):
        self.asked.append((verb, args, options))
        for event in self.events:
            self.watcher(event)
        answer = self.answers[verb]
        if isinstance(answer, BaseException):
            raise answer
        return answer() if callable(answer) else answer

    def build(
        self,
        targets=(),
        *,
        force=False,
        dry_run=False,
        jobs=None,
        offline=False,
        fail_fast=False,
        max_failures=None,
        max_deletions=None,
        adopt=False,
        locked=False,
        wait=True,
        profile=None,
    ):
        options = {name: value for name, value in locals().items() if name not in ("self", "targets")}
        return self._answer("build", targets, **options)

    def status(self, targets=(), *, limit=None):
        return self._answer("status", targets, limit=limit)

    def why(self, target):
        return self._answer("why", target)

    def ls(self, targets=()):
        return self._answer("ls", targets)

    def diff(self, targets=(), *, limit=None):
        return self._answer("diff", targets, limit=limit)

    def clean(self, targets=(), *, force=False, cache=False, memory=False, dry_run=False):
        return self._answer("clean", targets, force=force, cache=cache, memory=memory, dry_run=dry_run)

    def lock(self):
        return self._answer("lock")

    def verify(self, *, locked=False, outputs=False, sample=None, seed=None):
        return self._answer("verify", locked=locked, outputs=outputs, sample=sample, seed=seed)

    def gc(self, *, max_size=None, max_age=None, dry_run=False):
        return self._answer("gc", max_size=max_size, max_age=max_age, dry_run=dry_run)

    def check(self, *, quick=False):
        return self._answer("check", quick=quick)


def process(*argv, code="", stdout=subprocess.PIPE, stdin=None, env=None, **answers):
    """Run the real entry in a process of its own, on a fake whose set-up is `code`."""
    script = (
        "import sys, time, os\n"
        "from test_cli_fake import *\n"
        "from stacbuild.cli import main, session\n"
        "fake = FakeProject()\n"
        f"{code}\n"
        "session.open_project = fake.open\n"
        "main.main()\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", script, *argv],
        stdin=stdin,
        stdout=stdout,
        stderr=subprocess.PIPE,
        env=environment(**(env or {})),
        preexec_fn=_hear_interrupts,  # noqa: PLW1509  the tests have no threads
        **answers,
    )


def _hear_interrupts():
    """Undo what a shell does to those that it starts in the background: they do not hear SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def environment(**more):
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("STACBUILD_", "PYTHON"))}
    for name in ("NO_COLOR", "FORCE_COLOR"):
        clean.pop(name, None)
    return {**clean, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}", **more}


def run(*argv, env=None, cwd=None, stdin=None):
    """Run `python -m stacbuild` itself."""
    return subprocess.run(
        [sys.executable, "-m", "stacbuild", *argv],
        env=environment(**(env or {})),
        cwd=cwd,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def ask(*argv, stdin=None, env=None, above=False, root=".", log=None, **answers):
    """Run a command line here; the result's `fake` is the project that it saw."""
    fake = FakeProject(root, answers, log)
    fake.found_above = above
    unset = dict.fromkeys(("NO_COLOR", "FORCE_COLOR", "STACBUILD_FILE", "STACBUILD_RECIPE"))
    with mock.patch.object(session, "open_project", fake.open):
        result = CliRunner().invoke(main.root, list(argv), input=stdin, env={**unset, **(env or {})})
    result.fake = fake
    return result


WORKED = (Began("transform"), Ended("transform", 3))


@pytest.mark.parametrize("verb", list(REPORTS))
def test_the_fake_has_the_verbs_of_the_engine(verb):
    project = pytest.importorskip("stacbuild.project")
    if not hasattr(project.Project, "check"):
        pytest.skip("the engine has not all of its verbs yet")
    takes = set(inspect.signature(getattr(project.Project, verb)).parameters)
    assert set(inspect.signature(getattr(FakeProject, verb)).parameters) <= takes
