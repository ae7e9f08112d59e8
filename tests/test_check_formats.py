"""`check --output-format`: what CI reads, and records that name a member twice."""

import json
import re
from xml.etree import ElementTree as ET

import pytest
from kitchen import Kitchen, row
from test_cli_fake import ask

from stacbuild.failures import At, Exit, Problem, RecipeError
from stacbuild.report import Caution, CheckReport
from stacbuild.sources.repeated import repeated

AT = {"file": "stacbuild.toml", "line": 3, "column": 1, "length": 4}
TOLD = {"code": "SB101", "message": "unknown key `x`", "hint": "did you mean `y`?", "at": AT}
FAILURE = {
    "stage": "transform",
    "error_type": "transformation_error",
    "code": "SB203",
    "message": "'a' is not a number",
    "path": "/properties/gsd",
    "hint": None,
    "source": {"name": "rows", "where": "rows.csv:2"},
    "at": "sub/rows.csv:2",
}
WARNING = Caution("SB720", "/a is named more than once", "keep one", "rows.ndjson:4")


def report(**changes):
    values = {"problems": [TOLD], "failures": [], "warnings": [], "exit": Exit.USAGE, **changes}
    return CheckReport("stacbuild.toml", sample={"tried": 2, "failed": 1}, **values)


def told(form, *argv, **changes):
    return ask("check", "--output-format", form, *argv, check=report(**changes))


def test_github_gives_an_annotation_a_problem():
    result = told("github", failures=[FAILURE], warnings=[WARNING])
    assert result.stdout.splitlines() == [
        "::error file=stacbuild.toml,line=3,col=1,endColumn=5,title=SB101::unknown key `x`%0Adid you mean `y`?",
        "::error file=sub/rows.csv,line=2,title=SB203::'a' is not a number at /properties/gsd",
        "::warning file=rows.ndjson,line=4,title=SB720::/a is named more than once%0Akeep one",
    ]
    assert result.exit_code == 2


def test_github_escapes_what_its_commands_are_made_of():
    nasty = {**TOLD, "message": "100% of a, b: c", "hint": None, "at": {**AT, "file": "a,b:c%.toml"}}
    line = told("github", problems=[nasty]).stdout
    assert line == ("::error file=a%2Cb%3Ac%25.toml,line=3,col=1,endColumn=5,title=SB101::100%25 of a, b: c\n")
    broken = told("github", problems=[{**TOLD, "message": "a\n::warning::b"}]).stdout
    assert broken.count("\n") == 1


def test_github_shows_nine_and_says_how_many_more():
    lines = told("github", problems=[TOLD] * 14).stdout.splitlines()
    assert (len(lines), lines[-1]) == (10, "::error title=stacbuild check::and 5 more")
    assert len(told("github", problems=[TOLD] * 9).stdout.splitlines()) == 9


def test_github_says_nothing_when_all_is_well():
    assert told("github", problems=[], exit=Exit.OK).stdout == ""


def cases(result):
    root = ET.fromstring(result.stdout)
    return root, {case.get("name"): case for case in root.iter("testcase")}


def test_junit_is_a_case_a_problem():
    root, found = cases(told("junit", failures=[FAILURE]))
    assert (root.tag, root.get("tests"), root.get("failures")) == ("testsuites", "2", "2")
    assert list(found) == ["SB101 stacbuild.toml:3:1", "SB203 sub/rows.csv:2"]
    failure = found["SB101 stacbuild.toml:3:1"].find("failure")
    assert (failure.get("type"), failure.get("message")) == ("SB101", "unknown key `x`")
    assert failure.text == "stacbuild.toml:3:1\nunknown key `x`\nhint: did you mean `y`?"
    assert "/properties/gsd" in found["SB203 sub/rows.csv:2"].find("failure").text


def test_junit_of_a_good_recipe_is_a_case_that_passes():
    for argv in ([], ["-q"], ["-qq"]):
        root, found = cases(told("junit", *argv, problems=[], exit=Exit.OK))
        assert (root.get("tests"), root.get("failures")) == ("1", "0")
        assert found["recipe"].find("failure") is None


def test_junit_has_a_suite_a_recipe():
    error = RecipeError(Problem("SB101", "no", At("b.toml", 1, 1)))
    result = ask("check", "a.toml", "b.toml", "--output-format", "junit", open=error)
    root, _ = cases(result)
    assert [suite.get("name") for suite in root.iter("testsuite")] == ["a.toml", "b.toml"]
    assert {case.get("classname") for case in root.iter("testcase")} == {"a.toml", "b.toml"}


def test_junit_holds_what_xml_cannot():
    nasty = "<&>\"'\x00\x0b\ufffe\ud800é\U0001f6f0]]>"
    root, found = cases(told("junit", problems=[{**TOLD, "message": nasty}]))
    assert root is not None
    message = next(iter(found.values())).find("failure").get("message")
    assert "<&>\"'" in message
    assert "é\U0001f6f0]]>" in message


def test_concise_is_a_line_each_with_its_place():
    lines = told("concise", failures=[FAILURE], warnings=[WARNING]).stdout.splitlines()
    assert lines[0] == "stacbuild.toml:3:1: SB101 unknown key `x` (did you mean `y`?)"
    assert lines[2] == "rows.ndjson:4: SB720 warning: /a is named more than once"
    assert len(lines) == 3


@pytest.mark.parametrize("form", ["full", "concise", "github"])
def test_quiet_is_silent_when_all_is_well(form):
    assert told(form, "-q", problems=[], exit=Exit.OK).stdout == ""
    assert "SB101" in told(form, "-q").stdout
    assert told(form, "-qq").stdout == ""


def test_json_is_the_same_document_by_either_flag():
    one, other = told("json"), ask("check", "--json", check=report())
    assert one.stdout == other.stdout
    assert json.loads(one.stdout)["recipes"] == ["stacbuild.toml"]


def test_another_format_is_wrong_usage():
    result = ask("check", "--output-format", "xml")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "junit" in result.stderr


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ('{"a": 1, "a": 2}', ["/a"]),
        ('{"a": {"b": 1, "b": 1, "c/d": 1, "c/d": 2}}', ["/a/b", "/a/c~1d"]),
        ('{"a": [{"x": 1}, {"x": 1, "x": 1, "x": 2}]}', ["/a/1/x"]),
        ('{"a": {"b": 1}, "c": {"b": 1}}', []),
        ('{"a": 1, "\\u0061": 2}', ["/a"]),
        ("[1, 2]", []),
        ("not json", []),
        ('{"a": ' * 100_000, []),
    ],
)
def test_repeated_members_are_found(text, paths):
    assert repeated(text.encode()) == paths


def json_kitchen(folder, name, text):
    kitchen = Kitchen(folder, rows=None)
    kitchen.recipe["sources"]["rows"]["path"] = name
    kitchen.save()
    kitchen.write(name, text)
    return kitchen


def doubled(number):
    """Return a good record whose note stands twice."""
    return json.dumps(row(number))[:-1] + ', "note": "again"}'


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("rows.ndjson", f"{json.dumps(row(0))}\n\n{doubled(1)}\n"),
        ("rows.json", f"[{json.dumps(row(0))},\n{json.dumps(row(1))},{doubled(2)}]"),
    ],
)
def test_check_warns_of_members_named_twice(tmp_path, name, text):
    kitchen = json_kitchen(tmp_path / "k", name, text)
    document = kitchen.ask("check", exit_=0)
    (warning,) = document["warnings"]
    assert (warning["code"], warning["message"]) == (
        "SB720",
        "/note is named more than once in its object; the last one counts",
    )
    assert warning["at"] == f"{kitchen.folder}/{name}:3"
    assert re.search(r"warning\[SB720\]: /note .*rows\.\w+:3\)", kitchen.run("check").out)
    assert kitchen.ask("check", "--quick")["warnings"] == []


def test_a_file_full_of_them_gives_a_few(tmp_path):
    kitchen = json_kitchen(tmp_path / "k", "rows.ndjson", "".join(f"{doubled(n)}\n" for n in range(50)))
    warnings = kitchen.ask("check")["warnings"]
    assert len(warnings) == 5
    assert all(warning["message"].endswith("; there are more") for warning in warnings)


def test_failed_records_say_where_they_are_from_here(tmp_path):
    kitchen = Kitchen(tmp_path / "k", rows=[row(0), row(1, gsd="many")])
    (failure,) = kitchen.ask("check", exit_=1)["failures"]
    assert (failure["source"]["where"], failure["at"]) == ("rows.csv:3", f"{kitchen.folder}/rows.csv:3")


def test_a_file_an_item_does_not_make_a_check_long(tmp_path):
    kitchen = Kitchen(tmp_path / "k", rows=None)
    kitchen.recipe["sources"]["rows"]["path"] = "rows/*.ndjson"
    kitchen.save()
    for number in range(1100):
        kitchen.write(f"rows/{number:04}.ndjson", json.dumps(row(number)))
    assert kitchen.ask("check", exit_=0)["sample"] == {"tried": 1000, "failed": 0}
