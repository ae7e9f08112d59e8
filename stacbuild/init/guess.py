"""What a table's columns are: key, id, geometry, times, assets, properties. PURE, but for a key the file is read."""

from __future__ import annotations

import re
from typing import Any, Final

from msgspec import Struct

from stacbuild.init import hrefs, moments, places, sample
from stacbuild.init.sample import Column, Sample
from stacbuild.recipe.judging import CONTROL

_MISSING: Final = ("NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "none", "NONE", "-", "--", "?")
_INTEGER: Final = re.compile(r"[+-]?(0|[1-9]\d{0,17})")
_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?")
_LEADING_ZERO: Final = re.compile(r"[+-]?0\d")
_KEY_NAMES: Final = (
    (r"^(scene|product|item|granule|image|tile|record|asset)[ _.-]?(id|name)$", 100),
    (r"^(id|identifier|uid|uuid|guid|key|fid)$", 90),
    (r"(^|[ _.:-])(id|identifier|uid|uuid)$", 80),
    (r"[a-z]I[dD]$", 80),
    (r"^name$", 50),
    (r"name$|code$|key$", 40),
)
_CHOICES: Final = 6
"""Columns that are tried as a key alone."""
_CONSIDERED: Final = 40
"""Columns among which such a few are looked for."""
_TOGETHER: Final = 4
"""Columns that may be a key together."""
_OF_FEATURE: Final = ("type", "bbox")
"""Members of GeoJSON itself, which say nothing of what it describes."""
_MOST: Final = 100
"""Characters of a value that may be part of a key."""


class Field(Struct):
    """One line of the recipe: a name on the left, a rule on the right (a path, or a table), a comment."""

    name: str
    rule: str | dict[str, Any]
    note: str = ""


class Guess(Struct):
    """All that a recipe for a table says."""

    key: str | list[str]
    id: str | dict[str, Any]
    key_note: str
    geometry: dict[str, Any]
    geometry_note: str
    times: list[Field]
    properties: list[Field]
    assets: list[hrefs.Asset]
    missing: list[str]
    left: list[Field]
    """Columns that are not mapped, and why."""
    doubts: list[str] = []
    """What the user has to put right or should look at."""


def guess(found: Sample) -> Guess:
    """Return what the columns of a sample are."""
    missing = _missing(found.columns)
    columns = [_without(column, set(missing)) for column in found.columns]
    empty = [column for column in columns if not column.values]
    unnamed = [column for column in columns if not column.path.strip() or CONTROL.search(column.path)]
    columns = [column for column in columns if column.values and column not in unnamed]
    place = places.find(columns)
    forms = {column.path: form for column in columns if (form := moments.format_of(column))}
    assets = hrefs.find(columns)
    doubts: list[str] = []
    used = {*(place.paths if place is not None and place.rule else ()), *(asset.path for asset in assets)}
    key, key_note = _key(found, [c for c in columns if c.path not in (place.paths if place else ())], forms, doubts)
    geometry, geometry_note = _geometry(place, doubts, more=found.more)
    times = _times(columns, forms, doubts)
    used |= {str(time.rule["from"]) for time in times if isinstance(time.rule, dict) and "from" in time.rule}
    identity = _identity(key, columns)
    used |= {key} if isinstance(key, str) else set()
    if key == "*":
        identity, used = _no_key(columns, doubts), used - {"*"}
    features = any(c.path == "type" and set(map(str, c.values)) == {"Feature"} for c in columns)
    rest = [column for column in columns if column.path not in used and not (features and column.path in _OF_FEATURE)]
    properties, left = _properties(rest, forms, more=found.more)
    left += [Field(column.path, "", "no value in the records looked at") for column in empty]
    left += [Field(column.path, "", "its name cannot stand in a recipe") for column in unnamed if column.values]
    return Guess(key, identity, key_note, geometry, geometry_note, times, properties, assets, missing, left, doubts)


def _missing(columns: list[Column]) -> list[str]:
    """Return the words that stand for no value: they stand among numbers, or are all that a column has."""
    found = set()
    for column in columns:
        words = {value for value in column.values if isinstance(value, str) and value in _MISSING}
        rest = [value for value in column.values if not isinstance(value, str) or value not in words]
        if words and (not rest or all(_is_number(value) for value in rest) or words <= {"NULL", "N/A", "NaN", "nan"}):
            found |= words
    return sorted(found)


def _without(column: Column, missing: set[str]) -> Column:
    values = [value for value in column.values if not (isinstance(value, str) and (not value or value in missing))]
    return Column(column.path, values, column.total)


# --- key and id


def _key(found: Sample, columns: list[Column], forms: dict[str, str], doubts: list[str]) -> tuple[str | list[str], str]:
    plain = [column for column in columns if column.filled and _may_be_key(column)]
    ranked = sorted(plain, key=lambda column: -_rank(column, forms))
    names = [column for column in ranked if not hrefs.is_href(column)]
    alone = [[column.path] for column in names if _distinct([column]) == column.total]
    together = [[column.path for column in some]] if (some := _together(names[:_CONSIDERED])) else []
    urls = [[column.path] for column in ranked if hrefs.is_href(column) and _distinct([column]) == column.total]
    choices = (alone[:_CHOICES] + together + urls)[: 2 * _CHOICES]
    left, count, whole = sample.repeats(found, choices) if choices else ([], 0, True)
    if not left:
        doubts.append("no column and no few columns tell the records apart: each is known by its whole content")
        return "*", "no column tells the records apart"
    looked = f"all {count:,} records" if whole else f"the first {count:,} records"
    best = left[0]
    return (best[0] if len(best) == 1 else best), f"its values differ in {looked}"


def _identity(key: str | list[str], columns: list[Column]) -> str | dict[str, Any]:
    if not isinstance(key, str):
        return {"template": "_".join(f"{{{path}}}" for path in key)}
    texts = all(isinstance(value, str) for column in columns if column.path == key for value in column.values)
    return key if texts else {"from": key, "as": "string"}


def _distinct(columns: list[Column]) -> int:
    return len(set(zip(*(map(str, column.values) for column in columns), strict=False)))


def _together(columns: list[Column]) -> list[Column]:
    """Return a few columns whose values differ together, where none does alone: the one that tells most apart first."""
    some: list[Column] = []
    while columns and len(some) < _TOGETHER:
        best = max(columns, key=lambda column: _distinct([*some, column]))
        if some and _distinct([*some, best]) == _distinct(some):
            return []
        some.append(best)
        if len(some) > 1 and _distinct(some) == best.total:
            return some
    return []


def _may_be_key(column: Column) -> bool:
    if any(isinstance(value, dict | list | bool | float) for value in column.values):
        return False
    texts = [str(value) for value in column.values]
    plain = all(0 < len(text) <= _MOST and text.isprintable() for text in texts)
    fraction = any("." in text and _is_number(text) for text in texts)
    return plain and not fraction and not set("{}") & set(column.path) and not places_like(column)


def places_like(column: Column) -> bool:
    """Tell whether a column holds shapes, which tell nothing apart."""
    return places.find([column]) is not None


def _rank(column: Column, forms: dict[str, str]) -> int:
    points = next((points for pattern, points in _KEY_NAMES if re.search(pattern, column.name, re.IGNORECASE)), 20)
    return points - (15 if column.path in forms else 0)


def _no_key(columns: list[Column], doubts: list[str]) -> dict[str, Any]:
    """Return an id of the few columns that tell most records apart."""
    able = [column for column in columns if column.filled and _may_be_key(column) and not hrefs.is_href(column)]
    some: list[Column] = []
    while len(some) < min(_TOGETHER, len(able)):
        some.append(max(able[:_CONSIDERED], key=lambda column: _distinct([*some, column])))
    some = list({column.path: column for column in some}.values())
    if not some:
        doubts.append("no column can be part of an id: say what an item is called")
        return {"template": "item"}
    if shared := some[0].total - _distinct(some):
        doubts.append(f"{shared:,} of {some[0].total:,} records would share an id: make it of more columns")
    return {"template": "_".join(f"{{{column.path}}}" for column in some)}


# --- geometry and times


def _geometry(place: places.Place | None, doubts: list[str], *, more: bool) -> tuple[dict[str, Any], str]:
    nothing = {"wkt": "geometry", "default": "null"}
    if place is None:
        doubts.append("no column looks like a geometry: items are written without one")
        return nothing, 'no column looks like one; as in { lon = "x", lat = "y" } or { wkt = "shape" }'
    if not place.rule:
        doubts.append(place.note)
        return nothing, place.note
    if place.whole and not more:
        return place.rule, place.note
    note = "some records have none" if not place.whole else ""
    return {**place.rule, "default": "null"}, "; ".join(part for part in (place.note, note) if part)


def _times(columns: list[Column], forms: dict[str, str], doubts: list[str]) -> list[Field]:
    times = [column for column in columns if column.path in forms]
    if not times:
        doubts.append("no column reads as a time: every item needs one")
        value = {"value": "1970-01-01T00:00:00Z"}
        return [Field("datetime", value, "no column reads as a time: name it here, or say one for all")]
    best = max(times, key=lambda column: (column.filled, moments.score(column)))
    end = moments.other_end(best, times)
    if end is None:
        return [_time("datetime", best, forms, doubts)]
    return [_time("start_datetime", best, forms, doubts), _time("end_datetime", end, forms, doubts)]


def _time(name: str, column: Column, forms: dict[str, str], doubts: list[str]) -> Field:
    form = forms[column.path]
    rule = {"from": column.path, "as": "datetime", **({} if form == "iso" else {"format": form})}
    notes = []
    if moments.is_ambiguous(column, form):
        notes.append("day before month? the other way round fits too")
        doubts.append(f"`{column.path}`: whether days or months come first cannot be told from its values")
    if not column.filled:
        notes.append("records without it fail")
    return Field(name, rule, "; ".join(notes))


# --- properties

_TAKEN: Final = {
    *("datetime", "start_datetime", "end_datetime", "created", "updated"),
    *("providers", "roles", "bands", "statistics", "data_type", "nodata", "unit"),
}
"""Names that STAC gives a meaning and a form of their own, which a column may not have."""
_LISTS: Final = {"instruments", "keywords"}
_TEXTS: Final = {"title", "description", "platform", "constellation", "mission", "license"}


def _properties(columns: list[Column], forms: dict[str, str], *, more: bool) -> tuple[list[Field], list[Field]]:
    properties: list[Field] = []
    left: list[Field] = []
    names: set[str] = set()
    for column in columns:
        if any(isinstance(value, dict) for value in column.values):
            left.append(Field(column.path, "", "holds objects"))
            continue
        one = _property(column, forms, more=more)
        while one.name in names:
            one.name += "_"
        names.add(one.name)
        properties.append(one)
    return properties, left


def _property(column: Column, forms: dict[str, str], *, more: bool) -> Field:
    name = re.sub(r"\s+", "_", column.name.strip()) or "column"
    kind = kind_of(column)
    rule: dict[str, Any] = {"from": column.path}
    if name in ("created", "updated") and column.path in forms:
        form = forms[column.path]
        rule |= {"as": "datetime", **({} if form == "iso" else {"format": form})}
        kind = ""
    elif name in _LISTS and kind == "":
        rule["split"] = next((mark for mark in (";", ",", "|") if any(mark in str(v) for v in column.values)), ";")
    elif name in _TAKEN or (name == "gsd" and not _is_positive(column)) or (name in _LISTS and kind):
        name = f"{name}_"
    elif name in _TEXTS:
        kind = "" if all(isinstance(value, str) for value in column.values) else "string"
        name = f"{name}_" if name == "license" and not _are_licences(column) else name
    if kind:
        rule["as"] = kind
    if more or not column.filled:
        rule["required"] = False
    return Field(name, column.path if rule == {"from": column.path} else rule)


def kind_of(column: Column) -> str:
    """Return the `as` of a column: integer, number or boolean where text is one throughout; "" leaves it as it is."""
    values = column.values
    if not all(isinstance(value, str) for value in values):
        return ""
    if all(value.lower() in ("true", "false") for value in values):
        return "boolean"
    if any(_LEADING_ZERO.match(value) for value in values):
        return ""
    if all(_INTEGER.fullmatch(value) for value in values):
        return "integer"
    return "number" if all(_NUMBER.fullmatch(value) for value in values) else ""


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) or (isinstance(value, str) and _NUMBER.fullmatch(value) is not None)


def _is_positive(column: Column) -> bool:
    return all(_is_number(value) and float(value) > 0 for value in column.values)


def _are_licences(column: Column) -> bool:
    return all(isinstance(value, str) and re.fullmatch(r"[\w.+-]+", value) for value in column.values)
