"""The command line over a fake engine: JSON documents, endings and their exit statuses, what is kept quiet."""

import json

import pytest
from test_cli_fake import REPORTS, STALE, ask, built, status

from stacbuild import __version__
from stacbuild.cli import main
from stacbuild.failures import (
    At,
    DamageError,
    Exit,
    LockedError,
    Problem,
    RecipeError,
    SurroundingsError,
    UsageError,
)
from stacbuild.report import Caution, CheckReport

ARGUMENTS = {"why": ["item:x"]}


def envelope(command, exit_=0, error=None):
    return {"format": 1, "stacbuild": __version__, "command": command, "exit": exit_, "error": error}


SHAPES = {
    "build": "recipe mode items stages outputs failures warnings seconds catalog failed_allowed held_back"
    " like_failures stale patches mappings",
    "status": "recipe fresh truncated items stale outputs warnings catalog seconds",
    "why": "recipe target verdict reasons stages source outputs failure",
    "ls": "recipe targets files",
    "diff": "recipe diffs same truncated",
    "clean": "recipe removed kept seconds dry_run linked",
    "gc": "recipe entries bytes dry_run",
    "lock": "recipe path written created moved sources schemas seconds",
    "verify": "recipe locked outputs store sample seconds",
    "check": "recipe problems sample failures warnings recipes",
}


@pytest.mark.parametrize("command", list(REPORTS))
def test_json_is_the_envelope_and_the_report(command):
    result = ask(command, *ARGUMENTS.get(command, []), "--json")
    document = json.loads(result.stdout)
    assert list(document) == [*envelope(command), *SHAPES[command].split()]
    assert {key: document[key] for key in envelope(command)} == envelope(command)
    assert (result.stdout.count("\n"), result.stderr, result.exit_code) == (1, "", 0)


def test_build_json_to_the_letter():
    document = json.loads(ask("build", "--json").stdout)
    assert document == {
        **envelope("build"),
        "recipe": "stacbuild.toml",
        "mode": "incremental",
        "items": {
            "total": 1200,
            "added": 0,
            "modified": 0,
            "deleted": 0,
            "unchanged": 1200,
            "failed": 0,
            "dropped": 0,
        },
        "stages": {
            stage: {"ran": 0, "reused": 1200, "failed": 0} for stage in ("fetch", "transform", "validate", "write")
        },
        "outputs": {"site": {"path": "dist/site", "written": 0, "unchanged": 5, "removed": 0}},
        "failures": {"count": 0, "path": ".stacbuild/failures.ndjson"},
        "warnings": [],
        "seconds": 0.081,
        "catalog": "boreal",
        "failed_allowed": True,
        "held_back": [],
        "like_failures": [],
        "stale": [],
        "patches": {},
        "mappings": {},
    }


def test_status_json_tells_stale_targets_as_the_contract_does():
    report = status(fresh=False, items={"fresh": 5, "new": 0, "stale": 1, "gone": 0, "failed": 0}, stale=[STALE])
    document = json.loads(ask("status", "--json", status=report).stdout)
    assert document["stale"] == [
        {
            "target": "item:boreal/S2A_1",
            "verdict": "stale",
            "stages": ["transform", "validate", "write"],
            "reasons": [
                {
                    "code": "mapping-changed",
                    "what": "mappings.scenes.title",
                    "before": "{id}",
                    "after": "Scene {id}",
                    "at": "stacbuild.toml:41",
                }
            ],
        }
    ]


PROBLEM = Problem("SB101", "unknown key `x`", At("stacbuild.toml", 3, 1), "did you mean `y`?")
TOLD = {"code": "SB101", "message": "unknown key `x`", "hint": "did you mean `y`?", "at": "stacbuild.toml:3:1"}


@pytest.mark.parametrize(
    ("error", "exit_"),
    [
        (RecipeError(PROBLEM), 2),
        (UsageError(PROBLEM), 2),
        (DamageError(PROBLEM), 4),
        (LockedError(PROBLEM), 5),
        (SurroundingsError(PROBLEM), 6),
    ],
)
def test_errors_of_the_engine_are_told_on_both_streams(error, exit_):
    for answers in ({"open": error}, {"build": error}):
        result = ask("build", "--json", **answers)
        assert result.exit_code == exit_
        assert json.loads(result.stdout) == envelope("build", exit_, TOLD)
        assert result.stderr.startswith("error[SB101]: unknown key `x`\n --> stacbuild.toml:3:1\n")
        assert ask("build", **answers).stdout == ""


def test_all_problems_are_told():
    error = RecipeError([PROBLEM, Problem("SB102", "and another")])
    result = ask("build", "--json", open=error)
    assert json.loads(result.stdout)["error"]["problems"][1]["code"] == "SB102"
    assert "error[SB101]" in result.stderr
    assert "error[SB102]" in result.stderr


@pytest.mark.parametrize(
    ("argv", "command"),
    [(["--json"], None), (["nope", "--json"], None), (["serve", "--json"], "serve"), (["ls", "--json", "--x"], "ls")],
)
def test_wrong_usage_is_told_as_json_too(argv, command):
    result = ask(*argv)
    document = json.loads(result.stdout)
    assert (result.exit_code, document["exit"], document["command"]) == (2, 2, command)
    assert document["error"]["code"] in ("SB001", "SB002")


@pytest.mark.parametrize(
    ("error", "exit_", "words"),
    [
        (KeyboardInterrupt(), 130, "interrupted"),
        (main.signals.Terminated(), 143, "terminated"),
        (OSError(28, "No space left on device", "/x"), 6, "No space left on device"),
        (BrokenPipeError(32, "Broken pipe"), 6, "Broken pipe"),
        (MemoryError(), 6, "out of memory"),
        (ZeroDivisionError("division by zero"), 70, "a bug in stacbuild: ZeroDivisionError: division by zero"),
    ],
)
def test_other_endings_have_their_status_and_no_traceback(error, exit_, words):
    result = ask("build", "--json", build=error)
    assert result.exit_code == exit_
    assert json.loads(result.stdout)["exit"] == exit_
    assert words in result.stderr
    assert "Traceback" not in result.stderr


def test_the_traceback_of_a_bug_is_shown_or_kept(tmp_path):
    assert "run it again with -v" in ask("build", build=KeyError("x")).stderr
    assert "Traceback" in ask("build", "-v", build=KeyError("x")).stderr
    result = ask("build", root=tmp_path, log="logs/build.log", build=KeyError("hunter2-secret"))
    assert f"the traceback is in {tmp_path / 'logs/build.log'}" in result.stderr
    assert "Traceback" in (tmp_path / "logs/build.log").read_text()
    assert "hunter2" not in (tmp_path / "logs/build.log").read_text() + result.stderr


def test_the_report_decides_the_exit_status():
    result = ask("build", "--json", build=built(exit=Exit.FAILURES))
    assert (result.exit_code, json.loads(result.stdout)["exit"]) == (1, 1)


def test_status_check_is_3_when_something_is_stale():
    stale = {"status": status(fresh=False)}
    assert ask("status", **stale).exit_code == 0
    assert ask("status", "--check", status=status()).exit_code == 0
    result = ask("status", "--check", "--json", status=status(fresh=False))
    assert (result.exit_code, json.loads(result.stdout)["exit"]) == (3, 3)


def test_status_check_looks_at_staleness_only():
    items = {"fresh": 5, "new": 0, "stale": 0, "gone": 0, "failed": 2}
    assert ask("status", "--check", status=status(items=items)).exit_code == 0


def test_check_takes_recipes_and_tells_each():
    result = ask("check", "a.toml", "b.toml", "--json", open=RecipeError(PROBLEM))
    document = json.loads(result.stdout)
    assert result.fake.opened == [("a.toml", None), ("b.toml", None)]
    assert (result.exit_code, document["exit"], document["recipe"]) == (2, 2, "a.toml, b.toml")
    assert [problem["recipe"] for problem in document["problems"]] == ["a.toml", "b.toml"]
    assert {key: document["problems"][0][key] for key in TOLD} == TOLD


def test_check_formats():
    wrong = {"check": CheckReport("stacbuild.toml", [TOLD], {}, [], exit=Exit.USAGE)}
    full = ask("check", **wrong)
    assert full.stdout.startswith("error[SB101]: unknown key `x`\n --> stacbuild.toml:3:1\n")
    assert full.stdout.endswith("stacbuild.toml: 1 problem\n")
    concise = ask("check", "--output-format", "concise", **wrong)
    assert concise.stdout == "stacbuild.toml:3:1: SB101 unknown key `x` (did you mean `y`?)\n"
    as_json = ask("check", "--output-format", "json", **wrong)
    assert json.loads(as_json.stdout)["problems"] == [TOLD]
    assert full.exit_code == concise.exit_code == as_json.exit_code == 2


def test_secrets_are_nowhere():
    warning = Caution("SB300", "asked https://x?token=hunter2-secret")
    for argv in (["build"], ["build", "--json"], ["build", "--log-format", "json"]):
        assert "hunter2" not in ask(*argv, build=built(warnings=[warning])).output
        problem = Problem("SB600", "cannot reach hunter2-secret")
        assert "hunter2" not in ask(*argv, build=SurroundingsError(problem)).output


def test_quiet_says_only_what_is_wrong():
    assert ask("build", "-q").output == ""
    failed = ask("build", "-q", build=built(failures={"count": 1}, like_failures=[{"code": "SB204"}]))
    assert failed.stdout.startswith("failed: 1 item")
    assert "SB204" in failed.stdout
    warned = ask("build", "-q", build=built(warnings=[Caution("SB300", "a warning", hint="do that")]))
    assert warned.stdout == "warning[SB300]: a warning\n  = hint: do that\n"
    assert ask("-qq", "build", build=built(failures={"count": 1})).output == ""
    assert ask("ls", "-q").stdout != ""
    assert ask("ls", "-qq").stdout == ""
    assert json.loads(ask("-qq", "build", "--json").stdout)["exit"] == 0
