"""The command line over a fake engine: options, targets, JSON documents, exit statuses."""

import re
from pathlib import Path

import pytest
from test_cli_fake import ask

from stacbuild import __version__
from stacbuild.cli import registry
from stacbuild.failures import (
    Exit,
)


@pytest.mark.parametrize("command", [[], *([name] for name in registry.COMMANDS)])
def test_short_and_long_help_are_equal(command):
    short, long = ask(*command, "-h"), ask(*command, "--help")
    assert short.exit_code == long.exit_code == 0
    assert short.stdout == long.stdout != ""
    assert "STACBUILD_LOG_FORMAT" in short.stdout


def test_help_of_a_command_tells_its_own_options_first():
    own, shared = ask("build", "--help").stdout.split("Options of every command:")
    assert "--force" in own
    assert "--json" not in own
    assert "--json" in shared
    assert "--force" not in shared


def test_help_lists_what_is_built_and_nothing_else():
    text = ask("--help").stdout
    assert re.findall(r"^  (\w+)  +\S", text.split("Commands:")[1], re.MULTILINE) == list(registry.COMMANDS)


def test_help_of_build_tells_the_exit_statuses():
    text = ask("build", "-h").stdout
    assert re.findall(r"^ +(\d+)  \S", text.split("Exit status:")[1], re.MULTILINE) == [
        str(int(status)) for status in Exit
    ]


@pytest.mark.parametrize("argv", [["-V"], ["--version"], ["build", "-V"]])
def test_version(argv):
    assert ask(*argv).stdout == f"stacbuild {__version__}\n"


@pytest.mark.parametrize("command", registry.LATER)
def test_a_promised_command_says_that_it_is_not_there_yet(command):
    result = ask(command, "--whatever")
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"`stacbuild {command}` is not available yet" in result.stderr


@pytest.mark.parametrize(
    "argv",
    [
        ["status", "--refresh"],
    ],
)
def test_a_promised_option_says_that_it_is_not_there_yet(argv):
    result = ask(*argv)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "is not available yet" in result.stderr
    assert not result.fake.asked


def test_unknown_names_get_the_near_ones():
    assert "Did you mean 'build'?" in ask("biuld").stderr
    assert "--force" in ask("build", "--forec").stderr


def test_no_command_shows_the_help():
    result = ask()
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Commands:" in result.stderr


@pytest.mark.parametrize(
    "argv",
    [
        ["-f", "x.toml", "-C", ".", "ls"],
        ["ls", "-f", "x.toml", "-C", "."],
        ["-C", "/", "-f", "x.toml", "ls", "-C", "."],
    ],
)
def test_global_options_stand_before_or_after_the_command(argv):
    result = ask(*argv)
    assert result.exit_code == 0
    assert result.fake.opened == [("x.toml", ".")]


def test_the_environment_names_the_recipe_and_a_flag_wins():
    for variable in ("STACBUILD_FILE", "STACBUILD_RECIPE"):
        result = ask("ls", env={variable: "env.toml"})
        assert result.fake.opened == [("env.toml", None)]
    for argv in (["-f", "flag.toml", "ls"], ["ls", "-f", "flag.toml"]):
        result = ask(*argv, env={"STACBUILD_FILE": "env.toml"})
        assert result.fake.opened == [("flag.toml", None)]


def test_the_environment_sets_the_other_options():
    assert ask("ls", env={"STACBUILD_JSON": "1"}).stdout.startswith('{"format":1,')
    assert ask("build", env={"STACBUILD_QUIET": "1"}).stdout == ""
    assert "up to date" in ask("build", "-v", env={"STACBUILD_QUIET": "2"}).stdout
    assert "\x1b[" in ask("build", env={"STACBUILD_COLOR": "always"}).stdout
    result = ask("build", env={"STACBUILD_JOBS": "auto", "STACBUILD_OFFLINE": "1"})
    assert result.fake.asked[0][2]["jobs"] == 0
    assert result.fake.asked[0][2]["offline"] is True


@pytest.mark.parametrize("name", ["COLOR", "PROGRESS", "LOG_FORMAT", "VERBOSE"])
def test_a_wrong_variable_is_named(name):
    result = ask("ls", env={f"STACBUILD_{name}": "purple"})
    assert result.exit_code == 2
    assert f"STACBUILD_{name}" in result.stderr


def test_a_missing_folder_is_said():
    assert ask("-C", "nowhere", "ls").exit_code == 2
    assert "no such folder: nowhere" in ask("-C", "nowhere", "ls").stderr


def test_f_without_a_value_hints_at_force():
    assert "--force (-B)" in ask("build", "-f").stderr


def test_a_recipe_found_above_is_said_once_on_stderr():
    assert "using stacbuild.toml\n" in ask("ls", above=True).stderr
    assert ask("ls").stderr == ""


BUILD = {
    "force": False,
    "dry_run": False,
    "jobs": None,
    "offline": False,
    "fail_fast": False,
    "max_failures": None,
    "max_deletions": None,
    "adopt": False,
    "locked": False,
    "wait": True,
    "profile": None,
}


@pytest.mark.parametrize(
    ("argv", "changes"),
    [
        ([], {}),
        (["-B"], {"force": True}),
        (["--force", "--dry-run"], {"force": True, "dry_run": True}),
        (["-n", "-j", "4"], {"dry_run": True, "jobs": 4}),
        (["-j0"], {"jobs": 0}),
        (["-j", "auto"], {"jobs": 0}),
        (["-k"], {}),
        (["-x"], {"fail_fast": True}),
        (["-x", "-k"], {}),
        (["--locked"], {"locked": True}),
        (["--offline", "--adopt", "--no-wait"], {"offline": True, "adopt": True, "wait": False}),
        (["--profile", "p.json"], {"profile": Path("p.json")}),
        (["--max-failures", "5%", "--max-deletions", "10"], {"max_failures": "5%", "max_deletions": 10}),
    ],
)
def test_options_of_build_reach_the_engine(argv, changes):
    result = ask("build", *argv)
    assert result.exit_code == 0
    assert result.fake.asked == [("build", ((),), {**BUILD, **changes})]


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["clean"], ("clean", ((),), {"force": False, "cache": False, "memory": False, "dry_run": False})),
        (["clean", "--all"], ("clean", ((),), {"force": False, "cache": True, "memory": True, "dry_run": False})),
        (
            ["clean", "output:x", "--cache", "-n", "--force"],
            ("clean", (("output:x",),), {"force": True, "cache": True, "memory": False, "dry_run": True}),
        ),
        (["gc"], ("gc", (), {"max_size": None, "max_age": None, "dry_run": False})),
        (
            ["gc", "--max-size", "20GB", "--max-age", "7d", "-n"],
            ("gc", (), {"max_size": 20 * 10**9, "max_age": 7 * 86400, "dry_run": True}),
        ),
        (["gc", "--max-size", "1.5MiB"], ("gc", (), {"max_size": 1572864, "max_age": None, "dry_run": False})),
        (["status"], ("status", ((),), {"limit": 20})),
        (["status", "--limit", "3"], ("status", ((),), {"limit": 3})),
        (["status", "--limit", "0"], ("status", ((),), {"limit": None})),
        (["status", "--json"], ("status", ((),), {"limit": None})),
        (["why", "item:x"], ("why", ("item:x",), {})),
        (["ls", "item:*", "output:x"], ("ls", (("item:*", "output:x"),), {})),
        (["check", "--quick"], ("check", (), {"quick": True})),
    ],
)
def test_options_of_the_others_reach_the_engine(argv, expected):
    result = ask(*argv)
    assert result.exit_code == 0
    assert result.fake.asked == [expected]


@pytest.mark.parametrize(
    "argv",
    [
        ["build", "-j", "-1"],
        ["build", "-j", "many"],
        ["build", "--max-failures", "5 %"],
        ["build", "--max-deletions", "101%"],
        ["gc", "--max-size", "20 parsecs"],
        ["gc", "--max-age", "7"],
        ["status", "--limit", "-1"],
        ["why"],
        ["why", "a", "b"],
    ],
)
def test_wrong_values_are_usage_errors(argv):
    result = ask(*argv)
    assert result.exit_code == 2
    assert result.stderr.startswith("error[SB001]: ")
    assert not result.fake.asked


LIST = '\ufeff# failed yesterday\r\nitem:a\r\n\r\n  item:b c \n{"target": "item:d"}\n#x\nitem:a\n'
NAMED = ("item:a", "item:b c", "item:d")


def test_targets_come_from_standard_input_and_files(tmp_path):
    (tmp_path / "list").write_bytes(LIST.encode())
    result = ask("build", "-", stdin=LIST)
    assert result.fake.asked[0][1] == (NAMED,)
    result = ask("build", "--targets-from", "-", stdin=LIST)
    assert result.fake.asked[0][1] == (NAMED,)
    result = ask("build", "item:z", "--targets-from", str(tmp_path / "list"))
    assert result.fake.asked[0][1] == (("item:z", *NAMED),)
    result = ask("-C", str(tmp_path), "build", "--targets-from", "list")
    assert result.fake.asked[0][1] == (NAMED,)


def test_an_empty_list_of_targets_does_not_mean_everything():
    result = ask("build", "-", stdin="\n# nothing\n")
    assert (result.exit_code, result.fake.asked) == (2, [])
    assert "no targets in standard input" in result.stderr


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"target": "item:a", "ref": "7"}', "standard input:1: `ref` of a target is not available yet"),
        ('{"source": "dps", "input": "s3://x"}', "`source` of a target is not available yet"),
        ('{"target": 1}', "a target in JSON is"),
        ("{oops", "standard input:1: not a JSON object"),
    ],
)
def test_a_line_that_is_no_target_is_refused(line, words):
    result = ask("build", "-", stdin=line + "\n")
    assert (result.exit_code, result.fake.asked) == (2, [])
    assert words in result.stderr


def test_a_missing_list_is_refused():
    assert ask("ls", "--targets-from", "nope").exit_code == 2
