"""Where two JSON values differ."""

import copy

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from stacbuild.differences import Difference, differences

LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4)
VALUES = st.recursive(
    LEAVES,
    lambda v: st.lists(v, max_size=4) | st.dictionaries(st.text("a/~0", max_size=3), v, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, []),
        ({"a": 1}, {"a": 2}, [("/a", 1, 2)]),
        ({"a": 1}, {"a": 1.0}, [("/a", 1, 1.0)]),
        ({"a": True}, {"a": 1}, [("/a", True, 1)]),
        ({"a": None}, {}, [("/a", None, UNSET)]),
        ({}, {"a": None}, [("/a", UNSET, None)]),
        (1, 2, [("", 1, 2)]),
        ({"a/b": {"~": 1}}, {"a/b": {"~": 2}}, [("/a~1b/~0", 1, 2)]),
        ([1, 2], [1, 3], [("/1", 2, 3)]),
        ([1, 2], [1, 2, 3], [("", [1, 2], [1, 2, 3])]),
        ([{"a": 1}], [{"a": 2}, {"b": 1}], [("/0/a", 1, 2), ("/1", UNSET, {"b": 1})]),
        ({"a": [1]}, {"a": {"0": 1}}, [("/a", [1], {"0": 1})]),
        ({"b": 1, "a": 1}, {"b": 2, "a": 2}, [("/a", 1, 2), ("/b", 1, 2)]),
    ],
)
def test_differences(before, after, found):
    assert differences(before, after) == [Difference(*each) for each in found]


def test_absent_is_left_out_of_json_and_null_is_not():
    assert msgspec.json.encode(differences({"a": None}, {})) == b'[{"path":"/a","before":null}]'


def test_any_depth_is_taken():
    deep = 1
    other = 2
    for _ in range(5000):
        deep, other = [deep], [other]
    assert differences(deep, other) == [Difference("/0" * 5000, 1, 2)]


def put(value, path, new):
    """Return a value with what stands at a pointer replaced, added or removed."""
    if not path:
        return new
    *way, last = [step.replace("~1", "/").replace("~0", "~") for step in path.split("/")[1:]]
    here = value
    for step in way:
        here = here[int(step) if isinstance(here, list) else step]
    if isinstance(here, list):
        here[int(last) :] = here[int(last) + 1 :] if new is UNSET else [new, *here[int(last) + 1 :]]
    elif new is UNSET:
        del here[last]
    else:
        here[last] = new
    return value


@given(VALUES, VALUES)
def test_the_differences_laid_over_before_give_after(before, after):
    result = copy.deepcopy(before)
    found = differences(before, after)
    kept = [each for each in found if each.after is not UNSET]
    for each in [*kept, *reversed([each for each in found if each.after is UNSET])]:
        result = put(result, each.path, copy.deepcopy(each.after))
    assert differences(result, after) == []
    assert msgspec.json.encode(result, order="sorted") == msgspec.json.encode(after, order="sorted")
