"""What people read: reports in words, progress, colour, the log."""

import json
import os
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from test_cli_fake import REPORTS, STALE, built, status

from stacbuild.events import Began, Ended, Message, Progress, Waiting, many
from stacbuild.failures import At, Exit, Problem
from stacbuild.report import Caution, CheckReport, CleanReport, GcReport, LsReport, Reason, StaleTarget, WhyReport
from stacbuild.ui import frames, jsonlines, words
from stacbuild.ui.counts import duration, share, size
from stacbuild.ui.paint import Paint, wanted
from stacbuild.ui.terminal import Lines
from stacbuild.ui.watch import Watch


def same(text):
    return text


def told(report, **style):
    return words.of(report, words.Style(Paint(style.pop("color", False)), style.pop("redact", same), **style))


def test_a_build_with_nothing_to_do_is_one_line():
    items = {"total": 812344, "unchanged": 812344}
    assert told(built(items=items)) == ["boreal: up to date (812,344 items, 0.08 s)"]


def test_a_build_tells_what_ran_and_what_was_written():
    report = built(
        items={"total": 1200, "added": 1, "modified": 2, "deleted": 0, "unchanged": 1197, "failed": 0, "dropped": 0},
        stages={"fetch": {"ran": 3, "reused": 1197}, "transform": {"ran": 3}, "patch": {"ran": 0}, "write": {"ran": 3}},
        outputs={
            "site": {"path": "dist/site", "written": 5, "unchanged": 1195, "removed": 1},
            "lines": {"path": "dist/x", "written": 0, "unchanged": 1, "removed": 0},
        },
        seconds=75.4,
    )
    assert told(report) == [
        "boreal: built (1,200 items, 1 min 15 s): 1 added, 2 modified, 1,197 unchanged",
        "  fetch      3 ran, 1,197 reused",
        "  transform  3 ran",
        "  write      3 ran",
        "  output site: 5 written, 1 removed, 1,195 unchanged (dist/site)",
    ]


def test_remembered_failures_are_told_though_nothing_ran():
    report = built(
        exit=Exit.FAILURES,
        failed_allowed=False,
        failures={"count": 1201, "path": ".stacbuild/failures.ndjson"},
        like_failures=[
            {"code": "SB204", "count": 1200, "message": "no field `x`", "target": "item:boreal/a", "hint": "add it"},
            {
                "code": "SB301",
                "count": 1,
                "message": "wrong",
                "target": "item:boreal/b",
                "where": "x.csv:7",
                "hint": None,
            },
        ],
    )
    assert told(report) == [
        "boreal: up to date (1,200 items, 0.08 s)",
        "failed: 1,201 items, more than `max-failures` allows; all are in .stacbuild/failures.ndjson",
        "  SB204 1,200 items, e.g. item:boreal/a: no field `x`",
        "    = hint: add it",
        "  SB301 item:boreal/b (x.csv:7): wrong",
    ]


def test_what_was_held_back_and_warnings_are_told():
    report = built(
        held_back=["200 deletions of source csv; to do them: --max-deletions 100%"],
        warnings=[Caution("SB310", "a key is deprecated", "use `y`", "stacbuild.toml:3")],
    )
    assert told(report)[1:] == [
        "held back: 200 deletions of source csv; to do them: --max-deletions 100%",
        "warning[SB310]: a key is deprecated (stacbuild.toml:3)",
        "  = hint: use `y`",
    ]


def test_a_dry_run_tells_what_would_run_and_why():
    report = built(mode="dry-run", stages={"transform": {"ran": 2, "at_most": True}}, stale=[STALE] * 22)
    lines = told(report)
    assert lines[0] == "boreal: would build (1,200 items, 0.08 s): 1,200 unchanged"
    assert lines[1] == "  transform  at most 2 would run"
    assert lines[2].startswith("  item:boreal/S2A_1  stale  mapping-changed")
    assert (len(lines), lines[-1]) == (23, "  and 2 more: stacbuild status --limit 0")


def test_status_tells_counts_then_each_stale_target_with_its_reason():
    items = {"fresh": 5, "new": 0, "stale": 3, "gone": 0, "failed": 1}
    missing = {"state": "stale", "reasons": [{"code": "output-missing", "what": "catalog.json"}]}
    report = status(fresh=False, truncated=True, items=items, stale=[STALE], outputs={"site": missing})
    assert told(report) == [
        "boreal: stale: 5 fresh, 3 stale, 1 failed",
        'item:boreal/S2A_1  stale  mapping-changed: mappings.scenes.title: "{id}" -> "Scene {id}" (stacbuild.toml:41)',
        "and 2 more: stacbuild status --limit 0",
        "output:site  stale  output-missing: catalog.json",
    ]


def test_an_output_among_the_stale_targets_is_told_once():
    reasons = [Reason("output-missing", "catalog.json")]
    target = StaleTarget("output:site", "stale", ["write"], reasons)
    site = {"state": "stale", "reasons": [{"code": "output-missing", "what": "catalog.json"}]}
    assert told(status(fresh=False, stale=[target], outputs={"site": site}))[1:] == [
        "output:site  stale  output-missing: catalog.json"
    ]


def test_fresh_status_is_one_line():
    assert told(status(seconds=0.02)) == ["boreal: up to date (6 items, 0.02 s)"]
    items = {"fresh": 6, "failed": 1}
    assert told(status(items=items)) == ["boreal: up to date (6 items, 0.00 s); 1 failed before"]


def test_why_tells_source_stages_and_ingredients():
    report = WhyReport(
        "stacbuild.toml",
        "item:boreal/a",
        "stale",
        [Reason("mapping-changed", "mappings.scenes", at="stacbuild.toml:9")],
        [
            {
                "stage": "transform",
                "verdict": "stale",
                "key": "ab" * 32,
                "ingredients": {
                    "input": "cd" * 32,
                    "schema https://example.com/a.json": "ef" * 32,
                    "schema https://example.com/b.json": "ef" * 32,
                    "revision": 1,
                },
                "result": None,
                "reasons": [],
            }
        ],
        {"name": "csv", "where": "scenes.csv:7"},
        [{"name": "site", "path": "a/a.json", "state": "same"}],
        {"code": "SB204", "message": "no field", "path": "/properties", "hint": "add it"},
    )
    assert told(report) == [
        "item:boreal/a: stale",
        "  mapping-changed: mappings.scenes (stacbuild.toml:9)",
        "source csv",
        "    where: scenes.csv:7",
        "transform  stale  key abababababab",
        "    input: cdcdcdcdcdcd",
        "    revision: 1",
        "    schemas: 2 of example.com (--json lists them)",
        "output site",
        "    path: a/a.json",
        "    state: same",
        "failed[SB204]: no field at /properties",
        "    = hint: add it",
    ]


def test_ls_is_one_a_line_even_for_wild_ids():
    report = LsReport("r", ["item:a\nb", "item:\x1b[31mred"], [{"path": "catalog.json", "size": 3}])
    assert told(report) == ["item:a\\nb", "item:\\x1b[31mred", "catalog.json"]


def test_clean_and_gc():
    assert told(CleanReport("r", ["a", "b"], [], 0.5)) == ["removed 2 files (0.50 s)"]
    assert told(CleanReport("r", ["a"], [], dry_run=True)) == ["  a", "would remove 1 file"]
    assert told(CleanReport("r", [], ["x"])) == [
        "kept x: edited since it was built",
        "  = hint: to remove it too: stacbuild clean --force",
        "nothing to remove",
    ]
    assert told(REPORTS["gc"]) == ["dropped 3 entries, 5.0 MB (2 kept, 2.0 kB)"]
    assert told(GcReport("r", {"before": 1, "after": 1}, {})) == ["nothing to drop (1 kept, 0 B)"]


def test_check_shows_the_line_that_is_wrong(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("stacbuild.toml").write_text("a = 1\nsise = 2\n")
    problem = {"code": "SB101", "message": "unknown key `sise`", "at": "stacbuild.toml:2:1", "length": 4, "hint": None}
    assert told(CheckReport("stacbuild.toml", [problem], {}, [], exit=Exit.USAGE)) == [
        "error[SB101]: unknown key `sise`",
        " --> stacbuild.toml:2:1",
        "  |",
        "2 | sise = 2",
        "  | ^^^^",
        "",
        "stacbuild.toml: 1 problem",
    ]


def test_check_tells_the_sample():
    assert told(REPORTS["check"]) == ["stacbuild.toml: no problems (sample: 20 records, 0 failed)"]
    failure = {"target": "item:a", "code": "SB204", "message": "bad date", "path": "/d", "hint": "see `format`"}
    report = CheckReport("r", [], {"records": 2}, [failure], exit=Exit.FAILURES)
    assert told(report) == [
        "failed item:a: SB204 /d: bad date (see `format`)",
        "r: records of the sample failed (sample: 2 records)",
    ]


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("a.toml:3:1", At("a.toml", 3, 1)),
        ("a.toml:3", At("a.toml", 3)),
        ("a.toml", At("a.toml")),
        ("a:b.toml:3", At("a:b.toml", 3)),
        ("a:b.toml", At("a:b.toml")),
    ],
)
def test_a_place_as_text_is_the_place(text, at):
    assert frames.problem_of({"code": "SB1", "message": "m", "at": text}).at == at
    assert (
        frames.problem_of({"code": "SB1", "message": "m", "at": {"file": at.file, "line": at.line}}).at.line == at.line
    )


def test_colour_changes_no_word():
    report = built(held_back=["x"], failures={"count": 1}, like_failures=[{"code": "SB204", "count": 1}])
    coloured = told(report, color=True)
    assert "\x1b[" in "".join(coloured)
    assert [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in coloured] == told(report)


@pytest.mark.parametrize(
    ("choice", "environ", "terminal", "on"),
    [
        ("always", {"NO_COLOR": "1", "TERM": "dumb"}, False, True),
        ("never", {"FORCE_COLOR": "1"}, True, False),
        ("auto", {"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
        ("auto", {"FORCE_COLOR": "1"}, False, True),
        ("auto", {"FORCE_COLOR": "1", "TERM": "dumb"}, False, True),
        ("auto", {"FORCE_COLOR": "0"}, False, False),
        ("auto", {"TERM": "dumb"}, True, False),
        ("auto", {}, True, True),
        ("auto", {}, False, False),
    ],
)
def test_colour_rule(choice, environ, terminal, on):
    assert wanted(choice, environ, SimpleNamespace(isatty=lambda: terminal)) is on
    assert not wanted("auto", {}, None)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (duration(0.081), "0.08 s"),
        (duration(12.4), "12 s"),
        (duration(59.7), "1 min 0 s"),
        (duration(3720), "1 h 2 min"),
        (many(1, "item"), "1 item"),
        (many(2, "entry"), "2 entries"),
        (size(999), "999 B"),
        (size(3_200_000), "3.2 MB"),
        (share(1999, 2000), "99%"),
    ],
)
def test_numbers(said, expected):
    assert said == expected


def progress(every=10.0, stages=True, least=30):
    said, now = [], [0.0]
    lines = Lines(said.append, Paint(), every=every, least=least, stages=stages, clock=lambda: now[0])
    return lines, said, now


def test_progress_is_a_line_a_stage_and_one_every_ten_seconds():
    lines, said, now = progress()
    lines(Began("transform", 3000))
    for second in range(31):
        now[0] = float(second)
        lines(Progress("transform", second * 100, 3000))
    lines(Ended("transform", 3000))
    assert said == [
        "transform: 1,000 of 3,000 (33%)",
        "transform: 2,000 of 3,000 (66%)",
        "transform: 3,000 of 3,000 (100%)",
        "transform: 3,000",
    ]


def test_looking_is_told_only_when_it_lasts():
    lines, said, now = progress()
    lines(Began("list"))
    lines(Ended("list", 3000))
    lines(Began("write"))
    lines(Ended("write", 0, "0 files written"))
    assert said == []
    lines(Began("list"))
    now[0] = 2.0
    lines(Ended("list", 3000, "3,000 inputs"))
    assert said == ["list: 3,000 inputs"]


def test_messages_are_told_by_level_and_waiting_always():
    lines, said, _ = progress(stages=False)
    lines(Message("info", "build", "fine"))
    lines(Message("warning", "build", "odd\x1b[0m"))
    lines(Waiting("pid 7 on box"))
    lines(Ended("write", 3))
    assert said == ["warning: odd\\x1b[0m", "waiting for another build: pid 7 on box"]


def watch(capsys, recipe, *, redact=same, events=(), **options):
    watcher = Watch(
        **{"verbosity": 0, "progress": "auto", "as_json": False, "paint": Paint(), **options}, redact=redact
    )
    watcher.log_to(recipe)
    for event in events:
        watcher(event)
    watcher.close()
    return capsys.readouterr().err


def recipe(root, file=None, level="info"):
    return SimpleNamespace(root=root, document=SimpleNamespace(log=SimpleNamespace(file=file, level=level)))


EVENTS = (Began("write"), Message("debug", "store", "miss"), Message("warning", "store", "odd secret", {"n": "secret"}))


def test_the_log_is_json_lines_without_secrets(tmp_path, capsys):
    err = watch(
        capsys, recipe(tmp_path, "logs/b.log"), redact=lambda text: text.replace("secret", "***"), events=EVENTS
    )
    assert err == "warning: odd ***\n"
    lines = [json.loads(line) for line in (tmp_path / "logs/b.log").read_text().splitlines()]
    assert [list(line) for line in lines] == [["timestamp", "level", "module", "message", "context"]]
    assert lines[0]["message"] == "odd ***"
    assert lines[0]["context"] == {"n": "***"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", lines[0]["timestamp"])


def test_the_log_has_the_level_of_the_recipe_and_grows(tmp_path, capsys):
    for _ in range(2):
        watch(capsys, recipe(tmp_path, "b.log", "debug"), events=EVENTS)
    assert len((tmp_path / "b.log").read_text().splitlines()) == 6


def test_a_log_that_cannot_be_written_is_one_warning(tmp_path, capsys):
    (tmp_path / "file").touch()
    err = watch(capsys, recipe(tmp_path, "file/b.log"), events=(*EVENTS, *EVENTS))
    assert err.count("the log cannot be written") == 1


def test_stderr_as_json_lines(tmp_path, capsys):
    err = watch(capsys, recipe(tmp_path), as_json=True, events=(*EVENTS, Ended("write", 3), Waiting("pid 7")))
    lines = [json.loads(line) for line in err.splitlines()]
    assert [line["message"] for line in lines] == [
        "write begins",
        "odd secret",
        "write is done",
        "waiting for another build: pid 7",
    ]
    assert lines[2]["context"] == {"event": "ended", "stage": "write", "done": 3, "text": ""}


def test_an_event_of_any_kind_is_a_message():
    for event in (Began("a"), Progress("a", 1), Ended("a", 1), Waiting("x"), Message("info", "m", "t")):
        assert jsonlines.message_of(event).level in jsonlines.LEVELS


def test_what_utf8_cannot_say_is_escaped():
    line = jsonlines.line(Message("info", "m", os.fsdecode(b"a\xff")), same)
    assert json.loads(line)["message"] == "a\\udcff"


def test_a_frame_shows_the_line_of_the_file(tmp_path):
    (tmp_path / "r.toml").write_text("x = 1\n")
    problem = Problem("SB1", "m", At("r.toml", 1, 1))
    assert frames.source_of(problem, None, str(tmp_path)) == "x = 1\n"
    assert frames.source_of(Problem("SB1", "m", At("gone", 1, 1)), None, None) is None
    assert frames.source_of(Problem("SB1", "m"), None, None) is None
