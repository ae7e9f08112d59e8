"""`build --events FILE`: JSON lines that are there even when the build is killed."""

import json
import re
import signal
import time
from pathlib import Path

import pytest
from kitchen import Kitchen
from test_cli_fake import ask, process

from stacbuild.events import Began, Ended, Message, Progress, Waiting
from stacbuild.ui.eventsfile import EventsFile

MEMBERS = {
    "started": ["format", "stacbuild", "command"],
    "began": ["stage", "total"],
    "progress": ["stage", "done", "total", "part"],
    "ended": ["stage", "done", "text"],
    "waiting": ["holder"],
    "message": ["level", "module", "text", "context"],
    "problem": ["code", "message", "hint", "at"],
    "finished": ["exit"],
}


def lines(path):
    return [json.loads(line) for line in Path(path).read_text().splitlines()]


def test_every_line_has_its_members_and_a_time(tmp_path):
    warned = []
    file = EventsFile(tmp_path / "e", "build", lambda text: text.replace("hunter2", "***"), warned.append)
    for event in (
        Began("work", 3),
        Progress("work", 1, 3, "rows"),
        Ended("work", 3, "done"),
        Waiting("pid 7"),
        Message("warning", "x", "hunter2", {"key": "hunter2"}),
    ):
        file.event(event)
    file.finished(1)
    told = lines(tmp_path / "e")
    assert [line["event"] for line in told] == [
        "started",
        "began",
        "progress",
        "ended",
        "waiting",
        "message",
        "finished",
    ]
    for line in told:
        assert list(line) == ["event", "time", *MEMBERS[line["event"]]]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"])
    assert told[2] | {"time": 0} == {
        "event": "progress",
        "time": 0,
        "stage": "work",
        "done": 1,
        "total": 3,
        "part": "rows",
    }
    assert "hunter2" not in (tmp_path / "e").read_text()
    assert warned == []


def test_a_build_tells_its_stages_and_its_end(tmp_path):
    kitchen = Kitchen(tmp_path / "k")
    kitchen.build("--events", "events.ndjson")
    told = lines(kitchen / "events.ndjson")
    assert (told[0]["event"], told[0]["command"]) == ("started", "build")
    assert (told[-1]["event"], told[-1]["exit"]) == ("finished", 0)
    stages = [(line["event"], line["stage"]) for line in told if line["event"] in ("began", "ended")]
    assert stages == [(event, stage) for stage in ("list", "work", "write") for event in ("began", "ended")]
    reading = [line for line in told if line["event"] == "progress" and line["stage"] == "list"]
    assert [(line["part"], line["done"], line["total"]) for line in reading] == [("rows", 3, None)]
    written = [line["part"] for line in told if line["event"] == "progress" and line["stage"] == "write"]
    assert set(written) == {"site", "lines"}


def test_the_file_is_of_one_build_only_and_says_what_was_known_before(tmp_path):
    kitchen = Kitchen(tmp_path / "k")
    for _ in range(2):
        kitchen.build("--events", "e")
        (kitchen / "rows.csv").touch()
    told = lines(kitchen / "e")
    assert [line["event"] for line in told].count("started") == 1
    assert [line["total"] for line in told if line["event"] == "progress"][:1] == [3]


def test_a_recipe_that_is_wrong_is_a_problem_and_the_end(tmp_path):
    kitchen = Kitchen(tmp_path / "k")
    kitchen.write("bad.toml", "[catalog]\nidd = 1\n")
    kitchen.ask("-f", "bad.toml", "build", "--events", "e", exit_=2)
    told = lines(kitchen / "e")
    assert {line["event"] for line in told} == {"started", "problem", "finished"}
    assert "SB101" in {line.get("code") for line in told}
    assert told[-1]["exit"] == 2


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM])
def test_what_was_told_is_there_when_the_build_is_killed(tmp_path, ending):
    code = (
        "from stacbuild.events import *\n"
        "def build():\n    fake.watcher(Began('work', 9)); fake.watcher(Progress('work', 4, 9)); time.sleep(60)\n"
        "fake.answers['build'] = build\n"
    )
    started = process("build", "--events", str(tmp_path / "e"), code=code)
    end = time.monotonic() + 30
    while time.monotonic() < end and not ((tmp_path / "e").exists() and len(lines(tmp_path / "e")) >= 3):
        time.sleep(0.05)
    started.send_signal(ending)
    started.communicate(timeout=30)
    told = lines(tmp_path / "e")
    assert [line["event"] for line in told[:3]] == ["started", "began", "progress"]
    assert (told[-1].get("exit") == 143) is (ending is signal.SIGTERM)


@pytest.mark.parametrize("path", ["nowhere/e", "."])
def test_a_file_that_cannot_be_made_stops_the_command(tmp_path, path):
    kitchen = Kitchen(tmp_path / "k")
    document = kitchen.ask("build", "--events", path, exit_=6)
    assert document["error"]["code"] == "SB006"
    assert "--events" in document["error"]["message"]
    assert not (kitchen / "dist").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
def test_a_full_disk_costs_one_warning(tmp_path):
    kitchen = Kitchen(tmp_path / "k")
    done = kitchen.run("build", "--events", "/dev/full")
    assert done.exit == 0
    assert done.err.count("the events cannot be written") == 1


def test_help_and_promise():
    assert "--events FILE" in ask("build", "-h").stdout
    assert ask("status", "--events", "x").exit_code == 2


def test_help_names_every_event_and_its_members():
    told = ask("build", "-h").stdout.split("Events (--events FILE)")[1]
    for event, members in MEMBERS.items():
        line = re.search(rf"^ +{event} +(.*)$", told, re.MULTILINE)[1]
        assert re.findall(r"[a-z]+", line)[:1] == members[:1]
        assert all(member in line for member in members)
