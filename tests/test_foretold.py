"""`status` and `build -n` say what a build will say, and leave nothing behind."""

import pytest
from kitchen import Kitchen, row


def everything(kitchen):
    """Return every path below the kitchen, folders and the state folder too."""
    return sorted(path.relative_to(kitchen.folder).as_posix() for path in kitchen.folder.rglob("*"))


@pytest.mark.parametrize("argv", [["build", "-n"], ["status"], ["diff", "item:i1"], ["ls"], ["why", "item:i1"]])
def test_looking_leaves_nothing_where_nothing_was_built(tmp_path, argv):
    kitchen = Kitchen(tmp_path / "k")
    before = everything(kitchen)
    document = kitchen.ask(*argv, exit_=0)
    assert everything(kitchen) == before
    if argv == ["build", "-n"]:
        assert (document["stages"]["transform"]["ran"], document["stages"]["fetch"]["ran"]) == (3, 3)


def test_looking_leaves_nothing_where_something_was_built(tmp_path):
    kitchen = Kitchen(tmp_path / "k")
    kitchen.build()
    kitchen.rows([row(0), row(1, note="x")])
    before = everything(kitchen)
    for argv in (["build", "-n"], ["status"], ["diff", "item:*"], ["build", "-n", "--force"]):
        kitchen.ask(*argv, exit_=0)
    assert [path for path in everything(kitchen) if not path.endswith(("-wal", "-shm"))] == before


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda file: file.unlink(), "is not there"),
        (lambda file: file.write_bytes(b""), "empty"),
        (lambda file: (file.unlink(), file.mkdir()), "rows.csv"),
    ],
)
def test_a_file_that_cannot_be_read_is_foretold(tmp_path, spoil, words):
    kitchen = Kitchen(tmp_path / "k")
    kitchen.build()
    spoil(kitchen / "rows.csv")
    status, dry = kitchen.ask("status", exit_=0), kitchen.build("-n")
    done = kitchen.build(exit_=1)
    for foretold in (status, dry):
        (warning,) = foretold["warnings"]
        assert warning["code"] == "SB493"
        assert words in warning["message"]
        assert foretold["items"]["failed"] == done["items"]["failed"] == 1
    assert dry["failures"]["count"] == 1
    assert "warning[SB493]" in kitchen.run("status").out
    assert kitchen.ask("status")["items"]["failed"] == 1


def test_deletions_that_would_be_held_back_are_foretold(tmp_path):
    kitchen = Kitchen(tmp_path / "k", rows=150)
    kitchen.build()
    kitchen.rows([row(number) for number in range(3)])
    status, dry = kitchen.ask("status", exit_=0), kitchen.build("-n")
    done = kitchen.build(exit_=1)
    assert dry["held_back"] == done["held_back"] != []
    assert [warning["message"] for warning in status["warnings"]] == [f"held back: {done['held_back'][0]}"]
    assert kitchen.build("-n", "--max-deletions", "100%")["held_back"] == []


def test_why_says_that_a_stale_item_is_judged_again(tmp_path):
    kitchen = Kitchen(tmp_path / "k")
    kitchen.build()
    fresh = kitchen.ask("why", "item:i1")["stages"]
    assert {stage["stage"]: stage["verdict"] for stage in fresh} == {"transform": "fresh", "validate": "fresh"}
    kitchen.rows([row(0), row(1, note="x"), row(2)])
    stale = kitchen.ask("why", "item:i1")["stages"]
    assert {stage["stage"]: stage["verdict"] for stage in stale} == {"transform": "stale", "validate": "stale"}
