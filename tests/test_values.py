"""`as`, `format`, `scale`, `offset`: expected values are worked out by hand."""

import datetime as dt
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stacbuild.failures import ItemError
from stacbuild.stages.values import constant, converter, rfc3339, scaler

WHERE = "/properties/x"


def as_(kind, value, form=None):
    return converter(kind, form, WHERE)(value)


def refused(kind, value, form=None):
    with pytest.raises(ItemError) as caught:
        as_(kind, value, form)
    assert caught.value.path == WHERE
    return caught.value


# ---- numbers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("5", 5),
        ("-5", -5),
        ("+5", 5),
        ("005", 5),
        ("5.0", 5.0),
        ("5.", 5.0),
        (".5", 0.5),
        ("-.5", -0.5),
        ("1e3", 1000.0),
        ("1E-2", 0.01),
        (" 7 ", 7),
        (7, 7),
        (7.5, 7.5),
        ("123456789012345678901234567890", 123456789012345678901234567890),
    ],
)
def test_number_is_integer_for_digits_alone_and_float_else(value, number):
    found = as_("number", value)
    assert found == number
    assert type(found) is type(number)


@pytest.mark.parametrize("value", ["", " ", "x", "1,5", "1 000", "1_000", "0x10", "٣", "1e", "--1", "5%", True, [], {}])
def test_what_is_no_number_is_refused(value):
    error = refused("number", value)
    assert error.code == "SB203"
    assert "is not a number" in error.message


def test_decimal_comma_gets_a_hint():
    assert "decimal points are dots" in refused("number", "1,5").hint


@pytest.mark.parametrize("value", ["nan", "NaN", "-nan", " NAN ", float("nan")])
def test_nan_is_missing(value):
    assert as_("number", value) is None
    assert as_("integer", value) is None
    assert scaler(2.0, None, WHERE, whole=False)(value) is None


@pytest.mark.parametrize("value", ["inf", "-Infinity", "1e400", "9" * 500, float("inf")])
def test_infinity_is_no_number_of_json(value):
    assert "JSON" in refused("number", value).message


@pytest.mark.parametrize(("value", "number"), [("5.0", 5), ("5", 5), (5.0, 5), ("1e3", 1000), ("-0.0", 0), (7, 7)])
def test_integer_takes_whole_numbers_however_written(value, number):
    found = as_("integer", value)
    assert found == number
    assert type(found) is int


def test_integer_keeps_all_digits_of_text():
    assert as_("integer", "9007199254740993.0") == 9007199254740993


@pytest.mark.parametrize("value", ["5.5", 5.5, "1e-3", "5e-400"])
def test_integer_refuses_fractions(value):
    error = refused("integer", value)
    assert error.message.endswith("is not an integer")
    assert error.hint == 'use as = "number" to keep the fraction'


# ---- scale and offset ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "scale", "offset", "result"),
    [
        ("5", 0.01, None, 0.05),
        ("47", 0.01, None, 0.47),
        (3, 0.1, None, 0.3),
        ("0.1", 3.0, None, 0.3),
        (1.1, None, 2.2, 3.3),
        ("20", 1.8, 32.0, 68.0),
        ("-40", 1.8, 32.0, -40.0),
        (0.7, 100.0, None, 70.0),
    ],
)
def test_scale_then_offset_without_float_noise(value, scale, offset, result):
    assert scaler(scale, offset, WHERE, whole=False)(value) == result


def test_scaled_integer_stays_one_where_the_result_is_whole():
    whole = scaler(0.5, None, WHERE, whole=True)
    assert repr(whole(4)) == "2"
    assert repr(whole(5)) == "2.5"
    assert repr(scaler(0.5, None, WHERE, whole=False)(4)) == "2.0"


def test_scaling_text_that_is_no_number_is_refused():
    with pytest.raises(ItemError, match="is not a number"):
        scaler(2.0, None, WHERE, whole=False)("x")


def test_scaling_beyond_doubles_is_refused():
    with pytest.raises(ItemError, match="infinite or beyond"):
        scaler(1e300, None, WHERE, whole=False)("1e300")


@given(st.integers(-(10**12), 10**12), st.integers(0, 6))
def test_scale_by_a_power_of_ten_moves_the_point(number, places):
    assert scaler(float(f"1e-{places}"), None, WHERE, whole=False)(number) == float(f"{number}e-{places}")


# ---- text, booleans, JSON --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("value", "text"), [("x", "x"), (5, "5"), (0.5, "0.5"), (True, "true"), ("", "")])
def test_string_writes_scalars_as_json_does(value, text):
    assert as_("string", value) == text


def test_string_refuses_lists_and_objects():
    assert refused("string", [1]).message == "'[1]' is not text: it is a list"
    assert refused("string", {}).message == "'{}' is not text: it is an object"


@pytest.mark.parametrize("value", ["true", "TRUE", "1", "yes", " Yes ", True, 1])
def test_true_has_six_spellings(value):
    assert as_("boolean", value) is True


@pytest.mark.parametrize("value", ["false", "False", "0", "no", "NO", False, 0])
def test_false_has_as_many(value):
    assert as_("boolean", value) is False


@pytest.mark.parametrize("value", ["", "y", "on", "2", 2, 1.0, [], "truee"])
def test_no_other_word_is_a_boolean(value):
    assert refused("boolean", value).hint == "true, false, 1, 0, yes and no are understood"


def test_array_and_object_are_read_from_json_text():
    assert as_("array", '[1, "a", null]') == [1, "a", None]
    assert as_("array", [1]) == [1]
    assert as_("object", '{"a": {"b": 1.5}}') == {"a": {"b": 1.5}}


@pytest.mark.parametrize("kind", ["array", "object"])
@pytest.mark.parametrize("value", ["", "x", "5", "null", "[1", "[NaN]", "[" * 10_000, 5, True, "\ud800"])
def test_what_is_no_array_or_object_is_refused(kind, value):
    assert refused(kind, value).code == "SB203"


def test_array_is_no_object_and_the_other_way_round():
    assert refused("object", "[]").message == "'[]' is not a JSON object: it is a list"
    assert refused("array", {}).message == "'{}' is not a JSON array: it is an object"


# ---- moments ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2023-01-22 09:24:17+00:00", "2023-01-22T09:24:17Z"),
        ("2023-01-22T09:24:17Z", "2023-01-22T09:24:17Z"),
        ("2023-01-22t09:24:17z", "2023-01-22T09:24:17Z"),
        ("2023-01-22T09:24:17", "2023-01-22T09:24:17Z"),
        ("2023-01-22T09:24", "2023-01-22T09:24:00Z"),
        ("2023-01-22", "2023-01-22T00:00:00Z"),
        ("20230122", "2023-01-22T00:00:00Z"),
        (20230122, "2023-01-22T00:00:00Z"),
        ("20230122T092417Z", "2023-01-22T09:24:17Z"),
        ("2023-01-22T09:24:17.5Z", "2023-01-22T09:24:17.5Z"),
        ("2023-01-22T09:24:17.120Z", "2023-01-22T09:24:17.12Z"),
        ("2023-01-22T09:24:17,25Z", "2023-01-22T09:24:17.25Z"),
        ("2023-01-22T09:24:17.123456789Z", "2023-01-22T09:24:17.123456Z"),
        ("2023-01-22T09:24:17.000Z", "2023-01-22T09:24:17Z"),
        ("2023-01-22T09:24:17+02:00", "2023-01-22T07:24:17Z"),
        ("2023-01-22T23:24:17-0530", "2023-01-23T04:54:17Z"),
        ("2023-01-22T09:24:17+02", "2023-01-22T07:24:17Z"),
        ("2023-01-22 09:24:17 UTC", "2023-01-22T09:24:17Z"),
        (" 2023-01-22T09:24:17Z ", "2023-01-22T09:24:17Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
        ("2024-02-29", "2024-02-29T00:00:00Z"),
    ],
)
def test_iso_moments_become_rfc3339_in_utc(text, moment):
    assert as_("datetime", text) == moment


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2023",
        "2023-01",
        "22/01/2023",
        "2023-13-01",
        "2023-02-29",
        "2023-01-22T24:00:00",
        "2023-01-22T25:00:00",
        "2023-01-22T09:24:60Z",
        "2023-01-22T09:24:17+25:00",
        "2023-01-22T09:24:17 PST",
        "0000-01-01",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "2023-0122",
        "\uff12\uff10\uff12\uff13-01-22",
        "2023-01-22T09:24:17Z\nx",
        True,
        [],
        {},
        1.5,
    ],
)
def test_what_is_no_moment_is_refused(text):
    error = refused("datetime", text)
    assert error.code == "SB204"
    assert "is not a datetime of format 'iso': " in error.message
    assert error.hint


def test_reason_does_not_repeat_a_long_value():
    for text in ("9" * 5000, "x" * 5000):
        error = refused("datetime", text, "%Y%m%d")
        assert error.code == "SB204"
        assert len(error.message) < 300
    assert refused("date", "x", "%Y").message == "'x' is not a date of format '%Y': it does not match"


def test_moment_out_of_range_says_so():
    assert "before year 1 or after year 9999" in refused("datetime", "0001-01-01T00:00:00+01:00").message


def test_seconds_and_milliseconds_under_iso_get_the_right_hint():
    assert 'format = "unix"' in refused("datetime", "1674379457").hint
    assert 'format = "unix-ms"' in refused("datetime", 1674379457000).hint


@pytest.mark.parametrize(
    ("form", "value", "moment"),
    [
        ("unix", "0", "1970-01-01T00:00:00Z"),
        ("unix", 1674379457, "2023-01-22T09:24:17Z"),
        ("unix", "1674379457.25", "2023-01-22T09:24:17.25Z"),
        ("unix", 1674379457.1, "2023-01-22T09:24:17.1Z"),
        ("unix", -1, "1969-12-31T23:59:59Z"),
        ("unix", "1e9", "2001-09-09T01:46:40Z"),
        ("unix-ms", "1674379457001", "2023-01-22T09:24:17.001Z"),
        ("unix-ms", -1, "1969-12-31T23:59:59.999Z"),
        ("%d/%m/%Y", "22/01/2023", "2023-01-22T00:00:00Z"),
        ("%d/%m/%Y", " 22/01/2023 ", "2023-01-22T00:00:00Z"),
        ("%Y%m%d", 20230122, "2023-01-22T00:00:00Z"),
        ("%Y-%j", "2023-022", "2023-01-22T00:00:00Z"),
        ("%d %b %Y %H:%M:%S.%f", "22 Jan 2023 09:24:17.5", "2023-01-22T09:24:17.5Z"),
        ("%Y-%m-%dT%H:%M%z", "2023-01-22T09:24+0200", "2023-01-22T07:24:00Z"),
    ],
)
def test_formats(form, value, moment):
    assert as_("datetime", value, form) == moment


@pytest.mark.parametrize(
    ("form", "value"),
    [
        ("unix", "yesterday"),
        ("unix", True),
        ("unix", "1e30"),
        ("unix", 10**300),
        ("unix-ms", "inf"),
        ("%d/%m/%Y", "2023-01-22"),
        ("%d/%m/%Y", "31/02/2023"),
        ("%d/%m/%Y", []),
        ("%Y %Z", "2023 UTC"),
        ("%Y %Y", "2023 2023"),
        ("%q", "x"),
    ],
)
def test_values_that_do_not_fit_their_format_are_refused(form, value):
    error = refused("datetime", value, form)
    assert error.code == "SB204"
    assert form in error.message


def test_nan_of_unix_time_is_missing():
    assert as_("datetime", "nan", "unix") is None


def test_date_is_the_day_in_utc():
    assert as_("date", "2023-01-22T23:00:00-05:00") == "2023-01-23"
    assert as_("date", "22/01/2023", "%d/%m/%Y") == "2023-01-22"


@given(st.datetimes(timezones=st.timezones() | st.none()))
def test_every_moment_survives_iso_text(moment):
    utc = moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment
    offset = utc.utcoffset()
    if offset.seconds % 60 or not dt.timedelta(days=2) < moment.replace(tzinfo=None) - dt.datetime.min:  # noqa: DTZ901
        return
    if dt.datetime.max - moment.replace(tzinfo=None) < dt.timedelta(days=2):  # noqa: DTZ901
        return
    text = as_("datetime", moment.isoformat())
    assert text.endswith("Z")
    assert dt.datetime.fromisoformat(text) == utc.astimezone(dt.UTC)
    assert as_("datetime", text) == text


# ---- constants -------------------------------------------------------------------------------------------------------


def test_times_of_toml_become_text():
    zone = dt.timezone(dt.timedelta(hours=2))
    value = {
        "a": [dt.datetime(2023, 1, 22, 9, 24, 17, 500000, tzinfo=zone), dt.date(2023, 1, 22), dt.time(9, 24)],
        "b": dt.datetime(2023, 1, 22),  # noqa: DTZ001
    }
    assert constant(value) == {
        "a": ["2023-01-22T07:24:17.5Z", "2023-01-22", "09:24:00"],
        "b": "2023-01-22T00:00:00Z",
    }


def test_constant_moment_beyond_the_calendar_does_not_stop_a_build():
    zone = dt.timezone(dt.timedelta(hours=2))
    assert constant(dt.datetime(1, 1, 1, tzinfo=zone)) == "0001-01-01T00:00:00+02:00"


def test_rfc3339_has_a_fraction_only_if_there_is_one():
    assert rfc3339(dt.datetime(2023, 1, 2, 3, 4, 5, tzinfo=dt.UTC)) == "2023-01-02T03:04:05Z"
    assert rfc3339(dt.datetime(2023, 1, 2, 3, 4, 5, 60, tzinfo=dt.UTC)) == "2023-01-02T03:04:05.00006Z"


@given(st.sampled_from(["string", "integer", "number", "boolean", "datetime", "date", "array", "object"]), st.data())
def test_whatever_comes_is_converted_or_refused_by_name(kind, data):
    scalars = st.booleans() | st.integers() | st.floats() | st.text()
    value = data.draw(scalars | st.lists(scalars) | st.dictionaries(st.text(), scalars))
    try:
        found = as_(kind, value)
    except ItemError as error:
        assert error.code in ("SB203", "SB204")  # noqa: PT017
        assert len(error.message) < 600  # noqa: PT017
    else:
        assert found is None or json.dumps(found) is not None
