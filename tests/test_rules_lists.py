"""Values of several fields, `split` and `join`: what becomes of parts that are missing, empty, or no text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import convert

from stacbuild.failures import ItemError
from stacbuild.recipe import schema
from stacbuild.stages.rules import MISSING, Means, rule

LOOKUPS = {"names": {"A": "alpha", "B": "beta", "AB": "A;B", "L": ["x", "y"]}}


def ruled(record, **spec):
    return rule(convert(spec, schema.Rule), Means(LOOKUPS), "/properties/x")(record)


def refused(record, **spec):
    with pytest.raises(ItemError) as caught:
        ruled(record, **spec)
    assert caught.value.path == "/properties/x"
    return caught.value


# ---- several fields


def test_several_fields_give_a_list_of_their_values():
    assert ruled({"a": 1, "b": "x"}, **{"from": ["a", "b"]}) == [1, "x"]


def test_a_list_of_fields_has_all_its_values_or_is_missing():
    spec = {"from": ["h", "w"], "as": "integer"}
    assert ruled({"h": "3", "w": "4"}, **spec) == [3, 4]
    assert "'w', one of 'h', 'w'" in str(refused({"h": "3"}, **spec))
    assert ruled({"h": "3"}, **spec, default=[0, 0]) == [0, 0]
    assert ruled({"h": "3"}, **spec, required=False) is MISSING


def test_join_leaves_out_fields_that_are_missing_and_needs_one():
    spec = {"from": ["street", "box", "town"], "join": ", "}
    assert ruled({"street": "Elm 1", "town": "Oulu"}, **spec) == "Elm 1, Oulu"
    assert ruled({"street": "Elm 1", "box": None, "town": float("nan")}, **spec) == "Elm 1"
    assert "in any of 'street', 'box', 'town'" in str(refused({}, **spec))


def test_joined_text_goes_on_to_as():
    assert ruled({"d": "2024-05-06", "t": "07:08"}, **{"from": ["d", "t"], "join": "T", "as": "datetime"}) == (
        "2024-05-06T07:08:00Z"
    )


def test_numbers_and_truth_are_joined_as_json_writes_them():
    assert ruled({"a": 1, "b": 2.50, "c": True}, **{"from": ["a", "b", "c"], "join": "|"}) == "1|2.5|true"


@pytest.mark.parametrize("odd", [["x"], {"k": 1}])
def test_lists_and_objects_among_fields_cannot_be_joined(odd):
    assert refused({"a": "x", "b": odd}, **{"from": ["a", "b"], "join": "-"}).code == "SB216"


def test_lookup_of_several_fields_looks_each_up():
    spec = {"from": ["a", "b"], "lookup": "names", "join": "+"}
    assert ruled({"a": "A", "b": "B"}, **spec) == "alpha+beta"
    assert ruled({"a": "A"}, **spec) == "alpha"
    error = refused({"a": "A", "b": "C"}, **spec)
    assert (error.code, "'C'" in str(error)) == ("SB202", True)


# ---- split


@pytest.mark.parametrize(
    ("value", "expected"),
    [("a;b", ["a", "b"]), (" a ; b ;", ["a", "b"]), (";a;;", ["a"]), ("a", ["a"]), (7, ["7"]), (True, ["true"])],
)
def test_split_gives_the_parts_that_hold_something(value, expected):
    assert ruled({"v": value}, **{"from": "v", "split": ";"}) == expected


@pytest.mark.parametrize("value", [";", " ; ;", " ", [], [" "]])
def test_nothing_but_separators_is_missing(value):
    assert refused({"v": value}, **{"from": "v", "split": ";"}).code == "SB201"
    assert ruled({"v": value}, **{"from": "v", "split": ";"}, default=[]) == []


def test_as_scale_and_offset_behind_split_are_for_each_part():
    spec = {"from": "v", "split": " ", "as": "number", "scale": 0.1, "offset": 1}
    assert ruled({"v": "1  2 3"}, **spec) == [1.1, 1.2, 1.3]
    assert refused({"v": "1 x"}, **spec).code == "SB203"


def test_a_part_that_becomes_nothing_makes_the_whole_missing():
    assert refused({"v": "1;nan"}, **{"from": "v", "split": ";", "as": "number"}).code == "SB201"


def test_as_array_behind_split_is_the_list_itself():
    assert ruled({"v": "a;b"}, **{"from": "v", "split": ";", "as": "array"}) == ["a", "b"]


def test_a_list_is_split_by_entry_into_one_list():
    assert ruled({"v": ["a;b", 3, "c"]}, **{"from": "v", "split": ";"}) == ["a", "b", "3", "c"]
    assert ruled({"a": "x;y", "b": None, "c": "z"}, **{"from": ["a", "b", "c"], "split": ";"}) == ["x", "y", "z"]


@pytest.mark.parametrize("odd", [{"k": 1}, [["x"]], ["x", {"k": 1}]])
def test_what_is_no_text_cannot_be_split(odd):
    assert refused({"v": odd}, **{"from": "v", "split": ";"}).code == "SB216"


def test_lookup_comes_before_split_and_the_message_says_so():
    assert ruled({"v": "AB"}, **{"from": "v", "lookup": "names", "split": ";"}) == ["A", "B"]
    error = refused({"v": "A;B"}, **{"from": "v", "lookup": "names", "split": ";"})
    assert (error.code, "before `split`" in (error.hint or "")) == ("SB202", True)


def test_split_then_join_writes_another_separator():
    assert ruled({"v": "a; b ;c"}, **{"from": "v", "split": ";", "join": ","}) == "a,b,c"


def test_join_of_a_field_joins_the_list_in_it():
    assert ruled({"v": ["a", None, 2]}, **{"from": "v", "join": "-"}) == "a-2"
    assert ruled({"v": "alone"}, **{"from": "v", "join": "-"}) == "alone"
    assert refused({"v": []}, **{"from": "v", "join": "-"}).code == "SB201"


def test_lookup_of_a_list_looks_each_entry_up():
    assert ruled({"v": ["A", "B"]}, **{"from": "v", "lookup": "names"}) == ["alpha", "beta"]
    assert refused({"v": ["A", "Z"]}, **{"from": "v", "lookup": "names"}).code == "SB202"


PART = st.text(st.characters(exclude_characters=";", exclude_categories=("Cs",)), min_size=1).filter(
    lambda text: text.strip() == text
)


@given(st.lists(PART, min_size=1))
def test_what_is_joined_and_split_again_is_what_it_was(parts):
    text = ruled({"v": parts}, **{"from": "v", "join": ";"})
    assert ruled({"v": text}, **{"from": "v", "split": ";"}) == parts
