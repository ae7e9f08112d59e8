"""Every code that the program may say is explained, and every explained one is said."""

import ast
import importlib
import re
from collections import Counter
from pathlib import Path

import pytest

from stacbuild import codes
from stacbuild.codes import reasons

ROOT = Path(__file__).parents[1] / "stacbuild"
CODE = re.compile(r"SB\d{3}")


def trees():
    for path in sorted(ROOT.rglob("*.py")):
        if ROOT / "codes" not in path.parents:
            yield path, ast.parse(path.read_text())


def own_table(tree):
    """Return the nodes of a module's table CODES, which name codes and do not give them."""
    for node in tree.body:
        target = node.target if isinstance(node, ast.AnnAssign) else None
        if isinstance(target, ast.Name) and target.id == "CODES":
            return set(ast.walk(node))
    return set()


def texts(tree):
    """Return the constants of a module outside of its table and of docstrings."""
    table = own_table(tree)
    return [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and n not in table]


SAID = {text for _, tree in trees() for text in texts(tree) if isinstance(text, str) and CODE.fullmatch(text)}


def reasons_said():
    """Return the first argument of every Reason(…), and every text that ends in what reasons end in."""
    found = set()
    for _, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Reason" and node.args:
                found |= {n.value for n in ast.walk(node.args[0]) if isinstance(n, ast.Constant)}
        found |= {text for text in texts(tree) if isinstance(text, str) and re.fullmatch(r"[a-z]+-changed", text)}
    return found


def test_every_code_that_is_said_is_explained():
    assert SAID - codes.explanations().keys() == set()


def test_every_explained_code_is_said():
    explained = {code for code in codes.explanations() if CODE.fullmatch(code)}
    assert explained - SAID == set()


def test_every_reason_is_explained_and_every_explained_one_is_given():
    assert reasons_said() == set(reasons.CODES)


def test_every_table_of_codes_is_known():
    rooms = [
        f"stacbuild.{'.'.join(p.relative_to(ROOT).with_suffix('').parts)}" for p, tree in trees() if own_table(tree)
    ]
    tables = {room: importlib.import_module(room.removesuffix(".__init__")).CODES for room in rooms}
    assert {room for room, table in tables.items() if table.keys() - codes.explanations().keys()} == set()


def test_no_code_is_explained_twice():
    counts = Counter(code for table in codes.tables().values() for code in table)
    assert [code for code, number in counts.items() if number > 1] == []


def test_every_example_is_of_a_code():
    examples = importlib.import_module("stacbuild.codes.examples").EXAMPLES
    assert examples.keys() - codes.explanations().keys() == set()


@pytest.mark.parametrize("explanation", codes.explanations().values(), ids=lambda e: e.code)
def test_an_explanation_is_whole_sentences(explanation):
    assert re.match(r"[A-Z`]", explanation.meaning)
    assert explanation.meaning.endswith(".")
    assert "  " not in explanation.meaning
    assert explanation.about


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("SB204", "SB204"),
        ("sb204", "SB204"),
        ("204", "SB204"),
        ("error[SB204]:", "SB204"),
        ("mapping-changed", "mapping-changed"),
        ("Mapping changed", "mapping-changed"),
    ],
)
def test_a_code_may_be_written_as_it_is_seen(word, code):
    assert codes.spelled(word) == code


def test_near_codes_are_found():
    assert "mapping-changed" in codes.near("maping-changed")
    assert "output-changed" in codes.near("output")
    assert "SB204" in codes.near("SB2004")
    assert codes.near("") == []
    assert codes.near("zzzzzzzzzzz") == []
