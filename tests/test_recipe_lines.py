"""Positions of keys: every key that tomllib reads is found where it is written."""

import random
import tomllib

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from stacbuild.failures import At, Problem
from stacbuild.recipe.broken import told
from stacbuild.recipe.lines import Lines, concise, frame

NAMES = ["a", "b-1", "c_d", "7", "eo:cloud", "with space", "", 'quo"te', "ä", "a.b", "#x", "tab\there", "="]
STRINGS = ['"x%d"', "'x%d # no'", '"""\n[x%d]\na = 1\n"""', "'''x%d\n  b = \"2\"'''", '"\\"x%d\\\\"', '""""x%d"""""']
SCALARS = ["%d", "%d.5", "%de3", "%d-01-01 07:32:00Z", "%d_0", "true #%d\n", *STRINGS]
"""Ways to write a value that holds a number; the numbers of a text are all different."""


class Writer:
    """Writes a random TOML document in mixed manners; each leaf holds a number that no other holds."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.number = 1000
        self.out = []

    def scalar(self, *, inline):
        self.number += 1
        forms = [form for form in SCALARS if not (inline and form.startswith("true"))]
        return (
            self.random.choice(forms).replace("%d", str(self.number))
            if self.random.random() < 0.9
            else f"'x{self.number}'"
        )

    def key(self, name):
        if (
            name.isascii()
            and name
            and all(char.isalnum() or char in "-_" for char in name)
            and self.random.random() < 0.7
        ):
            return name
        if self.random.random() < 0.3 and "'" not in name and "\t" not in name:
            return f"'{name}'"
        text = name.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t")
        return '"' + text.replace("ä", self.random.choice(["ä", "\\u00e4"])) + '"'

    def space(self):
        return self.random.choice(["", " ", "  ", "\t"])

    def names(self, most):
        return self.random.sample(NAMES, self.random.randint(0, most))

    def value(self, depth):
        roll = self.random.random()
        if depth and roll < 0.2:
            gaps = ["", " ", "\n", " # ] not the end\n"]
            entries = [self.value(depth - 1) + self.random.choice(gaps) for _ in range(self.random.randint(1, 3))]
            return "[" + self.random.choice(gaps) + ", ".join(entries) + self.random.choice(["", ","]) + "]"
        if depth and roll < 0.4:
            pairs = [
                f"{self.dotted(name)}{self.space()}={self.space()}{self.value(depth - 1)}" for name in self.names(3)
            ]
            return "{ " + ", ".join(pairs) + " }"
        return self.scalar(inline=True)

    def dotted(self, name):
        if self.random.random() < 0.2:
            return f"{self.key(name)}{self.space()}.{self.space()}{self.key(self.random.choice(NAMES))}"
        return self.key(name)

    def table(self, path, depth):
        for name in self.names(4):
            self.pair(path, name)
        for name in self.names(2) if depth else ():
            self.header([*path, f"t{name}"], depth - 1)

    def pair(self, path, name):
        value = self.scalar(inline=False) if self.random.random() < 0.5 else self.value(2)
        comment = self.random.choice(["", " # a = 1", "  "]) if not value.endswith("\n") else ""
        self.out.append(f"{self.space()}{self.dotted(name)}{self.space()}={self.space()}{value}{comment}\n")

    def header(self, path, depth):
        keys = self.random.choice([".", " . "]).join(self.key(name) for name in path)
        many = self.random.random() < 0.3
        for _ in range(self.random.randint(1, 3) if many else 1):
            self.out.append(self.random.choice(["", "\n", "# [c]\n"]))
            self.out.append(f"[[{keys}]]\n" if many else f"{self.space()}[{keys}] # x\n")
            self.table(path, depth)

    def text(self):
        self.table([], 2)
        return "".join(self.out)


def leaves(value, path=()):
    if isinstance(value, dict | list):
        entries = value.items() if isinstance(value, dict) else enumerate(value)
        for key, entry in entries:
            yield (*path, str(key)), entry, isinstance(value, dict)
            yield from leaves(entry, (*path, str(key)))


def offset_of(text, line, column):
    return sum(len(one) + 1 for one in text.split("\n")[: line - 1]) + column - 1


def document_of(text):
    """Return the tables of a text; None where random keys meet: TOML refuses that."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None


def number_in(text):
    digits = "".join(char if char.isdigit() else " " for char in text).split()
    return next((found for found in digits if len(found) >= 4), None)


@settings(max_examples=400, deadline=None)
@given(st.integers(0, 10**9), st.booleans())
def test_every_key_is_found_where_it_is_written(seed, crlf):
    text = Writer(seed).text()
    document = document_of(text)
    assume(document is not None)
    lines = Lines(text.replace("\n", "\r\n") if crlf else text)
    places = {}
    for path, value, is_key in leaves(document):
        place = lines.find(path)
        assert place is not None, path
        start = offset_of(text, *place[:2])
        if is_key:
            assert path[-1] in tomllib.loads(f"{text[start : start + place[2]]} = 1"), path
            assert places.setdefault(place, path) == path
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            assert str(value).find(number_in(text[start + (place[2] if is_key else 0) :])[:4]) >= 0


def test_a_random_text_is_a_document_often_enough_for_the_test_above_to_say_something():
    sizes = [len(list(leaves(document_of(Writer(seed).text()) or {}))) for seed in range(100)]
    assert sum(size > 10 for size in sizes) > 30


@given(st.text(max_size=60))
def test_no_text_at_all_stops_the_scanner(text):
    Lines(text).find(("a",))


def test_a_key_that_is_not_there_has_no_place_but_its_table_has():
    lines = Lines('[a.b]\nc = 1\n[[d]]\ne = { "f g" = [1,\n  2] }\n')
    assert lines.find(("a", "b", "x")) is None
    assert lines.nearest(("a", "b", "x", "y")) == (1, 4, 1)
    assert lines.find(("d", "0", "e", "f g", "1")) == (5, 3, 1)
    assert lines.nearest(("nowhere",)) is None


PROBLEM = Problem(
    "SB101", "unknown key `page-sise` in source 'landsat'", At("stacbuild.toml", 12, 1, 9), "did you mean `page-size`?"
)


def test_a_frame_is_the_one_of_the_contract():
    assert frame(PROBLEM, "page-sise = 100") == (
        "error[SB101]: unknown key `page-sise` in source 'landsat'\n"
        "  --> stacbuild.toml:12:1\n"
        "   |\n"
        "12 | page-sise = 100\n"
        "   | ^^^^^^^^^ did you mean `page-size`?"
    )


def test_concise_is_one_line():
    assert concise(PROBLEM) == (
        "stacbuild.toml:12:1: SB101 unknown key `page-sise` in source 'landsat' (did you mean `page-size`?)"
    )


def test_a_frame_steers_no_terminal_and_underlines_wide_and_tabbed_text():
    shown = frame(Problem("SB101", "bad \x1b[31m\nname", At("r.toml", 1, 4, 2)), "\t森\x07林x")
    assert "\x1b" not in shown
    assert shown.splitlines()[3:] == ["1 |  森\\x07林x", "  |        ^^^"]


def test_a_long_hint_and_a_frame_without_a_line_have_the_hint_below():
    long = Problem("SB101", "x", At("r.toml", 3, 1), "h" * 90)
    assert frame(long, "key = 1").splitlines()[-1] == f"  = hint: {'h' * 90}"
    assert frame(Problem("SB100", "x", None, "do"), None, "warning") == "warning[SB100]: x\n  = hint: do"


# ---- texts that are not TOML -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words", "place"),
    [
        ("a = [1 2]", "the list is not closed", (1, 8)),
        ("a = { b = 1", "the table is not closed", (1, 12)),
        ("a = { b = 1,\nc = 2 }", "a table in braces stands on one line", (1, 13)),
        ("a = { b = 1, é = 2 }", "no key begins so", (1, 14)),
        ('a = "x\\q"', "a text holds a `\\` that begins no escape", (1, 9)),
        ('a = "\x07"', "a text holds the character '\\x07'", (1, 6)),
        ('a = """x', "the text has no closing quotes", (1, 9)),
        ("a = 'x", "the text has no closing quote on its line", (1, 7)),
        ("a.b = 1\na = 2", "`a` is set twice", (2, 6)),
        ("a = { b = 1, b = 2 }", "`b` is set twice", (1, 19)),
        ("[a]\n[a]", "[a] stands twice", (2, 3)),
        ("a = {}\n[a.c]\nd = 1", "[a.c] stands twice", (2, 5)),
        ("[a.b]\n[a]\nb.c = 1", "[a.b] is closed already", (3, 8)),
        ('x = "a" "b"', "there is more on the line", (1, 9)),
        ("= 3", "no key or table begins so", (1, 1)),
        ("a 3", "there is no `=` after the key", (1, 3)),
        ("[a b]", "the table's name is not closed", (1, 4)),
        ("a = 2024-02-31", "there is no such date", (1, 5)),
        ("a = yes", "invalid value", (1, 5)),
    ],
)
def test_what_is_not_toml_is_told_in_plain_words(text, words, place):
    with pytest.raises(tomllib.TOMLDecodeError) as caught:
        tomllib.loads(text)
    said = told(text, str(caught.value))
    assert (said.words, (said.line, said.column)) == (words, place)


def test_a_sentence_of_a_newer_parser_is_told_as_it_is():
    assert told("a = 1", "Something new (at line 1, column 5)") == ("something new", 1, 5, None)
    assert told("a = 1", "Something odd").words == "a value is out of range"
