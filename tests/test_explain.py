"""`explain`: codes in words, with no recipe at hand."""

import json

import pytest
from test_cli_fake import ask
from test_cli_json import envelope

from stacbuild.codes import explanations


def test_a_code_is_told_with_its_example():
    result = ask("explain", "sb204", "mapping-changed")
    assert (result.exit_code, result.stderr) == (0, "")
    assert not result.fake.opened
    first, second = result.stdout.split("\n\nmapping-changed: why something is stale\n")
    assert first.startswith("SB204: making an item of a record\n  A value is not a moment")
    assert '    datetime = { from = "day", as = "datetime", format = "%d/%m/%Y" }' in first.split("\n")
    assert "neither validated nor written again" in second


def test_json_to_the_letter():
    document = json.loads(ask("explain", "SB605", "--json").stdout)
    meaning = "Another build of this recipe is at work. Leave out --no-wait to wait for it."
    example = "stacbuild build                # waits\nstacbuild build --no-wait      # exits 5"
    code = {"code": "SB605", "about": "disk, store, memory, lock", "meaning": meaning, "example": example}
    assert document == {**envelope("explain"), "codes": [code], "listing": False}


def test_without_a_code_all_are_listed_a_line_each():
    lines = ask("explain").stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(explanations())
    assert max(map(len, lines)) <= 88
    document = json.loads(ask("explain", "--json").stdout)
    assert document["listing"]
    assert [told["code"] for told in document["codes"]] == list(explanations())


def test_unknown_codes_get_near_ones_and_2():
    result = ask("explain", "maping-changed", "SB204", "zzz")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "there is no code 'maping-changed'" in result.stderr
    assert "did you mean `mapping-changed`" in result.stderr
    assert "there is no code 'zzz'\n  = hint: `stacbuild explain` lists all of them" in result.stderr
    document = json.loads(ask("explain", "zzz", "--json").stdout)
    assert (document["exit"], document["error"]["code"]) == (2, "SB510")


@pytest.mark.parametrize("word", ["", "\x1b[2J", "SB", "é" * 5000])
def test_odd_words_are_unknown_and_steer_no_terminal(word):
    result = ask("explain", word)
    assert result.exit_code == 2
    assert "\x1b" not in result.stderr


def test_quiet_keeps_what_was_asked_for():
    assert ask("explain", "SB204", "-q").stdout == ask("explain", "SB204").stdout
    assert ask("explain", "SB204", "-qq").stdout == ""
