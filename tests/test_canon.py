"""Canonical bytes are pinned: when one of these moves, every key in every store moves with it."""

import hashlib
import math
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stacbuild import canon

PINNED = [
    (None, b"null"),
    ([True, False], b"[true,false]"),
    ({"b": 1, "a": 2, "B": 3}, b'{"B":3,"a":2,"b":1}'),
    ({"é": 1, "z": 2, "\U0001d4b3": 3, "\uffff": 4}, '{"z":2,"é":1,"\uffff":4,"\U0001d4b3":3}'.encode()),
    ([1, 1.0, -0.0, 0.1, 1e22, 1e-7, 5e-324], b"[1,1.0,-0.0,0.1,1e22,1e-7,5e-324]"),
    ([2**53 + 1, 2**63, 2**64], b"[9007199254740993,9223372036854775808,18446744073709551616]"),
    ([-(2**70)], b"[-1180591620717411303424]"),
    ({"nested": {"y": [], "x": {}}}, b'{"nested":{"x":{},"y":[]}}'),
]  # fmt: skip


@pytest.mark.parametrize(("value", "blob"), PINNED)
def test_the_corpus_has_the_bytes_that_it_always_had(value, blob):
    assert canon.encode(value) == blob


def test_text_is_utf_8_and_only_what_json_must_escape_is_escaped():
    assert canon.encode('a/b"c\\d\n\u0001\u2028é') == b'"a/b\\"c\\\\d\\n\\u0001\xe2\x80\xa8\xc3\xa9"'


@pytest.mark.parametrize("value", [math.nan, math.inf, [{"a": -math.inf}], "\ud800", {"\udfff": 1}, {"a": object()}])
def test_what_json_cannot_say_is_refused(value):
    with pytest.raises(canon.CanonError):
        canon.encode(value)


def test_integers_keep_their_digits_there_and_back():
    blob = b'{"a":12345678901234567890123456789012345678901234567890}'

    assert canon.encode(canon.decode(blob)) == blob


def test_of_duplicate_members_the_last_wins():
    assert canon.decode(b'{"a":1,"a":2}') == {"a": 2}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_canonical_bytes_of_what_was_read_back_are_the_same(value):
    blob = canon.encode(value)

    assert canon.encode(canon.decode(blob)) == blob


@given(st.dictionaries(st.text(max_size=8), JSON, max_size=6))
def test_members_put_together_are_the_whole(value):
    assert canon.whole(canon.encode_members(value)) == canon.encode(value)


@given(st.dictionaries(st.text(max_size=3), JSON, max_size=6), st.dictionaries(st.text(max_size=3), JSON, max_size=3))
def test_members_of_what_was_encoded_before_are_taken_only_where_they_are_the_same_value(before, changes):
    value = {name: member for name, member in before.items() if name != "gone"} | changes
    known = canon.encode_members(before)

    assert canon.encode_members(value, before, known) == canon.encode_members(value)


def test_a_member_that_nobody_changed_is_not_encoded_again():
    shared = {"a": [1]}
    members = canon.encode_members({"x": shared, "y": 2}, {"x": shared, "y": 1}, {"x": b"told", "y": b"old"})

    assert members == {"x": b"told", "y": b'"y":2'}


@pytest.mark.parametrize(
    "change",
    [
        lambda asset: {**asset, "gsd": math.nan},
        lambda asset: {**asset, "bands": [asset["bands"][0], {"gsd": math.nan}]},
        lambda asset: {**asset, "bands": [{**asset["bands"][0], "gsd": math.nan}]},
        lambda asset: {"bands": asset, "href": [[], math.nan]},
    ],
)
def test_not_a_number_is_found_in_what_is_new_beside_what_was_there(change):
    before = {"assets": {"a": {"href": "a.tif", "nodata": None, "bands": [{"name": "b"}]}}}
    value = {"assets": {"a": change(before["assets"]["a"])}}

    with pytest.raises(canon.CanonError):
        canon.encode_members(value, before, canon.encode_members(before))


@pytest.mark.parametrize("holder", [list, tuple, lambda inner: {"a": [*inner]}])
def test_not_a_number_is_found_wherever_it_stands_and_however_deep(holder):
    value = math.nan
    for _ in range(60):
        value = holder([None, value])

    with pytest.raises(canon.CanonError, match="nan is not a JSON number"):
        canon.encode(value)


@given(st.dictionaries(st.text(max_size=8), st.integers(), max_size=8), st.randoms())
def test_the_order_of_members_does_not_matter(value, random):
    names = list(value)
    random.shuffle(names)

    assert canon.encode({name: value[name] for name in names}) == canon.encode(value)


def test_another_hash_seed_gives_the_same_bytes():
    program = "from stacbuild import canon; print(canon.encode({c: {d: 1 for d in 'xyzw'} for c in 'qwerty'}))"
    outs = {
        subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True, check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }  # fmt: skip

    assert len(outs) == 1


def test_a_digest_is_sha_256():
    assert canon.digest(b"abc") == hashlib.sha256(b"abc").digest()
