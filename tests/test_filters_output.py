"""Where filters put items and words: standard output, files, the JSON document; and readers and disks that fail."""

import io
import os
import subprocess
import sys

import pytest
from kitchen import Kitchen, row
from test_filters import item, items_of, lines

from stacbuild.cli import filtering
from stacbuild.cli.session import Session


@pytest.fixture
def kitchen(tmp_path):
    return Kitchen(tmp_path / "k", rows=[row(number) for number in (1, 2, 3)])


def test_output_is_not_overwritten_unasked_nor_is_half_of_it_seen(kitchen):
    kitchen.write("o.ndjson", "mine")
    done = kitchen.run("transform", "rows.csv", "-m", "plain", "-o", "o.ndjson")
    assert done.exit == 2
    assert "SB550" in done.err
    assert (kitchen / "o.ndjson").read_text() == "mine"
    assert kitchen.run("transform", "rows.csv", "-m", "plain", "-o", "o.ndjson", "--force").exit == 0
    assert len(items_of((kitchen / "o.ndjson").read_text())) == 3
    assert not list(kitchen.folder.glob(".stacbuild-*"))


def test_json_goes_to_standard_output_so_that_items_must_not(kitchen):
    document = kitchen.ask("transform", "rows.csv", "-m", "plain", exit_=2)
    assert "--json" in document["error"]["message"]


def test_unwritable_output_is_the_surroundings_fault(kitchen):
    kitchen.write("file", "")
    for argv in (["-o", "file/o.ndjson"], ["--failures", "no/f.ndjson", "-o", "o.ndjson"]):
        assert kitchen.run("transform", "rows.csv", "-m", "plain", *argv).exit == 6


def test_json_document_of_a_filter(kitchen):
    kitchen.rows([row(1), row(2, gsd="many")])
    document = kitchen.ask("transform", "rows.csv", "-m", "plain", "-o", "o.ndjson", exit_=1)
    assert list(document) == [
        "format", "stacbuild", "command", "exit", "error", "items", "output", "failures", "patches", "seconds",
    ]  # fmt: skip
    assert (document["command"], document["error"], document["output"]) == ("transform", None, "o.ndjson")
    assert document["items"] == {"read": 2, "written": 1, "failed": 1, "dropped": 0}
    [failure] = document["failures"]["listed"]
    assert (failure["code"], failure["source"]["where"], failure["stage"]) == ("SB203", "rows.csv:3", "transform")


def run_it(kitchen, *argv, **more):
    command = [sys.executable, "-m", "stacbuild", "-C", str(kitchen.folder), *argv]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)


def test_commands_of_a_shell_pipe_work_as_one_and_end_well(kitchen):
    kitchen.recipe["patches"] = {"coarse": {"where": "gsd > 2", "set": {"properties.gsd": 99}}}
    kitchen.save()
    call = f"{sys.executable} -m stacbuild -C {kitchen.folder}"
    pipe = (
        f"{call} transform rows.csv -m plain | {call} patch -p coarse | {call} validate | {call} convert - out.parquet"
    )
    done = subprocess.run(["/bin/sh", "-c", pipe], capture_output=True, timeout=120, check=False)
    assert (done.returncode, done.stdout) == (0, b"")
    assert done.stderr.count(b"3 items") == 3
    back = items_of(kitchen.run("convert", "out.parquet", "-").out)
    assert {one["id"]: one["properties"]["gsd"] for one in back} == {"i1": 2, "i2": 99, "i3": 99}


def test_reader_that_goes_away_ends_it_quietly(kitchen):
    kitchen.write("many.ndjson", lines(*(item(f"i{number}", note="x" * 500) for number in range(2000))))
    running = run_it(kitchen, "patch", "many.ndjson", "--set", "properties.a=1")
    running.stdout.readline()
    running.stdout.close()
    assert running.wait(timeout=60) == 141
    assert running.stderr.read() == b""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")  # noqa: PTH110
def test_full_disk_behind_standard_output_is_the_surroundings_fault(kitchen):
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        running = subprocess.Popen(
            [sys.executable, "-m", "stacbuild", "-C", str(kitchen.folder), "transform", "rows.csv", "-m", "plain"],
            stdout=full, stderr=subprocess.PIPE,
        )  # fmt: skip
        said = running.communicate(timeout=60)[1]
    assert running.returncode == 6
    assert b"SB006" in said


def test_standard_input_that_is_a_terminal_is_not_waited_for(kitchen, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr(sys, "stdin", Terminal())
    with pytest.raises(Exception, match="standard input is a terminal"):
        filtering.begin(Session(), ())
