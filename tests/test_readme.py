"""The README's tour, run as it stands: files are written, commands are run in order, outputs compared.

A block ```` ```csv scenes.csv ```` is a file, a block ```` ```console ```` holds commands (`$ …`) and what they print.
What differs from run to run (seconds, digests, times) is compared by shape only. After a change of words:
`STACBUILD_README=write pytest tests/test_readme.py` puts the real outputs into the README, to be read and committed.
"""

import os
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import NamedTuple

import pytest

from stacbuild.failures import Exit

INSTALLED = (Path(sys.executable).parent / "stacbuild").exists()
ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
BLOCK = re.compile(r"^```(?P<language>[a-z]+)(?: (?P<file>\S+))?\n(?P<body>.*?)^```$", re.DOTALL | re.MULTILINE)
VARYING = [
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"), "<time>"),
    (re.compile(r"\b\d+\.\d\d s\b"), "<seconds>"),
    (re.compile(r"\b[0-9a-f]{12,64}\b"), "<digest>"),
    (re.compile(r"(jsonschema-rs|pyproj|PROJ): \S+"), r"\1: <version>"),
]


class Block(NamedTuple):
    """A fenced block of the tour; `start` and `end` are where its body stands in the README."""

    language: str
    file: str | None
    body: str
    start: int
    end: int


def blocks():
    """Return the tour's blocks: those that name a file, and those with commands."""
    text = README.read_text()
    found = [Block(m["language"], m["file"], m["body"], m.start("body"), m.end("body")) for m in BLOCK.finditer(text)]
    return [block for block in found if block.file or block.language == "console"]


def commands(body):
    """Return the commands of a console block with the output that is shown of each."""
    parts = re.split(r"^\$ (.*)\n", body, flags=re.MULTILINE)
    assert parts[0] == "", "a console block begins with a command"
    return list(zip(parts[1::2], parts[2::2], strict=True))


def ran(command, folder):
    """Run a command as a user would, and return what is seen; a status other than 0 has to be shown."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("STACBUILD", "PYTEST"))}
    env["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{env['PATH']}"
    env["LC_ALL"] = "C"
    shell = ["sh", "-c", f"{{ {command}; }} 2>&1"]
    result = subprocess.run(shell, cwd=folder, env=env, stdout=subprocess.PIPE, timeout=120, check=False)
    assert result.returncode == 0, f"$ {command}\n{result.stdout.decode()}"
    return result.stdout.decode()


def alike(text):
    """Return `text` with what differs from run to run taken out."""
    for pattern, stands_for in VARYING:
        text = pattern.sub(stands_for, text)
    return text


def toured(folder):
    """Take the tour; yield each block with the body that it would have if it were written now."""
    for block in blocks():
        if block.file:
            (folder / block.file).write_text(block.body)
            yield block, block.body
        else:
            yield block, "".join(f"$ {command}\n{ran(command, folder)}" for command, _ in commands(block.body))


def written(told):
    """Put the bodies that were told into the README."""
    text = README.read_text()
    for block, body in reversed(told):
        text = text[: block.start] + body + text[block.end :]
    README.write_text(text)


@pytest.mark.skipif(os.environ.get("STACBUILD_README") == "write", reason="the README is being written")
@pytest.mark.skipif(not INSTALLED, reason="the tour needs the command: pip install -e .")
def test_tour_gives_what_the_readme_shows(tmp_path):
    told = list(toured(tmp_path))
    assert len(told) > 10
    assert [alike(body) for _, body in told] == [alike(block.body) for block, _ in told]


@pytest.mark.skipif(os.environ.get("STACBUILD_README") != "write", reason="only on request")
def test_readme_is_written():
    with tempfile.TemporaryDirectory() as folder:
        written(list(toured(Path(folder))))


def test_readme_links_to_files_that_are_there():
    targets = re.findall(r"\]\((?!https?:)([^)#]+)\)", README.read_text())
    assert targets
    assert [target for target in targets if not (README.parent / target).exists()] == []


def test_readme_tells_every_exit_status():
    rows = re.findall(r"^\| ([\d, ]+) \|", README.read_text(), re.MULTILINE)
    told = {int(number) for row in rows for number in row.split(",")}
    assert told == {int(status) for status in Exit}


def test_architecture_shows_the_floors_that_the_linter_holds():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    floors = "\n".join(floor for floor in contracts[0]["layers"] if floor != "__main__")
    assert f"```\n{floors}\n```" in (ROOT / "ARCHITECTURE.md").read_text()
