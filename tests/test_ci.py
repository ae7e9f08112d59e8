"""The ready workflows: their very commands, run offline on the quickstart, do what the README beside them says."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
CI = ROOT / "examples" / "ci"
NO_NETWORK = """
import sys
def refuse(event, args):
    if event == "socket.getaddrinfo" or (event == "socket.connect" and args[0].family != 1):
        raise OSError("the network was asked")
sys.addaudithook(refuse)
"""


def github():
    """Return the commands of the workflow, in order."""
    (job,) = yaml.safe_load((CI / "github.yml").read_text())["jobs"].values()
    return [step["run"] for step in job["steps"] if "run" in step]


def gitlab():
    (job,) = yaml.safe_load((CI / "gitlab.yml").read_text()).values()
    return [*job["before_script"], *job["script"]]


@pytest.fixture
def machine(tmp_path):
    """A fresh checkout of the quickstart on a machine with nothing but stacbuild, and no network."""
    folder = tmp_path / "checkout"
    shutil.copytree(ROOT / "examples" / "quickstart", folder, ignore=shutil.ignore_patterns(".stacbuild", "dist"))
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "stacbuild").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m stacbuild "$@"\n')
    (tools / "stacbuild").chmod(0o755)
    (tools / "sitecustomize.py").write_text(NO_NETWORK)

    def run(command):
        path = f"{tools}{os.pathsep}/usr/bin{os.pathsep}/bin"
        env = {"PATH": path, "PYTHONPATH": f"{tools}{os.pathsep}{ROOT}", "HOME": str(tmp_path)}
        argv = ["bash", "-eo", "pipefail", "-c", command]
        return subprocess.run(argv, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=120)

    run.folder = folder
    return run


def ours(commands):
    """Return the commands but the one that installs."""
    assert sum("pip install" in command for command in commands) == 1
    return [command for command in commands if "pip install" not in command]


@pytest.mark.parametrize("commands", [github, gitlab], ids=["github", "gitlab"])
def test_commands_of_the_workflow_build_a_locked_recipe_twice(machine, commands):
    assert machine("stacbuild lock").returncode == 0
    for _ in range(2):
        for command in ours(commands()):
            done = machine(command)
            assert done.returncode == 0, (command, done.stdout, done.stderr)
    assert (machine.folder / "dist/site/catalog.json").is_file()
    assert (machine.folder / ".stacbuild/failures.ndjson").read_bytes() == b""


def test_workflow_stops_when_the_recipe_is_not_as_locked(machine):
    assert machine("stacbuild lock").returncode == 0
    recipe = machine.folder / "stacbuild.toml"
    recipe.write_text(recipe.read_text().replace("Northern harbours", "Southern harbours"))
    statuses = [machine(command).returncode for command in ours(github())]
    assert statuses[:2] == [0, 3]
    assert not (machine.folder / "dist").exists()


def test_workflow_stops_when_an_output_is_not_as_it_was_built(machine):
    machine("stacbuild lock && stacbuild build")
    (machine.folder / "dist/site/catalog.json").write_text("{}")
    done = machine(ours(github())[-1])
    assert (done.returncode, "dist/site/catalog.json" in done.stdout) == (4, True)


def test_workflow_annotates_a_wrong_recipe(machine):
    recipe = machine.folder / "stacbuild.toml"
    recipe.write_text(recipe.read_text().replace("keywords =", "keyword ="))
    done = machine(ours(github())[0])
    assert done.returncode == 2
    assert re.search(r"^::error file=stacbuild\.toml,line=\d+", done.stdout, re.MULTILINE)


@pytest.mark.parametrize("name", ["github.yml", "gitlab.yml"])
def test_what_is_kept_is_what_a_build_leaves(machine, name):
    text = (CI / name).read_text()
    machine("stacbuild build")
    for kept in (".stacbuild/failures.ndjson", "dist"):
        assert kept in text
        assert (machine.folder / kept).exists()
    assert "stacbuild check" in text
    assert "if: always()" in text or "when: always" in text


def test_pre_commit_hook_takes_the_files_that_are_committed(machine):
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert re.search(hook["files"], "stacbuild.toml")
    assert re.search(hook["files"], "deep/er/stacbuild.toml")
    assert not re.search(hook["files"], "notstacbuild.toml")
    good = machine(f"{hook['entry']} stacbuild.toml")
    assert good.returncode == 0, good.stderr
    shutil.copy(machine.folder / "stacbuild.toml", machine.folder / "other.toml")
    (machine.folder / "stacbuild.toml").write_text("[catalog]\nidd = 1\n")
    bad = machine(f"{hook['entry']} stacbuild.toml other.toml --json")
    assert bad.returncode == 2
    assert {problem["recipe"] for problem in json.loads(bad.stdout)["problems"]} == {"stacbuild.toml"}
    assert not (machine.folder / ".stacbuild").exists()


def test_readme_names_what_there_is():
    text = (CI / "README.md").read_text()
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert hook["id"] in text
    assert set(re.findall(r"`(\w+\.yml)`", text)) == {path.name for path in CI.glob("*.yml")}
    assert yaml.safe_load(text.split("```yaml")[1].split("```")[0])["repos"][0]["hooks"] == [{"id": hook["id"]}]
