"""Bars on a terminal: they come late, keep to the width, and leave a clean terminal however it ends."""

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time

import pytest
from test_cli_fake import ask, environment, process, run

from stacbuild.events import Began, Ended, Message, Progress
from stacbuild.ui.bars import AFTER, Bars

HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
AT_WORK = """
from stacbuild.events import Began, Ended, Message, Progress
def build():
    tell = fake.watcher
    tell(Began("list"))
    for n in range(25):
        tell(Progress("list", n * 1000, 24000, "a-source-with-a-rather-long-name"))
        tell(Progress("list", n, None, "b"))
        if n == 15:
            tell(Message("warning", "build", "something odd " + "x" * 60))
        time.sleep(0.05)
    tell(Ended("list", 24000, "2 sources"))
    tell(Began("work", 100))
    tell(Ended("work", 100, "100 records"))
    return REPORTS["build"]
fake.answers["build"] = build
"""
FOREVER = AT_WORK.replace("range(25)", "range(2000)")


def sized(terminal, columns):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))


ENV = {"TERM": "xterm", "COLUMNS": "", "LINES": ""}
"""The size is what the terminal says, not what a runner of tests has left."""


class Terminal:
    """A program on a terminal: what it shows is in `shown`."""

    def __init__(self, *argv, code, columns=80, env=None):
        self.leader, follower = pty.openpty()
        sized(self.leader, columns)
        self.started = process(
            *argv,
            code=code + "\nos.dup2(1, 2)",
            stdout=follower,
            stdin=follower,
            env=ENV | (env or {}),
        )
        os.close(follower)
        self.shown = ""

    def read_until(self, done, seconds=30):
        end = time.monotonic() + seconds
        while time.monotonic() < end and not done(self.shown):
            if not select.select([self.leader], [], [], 0.1)[0]:
                continue
            try:
                part = os.read(self.leader, 65536)
            except OSError:
                break
            if not part:
                break
            self.shown += part.decode()
        return self.shown

    def finish(self):
        self.read_until(lambda _: False)
        self.started.communicate(timeout=30)
        os.close(self.leader)
        return self.shown


def test_a_bar_a_source_with_what_is_done_and_what_is_left():
    shown = Terminal("build", code=AT_WORK).finish()
    plain = ESCAPE.sub("", shown)
    assert re.search(r"reading a-source-with-a… .*\d+,000/24,000 .*\d+:\d\d", plain)
    assert "reading b" in plain
    assert "list: 2 sources" in plain
    assert "work: 100 records" in plain
    assert plain.rstrip().endswith("boreal: up to date (1,200 items, 0.08 s)")


@pytest.mark.parametrize("columns", [80, 40, 20])
def test_bars_keep_to_the_width(columns):
    shown = Terminal("build", code=AT_WORK, columns=columns).finish()
    drawn = [line for line in re.split(r"[\r\n]+", ESCAPE.sub("", shown)) if "reading" in line]
    assert drawn
    assert max(map(len, drawn)) <= columns


def test_the_cursor_comes_back_and_messages_stand_above():
    shown = Terminal("build", code=AT_WORK).finish()
    assert shown.count(HIDE) == shown.count(SHOW) == 1
    warning = shown.index("something odd " + "x" * 60)
    assert shown.index(HIDE) < warning < shown.index(SHOW)
    assert shown.index(SHOW) < shown.index("up to date")


def test_a_resize_breaks_nothing():
    terminal = Terminal("build", code=AT_WORK, columns=80)
    terminal.read_until(lambda shown: "reading" in shown)
    for columns in (40, 10, 1, 200):
        sized(terminal.leader, columns)
        terminal.started.send_signal(signal.SIGWINCH)
        time.sleep(0.1)
    shown = terminal.finish()
    assert terminal.started.returncode == 0
    assert "Traceback" not in shown
    assert "up to date" in shown


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interruption_leaves_a_clean_terminal(number, status):
    terminal = Terminal("build", code=FOREVER)
    terminal.read_until(lambda shown: "reading" in shown)
    terminal.started.send_signal(number)
    shown = terminal.finish()
    assert terminal.started.returncode == status
    assert shown.rindex(SHOW) > shown.rindex(HIDE)
    plain = ESCAPE.sub("", shown)
    assert plain.rindex("error[SB007]") > plain.rindex("reading")
    assert "Traceback" not in shown


def test_a_bug_leaves_a_clean_terminal():
    code = FOREVER.replace("if n == 15:", "if n == 20: raise KeyError('x')\n        if n == 15:")
    shown = Terminal("build", code=code).finish()
    assert shown.rindex(SHOW) > shown.rindex(HIDE)
    assert "a bug in stacbuild" in shown


@pytest.mark.parametrize(
    ("argv", "env"),
    [
        (["--progress", "plain"], {}),
        (["--progress", "none"], {}),
        (["-q"], {}),
        (["--log-format", "json"], {}),
        (["--log-format", "json", "--progress", "bar"], {}),
        ([], {"TERM": "dumb"}),
        ([], {"STACBUILD_PROGRESS": "none"}),
    ],
)
def test_no_bar_where_none_is_wanted_or_seen(argv, env):
    shown = Terminal("build", *argv, code=AT_WORK, env=env).finish()
    assert HIDE not in shown
    assert "\x1b[2K" not in shown
    assert "\r" not in shown.replace("\r\n", "\n")


def test_off_a_terminal_there_are_lines_even_if_a_bar_is_asked_for():
    started = process("build", "--progress", "bar", code=AT_WORK, env={"TERM": "xterm"})
    _, errors = started.communicate(timeout=30)
    assert b"\r" not in errors
    assert b"\x1b" not in errors
    assert b"list: 2 sources\n" in errors


def test_json_lines_stay_json_on_a_terminal():
    shown = Terminal("build", "--log-format", "json", "--json", code=AT_WORK).finish()
    lines = [line for line in shown.splitlines() if line.startswith('{"timestamp"')]
    assert [json.loads(line)["context"].get("event") for line in lines[:1]] == ["began"]


def test_colour_may_be_off():
    shown = Terminal("build", "--color", "never", code=AT_WORK).finish()
    assert "reading" in shown
    assert not re.search(r"\x1b\[[0-9;]*3\dm", shown)


class Screen:
    """A stream that is a terminal, for bars that are drawn in this process."""

    encoding = "utf-8"

    def __init__(self):
        self.text = ""

    def write(self, text):
        self.text += text
        return len(text)

    def flush(self):
        pass

    def isatty(self):
        return True

    def fileno(self):
        raise OSError


def test_a_short_stage_shows_nothing_and_does_not_load_rich():
    probe = (
        "import sys\nfrom stacbuild.ui.bars import Bars\nfrom stacbuild.events import *\n"
        "bars = Bars(sys.stderr, colour=True)\n"
        "for n in range(1000): bars(Progress('work', n, 1000))\n"
        "bars(Ended('work', 1000)); bars.close()\n"
        "print([name for name in sys.modules if name.startswith('rich')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, env=environment(), timeout=60, check=True
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_a_bar_comes_when_a_stage_lasts_and_what_was_done_before_is_no_speed():
    now, screen = [0.0], Screen()
    bars = Bars(screen, colour=False, clock=lambda: now[0])
    bars(Began("work", 1000))
    bars(Progress("work", 900, 1000))
    assert screen.text == ""
    now[0] = AFTER
    bars(Progress("work", 900, 1000))
    (task,) = bars._shown.tasks
    assert (task.completed, task.total, task.speed) == (900, 1000, None)
    bars(Progress("work", 2000, 1000))
    assert task.total == 2000
    assert bars.above.__self__ is not None
    assert bars.above("[bold]as it is[/bold]")
    bars(Ended("work", 1000))
    assert "[bold]as it is[/bold]" in screen.text
    assert not bars.above("x")


def test_bars_cost_little():
    """A batch of a thousand records takes tens of milliseconds; its event and its share of drawing take far less."""
    now = [0.0]
    bars = Bars(Screen(), colour=True, clock=lambda: now[0])
    bars(Began("work", 5000))
    now[0] = 1.0
    bars(Progress("work", 0, 5000))
    began = time.process_time()
    for number in range(5000):
        bars(Progress("work", number, 5000))
    each = (time.process_time() - began) / 5000
    bars.close()
    assert each < 0.0002


def test_a_terminal_that_goes_away_stops_nothing():
    class Gone(Screen):
        def write(self, text):
            raise OSError(5, "Input/output error")

        def flush(self):
            raise OSError(5, "Input/output error")

    bars = Bars(Gone(), colour=False, clock=iter(range(100)).__next__)
    for event in (Began("work"), Progress("work", 1, 2), Message("info", "x", "y"), Ended("work", 2)):
        bars(event)
    bars.close()


def test_help_tells_the_choices():
    assert "[auto|bar|plain|none]" in ask("build", "-h").stdout
    assert run("build", "--progress", "baar").returncode == 2
