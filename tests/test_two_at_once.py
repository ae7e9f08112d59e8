"""Two builds at once: the second waits and says for whom; a lock dies with its owner; readers never wait."""

import json
import os
import shutil
import signal
import subprocess
import time
from contextlib import contextmanager

import pytest
from test_kill import HOLD, Crowd, command, environment
from test_rows import run
from world import World
from world_inputs import toml

LOCK = ".stacbuild/lock/stacbuild.toml"


@pytest.fixture
def world(tmp_path):
    world = Crowd(tmp_path, seed=1)
    world.check()
    world.go_on()
    return world


@contextmanager
def stopped_build(world):
    """Give a build that holds the lock and stands still."""
    build = world.start()
    until = time.monotonic() + HOLD
    try:
        while not holds(world, build.pid):
            assert build.poll() is None, "the build ended before it could be stopped"
            assert time.monotonic() < until
            time.sleep(0.002)
        os.killpg(build.pid, signal.SIGSTOP)
        yield build
    finally:
        if build.poll() is None:
            os.killpg(build.pid, signal.SIGKILL)
            build.wait()


def holds(world, pid):
    try:
        return json.loads((world.folder / LOCK).read_bytes())["pid"] == pid
    except (OSError, ValueError):
        return False


@contextmanager
def second_build(world):
    second = subprocess.Popen(command(), cwd=world.folder, env=environment(), stderr=subprocess.PIPE, text=True)
    try:
        yield second
    finally:
        if second.poll() is None:
            second.kill()
        second.stderr.close()
        second.wait()


def test_second_build_says_for_whom_it_waits_and_goes_on_when_the_first_is_done(world):
    with stopped_build(world) as first, second_build(world) as second:
        assert f"process {first.pid}" in second.stderr.readline()
        assert second.poll() is None
        os.killpg(first.pid, signal.SIGCONT)
        assert first.wait(HOLD) == 0
        assert second.wait(HOLD) == 0
    world.check()


def test_lock_of_a_killed_build_is_free(world):
    with stopped_build(world) as first, second_build(world) as second:
        assert f"process {first.pid}" in second.stderr.readline()
        os.kill(first.pid, signal.SIGKILL)  # its workers may live on for a moment: they do not hold the lock
        assert second.wait(HOLD) == 0
    world.check()


def test_build_that_shall_not_wait_is_refused_and_the_holder_keeps_its_name(world):
    with stopped_build(world) as first:
        for _ in range(2):
            refused = run(world.folder, "build", "--no-wait", exit_status=5)
            assert refused["exit"] == 5
            assert f"process {first.pid}" in refused["error"]["message"]
        os.killpg(first.pid, signal.SIGCONT)
        assert first.wait(HOLD) == 0
    world.check()


def test_readers_do_not_wait_for_a_build(world):
    with stopped_build(world):
        status = run(world.folder, "status", "--limit", "5")
        assert (status["fresh"], status["items"]["stale"] > 0) == (False, True)
        assert run(world.folder, "build", "-n")["mode"] == "dry-run"
        item = run(world.folder, "ls", "item:*")["targets"][0]
        assert run(world.folder, "why", item)["target"] == item


def test_two_recipes_in_a_folder_do_not_wait_for_each_other(world):
    other = (world.folder / "stacbuild.toml").read_text().replace("dist/", "other/")
    (world.folder / "other.toml").write_text(other)
    with stopped_build(world):
        assert run(world.folder, "build", "-f", "other.toml", "--no-wait")["items"]["added"] > 0
    (world.folder / "other.toml").unlink()
    assert (world.folder / "other/one.ndjson").exists()


def test_two_recipes_with_an_output_of_one_name_in_one_folder_leave_each_other_s_files(tmp_path):
    world = World(tmp_path)
    for name in "abab":
        world.recipe["outputs"] = {"lines": {"kind": "ndjson", "path": f"dist/{name}.ndjson"}}
        (world.folder / f"{name}.toml").write_text(toml(world.recipe))
        run(world.folder, "build", "-f", f"{name}.toml")
    shutil.rmtree(world.folder / ".stacbuild/memory/a.toml")
    run(world.folder, "build", "-f", "a.toml")
    assert sorted(path.name for path in world.folder.glob("dist/*.ndjson")) == ["a.ndjson", "b.ndjson"]
