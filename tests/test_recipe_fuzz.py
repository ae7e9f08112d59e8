"""Mutated good recipes: whatever is done to one, it is good or wrong with a line and known words; never a traceback."""

import copy
import os
import random
import tomllib

import pytest
from goods import goods
from world_inputs import toml

from stacbuild.check import check
from stacbuild.failures import RecipeError
from stacbuild.recipe.lines import concise, frame
from stacbuild.recipe.load import load
from stacbuild.recipe.names import CODES

GOODS = goods()
TRIALS = int(os.environ.get("STACBUILD_FUZZ", "2000"))
ODD = ["\x00", "\x07", "\x1b[31m", "\u202e", "\ufeff", "é", "森", "\U0001f600", '"', "'", "{", "}", "[", "]", "=", "#"]
ODD += ["${", "${X}", "{matrix.x}", "\\", "\n", "\r", "\t", "*", "//", "..", "://", "%", "\ud7ff", "{{", "}}", "nan"]
VALUES = [None, "", " ", 0, -1, 2**70, 1.5, float("nan"), True, [], {}, [[]], [{}], {"a": {"b": []}}, "x" * 5000]
VALUES += ["{", "{}", "{matrix.tile}", "${HOME}", "../..", "/", "*", "a\x00b", "\ud7ff", [1, "a"], {"from": 3}, "kind"]
VALUES += ["y" * 5000 + ".py:run", "y" * 5000 + ":run", "["]
VALUES += ["**/**/[", "%", "https://", "{a.b}", ["a"] * 300, {str(number): number for number in range(300)}]


# ---- mutations -------------------------------------------------------------------------------------------------------


def of_text(text, pick):
    """Return a text with something done to its lines or characters."""
    lines = text.split("\n")
    at, other = pick.randrange(len(lines)), pick.randrange(len(lines))
    place = pick.randrange(len(text))
    match pick.randrange(8):
        case 0:
            del lines[at]
        case 1:
            lines.insert(other, lines[at])
        case 2:
            lines[at], lines[other] = lines[other], lines[at]
        case 3:
            lines[at] = lines[at].replace('"', "", 1)
        case 4:
            return text[:place] + pick.choice(ODD) + text[place:]
        case 5:
            return text[:place] + text[place + pick.randrange(1, 9) :]
        case 6:
            return text[:place]
        case 7:
            lines[at] = lines[at].swapcase()
    return "\n".join(lines)


def tables(value, path=()):
    """Yield every table of a document, those in lists too."""
    if isinstance(value, dict):
        yield value
    for entry in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from tables(entry)


def of_tables(document, pick):
    """Return a document with something done to its keys and values."""
    document = copy.deepcopy(document)
    known = [table for table in tables(document) if table]
    table, other = pick.choice(known), pick.choice(known)
    key, foreign = pick.choice(list(table)), pick.choice(list(other))
    match pick.randrange(7):
        case 0:
            del table[key]
        case 1:
            table[key + pick.choice(["s", "-", "é", " x", "\x00", ""])] = table.pop(key)
        case 2:
            table[key] = pick.choice([value for value in VALUES if value is not None])
        case 3:
            table[key] = copy.deepcopy(other[foreign])
        case 4:
            table[foreign] = copy.deepcopy(other[foreign])
        case 5:
            table[key] = [table[key]]
        case 6:
            table[pick.choice(["include", "matrix", "kind", "x", "from", "value", "", "a.b"])] = pick.choice(VALUES[1:])
    return document


def dumped(document):
    """Return a document as TOML; None where it cannot be written."""
    try:
        text = toml(document)
        tomllib.loads(text)
    except (ValueError, TypeError, RecursionError, KeyError):
        return None
    return text


def mutated(seed):
    """Return a recipe with one to three mutations, and its name."""
    pick = random.Random(seed)
    name = pick.choice(list(GOODS))
    text = GOODS[name]
    for _ in range(pick.randrange(1, 4)):
        try:
            document = tomllib.loads(text)
        except ValueError:
            document = None
        if document and pick.random() < 0.6:
            text = dumped(of_tables(document, pick)) or text
        elif text:
            text = of_text(text, pick)
    return name, text


# ---- what must hold --------------------------------------------------------------------------------------------------


def judged(path):
    """Load a recipe and check it quickly; return whether it was good. Whatever is told must be fit to be told."""
    try:
        recipe = load(path, {"HOME": "/home/somebody", "MY_TOKEN": "s3cr3t-value"})
    except RecipeError as error:
        wrong = error
    else:
        check(recipe, quick=True)
        return True
    assert wrong.problems
    for problem in wrong.problems:
        assert problem.code in CODES
        assert problem.at is not None, problem
        assert problem.at.line > 0, problem
        told = frame(problem, wrong.line_of(problem)) + concise(problem)
        assert all(char.isprintable() or char == "\n" for char in told), told
        assert "s3cr3t-value" not in told
        assert len(told) < 4000, told
    return False


def tried(folder, seeds):
    path = folder / "stacbuild.toml"
    good = 0
    for seed in seeds:
        name, text = mutated(seed)
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        try:
            good += judged(path)
        except Exception as error:
            error.add_note(f"seed {seed}, of {name}:\n{text}")
            raise
    return good


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", GOODS)
def test_what_is_mutated_is_good_before(name, folder):
    (folder / "stacbuild.toml").write_text(GOODS[name])
    assert judged(folder / "stacbuild.toml")


def test_a_mutated_recipe_is_good_or_is_told_what_is_wrong_and_where(folder):
    good = tried(folder, range(250))
    assert 10 < good < 200


@pytest.mark.fuzz
def test_many_mutated_recipes_are_good_or_are_told_what_is_wrong_and_where(folder):
    start = random.randrange(10**9)
    assert tried(folder, range(start, start + TRIALS)) < TRIALS


@pytest.mark.parametrize("seed", range(30))
def test_a_mutated_file_that_is_included_is_told_with_its_line(seed, folder):
    _, text = mutated(seed + 10_000)
    (folder / "conf").mkdir()
    (folder / "conf/part.toml").write_bytes(text.encode("utf-8", "surrogatepass"))
    (folder / "stacbuild.toml").write_text('include = ["conf/part.toml"]\n[build]\njobs = 1\n')
    judged(folder / "stacbuild.toml")
