"""What a world is made of: records, a recipe as data, and both as text."""

import csv
import io
import json

COLUMNS = ("key", "name", "date", "lon", "lat", "gsd", "sat", "href", "note")
NAMES = [*(f"s{number}" for number in range(24)), "S1", "a/b", "ä", ".dot", "con", "x y", "S2", "s" * 130]
EXTENSION = "https://example.com/ours/v1.0.0/schema.json"
SCHEMAS = [
    {"type": "object"},
    {"type": "object", "properties": {"properties": {"properties": {"gsd": {"maximum": 5}}}}},
    {"type": "object", "required": ["assets"]},
]
WHERE = {
    None: lambda properties: True,
    "gsd < 4": lambda properties: properties.get("gsd", 9) < 4,
    "NOT gsd < 4": lambda properties: properties.get("gsd", 0) >= 4,
    "platform = 'alpha'": lambda properties: properties.get("platform") == "alpha",
}
"""Conditions and what they mean; None: there is none."""


def a_row(number, turn=0):
    """Return the cells of a record; records of one number share the key, `turn` says which version it is."""
    return {
        "key": f"k{number}",
        "name": NAMES[number % len(NAMES)],
        "date": f"20{20 + turn % 3}-0{1 + number % 9}-11T10:20:30Z",
        "lon": str(10 + number % 600 / 4),
        "lat": str(-3.5 * (turn % 5)),
        "gsd": str(1 + (number * 3 + turn) % 9),
        "sat": ["A", "B", "NA"][(number + turn) % 3],
        "href": ["https://example.com/a.tif", f"img/{number}.tif", "../up.tif"][number % 3],
        "note": "",
    }


def a_recipe():
    """Return the recipe that a world begins with."""
    return {
        "catalog": {"id": "world", "description": "A world"},
        "sources": {"rows": {"kind": "table", "path": ["data/*.csv", "data/deep/*.csv"], "key": "key"}},
        "mappings": {"plain": a_mapping()},
        "collections": {"one": {"from": ["rows"], "mapping": "plain", "title": "One", "summaries": ["gsd"]}},
        "validation": {"level": "strict", "schemas": ["schemas"]},
        "outputs": {
            "site": {"kind": "stac-json", "path": "dist/site"},
            "lines": {"kind": "ndjson", "path": "dist/{collection}.ndjson"},
        },
        "cache": {"backend": "embedded"},
        "build": {"executor": "serial"},
    }


def a_mapping():
    return {
        "id": "name",
        "geometry": {"lon": "lon", "lat": "lat"},
        "datetime": {"from": "date", "as": "datetime"},
        "stac_extensions": {"value": [EXTENSION]},
        "properties": {
            "gsd": {"from": "gsd", "as": "number"},
            "platform": {"from": "sat", "lookup": "sats", "required": False},
        },
        "assets": {"data": {"href": "href"}},
        "lookups": {"sats": {"A": "alpha", "B": "beta", "NA": "none"}},
    }


def toml(recipe, style=0):
    """Return a recipe as TOML; `style` changes what means nothing: order, comments, white space."""
    tables = [*_tables(recipe, ())]
    if style % 2:
        tables.reverse()
    lines = []
    for path, plain in tables:
        lines += ["# a comment", ""] if style >= 2 else []
        lines.append(f"[{'.'.join(json.dumps(part) for part in path)}]")
        pairs = [f"{json.dumps(key)} {'=' if style < 2 else '  = '} {_value(value)}" for key, value in plain.items()]
        lines += reversed(pairs) if style % 2 else pairs
    return "\n".join(lines) + "\n"


def _tables(table, path):
    plain = {key: value for key, value in table.items() if len(path) >= 2 or not isinstance(value, dict)}
    if path and (plain or not table):
        yield path, plain
    for key, value in table.items():
        if key not in plain:
            yield from _tables(value, (*path, key))


def _value(value):
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {_value(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def csv_bytes(rows):
    """Return a file of records: dicts are cells, texts stand as they are, None is a blank line."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        if isinstance(row, dict):
            writer.writerow([row[name] for name in COLUMNS])
        else:
            stream.write(f"{row or ''}\n")
    return stream.getvalue().encode()
