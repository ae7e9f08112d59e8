"""One value's way from text to type: `as`, `format`, `scale`, `offset`, and moments in time.

A converter takes a value that is not missing and returns the new one, or None when that is missing (NaN).
Never: depends on the locale, the clock or the time zone of the machine.
"""

from __future__ import annotations

import datetime as dt
import decimal
import math
import re
from collections.abc import Callable
from typing import Any, Never

from stacbuild.canon import CanonError, decode, refuse_not_numbers
from stacbuild.failures import ItemError
from stacbuild.recipe import zones
from stacbuild.stages.paths import as_text, excerpt, kind_of

Convert = Callable[[Any], Any]

MAX_DIGITS = 400
"""Digits beyond which text is no number of ours: doubles end at 10^308."""

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(\.[0-9]*)?|(\.[0-9]+))([eE][+-]?[0-9]{1,6})?")
"""No group of it matches in an integer."""
_NAN = {"nan", "+nan", "-nan"}
_INFINITE = {"inf", "+inf", "-inf", "infinity", "+infinity", "-infinity"}
_TRUTH = {"true": True, "false": False, "1": True, "0": False, "yes": True, "no": False}
_EXACT = decimal.Context(prec=60, traps=[])
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_ISO = re.compile(
    r"(\d{4})(-?)(\d\d)\2(\d\d)"
    r"(?:[Tt ](\d\d)(:?)(\d\d)(?:\6(\d\d)(?:[.,](\d+))?)?\ ?(Z|z|UTC|[+-]\d\d(?::?\d\d)?)?)?",
    re.ASCII,
)


def fail(kind: str, value: Any, where: str, why: str = "", hint: str | None = None) -> Never:
    """Raise ItemError SB203: `value` cannot be read as `kind`."""
    raise ItemError("SB203", f"{excerpt(value)} is not {kind}" + (f": {why}" if why else ""), where, hint)


def converter(kind: str, form: str | None, where: str, zone: str | None = None) -> Convert:
    """Return the function that makes a value of `kind` (the recipe's `as`) of what a field holds.

    Args:
        kind: string, integer, number, boolean, datetime, date, array or object.
        form: of datetime and date: `iso` (also None), `unix`, `unix-ms` or a strptime format.
        where: JSON Pointer of the item's field, for errors.
        zone: the zone of moments that name none; None is UTC. A date stays the day that is written.

    Raises:
        ItemError: (from the function) SB203, or SB204 for datetime and date.
    """
    if kind in ("datetime", "date"):
        return _moment_converter(kind, form or "iso", where, zone if kind == "datetime" else None)
    plain = _PLAIN[kind]
    return lambda value: plain(value, where)


def to_string(value: Any, where: str) -> str:
    """Return text as it is and scalars as they are written in JSON."""
    text = as_text(value)
    if text is None:
        fail("text", value, where, f"it is {kind_of(value)}")
    return text


def to_number(value: Any, where: str) -> int | float | None:
    """Return an integer for text without point and exponent, a float for other numbers, None for NaN."""
    if type(value) is str:
        return _number_in(value, where)
    if isinstance(value, bool):
        fail("a number", value, where)
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return _finite(value, value, where)
    return fail("a number", value, where, f"it is {kind_of(value)}")


def _number_in(value: str, where: str) -> int | float | None:
    text = value.strip()
    match = _NUMBER.fullmatch(text)
    if match is not None and match.lastindex is None and len(text) <= MAX_DIGITS:
        return int(text)
    if match is not None or text.lower() in _INFINITE:
        return _finite(float(text), value, where)
    if text.lower() in _NAN:
        return None
    hint = "decimal points are dots, and there is no separator of thousands" if "," in text else None
    return fail("a number", value, where, hint=hint)


def _finite(number: float, value: Any, where: str) -> float | None:
    if number - number == 0.0:  # what is not finite gives NaN
        return number
    if math.isinf(number):
        fail("a number that JSON can say", value, where, "it is infinite or beyond 1.8e308")
    return None


def to_integer(value: Any, where: str) -> int | None:
    """Return an integer, also for `5.0`, `"5.0"` and `"1e3"`; None for NaN."""
    number = to_number(value, where)
    if number is None or isinstance(number, int):
        return number
    exact = decimal.Decimal(value.strip()) if isinstance(value, str) else decimal.Decimal(number)
    if exact != exact.to_integral_value(context=_WHOLE):
        fail("an integer", value, where, hint='use as = "number" to keep the fraction')
    return int(exact)


_WHOLE = decimal.Context(prec=MAX_DIGITS * 2)


def to_boolean(value: Any, where: str) -> bool:
    """Return true for true, 1, yes and false for false, 0, no, in any case."""
    if isinstance(value, bool):
        return value
    text = as_text(value)
    truth = _TRUTH.get(text.strip().lower()) if text is not None and not isinstance(value, float) else None
    if truth is None:
        fail("true or false", value, where, hint="true, false, 1, 0, yes and no are understood")
    return truth


def to_array(value: Any, where: str) -> list[Any]:
    """Return a list as it is, or the list that JSON text holds."""
    parsed = _json(value, "a JSON array", where)
    if not isinstance(parsed, list):
        fail("a JSON array", value, where, f"it is {kind_of(parsed)}")
    return parsed


def to_object(value: Any, where: str) -> dict[str, Any]:
    """Return an object as it is, or the object that JSON text holds."""
    parsed = _json(value, "a JSON object", where)
    if not isinstance(parsed, dict):
        fail("a JSON object", value, where, f"it is {kind_of(parsed)}")
    return parsed


def _json(value: Any, kind: str, where: str) -> Any:
    if not isinstance(value, str):
        return value
    try:
        found = decode(value.encode())
        refuse_not_numbers(found)  # and what is nested too deep
    except (CanonError, UnicodeEncodeError) as error:
        fail(kind, value, where, str(error))
    return found


_PLAIN: dict[str, Callable[[Any, str], Any]] = {
    "string": to_string,
    "integer": to_integer,
    "number": to_number,
    "boolean": to_boolean,
    "array": to_array,
    "object": to_object,
}


def scaler(scale: float | None, offset: float | None, where: str, *, whole: bool) -> Convert:
    """Return the function `value * scale + offset`, exact in decimals: 5 * 0.01 is 0.05.

    Args:
        scale: None is 1.
        offset: None is 0.
        where: JSON Pointer of the item's field, for errors.
        whole: give an integer where the result is one (`as = "integer"`).
    """
    factor = decimal.Decimal(repr(1 if scale is None else scale))
    summand = decimal.Decimal(repr(0 if offset is None else offset))

    def scaled(value: Any) -> int | float | None:
        number = to_number(value, where)
        if number is None:
            return None
        exact = _EXACT.fma(decimal.Decimal(repr(number)), factor, summand)
        if whole and exact.is_finite() and exact == exact.to_integral_value(context=_WHOLE):
            return int(exact)
        return _finite(float(exact), value, where)

    return scaled


def constant(value: Any) -> Any:
    """Return a recipe's value as JSON has it: TOML's dates and times become text."""
    if isinstance(value, dt.datetime):
        try:
            return rfc3339(value)
        except OverflowError:
            return value.isoformat()  # a moment out of range is for validate to refuse
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, dict):
        return {name: constant(member) for name, member in value.items()}
    if isinstance(value, list):
        return [constant(member) for member in value]
    return value


def rfc3339(moment: dt.datetime) -> str:
    """Return a moment in UTC with `Z`, the fraction only if there is one; no zone counts as UTC (RFC 3339, 5.6).

    Raises:
        OverflowError: in UTC the moment is before year 1 or after year 9999.
    """
    if moment.tzinfo is not None and moment.utcoffset():
        moment = moment.astimezone(dt.UTC)
    text = moment.replace(tzinfo=None).isoformat()
    return (text.rstrip("0") if moment.microsecond else text) + "Z"


def _moment_converter(kind: str, form: str, where: str, zone: str | None) -> Convert:
    read = {"iso": _from_iso, "unix": _from_unix(1), "unix-ms": _from_unix(1000)}.get(form) or _from_strptime(form)
    show: Callable[[dt.datetime], str] = rfc3339 if kind == "datetime" else _day
    if zone is not None:
        read = _in_zone(read, zone)

    def convert(value: Any) -> str | None:
        try:
            moment = read(value)
            return None if moment is None else show(moment)
        except (ValueError, OverflowError, re.error) as error:
            message = f"{excerpt(value)} is not a {kind} of format {form!r}: {_reason(error)}"
            raise ItemError("SB204", message, where, _moment_hint(value, form)) from error

    return convert


def _in_zone(read: Callable[[Any], dt.datetime | None], name: str) -> Callable[[Any], dt.datetime | None]:
    """Return `read` with moments that name no zone put into one.

    Of an hour that comes twice, when clocks are put back, the first is meant; one that is skipped does not exist.
    """
    place = zones.zone(name)
    assert place is not None, "the recipe's check refuses unknown zones"

    def placed(value: Any) -> dt.datetime | None:
        moment = read(value)
        if moment is None or moment.tzinfo is not None:
            return moment
        in_utc = moment.replace(tzinfo=place).astimezone(dt.UTC)
        if in_utc.astimezone(place).replace(tzinfo=None) != moment:
            raise ValueError(f"there is no such time in {name}: clocks were put forward over it")
        return in_utc

    return placed


def _day(moment: dt.datetime) -> str:
    return rfc3339(moment)[:10]


def _reason(error: Exception) -> str:
    if isinstance(error, OverflowError):
        return "it is before year 1 or after year 9999"
    said = next(iter(str(error).splitlines()), "") or "it cannot be read"
    if said.startswith("time data"):  # strptime's, which repeats value and format
        return "it does not match"
    name, colon, rest = said.partition("remains: ")
    return f"{name}{colon}{excerpt(rest)}" if colon else said


def _moment_hint(value: Any, form: str) -> str | None:
    if form != "iso":
        return None
    text = as_text(value) or ""
    if re.fullmatch(r"-?[0-9]{9,10}(\.[0-9]*)?", text):
        return 'a number of seconds? then format = "unix"'
    if re.fullmatch(r"-?[0-9]{12,13}", text):
        return 'a number of milliseconds? then format = "unix-ms"'
    return 'name the form, as in format = "%d/%m/%Y"'


def _from_iso(value: Any) -> dt.datetime:
    text = value.strip() if isinstance(value, str) else as_text(value) or ""
    match = _ISO.fullmatch(text)
    if match is None:
        raise ValueError("want YYYY-MM-DD, or YYYY-MM-DDThh:mm:ss with a fraction and a zone")
    year, _, month, day, hour, _, minute, second, fraction, zone = match.groups()
    _refuse_odd_clocks(hour, minute, second)
    moment = dt.datetime(  # noqa: DTZ001 (no zone is the mapping's)
        int(year),
        int(month),
        int(day),
        int(hour or 0),
        int(minute or 0),
        int(second or 0),
        int(fraction[:6].ljust(6, "0")) if fraction else 0,
    )
    if zone is None:
        return moment
    return (moment if zone in "ZzUTC" else moment - _offset(zone)).replace(tzinfo=dt.UTC)


def _refuse_odd_clocks(hour: str | None, minute: str | None, second: str | None) -> None:
    if second == "60":
        raise ValueError("a leap second has no place on the scale that catalogs use")
    if hour == "24" and minute == "00":
        raise ValueError("24:00 is 00:00 of the day after")


def _offset(zone: str) -> dt.timedelta:
    hours, minutes = int(zone[1:3]), int(zone[3:].lstrip(":") or 0)
    if hours > 23 or minutes > 59:  # noqa: PLR2004
        raise ValueError(f"{zone} is no offset from UTC")
    return dt.timedelta(hours=hours, minutes=minutes) * (-1 if zone[0] == "-" else 1)


def _from_unix(per_second: int) -> Callable[[Any], dt.datetime | None]:
    def read(value: Any) -> dt.datetime | None:
        number = to_number(value, "")
        if number is None:
            return None
        exact = decimal.Decimal(value.strip() if isinstance(value, str) else repr(number))
        micro = _EXACT.multiply(exact, decimal.Decimal(1_000_000 // per_second))
        if abs(micro) > 10**18:
            raise OverflowError
        return _EPOCH + dt.timedelta(microseconds=math.floor(micro))

    def checked(value: Any) -> dt.datetime | None:
        try:
            return read(value)
        except ItemError as error:
            raise ValueError("want a number") from error

    return checked


def _from_strptime(form: str) -> Callable[[Any], dt.datetime]:
    def read(value: Any) -> dt.datetime:
        text = as_text(value)
        if text is None:
            raise ValueError(f"it is {kind_of(value)}")
        if "%Z" in form:
            raise ValueError("names of zones mean other things on other machines; write %z, or UTC as it stands")
        return dt.datetime.strptime(text.strip(), form)  # noqa: DTZ007 (no zone is the mapping's)

    return read
