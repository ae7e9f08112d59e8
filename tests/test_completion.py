"""Completion: the scripts, and what is answered when a shell asks."""

import json
import shutil
import subprocess
import sys

import pytest
from test_cli_fake import ask, environment
from test_cli_json import envelope

from stacbuild.cli import registry

RECIPE = """\
[catalog]
id = "x"
description = "x"
[sources.rows]
kind = "table"
path = "rows.csv"
key = "k"
[mappings.plain]
id = "k"
geometry = { lon = "x", lat = "y" }
datetime = { from = "t", as = "datetime" }
[collections.alpha]
from = ["rows"]
mapping = "plain"
[collections."alpha two"]
from = ["rows"]
mapping = "plain"
[outputs.lines]
kind = "ndjson"
path = "dist/{collection}.ndjson"
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "stacbuild.toml").write_text(RECIPE)
    return tmp_path


def asked(folder, line, shell="bash", **env):
    words = {"COMP_LINE": line, "COMP_POINT": str(len(line.encode())), **env}
    done = subprocess.run(
        [sys.executable, "-m", "stacbuild"],
        env=environment(_STACBUILD_COMPLETE=f"{shell}_complete", **words),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_printed_as_it_is(shell):
    result = ask("completion", shell)
    assert (result.exit_code, result.stderr) == (0, "")
    assert f"_STACBUILD_COMPLETE={shell}_complete" in result.stdout
    document = json.loads(ask("completion", shell, "--json").stdout)
    assert document == {**envelope("completion"), "shell": shell, "script": document["script"]}
    assert document["script"].rstrip("\n") == result.stdout.rstrip("\n")


def test_another_shell_is_wrong_usage():
    result = ask("completion", "tcsh")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "bash" in result.stderr
    assert ask("completion").exit_code == 2


def test_help_says_how_to_load_it():
    text = ask("completion", "-h").stdout
    assert 'eval "$(stacbuild completion bash)"' in text
    assert "compinit" in text


def test_commands_and_options_are_completed(folder):
    assert asked(folder, "stacbuild b") == ["plain,build"]
    assert [line.split(",")[1] for line in asked(folder, "stacbuild ")] == list(registry.COMMANDS)
    assert asked(folder, "stacbuild build --max-f") == ["plain,--max-failures"]
    assert asked(folder, "stacbuild build --color ") == ["plain,auto", "plain,always", "plain,never"]
    assert asked(folder, "stacbuild -f x") == ["file,x"]
    assert asked(folder, "stacbuild completion z") == ["plain,zsh"]
    assert asked(folder, "stacbuild explain sb20")[0] == "plain,SB201"


def test_targets_are_completed_from_the_recipe(folder):
    assert asked(folder, "stacbuild build ou") == ["plain,output:"]
    assert asked(folder, "stacbuild build output:") == ["plain,lines"]
    assert asked(folder, "stacbuild build collection:al") == ["plain,alpha", "plain,alpha two"]
    assert asked(folder, "stacbuild status source:r", COMP_BREAKS=" ") == ["plain,source:rows"]
    above = folder / "below"
    above.mkdir()
    assert asked(above, f"stacbuild -f {folder}/stacbuild.toml build output:l") == ["plain,lines"]
    assert "plain,validate" in asked(folder, "stacbuild build failed:")


@pytest.mark.parametrize(
    "line", ["stacbuild nope ", "stacbuild serve --", "stacbuild -f nope.toml build output:", "stacbuild why 'x"]
)
def test_what_cannot_be_completed_is_nothing(folder, line):
    assert asked(folder, line) in ([], [""])


def test_a_broken_recipe_disturbs_nobody(folder):
    (folder / "stacbuild.toml").write_text("[[")
    assert asked(folder, "stacbuild build output:") == []


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_bash_loads_the_script_and_asks(folder, tmp_path):
    program = tmp_path / "bin" / "stacbuild"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m stacbuild "$@"\n')
    program.chmod(0o755)
    script = """
        eval "$(stacbuild completion bash)"
        compopt() { :; }
        COMP_LINE="stacbuild build output:l" COMP_POINT=24 COMP_WORDS=(stacbuild build output : l) COMP_CWORD=4
        _stacbuild_completion stacbuild l : && printf '%s\\n' "${COMPREPLY[@]}"
        COMP_LINE="stacbuild st" COMP_POINT=12 COMP_WORDS=(stacbuild st) COMP_CWORD=1
        _stacbuild_completion stacbuild st stacbuild && printf '%s\\n' "${COMPREPLY[@]}"
        complete -p stacbuild
    """
    env = environment()
    env["PATH"] = f"{program.parent}:{env['PATH']}"
    done = subprocess.run(
        ["bash", "--norc", "-c", script], env=env, cwd=folder, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stderr == ""
    assert done.stdout.splitlines()[:2] == ["lines", "status"]
    assert "-F _stacbuild_completion stacbuild" in done.stdout
