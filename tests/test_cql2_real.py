"""What we say of real items, beside what the library `cql2` says of them; each class of difference has its reason."""

import json
from pathlib import Path

import pytest
from cql2 import parse_text

from stacbuild.cql2 import compile_filter
from stacbuild.cql2.moments import moment

ITEMS = Path(__file__).parents[2] / "shared/data/items"
OWN = {
    "type": "Feature",
    "stac_version": "1.1.0",
    "id": "own",
    "collection": "ours",
    "geometry": {"type": "Polygon", "coordinates": [[[5, 5], [9, 5], [9, 9], [5, 9], [5, 5]]]},
    "bbox": [5, 5, 9, 9],
    "links": [],
    "assets": {},
    "properties": {
        "datetime": "2024-03-01T12:00:00.5Z",
        "start_datetime": "2024-02-01T00:00:00Z",
        "end_datetime": "2024-03-01T12:00:00Z",
        "created": "2024-03-01T13:00:00+01:00",
        "eo:cloud_cover": 12.5,
        "gsd": 10,
        "platform": "Sentinel-2A",
        "place": "Zürich",
        "instruments": ["msi", "x"],
        "flag": True,
    },
}
BOXES = ["-180, -90, 180, 90", "0, 0, 10, 10", "-130, 20, -60, 55", "5, 5, 9, 9", "6, 6, 7, 7"]


def items():
    """Return some items of each real set."""
    found = []
    for file in sorted(ITEMS.glob("*.ndjson")):
        with file.open() as lines:
            found.extend(json.loads(line) for line, _ in zip(lines, range(3), strict=False))
    return found


def conditions(item):
    """Yield conditions that name only what the item has."""
    for name, value in item["properties"].items():
        if not name.replace(":", "").replace("_", "").isalnum() or not name[0].isalpha():
            continue
        yield f"{name} IS NULL"
        if isinstance(value, bool):
            yield from (f"{name} = true", f"NOT {name}", f"{name} <> false")
        elif isinstance(value, int | float):
            yield from numeric(name, value)
        elif isinstance(value, str) and "'" not in value and moment(value) is None:
            yield from textual(name, value)
        elif isinstance(value, str) and moment(value) is not None:
            yield from timed(name, value)
        elif (
            isinstance(value, list) and value and all(isinstance(member, str) and "'" not in member for member in value)
        ):
            listed = ", ".join(f"'{member}'" for member in value)
            for predicate in ("a_equals", "a_contains", "a_containedBy", "a_overlaps"):
                yield from (f"{predicate}({name}, ({listed}, 'z'))", f"{predicate}({name}, ({listed}))")
    for box in BOXES if item.get("geometry") else []:
        for predicate in ("intersects", "within", "contains", "disjoint", "touches", "overlaps", "equals"):
            yield f"s_{predicate}(geometry, BBOX({box}))"
    yield f"id = '{item['id']}' AND NOT id <> '{item['id']}'"


def numeric(name, value):
    for operator in ("=", "<>", "<", "<=", ">", ">="):
        yield from (f"{name} {operator} {value!r}", f"{name} {operator} {value + 1!r}", f"{name} {operator} -1000000.5")
    yield f"{name} BETWEEN {value - 1!r} AND {value + 1!r}"
    yield f"{name} NOT IN ({value!r}, 5) OR {name} + 1 > {value!r}"
    yield f"{name} * 2 - {name} = {value!r} AND {name} / 2 < {value!r} + 1"


def textual(name, value):
    for operator in ("=", "<>", "<", ">="):
        yield from (f"{name} {operator} '{value}'", f"{name} {operator} 'M'")
    if not set(value) & set("%_\\"):
        yield from (f"{name} LIKE '{value[:2]}%'", f"{name} NOT LIKE '%{value[-1:]}'", f"{name} LIKE '_%{value[2:4]}%'")
    yield f"{name} IN ('{value}', 'x') AND casei({name}) = casei('{value.upper()}')"
    yield f"accenti({name}) = accenti('{value}')"


def timed(name, value):
    for operator in ("=", "<>", "<", "<=", ">", ">="):
        yield from (f"{name} {operator} TIMESTAMP('{value}')", f"{name} {operator} TIMESTAMP('2020-06-01T00:00:00Z')")
    for predicate in ("t_before", "t_after", "t_equals", "t_intersects", "t_disjoint"):
        yield f"{predicate}({name}, TIMESTAMP('2020-06-01T00:00:00Z'))"
        yield f"{predicate}({name}, TIMESTAMP('{value}'))"
    for predicate in ("t_during", "t_intersects", "t_disjoint", "t_after", "t_starts", "t_finishes"):
        yield f"{predicate}({name}, INTERVAL('1970-01-01T00:00:00Z', '{value}'))"
        yield f"{predicate}({name}, INTERVAL('{value}', '..'))"


def library_says(condition, item):
    expression = parse_text(condition)
    try:
        return expression.matches(item)
    except Exception:  # noqa: BLE001  it raises plain Exception where it finds no answer
        return None


def known(condition, item):
    """Tell whether the library is known to give up: it does on IS NULL of objects, and lists of them."""
    name, _, rest = condition.partition(" ")
    return rest == "IS NULL" and isinstance(item["properties"].get(name), dict | list)


def differences(item):
    for condition in conditions(item):
        ours, theirs = compile_filter(condition)(item), library_says(condition, item)
        if ours is not theirs and not (theirs is None and known(condition, item)):
            yield condition, ours, theirs


def test_we_say_what_the_library_says():
    assert len(list(conditions(OWN))) > 150
    assert list(differences(OWN)) == []


@pytest.mark.skipif(not ITEMS.is_dir(), reason="no ../shared/data/items")
def test_we_say_what_the_library_says_of_real_items():
    found = items()
    assert len(found) > 50
    assert [(item["id"], *difference) for item in found for difference in differences(item)] == []


@pytest.mark.parametrize(
    ("condition", "ours", "theirs", "why"),
    [
        ("absent = 1", None, None, "the library raises; we say unknown"),
        ("gsd = 10 OR absent = 1", True, True, "it does look at what decides first"),
        ("gsd IN ('x', 1)", None, False, "kinds that cannot be compared are unknown, in lists too"),
        ("datetime = DATE('2024-03-01')", True, False, "a moment is compared with a day by its day"),
        ("datetime <= DATE('2024-03-01')", True, False, "the same"),
        ("created = '2024-03-01T12:00:00Z'", True, False, "STAC's own moments are compared with text as times"),
        ("s_intersects(geometry, BBOX(170, 0, -170, 10))", False, True, "such a box crosses the antimeridian"),
        ("gsd / 0 = 1", None, False, "what has no finite result is unknown"),
        ("gsd BETWEEN 11 AND absent", False, None, "false AND unknown is false"),
        ("gsd IN (10, absent)", True, None, "true OR unknown is true"),
    ],
)
def test_where_we_differ_from_the_library_and_why(condition, ours, theirs, why):
    assert compile_filter(condition)(OWN) is ours
    assert library_says(condition, OWN) is theirs, why
