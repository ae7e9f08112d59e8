"""The command line as a process: start-up, closed and full streams, signals, colour on a terminal."""

import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from test_cli_fake import environment, process, run

HEAVY = "msgspec pyarrow jsonschema_rs pyproj shapely diskcache pystac xxhash zstandard tomllib json multiprocessing"
MANY = "fake.answers['ls'] = LsReport('r', ['item:%d' % n for n in range(200_000)])"


def test_help_loads_nothing_heavy():
    probe = (
        "import sys\nfrom stacbuild.cli import main\n"
        "code = main.run(['--help'])\n"
        f"print(code, sorted(set({HEAVY!r}.split()) & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, env=environment(), timeout=60, check=True
    )
    assert done.stderr == "0 []\n"
    assert "Commands:" in done.stdout


@pytest.mark.parametrize("argv", [["--help"], ["build", "-h"], ["-V"]])
def test_the_module_runs_as_the_program(argv):
    done = run(*argv)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(("Usage: stacbuild", "stacbuild "))


def test_wrong_usage_without_any_recipe_is_2():
    done = run("build", "--json", "--nope")
    assert done.returncode == 2
    assert json.loads(done.stdout)["error"]["code"] == "SB001"


def closed_pipe():
    read, write = os.pipe()
    os.close(read)
    return write


@pytest.mark.parametrize("argv", [["ls"], ["ls", "--json"], ["build"], ["--help"], ["-V"]])
def test_a_reader_that_went_away_is_141_without_a_word(argv):
    write = closed_pipe()
    started = process(*argv, code=MANY, stdout=write)
    os.close(write)
    _, errors = started.communicate(timeout=60)
    assert (started.returncode, errors) == (141, b"")


def test_a_reader_that_goes_away_later_is_141():
    started = process("ls", code=MANY)
    assert started.stdout.readline() == b"item:0\n"
    started.stdout.close()
    assert (started.wait(60), started.stderr.read()) == (141, b"")


def test_no_stdout_at_all_is_141_and_no_file_gets_its_number():
    code = "fake.answers['ls'] = lambda: REPORTS['ls'] if os.open('/dev/null', os.O_RDONLY) > 2 else None"
    started = process("ls", code=code)
    assert started.communicate(timeout=60)[0].startswith(b"item:")
    argv = ["sh", "-c", 'exec "$@" >&-', "sh", *started.args]
    done = subprocess.run(argv, stderr=subprocess.PIPE, env=environment(), timeout=60, check=False)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
@pytest.mark.parametrize("argv", [["ls"], ["ls", "--json"], ["--help"]])
def test_a_full_disk_behind_stdout_is_6(argv):
    with Path("/dev/full").open("w") as full:
        started = process(*argv, code=MANY, stdout=full)
        _, errors = started.communicate(timeout=60)
    assert started.returncode == 6
    assert b"No space left on device" in errors
    assert b"Traceback" not in errors


def test_a_stderr_that_nobody_reads_stops_nothing():
    code = "fake.events = WORKED\nos.dup2(os.open('/dev/full', os.O_WRONLY), 2)"
    started = process("build", code=code)
    output, _ = started.communicate(timeout=60)
    assert (started.returncode, output.startswith(b"boreal: up to date")) == (0, True)


SLEEPY = """
def build():
    try:
        print("building", file=sys.stderr, flush=True)
        time.sleep(60)
    finally:
        print("kept", file=sys.stderr, flush=True)
fake.answers['build'] = build
"""


@pytest.mark.parametrize(
    ("number", "status", "word"), [(signal.SIGTERM, 143, b"terminated"), (signal.SIGINT, 130, b"interrupted")]
)
def test_a_signal_ends_the_build_cleanly(number, status, word):
    started = process("build", "--json", code=SLEEPY)
    assert started.stderr.readline() == b"building\n"
    started.send_signal(number)
    output, errors = started.communicate(timeout=60)
    assert started.returncode == status
    assert errors.startswith(b"kept\n")
    assert word in errors
    assert json.loads(output)["exit"] == status


def test_a_second_sigterm_does_not_disturb_the_end():
    ending = "    finally:\n        print('ending', file=sys.stderr, flush=True)\n        time.sleep(1)\n"
    slow_end = SLEEPY.replace("    finally:\n", ending)
    started = process("build", code=slow_end)
    assert started.stderr.readline() == b"building\n"
    started.send_signal(signal.SIGTERM)
    assert started.stderr.readline() == b"ending\n"
    started.send_signal(signal.SIGTERM)
    _, errors = started.communicate(timeout=60)
    assert started.returncode == 143
    assert errors.startswith(b"kept\n")


def on_terminal(*argv, code="", env=None):
    """Return what a terminal shows that is stdout and stderr."""
    leader, follower = pty.openpty()
    started = process(*argv, code=code + "\nos.dup2(1, 2)", stdout=follower, env=env)
    os.close(follower)
    shown = b""
    while True:
        try:
            part = os.read(leader, 65536)
        except OSError:
            break
        if not part:
            break
        shown += part
    started.communicate(timeout=60)
    os.close(leader)
    return shown.decode()


@pytest.mark.parametrize(
    ("env", "argv", "coloured"),
    [
        ({"TERM": "xterm"}, [], True),
        ({"TERM": "dumb"}, [], False),
        ({"TERM": "xterm", "NO_COLOR": "1"}, [], False),
        ({"TERM": "xterm", "NO_COLOR": ""}, [], True),
        ({"TERM": "xterm", "NO_COLOR": "1", "FORCE_COLOR": "1"}, [], False),
        ({"TERM": "xterm", "NO_COLOR": "1"}, ["--color", "always"], True),
        ({"TERM": "xterm"}, ["--color", "never"], False),
    ],
)
def test_colour_on_a_terminal(env, argv, coloured):
    shown = on_terminal("build", *argv, env=env)
    assert ("\x1b[" in shown) is coloured
    assert "up to date" in shown


def test_json_is_indented_on_a_terminal():
    assert '\r\n  "format": 1,\r\n' in on_terminal("ls", "--json")


def test_output_is_utf8_json_and_escaped_text_under_an_ascii_locale():
    ascii_only = {"PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
    output, _ = process("ls", "--json", env=ascii_only).communicate(timeout=60)
    assert json.loads(output.decode())["targets"][1] == "item:boreal/é"
    output, _ = process("ls", env=ascii_only).communicate(timeout=60)
    assert output == b"item:boreal/S2A_1\nitem:boreal/\\xe9\n"
