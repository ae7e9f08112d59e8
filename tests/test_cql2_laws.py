"""Three values: the laws that they keep, and what SQLite says of the same conditions over the same rows."""

import sqlite3

from hypothesis import example, given, settings
from hypothesis import strategies as st

from stacbuild.cql2 import check_filter, compile_filter

NUMBERS, TEXTS = ("a", "b"), ("s", "t")
LETTERS = st.text("ab%_", max_size=4)

row = st.fixed_dictionaries(
    {name: st.none() | st.integers(-3, 3) for name in NUMBERS} | {name: st.none() | LETTERS for name in TEXTS}
)
number = st.sampled_from(NUMBERS) | st.integers(-3, 3).map(str)
sign = st.sampled_from(["+", "-", "*", "div", "%"])
sums = st.recursive(number, lambda part: st.tuples(part, sign, part).map("({0[0]} {0[1]} {0[2]})".format))
text = st.sampled_from(TEXTS) | LETTERS.map("'{}'".format)
operator = st.sampled_from(["=", "<>", "<", "<=", ">", ">="])
negation = st.sampled_from(["", "NOT "])


def compared(side):
    return st.tuples(side, operator, side).map(" ".join)


def between(side):
    return st.tuples(side, negation, side, side).map("{0[0]} {0[1]}BETWEEN {0[2]} AND {0[3]}".format)


def within(side):
    options = st.lists(side, min_size=1, max_size=4).map(", ".join)
    return st.tuples(side, negation, options).map("{0[0]} {0[1]}IN ({0[2]})".format)


def pattern(letters):
    return "'" + letters.replace("%_", "\\%") + "'"


like = st.tuples(st.sampled_from(TEXTS), negation, LETTERS.map(pattern)).map("{0[0]} {0[1]}LIKE {0[2]}".format)
null = st.tuples(sums | text, negation).map("{0[0]} IS {0[1]}NULL".format)
leaf = st.one_of(compared(sums), compared(text), between(sums), between(text), within(number), within(text), like, null)
condition = st.recursive(
    leaf,
    lambda part: st.one_of(
        st.tuples(part, st.sampled_from(["AND", "OR"]), part).map(" ".join),
        part.map("({})".format),
        part.map("NOT ({})".format),
        part.map("({}) IS NULL".format),
    ),
    max_leaves=12,
)


def in_sql(text):
    """Return a condition in SQLite's words: its `/` of integers is div, and LIKE's escape has to be named."""
    parts = text.replace(" div ", " / ").split(" LIKE ")
    for place in range(1, len(parts)):
        end = parts[place].index("'", 1) + 1
        parts[place] = parts[place][:end] + " ESCAPE '\\'" + parts[place][end:]
    return " LIKE ".join(parts)


def sqlite_says(text, values):
    connection = sqlite3.connect(":memory:")
    try:
        connection.execute("PRAGMA case_sensitive_like = ON")
        connection.execute("CREATE TABLE r (a INTEGER, b INTEGER, s TEXT, t TEXT)")
        connection.execute("INSERT INTO r VALUES (:a, :b, :s, :t)", values)
        return connection.execute(f"SELECT {in_sql(text)} FROM r").fetchone()[0]
    finally:
        connection.close()


def ours(text, values):
    return compile_filter(text)({"properties": values})


def is_refused(text):
    """Tell whether a condition holds 1 / 0 or its like, which has no result for any item."""
    return "has no result" in str(check_filter(text))


NOTHING = dict.fromkeys((*NUMBERS, *TEXTS))


@settings(max_examples=800, deadline=None)
@given(condition, row)
@example("a NOT IN (b, 1)", NOTHING | {"a": 2})
@example("1 NOT BETWEEN 2 AND a", NOTHING)
@example("NOT a = 1 OR b = 1 AND a IS NULL", NOTHING | {"b": 1})
@example("s LIKE '\\%'", NOTHING | {"s": "%"})
@example("(a div 0) IS NULL", NOTHING | {"a": 1})
@example("(a % b) = -1", NOTHING | {"a": -3, "b": 2})
def test_conditions_are_what_sqlite_says(text, values):
    if is_refused(text):
        return
    told, said = ours(text, values), sqlite_says(text, values)
    assert told is (None if said is None else bool(said))


@settings(max_examples=200, deadline=None)
@given(condition, condition, condition, row)
def test_laws_of_three_values(x, y, z, values):
    def same(left, right):
        return is_refused(left) or ours(left, values) is ours(right, values)

    assert same(f"NOT (NOT ({x}))", f"({x})")
    assert same(f"NOT (({x}) AND ({y}))", f"(NOT ({x})) OR (NOT ({y}))")
    assert same(f"NOT (({x}) OR ({y}))", f"(NOT ({x})) AND (NOT ({y}))")
    assert same(f"({x}) AND ({y})", f"({y}) AND ({x})")
    assert same(f"({x}) AND (({y}) OR ({z}))", f"(({x}) AND ({y})) OR (({x}) AND ({z}))")
    assert same(f"({x}) OR (({x}) AND ({y}))", f"({x})")
    assert same(f"(({x}) AND ({y})) AND ({z})", f"({x}) AND (({y}) AND ({z}))")
    assert same(f"({x}) IS NULL", f"((({x}) OR NOT ({x})) IS NULL)")


def test_tables_of_and_or_not():
    item = {"properties": {"t": True, "f": False}}
    values = {"t": True, "f": False, "u": None}
    for left, one in values.items():
        assert compile_filter(f"NOT {left}")(item) is (None if one is None else not one)
        for right, other in values.items():
            both = False if False in (one, other) else None if None in (one, other) else True
            either = True if True in (one, other) else None if None in (one, other) else False
            assert compile_filter(f"{left} AND {right}")(item) is both
            assert compile_filter(f"{left} OR {right}")(item) is either


@settings(max_examples=500, deadline=None)
@given(st.text("abß%_\\é\n", max_size=8), st.text("abß%_\\é\n", max_size=30))
def test_like_is_what_its_definition_says(pattern, value):
    if (len(pattern) - len(pattern.rstrip("\\"))) % 2:
        pattern += "a"
    told = ours(f"s LIKE '{pattern}'", {"s": value})
    assert told is by_definition(tokens(pattern), value)


def tokens(pattern):
    found, characters = [], iter(pattern)
    for character in characters:
        if character == "\\":
            found.append((next(characters), True))
        else:
            found.append((character, character not in "%_"))
    return found


def by_definition(pattern, value):
    """Tell whether `value` is as `pattern` says: one row of a table a token, each cell "the rest may begin here"."""
    places = {0}
    for character, literal in pattern:
        if literal:
            places = {place + 1 for place in places if value[place : place + 1] == character}
        elif character == "_":
            places = {place + 1 for place in places if place < len(value)}
        elif places:
            places = set(range(min(places), len(value) + 1))
    return len(value) in places
