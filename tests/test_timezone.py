"""Moments that name no zone are in the mapping's `timezone`, whatever the machine's zone and its zone data."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import convert

from stacbuild.failures import ItemError
from stacbuild.recipe import schema, zones
from stacbuild.stages.beside import Beside
from stacbuild.stages.mapping import Mapper
from stacbuild.stages.mapping_key import ingredients

POINT = {"value": {"type": "Point", "coordinates": [1, 2]}}


def moment(value, zone, **rule):
    spec = {"id": {"value": "a"}, "geometry": POINT, "datetime": {"from": "t", **rule}, "timezone": zone}
    item = Mapper(convert(spec, schema.Mapping), "c").item({"t": value}, "")
    return item["properties"]["datetime"]


@pytest.mark.parametrize(
    ("value", "zone", "expected"),
    [
        ("2024-01-15T12:00:00", "Europe/Helsinki", "2024-01-15T10:00:00Z"),
        ("2024-07-15T12:00:00", "Europe/Helsinki", "2024-07-15T09:00:00Z"),
        ("2024-07-15 12:00", "+03:00", "2024-07-15T09:00:00Z"),
        ("2024-07-15 12:00", "-0330", "2024-07-15T15:30:00Z"),
        ("2024-07-15", "Asia/Kathmandu", "2024-07-14T18:15:00Z"),
        ("2024-07-15 12:00", "UTC", "2024-07-15T12:00:00Z"),
        ("2024-07-15 12:00", "Z", "2024-07-15T12:00:00Z"),
        ("2024-07-15T12:00:00Z", "Europe/Helsinki", "2024-07-15T12:00:00Z"),
        ("2024-07-15T12:00:00+01:00", "Europe/Helsinki", "2024-07-15T11:00:00Z"),
    ],
)
def test_zone_of_the_mapping_is_for_moments_without_one(value, zone, expected):
    assert moment(value, zone) == expected


def test_strptime_and_defaults_are_in_the_zone_too_and_unix_seconds_never():
    assert moment("15/07/2024 12", "Europe/Helsinki", format="%d/%m/%Y %H") == "2024-07-15T09:00:00Z"
    assert moment("15/07/2024 12 +0000", "Europe/Helsinki", format="%d/%m/%Y %H %z") == "2024-07-15T12:00:00Z"
    assert moment(None, "Europe/Helsinki", default="2024-07-15T12:00:00") == "2024-07-15T09:00:00Z"
    assert moment(0, "Europe/Helsinki", format="unix") == "1970-01-01T00:00:00Z"


def test_a_date_stays_the_day_that_is_written():
    assert moment("2024-07-15", "Europe/Helsinki", **{"as": "date"}) == "2024-07-15"
    assert moment("2024-07-15T01:00:00", "Pacific/Kiritimati", **{"as": "date"}) == "2024-07-15"


def test_of_an_hour_that_comes_twice_the_first_is_meant():
    assert moment("2024-10-27T03:30:00", "Europe/Helsinki") == "2024-10-27T00:30:00Z"


def test_an_hour_that_is_skipped_fails():
    with pytest.raises(ItemError) as caught:
        moment("2024-03-31T03:30:00", "Europe/Helsinki")
    assert caught.value.code == "SB204"
    assert "clocks were put forward" in str(caught.value)


@pytest.mark.parametrize("zone", ["Asia/Kathmandu", "+14:00"])
def test_moments_that_leave_the_calendar_fail(zone):
    with pytest.raises(ItemError) as caught:
        moment("0001-01-01T00:00:00", zone)
    assert caught.value.code == "SB204"


START = dt.datetime.fromisoformat("1900-01-01T00:00:00")
END = dt.datetime.fromisoformat("2100-01-01T00:00:00")


@given(st.datetimes(START, END), st.sampled_from(zones.names()))
def test_what_is_read_is_the_same_time_on_that_place_s_clock(local, name):
    local = local.replace(fold=0)
    zone = zones.zone(name)
    there = local.replace(tzinfo=zone).astimezone(dt.UTC)
    if there.astimezone(zone).replace(tzinfo=None) == local:
        read = dt.datetime.fromisoformat(moment(local.isoformat(), name))
        assert read.astimezone(zone).replace(tzinfo=None, fold=0) == local
    else:
        with pytest.raises(ItemError):
            moment(local.isoformat(), name)


@pytest.mark.parametrize("name", ["", "Helsinki", "europe/helsinki", "+3", "+24:00", "../../etc/passwd", "posixrules"])
def test_what_is_no_zone_is_none(name):
    assert zones.zone(name) is None


def test_every_zone_can_be_read():
    assert all(zones.zone(name) is not None for name in zones.names())


def test_version_of_the_zone_data_is_in_the_key_where_a_zone_has_a_name():
    def platform(**more):
        spec = convert({"id": "i", "geometry": {"lon": "x", "lat": "y"}, "datetime": "t", **more}, schema.Mapping)
        return ingredients(spec, Beside())["platform"]

    assert platform() == platform(timezone="+03:00") == platform(timezone="UTC") == []
    (version,) = platform(timezone="Europe/Helsinki")
    assert version.startswith("tzdata 20")
