"""Builds by the real command line, and how often each stage ran by its `--json`."""

import json
import os
import subprocess
import sys
from pathlib import Path

from world_disk import differences, tree

STAGES = ("fetch", "transform", "extend", "patch", "validate", "write")
REPOSITORY = Path(__file__).parent.parent


def run(folder, *argv, exit_status=0):
    """Run the command line in `folder` and return the JSON document that it prints."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("STACBUILD_")}
    environment["PYTHONPATH"] = os.pathsep.join([str(REPOSITORY), environment.get("PYTHONPATH", "")])
    command = [sys.executable, "-m", "stacbuild", *argv, "--json"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == exit_status, done.stdout + done.stderr
    return json.loads(done.stdout)


def ran(world, *argv, exit_status=0):
    """Build by the command line, check the outputs against a fresh build, return how often each stage ran."""
    world.write()
    report = run(world.folder, "build", *argv, exit_status=exit_status)
    assert differences(tree(world.folder), world.fresh_tree()) == []
    return {stage: report["stages"][stage]["ran"] for stage in STAGES}


def only(**counts):
    return dict.fromkeys(STAGES, 0) | counts


def first_row(world):
    return world.rows["data/a.csv"][0]
