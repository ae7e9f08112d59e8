"""Moments, days and intervals in conditions."""

from datetime import UTC, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stacbuild.cql2 import compile_filter
from stacbuild.cql2.moments import PREDICATES, moment

ITEM = {
    "properties": {
        "datetime": "2024-03-01T12:00:00Z",
        "start_datetime": "2024-03-01T00:00:00Z",
        "end_datetime": "2024-03-02T00:00:00Z",
        "created": "2024-03-01T12:00:00.250+00:00",
        "day": "2024-03-01",
        "other": "2024-03-01T13:00:00+01:00",
        "words": "yesterday",
        "number": 5,
    }
}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("datetime = TIMESTAMP('2024-03-01T12:00:00Z')", True),
        ("datetime = TIMESTAMP('2024-03-01T13:00:00+01:00')", True),
        ("datetime = TIMESTAMP('2024-03-01T12:00:00.000Z')", True),
        ("datetime < created", True),
        ("datetime = other", True),
        ("created < TIMESTAMP('2024-03-01T12:00:00.2500000001Z')", True),
        ("created = TIMESTAMP('2024-03-01T12:00:00.25Z')", True),
        ("TIMESTAMP('2024-03-01T11:59:59.999Z') < datetime", True),
        ("datetime BETWEEN TIMESTAMP('2024-03-01T12:00:00Z') AND TIMESTAMP('2024-03-02T12:00:00Z')", True),
        ("datetime IN (TIMESTAMP('2024-01-01T00:00:00Z'), TIMESTAMP('2024-03-01T12:00:00Z'))", True),
        ("datetime > '2024-03-01T11:59:59Z'", True),
        ("datetime >= '2024-03-01' AND datetime <= '2024-03-01'", True),
        ("datetime IN ('2024-02-01', '2024-03-01T13:00:00+01:00')", True),
        ("properties.datetime < '2024-03-01T12:00:00.1Z'", True),
        ("day = DATE('2024-03-01')", True),
        ("datetime = DATE('2024-03-01')", True),
        ("datetime > DATE('2024-03-01')", False),
        ("datetime < DATE('2024-03-02')", True),
        ("day < TIMESTAMP('2024-03-02T00:00:00Z')", True),
        ("day = TIMESTAMP('2024-03-01T23:00:00Z')", True),
        ("day = '2024-03-01'", True),
        ("day = '2024-03-01T00:00:00Z'", False),
        ("words < TIMESTAMP('2024-03-01T12:00:00Z')", None),
        ("number < TIMESTAMP('2024-03-01T12:00:00Z')", None),
        ("absent < TIMESTAMP('2024-03-01T12:00:00Z')", None),
        ("datetime < words", None),
        ("datetime LIKE '2024-03-%'", True),
        ("casei(datetime) = '2024-03-01t12:00:00z'", True),
        ("datetime IS NULL", False),
        ("t_during(datetime, INTERVAL('2024-03-01T00:00:00Z', '2024-03-02T00:00:00Z'))", True),
        ("t_during(datetime, INTERVAL('2024-03-01T12:00:00Z', '..'))", False),
        ("t_intersects(datetime, INTERVAL('2024-03-01T12:00:00Z', '..'))", True),
        ("t_intersects(datetime, INTERVAL('..', '2024-03-01'))", True),
        ("t_intersects(datetime, INTERVAL('..', '2024-02-29'))", False),
        ("t_intersects(datetime, DATE('2024-03-01'))", True),
        ("t_equals(datetime, DATE('2024-03-01'))", False),
        ("t_equals(day, DATE('2024-03-01'))", True),
        ("t_after(datetime, '2024-02-29')", True),
        ("t_before(datetime, DATE('2024-03-01'))", False),
        ("t_contains(INTERVAL(start_datetime, end_datetime), datetime)", True),
        ("t_meets(INTERVAL(start_datetime, end_datetime), INTERVAL('2024-03-02T00:00:00Z', '..'))", True),
        ("t_during(INTERVAL(end_datetime, start_datetime), INTERVAL('2024-01-01', '..'))", None),
        ("t_during(INTERVAL(start_datetime, absent), INTERVAL('2024-01-01', '..'))", None),
        ("t_after(words, DATE('2024-03-01'))", None),
        ("NOT t_after(absent, DATE('2024-03-01'))", None),
        ("t_equals(INTERVAL('..', '..'), INTERVAL('..', '..'))", True),
    ],
)
def test_times(condition, expected):
    assert compile_filter(condition)(ITEM) is expected


@pytest.mark.parametrize(
    "text",
    [
        "2024-02-30",
        "2024-13-01",
        "2024-1-1",
        "0000-01-01",
        "20240101",
        "2024-01-01T24:00:00Z",
        "2024-01-01T00:60:00Z",
        "2024-01-01T00:00Z",
        "2024-01-01T00:00:00+24:00",
        "2024-01-01T00:00:00.Z",
        "2024-01-01T00:00:00Zulu",
        "2024-01-01 ",
        "\uff12\uff10\uff12\uff14-01-01",
        "",
        5,
        None,
        ["2024-01-01"],
    ],
)
def test_no_moments(text):
    assert moment(text) is None


zones = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(timezones=zones).filter(lambda value: 1 < value.year < 9999)


def written(value):
    return value.isoformat().replace("+00:00", "Z")


@given(moments, moments)
def test_order_of_moments_is_that_of_the_calendar(one, other):
    first, second = moment(written(one)), moment(written(other))
    assert (first.instant < second.instant) is (one < other)
    assert (first.instant == second.instant) is (one == other)
    assert first.day == one.astimezone(UTC).toordinal()


@given(st.integers(1, 9), st.integers(1, 9))
def test_decimals_of_any_length_have_their_order(one, other):
    text = "2024-01-01T00:00:00.{}Z".format
    assert (moment(text("0" * one + "1")).instant < moment(text("0" * other + "1")).instant) is (one > other)
    assert moment(text("5" + "0" * one)).instant == moment(text("5")).instant


def test_leap_second_is_the_start_of_the_next_minute():
    assert moment("2016-12-31T23:59:60Z").instant == moment("2017-01-01T00:00:00Z").instant


INVERSE = {"after": "before", "meets": "metby", "overlaps": "overlappedby", "starts": "startedby",
           "during": "contains", "finishes": "finishedby", "equals": "equals"}  # fmt: skip
SPAN = st.tuples(st.integers(1, 8), st.integers(1, 8)).map(sorted).filter(lambda pair: pair[0] < pair[1])


@settings(max_examples=400)
@given(SPAN, SPAN)
def test_just_one_of_the_thirteen_relations_holds_of_two_intervals(one, other):
    """Allen (1983): thirteen relations of intervals with a length, which exclude each other."""
    spans = [tuple((float(end), "") for end in pair) for pair in (one, other)]
    assert sum(PREDICATES[f"t_{name}"](*spans) for name in {*INVERSE, *INVERSE.values()}) == 1
    assert PREDICATES["t_intersects"](*spans) is not PREDICATES["t_disjoint"](*spans)
    for name, turned in INVERSE.items():
        assert PREDICATES[f"t_{name}"](*spans) is PREDICATES[f"t_{turned}"](*reversed(spans))
