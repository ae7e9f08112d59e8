"""`check` in words: what is alike is told once."""

from test_ui import told

from stacbuild.failures import Exit
from stacbuild.report import Caution, CheckReport


def test_check_tells_three_failures_of_a_kind_and_how_many_more():
    alike = [{"code": "SB204", "message": f"bad {number}", "path": "/d", "hint": None} for number in range(5)]
    report = CheckReport("r", [], {"records": 5}, [*alike, {"code": "SB201", "message": "none"}], exit=Exit.FAILURES)
    lines = told(report)
    assert [line.split(":")[-1].strip() for line in lines[:3]] == ["bad 0", "bad 1", "bad 2"]
    assert lines[3:5] == ["  and 2 records more with SB204", "failed record: SB201 none"]


def test_check_tells_a_hint_that_warnings_share_once():
    warnings = [Caution("SB302", "a", "pull"), Caution("SB302", "b", "pull"), Caution("SB311", "c", "turn")]
    lines = told(CheckReport("r", [], {"records": 1}, [], warnings))
    assert [line for line in lines if "hint" in line] == ["  = hint: pull", "  = hint: turn"]
    assert lines.index("  = hint: pull") == 2
