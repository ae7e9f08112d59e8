"""Kill -9 at any moment: the next build repairs itself, gives the bytes of a fresh folder and leaves nothing else."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from counting import REPOSITORY
from world import World
from world_disk import differences, leftovers, put, tree
from world_harm import small_parts
from world_inputs import a_row

RECORDS = 1200
HOLD = 60
"""Seconds after which something that was to end is taken as hanging."""


def command(*argv):
    return [sys.executable, "-m", "stacbuild", "build", "--jobs", "2", *argv]


def environment():
    known = {name: value for name, value in os.environ.items() if not name.startswith("STACBUILD_")}
    return known | {"PYTHONPATH": os.pathsep.join([str(REPOSITORY), known.get("PYTHONPATH", "")])}


class Crowd(World):
    """A world of many records, so that workers are started and a build lasts."""

    def __init__(self, folder, seed):
        super().__init__(folder)
        self.random = random.Random(seed)
        self.numbers = 0
        self.recipe["build"] = {"executor": "processes", "max-failures": "100%", "max-deletions": "100%"}
        self.recipe["mappings"]["plain"]["id"] = "key"
        self.rows = {f"data/{name}.csv": [self.new() for _ in range(RECORDS // 4)] for name in "abcd"}
        self.write()

    def new(self):
        self.numbers += 1
        return a_row(self.numbers, self.random.randrange(9))

    def go_on(self):
        """Add and remove records, and change the mapping, so that there is something to do for every item."""
        for rows in self.rows.values():
            del rows[: self.random.randrange(40)]
            rows[5:5] = [self.new() for _ in range(self.random.randrange(40))]
        self.recipe["mappings"]["plain"]["properties"]["round"] = {"value": self.random.randrange(10**9)}
        self.write()

    def start(self):
        quiet = subprocess.DEVNULL
        return subprocess.Popen(
            command(), cwd=self.folder, env=environment(), start_new_session=True, stdout=quiet, stderr=quiet
        )

    def check(self):
        """Build, and compare with a fresh folder."""
        subprocess.run(command("-q"), cwd=self.folder, env=environment(), check=True, timeout=HOLD)
        shutil.rmtree(self.aside, ignore_errors=True)
        put(self.aside, self.inputs())
        subprocess.run(command("-q"), cwd=self.aside, env=environment(), check=True, timeout=HOLD)
        assert differences(tree(self.folder), tree(self.aside)) == []
        assert leftovers(self.folder) == []


def members(session):
    """Return the living processes of a session."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state, _, _, its_session = (entry / "stat").read_text().rpartition(")")[2].split()[:4]
            except OSError:
                continue
            if int(its_session) == session and state not in "ZX":
                found.append(int(entry.name))
    return found


def assert_all_end(session):
    """Wait for the end of every process of a session."""
    until = time.monotonic() + HOLD
    while members(session) and time.monotonic() < until:
        time.sleep(0.02)
    assert members(session) == []


def live_through(world, kills, *, whole_group):
    """Kill so many builds, each at another moment; return how many were at work then."""
    struck = 0
    for _ in range(kills):
        world.go_on()
        build = world.start()
        try:
            build.wait(timeout=world.random.uniform(0.05, 1.4))
        except subprocess.TimeoutExpired:
            struck += 1
            (os.killpg if whole_group else os.kill)(build.pid, signal.SIGKILL)
        build.wait()
        assert_all_end(build.pid)
    return struck


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes of a session are looked for in /proc")
@pytest.mark.parametrize("whole_group", [False, True], ids=["parent", "group"])
def test_builds_killed_at_random_moments_leave_what_the_next_build_completes(tmp_path, whole_group):
    world = Crowd(tmp_path, seed=int(whole_group))
    struck = 0
    for _ in range(3):
        struck += live_through(world, 4, whole_group=whole_group)
        world.check()
    assert struck > 3


@pytest.mark.fuzz
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes of a session are looked for in /proc")
@pytest.mark.parametrize("whole_group", [False, True], ids=["parent", "group"])
def test_a_thousand_kills(tmp_path, whole_group):
    world = Crowd(tmp_path, seed=random.randrange(10**9))
    struck = 0
    while struck < 500:
        struck += live_through(world, 10, whole_group=whole_group)
        world.check()


def first_build(world):
    world.recipe["outputs"]["extra"] = {"kind": "ndjson", "path": "deep/extra/{collection}.ndjson"}


def later_build(world):
    first_build(world)
    world.build()
    world.rows["data/a.csv"][:3] = ["k2,ragged", a_row(20), a_row(5, 4)]
    world.recipe["outputs"]["site"]["path"] = "other/site"
    del world.recipe["outputs"]["extra"]


def kill_at_each_change(folder, prepare, step):
    """Kill a build at every `step`-th change of the disk, each in a world of its own, and let the next complete it."""
    for number in range(0, 1000, step):
        world = World(folder / str(number))
        prepare(world)
        killed = world.kill_at(number)
        world.build()
        shutil.rmtree(world.folder.parent)
        if not killed:
            return number
    raise AssertionError("a build of eleven records changes the disk a thousand times")


@pytest.mark.parametrize("prepare", [first_build, later_build])
def test_build_killed_at_a_change_of_the_disk_is_completed_by_the_next(tmp_path, prepare):
    with small_parts():
        assert kill_at_each_change(tmp_path, prepare, 4) > 20


@pytest.mark.fuzz
@pytest.mark.parametrize("prepare", [first_build, later_build])
def test_build_killed_at_each_change_of_the_disk_is_completed_by_the_next(tmp_path, prepare):
    with small_parts():
        assert kill_at_each_change(tmp_path, prepare, 1) > 20


@pytest.mark.parametrize("what_then", ["output removed", "output moved", "record gone", "output swapped"])
def test_what_a_killed_build_wrote_is_cleared_up_though_the_recipe_moved_on(tmp_path, what_then):
    with small_parts():
        for number in range(1, 60, 6):
            world = World(tmp_path / str(number))
            world.recipe["outputs"] = {"lines": world.recipe["outputs"]["lines"]}
            world.build()
            world.recipe["outputs"]["site"] = {"kind": "stac-json", "path": "dist/site"}
            world.rows["data/a.csv"].append(a_row(20))
            world.kill_at(number)
            match what_then:
                case "output removed":
                    del world.recipe["outputs"]["site"]
                case "output moved":
                    world.recipe["outputs"]["site"]["path"] = "elsewhere/site"
                case "record gone":
                    world.rows["data/a.csv"].pop()
                case "output swapped":
                    world.recipe["outputs"]["renamed"] = world.recipe["outputs"].pop("site")
            world.build()
            shutil.rmtree(world.folder.parent)


def _can_trace():
    if shutil.which("strace") is None:
        return False
    return subprocess.run(["strace", "-qq", "-o", os.devnull, "true"], capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not _can_trace(), reason="strace is not there or may not trace")
@pytest.mark.parametrize("number", [1, 2, 3, 5, 8, 13, 16, 21, 26, 30])
def test_build_killed_by_the_kernel_at_its_nth_rename_is_completed_by_the_next(tmp_path, number):
    world = World(tmp_path)
    calls = "rename,renameat,renameat2"
    tracing = ["strace", "-qq", "-o", os.devnull, "-e", f"trace={calls}"]
    kill = [*tracing, "-e", f"inject={calls}:signal=SIGKILL:when={number}"]
    done = subprocess.run([*kill, *command("-q")], cwd=world.folder, env=environment(), check=False, timeout=HOLD)
    assert done.returncode in (0, -signal.SIGKILL, 128 + signal.SIGKILL)
    world.killed = True
    world.maybe.built(*world.expected()[:2])
    world.build()
